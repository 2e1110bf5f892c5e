"""Conformance checks through the API: each function is one call."""

from __future__ import annotations

import time
from typing import Final, Literal

from aiohttp import web
from pydantic import Field

from admin.check_json import CheckDetail, CheckJson, CheckList, check_detail, check_json
from admin.check_report import rendered
from admin.problems import not_found
from admin.route import NO_STORE, Call, Page, Query
from admin.words import bad_cursor, fields_of
from admin.written import in_utf8
from hub.check import Report
from hub.store import checks as stored

MEDIA: Final = {"text": "text/plain", "markdown": "text/markdown", "html": "text/html"}
SUFFIXES: Final = {"text": "txt", "markdown": "md", "html": "html"}


class ChecksPage(Page):
    """Which checks."""

    platform: str | None = Field(None, pattern="^[A-Za-z0-9_-]{1,64}$", description="The id of a platform.")


class ReportStyle(Query):
    """What a report is written as."""

    format: Literal["text", "markdown", "html"] = Field("text", description="What the report is written as.")


async def begin_check(call: Call) -> CheckJson:
    """Begin a conformance check of a connected platform, with requests that change nothing there."""
    return check_json(await call.hub.checks.begin(call.ids["id"], by=call.admin.name))


async def list_checks(call: Call) -> CheckList:
    """The checks that are kept, newest first."""
    page: ChecksPage = call.query
    async with call.hub.store.read() as connection:
        found = await stored.page(connection, page.platform, _before(page.cursor), page.limit + 1, time.time())
    last = found[page.limit - 1] if len(found) > page.limit else None
    return CheckList(
        items=[check_json(report) for report in found[: page.limit]],
        next=f"{last.started_at!r}~{last.id}" if last else None,
    )


async def show_check(call: Call) -> CheckDetail:
    """One check with every step so far."""
    return check_detail(await _report(call))


async def show_report(call: Call) -> web.Response:
    """The report of a check, to be handed to the partner."""
    style: ReportStyle = call.query
    return as_file(await _report(call), style.format)


def as_file(report: Report, style: str) -> web.Response:
    """A report to be saved."""
    name = f"check-{report.party.replace('*', '-')}-{report.id}.{SUFFIXES[style]}"
    return web.Response(
        body=in_utf8(rendered(report, style)),
        content_type=MEDIA[style],
        charset="utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            **NO_STORE,
        },
    )


async def _report(call: Call) -> Report:
    async with call.hub.store.read() as connection:
        report = await stored.one(connection, call.ids["id"], time.time())
    if report is None:
        raise not_found(f"there is no check {call.ids['id']}, or it was so long ago that it was forgotten")
    return report


def _before(cursor: str | None) -> tuple[float, str] | None:
    fields = fields_of(cursor, 2)
    if fields is None:
        return None
    try:
        return float(fields[0]), fields[1]
    except ValueError:
        raise bad_cursor() from None
