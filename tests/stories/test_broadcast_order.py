"""Many pushes at once through the real doors: no receiver sees an object go backwards, all end with the present."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any, Final

import pytest

from hub.testing import FakeCpo, FakeEmsp, Seen, Served
from hub.testing.roles import owned_path
from hub.testing.samples import location
from tests.stories.market import MakeSettings, gathered
from tests.stories.waiting import until

HUB: Final = "NL*HUB"
OBJECTS: Final = ("A", "B")
PUSHES: Final = 40


class Counting(FakeEmsp):
    """An eMSP that takes its time, refuses now and then, and watches what comes in."""

    def __init__(self, party: str, *, chance: random.Random, slowness_s: float, refuses: float = 0.0) -> None:
        super().__init__(party)
        self.chance, self.slowness_s, self.refuses = chance, slowness_s, refuses
        self.under_way: Counter[str] = Counter()
        self.newest: dict[tuple[str, str], int] = {}
        self.wrong: list[str] = []

    async def respond(self, seen: Seen) -> Served:
        """Answer after a while; note two updates of one object at once, and every number that is not new."""
        if seen.module != "locations":
            return await super().respond(seen)
        root = "/".join(seen.segments[:3])
        self.under_way[root] += 1
        if self.under_way[root] > 1:
            self.wrong.append(f"two updates of {root} at once")
        for name, number in numbers(seen):
            if self.newest.get((root, name), -1) >= number:
                self.wrong.append(f"{name} of {root} goes from {self.newest[root, name]} to {number}")
            self.newest[root, name] = number
        await asyncio.sleep(self.chance.random() * self.slowness_s)
        self.under_way[root] -= 1
        if self.chance.random() < self.refuses:
            return Served(code=2001, message="not today")
        return await super().respond(seen)

    def holds(self) -> dict[str, dict[str, Any]]:
        """The numbers of each object that it has."""
        kept = self.shelf.received.get("locations", {})
        return {"/".join(place): only_numbers(document) for place, document in kept.items()}


def numbers(seen: Seen) -> list[tuple[str, int]]:
    return list(only_numbers(seen.document).items())


def only_numbers(document: dict[str, Any]) -> dict[str, int]:
    return {name: value for name, value in document.items() if name in ("x_one", "x_two")}


async def push_for_a_while(cpo: FakeCpo, chance: random.Random) -> dict[str, dict[str, Any]]:
    """PUT and PATCH its objects, some at the same moment as others do; what it says of them in the end."""
    state: dict[str, dict[str, Any]] = {}
    owner = cpo.parties[0]
    for number in range(PUSHES):
        name = chance.choice(OBJECTS)
        root = f"{owner.country_code}/{owner.party_id}/{name}"
        members = dict.fromkeys(chance.sample(("x_one", "x_two"), chance.randint(1, 2)), number)
        if name not in state or chance.random() < 0.3:
            method, body = "PUT", {**location("2.2.1", owner, name), **members}
            state[name] = members
        else:
            method, body = "PATCH", {**members, "last_updated": "2026-01-01T00:00:00Z"}
            state[name] = {**state[name], **members}
        sent = await cpo.send(method, "locations", owned_path(owner, name), to=HUB, body=body)
        assert sent.is_success, (root, sent.envelope)
        if chance.random() < 0.2:
            await asyncio.sleep(chance.random() * 0.05)
    return {f"{owner.country_code}/{owner.party_id}/{name}": members for name, members in state.items()}


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_no_receiver_sees_an_object_go_backwards(settings: MakeSettings, seed: int) -> None:
    chance = random.Random(seed)
    cpos = [FakeCpo(party) for party in ("NL*ONE", "NL*TWO", "BE*TRI")]
    live = [Counting(f"DE*{number:03}", chance=chance, slowness_s=0.02 * number**2) for number in range(4)]
    moody = Counting("FR*EMP", chance=chance, slowness_s=0.05, refuses=0.3)
    async with gathered(settings(), *cpos, *live, moody) as hub:
        said = await asyncio.gather(*(push_for_a_while(cpo, chance) for cpo in cpos))
        await until(lambda: hub.router.broadcast.is_idle, 60)
        wanted = {root: members for each in said for root, members in each.items()}
        for emsp in live:
            assert emsp.wrong == []
            assert emsp.holds() == wanted
        assert moody.wrong == []
        moody.refuses = 0.0
        for cpo in cpos:
            owner = cpo.parties[0]
            for name in OBJECTS:
                await cpo.push_location(HUB, name, x_one=PUSHES, x_two=PUSHES)
                wanted["/".join(owned_path(owner, name).split("/")[1:])] = {"x_one": PUSHES, "x_two": PUSHES}
        await until(lambda: hub.router.broadcast.is_idle, 60)
        for emsp in (*live, moody):
            assert emsp.wrong == []
            assert emsp.holds() == wanted
        assert hub.router.broadcast.replaced > 0
