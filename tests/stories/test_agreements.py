"""Agreements decide for everything that asks who may reach whom, and a change acts on the next request of each.

One CPO and one eMSP, between whom agreements come and go; a second eMSP shows that other pairs do not notice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import pytest

from hub.lifecycle import Hub
from hub.testing import Exchange, FakeCpo, FakeEmsp, FakeParty
from hub.testing.samples import session
from routing.agreements import Agreement
from routing.ocpi import PartyId
from tests.stories.market import MakeSettings, gathered
from tests.stories.test_client_info import listed
from tests.stories.waiting import until

HUB: Final = "NL*HUB"
PAIR: Final = (PartyId("NL", "TNM"), PartyId("DE", "ABC"))
LOCATIONS: Final = {"a location", "a broadcast location", "its locations in GET All"}
TOKENS: Final = {"a token", "a broadcast token", "its tokens in GET All", "an open authorization"}
SESSIONS: Final = {"its sessions in GET All"}
COMMANDS: Final = {"an open command"}
KNOWN: Final = {"HubClientInfo", "credentials"}
EVERYTHING: Final = LOCATIONS | TOKENS | SESSIONS | COMMANDS | KNOWN
NEW: Final = "never-told"
"""A card that only its eMSP knows of."""


def allow(*modules: str) -> Agreement:
    return Agreement(f"allow {modules}", *PAIR, is_allowed=True, modules=frozenset(modules))


def deny(*modules: str) -> Agreement:
    return Agreement(f"deny {modules}", *PAIR, is_allowed=False, modules=frozenset(modules))


@pytest.mark.parametrize(
    ("policy", "steps"),
    [
        (
            "open",
            [
                ([], EVERYTHING),
                ([deny()], set()),
                ([deny("locations")], EVERYTHING - LOCATIONS),
                ([deny("tokens"), deny("sessions")], EVERYTHING - TOKENS - SESSIONS),
                ([allow("locations")], EVERYTHING),
                ([], EVERYTHING),
            ],
        ),
        (
            "agreements",
            [
                ([], set()),
                ([allow()], EVERYTHING),
                ([allow("tokens", "commands")], TOKENS | COMMANDS | KNOWN),
                ([allow(), deny("commands")], EVERYTHING - COMMANDS),
                ([allow(), deny()], set()),
                ([allow("locations", "sessions")], LOCATIONS | SESSIONS | KNOWN),
            ],
        ),
    ],
)
async def test_everything_that_asks_hears_the_same(
    settings: MakeSettings, policy: str, steps: list[tuple[list[Agreement], set[str]]]
) -> None:
    cpo, emsp, other = FakeCpo(version="2.3.0"), FakeEmsp(version="2.3.0"), FakeEmsp("FR*EMP", version="2.3.0")
    async with gathered(settings(routing={"policy": policy}), cpo, emsp, other) as hub:
        cpo.shelf.put("sessions", session("2.3.0", PAIR[0], PAIR[1]))
        card = emsp.shelf.own["tokens"]["012345678"]
        emsp.shelf.put("tokens", {**card, "uid": NEW})
        there: list[Agreement] = []
        for agreements, expected in steps:
            for gone in there:
                await hub.platforms.disallow(gone.id, by="test")
            for made in agreements:
                await hub.platforms.allow(made, by="test")
            there = agreements
            assert await passes(hub, cpo, emsp) == expected, agreements
            unknown = (await cpo.push_location("FR*EMP")).status_code == 4001
            assert unknown == (policy == "agreements"), "another pair"


async def passes(hub: Hub, cpo: FakeCpo, emsp: FakeEmsp) -> set[str]:
    """What gets through between these two at this moment."""
    location, token = await cpo.push_location("DE*ABC"), await emsp.push_token("NL*TNM")
    for sent in (location, token):
        looks_unknown(sent, await cpo.push_location("XX*XXX"))
    before = (len(cpo.seen), len(emsp.seen))
    assert (await cpo.push_location(HUB, "A1")).is_success
    assert (await emsp.push_token(HUB)).is_success
    await until(lambda: hub.router.broadcast.is_idle)
    started = (await emsp.start_session(None, "A1")).exchange
    asked = await cpo.authorize(None, NEW)
    told = await cpo.send("GET", "credentials", interface="sender")
    answers = {
        "a location": location.is_success,
        "a token": token.is_success,
        "a broadcast location": "locations" in modules(emsp, before[1]),
        "a broadcast token": "tokens" in modules(cpo, before[0]),
        "its locations in GET All": await sees(emsp, "locations"),
        "its tokens in GET All": await sees(cpo, "tokens"),
        "its sessions in GET All": await sees(emsp, "sessions", "date_from=2020-01-01T00:00:00Z"),
        "an open command": started.is_success,
        "an open authorization": asked.is_success,
        "HubClientInfo": (await listed(cpo)).get("DE*ABC EMSP")
        == (await listed(emsp)).get("NL*TNM CPO")
        == "CONNECTED",
        "credentials": ("DE", "ABC") in [(row["country_code"], row["party_id"]) for row in told.data["roles"]],
    }
    assert started.is_success or started.status_code == 4001
    assert asked.is_success or (asked.http, asked.status_code) == (404, 2004)
    return {name for name, is_there in answers.items() if is_there}


def looks_unknown(sent: Exchange, unknown: Exchange) -> None:
    """What may not be reached answers as what is not there: nobody can find out who is on the hub."""
    if not sent.is_success:
        words = sent.status_message.replace("DE*ABC", "XX*XXX").replace("NL*TNM", "XX*XXX")
        assert (sent.http, sent.status_code, words) == (unknown.http, unknown.status_code, unknown.status_message)


def modules(party: FakeParty, after: int) -> Iterable[str]:
    """What was pushed to a party since."""
    return [seen.module for seen in party.seen[after:] if seen.method == "PUT"]


async def sees(party: FakeParty, module: str, query: str = "") -> bool:
    """Whether a GET All brings anything of the other of the two."""
    rows: list[Any] = [row async for row in party.list(module, to=HUB, query=query)]
    return any(PartyId(row["country_code"], row["party_id"]) in PAIR for row in rows)
