"""How moments, durations, sizes and counts are written for people: the filters of the templates."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from hub.liveness import STILL_ALIVE

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def moment(at: float | None) -> str:
    """Epoch seconds as date and time in UTC, to the second."""
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def clock(at: float) -> str:
    """The time of day in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]


def machine(at: float) -> str:
    """A moment as programs read it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def ago(at: float | None, now: float | None = None) -> str:
    """How long ago a moment was, in one unit."""
    if at is None:
        return "never"
    passed = (time.time() if now is None else now) - at
    if passed < 5:
        return "just now"
    return next(f"{int(passed // seconds)} {unit} ago" for seconds, unit in _UNITS if passed >= seconds)


def millis(ms: float) -> str:
    """A duration, as exactly as is of use."""
    if ms >= 10_000:
        return f"{ms / 1000:.0f} s"
    if ms >= 1000:
        return f"{ms / 1000:.1f} s"
    return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.1f} ms"


def size(count: int) -> str:
    """A number of bytes."""
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.1f} KiB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MiB"


def number(value: float) -> str:
    """A count, with thousands apart."""
    return f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def percent(share: float | None) -> str:
    """A share of 1; a few of many are not nothing."""
    if share is None:
        return "\N{EN DASH}"
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{share * 100:.1f} %" if 0 < share < 0.1 else f"{share * 100:.0f} %"


def failure(error: Mapping[str, Any]) -> str:
    """What went wrong with a platform last."""
    step = str(error["step"])
    return "The still-alive check failed" if step == STILL_ALIVE else f"The handshake failed at “{step}”"


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "moment": moment,
    "clock": clock,
    "machine": machine,
    "ago": ago,
    "millis": millis,
    "size": size,
    "number": number,
    "percent": percent,
    "failure": failure,
}
