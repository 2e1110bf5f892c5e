"""Journeys as they are told: one line of the list, every leg of one, and whose fault it was in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from admin.words import Moment, Told
from hub.store import Store
from hub.store import journal as stored
from hub.store.journal import Journey, LegRow, Wanted
from routing.errors import Fault
from routing.journey import Direction, Outcome


class LegJson(Told):
    """One request and its answer: what came to the hub, or what the hub sent."""

    direction: Direction
    at: Moment
    ms: float = Field(description="From the request until its answer.")
    platform: str | None = Field(description="Who called the hub, or whom the hub called.")
    sender: str | None = Field(serialization_alias="from")
    receiver: str | None = Field(serialization_alias="to")
    version: str
    module: str
    interface: str
    method: str
    path: str
    request_id: str
    correlation_id: str
    http: int | None = Field(description="None where there was no answer.")
    ocpi: int | None
    outcome: Outcome
    reason: str
    fault: str | None = Field(description="Who has to do something: caller, hub, receiver or network.")
    bytes_in: int = Field(description="Bytes of body that came to the hub: of the request in, of the answer out.")
    bytes_out: int = Field(description="Bytes of body that the hub sent: of the answer in, of the request out.")
    request_body: str | None = Field(description="Masked; only where journal.bodies keeps it.")
    answer_body: str | None
    receipt: list[Any] = Field(description="What translation between versions lost or invented.")


class _Journey(Told):
    id: str
    at: Moment
    correlation_id: str
    request_id: str
    sender: str | None = Field(serialization_alias="from")
    receiver: str | None = Field(serialization_alias="to")
    receivers: list[str]
    platform: str | None = Field(description="The platform that called; of a journey the hub began, that it called.")
    module: str
    interface: str
    method: str
    path: str
    version: str
    http: int | None
    ocpi: int | None
    outcome: Outcome
    reason: str
    fault: str | None = Field(description="Who has to do something: caller, hub, receiver or network.")
    verdict: str = Field(description="What happened, and whose fault it was, in a sentence.")
    ms: float
    hub_ms: float = Field(description="Milliseconds in the hub itself.")
    party_ms: float = Field(description="Milliseconds that parties took, while the caller waited.")
    parent: str | None = Field(description="The journey this one belongs to: a callback's command, a page's list.")


class JourneyJson(_Journey):
    """A journey in one line."""

    legs: int = Field(description="How many.")


class JourneyWithLegs(_Journey):
    """A journey with every leg of it, in order of time."""

    legs: list[LegJson]


class JourneyDetail(JourneyWithLegs):
    """A journey with its legs and those that belong to it."""

    linked: list[JourneyWithLegs] = Field(description="Callbacks and their command, a list and its pages.")


class JourneyList(Told):
    """Journeys, newest first."""

    items: list[JourneyJson]
    next: str | None


def summary(journey: Journey) -> JourneyJson:
    """One line of the list."""
    return JourneyJson(**_told(journey), legs=len(journey.legs))


def detail(journey: Journey) -> JourneyWithLegs:
    """A journey with every leg of it."""
    return JourneyWithLegs(**_told(journey), legs=[leg_json(leg) for leg in journey.legs])


def verdict(journey: Journey) -> str:
    """What happened, and who has to do something about it, for somebody who does not know the codes."""
    worst = journey.worst
    if worst is None:
        return f"Delivered: {_who(journey.first.receiver, 'the hub itself')} answered with success."
    reason = f": {journey.reason.rstrip('.')}" if journey.reason else ""
    codes = _codes(worst)
    receiver = worst.receiver or "the receiver"
    match worst.fault, worst.direction:
        case Fault.CALLER, Direction.OUT:
            return f"The caller: {receiver} refused what {_who(worst.sender)} sent ({codes}){reason}."
        case Fault.CALLER, _:
            return f"The caller: the hub refused what {_who(worst.sender)} sent ({codes}){reason}."
        case Fault.RECEIVER, Direction.OUT:
            return f"The receiver: {receiver} did not do its part ({codes}){reason}."
        case Fault.RECEIVER, _:
            return f"The receiver: {receiver} could not be served ({codes}){reason}."
        case Fault.NETWORK, _:
            return f"The network: the hub could not reach {receiver}{reason}."
        case _:
            return f"The hub: it could not do its part ({codes}){reason}."


def leg_json(leg: LegRow) -> LegJson:
    """One leg, with its receipt, and its bodies where they were kept."""
    return LegJson(
        direction=Direction(leg.direction),
        at=iso(leg.at),
        ms=round(leg.ms, 3),
        platform=leg.platform_id or None,
        sender=leg.sender or None,
        receiver=leg.receiver or None,
        version=leg.version,
        module=leg.module,
        interface=leg.interface,
        method=leg.method,
        path=leg.path,
        request_id=leg.request_id,
        correlation_id=leg.correlation_id,
        http=leg.http,
        ocpi=leg.ocpi,
        outcome=Outcome(leg.outcome),
        reason=leg.reason,
        fault=leg.fault or None,
        bytes_in=leg.bytes_in,
        bytes_out=leg.bytes_out,
        request_body=leg.request_body,
        answer_body=leg.answer_body,
        receipt=list(leg.losses),
    )


async def page(store: Store, wanted: Wanted) -> JourneyList:
    """The list of the API. Raises StoreUnavailable."""
    async with store.read() as connection:
        found, cursor = await stored.journeys(connection, wanted)
    return JourneyList(items=[summary(journey) for journey in found], next=cursor or None)


async def one(store: Store, journey_id: str) -> JourneyDetail | None:
    """A journey with its legs, and those that belong to it; None for an unknown one. Raises StoreUnavailable."""
    async with store.read() as connection:
        family = await stored.family(connection, journey_id)
    journey = next((journey for journey in family if journey.id == journey_id), None)
    if journey is None:
        return None
    linked = [detail(other) for other in family if other.id != journey_id]
    return JourneyDetail(**_told(journey), legs=[leg_json(leg) for leg in journey.legs], linked=linked)


def iso(at: float) -> str:
    """Epoch seconds as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _told(journey: Journey) -> dict[str, Any]:
    """What every way of telling a journey has."""
    first, worst = journey.first, journey.worst
    receivers = journey.receivers
    return {
        "id": journey.id,
        "at": iso(first.at),
        "correlation_id": first.correlation_id,
        "request_id": first.request_id,
        "sender": first.sender or None,
        "receiver": first.receiver or (receivers[0] if len(receivers) == 1 else None),
        "receivers": receivers,
        "platform": first.platform_id or None,
        "module": first.module,
        "interface": first.interface,
        "method": first.method,
        "path": first.path,
        "version": first.version,
        "http": first.http,
        "ocpi": first.ocpi,
        "outcome": journey.outcome,
        "reason": journey.reason,
        "fault": (worst.fault or None) if worst else None,
        "verdict": verdict(journey),
        "ms": round(first.ms, 3),
        "hub_ms": round(journey.hub_ms, 3),
        "party_ms": round(journey.party_ms, 3),
        "parent": first.parent or None,
    }


def _who(party: str, otherwise: str = "an unknown caller") -> str:
    return party or otherwise


def _codes(leg: LegRow) -> str:
    http = f"HTTP {leg.http}" if leg.http is not None else "no answer"
    return f"{http}, OCPI {leg.ocpi}" if leg.ocpi is not None else http
