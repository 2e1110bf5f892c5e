"""Another master key while the hub runs: nobody notices, and in the end the old key opens nothing."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from hub.lifecycle import master_keys
from hub.store import Store
from hub.store.secrets import fingerprints, finish, hand_over, learn_master_keys, seal_anew
from hub.testing import FakeCpo, FakeEmsp
from hub.vault import KEY_BYTES, Vault, VaultError
from tests.stories.nodes import MakeSettings, join, nodes
from tests.stories.served import ROOT, Served, served


async def rekey(hub: Served, new_key_file: Path, *more: str) -> str:
    """Run the command with the hub's own configuration; what it says."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("OCPI_HUB_")}
    told = {f"OCPI_HUB_{name}": value for name, value in hub.environment.items()}
    command = ("-m", "hub", "rekey", "--new-key-file", str(new_key_file), *more)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        cwd=ROOT,
        env=plain | told,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return said.decode()


async def talk(cpo: FakeCpo, emsp: FakeEmsp) -> None:
    """Both directions work: the hub's tokens open at the parties, theirs at the hub."""
    assert (await cpo.push_session("DE*ABC", emsp.parties[0])).status_code == 1000
    assert (await emsp.push_token("NL*TNM")).status_code == 1000


async def test_the_master_key_changes_while_the_hub_runs(tmp_path: Path) -> None:
    new = tmp_path / "new.key"
    async with served(tmp_path) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        platform = await hub.join(cpo)
        await hub.join(emsp)
        assert "3 secrets" in await rekey(hub, new)
        assert new.stat().st_mode & 0o777 == 0o600
        await talk(cpo, emsp)
        assert (await hub.admin("POST", f"/api/v1/platforms/{platform}/rotate"))[0] < 300
        assert "0 secrets" in await rekey(hub, new)  # what was renewed is sealed under the new key already
        assert await hub.terminate() == 0
        await hub.start()  # a node that was not told yet
        await talk(cpo, emsp)
        assert await hub.terminate() == 0
        old, hub.environment["SECURITY__MASTER_KEY"] = hub.environment["SECURITY__MASTER_KEY"], new.read_text().strip()
        await hub.start()
        await talk(cpo, emsp)
        assert "opens nothing any more" in await rekey(hub, new, "--finish")
        assert await hub.terminate() == 0
        hub.environment["SECURITY__MASTER_KEY"] = old
        with pytest.raises(AssertionError, match="master key"):
            await hub.start()


@pytest.mark.parametrize("store_kind", ["postgresql"], indirect=True)
async def test_every_node_learns_the_new_key(store_url: str, settings: MakeSettings) -> None:
    async with nodes(settings, store_url) as three, FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(three.hubs[0], cpo)
        platform = await join(three.hubs[1], emsp)
        store, new = three.hubs[0].store, os.urandom(KEY_BYTES)
        outside = Vault(master_keys(three.hubs[0].settings))  # the command's own
        await hand_over(store, outside, new)
        async with asyncio.timeout(20):
            while any(hub.core.vault.current != outside.current for hub in three.hubs):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await seal_anew(store, outside)
        await three.hubs[2].platforms.rotate(platform, by="ann")
        assert await seal_anew(store, outside) == 0
        for number in range(3):
            await three.only(number)
            await talk(cpo, emsp)


async def test_a_key_that_was_handed_over_is_learnt_only_with_the_old_one(store: Store) -> None:
    old, new = os.urandom(KEY_BYTES), os.urandom(KEY_BYTES)
    await fingerprints(store, Vault([old]))
    await hand_over(store, Vault([old]), new)
    stranger, node = Vault([os.urandom(KEY_BYTES)]), Vault([old])
    async with store.read() as connection:
        await learn_master_keys(connection, stranger)
        await learn_master_keys(connection, node)
    assert node.current == Vault([new]).current
    assert stranger.current != node.current
    with pytest.raises(VaultError):
        await seal_anew(store, stranger)


async def test_a_rekey_that_was_cut_off_may_go_on_with_another_key(store: Store) -> None:
    """The file of the first is perhaps lost. A node that starts with the key that it has always had still finds in."""
    old, lost, new = (os.urandom(KEY_BYTES) for _ in range(3))
    before = (await fingerprints(store, Vault([old]))).of("token")
    await hand_over(store, Vault([old]), lost)  # and here it was killed
    for key in (lost, new, new):
        outside = Vault([old])
        async with store.read() as connection:
            await learn_master_keys(connection, outside)
        await hand_over(store, outside, key)
        await seal_anew(store, outside)
        for known in ([old], [old, lost], [key]):
            node = Vault(known)
            assert (await fingerprints(store, node)).of("token") == before
            assert node.current == Vault([key]).current
    assert await finish(store)
    for gone in (old, lost):
        with pytest.raises(VaultError):
            await fingerprints(store, Vault([gone]))
