"""Sessions of the web view. The secret is with the browser; the store keeps its keyed hash, and can end any of them."""

from __future__ import annotations

import hmac
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from admin.access import BOOTSTRAP, Admin
from admin.keys import AdminRole
from hub.lifecycle import Hub
from hub.store import StoreUnavailable, audit
from hub.store import sessions as stored
from hub.store.registry import new_id
from hub.store.sessions import SessionRow
from hub.vault import new_token

NOTE_EVERY_S: Final = 30.0
"""How exactly it is kept when somebody clicked last."""
MAX_AGENT: Final = 200


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in, as long as this request takes."""

    id: str
    admin: Admin
    csrf: str = field(repr=False)
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody logs in from."""

    address: str
    agent: str


async def begin(
    hub: Hub, browser: Browser, *, user_id: str | None = None, key: str | None = None, name: str, instead_of: str | None
) -> str:
    """Log a user in, or whoever showed a key; the new secret for the browser. The session it had before ends.

    Raises StoreUnavailable.
    """
    secret, now = new_token(), time.time()
    row = SessionRow(
        id=new_id(),
        user_id=user_id,
        key_fingerprint=None if key is None else hub.fingerprints.of(key),
        created_at=now,
        seen_at=now,
        expires_at=now + hub.settings.admin.session_s,
        address=browser.address[:64],
        agent=browser.agent[:MAX_AGENT],
    )
    async with hub.store.write() as connection:
        if instead_of and (old := await stored.by_fingerprint(connection, hub.fingerprints.of(instead_of))):
            await stored.end(connection, old.id)
        await stored.add(connection, hub.fingerprints.of(secret), row)
        await audit.record(
            connection, actor=name, action="logged in", subject=row.id, after={"address": browser.address}
        )
    return secret


async def session_of(hub: Hub, secret: str, *, is_click: bool) -> Session | None:
    """Whose session this is; None where it ended, or its user or key is gone. Raises StoreUnavailable."""
    if not secret or not secret.isascii():
        return None
    async with hub.store.read() as connection:
        row = await stored.by_fingerprint(connection, hub.fingerprints.of(secret))
    now = time.time()
    if row is None or now >= row.expires_at or now >= row.seen_at + hub.settings.admin.session_idle_s:
        return None
    admin = _holder(hub, row)
    if admin is None:
        return None
    if is_click and now - row.seen_at > min(NOTE_EVERY_S, hub.settings.admin.session_idle_s / 10):
        with suppress(StoreUnavailable):
            async with hub.store.write() as connection:
                await stored.seen(connection, row.id, now)
    return Session(row.id, admin, csrf_of(hub, secret), row.user_id)


async def end(hub: Hub, session_id: str, *, by: str, action: str = "session ended") -> bool:
    """End a session; False for one that had ended. Raises StoreUnavailable."""
    async with hub.store.write() as connection:
        if not await stored.end(connection, session_id):
            return False
        await audit.record(connection, actor=by, action=action, subject=session_id)
    return True


def csrf_of(hub: Hub, secret: str) -> str:
    """What a form of this session must bring along: nobody can tell it who does not have the secret."""
    return hub.fingerprints.of(f"form of {secret}").hex()


def holder_name(hub: Hub, row: SessionRow) -> str | None:
    """Who a session belongs to; None where its user or key is gone."""
    admin = _holder(hub, row)
    return None if admin is None else admin.name


def _holder(hub: Hub, row: SessionRow) -> Admin | None:
    """A user or key as it is now: who lost a role, or was removed, loses it in the middle of a session."""
    if row.name is not None and row.role is not None:
        return Admin(row.name, AdminRole(row.role))
    bootstrap = hub.settings.admin.bootstrap_key
    if bootstrap is None or row.key_fingerprint is None:
        return None
    is_it = hmac.compare_digest(hub.fingerprints.of(bootstrap.get_secret_value()), row.key_fingerprint)
    return Admin(BOOTSTRAP, AdminRole.OWNER) if is_it else None
