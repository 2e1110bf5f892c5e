"""What Prometheus reads: counted by legs, with labels that nobody outside can multiply."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from prometheus_client.parser import text_string_to_metric_families

import admin
from hub.lifecycle import opened
from hub.metrics import LAG_EVERY_S, MAX_UNDER_WAY, Metrics, bounded
from routing.bridge.receipt import What, loss
from routing.journey import Direction, Outcome
from tests.hub.legs import leg


def samples(metrics: Metrics) -> dict[str, float]:
    """Everything rendered, by name and label values in the order of the labels' names."""
    return {
        " ".join([sample.name, *sample.labels.values()]).strip(): sample.value
        for family in text_string_to_metric_families(metrics.rendered().decode())
        for sample in family.samples
    }


def journey(metrics: Metrics, **changes: Any) -> None:
    """A call that took the party 10 ms, of a request that took 12.5 ms."""
    metrics.observe(leg(direction=Direction.OUT, at=100.001, ms=10.0, **changes))
    metrics.observe(leg(at=100.0, ms=12.5, **changes))


def test_requests_and_calls_are_counted_by_module_interface_and_outcome() -> None:
    metrics = Metrics()
    for _ in range(2):
        journey(metrics)
    metrics.observe(leg(outcome=Outcome.FAILED))
    found = samples(metrics)
    assert found["ocpi_hub_requests_total SENDER sessions delivered"] == 2
    assert found["ocpi_hub_requests_total SENDER sessions failed"] == 1
    assert found["ocpi_hub_calls_total SENDER sessions delivered"] == 2


def test_time_in_the_hub_is_told_from_time_at_the_party() -> None:
    metrics = Metrics()
    journey(metrics)
    found = samples(metrics)
    assert found["ocpi_hub_hub_seconds_sum sessions"] == pytest.approx(0.0025, abs=1e-5)
    assert found["ocpi_hub_party_seconds_sum sessions"] == pytest.approx(0.010)


def test_calls_at_the_same_time_are_waited_for_once() -> None:
    metrics = Metrics()
    for started in (100.0, 100.002, 100.004):
        metrics.observe(leg(direction=Direction.OUT, at=started, ms=10.0))
    metrics.observe(leg(at=100.0, ms=20.0))
    assert samples(metrics)["ocpi_hub_hub_seconds_sum sessions"] == pytest.approx(0.006, abs=1e-5)


def test_copies_that_go_out_after_the_answer_do_not_pile_up() -> None:
    metrics = Metrics()
    for number in range(MAX_UNDER_WAY + 100):
        metrics.observe(leg(direction=Direction.OUT, journey_id=str(number)))
    assert len(metrics._party_ms) == MAX_UNDER_WAY


@pytest.mark.parametrize(
    ("module", "label"),
    [
        ("locations", "locations"),
        ("Locations", "locations"),
        ("credentials", "credentials"),
        ("bookings", "booking"),
        ("com.example.custom", "other"),
        ("'; DROP TABLE legs", "other"),
        ("", ""),
    ],
)
def test_a_module_that_is_not_ocpis_is_other(module: str, label: str) -> None:
    assert bounded(module) == label


def test_nobody_outside_can_make_new_labels_or_fill_memory() -> None:
    metrics = Metrics()
    journey(metrics, module="warm")
    before = len(samples(metrics))
    for number in range(500):
        journey(metrics, module=f"made-up-{number}")
    assert len(samples(metrics)) == before
    journey(metrics, module="sessions")
    before = len(samples(metrics))
    for spelling in ("sEssions", "sesSions", "SESSIONS"):
        journey(metrics, module=spelling)
    assert len(samples(metrics)) == before


def test_losses_of_translation_are_counted_by_kind() -> None:
    metrics = Metrics()
    lost = loss("Token", "group_id", What.DROPPED, "x", None)
    made_up = loss("Token", "issuer", What.DEFAULTED, None, "hub")
    metrics.observe(leg(module="tokens", receipt=(lost, lost, made_up)))
    found = samples(metrics)
    assert found["ocpi_hub_translation_losses_total tokens dropped"] == 2
    assert found["ocpi_hub_translation_losses_total tokens defaulted"] == 1


async def test_requests_in_flight_are_those_not_answered_yet() -> None:
    metrics, go_on = Metrics(), asyncio.Event()

    async def door(request: web.BaseRequest) -> web.Response:
        await go_on.wait()
        raise web.HTTPBadRequest

    visits = [asyncio.ensure_future(metrics.counting(door)(make_mocked_request("GET", "/"))) for _ in range(3)]
    await asyncio.sleep(0)
    assert samples(metrics)["ocpi_hub_in_flight"] == 3
    go_on.set()
    await asyncio.gather(*visits, return_exceptions=True)
    assert samples(metrics)["ocpi_hub_in_flight"] == 0


async def test_a_late_event_loop_shows() -> None:
    metrics = Metrics()
    watching = asyncio.ensure_future(metrics.watch_loop())
    await asyncio.sleep(LAG_EVERY_S + 0.1)
    watching.cancel()
    assert samples(metrics)["ocpi_hub_event_loop_lag_seconds_count"] == 1


async def test_what_the_journal_dropped_and_who_is_connected_is_asked_at_the_scrape(settings: Any) -> None:
    async with opened(settings()) as (hub, _):
        hub.journal.dropped["full"] += 3
        found = samples(hub.metrics)
        assert found["ocpi_hub_journal_dropped_total full"] == 3
        assert found["ocpi_hub_journal_dropped_total closed"] == 0
        assert found["ocpi_hub_parties CONNECTED"] == 0
        assert found["ocpi_hub_platforms SUSPENDED"] == 0


def names_used(text: str) -> Iterator[str]:
    """The hub's metrics that a dashboard or an alert speaks of."""
    for name in re.findall(r"\bocpi_hub_\w+", text):
        yield re.sub(r"_(total|bucket|sum|count)$", "", name)


async def test_dashboard_and_alerts_speak_of_metrics_that_exist(settings: Any) -> None:
    async with opened(settings()) as (hub, _):
        known = {family.name for family in hub.metrics.registry.collect()}
    folder = Path(admin.__file__).parent / "monitoring"
    for file in ("grafana.json", "alerts.yaml"):
        used = set(names_used((folder / file).read_text(encoding="utf-8")))
        assert used
        assert used <= known
        assert file != "grafana.json" or known - used == {"ocpi_hub_platforms"}, "what is measured is shown"
