"""Prometheus: what an operator watches and is woken by. Counted from the stream of legs, and at the scrape.

Label values are bounded: modules that are not OCPI's are `other`, and no party, path or id is a label.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hub.http import Request, Response
from hub.tallies import Counts, Spread
from routing.bridge.receipt import Loss
from routing.catalogue import MODULES, module_key
from routing.journey import Direction, Leg

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OTHER: Final = "other"
OWN_MODULES: Final = frozenset({"versions", "credentials", "hubclientinfo"})
"""Modules that the hub itself answers."""
HUB_BUCKETS_S: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
PARTY_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)
LAG_BUCKETS_S: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
LAG_EVERY_S: Final = 0.5
MAX_UNDER_WAY: Final = 10_000
"""Journeys whose calls are remembered until their answer; copies that go out after the answer are let go of."""

Door = Callable[[Request], Awaitable[Response]]
Sample = Callable[[], Mapping[str, float]]
"""Values by the one label of a metric, asked for at each scrape."""


class Metrics:
    """Counts legs. One registry of its own for each hub."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("module", "interface", "outcome")
        self._requests = Counts("ocpi_hub_requests", "Requests from parties, by how they ended.", labels)
        self._calls = Counts("ocpi_hub_calls", "Calls to parties, by how they ended.", labels)
        self._hub_seconds = Spread(
            "ocpi_hub_hub_seconds", "Time that a request spent in the hub itself.", "module", HUB_BUCKETS_S
        )
        self._party_seconds = Spread(
            "ocpi_hub_party_seconds", "Time that a party took to answer.", "module", PARTY_BUCKETS_S
        )
        for tally in (self._requests, self._calls, self._hub_seconds, self._party_seconds):
            self.registry.register(tally)
        self._losses = Counter(
            "ocpi_hub_translation_losses",
            "Fields that did not come whole over the bridge between versions.",
            ("module", "what"),
            registry=self.registry,
        )
        self._in_flight = Gauge("ocpi_hub_in_flight", "Requests being answered now.", registry=self.registry)
        self._lag = Histogram(
            "ocpi_hub_event_loop_lag_seconds",
            "How late the event loop was for an appointment.",
            buckets=LAG_BUCKETS_S,
            registry=self.registry,
        )
        self._party_ms: dict[str, tuple[float, float]] = {}
        self._flying = 0
        self._in_flight.set_function(lambda: self._flying)

    def observe(self, leg: Leg) -> None:
        """Count a leg. On the path of each request."""
        module = bounded(leg.module)
        if leg.direction is Direction.OUT:
            self._calls.counts[module, leg.interface, leg.outcome] += 1
            self._remember_call(leg)
            self._party_seconds.observe(module, leg.ms / 1000)
        else:
            self._requests.counts[module, leg.interface, leg.outcome] += 1
            first, last = self._party_ms.pop(leg.journey_id, (0.0, 0.0))
            self._hub_seconds.observe(module, max(leg.ms / 1000 - (last - first), 0.0))
        if leg.receipt:
            self._count_losses(leg)

    def counting(self, door: Door) -> Door:
        """The door, with the requests in it counted."""

        async def counted(request: Request) -> Response:
            self._flying += 1
            try:
                return await door(request)
            finally:
                self._flying -= 1

        return counted

    def watch_gauge(self, name: str, text: str, label: str, sample: Sample) -> None:
        """A gauge whose values are asked for at each scrape."""
        self.registry.register(_Sampled(lambda: GaugeMetricFamily(name, text, labels=[label]), sample))

    def watch_counter(self, name: str, text: str, label: str, sample: Sample) -> None:
        """A counter that is kept elsewhere, asked for at each scrape."""
        self.registry.register(_Sampled(lambda: CounterMetricFamily(name, text, labels=[label]), sample))

    async def watch_loop(self) -> None:
        """Measure how late the event loop is, until cancelled."""
        while True:
            due = time.perf_counter() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._lag.observe(max(time.perf_counter() - due, 0.0))

    def rendered(self) -> bytes:
        """All of it as Prometheus reads it (text format 0.0.4)."""
        return generate_latest(self.registry)

    def _remember_call(self, leg: Leg) -> None:
        """From the first call of a journey until its last answer, the party was waited for."""
        first, last = leg.at, leg.at + leg.ms / 1000
        if (known := self._party_ms.get(leg.journey_id)) is not None:
            first, last = min(known[0], first), max(known[1], last)
        elif len(self._party_ms) >= MAX_UNDER_WAY:
            del self._party_ms[next(iter(self._party_ms))]
        self._party_ms[leg.journey_id] = (first, last)

    def _count_losses(self, leg: Leg) -> None:
        for loss in leg.receipt:
            if isinstance(loss, Loss):
                self._losses.labels(bounded(leg.module), loss.what).inc()


class _Sampled(Collector):
    """A metric whose values are known elsewhere."""

    def __init__(self, family: Callable[[], GaugeMetricFamily | CounterMetricFamily], sample: Sample) -> None:
        self._family = family
        self._sample = sample

    def collect(self) -> Iterable[Metric]:
        family = self._family()
        for value, number in self._sample().items():
            family.add_metric([value], number)
        yield family


@lru_cache(maxsize=1024)
def bounded(module: str) -> str:
    """A module as a label: its key where it is one of OCPI's, else `other`; none for a request that named none."""
    key = module_key(module)
    return key if not key or key in MODULES or key in OWN_MODULES else OTHER
