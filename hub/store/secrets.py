"""The key for fingerprints: made once, kept sealed under the master key."""

from __future__ import annotations

import base64
import os

from sqlalchemy import insert, select

from hub.store.engine import Store
from hub.store.tables import secrets
from hub.vault import KEY_BYTES, Fingerprints, Vault

_NAME = "fingerprints"
_ROW = f"secrets.sealed:{_NAME}"


async def fingerprints(store: Store, vault: Vault) -> Fingerprints:
    """The keyed hash of this store, made on first use. Raises VaultError where the master key is not the right one."""
    async with store.write() as connection:
        sealed = await connection.scalar(select(secrets.c.sealed).where(secrets.c.name == _NAME))
        if sealed is None:
            sealed = vault.seal(base64.b64encode(os.urandom(KEY_BYTES)).decode(), _ROW)
            await connection.execute(insert(secrets).values(name=_NAME, sealed=sealed))
    return Fingerprints(base64.b64decode(vault.unseal(sealed, _ROW)))
