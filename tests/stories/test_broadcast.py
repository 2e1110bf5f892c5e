"""Broadcast Push through the real doors: who hears of what, with which headers, and what is refused.

OCPI 2.2.1 and 2.3.0, transport and format, Broadcast Push.
"""

from __future__ import annotations

from typing import Any

import pytest

from hub.lifecycle import Hub
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from hub.testing.samples import cdr, session
from routing.agreements import Agreement
from routing.ocpi import Interface, PartyId, Role
from tests.stories.market import MakeSettings, gathered
from tests.stories.waiting import until

HUB = "NL*HUB"


async def arrived(hub: Hub) -> None:
    """Wait until nothing of a broadcast is under way."""
    await until(lambda: hub.router.broadcast.is_idle)


def heard(party: FakeParty, module: str = "locations") -> list[str]:
    """What a party was sent of a module: method and path."""
    return [f"{seen.method} {seen.path}" for seen in party.seen if seen.module == module]


# --- headers, section 4.1 of the routing rules -----------------------------------------------------------------------


async def test_each_leg_of_a_broadcast_names_who_it_is_for_and_from(settings: MakeSettings) -> None:
    """Requester to hub: TO hub. Hub to requester: FROM hub. Hub to each receiver: TO receiver, FROM hub."""
    cpo, emsp, other = FakeCpo(), FakeEmsp(), FakeEmsp("FR*EMP")
    async with gathered(settings(), cpo, emsp, other) as hub:
        sent = await cpo.push_location(HUB)
        assert (sent.http, sent.status_code, sent.data) == (200, 1000, None)
        assert (sent.party("to"), sent.party("from")) == ("NL*TNM", HUB)
        for name in ("X-Request-ID", "X-Correlation-ID"):
            assert sent.headers[name] == sent.sent[name]
        await arrived(hub)
        copies = [seen for party in (emsp, other) for seen in party.seen if seen.module == "locations"]
        assert [(copy.receiver, copy.sender) for copy in copies] == [("DE*ABC", HUB), ("FR*EMP", HUB)]
        assert {copy.headers["X-Correlation-ID"] for copy in copies} == {sent.sent["X-Correlation-ID"]}
        ids = {copy.headers["X-Request-ID"] for copy in copies} | {sent.sent["X-Request-ID"]}
        assert len(ids) == 3
        assert {copy.path for copy in copies} == {"/NL/TNM/LOC1"}
        assert {copy.body for copy in copies} == {sent.request_body}


async def test_a_push_without_a_receiver_is_for_everybody(settings: MakeSettings) -> None:
    """An Open Routing Request whose destination cannot be determined may be broadcast."""
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with gathered(settings(), cpo, emsp) as hub:
        sent = await cpo.push_location(None)
        assert sent.is_success
        assert sent.party("from") == HUB
        await arrived(hub)
        assert [(seen.receiver, seen.sender) for seen in emsp.seen if seen.module == "locations"] == [("DE*ABC", HUB)]


# --- who hears of it -------------------------------------------------------------------------------------------------


async def test_every_party_of_an_opposite_role_hears_of_it_and_nobody_else(settings: MakeSettings) -> None:
    cpo, rival = FakeCpo(), FakeCpo("BE*BEC")
    emsps = [FakeEmsp("DE*ABC", "DE*XYZ"), FakeEmsp("FR*EMP")]
    others = [
        FakeParty("SE*NSP", role=Role.NSP),
        FakeParty("SE*NAP", role=Role.NAP),
        FakeParty("SE*OTH", role=Role.OTHER),
        FakeParty("SE*SCS", role=Role.SCSP, extra=[("locations", Interface.RECEIVER)]),
        FakeParty("SE*SCT", role=Role.SCSP),
    ]
    async with gathered(settings(), cpo, rival, *emsps, *others) as hub:
        await cpo.push_location(HUB)
        await rival.push_location(HUB)
        await arrived(hub)
        from_both = ["PUT /BE/BEC/LOC1", "PUT /NL/TNM/LOC1"]
        assert sorted(heard(emsps[1])) == from_both
        assert sorted(heard(emsps[0])) == sorted(from_both * 2)
        assert sorted(seen.receiver for seen in emsps[0].seen if seen.module == "locations") == [
            *("DE*ABC", "DE*ABC"),
            *("DE*XYZ", "DE*XYZ"),
        ]
        assert [sorted(heard(other)) for other in others] == [from_both] * 4 + [[]]
        assert heard(cpo) == heard(rival) == []


async def test_tokens_of_an_emsp_and_of_an_other_go_to_every_cpo(settings: MakeSettings) -> None:
    cpo, rival, emsp, other = FakeCpo(), FakeCpo("BE*BEC"), FakeEmsp(), FakeParty("SE*OTH", role=Role.OTHER)
    async with gathered(settings(), cpo, rival, emsp, other) as hub:
        assert (await emsp.push_token(HUB)).is_success
        body = {"uid": "1", "type": "RFID"}
        assert (await other.send("PUT", "tokens", "/SE/OTH/1", to=HUB, body=body)).is_success
        await arrived(hub)
        for each in (cpo, rival):
            assert sorted(heard(each, "tokens")) == ["PUT /DE/ABC/012345678", "PUT /SE/OTH/1"]
        assert heard(emsp, "tokens") == heard(other, "tokens") == []


async def test_both_roles_on_one_platform_hear_what_is_for_each(settings: MakeSettings) -> None:
    both = FakeCpo("SE*TWO", also={"SE*MSP": Role.EMSP})
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with gathered(settings(), both, cpo, emsp) as hub:
        await both.push_location(HUB)
        await cpo.push_location(HUB)
        await emsp.push_token(HUB)
        await arrived(hub)
        assert [(seen.receiver, seen.path) for seen in both.seen if seen.module == "locations"] == [
            ("SE*MSP", "/NL/TNM/LOC1")
        ]
        assert [seen.receiver for seen in both.seen if seen.module == "tokens"] == ["SE*TWO"]
        assert sorted(heard(emsp)) == ["PUT /NL/TNM/LOC1", "PUT /SE/TWO/LOC1"]


async def test_an_agreement_that_is_made_now_holds_for_the_next_push(settings: MakeSettings) -> None:
    cpo, emsp, other = FakeCpo(), FakeEmsp(), FakeEmsp("FR*EMP")
    async with gathered(settings(routing={"policy": "agreements"}), cpo, emsp, other) as hub:
        await cpo.push_location(HUB)
        await arrived(hub)
        assert heard(emsp) == heard(other) == []
        await hub.platforms.allow(Agreement("1", cpo.parties[0], emsp.parties[0], is_allowed=True), by="test")
        await cpo.push_location(HUB)
        await arrived(hub)
        assert (len(heard(emsp)), len(heard(other))) == (1, 0)
        await hub.platforms.disallow("1", by="test")
        await cpo.push_location(HUB)
        await arrived(hub)
        assert len(heard(emsp)) == 1


# --- what is for everybody -------------------------------------------------------------------------------------------


async def test_parts_changes_and_removals_go_to_everybody_at_the_same_path(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    news = {"status": "CHARGING", "last_updated": "2026-01-01T00:00:00Z"}
    async with gathered(settings(), cpo, emsp) as hub:
        await cpo.push_location(HUB)
        await arrived(hub)
        for path in ("/NL/TNM/LOC1", "/NL/TNM/LOC1/LOC1-1", "/NL/TNM/LOC1/LOC1-1/1"):
            assert (await cpo.send("PATCH", "locations", path, to=HUB, body=news)).is_success
            await arrived(hub)
        await cpo.push_tariff(HUB)
        await arrived(hub)
        assert (await cpo.send("DELETE", "tariffs", "/NL/TNM/TAR1", to=HUB)).is_success
        await arrived(hub)
        assert heard(emsp) == [
            "PUT /NL/TNM/LOC1",
            "PATCH /NL/TNM/LOC1",
            "PATCH /NL/TNM/LOC1/LOC1-1",
            "PATCH /NL/TNM/LOC1/LOC1-1/1",
        ]
        assert heard(emsp, "tariffs") == ["PUT /NL/TNM/TAR1", "DELETE /NL/TNM/TAR1"]


async def test_a_booking_location_is_known_by_the_path_of_the_examples_too(settings: MakeSettings) -> None:
    """OCPI 2.3.0, bookings, PATCH: the example names the object before its owner, the template after it."""
    modules = ("locations", "Booking")
    cpo, emsp = FakeCpo(version="2.3.0", modules=modules), FakeEmsp(version="2.3.0", modules=modules)
    partial = {"last_updated": "2026-01-01T00:00:00Z"}
    async with gathered(settings(), cpo, emsp):
        told = [
            await cpo.send("PATCH", "Booking", f"/bookinglocations/{owner}/B1/C1", to="DE*ABC", body=partial)
            for owner in ("NL/TNM", "FR/XYZ")
        ]
        assert [(answer.http, answer.status_code) for answer in told] == [(200, 1000), (404, 2001)]
        assert heard(emsp, "booking") == ["PATCH /NL/TNM/booking_locations/B1/C1"]


async def test_booking_locations_are_for_everybody_and_bookings_are_not(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(version="2.3.0"), FakeEmsp(version="2.3.0")
    async with gathered(settings(), cpo, emsp) as hub:
        place = {"booking_location_id": "B1", "last_updated": "2026-01-01T00:00:00Z"}
        sent = await cpo.send("PUT", "Booking", "/NL/TNM/booking_locations/B1", to=HUB, body=place)
        assert sent.is_success, sent.envelope
        refused = await cpo.send("PUT", "Booking", "/NL/TNM/BOOKED1", to=HUB, body={"id": "BOOKED1"})
        assert (refused.http, refused.status_code) == (200, 2001)
        unclear = await cpo.send("PUT", "Booking", "/NL/TNM/booking_locations", to="DE*ABC", body={"id": "x"})
        assert (unclear.http, unclear.status_code) == (200, 2001)
        await arrived(hub)
        assert heard(emsp, "booking") == ["PUT /NL/TNM/booking_locations/B1"]


DRIVER = PartyId("DE", "ABC")
CPO = PartyId("NL", "TNM")


@pytest.mark.parametrize(
    ("method", "module", "path", "body"),
    [
        ("PUT", "sessions", "/NL/TNM/SES1", session("2.2.1", CPO, DRIVER)),
        ("PATCH", "sessions", "/NL/TNM/SES1", {"kwh": 2}),
        ("POST", "cdrs", "", cdr("2.2.1", CPO, DRIVER)),
        ("POST", "commands", "/UNLOCK_CONNECTOR", {"response_url": "https://e.example/x", "location_id": "LOC1"}),
        ("PUT", "chargingprofiles", "/SES1", {"response_url": "https://e.example/x"}),
        ("POST", "locations", "/NL/TNM/LOC1", {}),
        ("DELETE", "locations", "/NL/TNM/LOC1", None),
        ("PUT", "wattsOffice", "/x", {"x": 1}),
    ],
)
async def test_what_is_not_meant_for_everybody_is_refused(
    settings: MakeSettings, method: str, module: str, path: str, body: Any
) -> None:
    cpo, emsp = (
        make(modules=["locations", "sessions", "cdrs", "commands", "chargingprofiles", "wattsOffice"])
        for make in (FakeCpo, FakeEmsp)
    )
    async with gathered(settings(hub={"custom_modules": ["wattsOffice"]}), cpo, emsp) as hub:
        before = len(emsp.seen)
        refused = await cpo.send(method, module, path, to=HUB, body=body)
        assert (refused.http, refused.status_code) == (200, 2001)
        assert (refused.party("to"), refused.party("from")) == ("NL*TNM", HUB)
        await arrived(hub)
        assert len(emsp.seen) == before


@pytest.mark.parametrize(
    ("path", "body", "http", "code"),
    [
        ("/NL/TNM/LOC1", b"{", 400, 2001),
        ("/NL/TNM/LOC1", b"[]", 200, 2001),
        ("/NL/TNM/LOC1", b"7", 200, 2001),
        ("/BE/BEC/LOC1", b"{}", 404, 2001),
        ("/NL/TNM/LOC1", b'{"id": "LOC2"}', 200, 2001),
    ],
)
async def test_a_push_that_cannot_be_right_is_refused_before_anybody_hears_of_it(
    settings: MakeSettings, path: str, body: bytes, http: int, code: int
) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with gathered(settings(), cpo, emsp) as hub:
        for method in ("PUT", "PATCH"):
            refused = await cpo.send(method, "locations", path, to=HUB, body=body)
            assert (refused.http, refused.status_code) == (http, code)
        await arrived(hub)
        assert heard(emsp) == []
