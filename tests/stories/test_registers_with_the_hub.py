"""A platform registers with the hub (hub as Receiver): POST, GET, PUT and DELETE of credentials that go well.

OCPI 2.2.1, Credentials module.
"""

from __future__ import annotations

import time

import pytest
from sqlalchemy import update

from hub.lifecycle import Hub, running
from hub.platforms import Invitation
from hub.store import registry, tables
from hub.testing import FakeCpo, FakeEmsp, FakeParty, RegistrationFailed
from routing.ocpi import ConnectionStatus, Interface, Role
from tests.stories.market import MakeSettings, invite, join, market, platform_of, registry_rows

VERSIONS = ("2.2.1", "2.3.0")


async def accepts(hub: Hub, party: FakeParty, token: str) -> bool:
    """Whether the hub accepts a token for a functional module."""
    url = f"{hub.settings.public_url}/ocpi/{party.version}/sender/sessions"
    answer = await party.call("GET", url, {"Authorization": f"Token {token}"})
    assert answer.status_code is not None
    return answer.http != 401


async def let_time_pass(hub: Hub, seconds: float) -> None:
    """Make every token that ends do so this much earlier."""
    tokens = tables.tokens
    async with hub.store.write() as connection:
        await connection.execute(
            update(tokens).where(tokens.c.expires_at.is_not(None)).values(expires_at=tokens.c.expires_at - seconds)
        )
        for platform_id in hub.picture.directory.platforms:
            await registry.touch(connection, platform_id)
    await hub.picture.refresh()


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_platform_registers_and_is_reached(settings: MakeSettings, store_url: str, version: str) -> None:
    async with market(settings(store_url), version) as (hub, cpo, emsp):
        platform = hub.picture.directory.platforms[platform_of(hub, cpo)]
        assert platform.status is ConnectionStatus.CONNECTED
        assert str(platform.version) == version
        assert platform.endpoints["locations", Interface.SENDER] == cpo.serving.url(version, "sender", "locations")
        assert (await cpo.push_location("DE*ABC")).is_success
        assert (await emsp.push_token("NL*TNM")).is_success
        # the hub read the versions and the details with the token that it was given in the POST
        asked = [seen.raw_path for seen in cpo.seen if seen.module == "versions"]
        assert asked == ["/ocpi/versions", f"/ocpi/{version}"]


async def test_the_hub_says_what_it_is_in_the_words_of_each_version(settings: MakeSettings) -> None:
    async with running(settings()) as hub, FakeCpo() as old, FakeEmsp("FR*NEW", version="2.3.0") as new:
        await join(hub, old, new)
        assert [(row["role"], row["party_id"]) for row in old.peer.credentials["roles"]] == [("HUB", "HUB")]
        assert "hub_party_id" not in old.peer.credentials
        assert new.peer.credentials["hub_party_id"] == "NLHUB"
        assert [(row["role"], row["party_id"]) for row in new.peer.credentials["roles"]] == [("CPO", "TNM")]
        assert old.peer.credentials["url"] == new.peer.credentials["url"] == f"{hub.settings.public_url}/ocpi/versions"


async def test_the_newest_mutual_version_is_spoken(settings: MakeSettings) -> None:
    chosen = settings(hub={"versions": ["2.1.1", "2.2.1"]})
    async with running(chosen) as hub, FakeCpo(versions=("2.1.1", "2.2.1", "2.3.0")) as cpo:
        await join(hub, cpo)
        assert str(cpo.version) == "2.2.1"
        platform = hub.picture.directory.platforms[platform_of(hub, cpo)]
        assert str(platform.version) == "2.2.1"


async def test_several_parties_are_on_one_platform(settings: MakeSettings) -> None:
    async with running(settings()) as hub, FakeCpo("NL*TNM", "BE*TNB", "FR*TNF") as cpo, FakeEmsp() as emsp:
        await join(hub, cpo, emsp)
        assert len({party.platform_id for row in cpo.parties for party in hub.picture.directory.parties[row]}) == 1
        for party in ("NL*TNM", "BE*TNB", "FR*TNF"):
            sent = await emsp.push_token(party)
            assert (sent.is_success, sent.party("from")) == (True, party)
            assert cpo.seen[-1].receiver == party
        unnamed = await cpo.send("PUT", "tariffs", "/BE/TNB/T1", to="DE*ABC", from_="", body={"id": "T1"})
        assert (unnamed.http, unnamed.status_code) == (200, 2001)
        named = await cpo.send("PUT", "tariffs", "/BE/TNB/T1", to="DE*ABC", from_="BE*TNB", body={"id": "T1"})
        assert (named.is_success, emsp.seen[-1].sender) == (True, "BE*TNB")


async def test_credentials_are_shown_with_the_token_of_who_asks(settings: MakeSettings) -> None:
    async with running(settings()) as hub, FakeCpo() as cpo:
        invitation = await invite(hub, cpo)
        url = f"{hub.settings.public_url}/ocpi/2.2.1/credentials"
        early = await cpo.call("GET", url, {"Authorization": f"Token {invitation.token}"})
        assert (early.is_success, early.data["token"]) == (True, invitation.token)
        await cpo.register(invitation.versions_url, invitation.token)
        later = await cpo.send("GET", "credentials", url=url)
        assert later.data == cpo.peer.credentials


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_rotation_renews_both_tokens_and_the_old_one_lasts_a_minute(
    settings: MakeSettings, store_url: str, version: str
) -> None:
    async with market(settings(store_url), version) as (hub, cpo, emsp):
        old_out, old_in = cpo.peer.token_out, cpo.handshakes.token_in
        await cpo.update_credentials()
        assert cpo.peer.token_out != old_out
        assert cpo.handshakes.token_in != old_in
        assert (await emsp.push_token("NL*TNM")).is_success  # with the token that the CPO just gave
        assert await accepts(hub, cpo, old_out)
        assert await accepts(hub, cpo, cpo.peer.token_out)
        row = next(row for row in (await registry_rows(hub))["tokens"] if row["expires_at"] is not None)
        assert 50 < row["expires_at"] - time.time() <= 60
        await let_time_pass(hub, 61)
        assert not await accepts(hub, cpo, old_out)
        assert await accepts(hub, cpo, cpo.peer.token_out)


async def test_a_rotation_again_and_again_does_not_lengthen_the_life_of_the_old_token(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, _):
        old = cpo.peer.token_out
        await cpo.update_credentials()
        await let_time_pass(hub, 50)
        await cpo.update_credentials()
        await let_time_pass(hub, 11)
        assert not await accepts(hub, cpo, old)


async def test_a_platform_changes_to_another_version(settings: MakeSettings) -> None:
    async with running(settings()) as hub, FakeCpo() as cpo, FakeEmsp(version="2.3.0") as emsp:
        await join(hub, cpo, emsp)
        cpo.offers = ("2.2.1", "2.3.0")
        await cpo.update_credentials("2.3.0")
        platform = hub.picture.directory.platforms[platform_of(hub, cpo)]
        assert str(platform.version) == "2.3.0"
        assert all("/2.3.0/" in url for url in platform.endpoints.values())
        sent = await cpo.push_location("DE*ABC")
        assert sent.is_success
        assert (emsp.seen[-1].version, emsp.seen[-1].body) == ("2.3.0", sent.request_body)


async def test_a_party_that_is_left_out_of_an_update_is_suspended(settings: MakeSettings) -> None:
    async with running(settings()) as hub, FakeCpo("NL*TNM", "BE*TNB") as cpo, FakeEmsp() as emsp:
        await join(hub, cpo, emsp)
        cpo.parties = cpo.parties[:1]
        await cpo.update_credentials()
        assert (await emsp.push_token("NL*TNM")).is_success
        assert (await emsp.push_token("BE*TNB")).status_code == 4003


async def test_a_platform_of_several_parties_has_no_place_in_2_1_1(settings: MakeSettings) -> None:
    """Routing reference, 5.5: what 2.1.1 cannot say makes the change impossible (3002), and loses nobody."""
    async with running(settings()) as hub, FakeCpo("NL*TNM", "BE*TNB") as cpo, FakeEmsp() as emsp:
        await join(hub, cpo, emsp)
        cpo.offers = ("2.1.1", "2.2.1")
        with pytest.raises(RegistrationFailed, match="3002"):
            await cpo.update_credentials("2.1.1")
        assert [(await emsp.push_token(party)).is_success for party in ("NL*TNM", "BE*TNB")] == [True, True]
        cpo.parties = cpo.parties[:1]
        await cpo.update_credentials("2.2.1")
        await cpo.update_credentials("2.1.1")
        assert str(hub.picture.directory.platforms[platform_of(hub, cpo)].version) == "2.1.1"


async def test_a_role_that_was_dropped_does_not_come_back_in_2_1_1(settings: MakeSettings) -> None:
    """2.1.1 tells no role: it is the one that the platform has, not one that it had."""
    async with running(settings()) as hub, FakeParty("NL*TNM", role=Role.EMSP, also={"NL*TNM": Role.CPO}) as party:
        await join(hub, party)
        party.also = ()
        await party.update_credentials()
        party.offers = ("2.1.1", "2.2.1")
        await party.update_credentials("2.1.1")
        rows = hub.picture.directory.parties[party.parties[0]]
        assert {row.role: row.is_suspended for row in rows} == {Role.EMSP: False, Role.CPO: True}


async def test_who_unregisters_is_a_stranger_and_may_be_invited_again(settings: MakeSettings, store_url: str) -> None:
    async with market(settings(store_url)) as (hub, cpo, emsp):
        platform_id, token = platform_of(hub, cpo), cpo.peer.token_out
        await cpo.unregister()
        assert not await accepts(hub, cpo, token)
        assert (await emsp.push_token("NL*TNM")).status_code == 4003
        assert hub.picture.directory.platforms[platform_id].status is ConnectionStatus.OFFLINE
        rows = await registry_rows(hub)
        assert not [row for name in ("tokens", "endpoints") for row in rows[name] if row["platform_id"] == platform_id]
        again = await hub.platforms.invite_again(platform_id, by="test")
        await cpo.register(again.versions_url, again.token)
        assert (await emsp.push_token("NL*TNM")).is_success


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_an_exchange_whose_answer_was_lost_can_be_repeated(
    settings: MakeSettings, store_url: str, method: str
) -> None:
    async with running(settings(store_url)) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, emsp)
        invitation = await invite(hub, cpo)
        if method == "PUT":
            await cpo.register(invitation.versions_url, invitation.token)
        cpo.misbehave("lost-answer", times=1)
        with pytest.raises(RegistrationFailed, match="the answer was lost"):
            await exchange(cpo, method, invitation)
        await exchange(cpo, method, invitation)
        assert (await emsp.push_token("NL*TNM")).is_success
        assert await accepts(hub, cpo, cpo.peer.token_out)
        # nobody has the token of the lost answer: it ends
        rows = [row for row in (await registry_rows(hub))["tokens"] if row["platform_id"] == platform_of(hub, cpo)]
        assert [row["scope"] for row in rows if row["expires_at"] is None] == ["full"]
        # the invitation ended when the token that it was exchanged for was used
        assert not await accepts(hub, cpo, invitation.token)
        again = await cpo.call("GET", invitation.versions_url, {"Authorization": f"Token {invitation.token}"})
        assert again.http == 401


async def exchange(party: FakeParty, method: str, invitation: Invitation) -> None:
    """POST or PUT its credentials."""
    if method == "POST":
        await party.register(invitation.versions_url, invitation.token)
    else:
        await party.update_credentials()
