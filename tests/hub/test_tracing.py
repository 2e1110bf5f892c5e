"""Traces of journeys: a span for each leg, those of a callback and of pages in the trace that they belong to."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from hub.config import Settings, load
from hub.lifecycle import running
from hub.store.registry import RoleRow
from hub.testing import FakeCpo, FakeEmsp
from hub.tracing import Spans, tracing
from routing.journey import Direction, Leg, Outcome, ignore
from tests.hub.legs import leg

MakeSettings = Callable[..., Settings]
ROOT = Path(__file__).parents[2]


def spans_of(*legs: Leg) -> Sequence[ReadableSpan]:
    """The spans of these legs, in the order in which they were told."""
    exporter = InMemorySpanExporter()
    spans = Spans(SimpleSpanProcessor(exporter), "OCPI hub", "NL*HUB")
    for told in legs:
        spans.observe(told)
    spans.close()
    return exporter.get_finished_spans()


def journey(journey_id: str, **changes: Any) -> tuple[Leg, Leg]:
    """The call and the request of a journey: the call is told first."""
    call = {"direction": Direction.OUT, "request_id": f"{journey_id}-out", "at": 1_700_000_000.001, "ms": 10.0}
    changes = {"journey_id": journey_id, **changes}
    return leg(**{**changes, **call}), leg(**changes)


def test_a_call_is_below_its_request_though_it_is_told_first() -> None:
    call, request = spans_of(*journey("j1"))
    assert (call.kind, request.kind) == (SpanKind.CLIENT, SpanKind.SERVER)
    assert call.context.trace_id == request.context.trace_id
    assert call.parent is not None
    assert call.parent.span_id == request.context.span_id
    assert request.parent is None
    assert request.start_time == 1_700_000_000_000_000_000
    assert request.end_time is not None
    assert request.end_time - request.start_time == 12_500_000


def test_copies_of_a_broadcast_are_below_the_push_and_are_not_one_span() -> None:
    request = leg(journey_id="j1")
    copies = [leg(journey_id="j1", direction=Direction.OUT, request_id=f"r{number}") for number in range(3)]
    above, *below = spans_of(request, *copies)
    assert {span.parent.span_id for span in below if span.parent} == {above.context.span_id}
    assert len({span.context.span_id for span in (above, *below)}) == 4


def test_a_callback_is_in_the_trace_of_its_command() -> None:
    command_call, command, callback_call, callback = spans_of(*journey("j1"), *journey("j2", parent="j1"))
    assert len({span.context.trace_id for span in (command_call, command, callback_call, callback)}) == 1
    assert callback.parent is not None
    assert callback.parent.span_id == command.context.span_id
    assert callback_call.parent is not None
    assert callback_call.parent.span_id == callback.context.span_id


def test_journeys_that_have_nothing_to_do_with_each_other_are_traces_of_their_own() -> None:
    spans = spans_of(*journey("j1"), *journey("j2"))
    assert len({span.context.trace_id for span in spans}) == 2
    assert len({span.context.span_id for span in spans}) == 4


def test_a_span_says_what_the_leg_says_and_nothing_personal() -> None:
    (span,) = spans_of(
        leg(
            module="tokens",
            interface="RECEIVER",
            method="PUT",
            path="/DE/ABC/CARD-777777",
            outcome=Outcome.FAILED,
            fault="network",
            reason="CARD-777777 was not delivered",
            http=None,
            ocpi=4003,
            request_body=b'{"uid": "CARD-777777"}',
        )
    )
    assert (span.name, span.status.status_code) == ("PUT tokens", StatusCode.ERROR)
    assert span.attributes is not None
    assert span.attributes["url.path"] == "/DE/ABC/***"
    assert (span.attributes["ocpi.fault"], span.attributes["ocpi.status_code"]) == ("network", 4003)
    assert "http.response.status_code" not in span.attributes
    assert "CARD-777777" not in span.to_json()


def test_a_refusal_is_no_error_of_the_hub() -> None:
    (span,) = spans_of(leg(outcome=Outcome.REFUSED, ocpi=2001, fault="caller"))
    assert span.status.status_code is StatusCode.UNSET


async def test_spans_of_real_traffic_arrive_at_a_collector(settings: MakeSettings) -> None:
    exported: list[ExportTraceServiceRequest] = []

    async def take(request: web.Request) -> web.Response:
        exported.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    chosen = settings(telemetry={"otlp_endpoint": f"http://127.0.0.1:{port}"})
    async with running(chosen) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        for party in (cpo, emsp):
            roles = [RoleRow(id, party.role, {"name": party.name}) for id in party.parties]
            invitation = await hub.platforms.invite(by="test", name=party.name, roles=roles)
            await party.register(invitation.versions_url, invitation.token)
        await (await emsp.start_session("NL*TNM")).result()
    await runner.cleanup()
    spans = [
        span
        for request in exported
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
        if span.name == "POST commands"
    ]
    assert len(spans) == 4, "the command and its callback, each received and passed on"
    assert len({span.trace_id for span in spans}) == 1
    assert len({span.span_id for span in spans}) == 4


async def test_without_an_endpoint_nothing_is_told_and_nothing_imported(settings: MakeSettings) -> None:
    async with tracing(settings()) as on_leg:
        assert on_leg is ignore
    code = "import hub.lifecycle, sys; sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == 0


async def test_a_collector_that_is_away_costs_no_request_and_no_shutdown(settings: MakeSettings) -> None:
    chosen = settings(telemetry={"otlp_endpoint": "http://127.0.0.1:9"})
    async with asyncio.timeout(60), running(chosen) as hub, FakeCpo() as cpo:
        invitation = await hub.platforms.invite(by="test", name="x", roles=[RoleRow(cpo.parties[0], cpo.role, {})])
        await cpo.register(invitation.versions_url, invitation.token)


def test_an_endpoint_is_a_url(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_text('[telemetry]\notlp_endpoint = "collector"\n', encoding="utf-8")
    with pytest.raises(Exception, match=r"telemetry\.otlp_endpoint"):
        load(file)
