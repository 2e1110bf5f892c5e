"""Who is at the admin door: an admin key, known by its fingerprint, or the bootstrap key of the configuration."""

from __future__ import annotations

import hmac
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from admin.keys import AdminRole
from admin.problems import Problem
from hub.lifecycle import Hub
from hub.store import StoreUnavailable
from hub.store import keys as stored
from hub.store.keys import KeyRow

BOOTSTRAP: Final = "bootstrap key"
NOTE_EVERY_S: Final = 60.0
"""How exactly it is kept when a key was last used: not every request is a write."""


@dataclass(frozen=True, slots=True)
class Admin:
    """Somebody who showed a key; `name` goes into the audit trail."""

    name: str
    role: AdminRole

    def require(self, role: AdminRole) -> None:
        """Raises Problem (403) where this needs a higher role."""
        if not self.role.includes(role):
            raise Problem(403, "forbidden", f"this needs the role {role}; {self.name} is {self.role}")


async def admitted(hub: Hub, request: web.Request) -> Admin:
    """Who presents `Authorization: Bearer <key>`. Raises Problem (401) or StoreUnavailable."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    admin = await admin_of(hub, key.strip()) if scheme.lower() == "bearer" else None
    if admin is None:
        detail = "an admin key is needed: Authorization: Bearer <key>"
        raise Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
    return admin


async def admin_of(hub: Hub, key: str) -> Admin | None:
    """Whose key this is; None where it is nobody's, or was revoked. Raises StoreUnavailable."""
    if not key or not key.isascii():
        return None
    bootstrap = hub.settings.admin.bootstrap_key
    if bootstrap is not None and hmac.compare_digest(bootstrap.get_secret_value().encode(), key.encode()):
        return Admin(BOOTSTRAP, AdminRole.OWNER)
    async with hub.store.read() as connection:
        row = await stored.by_fingerprint(connection, hub.fingerprints.of(key))
    if row is None:
        return None
    await _note_use(hub, row)
    return Admin(row.name, AdminRole(row.role))


async def _note_use(hub: Hub, row: KeyRow) -> None:
    if time.time() - (row.last_used_at or 0.0) < NOTE_EVERY_S:
        return
    with suppress(StoreUnavailable):
        async with hub.store.write() as connection:
            await stored.used(connection, row.id)
