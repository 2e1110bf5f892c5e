"""HubClientInfo: who is there, told to whom on each change (OCPI 2.2.1 and 2.3.0, HubClientInfo)."""

from __future__ import annotations

import pytest

from hub.lifecycle import running
from hub.models.v221.configuration import ClientInfo
from hub.store import Store, registry
from hub.store.registry import RoleRow
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from hub.testing.exchange import Seen
from routing.agreements import Agreement
from routing.ocpi import ConnectionStatus, PartyId, Role
from tests.stories.market import QUICK, MakeSettings, eventually, invite, join, market, platform_of
from tests.stories.test_what_happened import told

WAIT_S = 30.0
TNM, ABC = "NL*TNM CPO", "DE*ABC EMSP"


async def listed(party: FakeParty, query: str = "") -> dict[str, str]:
    """What a party is told when it asks: status by party and role."""
    rows = [row async for row in party.list("hubclientinfo", query=query)]
    found = {f"{row['country_code']}*{row['party_id']} {row['role']}": row["status"] for row in rows}
    assert len(found) == len(rows)
    return found


def pushes(party: FakeParty) -> list[tuple[str, str]]:
    """What a party was told without asking: who, and the status, in order."""
    return [news_of(seen) for seen in party.seen if (seen.method, seen.module) == ("PUT", "hubclientinfo")]


def news_of(seen: Seen) -> tuple[str, str]:
    """What a push says, checked against the specification's object and its own address."""
    said = ClientInfo.model_validate(seen.document)
    assert seen.segments == (said.country_code, said.party_id)
    assert (seen.sender, seen.receiver) == ("*", "*"), "configuration modules have no routing headers"
    assert seen.headers["X-Request-ID"]
    assert seen.headers["X-Correlation-ID"]
    return f"{said.country_code}*{said.party_id} {said.role}", said.status


async def hears(party: FakeParty, who: str, status: str) -> None:
    """Wait until the last that a party was told of another is this."""
    await eventually(lambda: party.knows.get(who) == status, within_s=WAIT_S)


def between(*modules: str, allows: bool, name: str = "1") -> Agreement:
    """An agreement of NL*TNM and DE*ABC."""
    return Agreement(name, PartyId("NL", "TNM"), PartyId("DE", "ABC"), allows, frozenset(modules))


# --- each transition -------------------------------------------------------------------------------------------------


async def test_a_party_is_planned_when_it_is_invited_and_connected_when_it_joins(settings: MakeSettings) -> None:
    async with running(settings()) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, cpo)
        invitation = await invite(hub, emsp)
        await hears(cpo, ABC, "PLANNED")
        assert await listed(cpo) == {ABC: "PLANNED"}
        await emsp.register(invitation.versions_url, invitation.token)
        await hears(cpo, ABC, "CONNECTED")
        assert pushes(cpo) == [(ABC, "PLANNED"), (ABC, "CONNECTED")]
        assert await listed(cpo) == {ABC: "CONNECTED"}
        assert await listed(emsp) == {TNM: "CONNECTED"}
        assert pushes(emsp) == [], "who has just come asks for the list"
        journeys = [row for row in await told(hub, module="hubclientinfo") if row.first.method == "PUT"]
        assert [(row.first.sender, row.first.receiver, row.first.ocpi) for row in journeys] == [
            ("NL*HUB", "NL*TNM", 1000)
        ] * 2


async def test_a_suspended_platform_is_told_and_so_is_its_return(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, emsp):
        await hub.platforms.suspend(platform_of(hub, emsp), by="test")
        await hears(cpo, ABC, "SUSPENDED")
        assert await listed(cpo) == {ABC: "SUSPENDED"}
        assert (await cpo.push_location("DE*ABC")).status_code == 4003
        assert (await emsp.send("GET", "hubclientinfo", interface="sender")).status_code == 4003
        await hub.platforms.resume(platform_of(hub, emsp), by="test")
        await hears(cpo, ABC, "CONNECTED")
        assert (await cpo.push_location("DE*ABC")).is_success


async def test_a_removed_platform_is_suspended_for_those_who_knew_it_and_then_unknown(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, emsp):
        await hub.platforms.remove(platform_of(hub, emsp), by="test")
        await hears(cpo, ABC, "SUSPENDED")
        assert await listed(cpo) == {}
        assert await listed(cpo, "date_from=2020-01-01T00:00:00Z") == {ABC: "SUSPENDED"}


async def test_a_role_that_is_dropped_is_suspended_and_one_that_comes_is_connected(settings: MakeSettings) -> None:
    async with market(settings()) as (_, cpo, emsp):
        emsp.parties = (PartyId("FR", "NEW"),)
        await emsp.update_credentials()
        await hears(cpo, ABC, "SUSPENDED")
        await hears(cpo, "FR*NEW EMSP", "CONNECTED")
        assert await listed(cpo) == {ABC: "SUSPENDED", "FR*NEW EMSP": "CONNECTED"}
        emsp.parties = (PartyId("FR", "NEW"), PartyId("DE", "ABC"))
        await emsp.update_credentials()
        await hears(cpo, ABC, "CONNECTED")


async def test_who_unregisters_is_offline_not_suspended(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, emsp):
        await emsp.unregister()
        await hears(cpo, ABC, "OFFLINE")
        assert await listed(cpo) == {ABC: "OFFLINE"}
        assert (await cpo.push_location("DE*ABC")).status_code == 4003
        again = await hub.platforms.invite_again(platform_of(hub, emsp), by="test")
        await emsp.register(again.versions_url, again.token)
        await hears(cpo, ABC, "CONNECTED")


# --- agreements: the status is per viewer -----------------------------------------------------------------------------


async def test_who_has_no_agreement_is_planned_and_an_agreement_connects_them_both(settings: MakeSettings) -> None:
    async with market(settings(routing={"policy": "agreements"})) as (hub, cpo, emsp):
        assert (await listed(cpo), await listed(emsp)) == ({ABC: "PLANNED"}, {TNM: "PLANNED"})
        assert (await cpo.push_location("DE*ABC")).status_code == 4001
        before = await updated(emsp)
        await hub.platforms.allow(between(allows=True), by="test")
        assert (await cpo.push_location("DE*ABC")).is_success
        await hears(cpo, ABC, "CONNECTED")
        await hears(emsp, TNM, "CONNECTED")
        assert (await listed(cpo), await listed(emsp)) == ({ABC: "CONNECTED"}, {TNM: "CONNECTED"})
        assert await updated(emsp) > before, "last_updated is when the viewer's view changed"


async def updated(party: FakeParty) -> str:
    """When what a party sees of the only other one changed."""
    (row,) = [row async for row in party.list("hubclientinfo")]
    return str(row["last_updated"])


async def test_who_is_denied_sees_the_other_no_more(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, emsp):
        await hub.platforms.allow(between(allows=False), by="test")
        denied = await cpo.push_location("DE*ABC")
        unknown = await cpo.push_location("DE*XXX")
        assert (denied.http, denied.status_code) == (unknown.http, unknown.status_code) == (200, 4001)
        assert denied.status_message.replace("ABC", "XXX") == unknown.status_message
        await hears(cpo, ABC, "SUSPENDED")
        await hears(emsp, TNM, "SUSPENDED")
        assert (await listed(cpo), await listed(emsp)) == ({}, {})
        assert await listed(cpo, "date_from=2020-01-01T00:00:00Z") == {ABC: "SUSPENDED"}
        await hub.platforms.disallow("1", by="test")
        assert (await cpo.push_location("DE*ABC")).is_success
        await hears(cpo, ABC, "CONNECTED")


async def test_who_is_denied_one_module_is_still_there(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, emsp):
        await hub.platforms.allow(between("cdrs", allows=False), by="test")
        assert (await cpo.push_cdr("DE*ABC", emsp.parties[0])).status_code == 4001
        assert (await cpo.push_session("DE*ABC", emsp.parties[0])).is_success
        assert await listed(cpo) == {ABC: "CONNECTED"}


# --- who is told, and who is not -------------------------------------------------------------------------------------


async def test_two_roles_of_one_party_are_two_objects_at_one_address(settings: MakeSettings) -> None:
    """Routing reference, A-20."""
    async with running(settings()) as hub, FakeCpo() as cpo, FakeEmsp("DE*ABC") as emsp:
        await join(hub, cpo)
        roles = [RoleRow(emsp.parties[0], role) for role in (Role.EMSP, Role.NSP)]
        await hub.platforms.invite(by="test", name="both", roles=roles)
        for role in (Role.EMSP, Role.NSP):
            await hears(cpo, f"DE*ABC {role}", "PLANNED")
        assert await listed(cpo) == {ABC: "PLANNED", "DE*ABC NSP": "PLANNED"}
        assert {seen.path for seen in cpo.seen if seen.module == "hubclientinfo"} == {"/DE/ABC"}


async def test_who_implements_no_receiver_interface_is_told_only_when_it_asks(settings: MakeSettings) -> None:
    async with (
        running(settings()) as hub,
        FakeCpo(modules=["locations"]) as deaf,
        FakeCpo("BE*BEC") as cpo,
        FakeEmsp() as emsp,
    ):
        await join(hub, deaf, cpo, emsp)
        await hears(cpo, ABC, "CONNECTED")
        assert await listed(deaf) == {ABC: "CONNECTED"}
        assert pushes(deaf) == []


async def test_a_party_of_2_1_1_is_shown_to_others_and_told_nothing(settings: MakeSettings) -> None:
    async with running(settings()) as hub, FakeCpo(version="2.1.1") as old, FakeEmsp(version="2.3.0") as new:
        await join(hub, new, old)
        await hears(new, TNM, "CONNECTED")
        assert await listed(new) == {TNM: "CONNECTED"}
        await hub.platforms.suspend(platform_of(hub, new), by="test")
        url = old.peer.credentials_url.replace("credentials", "hubclientinfo")
        assert (await old.send("GET", "hubclientinfo", url=url)).http == 404
        assert pushes(old) == []


async def test_what_was_missed_offline_is_not_pushed_later(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, emsp):
        await hears(cpo, ABC, "CONNECTED")
        await cpo.unregister()
        await hub.platforms.suspend(platform_of(hub, emsp), by="test")
        again = await hub.platforms.invite_again(platform_of(hub, cpo), by="test")
        await cpo.register(again.versions_url, again.token)
        await hub.platforms.invite(by="test", name="next", roles=[RoleRow(PartyId("FR", "NXT"), Role.EMSP)])
        await hears(cpo, "FR*NXT EMSP", "PLANNED")
        assert (ABC, "SUSPENDED") not in pushes(cpo)
        assert (await listed(cpo))[ABC] == "SUSPENDED"


# --- order, and what survives ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["NL*TNM", "NL*HUB"])
async def test_a_new_party_is_told_before_its_first_object_arrives(settings: MakeSettings, to: str) -> None:
    """HubClientInfo, CONNECTED: receivers may refuse objects of a party that they have not heard of."""
    async with running(settings()) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, cpo)
        invitation = await invite(hub, emsp)
        await hears(cpo, ABC, "PLANNED")
        cpo.misbehave("slow", module="hubclientinfo", seconds=1)
        await emsp.register(invitation.versions_url, invitation.token)
        assert (await emsp.push_token(to)).is_success
        (token,) = await cpo.saw(method="PUT", module="tokens", timeout_s=WAIT_S)
        connected = next(seen for seen in cpo.seen if seen.document and seen.document.get("status") == "CONNECTED")
        assert cpo.seen.index(connected) < cpo.seen.index(token)
        assert (token.at - connected.at).total_seconds() > 0.9, "the object waited until the news was answered"


async def test_a_receiver_that_does_not_answer_the_news_holds_nobody_for_long(settings: MakeSettings) -> None:
    async with running(settings(routing=QUICK)) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, cpo)
        cpo.misbehave("silent", module="hubclientinfo")
        await join(hub, emsp)
        assert (await emsp.push_token("NL*TNM")).is_success


async def test_a_slow_receiver_is_told_how_things_are_not_how_they_were(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, emsp):
        await hears(cpo, ABC, "CONNECTED")
        cpo.misbehave("slow", module="hubclientinfo", seconds=2)
        platform_id = platform_of(hub, emsp)
        await hub.platforms.suspend(platform_id, by="test")
        await hears(cpo, ABC, "SUSPENDED")
        for _ in range(3):
            await hub.platforms.resume(platform_id, by="test")
            await hub.platforms.suspend(platform_id, by="test")
        await hub.platforms.resume(platform_id, by="test")
        await hears(cpo, ABC, "CONNECTED")
        statuses = [status for _, status in pushes(cpo)]
        assert statuses[-2:] == ["SUSPENDED", "CONNECTED"]


async def test_a_change_survives_the_node_that_made_it(settings: MakeSettings, store_url: str) -> None:
    """A node that dies between the change and the push: whoever runs next pushes it."""
    mine = settings(store_url)
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        async with running(mine) as hub:
            await join(hub, cpo, emsp)
            await hears(cpo, ABC, "CONNECTED")
            platform_id = platform_of(hub, emsp)
        store = Store(store_url)
        async with store.write() as connection:  # a node that makes the change, and does nothing after it
            await registry.touch(connection, platform_id, status=ConnectionStatus.SUSPENDED)
        await store.close()
        async with running(mine):
            await hears(cpo, ABC, "SUSPENDED")
        assert [status for _, status in pushes(cpo)].count("SUSPENDED") == 1


async def test_of_two_nodes_one_pushes_each_change_and_both_follow_an_agreement(
    settings: MakeSettings, store_url: str
) -> None:
    one = settings(store_url)
    other = one.model_copy(update={"server": one.server.model_copy(update={"port": 0})})
    async with running(one) as hub, running(other) as second, FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, cpo, emsp)
        await hears(cpo, ABC, "CONNECTED")
        before = len(pushes(cpo))
        await second.platforms.suspend(platform_of(hub, emsp), by="test")
        await hears(cpo, ABC, "SUSPENDED")
        await second.platforms.resume(platform_of(hub, emsp), by="test")
        await hears(cpo, ABC, "CONNECTED")
        assert pushes(cpo)[before:] == [(ABC, "SUSPENDED"), (ABC, "CONNECTED")]
        await second.platforms.allow(between(allows=False), by="test")
        assert await listed(cpo) == {}, "the list is right on the other node at once"
        assert (await cpo.push_location("DE*ABC")).status_code == 4001
