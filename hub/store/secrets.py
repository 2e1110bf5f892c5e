"""What is kept sealed under the master key, and how another master key takes its place while nodes run.

The new key is itself sealed under the old one in the store, so that each running node can learn it; then every row is
sealed anew. `finish` takes that copy away once every node was started with the new key: until then the old key still
leads to the new one.
"""

from __future__ import annotations

import base64
import os
from typing import Final

from sqlalchemy import LargeBinary, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.engine import Store
from hub.store.registry import bump
from hub.store.tables import platforms, secrets
from hub.vault import KEY_BYTES, Fingerprints, Vault, key_id

_NAME: Final = "fingerprints"
_ROW: Final = f"secrets.sealed:{_NAME}"
_HANDED_OVER: Final = "master-key:"
_FIRST: Final = text("INSERT INTO secrets (name, sealed) VALUES (:name, :sealed) ON CONFLICT DO NOTHING")
"""Two nodes that start together on a new store both come here; the key of the first counts for both."""
_BATCH: Final = 100


async def fingerprints(store: Store, vault: Vault) -> Fingerprints:
    """The keyed hash of this store, made on first use. Raises VaultError where the master key is not the right one."""
    async with store.write() as connection:
        await learn_master_keys(connection, vault)
        kept = select(secrets.c.sealed).where(secrets.c.name == _NAME)
        sealed = await connection.scalar(kept)
        if sealed is None:
            new = vault.seal(base64.b64encode(os.urandom(KEY_BYTES)).decode(), _ROW)
            await connection.execute(_FIRST, {"name": _NAME, "sealed": new})
            sealed = await connection.scalar(kept)
    return Fingerprints(base64.b64decode(vault.unseal(sealed or b"", _ROW)))


async def learn_master_keys(connection: AsyncConnection, vault: Vault) -> None:
    """Take into use a master key that was handed over, where this vault does not know it yet."""
    handed_over = await connection.execute(select(secrets).where(secrets.c.name.startswith(_HANDED_OVER)))
    for row in handed_over:
        if not row.name.startswith(_handed_over(vault.current)) and vault.knows(row.sealed):
            vault.adopt(base64.b64decode(vault.unseal(row.sealed, f"secrets.sealed:{row.name}")))


async def hand_over(store: Store, vault: Vault, new: bytes) -> None:
    """Let nodes that have any of the vault's keys learn the new one, and use it in this vault.

    All lead to the newest: one that was handed over before must not be used beside it, though nodes may still have
    learnt no other. Raises StoreUnavailable.
    """
    secret, target = base64.b64encode(new).decode(), key_id(new)
    names = {f"{_handed_over(target)}:{older.hex()}": older for older in vault.known if older != target}
    async with store.write() as connection:
        await connection.execute(delete(secrets).where(secrets.c.name.startswith(_HANDED_OVER)))
        for name, older in names.items():
            sealed = vault.seal(secret, f"secrets.sealed:{name}", key=older)
            await connection.execute(_FIRST, {"name": name, "sealed": sealed})
        await bump(connection)  # every node looks at the store when this moves
    vault.adopt(new)


async def seal_anew(store: Store, vault: Vault) -> int:
    """Seal every row under the vault's key that is not; how many there were. Raises VaultError, StoreUnavailable."""
    async with store.write() as connection:
        sealed = await connection.scalar(select(secrets.c.sealed).where(secrets.c.name == _NAME))
        is_old = sealed is not None and sealed[: len(vault.current)] != vault.current
        if sealed is not None and is_old:
            new = vault.seal(vault.unseal(sealed, _ROW), _ROW)
            await connection.execute(update(secrets).where(secrets.c.name == _NAME).values(sealed=new))
    count = int(is_old)
    while step := await _seal_some_anew(store, vault):
        count += step
    return count


async def _seal_some_anew(store: Store, vault: Vault) -> int:
    """Some platforms in one transaction; `token_out` that changed meanwhile is left to the next step."""
    current = func.substr(platforms.c.token_out, 1, len(vault.current), type_=LargeBinary)
    old = select(platforms.c.id, platforms.c.token_out).where(
        platforms.c.token_out.is_not(None), current != vault.current
    )
    async with store.write() as connection:
        rows = (await connection.execute(old.limit(_BATCH))).all()
        for row in rows:
            place = token_row(row.id)
            sealed = vault.seal(vault.unseal(row.token_out, place), place)
            here = (platforms.c.id == row.id) & (platforms.c.token_out == row.token_out)
            await connection.execute(update(platforms).where(here).values(token_out=sealed))
    return len(rows)


async def finish(store: Store) -> bool:
    """Forget what leads from an old key to the new one; whether there was anything. Raises StoreUnavailable."""
    async with store.write() as connection:
        gone = await connection.execute(delete(secrets).where(secrets.c.name.startswith(_HANDED_OVER)))
    return bool(gone.rowcount)


def token_row(platform_id: str) -> str:
    """What a platform's `token_out` is sealed for."""
    return f"platforms.token_out:{platform_id}"


def _handed_over(new_key_id: bytes) -> str:
    return f"{_HANDED_OVER}{new_key_id.hex()}"
