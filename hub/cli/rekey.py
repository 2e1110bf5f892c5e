"""`ocpi-hub rekey`: another master key, while nodes run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from hub.cli.serve import run_to_the_end
from hub.cli.terminal import WRONG_USE, ConfigFile, give_up, out, settings_of
from hub.config import Settings
from hub.lifecycle import SchemaOutdated, master_keys
from hub.picture import WATCH_S
from hub.store import Store
from hub.store.secrets import fingerprints, hand_over, seal_anew
from hub.store.secrets import finish as forget_hand_over
from hub.vault import Vault, VaultError, key_id, keys_from_file

LOOKS: Final = 3
"""How often every node looks at the store before what it writes is expected to be sealed under the new key."""

NEXT: Final = """\
Give every node the new key ({file}: security.master_key_file, or security.master_key), and start one after the other
anew. Then finish with --finish: until then the old key still opens the store."""


def rekey(
    new_key_file: Annotated[Path, typer.Option(help="The new master key; made with mode 0600 if it is missing.")],
    config: ConfigFile = None,
    finish: Annotated[
        bool, typer.Option("--finish", help="The last step, when every node was started with the new key.")
    ] = False,
) -> None:
    """Re-encrypt the store under a new master key, while nodes run."""
    settings = settings_of(config)
    if finish and not new_key_file.exists():  # it would be made, and be a key that no node has
        give_up(f"there is no file {new_key_file}: --finish needs the one that was begun with", WRONG_USE)
    try:
        new = keys_from_file(new_key_file)[0]
        old = master_keys(settings)
    except VaultError as error:
        give_up(str(error))
    if not finish and old == [new]:
        give_up(f"{new_key_file} has the master key that is in use already", WRONG_USE)
    run_to_the_end(_finish(settings, old, new) if finish else _rekey(settings, old, new), settings)
    if not finish:
        out.print(NEXT.format(file=new_key_file), markup=False)


async def _rekey(settings: Settings, old: Sequence[bytes], new: bytes) -> None:
    async with _opened(settings, old) as (store, vault):
        if vault.current != key_id(new):
            await hand_over(store, vault, new)
        count = await seal_anew(store, vault)
        for _ in range(LOOKS):  # a node may have sealed something under the old key before it looked
            await asyncio.sleep(WATCH_S)
            count += await seal_anew(store, vault)
        out.print(f"{count} secrets are now sealed under master key {vault.current.hex()}.", markup=False)


async def _finish(settings: Settings, old: Sequence[bytes], new: bytes) -> None:
    async with _opened(settings, old) as (store, vault):
        if vault.current != key_id(new):  # what was sealed under another key now, no node could open
            raise VaultError("that is not the master key that the store is sealed under; nothing was changed")
        left = await seal_anew(store, vault)
        was_there = await forget_hand_over(store)
        done = "The old master key opens nothing any more." if was_there else "There was nothing to finish."
        out.print(f"{done} {left} secrets had to be sealed anew." if left else done, markup=False)


@asynccontextmanager
async def _opened(settings: Settings, keys: Sequence[bytes]) -> AsyncIterator[tuple[Store, Vault]]:
    """The store, and a vault that opens it. With keys that do not, nothing may be written: nodes may be learning one.

    Raises StoreUnavailable, SchemaOutdated, VaultError.
    """
    store, vault = Store(settings.storage.url), Vault(keys)
    try:
        if not await store.is_migrated():
            raise SchemaOutdated
        await fingerprints(store, vault)
        yield store, vault
    finally:
        await store.close()
