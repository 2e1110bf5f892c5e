"""What waits to be written to the memory: nothing that was written not long ago."""

from __future__ import annotations

from hub.memory.waiting import KNOWN_FOR_S, Waiting
from routing.lessons import Lessons
from routing.memory import Evses, Kind
from routing.ocpi import PartyId

CPO, OTHER = PartyId("NL", "TNM"), PartyId("BE", "BEC")


def told(waiting: Waiting, owner: PartyId, *uids: str, at: float) -> set[str]:
    """Tell these EVSEs, and write what waits: its keys."""
    waiting.add(Lessons(evses=(Evses(owner, uids),)), at)
    changes, facts = waiting.take(100)
    assert {(fact.kind, fact.owner) for fact in facts} <= {(Kind.EVSE, owner)}
    waiting.done(changes, facts)
    assert not len(waiting)
    return {fact.key for fact in facts}


def test_evses_that_are_told_again_are_written_once_in_half_a_day() -> None:
    waiting = Waiting()
    assert told(waiting, CPO, "A1", "A2", at=1000) == {"a1", "a2"}
    assert told(waiting, CPO, "A1", "A2", at=1001) == set()
    assert told(waiting, CPO, "A1", "A2", "A3", at=1002) == {"a3"}, "the location has one more"
    assert told(waiting, OTHER, "A1", "A2", at=1003) == {"a1", "a2"}, "another's, of the same name"
    assert told(waiting, CPO, "A1", "A2", at=1001 + KNOWN_FOR_S) == {"a1", "a2"}


def test_evses_that_could_not_be_written_are_believed_when_they_come_again() -> None:
    waiting = Waiting()
    waiting.add(Lessons(evses=(Evses(CPO, ("A1", "A2")),)), 1000)
    changes, facts = waiting.take(100)
    waiting.done(changes, facts)
    waiting.doubt(facts)
    assert told(waiting, CPO, "A1", "A2", at=1001) == {"a1", "a2"}
