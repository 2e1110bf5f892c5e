"""Overload: offered three times what it can carry, the hub delivers nearly as much as ever, and says no to the rest."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from tests.bench import routed, targets
from tests.bench.findings import Figure, Part, Verdict, at_most, rows_of
from tests.bench.load import Connection, connect_as, quantile, start_upstream, until
from tests.bench.targets import Target

TIMES: Final = 3
SECONDS: Final = 5.0
CALLERS: Final = 1500
"""Connections that requests are offered on: more than the hub carries at the same time."""
BURST_S: Final = 0.005
"""How often the generator sends what has become due."""
MOST_AT_ONCE: Final = 200
"""Of a generator that was held up itself: it must not make up for that with a crowd that nobody offered."""
HUB: Final = "hub"


@dataclass(slots=True)
class Offered:
    """What became of the requests of an open loop."""

    delivered_s: list[float] = field(default_factory=list)
    refused_s: list[float] = field(default_factory=list)
    without_retry_after: int = 0
    others: int = 0
    not_sent: int = 0
    """No connection was free, every caller waited for an answer already; or the generator was late."""
    wall_s: float = 0.0

    def took(self, status: int, head: bytes, seconds: float) -> None:
        """One was answered."""
        if status == 200:
            self.delivered_s.append(seconds)
        elif status == 429:
            self.refused_s.append(seconds)
            self.without_retry_after += b"\r\nretry-after:" not in head
        else:
            self.others += 1


async def part(rounds: int) -> Part:
    """Measure the peak, then three times of it, then the peak again at once."""
    server, upstream_port = await start_upstream()
    with ExitStack() as stack:
        hub = targets.hub(stack, upstream_port, HUB)
        await routed.warm(hub)
        found = [{HUB: await one_round(hub)} for _ in range(rounds)]
    server.close()
    table = rows_of(found)
    return Part("overload", table, verdicts(table[HUB]))


async def one_round(hub: Target) -> dict[str, float]:
    """Peak, overload, and what is delivered in the first second after it."""
    cpu_us, peak, _ = await routed.cpu_us(hub, int(2 * routed.WARM_UP))
    before = hub.cpu_s()
    callers = deque(await connect_as(Caller, hub.port, CALLERS))
    offered = await offer(hub, callers, peak * TIMES, SECONDS)
    await hub.rests()
    used_s = hub.cpu_s() - before
    after = await offer(hub, callers, peak * 0.5, 1.0)
    for caller in callers:
        caller.close()
    await hub.rests()
    answered = len(offered.delivered_s) + len(offered.refused_s)
    return {
        "peak_per_s": peak,
        "offered_per_s": (answered + offered.others) / offered.wall_s,
        "delivered_per_s": len(offered.delivered_s) / offered.wall_s,
        "of_peak": len(offered.delivered_s) / offered.wall_s / peak,
        "of_peak_by_cpu": len(offered.delivered_s) * cpu_us / 1e6 / used_s,
        "delivered_p99_ms": quantile(offered.delivered_s, 0.99) * 1000,
        "refused_per_s": len(offered.refused_s) / offered.wall_s,
        "refused_p50_ms": quantile(offered.refused_s, 0.5) * 1000,
        "refused_p99_ms": quantile(offered.refused_s, 0.99) * 1000,
        "wrong": float(offered.others + offered.without_retry_after),
        "refused_afterwards": float(len(after.refused_s) + after.others),
        "afterwards_p50_ms": quantile(after.delivered_s, 0.5) * 1000,
    }


class Caller(Connection):
    """One that costs the generator little, since it must offer more than the hub can carry: no task, no future."""

    def __init__(self) -> None:
        super().__init__()
        self._began = 0.0
        self._found: Offered | None = None
        self._idle: deque[Caller] | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is still to come."""
        return self._found is not None

    def ask(self, request: bytes, found: Offered, idle: deque[Caller]) -> None:
        """Send; the answer is told to `found`, and then the caller is idle again."""
        self._began, self._found, self._idle = time.perf_counter(), found, idle
        self.send(request)

    def answered(self, status: int) -> None:
        if self._found is None or self._idle is None:
            return
        self._found.took(status, self.head, time.perf_counter() - self._began)
        self._found = None
        self._idle.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._found is not None:
            self._found.others += 1
            self._found = None


async def offer(hub: Target, idle: deque[Caller], rate: float, seconds: float) -> Offered:
    """Send at this rate, whatever the answers do, as long as a caller has its hands free."""
    found = Offered()
    everybody = list(idle)
    started, sent = time.perf_counter(), 0
    while (now := time.perf_counter()) - started < seconds:
        due = int((now - started) * rate)
        late = max(due - sent - MOST_AT_ONCE, 0)
        found.not_sent += late
        for number in range(sent + late, due):
            if not idle:
                found.not_sent += 1
                continue
            idle.popleft().ask(hub.requests[number % len(hub.requests)], found, idle)
        sent = due
        await until(now + BURST_S)
    found.wall_s = time.perf_counter() - started
    while any(caller.is_waiting for caller in everybody):  # noqa: ASYNC110 - they tell nobody
        await asyncio.sleep(BURST_S)
    return found


def verdicts(row: dict[str, Figure]) -> list[Verdict]:
    """The targets for overload."""
    share, by_cpu = row["of_peak"].median, row["of_peak_by_cpu"].median
    p99 = row["refused_p99_ms"].median
    told = f"{share:.0%}, for each second of CPU {by_cpu:.0%}"
    return [
        Verdict(f"delivered when offered {TIMES}x", "at least 80 % of the peak", told, min(share, by_cpu) >= 0.8),
        at_most("a refusal takes (p99)", p99, 1000, "ms", 0),
        at_most("answers that were neither, or without Retry-After", row["wrong"].high, 0, "requests", 0),
        at_most("requests refused right afterwards", row["refused_afterwards"].high, 0, "requests", 0),
    ]
