"""Conformance checks: begun here, followed step by step, and handed to the partner as a report."""

from __future__ import annotations

import time
from itertools import groupby
from typing import Final

from aiohttp import web

from admin.check_api import MEDIA, as_file
from admin.page import Shown, Visit, moved
from admin.problems import bad_field, not_found
from hub.check import Report
from hub.store import checks as stored
from routing.ocpi import ConnectionStatus

RECENT: Final = 20
WORST: Final = ("fail", "warn", "pass", "skipped")


async def checks_page(visit: Visit) -> Shown:
    """Who can be checked, and what the last checks found."""
    async with visit.hub.store.read() as connection:
        found = await stored.page(connection, None, None, RECENT, time.time())
    directory = visit.hub.picture.directory
    ready = [row for row in directory.platforms.values() if row.status is ConnectionStatus.CONNECTED and row.parties]
    values = {
        "reports": found,
        "ready": sorted(ready, key=lambda row: row.name.casefold()),
        "chosen": visit.query.get("platform", ""),
    }
    return Shown("checks.html", values)


async def begin(visit: Visit) -> web.Response:
    """Begin a check of a connected platform."""
    platform_id = visit.form.get("platform", "")
    if not platform_id:
        raise bad_field("platform", "choose one")
    report = await visit.hub.checks.begin(platform_id, by=visit.admin.name)
    return moved(f"/check/{report.id}")


async def check_page(visit: Visit) -> Shown:
    """One check, as far as it got."""
    report = await _report(visit)
    groups = [(module, list(steps)) for module, steps in groupby(report.steps, key=lambda step: step.module)]
    if report.status != "running":  # while it runs, nothing may jump
        groups.sort(key=lambda group: min(WORST.index(step.verdict) for step in group[1]))
    values = {"report": report, "groups": groups, "counts": report.counts, "times": report.times_ms}
    return Shown("check_part.html" if visit.is_part else "check.html", values)


async def report(visit: Visit) -> web.Response:
    """The report as a file, to be handed to the partner."""
    style = visit.query.get("format", "html")
    if style not in MEDIA:
        raise bad_field("format", f"choose from {', '.join(MEDIA)}")
    return as_file(await _report(visit), style)


async def _report(visit: Visit) -> Report:
    async with visit.hub.store.read() as connection:
        found = await stored.one(connection, visit.ids["id"], time.time())
    if found is None:
        raise not_found("This check is not kept any more.")
    return found
