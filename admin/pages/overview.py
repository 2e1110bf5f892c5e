"""The first page: who is connected, what goes through, and what needs attention now."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from admin.charts import Figure, chart
from admin.page import Shown, Visit
from admin.shown import ago, number
from hub.lifecycle import Hub
from hub.liveness import STILL_ALIVE
from hub.store import registry, traffic
from hub.store.registry import PlatformRow
from hub.store.traffic import Traffic
from hub.watched import parties_by_status
from routing.ocpi import ConnectionStatus

MINUTE_S: Final = 60
HOUR_S: Final = 3600
DAY_S: Final = 86_400
DAY_STEP_S: Final = 900
MAX_MATTERS: Final = 12
ORDER: Final = (
    ConnectionStatus.CONNECTED,
    ConnectionStatus.OFFLINE,
    ConnectionStatus.SUSPENDED,
    ConnectionStatus.PLANNED,
)
TOLERATED: Final = 0.02
"""The share of calls to a platform that may fail before anybody is asked to look."""


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that an admin should look at."""

    tone: str
    title: str
    text: str
    link: str
    go: str


@dataclass(frozen=True, slots=True)
class Flow:
    """How much went through in a while, as a chart and in sum."""

    name: str
    figure: Figure
    total: int
    errors: int


async def overview(visit: Visit) -> Shown:
    """The whole page; the part that changes is asked for again by htmx."""
    hub, now = visit.hub, time.time()
    async with hub.store.read() as connection:
        minutes = await traffic.by_minute(connection, now - DAY_S)
        lately = await traffic.by_platform(connection, now - HOUR_S)
        platforms = await registry.platforms_since(connection, -1)
    counts = parties_by_status(hub.picture)
    values = {
        "counts": [(status, int(counts[status])) for status in ORDER],
        "has_platforms": bool(platforms),
        "flows": [_hour(minutes, now), _day(minutes, now)],
        "matters": matters(hub, platforms, lately)[:MAX_MATTERS],
    }
    return Shown("overview_part.html" if visit.is_part else "overview.html", values)


def matters(hub: Hub, platforms: list[PlatformRow], lately: Mapping[str, Traffic]) -> list[Matter]:
    """What needs attention now, the worst first."""
    found: list[Matter] = []
    for row in platforms:
        page = f"/platforms/{row.id}"
        is_unanswered = row.last_error is not None and row.last_error.get("step") == STILL_ALIVE
        if row.status is ConnectionStatus.OFFLINE:
            why = str(row.last_error["came"]) if row.last_error and is_unanswered else "no answer"
            seen = f"{why[:1].upper()}{why[1:].rstrip('.')}. Last seen {ago(row.last_seen_at)}."
            text = seen if row.version else "It unregistered itself."
            found.append(Matter("bad", f"{row.name} is offline", text, page, "Open platform"))
        if row.last_error is not None and not is_unanswered:
            step, expected, came = (str(row.last_error.get(name, "")) for name in ("step", "expected", "came"))
            text = f"{step}: expected {expected}, came {came}. {ago(row.last_error['at']).capitalize()}."
            found.append(Matter("bad", f"The handshake with {row.name} failed", text, page, "See the steps"))
        flow = lately.get(row.id)
        if flow is not None and flow.calls_failed > flow.calls * TOLERATED:
            text = f"{number(flow.calls_failed)} of {number(flow.calls)} calls to it failed in the last hour."
            link = f"/journal?platform={row.id}&outcome=failed"
            found.append(Matter("warn", f"{row.name} does not answer as it should", text, link, "Open journal"))
    found += _losses(hub)
    return sorted(found, key=lambda matter: matter.tone != "bad")


def _losses(hub: Hub) -> list[Matter]:
    """What this node could not keep or deliver since it started."""
    found: list[Matter] = []
    given_up: dict[str, int] = {}
    for receiver, tally in hub.router.broadcast.tallies.items():
        if count := tally.given_up.total():
            party = str(receiver.party).upper()
            given_up[party] = given_up.get(party, 0) + count
    for party, count in sorted(given_up.items(), key=lambda item: -item[1]):
        text = f"{number(count)} copies did not arrive since this node started."
        found.append(
            Matter("warn", f"Broadcasts to {party} were given up", text, f"/journal?party={party}", "Open journal")
        )
    dropped = sum(count for why, count in hub.journal.dropped.items() if why != "stranger")
    if dropped:
        text = f"{number(dropped)} legs were not written since this node started: it had more to write than it could."
        found.append(Matter("warn", "The journal has gaps", text, "/journal", "Open journal"))
    return found


def _hour(minutes: Mapping[int, Traffic], now: float) -> Flow:
    return _flow("Last hour", minutes, now, span_s=HOUR_S, step_s=MINUTE_S)


def _day(minutes: Mapping[int, Traffic], now: float) -> Flow:
    return _flow("Last 24 hours", minutes, now, span_s=DAY_S, step_s=DAY_STEP_S)


def _flow(name: str, minutes: Mapping[int, Traffic], now: float, *, span_s: int, step_s: int) -> Flow:
    """Requests and errors per minute; where a step is longer, the mean of its minutes."""
    size = step_s // MINUTE_S
    last = int(now // step_s)
    first = last - span_s // step_s + 1
    values, errors, total, bad = [], [], 0, 0
    for step in range(first, last + 1):
        rows = [minutes[minute] for minute in range(step * size, (step + 1) * size) if minute in minutes]
        requests = sum(row.requests for row in rows)
        failed = sum(row.requests_refused + row.requests_failed for row in rows)
        values.append(requests / size)
        errors.append(failed / size)
        total, bad = total + requests, bad + failed
    words = f"{name}: {number(total)} requests, {number(bad)} of them refused or failed"
    return Flow(name, chart(values, errors, begins_at=first * step_s, step_s=step_s, words=words), total, bad)
