"""What is told of each change, against every viewer's whole list before and after it: pictures at random."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from hub.store.client_info import InfoRow
from hub.store.told import Kind
from hub.told import Told
from hub.untold import untold
from routing.agreements import Agreement
from routing.client_info import View, can_ask, listens, view
from routing.directory import Directory, Party, Platform, endpoints_of
from routing.ocpi import VERSIONS, ConnectionStatus, Interface, PartyId, Role
from tests.routing.scene import HUB, party

NAMES = [PartyId("NL", f"AA{number}") for number in range(5)]
STEPS = 120
Place = tuple[str, Role]
Last = dict[tuple[str, str, Role], float]


class World:
    """Platforms that change at random."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.picture = Directory(HUB)
        self.agreements: list[Agreement] = []
        self.count = 0

    def change(self) -> None:
        """The next picture: one to three things happen in it."""
        for _ in range(self.dice.randint(1, 3)):
            happens = self.dice.choice([self.add, self.alter, self.alter, self.alter, self.remove, self.agree])
            happens()

    def add(self) -> None:
        self.count += 1
        self._put(self._about(Platform(f"p{self.count}", "", ConnectionStatus.PLANNED)))

    def alter(self) -> None:
        if self.picture.platforms:
            self._put(self._about(self._any()))

    def remove(self) -> None:
        if len(self.picture.platforms) > 3:
            self._next(forgotten=[self._any().id])

    def agree(self) -> None:
        if self.agreements and self.dice.random() < 0.5:
            self.agreements.remove(self.dice.choice(self.agreements))
        else:
            self.count += 1
            cpo, emsp = self.dice.sample(NAMES, 2)
            self.agreements.append(Agreement(f"a{self.count}", cpo, emsp, self.dice.random() < 0.5))
        self._next(agreements=self.agreements)

    def _any(self) -> Platform:
        return self.dice.choice(list(self.picture.platforms.values()))

    def _about(self, old: Platform) -> Platform:
        """The platform with one thing changed (a new one with all)."""
        made = {
            "status": lambda: self.dice.choice(list(ConnectionStatus)),
            "version": lambda: VERSIONS[self.dice.choice(["2.1.1", "2.2.1", "2.3.0"])],
            "endpoints": lambda: endpoints_of(
                (module, Interface.RECEIVER, "https://one.example/hci")
                for module in self.dice.sample(["hubclientinfo", "payments", "cdrs"], 2)
            ),
            "counterpart": lambda: self.dice.choice([None, None, *NAMES]),
            "parties": lambda: self._parties(old),
        }
        is_new = not old.parties
        names = list(made) if is_new else [self.dice.choice([name for name in made if name != "counterpart"])]
        return replace(old, **{name: made[name]() for name in names})  # type: ignore[arg-type]

    def _parties(self, old: Platform) -> tuple[Party, ...]:
        """What is dropped stays, suspended, as in the registry."""
        names = self.dice.sample(NAMES, self.dice.randint(1, 2))
        wanted = {row.id: row for row in (party(name, self.dice.choice(list(Role)), old.id) for name in names)}
        new = {(row.id, row.role): row for row in wanted.values()}
        dropped = [replace(row, is_suspended=True) for row in old.parties if (row.id, row.role) not in new]
        return (*new.values(), *dropped)

    def _put(self, platform: Platform) -> None:
        self._next([platform])

    def _next(self, platforms: list[Platform] | None = None, **what: object) -> None:
        self.picture = self.picture.changed(platforms or [], revision=self.picture.revision + 1, **what)  # type: ignore[arg-type]


def everybody(directory: Directory) -> dict[str, View]:
    return {viewer.id: view(directory, viewer) for viewer in directory.platforms.values()}


def statuses(seen: View) -> dict[Place, ConnectionStatus]:
    return {(name.folded, role): shown.status for (name, role), shown in seen.items()}


def last(told: Told, alone: dict[tuple[str, str, str], InfoRow]) -> Last:
    """`last_updated` of all that anybody is told, gone parties included."""
    found: Last = {}
    for viewer in told.directory.platforms.values():
        rows = [row for row in alone.values() if row.viewer == viewer.id and row.is_gone]
        for row in [*rows, *told.gone(viewer), *told.shown(viewer, view(told.directory, viewer))]:
            own = alone.get(row.place)
            at = max(row.updated_at, own.updated_at if own else 0.0)
            place = viewer.id, row.party.folded, row.role
            found[place] = max(at, found.get(place, 0.0))
    return found


@pytest.mark.parametrize("needs_agreement", [False, True])
@pytest.mark.parametrize("seed", range(3))
async def test_everybody_is_told_of_just_what_changed_for_them(seed: int, needs_agreement: bool) -> None:
    world, told, alone = World(seed), Told(HUB), {}
    world.picture = replace(world.picture, needs_agreement=needs_agreement)
    seen, now = world.picture, 1000.0
    for step in range(STEPS):
        before, known = told.directory, last(told, alone)
        world.change()
        now += 1
        changes = await untold(told, seen, world.picture, now, has_policy=False)
        seen = world.picture
        told.learn(changes.told)
        told.turn += bool(changes.told)
        alone |= {row.place: row for row in changes.alone}
        was, is_now, times = everybody(before), everybody(seen), last(told, alone)
        assert {name: statuses(shown) for name, shown in everybody(told.directory).items()} == {
            name: statuses(shown) for name, shown in is_now.items()
        }, step
        expected = set()
        for name in was.keys() & is_now.keys():
            old, new = statuses(was[name]), statuses(is_now[name])
            both = before.platforms[name], seen.platforms[name]
            for place in (place for place in old.keys() | new.keys() if old.get(place) is not new.get(place)):
                status = new.get(place, ConnectionStatus.SUSPENDED)
                if all(map(listens, both)):
                    expected.add((name, *place, status))
                if all(map(can_ask, both)):
                    assert times[name, *place] > known.get((name, *place), 0.0), (step, name, place)
        assert {(*row.place, row.status) for row in changes.news} == expected, step
        for row in changes.news:
            assert times[row.viewer, row.party.folded, row.role] == row.updated_at, "the list says what was pushed"


async def test_an_agreement_that_this_node_never_saw_is_told_to_be_gone() -> None:
    """Another node told of it, and it was removed before this one looked."""
    world, told = World(0), Told(HUB)
    world.agree()
    other = await untold(told, Directory(HUB), world.picture, 1000.0, has_policy=False)
    told.learn(other.told)
    told.turn = 1
    now = world.picture.changed(agreements=(), revision=world.picture.revision + 1)
    changes = await untold(told, Directory(HUB), now, 1001.0, has_policy=False)
    assert [(row.kind, row.gone_at) for row in changes.told if row.kind is Kind.PAIR] == [(Kind.PAIR, 1001.0)]
    told.learn(changes.told)
    assert told.directory.agreements == {}
