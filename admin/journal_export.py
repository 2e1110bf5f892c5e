"""The journal as a file: CSV with a row for each leg, or JSON lines with one journey each; streamed, newest first."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any, Final

from admin.journal_json import detail, iso
from admin.written import in_json
from hub.store import Store
from hub.store import journal as stored
from hub.store.journal import LegRow, Wanted

EXPORT_PAGE: Final = 200
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
    "fault",
    "reason",
    "bytes_in",
    "bytes_out",
    "receipt",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


async def exported(store: Store, wanted: Wanted, style: str) -> AsyncGenerator[bytes, None]:
    """All journeys asked for, some at a time; `style` is `csv` or `jsonl`. Raises StoreUnavailable."""
    if style == "csv":
        yield _csv_rows([CSV_COLUMNS])
    before = wanted.before
    while True:
        async with store.read() as connection:
            found, before = await stored.journeys(connection, replace(wanted, before=before, limit=EXPORT_PAGE))
        if style == "csv":
            yield _csv_rows([_csv_row(leg) for journey in found for leg in journey.legs])
        else:
            yield b"".join(in_json(detail(journey)) + b"\n" for journey in found)
        if not before:
            return


def _csv_row(leg: LegRow) -> list[Any]:
    values = [iso(leg.at) if name == "at" else getattr(leg, name) for name in CSV_COLUMNS]
    # a cell that a spreadsheet would run as a formula is text
    return [f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value for value in values]


def _csv_rows(rows: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
