"""Whatever is pushed in whatever order, at whatever speed: nothing goes backwards, everybody ends with the present."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.broadcast import Bounds, Broadcast
from routing.errors import ConnectionFailed, NoAnswerInTime, OcpiError, Refused
from routing.mailbox import Copy
from routing.ocpi import PartyId
from routing.receivers import Receiver
from tests.routing.scene import R, market, message

THERE = market()
OBJECTS = (("cpo", "/NL/TNM/1"), ("cpo", "/NL/TNM/2"), ("other-cpo", "/BE/BEC/1"))
EVSES = ("E1", "E2")
FAILURES = (NoAnswerInTime, ConnectionFailed, Refused)

Objects = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Update:
    """One push: of which object (or part), by which method, with which of its members."""

    about: int
    method: str
    part: str | None
    members: tuple[str, ...]
    brings_parts: bool
    steps: int
    """How many steps the loop makes before the next one."""


updates = st.lists(
    st.builds(
        Update,
        about=st.integers(0, len(OBJECTS) - 1),
        method=st.sampled_from(("PUT", "PATCH", "PATCH", "DELETE")),
        part=st.sampled_from((None, None, *EVSES)),
        members=st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True).map(tuple),
        brings_parts=st.booleans(),
        steps=st.integers(0, 6),
    ),
    max_size=40,
)


@dataclass
class Party:
    """A receiver as a state machine: it holds objects, takes its time, and fails as told."""

    speed: int
    failures: Iterator[type[OcpiError] | None]
    holds: Objects = field(default_factory=dict)
    under_way: Counter[str] = field(default_factory=Counter)
    newest: dict[tuple[str, str], int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    async def take(self, method: str, path: str, body: Any) -> None:
        root = "/".join(path.split("/")[:4])
        self.under_way[root] += 1
        if self.under_way[root] > 1:
            self.wrong.append(f"two updates of {root} at once")
        for _ in range(self.speed):
            await asyncio.sleep(0)
        self.under_way[root] -= 1
        failure = next(self.failures, None)
        self.hear(method, path, body)
        if failure is Refused:
            raise Refused
        if failure is not None:
            raise failure
        apply(self.holds, method, path, body)

    def hear(self, method: str, path: str, body: Any) -> None:
        """Each member's numbers only grow, whatever became of the updates between."""
        for place, number in numbers(path, body):
            if self.newest.get(place, -1) >= number:
                self.wrong.append(f"{method} of {place} goes backwards")
            self.newest[place] = number


def numbers(path: str, body: Any) -> Iterable[tuple[tuple[str, str], int]]:
    for name, value in (body or {}).items():
        if name == "evses":
            for evse in value:
                inner = {key: number for key, number in evse.items() if key != "uid"}
                yield from numbers(f"{path}/{evse['uid']}", inner)
        elif name != "uid":
            yield (path, name), value


def apply(holds: Objects, method: str, path: str, body: Any) -> None:
    """OCPI's PUT, PATCH and DELETE; what is about an object that is not there changes nothing."""
    _, country_code, party_id, object_id, *below = path.split("/")
    root, part = f"/{country_code}/{party_id}/{object_id}", "".join(below)
    if part:
        if root not in holds:
            return
        parts = {evse["uid"]: evse for evse in holds[root].get("evses", [])}
        if method == "PUT":
            parts[part] = body
        elif method == "PATCH" and part in parts:
            parts[part] = {**parts[part], **body}
        holds[root] = {**holds[root], "evses": list(parts.values())}
    elif method == "PUT":
        holds[root] = body
    elif method == "PATCH" and root in holds:
        holds[root] = {**holds[root], **body}
    elif method == "DELETE":
        holds.pop(root, None)


def body_of(update: Update, number: int) -> dict[str, Any] | None:
    if update.method == "DELETE":
        return None
    members: dict[str, Any] = dict.fromkeys(update.members, number)
    if update.part:
        return {"uid": update.part, **members}
    if update.method == "PUT" or update.brings_parts:
        members["evses"] = [{"uid": uid, **dict.fromkeys("abc", number)} for uid in EVSES]
    return members


async def push_all(pushed: Iterable[Update], parties: dict[Receiver, Party], *, again: bool) -> Objects:
    """Push, let the loop run a little between, and return what everybody should hold in the end."""

    async def deliver(copy: Copy, receiver: Receiver) -> None:
        body = json.loads(copy.message.body) if copy.message.body else None
        await parties[receiver].take(copy.method, copy.message.path, body)

    broadcast = Broadcast(deliver, Bounds(calls=3, pause_s=0, patience_s=3600))
    wanted: Objects = {}
    number = 0

    def push(update: Update) -> None:
        nonlocal number
        number += 1
        caller, path = OBJECTS[update.about]
        path += f"/{update.part}" if update.part else ""
        body = body_of(update, number)
        apply(wanted, update.method, path, body)
        made = message(THERE, caller, update.method, "locations", R, path, to=THERE.hub, document=body)
        broadcast.push(made, parties)

    for update in pushed:
        if update.method == "DELETE" and update.part:
            continue
        push(update)
        for _ in range(update.steps):
            await asyncio.sleep(0)
    if again:
        await broadcast.settled()
        for party in parties.values():
            party.failures = iter(())
        for about in range(len(OBJECTS)):
            push(Update(about, "PUT", None, ("a", "b"), True, 0))
    await broadcast.settled()
    assert broadcast.waiting == 0
    return wanted


def receivers(count: int) -> list[Receiver]:
    return [Receiver(f"platform-{number}", PartyId("DE", f"{number:03}")) for number in range(count)]


@given(pushed=updates, speeds=st.lists(st.integers(0, 12), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_each_live_receiver_ends_with_the_last_state_of_each_object(pushed: list[Update], speeds: list[int]) -> None:
    parties = {receiver: Party(speed, iter(())) for receiver, speed in zip(receivers(len(speeds)), speeds, strict=True)}
    wanted = asyncio.run(push_all(pushed, parties, again=False))
    for party in parties.values():
        assert party.wrong == []
        assert party.holds == wanted


failing = st.lists(st.sampled_from((None, None, *FAILURES)), max_size=40)


@given(pushed=updates, kinds=st.lists(st.tuples(st.integers(0, 12), failing), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_a_receiver_that_failed_goes_on_with_the_present_and_never_backwards(
    pushed: list[Update], kinds: list[tuple[int, list[type[OcpiError] | None]]]
) -> None:
    parties = {
        receiver: Party(speed, iter(failures))
        for receiver, (speed, failures) in zip(receivers(len(kinds)), kinds, strict=True)
    }
    wanted = asyncio.run(push_all(pushed, parties, again=True))
    for party in parties.values():
        assert party.wrong == []
        assert party.holds == wanted
