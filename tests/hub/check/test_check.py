"""A conformance check finds nothing in a party that speaks OCPI, asks all that can be asked, and changes nothing."""

from __future__ import annotations

import asyncio
import time

import pytest

from hub.check import Verdict
from hub.platforms import UnknownPlatform, WrongState
from hub.store import checks as stored
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from routing.ocpi import Role
from tests.hub.check.scene import MakeSettings, checked, connected, stock, tried, wrong

VERSIONS = ("2.1.1", "2.2.1", "2.3.0")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", [FakeCpo, FakeEmsp])
async def test_a_party_that_speaks_ocpi_passes_every_step(
    settings: MakeSettings, kind: type[FakeParty], version: str
) -> None:
    party = kind(version=version)
    stock(party)
    async with connected(settings(), party) as (hub, platform_id):
        report = await checked(hub, platform_id)
        assert wrong(report) == {}
        assert (report.status, report.verdict, report.version) == ("done", Verdict.PASS, version)
        assert report.topics_done == report.topics
        told = {step.module.lower() for step in report.steps}
        assert {module for module, _ in hub.picture.directory.platforms[platform_id].endpoints} <= told
        assert all(step.expected and step.source.startswith(f"OCPI {version}, ") for step in tried(report))
        assert all(step.ms is not None and step.http for step in tried(report))


async def test_a_role_that_was_dropped_is_not_expected_in_2_1_1(settings: MakeSettings) -> None:
    """Credentials do not tell a role there: it is the one that the platform has, not one that it had."""
    party = FakeEmsp("NL*TNM", also={"NL*TNM": Role.CPO})
    async with connected(settings(), party) as (hub, platform_id):
        party.also, party.offers = (), ("2.1.1", "2.2.1")
        await party.update_credentials("2.2.1")
        await party.update_credentials("2.1.1")
        assert "credentials credentials" not in wrong(await checked(hub, platform_id))


async def test_pages_are_followed_and_objects_asked_for_by_their_ids(settings: MakeSettings) -> None:
    cpo = FakeCpo()
    stock(cpo)
    async with connected(settings(), cpo) as (hub, platform_id):
        names = [step.name for step in (await checked(hub, platform_id)).steps if step.module == "locations"]
        assert names == [
            "list of locations",
            "list of locations, page 2",
            "list of locations, page 3",
            "list of locations, nothing newer",
            "one Location",
            "one EVSE",
            "one Connector",
            "something unknown in locations",
        ]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", [FakeCpo, FakeEmsp])
async def test_a_check_sends_nothing_that_could_change_anything(
    settings: MakeSettings, kind: type[FakeParty], version: str
) -> None:
    party = kind(version=version)
    async with connected(settings(), party) as (hub, platform_id):
        before = len(party.seen)
        await checked(hub, platform_id)
        asked = party.seen[before:]
        assert len(asked) > 5
        for seen in asked:
            is_authorization = seen.method == "POST" and seen.path.endswith("/authorize") and not seen.body
            assert seen.method == "GET" or is_authorization, f"{seen.method} {seen.raw_path}"
        assert party.shelf.received == {}


async def test_a_check_is_kept_as_it_goes_on_and_is_alone(settings: MakeSettings) -> None:
    async with connected(settings(), FakeCpo()) as (hub, platform_id):
        begun = await hub.checks.begin(platform_id, by="ann")
        assert (begun.status, begun.by, begun.party) == ("running", "ann", "NL*TNM")
        with pytest.raises(WrongState, match="is running"):
            await hub.checks.begin(platform_id, by="bob")
        async with asyncio.timeout(60):
            while hub.checks.running:  # noqa: ASYNC110 - what is waited for is counted, not signalled
                await asyncio.sleep(0.02)
        again = await checked(hub, platform_id)
        async with hub.store.read() as connection:
            kept = await stored.page(connection, platform_id, None, 10, time.time())
            before = await stored.page(connection, None, (again.started_at, again.id), 10, time.time())
        assert [report.id for report in kept] == [again.id, begun.id]
        assert [report.id for report in before] == [begun.id]


async def test_only_the_latest_checks_of_a_platform_are_kept(settings: MakeSettings) -> None:
    async with connected(settings(), FakeCpo(modules=["tariffs"])) as (hub, platform_id):
        made = [(await checked(hub, platform_id)).id for _ in range(stored.KEPT + 2)]
        async with hub.store.read() as connection:
            kept = await stored.page(connection, platform_id, None, 100, time.time())
        assert [report.id for report in reversed(kept)] == made[2:]


async def test_a_check_that_the_end_of_the_hub_breaks_off_says_so(settings: MakeSettings) -> None:
    chosen = settings(server={"shutdown_s": 1})
    cpo = FakeCpo()
    async with connected(chosen, cpo) as (hub, platform_id):
        cpo.misbehave("silent", module="locations")
        begun = await hub.checks.begin(platform_id, by="ann")
        await cpo.saw(module="locations", method="GET", timeout_s=30)
        await hub.checks.close()
        async with hub.store.read() as connection:
            report = await stored.one(connection, begun.id, time.time())
        assert report is not None
        assert report.status == "broken off"
        assert [step.name for step in report.steps[:2]] == ["versions", "versions with a wrong token"]


async def test_a_check_whose_node_died_is_not_running_for_ever(settings: MakeSettings) -> None:
    async with connected(settings(), FakeCpo(modules=["tariffs"])) as (hub, platform_id):
        begun = await hub.checks.begin(platform_id, by="ann")
        later = begun.started_at + stored.STALLED_S + 1_000
        async with hub.store.read() as connection:
            assert not await stored.is_running(connection, platform_id, later)


async def test_what_is_not_registered_cannot_be_checked(settings: MakeSettings) -> None:
    async with connected(settings(), FakeCpo()) as (hub, platform_id):
        with pytest.raises(UnknownPlatform):
            await hub.checks.begin("nobody", by="test")
        await hub.platforms.suspend(platform_id, by="test")
        with pytest.raises(WrongState, match="suspended"):
            await hub.checks.begin(platform_id, by="test")
        invited = await hub.platforms.invite(by="test", name="new", roles=[])
        with pytest.raises(WrongState, match="not registered"):
            await hub.checks.begin(invited.platform_id, by="test")
