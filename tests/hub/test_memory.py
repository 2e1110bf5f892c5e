"""What the hub remembers, over both stores: as soon as it was learnt, after it was written, and after a restart."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from hub.memory import StoredMemory, remembering
from hub.store import Store
from routing.bridge import parse_json
from routing.memory import Kind, Tie, Wanted
from routing.message import Message, Reply
from routing.ocpi import PartyId
from tests.routing.scene import CPO, EMSP, OTHER_CPO, OTHER_EMSP, R, S, market, message, platform

PICTURE = market()
OLD = platform("emsp", version="2.1.1")
BOTH = (CPO, EMSP)


@asynccontextmanager
async def opened(store: Store) -> AsyncIterator[StoredMemory]:
    async with remembering(StoredMemory(store, lambda: PICTURE), within_s=10) as memory:
        yield memory


def answer(sender: PartyId, data: str = "", code: int = 1000) -> Reply:
    """What a party answered."""
    return Reply(200, f'{{"status_code":{code},"data":{data or "null"}}}'.encode(), sender, code=code)


def put(path: str, document: dict[str, Any], caller: str = "cpo", module: str = "locations", **more: Any) -> Message:
    return message(PICTURE, caller, "PUT", module, R, path, document=document, **more)


def patch(path: str, document: dict[str, Any], caller: str = "cpo", module: str = "locations", **more: Any) -> Message:
    return message(PICTURE, caller, "PATCH", module, R, path, document=document, **more)


def location(location_id: str, status: str = "AVAILABLE", owner: PartyId = CPO) -> dict[str, Any]:
    evse = {"uid": f"{location_id}-1", "status": status, "connectors": [{"id": "1"}]}
    named = {"country_code": owner.country_code, "party_id": owner.party_id}
    return {**named, "id": location_id, "evses": [evse], "last_updated": "2024-01-01T00:00:00Z"}


async def published(memory: StoredMemory, module: str = "locations", **wanted: Any) -> list[dict[str, Any]]:
    """Every published object of the market, page by page."""
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        asked = {"owners": (CPO, OTHER_CPO, EMSP, OTHER_EMSP), "limit": 2} | wanted
        page = await memory.page(Wanted(module, after=after, **asked))
        found += [parse_json(row.body) for row in page.items]
        if page.is_last:
            return found
        after = page.items[-1].seq


@pytest.fixture
async def memory(store: Store) -> AsyncIterator[StoredMemory]:
    async with opened(store) as memory:
        yield memory


async def test_a_broadcast_location_is_published_and_its_owner_known_at_once(memory: StoredMemory) -> None:
    memory.learn(put("/NL/TNM/LOC1", location("LOC1")), None, None)
    assert await memory.ties(Kind.LOCATION, "loc1") == (Tie(CPO),)
    assert await memory.ties(Kind.EVSE, "LOC1-1") == (Tie(CPO),)
    assert await published(memory) == [location("LOC1")]
    assert await memory.ties(Kind.LOCATION, "LOC1") == (Tie(CPO),)


async def test_a_push_to_one_party_is_nobody_elses_to_see(memory: StoredMemory) -> None:
    for receiver in (PICTURE.platforms["emsp"], OLD):
        memory.learn(put("/NL/TNM/LOC1", location("LOC1"), to=EMSP), answer(EMSP), receiver)
    assert await memory.ties(Kind.LOCATION, "LOC1") == (Tie(CPO),)
    assert await published(memory) == []
    assert await memory.find("locations", ("LOC1",), CPO) == ()
    assert await memory.recall("Location", ("NL", "TNM", "LOC1"), (CPO, OTHER_EMSP)) is None
    assert await memory.recall("Location", ("NL", "TNM", "LOC1"), BOTH) == location("LOC1")


async def test_two_parties_may_have_the_same_id(memory: StoredMemory) -> None:
    memory.learn(put("/NL/TNM/LOC1", location("LOC1")), None, None)
    memory.learn(put("/BE/BEC/LOC1", location("LOC1", owner=OTHER_CPO), caller="other-cpo"), None, None)
    assert set(await memory.ties(Kind.LOCATION, "LOC1")) == {Tie(CPO), Tie(OTHER_CPO)}
    assert len(await published(memory)) == 2


async def test_a_patch_of_an_evse_and_a_connector_shows_in_the_copy(memory: StoredMemory) -> None:
    memory.learn(put("/NL/TNM/LOC1", location("LOC1")), None, None)
    await memory.settled()
    change = {"status": "CHARGING", "last_updated": "2024-01-02T00:00:00Z"}
    memory.learn(patch("/NL/TNM/LOC1/loc1-1", change), None, None)
    memory.learn(patch("/NL/TNM/LOC1/LOC1-1/1", {"tariff_ids": ["T"]}), None, None)
    (found,) = await published(memory)
    assert found["evses"][0]["status"] == "CHARGING"
    assert found["evses"][0]["connectors"] == [{"id": "1", "tariff_ids": ["T"]}]
    assert found["last_updated"] == "2024-01-02T00:00:00Z"


async def test_a_deleted_tariff_is_gone(memory: StoredMemory) -> None:
    tariff = {"id": "T1", "currency": "EUR", "last_updated": "2024-01-01T00:00:00Z"}
    memory.learn(put("/NL/TNM/T1", tariff, module="tariffs"), None, None)
    assert len(await published(memory, "tariffs")) == 1
    memory.learn(message(PICTURE, "cpo", "DELETE", "tariffs", R, "/NL/TNM/T1"), None, None)
    assert await published(memory, "tariffs") == []


async def test_what_was_learnt_survives_the_node(store: Store) -> None:
    async with opened(store) as memory:
        memory.learn(put("/NL/TNM/LOC1", location("LOC1")), None, None)
        session = {"id": "S1", "cdr_token": {}, "status": "ACTIVE"}
        memory.learn(put("/NL/TNM/S1", session, module="sessions", to=EMSP), answer(EMSP), PICTURE.platforms["emsp"])
    async with opened(store) as memory:
        assert await published(memory) == [location("LOC1")]
        assert await memory.ties(Kind.SESSION, "s1") == (Tie(CPO, EMSP),)
        assert memory.dropped.total() == 0


async def test_what_was_refused_teaches_nothing(memory: StoredMemory) -> None:
    refusal = answer(EMSP, code=2001)
    memory.learn(put("/NL/TNM/LOC1", location("LOC1"), to=EMSP), refusal, OLD)
    assert await memory.ties(Kind.LOCATION, "LOC1") == ()


async def test_tokens_of_one_uid_and_two_types_are_two_tokens(memory: StoredMemory) -> None:
    for kind in ("RFID", "APP_USER"):
        token = {"uid": "U1", "type": kind, "contract_id": f"C-{kind}", "last_updated": "2024-01-01T00:00:00Z"}
        sent = put("/DE/MSP/U1", token, caller="emsp", module="tokens", query=f"type={kind}")
        memory.learn(sent, None, None)
    changed = patch("/DE/MSP/U1", {"valid": False}, caller="emsp", module="tokens", query="type=APP_USER")
    memory.learn(changed, None, None)
    found = {token["type"]: token for token in await published(memory, "tokens")}
    assert "valid" not in found["RFID"]
    assert found["APP_USER"]["valid"] is False
    assert await memory.ties(Kind.TOKEN, "u1", "RFID") == (Tie(EMSP),)
    assert await memory.ties(Kind.TOKEN, "u1", "OTHER") == ()
    assert (await memory.recall("TokenOfContract", ("c-rfid", "LOC1"), BOTH))["uid"] == "U1"


async def test_a_token_that_says_no_type_is_kept_as_what_it_was_and_fits_none_of_several(memory: StoredMemory) -> None:
    """A type is mandatory in a Token of OCPI 2.1.1 too (2.1.1, tokens, Token object); in the path it has none."""
    token = {"uid": "U1", "auth_id": "C1", "last_updated": "2024-01-01T00:00:00Z"}
    nameless = put("/DE/MSP/U1", token | {"issuer": "x"}, caller="emsp", module="tokens", version="2.1.1")

    def sent(kind: str) -> Message:
        return put("/DE/MSP/U1", token | {"type": kind}, caller="emsp", module="tokens", version="2.1.1")

    with capture_logs() as logged:
        memory.learn(sent("RFID"), None, None)
        memory.learn(nameless, None, None)
        await memory.settled()
        (kept,) = await memory.find("tokens", ("U1",), EMSP)
        assert (kept.kind, parse_json(kept.body)["issuer"]) == ("rfid", "x")
        memory.learn(sent("OTHER"), None, None)
        memory.learn(nameless, None, None)
        await memory.settled()
    kinds = {row.kind: parse_json(row.body).get("issuer") for row in await memory.find("tokens", ("U1",), EMSP)}
    assert kinds == {"rfid": "x", "other": None}
    assert [line for line in logged if line["log_level"] == "error"] == []
    assert dict(+memory.dropped) == {"unfitting": 1}


async def test_an_object_in_another_version_is_recalled_in_the_shape_of_2_2_1(memory: StoredMemory) -> None:
    token = {"uid": "U1", "type": "RFID", "auth_id": "C1", "issuer": "x", "valid": True, "whitelist": "ALWAYS"}
    token |= {"last_updated": "2024-01-01T00:00:00Z"}
    memory.learn(put("/DE/MSP/U1", token, caller="emsp", module="tokens", version="2.1.1"), None, None)
    found = await memory.recall("Token", ("DE", "MSP", "u1", "RFID"), BOTH)
    assert (found["contract_id"], found["country_code"]) == ("C1", "DE")
    (kept,) = await memory.find("tokens", ("U1", "RFID"))
    assert kept.version == "2.1.1"


async def test_a_session_between_versions_is_known_to_its_two_parties(memory: StoredMemory) -> None:
    session = {"id": "S1", "kwh": 1, "status": "ACTIVE", "charging_periods": [{"n": 1}]}
    memory.learn(put("/NL/TNM/S1", session, module="sessions", to=EMSP), answer(EMSP), OLD)
    more = {"charging_periods": [{"n": 2}], "last_updated": "2024-01-02T00:00:00Z"}
    memory.learn(patch("/NL/TNM/S1", more, module="sessions", to=EMSP), answer(EMSP), OLD)
    for _ in range(2):  # before and after it is written
        found = await memory.recall("Session", ("NL", "TNM", "S1"), BOTH)
        assert found["charging_periods"] == [{"n": 1}, {"n": 2}]
        await memory.settled()
    assert await memory.recall("Session", ("NL", "TNM", "S1"), (CPO, OTHER_EMSP)) is None


async def test_a_list_that_passed_by_tells_whose_sessions_those_are(memory: StoredMemory) -> None:
    asked = message(PICTURE, "emsp", "GET", "sessions", S, "", to=CPO, query="date_from=2024-01-01T00:00:00Z")
    memory.learn(asked, answer(CPO, '[{"id":"S7","country_code":"NL","party_id":"TNM"}]'), PICTURE.platforms["cpo"])
    assert await memory.ties(Kind.SESSION, "S7") == (Tie(CPO, EMSP),)


@pytest.mark.parametrize("bad", ["\x00", "x" * 300, "\ud800"])
async def test_an_id_that_no_store_would_have_costs_no_other_object(memory: StoredMemory, bad: str) -> None:
    document = {**location("LOC1"), "evses": [{"uid": bad}, {"uid": "E2"}]}
    memory.learn(put("/NL/TNM/LOC1", document), None, None)
    memory.learn(put("/NL/TNM/LOC2", location("LOC2")), None, None)
    assert len(await published(memory)) == 2
    assert await memory.ties(Kind.EVSE, "E2") == (Tie(CPO),)
    assert memory.dropped.total() == 0


@pytest.mark.parametrize("nonsense", [b"null", b"[]", b"5", b'"LOC1"'])
@pytest.mark.parametrize("path", ["/NL/TNM/LOC1", "/NL/TNM/LOC1/LOC1-1", "/NL/TNM/LOC1/LOC1-1/1"])
async def test_what_is_no_object_changes_no_copy(memory: StoredMemory, nonsense: bytes, path: str) -> None:
    """Nor does a part of it that comes later."""
    with capture_logs() as logged:
        for before in (None, put("/NL/TNM/LOC1", location("LOC1"))):
            for sent in (before, replace(put(path, {}), body=nonsense), patch("/NL/TNM/LOC1/LOC1-1", {})):
                if sent is not None:
                    memory.learn(sent, None, None)
            found = await published(memory)
            assert found == ([location("LOC1")] if before else [])
    assert [line for line in logged if line["log_level"] == "error"] == []


@pytest.mark.parametrize("bad", ["\x00", "".join(filter(str.isprintable, map(chr, range(300, 9300)))), "\ud800"])
async def test_a_token_that_no_store_would_have_is_no_failure_of_the_hub(memory: StoredMemory, bad: str) -> None:
    """One in a broadcast, in a command and in the answer to an authorization."""
    token = {"uid": bad, "type": bad, "contract_id": "C1", "last_updated": "2024-01-01T00:00:00Z"}
    start = {"token": token, "location_id": "LOC1", "authorization_reference": bad}
    old_cpo = platform("cpo", version="2.1.1")
    with capture_logs() as logged:
        memory.learn(put("/DE/MSP/U1", token | {"contract_id": bad}, caller="emsp", module="tokens"), None, None)
        command = message(PICTURE, "emsp", "POST", "commands", R, "/START_SESSION", to=CPO, document=start)
        memory.learn(command, answer(CPO), old_cpo)
        asked = message(PICTURE, "cpo", "POST", "tokens", S, "/U1/authorize", to=EMSP, document={"location_id": "LOC1"})
        said = {"token": token, "authorization_reference": bad}
        memory.learn(asked, answer(EMSP, json.dumps(said)), OLD)
        await memory.settled()
    assert [line for line in logged if line["log_level"] == "error"] == []
    assert memory.dropped.total() == 0
    assert await memory.ties(Kind.CONTRACT, "C1") == (Tie(EMSP),)
    assert await memory.recall("AuthorizationReference", ("NL", "TNM", "C1", "LOC1"), BOTH) is None
