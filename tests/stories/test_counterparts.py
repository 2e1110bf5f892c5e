"""Virtual counterparts: a connection on which the hub plays exactly one partner, for parties that can name none.

Every registration has a versions URL of its own, which the admin API gives out with the invitation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from hub.lifecycle import Hub, running
from hub.store.registry import RoleTaken
from hub.testing import FakeCpo, FakeEmsp
from hub.testing.steps import Step
from hub.testing.story import roaming_story
from routing.links import is_same_list, next_page
from tests.stories.market import platform_of
from tests.stories.onboarding import MakeSettings, connect, hub_with, join, meet

Register = Callable[..., object]


@asynccontextmanager
async def old_emsp_with_two_partners(
    settings: MakeSettings, version: str = "2.1.1"
) -> AsyncIterator[tuple[Hub, FakeCpo, FakeCpo, FakeEmsp, FakeEmsp]]:
    """Two CPOs; and one eMSP, NL*OLD, that is registered once for each of them."""
    one, other = FakeCpo("NL*TNM"), FakeCpo("BE*CPO")
    for_one, for_other = FakeEmsp("NL*OLD", version=version), FakeEmsp("NL*OLD", version=version)
    async with hub_with(settings(), one, other) as hub, for_one, for_other:
        await join(hub, for_one, counterpart="NL*TNM")
        await join(hub, for_other, counterpart="BE*CPO")
        yield hub, one, other, for_one, for_other


async def test_the_hub_introduces_itself_as_the_counterpart(settings: MakeSettings) -> None:
    async with old_emsp_with_two_partners(settings) as (hub, one, _, for_one, for_other):
        assert for_one.peer.versions_url == f"{hub.settings.public_url}/ocpi/as/NL-TNM/versions"
        assert for_one.peer.credentials["party_id"] == "TNM"
        assert for_one.peer.credentials["business_details"] == {"name": one.name}
        assert for_other.peer.credentials["country_code"] == "BE"
        assert all("/ocpi/as/BE-CPO/2.1.1/" in url for url in for_other.peer.endpoints.values())


async def test_what_a_partner_sends_arrives_on_the_connection_for_that_partner(settings: MakeSettings) -> None:
    async with old_emsp_with_two_partners(settings) as (_, one, other, for_one, for_other):
        assert (await one.push_location("NL*OLD")).is_success
        assert (await other.push_location("NL*OLD")).is_success
        assert [seen.path for seen in for_one.seen if seen.module == "locations"] == ["/NL/TNM/LOC1"]
        assert [seen.path for seen in for_other.seen if seen.module == "locations"] == ["/BE/CPO/LOC1"]


async def test_a_broadcast_reaches_only_the_connection_for_its_sender(settings: MakeSettings) -> None:
    async with old_emsp_with_two_partners(settings) as (hub, one, _, for_one, for_other):
        assert (await one.push_tariff("NL*HUB")).is_success
        await for_one.saw(method="PUT", module="tariffs", timeout_s=20)
        await hub.router.broadcast.settled()
        assert not [seen for seen in for_other.seen if seen.module == "tariffs"]


async def test_each_connection_asks_and_orders_of_its_own_partner_alone(settings: MakeSettings) -> None:
    async with old_emsp_with_two_partners(settings) as (_, one, other, for_one, for_other):
        for cpo, emsp in ((one, for_one), (other, for_other)):
            cpo.shelf.put("locations", {**cpo.shelf.own["locations"]["LOC1"], "id": f"OF-{cpo.parties[0].party_id}"})
            found = [row["id"] async for row in emsp.list("locations")]
            assert found == ["LOC1", f"OF-{cpo.parties[0].party_id}"]
            ordered = await emsp.start_session(None)
            assert ordered.exchange.data == {"result": "ACCEPTED"}
            assert await ordered.result(20) == {"result": "ACCEPTED"}
            assert [seen.receiver for seen in cpo.seen if seen.module == "commands"] == [str(cpo.parties[0])]


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
async def test_a_next_page_is_at_the_address_that_the_list_has_on_this_connection(
    settings: MakeSettings, version: str
) -> None:
    """A careful client follows `Link` only where it leads to the list that it asked for."""
    async with old_emsp_with_two_partners(settings, version) as (_, one, other, for_one, for_other):
        for cpo, emsp in ((one, for_one), (other, for_other)):
            cpo.shelf.max_page = 1
            cpo.shelf.put("locations", {**cpo.shelf.own["locations"]["LOC1"], "id": "LOC2"})
            pages = [page async for page in emsp.pages("locations", to=None)]
            assert [row["id"] for page in pages for row in page.data] == ["LOC1", "LOC2"]
            assert is_same_list(next_page(pages[0].headers["Link"], pages[0].url) or "", pages[0].url)
            assert "/ocpi/as/" in pages[0].headers["Link"]


async def test_what_an_old_cpo_pushes_is_for_its_counterpart_and_nobody_else(settings: MakeSettings) -> None:
    wanted, stranger = FakeEmsp("DE*ABC"), FakeEmsp("FR*EMP")
    cpo = FakeCpo("NL*OLD", version="2.1.1")
    async with hub_with(settings(), wanted, stranger) as hub, cpo:
        await join(hub, cpo, counterpart="DE*ABC")
        assert (await cpo.push_location(None)).is_success
        assert (await cpo.push_session(None, wanted.parties[0])).is_success
        assert [(seen.module, seen.sender) for seen in wanted.seen if seen.sender == "NL*OLD"] == [
            ("locations", "NL*OLD"),
            ("sessions", "NL*OLD"),
        ]
        await hub.router.broadcast.settled()
        assert not [seen for seen in stranger.seen if seen.interface]


async def test_the_hub_registers_itself_as_the_counterpart_too(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo("NL*TNM"), FakeEmsp("NL*OLD", version="2.1.1")
    async with hub_with(settings(), cpo) as hub, emsp:
        await connect(hub, emsp, counterpart="NL*TNM")
        assert emsp.peer.credentials["party_id"] == "TNM"
        assert (await cpo.push_location("NL*OLD")).is_success
        assert [row["id"] async for row in emsp.list("locations")] == ["LOC1"]


async def test_a_role_is_held_once_for_each_counterpart(settings: MakeSettings) -> None:
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(running(settings()))
        first, second, third = [await stack.enter_async_context(FakeEmsp("NL*OLD", version="2.1.1")) for _ in range(3)]
        await join(hub, first, counterpart="NL*TNM")
        with pytest.raises(RoleTaken):
            await join(hub, second, counterpart="NL*TNM")
        await join(hub, second, counterpart="BE*CPO")
        await join(hub, third)


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_a_party_without_routing_headers_is_served_by_its_counterpart_connection(
    settings: MakeSettings, version: str
) -> None:
    cpo, emsp = FakeCpo("NL*TNM"), FakeEmsp("NL*OLD", version=version)
    async with hub_with(settings(), cpo) as hub, emsp:
        await join(hub, emsp, counterpart="NL*TNM")
        emsp.misbehave("no-routing-headers")
        (role,) = emsp.peer.credentials["roles"]
        assert (role["role"], role["country_code"], role["party_id"]) == ("CPO", "NL", "TNM")
        assert ("locations", "SENDER") in emsp.peer.endpoints
        assert ("locations", "RECEIVER") not in emsp.peer.endpoints
        steps: list[Step] = []
        assert await roaming_story(cpo, emsp, steps.append, timeout_s=20), [step for step in steps if not step.ok]


async def test_a_counterpart_that_is_not_connected_yet_is_played_all_the_same(settings: MakeSettings) -> None:
    emsp = FakeEmsp("NL*OLD", version="2.2.1")
    async with hub_with(settings()) as hub, emsp:
        await join(hub, emsp, counterpart="NL*TNM")
        (role,) = emsp.peer.credentials["roles"]
        assert (role["role"], role["country_code"], role["party_id"]) == ("CPO", "NL", "TNM")
        asked = await emsp.send("GET", "locations", interface="sender")
        assert (asked.http, asked.status_code) == (200, 4001)
        async with FakeCpo("NL*TNM") as cpo:
            await join(hub, cpo)
            assert [row["id"] async for row in emsp.list("locations")] == ["LOC1"]


async def test_a_partner_is_told_only_of_parties_that_have_a_connection_for_it(settings: MakeSettings) -> None:
    async with old_emsp_with_two_partners(settings) as (hub, *_), FakeCpo("FR*CPO") as third:
        platform = await join(hub, third)
        directory = hub.picture.directory
        assert [str(row.id) for row in directory.reachable(directory.platforms[platform])] == []
        refused = await third.push_location("NL*OLD")
        assert refused.status_code == 4001


async def test_a_code_that_2_1_1_does_not_have_is_told_in_words(settings: MakeSettings) -> None:
    """OCPI 2.1.1, status codes: there is none from 4000 on. What it has needs no other words."""
    async with running(settings()) as hub, FakeCpo(version="2.1.1") as cpo, FakeEmsp(version="2.1.1") as emsp:
        await meet(hub, cpo, emsp)
        foreign = await cpo.send("PUT", "locations", "/BE/BEC/L1", to="DE*ABC", body={"id": "L1"})
        assert (foreign.http, foreign.status_code) == (404, 2001)
        assert "(OCPI" not in foreign.status_message
        await hub.platforms.suspend(platform_of(hub, emsp), by="test")
        away = await cpo.push_location("DE*ABC")
        assert (away.http, away.status_code) == (200, 3000)
        assert away.status_message.endswith("(OCPI 4003)")
