"""One leg of a journey: a request that came to the hub, or one that the hub sent, with what became of it.

Journal and metrics live on the stream of legs. A leg costs the path of a request one object and one call.
"""

from __future__ import annotations

import itertools
import random
import secrets
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from routing.errors import Fault

ABOUT: Final[ContextVar[str]] = ContextVar("about", default="")
"""The correlation id of the request that is being served, for lines in the log; set at the door."""
_NODE: Final = secrets.token_hex(3)
_NEXT: Final = itertools.count()
_RANDOM: Final = random.Random()  # noqa: S311 - an id is no secret, and asking the system for one hands over the GIL


class Direction(StrEnum):
    """Which way a leg went, seen from the hub."""

    IN = "in"
    OUT = "out"


class Outcome(StrEnum):
    """How a leg ended."""

    DELIVERED = "delivered"
    """The party answered with success."""
    REFUSED = "refused"
    """Whoever was asked said no: an OCPI error of the party's, or of the hub's about the caller's request."""
    FAILED = "failed"
    """No usable answer: not connected, too late, not OCPI; or the hub itself failed."""


@dataclass(slots=True, eq=False)  # not frozen: that would double what a leg costs
class Leg:
    """One request and its answer. Times in epoch seconds and milliseconds, sizes in bytes."""

    journey_id: str
    direction: Direction
    at: float
    ms: float
    platform_id: str
    """Who called the hub, or whom the hub called."""
    sender: str
    receiver: str
    version: str
    module: str
    interface: str
    method: str
    path: str
    request_id: str
    correlation_id: str
    http: int | None
    """None where there was no answer."""
    ocpi: int | None
    outcome: Outcome
    reason: str = ""
    fault: str = ""
    """Who has to do something about it: a `routing.errors.Fault`; empty where it arrived."""
    parent: str = ""
    """The journey this one belongs to: a callback's command, a page's list."""
    bytes_in: int = 0
    bytes_out: int = 0
    request_body: bytes = b""
    answer_body: bytes = b""
    receipt: tuple[object, ...] = ()
    """What translation lost or invented on this leg."""


OnLeg = Callable[[Leg], None]


def ignore(leg: Leg) -> None:
    """For a hub that nobody watches."""


def new_journey_id() -> str:
    """An id that sorts by time, and is unique over all nodes."""
    return f"{int(time.time() * 1000):012x}{_NODE}{next(_NEXT) & 0xFFFFFF:06x}"


def journey_id_at(at: float) -> str:
    """The first id of a moment (epoch seconds): ids of journeys before it are less."""
    return f"{max(int(at * 1000), 0):012x}"


def timestamp(at: float | None = None) -> str:
    """Now (or epoch seconds) as OCPI writes a DateTime: UTC, whole seconds."""
    moment = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def new_request_id() -> str:
    """A random UUID, as OCPI advises for X-Request-ID."""
    digits = f"{_RANDOM.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def outcome_of(ocpi: int | None) -> Outcome:
    """What an OCPI status code means for a leg: 4xxx and no code at all are failures on the way."""
    if ocpi is None or 4000 <= ocpi < 5000:
        return Outcome.FAILED
    return Outcome.DELIVERED if 1000 <= ocpi < 2000 else Outcome.REFUSED


def fault_of(ocpi: int | None) -> str:
    """Whose fault an answer with this OCPI status code is; empty for a success.

    OCPI, Status codes: 2xxx says that what was sent cannot be processed, 3xxx that the server failed.
    """
    if ocpi is not None and 1000 <= ocpi < 3000:
        return "" if ocpi < 2000 else Fault.CALLER
    return Fault.RECEIVER
