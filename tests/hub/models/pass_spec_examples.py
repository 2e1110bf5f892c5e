"""Sends every JSON example of the specification through a hub, between parties of the same version, byte for byte.

`python -m` this module, then REPO, a bare clone of the specification. Each example goes one way as the body of a
request, and comes back in its answer; an example that is an answer itself comes back as it is. The program fails
where a byte is another one, and where something is refused that is not in `REFUSED`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hub import log
from hub.config import Settings
from hub.testing import FakeCpo, FakeEmsp, FakeParty, Served
from hub.testing.roles import owned_path
from hub.vault import new_key
from routing.catalogue import MODULES, module_key
from routing.ocpi import PartyId, Role
from tests.conftest import free_port
from tests.hub.models.check_spec_examples import PARTIAL, Example, examples, object_named, whole_text
from tests.stories.onboarding import hub_with, join

VERSIONS: Final = ("2.1.1", "2.2.1", "2.3.0")
USUAL: Final = PartyId("NL", "TNM")
CONFIGURATION: Final = ("Credentials", "ClientInfo", "Version", "VersionDetails")
"""What is between a party and the hub alone."""
CALLS: Final[dict[str, tuple[str, str, str, str]]] = {
    # object: who sends it, method, module, path below the owner's or, with a slash, below the endpoint
    "EVSE": ("cpo", "PUT", "locations", "LOC1 {id}"),
    "Connector": ("cpo", "PUT", "locations", "LOC1 E1 {id}"),
    "Tariff": ("cpo", "PUT", "tariffs", "{id}"),
    "Session": ("cpo", "PUT", "sessions", "{id}"),
    "CDR": ("cpo", "POST", "cdrs", "/"),
    "Token": ("emsp", "PUT", "tokens", "{id}"),
    "Booking": ("cpo", "PUT", "Booking", "{id}"),
    "BookingLocation": ("cpo", "PUT", "Booking", "booking_locations {id}"),
    "Calendar": ("cpo", "PUT", "Booking", "booking_locations BL1 {id}"),
    "BookingRequest": ("emsp", "POST", "Booking", "/"),
    "FinancialAdviceConfirmation": ("ptp", "POST", "payments", "/financial-advice-confirmations"),
    "Terminal": ("ptp", "POST", "payments", "/terminals"),
    "TerminalActivation": ("cpo", "POST", "payments", "/terminals/activate"),
}
LOCATION: Final = ("cpo", "PUT", "locations", "{id}")
"""A location, and the parts of one that have no address of their own."""
REFUSED: Final = frozenset({"2.3.0/release/bookings:booking_example.json"})
"""Its party_id has more than three characters: there can be no such party."""


@dataclass
class Town:
    """The parties of one version, and how their examples came through."""

    version: str
    parties: dict[str, FakeParty]
    results: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    async def send(self, example: Example) -> None:
        """One example there and back."""
        text = whole_text(example.text)
        try:
            data = json.loads(text)
        except ValueError:
            self.results["not JSON"] += 1
            return
        is_answer = isinstance(data, dict) and "status_code" in data
        items = (data.get("data") if is_answer else data) or {}
        first = items[0] if isinstance(items, list) else items
        if not first:
            self.results["an answer without an object"] += 1
            return
        name = object_named(example.kind, first)
        if name in CONFIGURATION:
            self.results["not routed"] += 1
            return
        content = text.encode()
        envelope = b'{"data": ' + content + b' , "status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}'
        is_good = (
            await self._asked(name, content)
            if is_answer
            else await self._pushed(name, first, content, envelope, partial=bool(PARTIAL.search(example.kind)))
        )
        result = "passed" if is_good else "refused" if example.name in REFUSED else "WRONG"
        self.results[result] += 1
        if result == "WRONG":
            self.wrong.append(example.name)

    async def _pushed(self, name: str, first: Any, content: bytes, answer: bytes, *, partial: bool) -> bool:
        who, method, module, path = CALLS.get(name, LOCATION)
        sender = self.parties[who]
        receiver = self.parties[{"cpo": "ptp" if module == "payments" else "emsp"}.get(who, "cpo")]
        named = f"{first.get('country_code')}*{first.get('party_id')}"
        owner = next((party for party in sender.parties if str(party) == named), sender.parties[0])
        object_id = str(first.get("uid") or first.get("id") or "1")
        ids = [part.format(id=object_id) for part in path.split()]
        place = path.rstrip("/") if path.startswith("/") else owned_path(owner, *ids)
        receiver.answers[module_key(module)] = lambda seen: Served(body=answer)
        sent = await sender.send(
            "PATCH" if partial and method == "PUT" else method,
            module,
            place,
            to=str(receiver.parties[0]),
            from_=str(owner),
            interface="sender" if name in ("BookingRequest", "TerminalActivation") else "receiver",
            body=content,
        )
        return sent.body == answer and receiver.seen[-1].body == content

    async def _asked(self, name: str, content: bytes) -> bool:
        """An answer: asked of whoever has such objects."""
        who, _, module, _ = CALLS.get(name, LOCATION)
        owner, asking = self.parties[who], self.parties["emsp" if who == "cpo" else "cpo"]
        owner.answers[module_key(module)] = lambda seen: Served(body=content)
        sent = await asking.send("GET", module, "/1", to=str(owner.parties[0]), interface="sender")
        return sent.body == content


def owners(found: Iterable[Example], name: str) -> list[str]:
    """The parties that the examples name as owners, as far as there can be such, for one platform to have them all."""
    named = {str(USUAL)}
    for example in found:
        try:
            data = json.loads(example.text)
        except ValueError:
            continue
        for item in data if isinstance(data, list) else [data]:
            if isinstance(item, dict) and ("contract_id" in item) is (name == "emsp"):
                country_code, party_id = str(item.get("country_code", "")), str(item.get("party_id", ""))
                if (len(country_code), len(party_id)) == (2, 3):
                    named.add(f"{country_code}*{party_id}")
    return sorted(named, key=lambda party: party != str(USUAL))


async def passed(version: str, found: list[Example], folder: Path) -> Town:
    """Send the examples of one version through a hub of its own."""
    settings = Settings.model_validate(
        {
            "server": {"port": free_port()},
            "admin": {"port": free_port()},
            "storage": {"url": f"sqlite:///{folder / f'{version}.db'}"},
            "security": {"master_key": new_key(), "allow_private_parties": True},
            "mirror": {"pull_interval_s": 0},
        }
    )
    is_old, every = version == "2.1.1", [*MODULES]
    cpo = FakeCpo(*([str(USUAL)] if is_old else owners(found, "cpo")), version=version, modules=every)
    emsp = FakeEmsp(*(["DE*ABC"] if is_old else owners(found, "emsp")), version=version, modules=every)
    ptp = FakeParty("BE*PTP", version=version, role=Role.PTP)
    async with hub_with(settings) as hub, cpo, emsp, ptp:
        for party, partner in ((cpo, emsp), (emsp, cpo)):
            await join(hub, party, counterpart=str(partner.parties[0]) if is_old else None)
        if not is_old:
            await join(hub, ptp)
        town = Town(version, {"cpo": cpo, "emsp": emsp, "ptp": ptp})
        for example in found:
            await town.send(example)
        await hub.router.broadcast.settled()
    return town


async def report(repo: str) -> bool:
    """Print what came through, by version; whether all of it did."""
    found = list(examples(repo))
    is_good = True
    with tempfile.TemporaryDirectory() as folder:
        for version in VERSIONS:
            town = await passed(version, [one for one in found if one.version == version], Path(folder))
            print(version, dict(town.results), *town.wrong)
            is_good = is_good and not town.wrong
    return is_good


if __name__ == "__main__":
    log.set_up("error", "console")
    sys.exit(0 if asyncio.run(report(sys.argv[1])) else 1)
