"""What a message that was delivered teaches: facts of who owns what, and changes of objects. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from routing.directory import Platform
from routing.lessons.changes import change_in, change_of, changes_of
from routing.lessons.facts import BY_OPERATION, evses_of
from routing.lessons.heard import DAY_S, Heard, is_id
from routing.memory import Change, Evses, Fact, Kind
from routing.message import Message, Reply
from routing.ocpi import SUCCESS

__all__ = ["DAY_S", "Heard", "Lessons", "change_in", "change_of", "changes_of", "evses_of", "is_id", "lessons"]


@dataclass(frozen=True, slots=True)
class Lessons:
    """What one message teaches."""

    facts: tuple[Fact, ...] = ()
    changes: tuple[Change, ...] = ()
    evses: tuple[Evses, ...] = ()


def lessons(message: Message, reply: Reply | None, platform: Platform | None, at: float) -> Lessons:
    """What is learnt from a message that went to a platform (or, both None, to everybody) at a time (epoch seconds)."""
    operation = message.operation
    if operation is None or message.caller.is_hub or not _is_done(reply):
        return Lessons()
    segments = operation.segments(message.path) or {}
    heard = Heard(
        message=message,
        at=at,
        ids={name: unquote(text) for name, text in segments.items()},
        other=reply.sender if reply else None,
        reply=reply,
        crosses=_crosses(message, platform),
    )
    changes = tuple(changes_of(heard, platform))
    learn = BY_OPERATION.get(operation.id)
    told = tuple(learn(heard)) if learn else ()
    facts = tuple(fact for fact in told if isinstance(fact, Fact))
    if reply is None:  # who owns a published object shows from the hub's copy of it
        facts = tuple(fact for fact in facts if fact.kind is Kind.EVSE)
    return Lessons(facts, changes, tuple(evses for evses in told if isinstance(evses, Evses)))


def _is_done(reply: Reply | None) -> bool:
    """Whether it was delivered and the receiver said yes; what the hub answered itself teaches nothing."""
    return reply is None or (reply.sender is not None and reply.code // 1000 == SUCCESS // 1000 and reply.http < 300)


def _crosses(message: Message, platform: Platform | None) -> bool:
    spoken = platform.version if platform else None
    return spoken is not None and spoken is not message.version and 1 in (spoken.rank, message.version.rank)
