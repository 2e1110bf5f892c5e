"""Open Routing Requests through the real doors: the hub finds the receiver from what it has heard before.

OCPI 2.2.1 and 2.3.0, transport and format, Open Routing Request; tokens, real-time authorization.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.lifecycle import Hub
from hub.testing import Exchange, FakeCpo, FakeEmsp, FakeParty, Seen, Served
from routing.agreements import Agreement
from tests.stories.market import QUICK, MakeSettings, gathered
from tests.stories.told import legs_out
from tests.stories.waiting import until

HUB = "NL*HUB"
AT_A_PLACE = ("START_SESSION", "RESERVE_NOW", "UNLOCK_CONNECTOR")


def heard(party: FakeParty, module: str) -> list[Seen]:
    return [seen for seen in party.seen if seen.module == module]


def check_headers(sent: Exchange, receiver: FakeParty, module: str) -> Seen:
    """The rows of Open Routing: TO is added by the hub, and the answer says who answered."""
    assert not any(name.lower().startswith("ocpi-to") for name in sent.sent)
    *_, seen = heard(receiver, module)
    requester, answerer = sent.party("to"), sent.party("from")
    assert (seen.receiver, seen.sender) == (answerer, requester)
    assert answerer == str(receiver.parties[0])
    assert seen.headers["X-Correlation-ID"] == sent.sent["X-Correlation-ID"] == sent.headers["X-Correlation-ID"]
    assert seen.headers["X-Request-ID"] != sent.sent["X-Request-ID"] == sent.headers["X-Request-ID"]
    return seen


async def published(hub: Hub, *cpos: FakeCpo) -> None:
    """Each CPO tells everybody of a location named after it."""
    for cpo in cpos:
        assert (await cpo.push_location(HUB, f"AT-{cpo.parties[0].party_id}")).is_success
    await until(lambda: hub.router.broadcast.is_idle)


async def test_a_whole_session_finds_its_way_without_a_receiver_ever_named(settings: MakeSettings) -> None:
    cpo, rival, emsp, other = FakeCpo(), FakeCpo("BE*BEC"), FakeEmsp(), FakeEmsp("FR*EMP")
    async with gathered(settings(), cpo, rival, emsp, other) as hub:
        await published(hub, cpo, rival)
        assert (await emsp.push_token(None, "CARD1")).is_success

        asked = await emsp.send("GET", "locations", "/AT-BEC", interface="sender")
        check_headers(asked, rival, "locations")

        authorized = await cpo.authorize(None, "CARD1")
        assert authorized.data["allowed"] == "ALLOWED"
        check_headers(authorized, emsp, "tokens")

        ordered = await emsp.start_session(None, "AT-TNM", "CARD1")
        assert ordered.exchange.data["result"] == "ACCEPTED"
        check_headers(ordered.exchange, cpo, "commands")
        assert (await ordered.result())["result"] == "ACCEPTED"

        pushed = await cpo.push_session(None, emsp.parties[0])
        assert pushed.is_success
        check_headers(pushed, emsp, "sessions")
        changed = await cpo.send("PATCH", "sessions", "/NL/TNM/SES1", body={"kwh": 3})
        check_headers(changed, emsp, "sessions")
        preferences = await emsp.send(
            "PUT", "sessions", "/SES1/charging_preferences", interface="sender", body={"profile_type": "FAST"}
        )
        assert preferences.data == "ACCEPTED"
        check_headers(preferences, cpo, "sessions")
        profile = {"response_url": emsp.expect_result()[0], "charging_profile": {"charging_rate_unit": "W"}}
        set_ = await emsp.send("PUT", "chargingprofiles", "/SES1", body=profile)
        check_headers(set_, cpo, "chargingprofiles")
        limited = await cpo.send(
            "PUT", "chargingprofiles", "/SES1", interface="sender", body={"start_date_time": "2026-01-01T00:00:00Z"}
        )
        check_headers(limited, emsp, "chargingprofiles")

        stopped = await emsp.command("STOP_SESSION", None, {"session_id": "SES1"})
        check_headers(stopped.exchange, cpo, "commands")
        not_ours = await other.command("STOP_SESSION", None, {"session_id": "SES1"})
        assert not_ours.exchange.status_code == 4001
        billed = await cpo.push_cdr(None, emsp.parties[0])
        assert billed.http == 201
        check_headers(billed, emsp, "cdrs")
        assert heard(other, "sessions") == heard(other, "cdrs") == heard(rival, "commands") == []


async def test_a_reservation_is_cancelled_where_it_was_made(settings: MakeSettings) -> None:
    cpo, rival, emsp = FakeCpo(), FakeCpo("BE*BEC"), FakeEmsp()
    async with gathered(settings(), cpo, rival, emsp) as hub:
        await published(hub, cpo, rival)
        wish = {"reservation_id": "R1", "expiry_date": "2030-01-01T00:00:00Z", "token": {}, "location_id": "AT-BEC"}
        made = await emsp.command("RESERVE_NOW", None, wish)
        check_headers(made.exchange, rival, "commands")
        ended = await emsp.command("CANCEL_RESERVATION", None, {"reservation_id": "R1"})
        check_headers(ended.exchange, rival, "commands")
        assert heard(cpo, "commands") == []


@pytest.mark.parametrize(
    ("method", "module", "interface", "path", "body", "code"),
    [
        ("GET", "locations", "sender", "/NOWHERE", None, 4001),
        ("GET", "locations", "sender", "", None, 2001),
        ("GET", "sessions", "sender", "", None, 2001),
        ("POST", "commands", "receiver", "/UNLOCK_CONNECTOR", {"location_id": "NOWHERE"}, 4001),
        ("PUT", "wattsOffice", "receiver", "/x", {}, 4001),
    ],
)
async def test_what_nobody_or_several_could_be_meant_by_is_refused(
    settings: MakeSettings, method: str, module: str, interface: str, path: str, body: Any, code: int
) -> None:
    custom = ["locations", "sessions", "commands", "wattsOffice"]
    cpo, rival, emsp = FakeCpo(modules=custom), FakeCpo("BE*BEC", modules=custom), FakeEmsp()
    async with gathered(settings(hub={"custom_modules": ["wattsOffice"]}), cpo, rival, emsp):
        if body is not None:
            body = {**body, "response_url": emsp.expect_result()[0]}
        sent = await emsp.send(method, module, path, interface=interface, body=body)
        assert (sent.http, sent.status_code) == (200, code), sent.envelope
        assert sent.party("from") == HUB
        assert heard(cpo, module) == heard(rival, module) == []


@pytest.mark.parametrize(
    ("method", "module", "interface", "path", "body", "code"),
    [
        ("GET", "locations", "sender", "/NOWHERE", None, 2003),
        ("GET", "locations", "sender", "/NOWHERE/E1/1", None, 2003),
        *(("POST", "commands", "receiver", f"/{name}", {"location_id": "NOWHERE"}, 2003) for name in AT_A_PLACE),
        ("POST", "commands", "receiver", "/STOP_SESSION", {"session_id": "NOBODY'S"}, 2000),
    ],
)
async def test_2_1_1_has_a_code_of_its_own_for_a_location_that_nobody_has(
    settings: MakeSettings, method: str, module: str, interface: str, path: str, body: Any, code: int
) -> None:
    """OCPI 2.1.1, status codes: 2003, Unknown Location; it has no 4001, and no headers to name a receiver with."""
    cpo, rival, emsp = FakeCpo(), FakeCpo("BE*BEC"), FakeEmsp(version="2.1.1")
    async with gathered(settings(), cpo, rival, emsp):
        if body is not None:
            body = {**body, "response_url": emsp.expect_result()[0]}
        sent = await emsp.send(method, module, path, interface=interface, body=body)
        assert (sent.http, sent.status_code) == (200, code), sent.envelope
        assert sent.status_message == "the receiver cannot be told from this message (OCPI 4001)"


async def test_a_list_without_a_receiver_goes_to_the_only_one_who_has_it(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with gathered(settings(), cpo, emsp):
        page = await emsp.send("GET", "locations", interface="sender")
        assert [row["id"] for row in page.data] == ["LOC1"]
        check_headers(page, cpo, "locations")


async def test_an_object_that_the_hub_has_no_copy_of_comes_from_its_owner_in_the_hubs_name(
    settings: MakeSettings,
) -> None:
    cpo, rival, emsp = FakeCpo(), FakeCpo("BE*BEC"), FakeEmsp()
    async with gathered(settings(), cpo, rival, emsp):
        await rival.push_location(str(emsp.parties[0]), "SECRET")  # for one alone: there is no copy for others
        asked = await emsp.send("GET", "locations", "/SECRET", interface="sender", to=HUB)
        assert asked.data["id"] == "SECRET"
        assert (asked.party("to"), asked.party("from")) == ("DE*ABC", HUB)
        (seen,) = heard(rival, "locations")
        assert (seen.receiver, seen.sender) == ("BE*BEC", "DE*ABC")


# --- authorization of a token whose owner is not known ---------------------------------------------------------------


class Answering(FakeEmsp):
    """An eMSP that says to every authorization what it was told to."""

    def __init__(self, party: str, answer: Served | None) -> None:
        super().__init__(party)
        self.answer = answer

    async def respond(self, seen: Seen) -> Served:
        """Never, where it was told nothing."""
        if seen.segments[1:] != ("authorize",):
            return await super().respond(seen)
        if self.answer is None:
            await asyncio.sleep(3600)
        assert self.answer is not None
        return self.answer


def says(allowed: str) -> Served:
    return Served(data={"allowed": allowed})


UNKNOWN = Served(404, 2004, message="unknown token")


@pytest.mark.parametrize(
    ("answers", "from_", "http", "code", "allowed"),
    [
        ([UNKNOWN, says("ALLOWED"), None], "DE*001", 200, 1000, "ALLOWED"),
        ([says("BLOCKED"), UNKNOWN, says("ALLOWED")], "DE*002", 200, 1000, "ALLOWED"),
        ([UNKNOWN, says("NO_CREDIT"), says("BLOCKED")], "DE*001", 200, 1000, "NO_CREDIT"),
        ([UNKNOWN, says("EXPIRED"), None], "DE*001", 200, 1000, "EXPIRED"),
        ([UNKNOWN, UNKNOWN, UNKNOWN], HUB, 404, 2004, None),
        ([UNKNOWN, Served(200, 2002), UNKNOWN], "DE*001", 200, 2002, None),
        ([Served(), Served(data={}), UNKNOWN], HUB, 404, 2004, None),
        ([], HUB, 404, 2004, None),
    ],
)
async def test_an_unknown_token_is_asked_of_every_emsp_that_the_cpo_may_reach(
    settings: MakeSettings, answers: list[Served | None], from_: str, http: int, code: int, allowed: str | None
) -> None:
    cpo = FakeCpo()
    emsps = [Answering(f"DE*{number:03}", answer) for number, answer in enumerate(answers)]
    forbidden = Answering("FR*NOT", says("ALLOWED"))
    async with gathered(settings(), cpo, forbidden, *emsps) as hub:
        await hub.platforms.allow(Agreement("1", cpo.parties[0], forbidden.parties[0], is_allowed=False), by="test")
        sent = await cpo.authorize(None, "NEVER-SEEN")
        assert (sent.http, sent.status_code) == (http, code), sent.envelope
        assert (sent.data or {}).get("allowed") == allowed
        assert (sent.party("to"), sent.party("from")) == ("NL*TNM", from_)
        assert heard(forbidden, "tokens") == []
        for emsp in emsps:
            (seen,) = heard(emsp, "tokens")
            assert (seen.receiver, seen.sender) == (str(emsp.parties[0]), "NL*TNM")
            assert seen.headers["X-Correlation-ID"] == sent.sent["X-Correlation-ID"]


async def test_who_answered_once_is_asked_alone_from_then_on(settings: MakeSettings) -> None:
    cpo, emsp, other = FakeCpo(), FakeEmsp(), FakeEmsp("FR*EMP")
    async with gathered(settings(), cpo, emsp, other):
        emsp.shelf.put("tokens", {**emsp.shelf.own["tokens"]["012345678"], "uid": "NEW"})
        for asked in (1, 1):
            assert (await cpo.authorize(None, "NEW")).data["allowed"] == "ALLOWED"
            assert len(heard(other, "tokens")) == asked


@pytest.mark.parametrize("kind", ["APP_USER", "AD_HOC_USER"])
async def test_a_token_that_2_1_1_calls_other_is_asked_of_its_owner_alone(settings: MakeSettings, kind: str) -> None:
    """2.1.1 has no word for these types: a token is pushed there as OTHER, and comes back so."""
    cpo, emsp, other = FakeCpo(version="2.1.1"), FakeEmsp(version="2.3.0"), FakeEmsp("FR*EMP")
    async with gathered(settings(), cpo, emsp, other) as hub:
        token = {**emsp.shelf.own["tokens"]["012345678"], "uid": "APP", "type": kind}
        emsp.shelf.put("tokens", token)
        told = await emsp.send("PUT", "tokens", "/DE/ABC/APP", query=f"type={kind}", to=HUB, body=token)
        assert told.is_success
        await until(lambda: hub.router.broadcast.is_idle)
        assert heard(cpo, "tokens")[-1].document["type"] == "OTHER"
        assert (await cpo.authorize(None, "APP", "type=OTHER")).data == {"allowed": "ALLOWED"}
        assert [seen.query for seen in heard(emsp, "tokens")] == [f"type={kind}"]
        assert heard(other, "tokens") == []


async def test_who_says_nothing_of_a_token_is_not_taken_for_its_owner(settings: MakeSettings) -> None:
    cpo, silent, emsp = FakeCpo(), Answering("AT*NIX", Served()), FakeEmsp()
    async with gathered(settings(), cpo, silent, emsp):
        unknown = await cpo.authorize(None, "NEW")
        assert (unknown.http, unknown.status_code) == (404, 2004)
        emsp.shelf.put("tokens", {**emsp.shelf.own["tokens"]["012345678"], "uid": "NEW"})
        assert (await cpo.authorize(None, "NEW")).data["allowed"] == "ALLOWED"


async def test_an_emaid_is_asked_of_the_provider_that_it_names(settings: MakeSettings) -> None:
    cpo, emsp, other = FakeCpo(version="2.3.0"), FakeEmsp(version="2.3.0"), FakeEmsp("FR*EMP", version="2.3.0")
    async with gathered(settings(), cpo, emsp, other):
        sent = await cpo.authorize(None, "FR-EMP-C00122045-K", "type=EMAID")
        assert (sent.http, sent.status_code, sent.party("from")) == (404, 2004, "FR*EMP")
        assert heard(emsp, "tokens") == []


async def test_each_leg_of_an_authorization_is_in_the_journal(settings: MakeSettings) -> None:
    cpo = FakeCpo()
    emsps = [Answering("DE*001", UNKNOWN), Answering("DE*002", None), Answering("DE*003", says("ALLOWED"))]
    async with gathered(settings(routing=QUICK), cpo, *emsps) as hub:
        sent = await cpo.authorize(None, "NEVER-SEEN")
        assert sent.data["allowed"] == "ALLOWED"
        legs = await legs_out(hub, sent)
        assert [leg.receiver for leg in legs] == ["DE*001", "DE*002", "DE*003"]
        assert "another eMSP was faster" in legs[1].reason
