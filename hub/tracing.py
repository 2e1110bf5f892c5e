"""OpenTelemetry traces, built from the stream of legs: a span for each request to the hub, and one for each call.

An extra: what it needs is imported when `telemetry.otlp_endpoint` is set, and else nothing of it costs anything.
No body, token, card uid or word of a party's is in a span.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from hub.config import Settings
from hub.journal_rows import MAX_PATH
from hub.masking import Mask, plain
from routing.catalogue import module_key
from routing.journey import Direction, Leg, OnLeg, Outcome, ignore

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

NEEDS: Final = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
FLUSH_S: Final = 5.0


class TelemetryMissing(Exception):
    """Traces are wanted, and what makes them is not installed."""


@asynccontextmanager
async def tracing(settings: Settings) -> AsyncIterator[OnLeg]:
    """What is to be told of each leg; what is not exported at the end is flushed. Raises TelemetryMissing."""
    endpoint = settings.telemetry.otlp_endpoint
    if endpoint is None:
        yield ignore
        return
    for module in NEEDS:
        if not _is_there(module):
            raise TelemetryMissing("telemetry.otlp_endpoint needs more packages: pip install 'ocpi-hub[otel]'")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=FLUSH_S)
    spans = Spans(BatchSpanProcessor(exporter), settings.hub.name, settings.hub.party.text)
    try:
        yield spans.observe
    finally:
        await asyncio.to_thread(spans.close)


class Spans:
    """Makes spans of legs. A journey, its callbacks and its pages are one trace."""

    def __init__(self, processor: SpanProcessor, name: str, party: str) -> None:
        from opentelemetry import trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider

        self._ids = _Ids()
        ids: Any = self._ids  # it is one in all but name: to inherit would be to import
        resource = Resource.create({"service.name": "ocpi-hub", "ocpi.hub.name": name, "ocpi.hub.party": party})
        self._provider = TracerProvider(id_generator=ids, resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("hub")
        self._trace = trace

    def observe(self, leg: Leg) -> None:
        """Make a span of a leg; the calls come before the request that they belong to."""
        trace = self._trace
        self._ids.trace = _number(leg.parent or leg.journey_id, 16)
        journey = _number(f"journey {leg.journey_id}", 8)
        is_inbound = leg.direction is Direction.IN
        self._ids.span = journey if is_inbound else _number(leg.request_id or str(leg.at), 8)
        began = int(leg.at * 1e9)
        above = _number(f"journey {leg.parent}", 8) if is_inbound and leg.parent else 0 if is_inbound else journey
        span = self._tracer.start_span(
            f"{leg.method} {module_key(leg.module)}".strip(),
            context=self._below(above) if above else None,
            kind=trace.SpanKind.SERVER if is_inbound else trace.SpanKind.CLIENT,
            attributes=_attributes(leg),
            start_time=began,
        )
        if leg.outcome is Outcome.FAILED:
            span.set_status(trace.StatusCode.ERROR, f"at fault: {leg.fault or 'unknown'}")
        span.end(began + int(leg.ms * 1e6))

    def close(self) -> None:
        """Export what is left."""
        self._provider.shutdown()

    def _below(self, span_id: int) -> Any:
        """The context of a span that may not have been made yet."""
        trace = self._trace
        flags = trace.TraceFlags(trace.TraceFlags.SAMPLED)
        above = trace.SpanContext(self._ids.trace, span_id, is_remote=False, trace_flags=flags)
        return trace.set_span_in_context(trace.NonRecordingSpan(above))


class _Ids:
    """Ids of the next span: those that its leg stands for, so that spans find each other in any order."""

    def __init__(self) -> None:
        self.trace = self.span = 1

    def generate_trace_id(self) -> int:
        return self.trace

    def generate_span_id(self) -> int:
        return self.span

    def is_trace_id_random(self) -> bool:
        return False


def _attributes(leg: Leg) -> dict[str, Any]:
    module = plain(module_key(leg.module), 64)
    found: dict[str, Any] = {
        "ocpi.version": leg.version,
        "ocpi.module": module,
        "ocpi.interface": leg.interface,
        "ocpi.from": leg.sender,
        "ocpi.to": leg.receiver,
        "ocpi.platform": leg.platform_id,
        "ocpi.correlation_id": leg.correlation_id,
        "ocpi.request_id": leg.request_id,
        "ocpi.journey": leg.journey_id,
        "ocpi.outcome": str(leg.outcome),
        "ocpi.fault": str(leg.fault),
        "ocpi.losses": len(leg.receipt),
        "http.request.method": leg.method,
        "url.path": plain(Mask(module).path(leg.path, leg.interface), MAX_PATH),
        "http.request.body.size": leg.bytes_in if leg.direction is Direction.IN else leg.bytes_out,
        "http.response.body.size": leg.bytes_out if leg.direction is Direction.IN else leg.bytes_in,
    }
    if leg.ocpi is not None:
        found["ocpi.status_code"] = leg.ocpi
    if leg.http is not None:
        found["http.response.status_code"] = leg.http
    return {name: value for name, value in found.items() if value != ""}


def _number(text: str, size: int) -> int:
    """An id that is the same for the same text, and never 0."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=size).digest(), "big") or 1


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
