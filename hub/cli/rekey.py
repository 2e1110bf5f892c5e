"""`ocpi-hub rekey`: another master key, while nodes run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Final

import typer

from hub.cli.terminal import ConfigFile, give_up, out, settings_of
from hub.config import Settings
from hub.lifecycle import master_keys
from hub.loop import run
from hub.picture import WATCH_S
from hub.store import Store, StoreUnavailable
from hub.store.secrets import finish as forget_hand_over
from hub.store.secrets import hand_over, learn_master_keys, seal_anew
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
    try:
        new = keys_from_file(new_key_file)[0]
        run(_finish(settings, new) if finish else _rekey(settings, new))
    except (StoreUnavailable, VaultError) as error:
        give_up(str(error))
    if not finish:
        out.print(NEXT.format(file=new_key_file), markup=False)


async def _rekey(settings: Settings, new: bytes) -> None:
    store = Store(settings.storage.url)
    try:
        vault = Vault(master_keys(settings))
        async with store.read() as connection:
            await learn_master_keys(connection, vault)
        if vault.current != key_id(new):
            await hand_over(store, vault, new)
        count = await seal_anew(store, vault)
        for _ in range(LOOKS):  # a node may have sealed something under the old key before it looked
            await asyncio.sleep(WATCH_S)
            count += await seal_anew(store, vault)
        out.print(f"{count} secrets are now sealed under master key {vault.current.hex()}.", markup=False)
    finally:
        await store.close()


async def _finish(settings: Settings, new: bytes) -> None:
    store = Store(settings.storage.url)
    try:
        left = await seal_anew(store, Vault([new, *master_keys(settings)]))
        was_there = await forget_hand_over(store)
        done = "The old master key opens nothing any more." if was_there else "There was nothing to finish."
        out.print(f"{done} {left} secrets had to be sealed anew." if left else done, markup=False)
    finally:
        await store.close()
