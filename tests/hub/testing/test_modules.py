"""What fake parties serve, send and record: every module of their role, with objects as OCPI has them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import aiohttp
import pytest

from hub.testing import FakeCpo, FakeEmsp, FakeParty, Served
from routing.ocpi import Role

Pair = tuple[FakeCpo, FakeEmsp]


@pytest.fixture(params=["2.2.1", "2.3.0"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    """A CPO and an eMSP that are registered with each other."""
    async with FakeCpo(version=request.param) as cpo, FakeEmsp(version=request.param) as emsp:
        await cpo.register(emsp.versions_url, emsp.invite())
        yield cpo, emsp


# --- Sender interfaces -----------------------------------------------------------------------------------------------


async def test_a_list_has_pages_that_link_to_each_other(pair: Pair) -> None:
    cpo, emsp = pair
    for number in range(2, 6):
        cpo.shelf.put("locations", {"id": f"LOC{number}", "last_updated": "2026-01-01T00:00:00Z"})
    cpo.shelf.max_page = 2
    pages = [page async for page in emsp.pages("locations", to="NL*TNM", query={"limit": "99"})]
    assert [len(page.data) for page in pages] == [2, 2, 1]
    assert {(page.headers["X-Total-Count"], page.headers["X-Limit"]) for page in pages} == {("5", "2")}
    assert "Link" not in pages[-1].headers
    assert [row["id"] async for row in emsp.list("locations")] == [f"LOC{number}" for number in range(1, 6)]


async def test_a_list_is_limited_to_what_changed_in_a_time(pair: Pair) -> None:
    cpo, emsp = pair
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    for day in range(3):
        changed = (begin + timedelta(days=day)).isoformat().replace("+00:00", "Z")
        cpo.shelf.put("sessions", {"id": str(day), "last_updated": changed})
    query = "date_from=2026-01-02T00:00:00Z&date_to=2026-01-03T00:00:00"
    assert [row["id"] async for row in emsp.list("sessions", query=query)] == ["1"]
    wrong = await emsp.send("GET", "sessions", interface="sender", query="date_from=yesterday")
    assert (wrong.http, wrong.status_code) == (200, 2001)


async def test_one_location_evse_and_connector_can_be_asked_for(pair: Pair) -> None:
    _, emsp = pair
    found = [
        await emsp.send("GET", "locations", path, interface="sender")
        for path in ("/LOC1", "/LOC1/LOC1-1", "/LOC1/LOC1-1/1", "/LOC1/LOC1-1/2", "/LOC9")
    ]
    assert [answer.http for answer in found] == [200, 200, 200, 404, 404]
    assert (found[0].data["id"], found[1].data["uid"], found[2].data["id"]) == ("LOC1", "LOC1-1", "1")


async def test_charging_preferences_are_met(pair: Pair) -> None:
    _, emsp = pair
    answer = await emsp.send(
        "PUT", "sessions", "/SES1/charging_preferences", interface="sender", body={"profile_type": "FAST"}
    )
    assert answer.data == "ACCEPTED"


async def test_cards_are_allowed_blocked_or_unknown(pair: Pair) -> None:
    cpo, emsp = pair
    token = emsp.shelf.own["tokens"]["012345678"]
    emsp.shelf.put("tokens", {**token, "uid": "a/b", "valid": False})
    assert (await cpo.authorize("DE*ABC")).data["allowed"] == "ALLOWED"
    assert (await cpo.authorize("DE*ABC", "a/b")).data["allowed"] == "BLOCKED"
    unknown = await cpo.authorize("DE*ABC", "nobody")
    assert (unknown.http, unknown.status_code, unknown.data) == (404, 2004, None)


# --- Receiver interfaces ---------------------------------------------------------------------------------------------


async def test_a_location_is_pushed_changed_in_parts_and_read_back(pair: Pair) -> None:
    cpo, _ = pair
    path = "/NL/TNM/LOC1"
    assert (await cpo.push_location("DE*ABC")).http == 201
    assert (await cpo.push_location("DE*ABC")).http == 200
    assert (await cpo.send("PATCH", "locations", f"{path}/LOC1-1", body={"status": "CHARGING"})).is_success
    whole = (await cpo.send("GET", "locations", path)).data
    assert [(evse["uid"], evse["status"]) for evse in whole["evses"]] == [("LOC1-1", "CHARGING")]
    assert (await cpo.send("PUT", "locations", f"{path}/NEW", body={"uid": "NEW", "status": "AVAILABLE"})).http == 201
    assert len((await cpo.send("GET", "locations", path)).data["evses"]) == 2
    assert (await cpo.send("GET", "locations", f"{path}/LOC1-1/1")).data["id"] == "1"


async def test_a_tariff_can_be_removed(pair: Pair) -> None:
    cpo, _ = pair
    await cpo.push_tariff("DE*ABC")
    assert (await cpo.send("DELETE", "tariffs", "/NL/TNM/TAR1")).is_success
    assert (await cpo.send("GET", "tariffs", "/NL/TNM/TAR1")).http == 404


async def test_charging_periods_are_added_to_a_session(pair: Pair) -> None:
    cpo, emsp = pair
    await cpo.push_session("DE*ABC", emsp.parties[0])
    for start in ("2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z"):
        body = {"charging_periods": [{"start_date_time": start}], "last_updated": start}
        await cpo.send("PATCH", "sessions", "/NL/TNM/SES1", body=body)
    assert len((await cpo.send("GET", "sessions", "/NL/TNM/SES1")).data["charging_periods"]) == 2


async def test_a_cdr_is_where_its_location_header_says(pair: Pair) -> None:
    cpo, emsp = pair
    posted = await cpo.push_cdr("DE*ABC", emsp.parties[0], "CDR/1 *")
    assert posted.http == 201
    assert (await cpo.send("GET", "cdrs", url=posted.headers["Location"])).data["id"] == "CDR/1 *"


async def test_a_body_that_is_not_json_is_http_400(pair: Pair) -> None:
    cpo, emsp = pair
    assert (await cpo.send("PUT", "locations", "/NL/TNM/LOC1", body=b"{")).http == 400
    assert (await emsp.send("POST", "commands", "/START_SESSION", body=b"{}")).status_code == 2001


async def test_hub_client_info_is_taken_by_both(pair: Pair) -> None:
    for party, peer in (pair, pair[::-1]):
        assert (await party.send("PUT", "hubclientinfo", "/NL/XYZ", body={"status": "CONNECTED"})).is_success
        assert (await party.send("GET", "hubclientinfo", "/NL/XYZ")).data == {"status": "CONNECTED"}
        assert await peer.saw(module="hubclientinfo", method="PUT")


# --- results that come later -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("result_first", [False, True])
async def test_the_result_of_a_command_comes_before_or_after_its_answer(pair: Pair, result_first: bool) -> None:
    cpo, emsp = pair
    cpo.result, cpo.result_first = "EVSE_OCCUPIED", result_first
    ordered = await emsp.start_session("NL*TNM")
    assert ordered.exchange.data == {"result": "ACCEPTED", "timeout": 30}
    assert any(seen.module == "results" for seen in emsp.seen) or not result_first
    assert await ordered.result() == {"result": "EVSE_OCCUPIED"}
    (seen,) = await emsp.saw(module="results")
    assert (seen.sender, seen.receiver) == ("NL*TNM", "DE*ABC")


async def test_charging_profiles_are_set_read_and_cleared(pair: Pair) -> None:
    cpo, emsp = pair
    unknown = (await emsp.active_profile("NL*TNM")).exchange
    assert unknown.data["result"] == "UNKNOWN_SESSION"
    await cpo.push_session("DE*ABC", emsp.parties[0])
    assert await (await emsp.set_profile("NL*TNM")).result() == {"result": "ACCEPTED"}
    active = await (await emsp.active_profile("NL*TNM")).result()
    assert active["profile"]["charging_profile"]["charging_rate_unit"] == "W"
    assert await (await emsp.clear_profile("NL*TNM")).result() == {"result": "ACCEPTED"}


async def test_a_result_that_cannot_be_delivered_is_kept_as_a_failure(pair: Pair) -> None:
    cpo, emsp = pair
    await emsp.command("STOP_SESSION", "NL*TNM", {"session_id": "1", "response_url": "http://127.0.0.1:9/"})
    await cpo.afterwards.settled()
    assert [type(failure) for failure in cpo.afterwards.failures] == [aiohttp.ClientConnectorError]


async def test_an_unknown_response_url_is_not_found(pair: Pair) -> None:
    cpo, emsp = pair
    answer = await cpo.send("POST", "commands", url=f"{emsp.base_url}/ocpi/{emsp.version}/results/x", body={})
    assert (answer.http, answer.status_code) == (404, 2001)


# --- modules without rules of their own ------------------------------------------------------------------------------


async def test_payment_terminals_are_kept_by_the_one_who_has_them() -> None:
    async with FakeParty("NL*PTP", role=Role.PTP, version="2.3.0") as ptp, FakeCpo(version="2.3.0") as cpo:
        ptp.shelf.put("payments", {"terminal_id": "T1"}, "terminals")
        await ptp.register(cpo.versions_url, cpo.invite())
        assert [row["terminal_id"] async for row in cpo.list("payments", "/terminals")] == ["T1"]
        assert (await cpo.send("GET", "payments", "/terminals/T1", interface="sender")).data == {"terminal_id": "T1"}
        assert [row async for row in cpo.list("payments", "/financial-advice-confirmations")] == []
        assert (await ptp.send("POST", "payments", "/terminals", body={"terminal_id": "T2"})).http == 201
        assert (await ptp.send("GET", "payments", "/terminals/T2")).data == {"terminal_id": "T2"}


async def test_bookings_and_invoices_are_kept_too() -> None:
    async with FakeCpo(version="2.3.0") as cpo, FakeEmsp(version="2.3.0") as emsp:
        await cpo.register(emsp.versions_url, emsp.invite())
        assert [row async for row in emsp.list("bookings", "/booking_locations")] == []
        request = {"id": "B1", "booking_location_id": "L"}
        assert (await emsp.send("POST", "bookings", interface="sender", body=request)).data == request
        assert (await cpo.send("PUT", "Booking", "/NL/TNM/B1", body={"id": "B1"})).http == 201
        record = {"id": "I1", "country_code": "NL", "party_id": "TNM"}
        assert (await cpo.send("POST", "invoicereconciliation", body=record)).http == 201
        assert (await cpo.send("GET", "invoicereconciliation", "/NL/TNM/I1")).data == record


async def test_custom_modules_are_published_and_kept_on_both_sides() -> None:
    async with FakeCpo(modules=("locations", "weather")) as cpo, FakeEmsp(modules=("weather",)) as emsp:
        await cpo.register(emsp.versions_url, emsp.invite())
        assert sorted(cpo.peer.endpoints) == [
            ("credentials", "SENDER"), ("weather", "RECEIVER"), ("weather", "SENDER")
        ]  # fmt: skip
        for interface in ("sender", "receiver"):
            sent = await cpo.send("PUT", "weather", "/a/b", interface=interface, body={"sun": interface})
            assert sent.is_success
            assert (await cpo.send("GET", "weather", "/a/b", interface=interface)).data == {"sun": interface}


# --- sending and recording -------------------------------------------------------------------------------------------


async def test_what_was_sent_is_what_was_seen(pair: Pair) -> None:
    cpo, emsp = pair
    path = f"/NL/TNM/{quote('a/b *#é', safe='')}%7E"
    body = '{ "kwh": 1.10, "note": "é" }'.encode()
    sent = await cpo.send("PUT", "sessions", path, to="de*abc", body=body, query="x=%41&y", headers={"X-Own": "1"})
    (seen,) = await emsp.saw(method="PUT", module="sessions")
    assert (seen.path, seen.query, seen.body, seen.headers["X-Own"]) == (path, "x=%41&y", body, "1")
    assert seen.raw_path.endswith(f"{path}?x=%41&y")
    assert seen.segments == ("NL", "TNM", "a/b *#é~")
    assert (seen.sender, seen.receiver) == ("NL*TNM", "de*abc")
    assert seen.at <= datetime.now(UTC)
    assert sent.headers["X-Request-ID"] == seen.headers["X-Request-ID"] == sent.sent["X-Request-ID"]
    assert (sent.party("from"), sent.party("to")) == ("de*abc", "NL*TNM")


async def test_headers_can_be_left_out_or_replaced(pair: Pair) -> None:
    cpo, emsp = pair
    more = {"X-Request-ID": None, "X-Correlation-ID": "mine"}
    await cpo.send("GET", "tokens", interface="sender", from_="", headers=more)
    headers = emsp.seen[-1].headers
    assert ("X-Request-ID" in headers, headers["X-Correlation-ID"]) == (False, "mine")
    assert "OCPI-from-party-id" not in headers


async def test_an_answer_can_be_ordered_for_a_module(pair: Pair) -> None:
    cpo, emsp = pair
    emsp.answers["tokens"] = lambda seen: Served(code=2002, data={"uid": seen.segments[0]})
    answer = await cpo.authorize(None, "X")
    assert (answer.status_code, answer.data) == (2002, {"uid": "X"})


async def test_who_waits_in_vain_is_told_what_came_instead(pair: Pair) -> None:
    cpo, emsp = pair
    await cpo.push_tariff("DE*ABC")
    with pytest.raises(TimeoutError, match=r"2 matching requests expected within 0\.05 s; came .*PUT /ocpi/"):
        await emsp.saw(module="tariffs", count=2, timeout_s=0.05)


async def test_who_knows_no_endpoint_is_told_which_are_known(pair: Pair) -> None:
    with pytest.raises(LookupError, match="no endpoint for payments sender; known: credentials SENDER"):
        await pair[0].send("GET", "payments", interface="sender")


async def test_a_platform_has_several_parties() -> None:
    async with FakeCpo("NL*TNM", "NL*XYZ") as cpo, FakeEmsp() as emsp:
        await cpo.register(emsp.versions_url, emsp.invite())
        await cpo.send("PUT", "tariffs", "/NL/XYZ/T", from_="NL*XYZ", to="DE*ABC", body={})
        assert emsp.seen[-1].sender == "NL*XYZ"
        ordered = await emsp.command("STOP_SESSION", "NL*XYZ", {"session_id": "1"})
        await ordered.result()
        assert (await emsp.saw(module="results"))[0].sender == "NL*XYZ"


async def test_nothing_is_at_other_addresses(pair: Pair) -> None:
    cpo, emsp = pair
    for path in ("/", "/ocpi", "/ocpi/9.9/credentials", "/ocpi/2.1.1", f"/ocpi/{emsp.version}/tokens"):
        answer = await cpo.call("GET", emsp.base_url + path, {})
        assert (answer.http, answer.status_code) == (404, 2000)
