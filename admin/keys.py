"""Admin keys: who may do what in the office. A key is shown once; only its fingerprint is kept."""

from __future__ import annotations

from enum import StrEnum

from hub.store import Store, audit
from hub.store import keys as stored
from hub.store.keys import KeyRow
from hub.store.registry import new_id
from hub.vault import Fingerprints, new_token


class AdminRole(StrEnum):
    """What a key opens: `viewer` reads, `operator` also changes platforms and agreements, `owner` also keys."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    OWNER = "owner"

    def includes(self, other: AdminRole) -> bool:
        """Whether this role may do what the other may."""
        ranks = list(AdminRole)
        return ranks.index(self) >= ranks.index(other)


async def create(store: Store, fingerprints: Fingerprints, name: str, role: AdminRole, *, by: str) -> str:
    """A new key, which nobody can see again. Raises StoreUnavailable."""
    _, key = await issue(store, fingerprints, name, role, by=by)
    return key


async def issue(store: Store, fingerprints: Fingerprints, name: str, role: AdminRole, *, by: str) -> tuple[KeyRow, str]:
    """A new key with its row. Raises StoreUnavailable."""
    key = new_token()
    async with store.write() as connection:
        row = await stored.add(connection, key_id=new_id(), name=name, role=role, fingerprint=fingerprints.of(key))
        after = {"name": name, "role": role}
        await audit.record(connection, actor=by, action="key created", subject=row.id, after=after)
    return row, key


async def revoke(store: Store, key_id: str, *, by: str) -> bool:
    """Stop accepting a key; False for one that is unknown or revoked already. Raises StoreUnavailable."""
    async with store.write() as connection:
        row = await stored.revoke(connection, key_id)
        if row is None:
            return False
        before = {"name": row.name, "role": row.role}
        await audit.record(connection, actor=by, action="key revoked", subject=key_id, before=before)
    return True
