"""GET All through the real doors: what parties publish, whom it is shown to, page by page, and after a restart.

OCPI 2.2.1, transport and format, GET All via Hubs, and Pagination.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.testing import FakeCpo, FakeEmsp, FakeParty, samples
from hub.testing.roles import owned_path
from routing.agreements import Agreement
from routing.links import next_page
from routing.ocpi import PartyId
from tests.stories.market import MakeSettings, join

HUB = "NL*HUB"
OLD, NEW = "2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"


@asynccontextmanager
async def crowd(settings: Settings) -> AsyncIterator[tuple[Hub, FakeCpo, FakeCpo, FakeEmsp, FakeEmsp]]:
    """A hub that pulls nothing, with two CPOs and two eMSPs."""
    async with (
        running(settings) as hub,
        FakeCpo("NL*TNM") as one,
        FakeCpo("BE*BEC") as other,
        FakeEmsp("DE*ABC") as emsp,
        FakeEmsp("FR*EMP") as second,
    ):
        await join(hub, one, other, emsp, second)
        yield hub, one, other, emsp, second


async def listed(party: FakeParty, module: str = "locations", query: str = "") -> list[str]:
    """The ids that a GET All brings, over all pages, with their owners."""
    pages = [page async for page in party.pages(module, to=HUB, query=query)]
    assert [(page.http, page.status_code) for page in pages] == [(200, 1000)] * len(pages)
    return [
        f"{row['country_code']}*{row['party_id']} {row.get('id') or row['uid']}" for page in pages for row in page.data
    ]


async def test_every_emsp_sees_what_every_cpo_published_oldest_first(settings: MakeSettings) -> None:
    async with crowd(settings()) as (_, one, other, emsp, second):
        await one.push_location(HUB, "A1")
        await other.push_location(HUB, "B1")
        await one.push_location(HUB, "A2")
        for asking in (emsp, second):
            assert await listed(asking) == ["NL*TNM A1", "BE*BEC B1", "NL*TNM A2"]
        page = await emsp.send("GET", "locations", to=HUB, interface="sender", query="limit=2")
        assert (page.headers["X-Total-Count"], page.headers["X-Limit"]) == ("3", "100")
        assert page.headers["OCPI-from-party-id"] == "HUB"
        assert page.headers["OCPI-to-party-id"] == "ABC"
        assert len(page.data) == 2


async def test_a_list_is_followed_page_by_page_without_any_routing_headers(settings: MakeSettings) -> None:
    async with crowd(settings()) as (_, one, _, emsp, _):
        for number in range(5):
            await one.push_location(HUB, f"A{number}")
        assert await listed(emsp, query="limit=2") == [f"NL*TNM A{number}" for number in range(5)]
        first = await emsp.send("GET", "locations", to=HUB, interface="sender", query="limit=2")
        following = next_page(first.headers["Link"], first.url)
        assert following is not None
        bare = dict.fromkeys(("OCPI-to-country-code", "OCPI-to-party-id"))
        second = await emsp.send("GET", "locations", url=following, headers=bare)
        assert [row["id"] for row in second.data] == ["A2", "A3"]
        assert second.headers["X-Total-Count"] == "5"


async def test_a_page_by_offset_is_what_it_says(settings: MakeSettings) -> None:
    async with crowd(settings()) as (_, one, _, emsp, _):
        for number in range(5):
            await one.push_location(HUB, f"A{number}")
        page = await emsp.send("GET", "locations", to=HUB, interface="sender", query="offset=3&limit=10")
        assert [row["id"] for row in page.data] == ["A3", "A4"]
        assert "Link" not in page.headers
        first = await emsp.send("GET", "locations", to=HUB, interface="sender", query="limit=2")
        one_back = (next_page(first.headers["Link"], first.url) or "").replace("offset=2", "offset=1")
        page = await emsp.send("GET", "locations", url=one_back)
        assert [row["id"] for row in page.data] == ["A1", "A2"]


async def test_only_what_changed_in_the_window_is_listed(settings: MakeSettings) -> None:
    """`date_from` is inclusive and `date_to` exclusive; what reached the hub in the window belongs to it too."""
    async with crowd(settings()) as (_, one, _, emsp, _):
        await one.push_location(HUB, "OLD", last_updated=OLD)
        await one.push_location(HUB, "NEW", last_updated=NEW)
        assert await listed(emsp, query=f"date_from={NEW}") == ["NL*TNM NEW"]
        assert await listed(emsp, query=f"date_from={OLD}&date_to=2020-01-01T00:00:01Z") == ["NL*TNM OLD"]
        assert await listed(emsp, query=f"date_to={OLD}") == []
        assert await listed(emsp, query="date_from=2024-01-01T00:00:00Z&date_to=2029-01-01T00:00:00Z") == [
            "NL*TNM OLD",
            "NL*TNM NEW",
        ]
        for wrong in ("date_from=yesterday", "limit=0", "offset=-1", "limit=many"):
            refused = await emsp.send("GET", "locations", to=HUB, interface="sender", query=wrong)
            assert (refused.http, refused.status_code) == (200, 2001)


async def test_nothing_published_is_an_empty_list(settings: MakeSettings) -> None:
    async with crowd(settings()) as (_, _, _, emsp, _):
        page = await emsp.send("GET", "tariffs", to=HUB, interface="sender")
        assert (page.http, page.status_code, page.data) == (200, 1000, [])
        assert page.headers["X-Total-Count"] == "0"
        assert "Link" not in page.headers


async def test_what_was_sent_to_one_party_is_shown_to_nobody(settings: MakeSettings) -> None:
    async with crowd(settings()) as (_, one, _, emsp, second):
        await one.push_location("DE*ABC", "SECRET")
        await one.push_location(HUB, "PUBLIC")
        for asking in (emsp, second):
            assert await listed(asking) == ["NL*TNM PUBLIC"]


async def test_cpos_see_tokens_and_no_locations_of_each_other(settings: MakeSettings) -> None:
    async with crowd(settings()) as (_, one, other, emsp, second):
        await one.push_location(HUB, "A1")
        await emsp.push_token(HUB, "CARD1")
        await second.push_token(HUB, "CARD1")
        for asking in (one, other):
            assert await listed(asking, "tokens") == ["DE*ABC CARD1", "FR*EMP CARD1"]
            assert await listed(asking) == []
        assert await listed(second, "tokens") == []


async def test_a_changed_evse_shows_in_the_list_and_a_deleted_tariff_does_not(settings: MakeSettings) -> None:
    async with crowd(settings()) as (_, one, _, emsp, _):
        await one.push_location(HUB, "A1")
        await one.push_tariff(HUB, "T1")
        change = {"status": "CHARGING", "last_updated": NEW}
        place = owned_path(one.parties[0], "A1", "A1-1")
        assert (await one.send("PATCH", "locations", place, to=HUB, body=change)).is_success
        page = await emsp.send("GET", "locations", to=HUB, interface="sender")
        (found,) = page.data
        assert (found["evses"][0]["status"], found["last_updated"]) == ("CHARGING", NEW)
        assert await listed(emsp, "tariffs") == ["NL*TNM T1"]
        await one.send("DELETE", "tariffs", owned_path(one.parties[0], "T1"), to=HUB)
        assert await listed(emsp, "tariffs") == []


@pytest.mark.parametrize("policy", ["open", "agreements"])
async def test_an_agreement_acts_on_the_next_page(settings: MakeSettings, policy: str) -> None:
    async with crowd(settings(routing={"policy": policy})) as (hub, one, other, emsp, second):
        await one.push_location(HUB, "A1")
        await other.push_location(HUB, "B1")
        both = ["NL*TNM A1", "BE*BEC B1"]
        assert await listed(second) == (both if policy == "open" else [])
        pair = (PartyId.parse("NL*TNM"), PartyId.parse("DE*ABC"))
        allow = policy == "agreements"
        await hub.platforms.allow(Agreement("a1", *pair, is_allowed=allow, modules=frozenset({"locations"})), by="test")
        page = await emsp.send("GET", "locations", to=HUB, interface="sender")
        assert [row["id"] for row in page.data] == (["A1"] if allow else ["B1"])
        assert page.headers["X-Total-Count"] == "1"
        assert await listed(second) == (both if policy == "open" else [])


async def test_a_suspended_cpo_is_not_shown_and_comes_back(settings: MakeSettings) -> None:
    async with crowd(settings()) as (hub, one, _, emsp, _):
        await one.push_location(HUB, "A1")
        platform_id = hub.picture.directory.parties[one.parties[0]][0].platform_id
        await hub.platforms.suspend(platform_id, by="test")
        assert await listed(emsp) == []
        await hub.platforms.resume(platform_id, by="test")
        assert await listed(emsp) == ["NL*TNM A1"]


async def test_one_object_is_shown_with_its_parts_and_only_if_it_is_one(settings: MakeSettings) -> None:
    async with crowd(settings()) as (_, one, other, emsp, _):
        await one.push_location(HUB, "A1")
        for path, name, value in (("/A1", "id", "A1"), ("/a1/A1-1", "uid", "A1-1"), ("/A1/A1-1/1", "id", "1")):
            found = await emsp.send("GET", "locations", path, to=HUB, interface="sender")
            assert (found.http, found.status_code, found.data[name]) == (200, 1000, value)
            assert found.headers["OCPI-from-party-id"] == "HUB"
        await other.push_location(HUB, "A1")
        twice = await emsp.send("GET", "locations", "/A1", to=HUB, interface="sender")
        assert (twice.http, twice.status_code) == (200, 4001)


async def test_an_evse_tells_apart_locations_of_the_same_id(settings: MakeSettings) -> None:
    """Like an Open Routing Request, though it is the hub that answers."""
    async with crowd(settings()) as (_, one, other, emsp, _):
        await one.push_location(HUB, "A1")
        await other.push_location(HUB, "A1")
        evse = {**samples.location("2.2.1", other.parties[0], "A1")["evses"][0], "uid": "BEC-7"}
        place = owned_path(other.parties[0], "A1", "BEC-7")
        assert (await other.send("PUT", "locations", place, to=HUB, body=evse)).is_success
        for path, name, value in (("/A1/bec-7", "uid", "BEC-7"), ("/A1/BEC-7/1", "id", "1")):
            found = await emsp.send("GET", "locations", path, to=HUB, interface="sender")
            assert (found.http, found.status_code, found.data[name]) == (200, 1000, value)
            assert found.party("from") == HUB
        for path in ("/A1/A1-1", "/A1/nobody's"):
            twice = await emsp.send("GET", "locations", path, to=HUB, interface="sender")
            assert (twice.http, twice.status_code) == (200, 4001)


async def test_an_owner_reads_the_hubs_copy_back(settings: MakeSettings) -> None:
    async with crowd(settings()) as (_, one, _, emsp, _):
        await one.push_location(HUB, "A1")
        await emsp.push_token(HUB, "CARD1")
        mine = owned_path(one.parties[0], "A1")
        read = await one.send("GET", "locations", mine, to=HUB)
        assert (read.http, read.data["id"]) == (200, "A1")
        token = await emsp.send("GET", "tokens", owned_path(emsp.parties[0], "CARD1"), to=HUB, query="type=RFID")
        assert (token.http, token.data["uid"]) == (200, "CARD1")
        for path in (owned_path(one.parties[0], "A2"), mine + "/E9"):
            missing = await one.send("GET", "locations", path, to=HUB)
            assert (missing.http, missing.status_code) == (404, 2000)


async def test_what_was_published_survives_a_restart(settings: MakeSettings) -> None:
    kept = settings()
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        async with running(kept) as hub:
            await join(hub, cpo, emsp)
            await cpo.push_location(HUB, "A1")
        async with running(kept):
            assert await listed(emsp) == ["NL*TNM A1"]


@pytest.mark.parametrize(
    ("version", "asking"), [("2.3.0", "2.2.1"), ("2.2.1", "2.3.0"), ("2.3.0", "2.3.0"), ("2.1.1", "2.2.1")]
)
async def test_each_version_sees_the_others_objects_in_its_own_words(
    settings: MakeSettings, version: str, asking: str
) -> None:
    async with running(settings()) as hub, FakeCpo(version=version) as cpo, FakeEmsp(version=asking) as emsp:
        await join(hub, cpo, emsp)
        to = None if version == "2.1.1" else HUB
        for push in (cpo.push_location(to, "A1"), cpo.push_tariff(to, "T1")):
            assert (await push).is_success
        assert await listed(emsp) == ["NL*TNM A1"]
        assert await listed(emsp, "tariffs") == ["NL*TNM T1"]
        page = await emsp.send("GET", "locations", "/A1/A1-1/1", to=HUB, interface="sender")
        assert "max_voltage" in page.data


async def test_booking_locations_are_listed_by_their_timeslots_and_shown_with_their_calendars(
    settings: MakeSettings,
) -> None:
    """Bookings, GET BookingLocations: `timeslot_from` inclusive and `timeslot_to` exclusive, on when a slot starts."""
    async with running(settings()) as hub, FakeCpo(version="2.3.0") as cpo, FakeEmsp(version="2.3.0") as emsp:
        await join(hub, cpo, emsp)
        for number in range(1, 6):
            slots = [
                {"start_date_time": f"2030-01-0{number}T12:00:00Z", "end_date_time": f"2030-01-0{number}T13:00:00Z"}
            ]
            place = {"country_code": "NL", "party_id": "TNM", "booking_location_id": f"B{number}", "last_updated": OLD}
            body = {**place, "calendars": [{"id": "C1", "available_timeslots": slots, "last_updated": OLD}]}
            path = f"/NL/TNM/booking_locations/B{number}"
            assert (await cpo.send("PUT", "Booking", path, to=HUB, body=body)).is_success

        async def found(query: str) -> list[str]:
            pages = [page async for page in emsp.pages("Booking", "/booking_locations", to=HUB, query=query)]
            return [row["booking_location_id"] for page in pages for row in page.data]

        everything = [f"B{number}" for number in range(1, 6)]
        assert await found("limit=2") == everything
        window = "timeslot_from=2030-01-02T12:00:00Z&timeslot_to=2030-01-05T12:00:00Z"
        assert await found(window) == await found(f"{window}&limit=1") == everything[1:4]
        assert await found("timeslot_from=2030-01-05T12:00:01Z") == []
        one = await emsp.send("GET", "Booking", "/booking_locations/B3/C1", to=HUB, interface="sender")
        assert one.data["available_timeslots"][0]["start_date_time"] == "2030-01-03T12:00:00Z"
