"""People who administer the hub. Every function works inside a transaction of the caller's."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.registry import new_id
from hub.store.tables import admin_users


class NameTaken(Exception):
    """Somebody else has this name."""


@dataclass(frozen=True, slots=True)
class UserRow:
    """A person. `password` is an argon2id hash; `identity` who they are at the OpenID provider. Times epoch seconds."""

    id: str
    name: str
    role: str
    password: str | None = field(repr=False)
    identity: str | None
    created_at: float
    last_login_at: float | None


_COLUMNS = tuple(admin_users.c[name] for name in UserRow.__slots__)


async def add(
    connection: AsyncConnection, *, name: str, role: str, password: str | None = None, identity: str | None = None
) -> UserRow:
    """Let somebody in from now on. Raises NameTaken."""
    row = UserRow(new_id(), name, role, password, identity, time.time(), None)
    values = {name: getattr(row, name) for name in UserRow.__slots__}
    if await by_name(connection, name) is not None:
        raise NameTaken(f"there is a user {name} already")
    try:
        await connection.execute(insert(admin_users).values(folded=folded(name), **values))
    except IntegrityError:
        raise NameTaken(f"there is a user {name} already") from None
    return row


async def by_name(connection: AsyncConnection, name: str) -> UserRow | None:
    """The person of this name, in upper or lower case."""
    return await _one(connection, admin_users.c.folded == folded(name))


async def by_identity(connection: AsyncConnection, identity: str) -> UserRow | None:
    """The person who has this identity at the OpenID provider."""
    return await _one(connection, admin_users.c.identity == identity)


async def by_id(connection: AsyncConnection, user_id: str) -> UserRow | None:
    """The person of this id."""
    return await _one(connection, admin_users.c.id == user_id)


async def every(connection: AsyncConnection) -> Sequence[UserRow]:
    """Everybody, by name."""
    return [UserRow(*row) for row in await connection.execute(select(*_COLUMNS).order_by(admin_users.c.folded))]


async def count(connection: AsyncConnection) -> int:
    """How many people there are."""
    return int(await connection.scalar(select(func.count()).select_from(admin_users)) or 0)


async def count_to_change(connection: AsyncConnection, role: str) -> int:
    """How many people have this role; whoever else would change one of them waits until the transaction ends."""
    held = select(admin_users.c.id).where(admin_users.c.role == role).order_by(admin_users.c.id).with_for_update()
    return len((await connection.scalars(held)).all())


async def change(connection: AsyncConnection, user_id: str, **values: Any) -> None:
    """Change role, password or the time of the last login."""
    await connection.execute(update(admin_users).where(admin_users.c.id == user_id).values(**values))


async def remove(connection: AsyncConnection, user_id: str) -> None:
    """Forget somebody; their sessions end with it."""
    await connection.execute(delete(admin_users).where(admin_users.c.id == user_id))


def folded(name: str) -> str:
    """A name as it is compared."""
    return name.strip().casefold()[:100]


async def _one(connection: AsyncConnection, where: Any) -> UserRow | None:
    found = (await connection.execute(select(*_COLUMNS).where(where))).one_or_none()
    return UserRow(*found) if found else None
