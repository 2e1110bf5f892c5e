"""Who is alive, and what callers and other parties notice of it (OCPI 2.2.1, HubClientInfo, Still alive check)."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from hub.lifecycle import Hub, running
from hub.store import Store, claims, registry
from hub.store.registry import PlatformRow, RoleRow
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from hub.testing.handshake import RegistrationFailed
from routing.ocpi import ConnectionStatus, PartyId, Role
from tests.stories.market import QUICK, MakeSettings, eventually, invite, join, market, platform_of
from tests.stories.test_client_info import ABC, hears, listed, pushes

ALERT: Final = {"idle_s": 0.4, "interval_s": 0.2}
"""For stories in which the hub asks by itself."""
CALM: Final = {"idle_s": 3600.0, "interval_s": 3600.0}
"""For stories in which it must not."""


def asked(party: FakeParty) -> int:
    """How often a party was asked for its versions."""
    return sum(seen.module == "versions" for seen in party.seen)


def status_of(hub: Hub, party: FakeParty) -> ConnectionStatus:
    """The status of a party's platform, as this node sees it."""
    return hub.picture.directory.platforms[platform_of(hub, party)].status


async def row_of(hub: Hub, party: FakeParty) -> PlatformRow:
    """What the admin reads of a platform."""
    async with hub.store.read() as connection:
        row = await registry.platform_row(connection, platform_of(hub, party))
    assert row is not None
    return row


async def is_offline(hub: Hub, party: FakeParty) -> None:
    """Wait until a party is taken for offline."""
    await eventually(lambda: status_of(hub, party) is ConnectionStatus.OFFLINE, within_s=30)


async def is_back(hub: Hub, party: FakeParty) -> None:
    """Wait until a party is connected."""
    await eventually(lambda: status_of(hub, party) is ConnectionStatus.CONNECTED, within_s=30)


# --- silence ---------------------------------------------------------------------------------------------------------


async def test_a_silent_party_that_answers_stays_connected(settings: MakeSettings) -> None:
    async with market(settings(liveness=ALERT)) as (hub, cpo, emsp):
        joined = (await row_of(hub, emsp)).last_seen_at or 0.0
        before = asked(emsp)
        await eventually(lambda: asked(emsp) >= before + 3, within_s=30)
        assert status_of(hub, emsp) is ConnectionStatus.CONNECTED
        await eventually(lambda: hub.liveness.results["alive"] >= 3, within_s=30)
        await hub.liveness.note()
        assert ((await row_of(hub, emsp)).last_seen_at or 0.0) > joined
        assert (ABC, "OFFLINE") not in pushes(cpo)


@pytest.mark.parametrize("fault", ["offline", "silent", "closed", "http-503", "http-500", "http-401", "http-403"])
async def test_a_party_that_does_not_answer_is_offline_and_costs_callers_nothing(
    settings: MakeSettings, fault: str
) -> None:
    """Routing reference, section 6: time-out, TLS and 5xx twice, 401 at once."""
    async with market(settings(liveness=ALERT, routing=QUICK)) as (hub, cpo, emsp):
        emsp.misbehave(fault)
        await is_offline(hub, emsp)
        await hears(cpo, ABC, "OFFLINE")
        before = [seen for seen in emsp.seen if seen.module == "locations"]
        answer = await cpo.push_location("DE*ABC")
        assert (answer.http, answer.status_code, answer.status_message) == (200, 4003, "receiver DE*ABC is OFFLINE")
        assert [seen for seen in emsp.seen if seen.module == "locations"] == before == []
        error = (await row_of(hub, emsp)).last_error
        assert error is not None
        assert error["step"] == "still alive check"
        assert error["came"]
        emsp.behave()
        await is_back(hub, emsp)  # the hub keeps looking for it
        await hears(cpo, ABC, "CONNECTED")
        assert (await cpo.push_location("DE*ABC")).is_success
        assert (await row_of(hub, emsp)).last_error is None


async def test_a_rejected_token_is_told_to_the_admin_after_one_question(settings: MakeSettings) -> None:
    async with market(settings(liveness=CALM)) as (hub, cpo, emsp):
        before = asked(emsp)
        emsp.misbehave("http-401")
        assert (await cpo.push_location("DE*ABC")).status_code == 4003
        await is_offline(hub, emsp)
        assert hub.liveness.results == {"alive": 0, "failed": 0, "rejected": 1}
        assert asked(emsp) == before + 1
        assert "rejects the hub's token" in (((await row_of(hub, emsp)).last_error) or {})["came"]


async def test_one_failure_is_none(settings: MakeSettings) -> None:
    async with market(settings(liveness=ALERT)) as (hub, cpo, emsp):
        emsp.misbehave("http-500", module="versions", times=1)
        await eventually(lambda: hub.liveness.results["failed"] == 1, within_s=30)
        alive = hub.liveness.results["alive"]
        await eventually(lambda: hub.liveness.results["alive"] >= alive + 3, within_s=30)
        assert status_of(hub, emsp) is ConnectionStatus.CONNECTED
        assert (ABC, "OFFLINE") not in pushes(cpo)


# --- traffic ---------------------------------------------------------------------------------------------------------


async def test_a_request_that_fails_is_followed_up_at_once(settings: MakeSettings) -> None:
    async with market(settings(liveness=CALM)) as (hub, cpo, emsp):
        emsp.misbehave("offline")
        assert (await cpo.push_location("DE*ABC")).status_code == 4003
        await is_offline(hub, emsp)
        await hears(cpo, ABC, "OFFLINE")


async def test_a_module_that_fails_makes_nobody_offline(settings: MakeSettings) -> None:
    async with market(settings(liveness=CALM | {"interval_s": 0.1}, routing=QUICK)) as (hub, cpo, emsp):
        emsp.misbehave("silent", module="locations")
        assert (await cpo.push_location("DE*ABC")).status_code == 4002
        await eventually(lambda: hub.liveness.results["alive"] >= 1, within_s=30)
        assert status_of(hub, emsp) is ConnectionStatus.CONNECTED


async def test_what_a_party_sends_proves_that_it_is_alive(settings: MakeSettings) -> None:
    async with market(settings(liveness=CALM)) as (hub, cpo, emsp):
        back: list[str] = []
        hub.liveness.came_back.append(back.append)
        emsp.misbehave("offline")
        await cpo.push_location("DE*ABC")
        await is_offline(hub, emsp)
        before = asked(emsp)
        emsp.behave()
        assert (await emsp.push_token("NL*TNM")).is_success
        await is_back(hub, emsp)
        await hears(cpo, ABC, "CONNECTED")
        assert asked(emsp) == before, "nobody had to ask"
        assert back == [platform_of(hub, emsp)]
        assert (await cpo.push_location("DE*ABC")).is_success


async def test_traffic_is_noted_for_the_admin(settings: MakeSettings) -> None:
    async with market(settings(liveness=CALM)) as (hub, cpo, emsp):
        joined = [(await row_of(hub, party)).last_seen_at or 0.0 for party in (cpo, emsp)]
        assert (await cpo.push_location("DE*ABC")).is_success
        await hub.liveness.note()
        seen = [(await row_of(hub, party)).last_seen_at or 0.0 for party in (cpo, emsp)]
        assert seen[0] > joined[0]
        assert seen[1] > joined[1]


# --- who is never asked ----------------------------------------------------------------------------------------------


async def test_who_was_never_connected_does_not_go_offline_and_who_is_suspended_is_left_alone(
    settings: MakeSettings,
) -> None:
    async with running(settings(liveness=ALERT)) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, cpo, emsp)
        await hub.platforms.suspend(platform_of(hub, emsp), by="test")
        await hub.platforms.invite(by="test", name="x", roles=[RoleRow(PartyId("FR", "XXX"), Role.EMSP)])
        before, alive = asked(emsp), hub.liveness.results["alive"]
        await eventually(lambda: hub.liveness.results["alive"] >= alive + 3, within_s=30)
        assert asked(emsp) <= before + 1, "but for a question that was under way"
        assert await listed(cpo) == {ABC: "SUSPENDED", "FR*XXX EMSP": "PLANNED"}


async def test_who_is_suspended_does_not_come_back_by_registering(settings: MakeSettings) -> None:
    async with running(settings(liveness=CALM)) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, cpo)
        invitation = await invite(hub, emsp)
        await hub.platforms.suspend(platform_of(hub, emsp), by="test")
        with pytest.raises(RegistrationFailed, match="4003"):
            await emsp.register(invitation.versions_url, invitation.token)
        await hub.platforms.suspend(platform_of(hub, cpo), by="test")
        with pytest.raises(RegistrationFailed, match="4003"):
            await cpo.update_credentials()
        await cpo.unregister()
        assert {row.status for row in hub.picture.directory.platforms.values()} == {ConnectionStatus.SUSPENDED}
        await hub.platforms.resume(platform_of(hub, cpo), by="test")
        assert status_of(hub, cpo) is ConnectionStatus.PLANNED, "it has to register again"


async def test_two_nodes_ask_once(settings: MakeSettings, store_url: str) -> None:
    """Each look of a node claims the platform; the other node finds it claimed."""
    one = settings(store_url, liveness=CALM | {"idle_s": 0.01})
    async with running(one) as hub, FakeCpo() as cpo:
        await join(hub, cpo)
        other = one.model_copy(update={"server": one.server.model_copy(update={"port": 0})})
        before = asked(cpo)
        async with running(other) as second:  # which looks by itself as soon as it runs
            async with asyncio.timeout(30):
                while not hub.liveness.results["alive"] + second.liveness.results["alive"]:
                    await hub.liveness.look()  # who was just heard of is asked later
            for node in (hub, second, hub, second):
                await node.liveness.look()
            await eventually(lambda: hub.liveness.results["alive"] + second.liveness.results["alive"] == 1)
        assert asked(cpo) == before + 1


async def test_a_claim_ends_after_its_time(store: Store) -> None:
    async def claim(now: float, **more: Any) -> bool:
        async with store.write() as connection:
            return await claims.claim(connection, "work", now=now, every_s=10, **more)

    assert await claim(100)
    assert not await claim(109)
    assert await claim(110)
    assert not await claim(119)
    assert await claim(30), "the clock was set back: a claim of later than now holds nobody up"
    assert not await claim(39)
    async with store.write() as connection:
        await claims.forget(connection, "work")
    assert not await claim(120, at_once=False)
    assert await claim(130, at_once=False)
