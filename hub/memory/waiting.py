"""Facts and changes that are not written yet: in order for the writer, and by key for questions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Final

from routing.lessons import DAY_S, Lessons
from routing.memory import Change, Evses, Fact, Kind

MAX_KNOWN: Final = 100_000
"""Facts that are remembered to be in the store already."""
MAX_TOGETHER: Final = 20_000
"""Locations whose EVSEs are remembered to be."""
KNOWN_FOR_S: Final = DAY_S / 2
"""How long a fact that comes again is not written again."""

Place = tuple[str, str]
"""Module or kind, and key."""


class Waiting:
    """What lies over the store until it is in it."""

    def __init__(self) -> None:
        self._changes: deque[Change] = deque()
        self._in_flight: frozenset[Place] = frozenset()
        self.flights = 0
        """How many batches were taken to be written."""
        self._changes_of: dict[tuple[str, str], list[Change]] = {}
        self._facts: dict[tuple[str, str, str], Fact] = {}
        self._facts_of: dict[tuple[str, str], dict[str, Fact]] = {}
        self._known: dict[tuple[str, str, str], tuple[Fact, float]] = {}
        self._known_together: dict[tuple[str, tuple[str, ...]], float] = {}
        """EVSEs of a location by owner, and when they were told."""

    def __len__(self) -> int:
        return len(self._changes) + len(self._facts)

    def add(self, lessons: Lessons, at: float) -> None:
        """Let them wait; a fact that was written not long ago need not be again."""
        for change in lessons.changes:
            self._changes.append(change)
            self._changes_of.setdefault((change.module, change.key), []).append(change)
        for fact in chain(lessons.facts, *(evses.facts() for evses in lessons.evses if self._is_news(evses, at))):
            known = self._known.get(fact.place)
            if known is not None and known[1] > at - KNOWN_FOR_S and _says_the_same(known[0], fact):
                continue
            self._know(fact, at)
            self._facts[fact.place] = fact
            self._facts_of.setdefault((fact.kind, fact.key), {})[fact.owner.folded] = fact

    def facts_of(self, kind: Kind, key: str) -> Iterable[Fact]:
        """Facts of this key."""
        return self._facts_of.get((kind, key), {}).values()

    def changes_of(self, module: str, key: str) -> Sequence[Change]:
        """Changes of objects of this key, of any owner, in order."""
        return self._changes_of.get((module, key), ())

    def is_in_flight(self, place: Place) -> bool:
        """Whether something of this place is being written: the store may have it already, or not yet."""
        return place in self._in_flight

    def take(self, size: int) -> tuple[list[Change], list[Fact]]:
        """The next to be written, one batch at a time. They stay here for questions until `done`."""
        changes, facts = list(islice(self._changes, size)), list(islice(self._facts.values(), size))
        places = [(change.module, change.key) for change in changes]
        self._in_flight = frozenset((*places, *((fact.kind, fact.key) for fact in facts)))
        self.flights += 1
        return changes, facts

    def put_back(self) -> None:
        """What was taken was not written, and is the next again."""
        self._in_flight = frozenset()

    def done(self, changes: Sequence[Change], facts: Sequence[Fact]) -> None:
        """What was taken is in the store, or given up."""
        self._in_flight = frozenset()
        for change in changes:
            self._changes.popleft()
            _drop(self._changes_of, (change.module, change.key))
        for fact in facts:
            if self._facts.get(fact.place) is fact:  # a newer one waits for its own turn
                del self._facts[fact.place]
                of_key = self._facts_of[fact.kind, fact.key]
                del of_key[fact.owner.folded]
                if not of_key:
                    del self._facts_of[fact.kind, fact.key]

    def doubt(self, facts: Sequence[Fact]) -> None:
        """These were not written: believe it when they come again."""
        for fact in facts:
            self._known.pop(fact.place, None)
        self._known_together.clear()

    def _is_news(self, evses: Evses, at: float) -> bool:
        """Whether these were not told together lately: then there is nothing to be looked at one by one."""
        place = (evses.owner.folded, evses.uids)
        if self._known_together.get(place, float("-inf")) > at - KNOWN_FOR_S:
            return False
        if len(self._known_together) >= MAX_TOGETHER:
            del self._known_together[next(iter(self._known_together))]
        self._known_together[place] = at
        return True

    def _know(self, fact: Fact, at: float) -> None:
        if len(self._known) >= MAX_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[fact.place] = (fact, at)


def _drop(changes_of: dict[Place, list[Change]], place: Place) -> None:
    """Changes of one place are written in their order: it is the first."""
    waiting = changes_of[place]
    del waiting[0]
    if not waiting:
        del changes_of[place]


def _says_the_same(one: Fact, other: Fact) -> bool:
    return one.other == other.other and one.value == other.value
