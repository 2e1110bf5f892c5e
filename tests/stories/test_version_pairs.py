"""The full roaming story for all nine ordered pairs of versions, through the real doors of one hub.

Both ways in of parties that cannot name a receiver are told: one registration that reaches everybody, where all six
parties are there at once, and one connection for each partner. All that arrives must be valid in its version.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from hub.lifecycle import Hub
from hub.models import findings
from hub.testing import Exchange, FakeCpo, FakeEmsp, FakeParty, Seen
from hub.testing import samples as made
from hub.testing.results import Ordered
from hub.testing.roles import owned_path
from routing.catalogue import operation_of
from routing.message import parse_json
from routing.ocpi import VERSIONS, Interface
from tests.stories.onboarding import MakeSettings, hub_with, meet, told

OLD = "2.1.1"
PATIENCE_S = 20.0
ACCEPTED = {"result": "ACCEPTED"}


def period(minute: int, kwh: float) -> dict[str, Any]:
    start = f"2026-01-31T10:{minute:02}:00Z"
    return {"start_date_time": start, "dimensions": [{"type": "ENERGY", "volume": kwh}]}


def check(party: FakeParty, object_name: str, document: Any, *, partial: bool = False) -> None:
    """What a party got is valid in the version that it speaks."""
    assert findings(party.version.number, object_name, document, partial=partial) == [], (object_name, document)


@dataclass
class Pair:
    """One CPO and one eMSP, each with ids of its own, and what happens between them."""

    cpo: FakeCpo
    emsp: FakeEmsp

    def __post_init__(self) -> None:
        self.owner, self.driver = self.cpo.parties[0], self.emsp.parties[0]
        self.location_id, self.tariff_id = f"LOC-{self.owner.party_id}", f"TAR-{self.owner.party_id}"
        self.uid = f"CARD-{self.driver.party_id}"
        self.session_id = f"SES-{self.owner.party_id}-{self.driver.party_id}"
        self.is_old = (self.cpo.version.number == OLD, self.emsp.version.number == OLD)

    def to(self, party: FakeParty) -> str | None:
        """How the other one addresses this party: not at all where it speaks 2.1.1."""
        other = self.emsp if party is self.cpo else self.cpo
        return str(party.parties[0]) if other.version.has_routing_headers else None

    async def arrives(self, at: FakeParty, sending: Awaitable[Exchange], path: str) -> tuple[Exchange, Seen]:
        """Send, and wait for what the other party sees at this path; it must be valid there."""
        before = len(at.seen)
        answer = await sending
        assert answer.is_success, (answer.http, answer.body)
        seen = (await at.saw(after=before, timeout_s=PATIENCE_S, when=lambda seen: seen.path == path))[-1]
        operation = operation_of(seen.module, Interface(seen.interface), seen.method, seen.path)
        if seen.body and operation:
            check(at, operation.object_name, parse_json(seen.body), partial=seen.method == "PATCH")
        return answer, seen

    # --- objects, in the words of who sends them -------------------------------------------------------------------

    def location(self) -> dict[str, Any]:
        place = made.location(self.cpo.version.number, self.owner, self.location_id)
        place["evses"][0]["connectors"][0]["tariff_id" if self.is_old[0] else "tariff_ids"] = (
            self.tariff_id if self.is_old[0] else [self.tariff_id]
        )
        return place

    def with_driver(self, document: dict[str, Any]) -> dict[str, Any]:
        """A session or CDR of the card of this pair, at the location of this pair."""
        card = made.cdr_token(self.driver, self.uid)
        if self.is_old[0]:
            return {**document, "auth_id": card["contract_id"], "location": self.location()}
        where = {"location_id": self.location_id, "evse_uid": f"{self.location_id}-1"}
        if "cdr_location" in document:
            place = {"id": self.location_id, "evse_uid": where["evse_uid"]}
            return {**document, "cdr_token": card, "cdr_location": {**document["cdr_location"], **place}}
        return {**document, "cdr_token": card, **where}


async def publish(pair: Pair) -> None:
    """Location, tariff and token are pushed, and locations pulled."""
    cpo, emsp = pair.cpo, pair.emsp
    place = cpo.shelf.put("locations", pair.location())
    path = owned_path(pair.owner, pair.location_id)
    push = cpo.send("PUT", "locations", path, to=pair.to(emsp), body=place)
    _, seen = await pair.arrives(emsp, push, path)
    connector = seen.document["evses"][0]["connectors"][0]
    assert ("publish" in seen.document, "voltage" in connector, "max_voltage" in connector) == (
        (False, True, False) if pair.is_old[1] else (True, False, True)
    )
    assert connector["tariff_id" if pair.is_old[1] else "tariff_ids"] in (pair.tariff_id, [pair.tariff_id])
    tariff = await pair.arrives(
        emsp, cpo.push_tariff(pair.to(emsp), pair.tariff_id), owned_path(pair.owner, pair.tariff_id)
    )
    assert ("tax_included" in tariff[1].document) == (emsp.version.number == "2.3.0")
    token = await pair.arrives(cpo, emsp.push_token(pair.to(cpo), pair.uid), owned_path(pair.driver, pair.uid))
    contract = made.cdr_token(pair.driver, pair.uid)["contract_id"]
    assert token[1].document["auth_id" if pair.is_old[0] else "contract_id"] == contract
    listed = [row async for row in emsp.list("locations", to=pair.to(cpo), query="limit=1")]
    for row in listed:
        check(emsp, "Location", row)
    assert pair.location_id in [row["id"] for row in listed]


async def authorize(pair: Pair) -> None:
    """The card is shown at a charge point."""
    path = f"/{pair.uid}/authorize"
    asked, _ = await pair.arrives(pair.emsp, pair.cpo.authorize(pair.to(pair.emsp), pair.uid), path)
    assert asked.data["allowed"] == "ALLOWED"
    assert ("token" in asked.data) is not pair.is_old[0]
    if not pair.is_old[0]:
        assert asked.data["token"]["contract_id"] == made.cdr_token(pair.driver, pair.uid)["contract_id"]
    check(pair.cpo, "AuthorizationInfo", parse_json(asked.body)["data"])


async def order(pair: Pair, at: FakeParty, ordering: Awaitable[Ordered], path: str) -> Seen:
    """An order is accepted, and its result comes back to the address that the eMSP gave."""
    ordered: list[Ordered] = []

    async def send() -> Exchange:
        ordered.append(await ordering)
        return ordered[0].exchange

    answer, seen = await pair.arrives(at, send(), path)
    assert answer.data["result"] == "ACCEPTED"
    assert ("timeout" in answer.data) is not pair.is_old[1]
    assert seen.module == "chargingprofiles" or seen.document["response_url"] != ordered[0].response_url
    assert await ordered[0].result(PATIENCE_S) == ACCEPTED
    return seen


async def charge(pair: Pair) -> None:
    """A session from START_SESSION to STOP_SESSION."""
    cpo, emsp, to_emsp = pair.cpo, pair.emsp, pair.to(pair.emsp)
    started = await order(pair, cpo, emsp.start_session(pair.to(cpo), pair.location_id, pair.uid), "/START_SESSION")
    assert started.document["token"]["uid"] == pair.uid
    path = owned_path(pair.owner, pair.session_id)
    begun = made.session(cpo.version.number, pair.owner, pair.driver, pair.session_id)
    whole = pair.with_driver({**begun, "charging_periods": [period(0, 1), period(5, 2)]})
    _, put = await pair.arrives(emsp, cpo.send("PUT", "sessions", path, to=to_emsp, body=whole), path)
    if pair.is_old[1]:
        assert put.document["location"]["evses"][0]["connectors"][0]["voltage"] == 230
        assert put.document["auth_id"] == made.cdr_token(pair.driver, pair.uid)["contract_id"]
    else:
        assert put.document["cdr_token"] == made.cdr_token(pair.driver, pair.uid)
        assert put.document["connector_id"] == "1"
    sent = [period(0, 1), period(5, 2), period(10, 3)] if pair.is_old[0] else [period(10, 3)]
    change = {"kwh": 6, "charging_periods": sent, "last_updated": made.now()}
    _, patch = await pair.arrives(emsp, cpo.send("PATCH", "sessions", path, to=to_emsp, body=change), path)
    assert (patch.method, patch.document["kwh"]) == ("PATCH", 6)
    wanted = [period(0, 1), period(5, 2), period(10, 3)] if pair.is_old[1] else [period(10, 3)]
    assert patch.document["charging_periods"] == wanted
    await limit(pair)
    await order(pair, cpo, emsp.stop_session(pair.to(cpo), pair.session_id), "/STOP_SESSION")


async def limit(pair: Pair) -> None:
    """A charging profile, where both versions have it; 2.1.1 does not, and that is said in its place."""
    cpo, emsp = pair.cpo, pair.emsp
    if pair.is_old[1]:
        assert not [key for key in emsp.peer.endpoints if key[0] == "chargingprofiles"]
    elif pair.is_old[0]:
        refused = (await emsp.set_profile(pair.to(cpo), pair.session_id)).exchange
        assert (refused.http, refused.data) == (200, {"result": "NOT_SUPPORTED", "timeout": 0})
    else:
        await order(pair, cpo, emsp.set_profile(pair.to(cpo), pair.session_id), f"/{pair.session_id}")


async def bill(pair: Pair) -> None:
    """A CDR is posted, and read back where the eMSP put it: in the words of each."""
    cpo, emsp = pair.cpo, pair.emsp
    cdr_id = f"CDR-{pair.session_id}"
    body = pair.with_driver(made.cdr(cpo.version.number, pair.owner, pair.driver, cdr_id))
    posted, seen = await pair.arrives(emsp, cpo.send("POST", "cdrs", to=pair.to(emsp), body=body), "")
    price = {OLD: 2.63, "2.2.1": {"excl_vat": 2.63}, "2.3.0": {"before_taxes": 2.63}}
    assert (seen.document["id"], seen.document["total_cost"]) == (cdr_id, price[emsp.version.number])
    read = await cpo.send("GET", "cdrs", url=posted.headers["Location"], to=pair.to(emsp))
    assert (read.data["id"], read.data["total_cost"]) == (cdr_id, price[cpo.version.number])
    check(cpo, "CDR", parse_json(read.body)["data"])


CHAPTERS: tuple[Callable[[Pair], Awaitable[None]], ...] = (publish, authorize, charge, bill)


async def announce(cpo: FakeCpo) -> None:
    """Push a CPO's location to everybody."""
    place = Pair(cpo, FakeEmsp()).location()
    to = "NL*HUB" if cpo.version.has_routing_headers else None
    assert (await cpo.send("PUT", "locations", owned_path(cpo.parties[0], place["id"]), to=to, body=place)).is_success


async def receipts(hub: Hub, parties: dict[str, str]) -> dict[tuple[str, str], list[Any]]:
    """What was lost between each two versions, by the versions of sender and receiver."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for journey in await told(hub, limit=10_000):
        for leg in journey.legs:
            if leg.sender in parties and leg.receiver in parties:
                found[parties[leg.sender], parties[leg.receiver]] += leg.losses
    return found


async def test_one_registration_reaches_every_party_of_every_version(settings: MakeSettings) -> None:
    cpos = [FakeCpo(f"NL*CP{number}", version=version) for number, version in enumerate(VERSIONS)]
    emsps = [FakeEmsp(f"DE*EM{number}", version=version) for number, version in enumerate(VERSIONS)]
    for party in (*cpos, *emsps):
        party.shelf.own.clear()
    async with hub_with(settings(), *cpos, *emsps) as hub:
        for cpo in cpos:  # what is meant for everybody is what an eMSP finds that asks nobody by name
            await announce(cpo)
        await hub.memory.settled()
        for cpo, emsp in product(cpos, emsps):
            for chapter in CHAPTERS:
                await chapter(Pair(cpo, emsp))
        await hub.router.broadcast.settled()
        versions = {str(party.parties[0]): party.version.number for party in (*cpos, *emsps)}
        lost = await receipts(hub, versions)
        assert "CARD-" not in str(lost)
        assert {pair for pair in lost if pair[0] == pair[1] and lost[pair]} == set()
        assert all(lost[pair] for pair in product(VERSIONS, VERSIONS) if pair[0] != pair[1] and OLD in pair)


OLD_PAIRS = [pair for pair in product(VERSIONS, VERSIONS) if OLD in pair]


@pytest.mark.parametrize(("cpo_version", "emsp_version"), OLD_PAIRS, ids=lambda version: version)
async def test_a_connection_for_one_partner_tells_the_whole_story(
    settings: MakeSettings, cpo_version: str, emsp_version: str
) -> None:
    cpo, emsp = FakeCpo(version=cpo_version), FakeEmsp(version=emsp_version)
    async with hub_with(settings()) as hub, cpo, emsp:
        await meet(hub, cpo, emsp)
        for chapter in CHAPTERS:
            await chapter(Pair(cpo, emsp))
