"""What the journal and the metrics tell of traffic through the real doors, between parties on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.store import journal as stored
from hub.store.journal import Journey, Wanted
from hub.store.registry import RoleRow
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from routing.journey import Direction, Outcome

MakeSettings = Callable[..., Settings]


@asynccontextmanager
async def market(settings: Settings) -> AsyncIterator[tuple[Hub, FakeCpo, FakeEmsp]]:
    """A running hub with a CPO and an eMSP registered."""
    async with running(settings) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        for party in (cpo, emsp):
            await join(hub, party)
        yield hub, cpo, emsp


async def join(hub: Hub, party: FakeParty) -> None:
    """Register a party with the hub."""
    roles = [RoleRow(id, party.role, {"name": party.name}) for id in party.parties]
    invitation = await hub.platforms.invite(by="test", name=party.name, roles=roles)
    await party.register(invitation.versions_url, invitation.token)


async def told(hub: Hub, *, at_least: int = 0, **wanted: Any) -> list[Journey]:
    """What the journal tells once it wrote everything; a callback's leg ends after whoever it is for has it."""
    async with asyncio.timeout(30):
        while True:
            if not hub.journal.waiting:
                async with hub.store.read() as connection:
                    found, _ = await stored.journeys(connection, Wanted(**wanted))
                if len(found) >= at_least:
                    return found
            await asyncio.sleep(0.02)


def counted(hub: Hub, line: str) -> bool:
    """Whether the metrics have this line."""
    return line in hub.metrics.rendered().decode().splitlines()


async def test_a_delivered_message_is_told_with_both_its_legs(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, emsp):
        sent = await cpo.push_session("DE*ABC", emsp.parties[0])
        (journey,) = await told(hub, correlation_id=sent.sent["X-Correlation-ID"])
        incoming, outgoing = journey.legs
        assert (incoming.direction, outgoing.direction) == (Direction.IN, Direction.OUT)
        assert (incoming.sender, incoming.receiver) == (outgoing.sender, outgoing.receiver) == ("NL*TNM", "DE*ABC")
        assert (incoming.http, incoming.ocpi, incoming.outcome) == (201, 1000, Outcome.DELIVERED)
        assert incoming.request_id == sent.sent["X-Request-ID"] != outgoing.request_id
        assert journey.first.ms == pytest.approx(journey.hub_ms + journey.party_ms)
        assert 0 < outgoing.ms <= incoming.ms, "the one lies within the other"
        assert incoming.bytes_in == outgoing.bytes_out == len(sent.request_body) > 0
        assert incoming.bytes_out == outgoing.bytes_in == len(sent.body) > 0
        assert incoming.request_body is None
        assert counted(hub, 'ocpi_hub_requests_total{interface="RECEIVER",module="sessions",outcome="delivered"} 1.0')
        assert counted(hub, 'ocpi_hub_parties{status="CONNECTED"} 2.0')
        assert counted(hub, "ocpi_hub_in_flight 0.0")


async def test_a_lost_cdr_is_found_with_whose_fault_it_was(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, emsp):
        await emsp.stop()
        sent = await cpo.push_cdr("DE*ABC", emsp.parties[0])
        assert sent.status_code == 4003
        (journey,) = await told(hub, party="NL*TNM", module="cdrs", outcome="failed")
        assert journey.first.correlation_id == sent.sent["X-Correlation-ID"]
        assert journey.reason == "the receiver does not accept connections"
        assert journey.legs[1].http is None
        assert counted(hub, 'ocpi_hub_calls_total{interface="RECEIVER",module="cdrs",outcome="failed"} 1.0')


async def test_a_callback_is_told_with_its_command(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, _, emsp):
        ordered = await emsp.start_session("NL*TNM")
        await ordered.result()
        callback, command = await told(hub, module="commands", at_least=2)
        assert callback.first.parent == command.id
        async with hub.store.read() as connection:
            family = await stored.family(connection, callback.id)
        assert [journey.id for journey in family] == [command.id, callback.id]


async def test_pages_are_told_with_their_list(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, emsp):
        for number in (2, 3):
            await cpo.push_location("DE*ABC", f"LOC{number}")
        pages = [page async for page in emsp.pages("locations", to="NL*TNM", query="limit=1")]
        assert len(pages) == 3
        await told(hub)
        found = await told(hub, correlation_id=pages[2].sent["X-Correlation-ID"])
        async with hub.store.read() as connection:
            family = await stored.family(connection, found[0].id)
        assert [journey.first.correlation_id for journey in family] == [page.sent["X-Correlation-ID"] for page in pages]
        assert not any("hub-" in seen.query for seen in cpo.seen)


async def test_no_card_shows_anywhere_in_the_journal(settings: MakeSettings) -> None:
    async with market(settings(journal={"bodies": "all"})) as (hub, cpo, emsp):
        await emsp.push_token("NL*TNM", "CARD-777777")
        await cpo.authorize("DE*ABC", "CARD-777777")
        await cpo.authorize("DE*ABC", "CARD-888888")
        ordered = await emsp.start_session("NL*TNM", uid="CARD-777777")
        await ordered.result()
        journeys = await told(hub)
        assert any(leg.request_body for journey in journeys for leg in journey.legs)
        text = str(journeys)
        assert "CARD-777777" not in text
        assert "CARD-888888" not in text
        for secret in (cpo.handshakes.token_out, emsp.handshakes.token_out):
            assert secret not in text


async def test_the_handshake_and_a_wrong_token_are_told_too(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, _):
        cpo.misbehave("wrong-token")
        await cpo.push_cdr("DE*ABC", cpo.parties[0])
        stranger, *_ = await told(hub, module="cdrs")
        assert (stranger.first.http, stranger.outcome, stranger.first.platform_id) == (401, Outcome.REFUSED, "")
        assert (stranger.first.version, stranger.first.interface) == ("2.2.1", "RECEIVER")
        assert (stranger.first.sender, stranger.first.receiver) == ("", ""), "what a stranger says is not believed"
        handshakes = await told(hub, module="credentials")
        assert [(journey.first.method, journey.first.ocpi) for journey in handshakes] == [("POST", 1000)] * 2
        assert all(leg.request_body is leg.answer_body is None for journey in handshakes for leg in journey.legs)


async def test_what_is_refused_at_the_door_is_found_by_party_and_module(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, _), aiohttp.ClientSession() as session:
        url, headers = f"{hub.settings.public_url}/ocpi/2.2.1", {"Authorization": f"Token {cpo.handshakes.token_out}"}
        to = {"OCPI-to-country-code": "DE", "OCPI-to-party-id": "ABC"}
        for path, body in (
            ("/receiver/sessions/NL/TNM/1", b"{"),
            ("/tokens/NL/TNM/CARD-777777", b"{}"),
            ("/receiver/tokens/NL/TNM/CARD-777777", b"{"),
        ):
            async with session.put(url + path, data=body, headers=headers | to) as answer:
                assert answer.status >= 400
        (broken,) = await told(hub, party="NL*TNM", module="sessions")
        assert (broken.first.sender, broken.first.receiver) == ("NL*TNM", "DE*ABC")
        assert (broken.first.path, broken.first.interface, broken.first.http) == ("/NL/TNM/1", "RECEIVER", 400)
        masked, astray = await told(hub, party="DE*ABC", module="tokens")
        assert (astray.first.path, astray.first.http, astray.first.interface) == ("/ocpi/2.2.1/tokens", 404, "")
        assert masked.first.path == "/NL/TNM/***"


async def test_what_crossed_the_bridge_tells_both_versions_and_what_was_lost(settings: MakeSettings) -> None:
    async with running(settings()) as hub, FakeCpo() as cpo, FakeEmsp(version="2.1.1") as emsp:
        for party in (cpo, emsp):
            await join(hub, party)
        sent = await cpo.push_location("DE*ABC")
        assert sent.is_success
        (journey,) = await told(hub, module="locations")
        assert [leg.version for leg in journey.legs] == ["2.2.1", "2.1.1"]
        losses = [loss for leg in journey.legs for loss in leg.losses]
        assert losses
        assert "ocpi_hub_translation_losses_total" in hub.metrics.rendered().decode()


async def test_everything_is_written_before_the_hub_ends(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, emsp):
        for _ in range(20):
            await cpo.push_session("DE*ABC", emsp.parties[0])
    assert hub.journal.waiting == 0
    assert sum(hub.journal.dropped.values()) == 0
