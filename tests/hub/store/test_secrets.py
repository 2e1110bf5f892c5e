"""The key for fingerprints: one for the whole store, whoever makes it, and only under the right master key."""

from __future__ import annotations

import asyncio
import os

import pytest

from hub.store import Store
from hub.store.secrets import fingerprints
from hub.vault import KEY_BYTES, Vault, VaultError


async def test_every_node_hashes_alike(store: Store, store_url: str, vault: Vault) -> None:
    others = [Store(store_url) for _ in range(4)]
    try:
        found = await asyncio.gather(*(fingerprints(node, vault) for node in (store, *others)))
    finally:
        for node in others:
            await node.close()
    assert len({each.of("token") for each in found}) == 1
    assert (await fingerprints(store, vault)).of("token") == found[0].of("token")


async def test_another_master_key_opens_nothing(store: Store, vault: Vault) -> None:
    await fingerprints(store, vault)
    with pytest.raises(VaultError, match="not at hand"):
        await fingerprints(store, Vault([os.urandom(KEY_BYTES)]))


async def test_a_new_master_key_does_not_forget_the_tokens_given_out(store: Store) -> None:
    old, new = os.urandom(KEY_BYTES), os.urandom(KEY_BYTES)
    before = (await fingerprints(store, Vault([old]))).of("token")
    assert (await fingerprints(store, Vault([new, old]))).of("token") == before
