"""Journeys as the API shows them: questions read from a query string, answers as JSON, exports as CSV or JSON lines."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from hub.store import Store
from hub.store import journal as stored
from hub.store.journal import Journey, LegRow, Wanted
from routing.catalogue import module_key
from routing.journey import Direction, Outcome
from routing.ocpi import PartyId

MAX_LIMIT: Final = 500
EXPORT_PAGE: Final = 200
FILTERS: Final = ("party", "platform", "correlation_id", "module", "outcome", "since", "until", "limit", "cursor")
CSV_COLUMNS: Final = (
    "journey_id",
    "parent",
    "direction",
    "at",
    "ms",
    "platform_id",
    "sender",
    "receiver",
    "version",
    "module",
    "interface",
    "method",
    "path",
    "request_id",
    "correlation_id",
    "http",
    "ocpi",
    "outcome",
    "reason",
    "bytes_in",
    "bytes_out",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class BadFilter(ValueError):
    """A filter that cannot be read; `errors` has what is wrong by field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in errors.items()))
        self.errors = errors


def wanted_of(query: Mapping[str, str]) -> Wanted:
    """The question that a query string asks. Raises BadFilter."""
    errors: dict[str, str] = {}

    def read(name: str, convert: Callable[[str], Any], default: Any = "") -> Any:
        text = query.get(name, "").strip()
        try:
            return convert(text) if text else default
        except ValueError as error:
            errors[name] = str(error)
            return default

    wanted = Wanted(
        party=read("party", lambda text: str(PartyId.parse(text)).upper()),
        platform_id=read("platform", _short),
        correlation_id=read("correlation_id", _short),
        module=read("module", lambda text: module_key(_short(text))),
        outcome=read("outcome", _outcome),
        since=read("since", epoch_of, None),
        until=read("until", epoch_of, None),
        before=read("cursor", _cursor),
        limit=read("limit", _limit, 50),
    )
    errors |= {name: "is not a known filter" for name in query if name not in FILTERS}
    if errors:
        raise BadFilter(errors)
    return wanted


def summary(journey: Journey) -> dict[str, Any]:
    """One line of the list."""
    first = journey.first
    out = [leg for leg in journey.legs if leg.direction == Direction.OUT]
    return {
        "id": journey.id,
        "at": iso(first.at),
        "correlation_id": first.correlation_id,
        "from": first.sender or None,
        "to": first.receiver or (out[0].receiver if len(out) == 1 else None) or None,
        "receivers": list(dict.fromkeys(leg.receiver for leg in out if leg.receiver)),
        "platform": first.platform_id or None,
        "module": first.module,
        "interface": first.interface,
        "method": first.method,
        "path": first.path,
        "version": first.version,
        "http": first.http,
        "ocpi": first.ocpi,
        "outcome": journey.outcome,
        "reason": journey.reason,
        "ms": round(first.ms, 3),
        "hub_ms": round(journey.hub_ms, 3),
        "party_ms": round(journey.party_ms, 3),
        "legs": len(journey.legs),
        "parent": first.parent or None,
    }


def detail(journey: Journey) -> dict[str, Any]:
    """A journey with every leg of it."""
    return {**summary(journey), "legs": [leg_json(leg) for leg in journey.legs]}


def leg_json(leg: LegRow) -> dict[str, Any]:
    """One leg, with its receipt, and its bodies where they were kept."""
    return {
        "direction": leg.direction,
        "at": iso(leg.at),
        "ms": round(leg.ms, 3),
        "platform": leg.platform_id or None,
        "from": leg.sender or None,
        "to": leg.receiver or None,
        "version": leg.version,
        "module": leg.module,
        "interface": leg.interface,
        "method": leg.method,
        "path": leg.path,
        "request_id": leg.request_id,
        "correlation_id": leg.correlation_id,
        "http": leg.http,
        "ocpi": leg.ocpi,
        "outcome": leg.outcome,
        "reason": leg.reason,
        "bytes_in": leg.bytes_in,
        "bytes_out": leg.bytes_out,
        "request_body": leg.request_body,
        "answer_body": leg.answer_body,
        "receipt": leg.losses,
    }


async def page(store: Store, wanted: Wanted) -> dict[str, Any]:
    """The list of the API. Raises StoreUnavailable."""
    async with store.read() as connection:
        found, cursor = await stored.journeys(connection, wanted)
    return {"items": [summary(journey) for journey in found], "next": cursor or None}


async def one(store: Store, journey_id: str) -> dict[str, Any] | None:
    """A journey with its legs, and those that belong to it; None for an unknown one. Raises StoreUnavailable."""
    async with store.read() as connection:
        family = await stored.family(connection, journey_id)
    journey = next((journey for journey in family if journey.id == journey_id), None)
    if journey is None:
        return None
    return {**detail(journey), "linked": [detail(other) for other in family if other.id != journey_id]}


async def exported(store: Store, wanted: Wanted, style: str) -> AsyncIterator[bytes]:
    """All journeys asked for, newest first, some at a time: a CSV row a leg, or a JSON line a journey."""
    if style == "csv":
        yield _csv_rows([CSV_COLUMNS])
    before = wanted.before
    while True:
        async with store.read() as connection:
            found, before = await stored.journeys(connection, replace(wanted, before=before, limit=EXPORT_PAGE))
        if style == "csv":
            yield _csv_rows([_csv_row(leg) for journey in found for leg in journey.legs])
        else:
            yield "".join(f"{json.dumps(detail(journey), ensure_ascii=False)}\n" for journey in found).encode()
        if not before:
            return


def iso(at: float) -> str:
    """Epoch seconds as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_of(text: str) -> float:
    """A moment in ISO 8601, UTC where it says nothing else, as epoch seconds. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        raise ValueError("a moment is written like 2026-01-31T12:00:00Z") from None


def _csv_row(leg: LegRow) -> list[Any]:
    values = [iso(leg.at) if name == "at" else getattr(leg, name) for name in CSV_COLUMNS]
    # a cell that a spreadsheet would run as a formula is text
    return [f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value for value in values]


def _csv_rows(rows: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _short(text: str) -> str:
    if len(text) > 128 or not text.isprintable():
        raise ValueError("is too long, or not text")
    return text


def _outcome(text: str) -> str:
    if text not in list(Outcome):
        raise ValueError(f"one of {', '.join(Outcome)}")
    return text


def _cursor(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{1,32}", text):
        raise ValueError("is not one that this API gave out")
    return text


def _limit(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or not 1 <= int(text[:9]) <= MAX_LIMIT:
        raise ValueError(f"a whole number from 1 to {MAX_LIMIT}")
    return int(text)
