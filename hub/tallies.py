"""Counters and histograms for the path of each request: a number in a dictionary, made into metrics at the scrape.

prometheus-client's own take a lock and several calls for each number. An event loop needs neither.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector


class Counts(Collector):
    """A counter: `counts[labels] += 1`, labels in the order that they were named in."""

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()
        self._name, self._text, self._labels = name, text, labels

    def collect(self) -> Iterable[Metric]:
        """What was counted up to now."""
        family = CounterMetricFamily(self._name, self._text, labels=self._labels)
        for labels, number in self.counts.items():
            family.add_metric(labels, number)
        yield family


class Spread(Collector):
    """A histogram of seconds with one label."""

    def __init__(self, name: str, text: str, label: str, bounds: Sequence[float]) -> None:
        self._name, self._text, self._label, self._bounds = name, text, label, bounds
        self._seen: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def observe(self, label: str, seconds: float) -> None:
        """One more."""
        seen = self._seen.get(label)
        if seen is None:
            seen, self._sums[label] = self._seen.setdefault(label, [0] * (len(self._bounds) + 1)), 0.0
        seen[bisect_left(self._bounds, seconds)] += 1
        self._sums[label] += seconds

    def collect(self) -> Iterable[Metric]:
        """What was seen up to now; a bucket holds all that is not above its bound."""
        family = HistogramMetricFamily(self._name, self._text, labels=[self._label])
        names = [*map(repr, map(float, self._bounds)), "+Inf"]
        for label, seen in self._seen.items():
            buckets = list(zip(names, map(float, accumulate(seen)), strict=True))
            family.add_metric([label], buckets, self._sums[label])
        yield family
