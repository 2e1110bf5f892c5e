"""Commands between parties of different versions, and their results on the way back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.testing import FakeCpo, FakeEmsp, Served
from hub.testing.roles import owned_path
from hub.testing.samples import cdr, now, session, token
from tests.stories.onboarding import MakeSettings, hub_with, join, meet

OLD = "2.1.1"


async def test_an_app_that_2_1_1_cannot_name_is_named_again_on_the_way_back(settings: MakeSettings) -> None:
    """Test vector 6."""
    cpo, emsp = FakeCpo(version=OLD), FakeEmsp()
    async with hub_with(settings()) as hub, cpo, emsp:
        await meet(hub, cpo, emsp)
        app = {**token("2.2.1", emsp.parties[0], "APP-1"), "type": "APP_USER", "whitelist": "NEVER"}
        where = {"location_id": "LOC1", "evse_uid": "LOC1-1", "authorization_reference": "AUTH-77"}
        ordered = await emsp.command("START_SESSION", "NL*TNM", {"token": app, **where})
        assert ordered.exchange.data == {"result": "ACCEPTED", "timeout": 120}
        assert cpo.seen[-1].document["token"]["type"] == "OTHER"
        assert await ordered.result(20) == {"result": "ACCEPTED"}
        started = {**session(OLD, cpo.parties[0], emsp.parties[0]), "auth_id": "DEABCCAPP-1"}
        assert (await cpo.send("PUT", "sessions", "/NL/TNM/SES1", body=started)).is_success
        back = emsp.seen[-1].document
        assert (back["cdr_token"]["type"], back["cdr_token"]["uid"]) == ("APP_USER", "APP-1")
        assert back["authorization_reference"] == "AUTH-77"


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_what_an_authorization_told_of_the_driver_is_back_in_the_session_and_cdr(
    settings: MakeSettings, version: str
) -> None:
    """2.1.1 answers no token and no authorization_reference, which SHALL be in them (OCPI 2.2.1, sessions, Session)."""
    cpo, emsp = FakeCpo(version=OLD), FakeEmsp(version=version)
    async with hub_with(settings()) as hub, cpo, emsp:
        await meet(hub, cpo, emsp)
        app = {**token(version, emsp.parties[0], "APP-1"), "type": "APP_USER", "whitelist": "NEVER"}
        told = {"allowed": "ALLOWED", "token": app, "authorization_reference": "AUTH-78"}
        emsp.answers["tokens"] = lambda _: Served(data=told)
        where = {"location_id": "LOC1", "evse_uids": ["LOC1-1"]}
        asked = await cpo.send("POST", "tokens", "/APP-1/authorize", interface="sender", query="type=OTHER", body=where)
        assert asked.data == {"allowed": "ALLOWED"}
        driver = {"auth_id": app["contract_id"]}
        started = {**session(OLD, cpo.parties[0], emsp.parties[0]), **driver}
        assert (await cpo.send("PUT", "sessions", "/NL/TNM/SES1", body=started)).is_success
        billed = {**cdr(OLD, cpo.parties[0], emsp.parties[0]), **driver}
        assert (await cpo.send("POST", "cdrs", body=billed)).is_success
        for back in (await emsp.saw(module="sessions"))[0].document, (await emsp.saw(module="cdrs"))[0].document:
            assert back["authorization_reference"] == "AUTH-78"
            assert (back["cdr_token"]["type"], back["cdr_token"]["uid"]) == ("APP_USER", "APP-1")


async def test_an_authorization_for_one_cpo_is_not_told_of_the_session_of_another(settings: MakeSettings) -> None:
    """Ids of locations are unique within a CPO's platform only (OCPI 2.1.1, locations, Location)."""
    asking, other, emsp = FakeCpo(version=OLD), FakeCpo("NL*OTH", version=OLD), FakeEmsp()
    async with hub_with(settings(), emsp) as hub, asking, other:
        for cpo in (asking, other):
            await join(hub, cpo, counterpart="DE*ABC")
        told = {"allowed": "ALLOWED", "token": token("2.2.1", emsp.parties[0]), "authorization_reference": "AUTH-79"}
        emsp.answers["tokens"] = lambda _: Served(data=told)
        where = {"location_id": "LOC1"}
        asked = await asking.send("POST", "tokens", "/012345678/authorize", interface="sender", body=where)
        assert asked.data == {"allowed": "ALLOWED"}
        for count, (cpo, reference) in enumerate(((other, None), (asking, "AUTH-79")), start=1):
            owner = cpo.parties[0]
            started = session(OLD, owner, emsp.parties[0])
            assert (await cpo.send("PUT", "sessions", owned_path(owner, "SES1"), body=started)).is_success
            back = (await emsp.saw(module="sessions", count=count))[-1].document
            assert back.get("authorization_reference") == reference


@pytest.mark.parametrize("kind", ["EMAID", "VENDOR_CARD"])
@pytest.mark.parametrize("version", [OLD, "2.2.1"])
async def test_a_type_that_only_2_3_0_has_is_back_on_the_way_to_its_emsp(
    settings: MakeSettings, version: str, kind: str
) -> None:
    """A token is known by uid and type (OCPI 2.3.0, tokens): as OTHER its eMSP would not know it."""
    cpo, emsp = FakeCpo(version=version), FakeEmsp(version="2.3.0")
    async with hub_with(settings()) as hub, cpo, emsp:
        await meet(hub, cpo, emsp)
        own = {**token("2.3.0", emsp.parties[0], "NEW-1"), "type": kind}
        emsp.shelf.put("tokens", own)
        path = owned_path(emsp.parties[0], "NEW-1")
        assert (await emsp.send("PUT", "tokens", path, query=f"type={kind}", to="NL*TNM", body=own)).is_success
        told = (await cpo.saw(method="PUT", module="tokens"))[-1]
        assert (told.document["type"], told.query) == ("OTHER", "" if version == OLD else "type=OTHER")
        assert (await cpo.authorize("DE*ABC", "NEW-1", "type=OTHER")).data["allowed"] == "ALLOWED"
        assert (await emsp.saw(module="tokens"))[-1].query == f"type={kind}"
        named = {"auth_id": own["contract_id"]}
        if version != OLD:
            driver = {name: own[name] for name in ("country_code", "party_id", "uid", "contract_id")}
            named = {"cdr_token": {**driver, "type": "OTHER"}}
        started = {**session(version, cpo.parties[0], emsp.parties[0]), **named}
        path = owned_path(cpo.parties[0], "SES1")
        assert (await cpo.send("PUT", "sessions", path, to="DE*ABC", body=started)).is_success
        billed = {**cdr(version, cpo.parties[0], emsp.parties[0]), **named}
        assert (await cpo.send("POST", "cdrs", to="DE*ABC", body=billed)).is_success
        for module in ("sessions", "cdrs"):
            back = (await emsp.saw(module=module))[-1].document["cdr_token"]
            assert (back["uid"], back["type"]) == ("NEW-1", kind)


async def test_a_reservation_that_is_cancelled_later_is_told_at_the_same_address(settings: MakeSettings) -> None:
    """Test vector 7: the CPO posts to the same response_url again (OCPI 2.2.1, commands, ReserveNow)."""
    cpo, emsp = FakeCpo(version="2.3.0"), FakeEmsp()
    async with hub_with(settings(), cpo, emsp):
        expires = (datetime.now(UTC) + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = {
            "token": token("2.2.1", emsp.parties[0]),
            "expiry_date": expires,
            "reservation_id": "RES-1",
            "location_id": "LOC1",
        }
        ordered = await emsp.command("RESERVE_NOW", "NL*TNM", body)
        assert await ordered.result(20) == {"result": "ACCEPTED"}
        url = cpo.seen[-1].document["response_url"]
        cancelled = {"result": "CANCELED_RESERVATION"}
        assert (await cpo.send("POST", "commands", url=url, to="DE*ABC", body=cancelled)).is_success
        results = [seen for seen in emsp.seen if seen.module == "results"]
        assert [seen.document["result"] for seen in results] == ["ACCEPTED", "CANCELED_RESERVATION"]
        assert len({seen.raw_path for seen in results}) == 1


async def test_a_reservation_has_a_number_in_2_1_1(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(version=OLD), FakeEmsp()
    async with hub_with(settings()) as hub, cpo, emsp:
        await meet(hub, cpo, emsp)
        numbers = []
        for reservation in ("42", "RES-1", "res-1", "RES-2"):
            body = {
                "token": token("2.2.1", emsp.parties[0]),
                "expiry_date": now(),
                "reservation_id": reservation,
                "location_id": "LOC1",
            }
            assert (await emsp.command("RESERVE_NOW", "NL*TNM", body)).exchange.data["result"] == "ACCEPTED"
            numbers.append(cpo.seen[-1].document["reservation_id"])
        assert numbers[0] == 42
        assert all(type(number) is int and 0 <= number < 2**31 for number in numbers)
        assert numbers[1] == numbers[2], "ids have no case from 2.2 on"
        assert len(set(numbers)) == 3


@pytest.mark.parametrize("emsp_version", ["2.2.1", "2.3.0"])
async def test_what_2_1_1_cannot_do_is_answered_in_its_place(settings: MakeSettings, emsp_version: str) -> None:
    """OCPI version translation, section 12."""
    cpo, emsp = FakeCpo(version=OLD), FakeEmsp(version=emsp_version)
    async with hub_with(settings()) as hub, cpo, emsp:
        await meet(hub, cpo, emsp)
        before = len(cpo.seen)
        cancel = await emsp.command("CANCEL_RESERVATION", "NL*TNM", {"reservation_id": "RES-1"})
        assert (cancel.exchange.http, cancel.exchange.data) == (200, {"result": "NOT_SUPPORTED", "timeout": 0})
        preferences = {"profile_type": "GREEN"}
        path = "/SES1/charging_preferences"
        refused = await emsp.send("PUT", "sessions", path, to="NL*TNM", interface="sender", body=preferences)
        assert (refused.http, refused.status_code) == (404, 2001)
        assert len(cpo.seen) == before


@pytest.mark.parametrize(
    ("result", "told"),
    [("EVSE_OCCUPIED", "REJECTED"), ("TIMEOUT", "TIMEOUT"), ("CANCELED_RESERVATION", "REJECTED")],
)
async def test_a_result_is_told_in_the_words_of_2_1_1(settings: MakeSettings, result: str, told: str) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp(version=OLD)
    async with hub_with(settings()) as hub, cpo, emsp:
        await meet(hub, cpo, emsp)
        cpo.result = result
        ordered = await emsp.start_session(None)
        assert ordered.exchange.data == {"result": "ACCEPTED"}
        assert await ordered.result(20) == {"result": told}
