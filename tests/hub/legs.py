"""Legs for tests of the journal and the metrics: one to start from, changed by keyword."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hub.journal_rows import row_of
from hub.store.journal import LegRow
from routing.journey import Direction, Leg, Outcome

LEG = Leg(
    journey_id="0192aabbccdd0000000001",
    direction=Direction.IN,
    at=1_700_000_000.0,
    ms=12.5,
    platform_id="p-emsp",
    sender="DE*ABC",
    receiver="NL*TNM",
    version="2.2.1",
    module="sessions",
    interface="SENDER",
    method="GET",
    path="",
    request_id="request-1",
    correlation_id="correlation-1",
    http=200,
    ocpi=1000,
    outcome=Outcome.DELIVERED,
)


def leg(**changes: Any) -> Leg:
    """A leg like any other, but for these fields."""
    return replace(LEG, **changes)


def row(**changes: Any) -> LegRow:
    """The row of such a leg, without bodies."""
    return row_of(leg(**changes), "off")
