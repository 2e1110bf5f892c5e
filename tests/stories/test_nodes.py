"""Three nodes on one PostgreSQL behind a load balancer are one hub: what one knows, all know."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from hub.lifecycle import Hub
from hub.renewal import renew_due
from hub.store.registry import RoleRow, RoleTaken
from hub.testing import FakeCpo, FakeEmsp
from routing.agreements import Agreement
from routing.ocpi import ConnectionStatus, PartyId, Role
from tests.stories.nodes import MakeSettings, Nodes, join, nodes, within_a_second
from tests.stories.test_renewal import made_old
from tests.stories.waiting import all_told, until

pytestmark = pytest.mark.parametrize("store_kind", ["postgresql"], indirect=True)


@pytest.fixture
async def three(store_url: str, settings: MakeSettings) -> AsyncIterator[Nodes]:
    async with nodes(settings, store_url) as running:
        yield running


def is_suspended(hub: Hub, platform_id: str) -> bool:
    """Whether this node knows that the platform is suspended."""
    platform = hub.picture.directory.platforms.get(platform_id)
    return platform is not None and platform.status is ConnectionStatus.SUSPENDED


async def test_a_party_that_registered_on_one_node_calls_the_other_at_once(three: Nodes) -> None:
    """Also each call of the handshake itself lands on another node than the one before."""
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(three.hubs[0], cpo)
        await join(three.hubs[1], emsp)
        for number in range(3):
            await three.only(number)
            assert (await cpo.push_session("DE*ABC", emsp.parties[0])).status_code == 1000
            assert (await emsp.push_token("NL*TNM")).status_code == 1000


async def test_what_an_admin_changes_on_one_node_acts_on_all(three: Nodes) -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        platform = await join(three.hubs[0], cpo)
        await join(three.hubs[0], emsp)
        await three.hubs[1].platforms.suspend(platform, by="ann")
        await within_a_second(lambda: all(is_suspended(hub, platform) for hub in three.hubs))
        await three.only(2)
        assert (await emsp.push_token("NL*TNM")).status_code == 4003
        await three.hubs[2].platforms.resume(platform, by="ann")
        deny = Agreement("a1", PartyId("NL", "TNM"), PartyId("DE", "ABC"), is_allowed=False)
        await three.hubs[2].platforms.allow(deny, by="ann")
        await within_a_second(lambda: all(hub.picture.directory.agreements for hub in three.hubs))
        await three.only(0)
        assert (await emsp.push_token("NL*TNM")).status_code == 4001


async def test_tokens_renewed_on_one_node_open_all(three: Nodes) -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        platform = await join(three.hubs[0], cpo)
        await join(three.hubs[0], emsp)
        await three.hubs[1].platforms.rotate(platform, by="ann")
        for number in range(3):
            await three.only(number)
            assert (await cpo.push_session("DE*ABC", emsp.parties[0])).status_code == 1000
            assert (await emsp.push_token("NL*TNM")).status_code == 1000


async def test_a_token_that_a_party_renewed_on_one_node_is_used_on_all_at_once(three: Nodes) -> None:
    """The others still have the one before, and the party refuses it: what was refused is sent again."""
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(three.hubs[0], cpo)
        await join(three.hubs[0], emsp)
        for number in range(3):
            await three.only(number)
            await emsp.update_credentials()
            await three.only((number + 1) % 3)
            assert (await cpo.push_session("DE*ABC", emsp.parties[0])).status_code == 1000


async def test_the_hubs_addresses_lead_back_on_every_node(three: Nodes) -> None:
    """A command on one node, its result on another; a CDR's Location on the third; pages anywhere."""
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(three.hubs[0], cpo)
        await join(three.hubs[1], emsp)
        for number in range(3):
            cpo.shelf.put("locations", {"id": f"L{number}", "country_code": "NL", "party_id": "TNM"})
        await three.only(0)
        url, result = emsp.expect_result()
        body = {"response_url": url, "session_id": "S1"}
        three.balancer.ports = [*three.balancer.ports, three.hubs[1].settings.server.port]
        assert (await emsp.send("POST", "commands", "/STOP_SESSION", to="NL*TNM", body=body)).status_code == 1000
        assert (await asyncio.wait_for(result, 10))["result"] == "ACCEPTED"
        posted = await cpo.push_cdr("DE*ABC", emsp.parties[0])
        await three.only(2)
        read = await cpo.send("GET", "cdrs", to="DE*ABC", url=posted.headers["Location"])
        assert read.data["id"] == json.loads(posted.request_body)["id"]
        await three.all()
        listed = [item["id"] async for item in emsp.list("locations", to="NL*TNM", query={"limit": "1"})]
        assert len(listed) == len({*listed})
        assert {"L0", "L1", "L2"} <= {*listed}


async def test_what_one_node_must_do_alone_is_done_once(store_url: str, settings: MakeSettings) -> None:
    """Three nodes look at the same moment; each piece of work is claimed by one of them."""
    calm = {"liveness": {"idle_s": 0.01, "interval_s": 3600.0}, "mirror": {"pull_interval_s": 86_400}}
    async with nodes(settings, store_url, **calm) as three, FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(three.hubs[0], cpo)
        platform = await join(three.hubs[1], emsp)
        await until(lambda: sum(hub.pulls.done["full"] for hub in three.hubs) == 3)  # locations, tariffs, tokens
        await cpo.saw(module="hubclientinfo", timeout_s=30, when=lambda seen: seen.document["status"] == "CONNECTED")
        pulled = [
            (seen.module, "date_from" in seen.query) for party in (cpo, emsp) for seen in party.seen if seen.query
        ]
        assert sorted(pulled) == [("locations", False), ("tariffs", False), ("tokens", False)]

        before = len(emsp.seen)
        async with asyncio.timeout(30):
            while sum(hub.liveness.results["alive"] for hub in three.hubs) < 2:  # who was just heard of is asked later
                await asyncio.gather(*(hub.liveness.look() for hub in three.hubs))
        for _ in range(2):
            await asyncio.gather(*(hub.liveness.look() for hub in three.hubs))
        assert [seen.module for seen in emsp.seen[before:]] == ["versions"]

        await three.hubs[2].platforms.change(platform, by="ann", changes={"renew_days": 30})
        await made_old(three.hubs[0].store, platform, 31)
        renewed = await asyncio.gather(*(renew_due(hub.store, hub.platforms) for hub in three.hubs))
        assert sorted(renewed) == [0, 0, 1]

        await three.hubs[1].platforms.suspend(platform, by="ann")
        await cpo.saw(module="hubclientinfo", timeout_s=30, when=lambda seen: seen.document["status"] == "SUSPENDED")
        await asyncio.gather(*(all_told(hub) for hub in three.hubs))
        told = [seen.document["status"] for seen in cpo.seen if seen.module == "hubclientinfo" and seen.method == "PUT"]
        assert told == ["PLANNED", "CONNECTED", "SUSPENDED"]
        assert sum(hub.liveness.results["alive"] for hub in three.hubs) == 2, "one each, however often it was looked"


async def test_two_admins_on_two_nodes_cannot_both_take_the_last_role(three: Nodes) -> None:
    role = [RoleRow(PartyId("NL", "TNM"), Role.CPO)]
    invitations = await asyncio.gather(
        *(hub.platforms.invite(by="admin", name="TNM", roles=role) for hub in three.hubs), return_exceptions=True
    )
    assert [type(found) for found in invitations].count(RoleTaken) == 2
