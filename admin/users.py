"""People: made, changed and removed by an owner; known by a password, of which only an argon2id hash is kept."""

from __future__ import annotations

import asyncio
import time
from functools import cache
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from admin.keys import AdminRole
from hub.store import Store, audit, sessions
from hub.store import users as stored
from hub.store.users import UserRow

MIN_PASSWORD: Final = 10
MAX_PASSWORD: Final = 200
_HASHER: Final = PasswordHasher()


class LastOwner(Exception):
    """Without this owner nobody could manage users any more."""


def password_problem(password: str) -> str | None:
    """What is wrong with a password, in words; None where it will do."""
    if len(password) < MIN_PASSWORD:
        return f"needs at least {MIN_PASSWORD} characters"
    if len(password) > MAX_PASSWORD:
        return f"has more than {MAX_PASSWORD} characters"
    return None


class Passwords:
    """Hashes and compares, two at a time and beside the event loop: each takes 64 MiB and some milliseconds."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(2)

    async def hashed(self, password: str) -> str:
        """The argon2id hash of a password."""
        async with self._turns:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def holds(self, user: UserRow | None, password: str) -> bool:
        """Whether it is this user's password."""
        kept = user.password if user is not None else None
        async with self._turns:
            return await asyncio.to_thread(_matches, kept, password[:MAX_PASSWORD])


def _matches(kept: str | None, password: str) -> bool:
    try:
        return _HASHER.verify(kept or _nobodys(), password) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    """Compared with where there is no such user, so that the answer takes as long. Made when it is first needed."""
    return _HASHER.hash("the password of nobody")


async def create(
    store: Store, *, name: str, role: AdminRole, password: str | None, identity: str | None = None, by: str
) -> UserRow:
    """Let somebody in; `password` is hashed. Raises NameTaken, StoreUnavailable."""
    async with store.write() as connection:
        row = await stored.add(connection, name=name, role=role, password=password, identity=identity)
        after = {"name": name, "role": role}
        await audit.record(connection, actor=by, action="user created", subject=row.id, after=after)
    return row


async def from_provider(store: Store, identity: str, name: str, role: AdminRole) -> UserRow:
    """The user of this identity, with the role that the provider says; made at the first login.

    A name that a user of the hub's own has is not theirs: it is kept apart. Raises StoreUnavailable.
    """
    async with store.write() as connection:
        row = await stored.by_identity(connection, identity)
        if row is None:
            is_taken = await stored.by_name(connection, name) is not None
            name = f"{name[:40]} ({identity.rpartition(' ')[2]})"[:100] if is_taken else name
            row = await stored.add(connection, name=name, role=role, identity=identity)
            after = {"name": name, "role": role}
            await audit.record(connection, actor=name, action="user created", subject=row.id, after=after)
        elif row.role != role:
            changed = {"before": {"role": row.role}, "after": {"role": role}}
            await audit.record(connection, actor=row.name, action="user changed", subject=row.id, **changed)
        await stored.change(connection, row.id, role=role, last_login_at=time.time())
    return row


async def change(
    store: Store, user_id: str, *, role: AdminRole | None = None, password: str | None = None, by: str
) -> UserRow | None:
    """Another role, or another password (hashed), which ends the sessions; None for an unknown user.

    Raises LastOwner, StoreUnavailable.
    """
    async with store.write() as connection:
        row = await stored.by_id(connection, user_id)
        if row is None:
            return None
        if role is not None and role != row.role:
            await _check_owner_left(connection, row, role)
            await stored.change(connection, user_id, role=role)
            changed = {"before": {"role": row.role}, "after": {"role": role}}
            await audit.record(connection, actor=by, action="user changed", subject=user_id, **changed)
        if password is not None:
            await stored.change(connection, user_id, password=password)
            await sessions.end_all_of(connection, user_id)
            await audit.record(connection, actor=by, action="password changed", subject=user_id)
        return await stored.by_id(connection, user_id)


async def remove(store: Store, user_id: str, *, by: str) -> bool:
    """Let somebody in no more; False for an unknown user. Raises LastOwner, StoreUnavailable."""
    async with store.write() as connection:
        row = await stored.by_id(connection, user_id)
        if row is None:
            return False
        await _check_owner_left(connection, row, None)
        await stored.remove(connection, user_id)
        before = {"name": row.name, "role": row.role}
        await audit.record(connection, actor=by, action="user removed", subject=user_id, before=before)
    return True


async def _check_owner_left(connection: Any, row: UserRow, role: AdminRole | None) -> None:
    """Keys could still do it: but who has only users must not lock everybody out."""
    if row.role == AdminRole.OWNER and role is not AdminRole.OWNER:
        owners = await stored.count_to_change(connection, AdminRole.OWNER)
        if owners == 1:
            raise LastOwner(f"{row.name} is the last user who is an owner")


async def logged_in(store: Store, user_id: str) -> None:
    """Keep when somebody came last."""
    async with store.write() as connection:
        await stored.change(connection, user_id, last_login_at=time.time())
