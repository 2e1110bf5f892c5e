"""Objects that are wrong anywhere, sent and answered between parties of all versions: the hub never fails over them."""

from __future__ import annotations

import json
import random
from contextlib import AsyncExitStack
from typing import Any, Final

from hub.testing import FakeCpo, FakeEmsp, FakeParty, Served, samples
from tests.stories.market import MakeSettings
from tests.stories.onboarding import hub_with

VERSIONS: Final = ("2.1.1", "2.2.1", "2.3.0")
ODD: Final = (
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    [],
    {},
    [1],
    [{}],
    {"a": 1},
    "\u0000",
    10**30,
    "é" * 50,
    "2026-01-01T00:00:00Z",
)
REQUESTS: Final = 250
CHANCE: Final = random.Random(42)
"""The same ones each time; whoever changes a translation lets it run for longer once."""


def spoiled(value: Any) -> Any:
    """A JSON value in which here and there something is missing, or is something else."""
    match value:
        case dict():
            kept = {name: item for name, item in value.items() if CHANCE.random() > 0.05}
            return {name: CHANCE.choice(ODD) if CHANCE.random() < 0.12 else spoiled(kept[name]) for name in kept}
        case list():
            return [CHANCE.choice(ODD) if CHANCE.random() < 0.1 else spoiled(item) for item in value]
        case _:
            return CHANCE.choice(ODD) if CHANCE.random() < 0.05 else value


def of_a_cpo(cpo: FakeParty, emsp: FakeParty) -> tuple[str, str, str, Any]:
    """Method, module, path and body of something that a CPO sends."""
    version, owner, driver = cpo.version.number, cpo.parties[0], emsp.parties[0]
    place = f"/{owner.country_code}/{owner.party_id}/"
    return CHANCE.choice([
        ("PUT", "locations", f"{place}L1", samples.location(version, owner, "L1")),
        ("PUT", "tariffs", f"{place}T1", samples.tariff(version, owner, "T1")),
        (CHANCE.choice(["PUT", "PATCH"]), "sessions", f"{place}S1", samples.session(version, owner, driver, "S1")),
        ("POST", "cdrs", "", samples.cdr(version, owner, driver, "C1")),
        ("POST", "tokens", "/012345678/authorize", {"location_id": "L1"}),
    ])  # fmt: skip


def of_an_emsp(emsp: FakeParty) -> tuple[str, str, str, Any]:
    """Method, module, path and body of something that an eMSP sends."""
    version, owner = emsp.version.number, emsp.parties[0]
    token, (response_url, _) = samples.token(version, owner, "012345678"), emsp.expect_result()
    order = {"response_url": response_url, "token": token, "location_id": "L1"}
    return CHANCE.choice([
        ("PUT", "tokens", f"/{owner.country_code}/{owner.party_id}/012345678", token),
        ("POST", "commands", "/START_SESSION", order),
        ("POST", "commands", "/STOP_SESSION", {"response_url": response_url, "session_id": "S1"}),
        *(("GET", module, "", None) for module in ("locations", "cdrs", "tariffs")),
    ])  # fmt: skip


def answering(party: FakeParty, module: str, sender: FakeParty) -> None:
    """Let a party answer something wrong, or as it should."""
    party.answers.clear()
    version, owner = party.version.number, party.parties[0]
    data = {
        "locations": [samples.location(version, owner, "L1")],
        "tariffs": [samples.tariff(version, owner, "T1")],
        "cdrs": [samples.cdr(version, owner, sender.parties[0], "C1")],
        "tokens": {"allowed": "ALLOWED", "token": samples.token(version, owner, "012345678")},
    }.get(module, {"result": "ACCEPTED"})
    if CHANCE.random() < 0.5:
        wrong = spoiled(data)
        party.answers[module] = lambda _: Served(data=wrong)


async def test_nothing_that_is_wrong_in_an_object_makes_the_hub_fail(settings: MakeSettings) -> None:
    cpos = [FakeCpo(f"NL*V{number}A", version=version) for number, version in enumerate(VERSIONS)]
    emsps = [FakeEmsp(f"DE*V{number}A", version=version) for number, version in enumerate(VERSIONS)]
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(hub_with(settings(), *cpos, *emsps))
        for _ in range(REQUESTS):
            cpo, emsp = CHANCE.choice(cpos), CHANCE.choice(emsps)
            sender, receiver = CHANCE.choice([(cpo, emsp), (emsp, cpo)])
            method, module, path, body = of_a_cpo(cpo, emsp) if sender is cpo else of_an_emsp(emsp)
            answering(receiver, module, sender)
            side = "sender" if method == "GET" or path.endswith("authorize") else "receiver"
            to = str(receiver.parties[0]) if sender.version.has_routing_headers else None
            content = None if body is None else json.dumps(spoiled(body)).encode()
            told = await sender.send(method, module, path, to=to, interface=side, body=content)
            assert told.http < 500, (method, module, told.body)
            assert told.envelope, (method, module, told.body)
            assert "failed to handle" not in told.status_message, (method, module, content)
