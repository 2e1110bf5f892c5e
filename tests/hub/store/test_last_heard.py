"""When platforms were last heard of: the latest counts, a clock that was set back heals, and a status has its order."""

from __future__ import annotations

from typing import Any

import pytest

from hub.store import Store, claims, liveness, registry
from hub.store.liveness import AHEAD_S
from hub.store.registry import RoleRow
from routing.ocpi import ConnectionStatus, PartyId, Role
from tests.hub.store.test_registry import add, read

NOW, SILENT_S = 1_000_000.0, 60.0
CONNECTED, OFFLINE = ConnectionStatus.CONNECTED, ConnectionStatus.OFFLINE


async def known(store: Store, platform_id: str, seen_at: float | None, **more: Any) -> None:
    """A platform that is connected unless told otherwise."""
    await add(store, platform_id, RoleRow(PartyId("NL", platform_id[:3].upper()), Role.CPO))
    async with store.write() as connection:
        values = {"status": CONNECTED, "token_out": b"sealed", "last_seen_at": seen_at}
        await registry.touch(connection, platform_id, **(values | more))


async def test_the_latest_time_that_any_node_heard_of_a_platform_counts(store: Store) -> None:
    ahead = NOW + AHEAD_S + 10
    before = {"aaa": NOW, "bbb": NOW, "ccc": None, "ddd": ahead, "eee": NOW, "fff": ahead}
    for name, at in before.items():
        await known(store, name, at)
    heard = {"aaa": NOW - 5, "bbb": NOW + 5, "ccc": NOW + 6, "ddd": NOW + 7}
    async with store.write() as connection:
        await liveness.heard(connection, heard)
    found = {name: (await read(store, name)).last_seen_at for name in before}
    assert found == before | heard | {"aaa": NOW}


async def test_who_is_silent_or_offline_is_asked_the_longest_silent_first(store: Store) -> None:
    """OCPI 2.2.1, HubClientInfo, Still alive check."""
    await known(store, "near", NOW - SILENT_S)
    await known(store, "quiet", NOW - SILENT_S - 1)
    await known(store, "mute", NOW - SILENT_S - 9)
    await known(store, "never", None)
    await known(store, "ahead", NOW + AHEAD_S + 1)
    await known(store, "gone", NOW, status=OFFLINE)
    await known(store, "left", NOW, status=OFFLINE, token_out=None)
    await known(store, "tokenless", NOW - SILENT_S - 1, token_out=None)
    await known(store, "planned", None, status=ConnectionStatus.PLANNED)
    await known(store, "suspended", None, status=ConnectionStatus.SUSPENDED)
    async with store.read() as connection:
        due = await liveness.to_check(connection, NOW - SILENT_S, NOW)
    assert sorted(due) == ["ahead", "gone", "mute", "never", "quiet"]
    assert [name for name in due if name in ("mute", "quiet", "gone")] == ["mute", "quiet", "gone"]


@pytest.mark.parametrize("before", ConnectionStatus)
async def test_a_status_changes_only_from_where_it_may(store: Store, before: ConnectionStatus) -> None:
    """OCPI 2.2.1, HubClientInfo, ConnectionStatus: silence makes who is CONNECTED OFFLINE, and back; nobody else."""
    for name in ("one", "two"):
        await known(store, name, NOW, status=before)
    await known(store, "left", NOW, status=before, token_out=None)
    async with store.write() as connection:
        assert await liveness.went_offline(connection, "one", {"came": "nothing"}) is (before is CONNECTED)
        assert not await liveness.went_offline(connection, "left", {"came": "nothing"})
    row = await read(store, "one")
    went = (OFFLINE, {"came": "nothing"}) if before is CONNECTED else (before, None)
    assert (row.status, row.last_error) == went
    async with store.write() as connection:
        assert await liveness.came_back(connection, "one", NOW + 1) is (before in (CONNECTED, OFFLINE))
        assert not await liveness.came_back(connection, "left", NOW + 1)
    row = await read(store, "one")
    back = (CONNECTED, NOW + 1) if before in (CONNECTED, OFFLINE) else (before, NOW)
    assert (row.status, row.last_seen_at) == back
    for name in ("two", "left"):
        row = await read(store, name)
        assert (row.status, row.last_seen_at) == (before, NOW), "nothing was said of this one"


async def test_work_that_is_no_more_is_forgotten_alone(store: Store) -> None:
    async with store.write() as connection:
        for name in ("one", "two"):
            assert await claims.claim(connection, name, now=NOW, every_s=60)
            assert not await claims.claim(connection, name, now=NOW + 59, every_s=60)
        await claims.forget(connection, "one")
        assert await claims.claim(connection, "one", now=NOW + 59, every_s=60)
        assert not await claims.claim(connection, "two", now=NOW + 59, every_s=60)
        assert await claims.claim(connection, "two", now=NOW + 60, every_s=60)
        assert not await claims.claim(connection, "one", now=NOW + 118, every_s=60), "though the other is due soon"
        assert not await claims.claim(connection, "two", now=NOW + 119, every_s=60), "though the other is due"
        assert await claims.claim(connection, "one", now=NOW + 119, every_s=60)
