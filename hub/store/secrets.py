"""The key for fingerprints: made once, kept sealed under the master key."""

from __future__ import annotations

import base64
import os

from sqlalchemy import select, text

from hub.store.engine import Store
from hub.store.tables import secrets
from hub.vault import KEY_BYTES, Fingerprints, Vault

_NAME = "fingerprints"
_ROW = f"secrets.sealed:{_NAME}"
_FIRST = text("INSERT INTO secrets (name, sealed) VALUES (:name, :sealed) ON CONFLICT DO NOTHING")
"""Two nodes that start together on a new store both come here; the key of the first counts for both."""


async def fingerprints(store: Store, vault: Vault) -> Fingerprints:
    """The keyed hash of this store, made on first use. Raises VaultError where the master key is not the right one."""
    async with store.write() as connection:
        kept = select(secrets.c.sealed).where(secrets.c.name == _NAME)
        sealed = await connection.scalar(kept)
        if sealed is None:
            new = vault.seal(base64.b64encode(os.urandom(KEY_BYTES)).decode(), _ROW)
            await connection.execute(_FIRST, {"name": _NAME, "sealed": new})
            sealed = await connection.scalar(kept)
    return Fingerprints(base64.b64decode(vault.unseal(sealed or b"", _ROW)))
