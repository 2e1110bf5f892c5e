"""What a translation needs of another object: from the hub's memory, else from the party that has it."""

from __future__ import annotations

from typing import Any

import pytest

from hub.testing import FakeCpo, FakeEmsp
from hub.testing.roles import owned_path
from hub.testing.samples import location, now, session, tariff
from tests.stories.onboarding import MakeSettings, hub_with, join, losses, set_quirks

SES = "/NL/TNM/SES1"


def period(minute: int, kwh: float) -> dict[str, Any]:
    start = f"2026-01-31T10:{minute:02}:00Z"
    return {"start_date_time": start, "dimensions": [{"type": "ENERGY", "volume": kwh}]}


# --- a session's location --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_a_location_that_the_hub_never_saw_is_asked_of_its_cpo(settings: MakeSettings, version: str) -> None:
    """A 2.1.1 session holds its location, a later one only names it (OCPI 2.1.1 and 2.2.1, Session object)."""
    cpo, emsp = FakeCpo(version=version), FakeEmsp(version="2.1.1")
    async with hub_with(settings(), cpo, emsp) as hub:
        for _ in range(2):
            assert (await cpo.push_session("DE*ABC", emsp.parties[0])).is_success
        pushed = emsp.seen[-1].document
        assert pushed["location"]["id"] == "LOC1"
        assert pushed["location"]["evses"][0]["connectors"][0]["voltage"] == 230
        asked = [seen for seen in cpo.seen if seen.module == "locations"]
        assert [(seen.method, seen.path, seen.sender) for seen in asked] == [("GET", "/LOC1", "NL*HUB")]
        assert not await hub.memory.find("locations", ("LOC1",)), "what was asked for one party is not published"


async def test_an_evse_that_is_new_since_then_is_asked_for_again(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp(version="2.1.1")
    async with hub_with(settings(), cpo, emsp) as hub:
        assert (await cpo.push_location("DE*ABC")).is_success
        await hub.memory.settled()
        grown = location("2.2.1", cpo.parties[0])
        grown["evses"].append({**grown["evses"][0], "uid": "LOC1-2"})
        cpo.shelf.put("locations", grown)
        body = {**session("2.2.1", cpo.parties[0], emsp.parties[0]), "evse_uid": "LOC1-2"}
        assert (await cpo.send("PUT", "sessions", SES, to="DE*ABC", body=body)).is_success
        assert emsp.seen[-1].document["location"]["evses"][0]["uid"] == "LOC1-2"


async def test_a_session_whose_location_nobody_knows_is_refused(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp(version="2.1.1")
    async with hub_with(settings(), cpo, emsp):
        cpo.shelf.own["locations"].clear()
        before = len(emsp.seen)
        refused = await cpo.push_session("DE*ABC", emsp.parties[0])
        assert (refused.http, refused.status_code) == (200, 4000)
        assert "Location" in refused.status_message
        assert len(emsp.seen) == before


# --- charging periods in a PATCH (2.1.1 replaces, later versions append) ---------------------------------------------


async def test_an_appended_period_becomes_the_whole_list_for_2_1_1(settings: MakeSettings) -> None:
    """Test vector 1."""
    cpo, emsp = FakeCpo(), FakeEmsp(version="2.1.1")
    async with hub_with(settings(), cpo, emsp):
        whole = {**session("2.2.1", cpo.parties[0], emsp.parties[0]), "charging_periods": [period(0, 1), period(5, 2)]}
        assert (await cpo.send("PUT", "sessions", SES, to="DE*ABC", body=whole)).is_success
        body = {"charging_periods": [period(10, 3)], "kwh": 6, "last_updated": now()}
        assert (await cpo.send("PATCH", "sessions", SES, to="DE*ABC", body=body)).is_success
        patched = emsp.seen[-1]
        assert patched.method == "PATCH"
        assert patched.document["charging_periods"] == [period(0, 1), period(5, 2), period(10, 3)]
        assert patched.document["kwh"] == 6


async def test_of_a_whole_list_from_2_1_1_only_what_is_new_is_appended(settings: MakeSettings) -> None:
    """Test vector 2."""
    cpo, emsp = FakeCpo(version="2.1.1"), FakeEmsp()
    async with hub_with(settings(), emsp) as hub, cpo:
        await join(hub, cpo, counterpart="DE*ABC")
        whole = {**session("2.1.1", cpo.parties[0], emsp.parties[0]), "charging_periods": [period(0, 1), period(5, 2)]}
        assert (await cpo.send("PUT", "sessions", SES, body=whole)).is_success
        body = {"charging_periods": [period(0, 1), period(5, 2), period(10, 3)]}
        assert (await cpo.send("PATCH", "sessions", SES, body=body)).is_success
        patched = emsp.seen[-1]
        assert (patched.method, patched.document["charging_periods"]) == ("PATCH", [period(10, 3)])
        assert "last_updated" in patched.document, "mandatory from 2.2 on"


async def test_earlier_periods_that_changed_make_it_a_put(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(version="2.1.1"), FakeEmsp()
    async with hub_with(settings(), emsp) as hub, cpo:
        await join(hub, cpo, counterpart="DE*ABC")
        whole = {**session("2.1.1", cpo.parties[0], emsp.parties[0]), "charging_periods": [period(0, 1)]}
        await cpo.send("PUT", "sessions", SES, body=whole)
        body = {"charging_periods": [period(0, 1.5), period(5, 2)]}
        assert (await cpo.send("PATCH", "sessions", SES, body=body)).is_success
        put = emsp.seen[-1]
        assert (put.method, put.document["charging_periods"]) == ("PUT", [period(0, 1.5), period(5, 2)])
        assert put.document["location_id"] == "LOC1"


async def test_a_session_that_the_hub_never_saw_is_asked_of_the_receiver(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(version="2.1.1"), FakeEmsp()
    async with hub_with(settings(), emsp) as hub, cpo:
        await join(hub, cpo, counterpart="DE*ABC")
        kept = {**session("2.2.1", cpo.parties[0], emsp.parties[0]), "charging_periods": [period(0, 1)]}
        emsp.shelf.received.setdefault("sessions", {})["NL", "TNM", "SES1"] = kept
        body = {"charging_periods": [period(0, 1), period(5, 2)]}
        assert (await cpo.send("PATCH", "sessions", SES, body=body)).is_success
        assert [(seen.method, seen.path) for seen in emsp.seen if seen.module == "sessions"] == [
            ("GET", SES),
            ("PATCH", SES),
        ]
        assert emsp.seen[-1].document["charging_periods"] == [period(5, 2)]


async def test_a_patch_of_a_session_that_nobody_knows_is_refused(settings: MakeSettings) -> None:
    """To a 2.1.1 caller: HTTP 200 with 3000, "send PUT first" (OCPI version translation, section 12)."""
    cpo, emsp = FakeCpo(version="2.1.1"), FakeEmsp()
    async with hub_with(settings(), emsp) as hub, cpo:
        await join(hub, cpo, counterpart="DE*ABC")
        refused = await cpo.send("PATCH", "sessions", SES, body={"charging_periods": [period(0, 1)]})
        assert (refused.http, refused.status_code) == (200, 3000)
        assert "PUT first" in refused.status_message
        assert not [seen for seen in emsp.seen if seen.method == "PATCH"]


async def test_a_2_1_1_party_that_appends_is_believed_where_an_admin_says_so(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(version="2.1.1"), FakeEmsp()
    async with hub_with(settings(), emsp) as hub, cpo:
        platform = await join(hub, cpo, counterpart="DE*ABC")
        await set_quirks(hub, platform, patch_periods="append")
        assert (await cpo.send("PATCH", "sessions", SES, body={"charging_periods": [period(5, 2)]})).is_success
        assert emsp.seen[-1].document["charging_periods"] == [period(5, 2)]


# --- a tariff's PATCH, which only 2.1.1 has --------------------------------------------------------------------------


async def test_a_patched_tariff_is_put_whole(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(version="2.1.1"), FakeEmsp(version="2.3.0")
    async with hub_with(settings(), emsp) as hub, cpo:
        await join(hub, cpo, counterpart="DE*ABC")
        path = owned_path(cpo.parties[0], "TAR1")
        refused = await cpo.send("PATCH", "tariffs", path, body={"currency": "CHF"})
        assert (refused.status_code, "PUT first" in refused.status_message) == (3000, True)
        assert (await cpo.push_tariff(None)).is_success
        assert (await cpo.send("PATCH", "tariffs", path, body={"currency": "CHF"})).is_success
        put = emsp.seen[-1]
        assert (put.method, put.document["currency"], put.document["tax_included"]) == ("PUT", "CHF", "NO")
        assert put.document["elements"][0]["price_components"][0]["price"] == 0.25


# --- platforms that have no PATCH ------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
async def test_where_there_is_no_patch_the_whole_object_is_put(settings: MakeSettings, version: str) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp(version=version)
    async with hub_with(settings(), cpo) as hub, emsp:
        platform = await join(hub, emsp)
        emsp.misbehave("patch-unsupported")
        body = {"status": "CHARGING", "last_updated": now()}
        path = owned_path(cpo.parties[0], "LOC1", "LOC1-1")
        assert (await cpo.send("PATCH", "locations", path, to="DE*ABC", body=body)).http == 405
        await set_quirks(hub, platform, patch_unsupported=True)
        assert (await cpo.push_location("DE*ABC")).is_success
        assert (await cpo.send("PATCH", "locations", path, to="DE*ABC", body=body)).is_success
        evse = emsp.seen[-1]
        assert (evse.method, evse.path) == ("PUT", path)
        assert (evse.document["status"], evse.document["uid"]) == ("CHARGING", "LOC1-1")
        whole = {"name": "Harbour", "last_updated": now()}
        await cpo.send("PATCH", "locations", owned_path(cpo.parties[0], "LOC1"), to="DE*ABC", body=whole)
        put = emsp.seen[-1].document
        assert (put["name"], put["city"], put["evses"][0]["status"]) == ("Harbour", "Delft", "CHARGING")


async def test_charging_periods_add_up_where_there_is_no_patch(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), cpo) as hub, emsp:
        platform = await join(hub, emsp)
        await set_quirks(hub, platform, patch_unsupported=True)
        whole = {**session("2.2.1", cpo.parties[0], emsp.parties[0]), "charging_periods": [period(0, 1)]}
        await cpo.send("PUT", "sessions", SES, to="DE*ABC", body=whole)
        for minute in (5, 10):
            body = {"charging_periods": [period(minute, 2)], "last_updated": now()}
            assert (await cpo.send("PATCH", "sessions", SES, to="DE*ABC", body=body)).is_success
        put = emsp.seen[-1]
        assert put.method == "PUT"
        assert [row["start_date_time"][14:16] for row in put.document["charging_periods"]] == ["00", "05", "10"]


async def test_a_broadcast_patch_is_put_where_there_is_no_patch(settings: MakeSettings) -> None:
    cpo, emsp, other = FakeCpo(), FakeEmsp(), FakeEmsp("FR*EMP")
    async with hub_with(settings(), cpo, other) as hub, emsp:
        platform = await join(hub, emsp)
        await set_quirks(hub, platform, patch_unsupported=True)
        emsp.misbehave("patch-unsupported")
        await cpo.push_location("NL*HUB")
        await emsp.saw(method="PUT", module="locations", timeout_s=20)
        await other.saw(method="PUT", module="locations", timeout_s=20)
        body = {"name": "Harbour", "last_updated": now()}
        await cpo.send("PATCH", "locations", owned_path(cpo.parties[0], "LOC1"), to="NL*HUB", body=body)
        put = (await emsp.saw(method="PUT", module="locations", count=2, timeout_s=20))[-1]
        assert (put.document["name"], put.document["city"]) == ("Harbour", "Delft")
        assert (await other.saw(method="PATCH", module="locations", timeout_s=20))[-1].document == body


# --- lists from the hub's own copy -----------------------------------------------------------------------------------


async def test_a_list_of_the_hubs_own_copies_has_a_receipt_too(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(version="2.3.0"), FakeEmsp(version="2.2.1")
    async with hub_with(settings(), cpo, emsp) as hub:
        await cpo.push_location("NL*HUB", help_phone="+31 15 1234567")
        unknown_tax = {**tariff("2.3.0", cpo.parties[0], "GROSS"), "tax_included": "YES"}
        await cpo.send("PUT", "tariffs", owned_path(cpo.parties[0], "GROSS"), to="NL*HUB", body=unknown_tax)
        await cpo.push_tariff("NL*HUB")
        await hub.memory.settled()
        locations = await emsp.send("GET", "locations", to="NL*HUB", interface="sender")
        tariffs = await emsp.send("GET", "tariffs", to="NL*HUB", interface="sender")
        assert [row["id"] for row in locations.data] == ["LOC1"]
        assert [row["id"] for row in tariffs.data] == ["TAR1"]
        assert tariffs.headers["X-Total-Count"] == "1", "what is left out is not counted, where that is known"
        for answer, lost in ((locations, ("help_phone", "dropped")), (tariffs, ("", "dropped"))):
            found = await losses(hub, correlation_id=answer.headers["X-Correlation-ID"])
            assert lost in [(loss["field"], loss["what"]) for loss in found]


async def test_a_list_of_sessions_asks_for_the_locations_that_the_hub_never_saw(settings: MakeSettings) -> None:
    cpo, emsp, stranger = FakeCpo(), FakeEmsp(version="2.1.1"), FakeEmsp("FR*EMP", version="2.1.1")
    async with hub_with(settings(), cpo) as hub, emsp, stranger:
        await join(hub, emsp, counterpart="NL*TNM")
        await join(hub, stranger, counterpart="NL*TNM")
        for number, place in enumerate(("LOC1", "LOC1", "LOC2", "LOC3")):
            made = session("2.2.1", cpo.parties[0], emsp.parties[0], f"SES{number}")
            cpo.shelf.put("sessions", {**made, "location_id": place, "evse_uid": f"{place}-1"})
        cpo.shelf.put("locations", location("2.2.1", cpo.parties[0], "LOC2"))
        answer = await emsp.send("GET", "sessions", interface="sender", query="date_from=2020-01-01T00:00:00Z")
        found = [(row["id"], row["location"]["id"]) for row in answer.data]
        assert found == [("SES0", "LOC1"), ("SES1", "LOC1"), ("SES2", "LOC2")], "nobody knows LOC3"
        asked = [seen.path for seen in cpo.seen if seen.module == "locations"]
        assert sorted(asked) == ["/LOC1", "/LOC2", "/LOC3"]
        await hub.memory.settled()
        listed = await stranger.send("GET", "locations", "/LOC1", interface="sender")
        assert listed.data["id"] == "LOC1"
        assert cpo.seen[-1].path == "/LOC1", "what was asked for one party is not kept for another"
