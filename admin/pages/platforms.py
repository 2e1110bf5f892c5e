"""The platforms: a list to search, and what an admin does with one of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from admin.page import Shown, Visit, moved
from admin.pages.platform_form import change_of, fields_of_platform
from admin.problems import Problem, not_found, problem_of
from hub.platforms import with_quirks
from hub.progress import failure_of
from hub.store import agreements, audit, findings, handshakes, journal, registry, traffic
from hub.store.journal import Wanted
from hub.store.registry import PlatformRow
from hub.store.traffic import Traffic
from routing.ocpi import ConnectionStatus

PER_PAGE: Final = 25
DAY_S: Final = 86_400
RECENT: Final = 8


async def platform_list(visit: Visit) -> Shown:
    """Every platform that the filters leave, a page at a time."""
    async with visit.hub.store.read() as connection:
        rows = await registry.platforms_since(connection, -1)
        flows = await traffic.by_platform(connection, time.time() - DAY_S)
    search = visit.query.get("search", "").strip()
    status, version = visit.query.get("status", ""), visit.query.get("version", "")
    found = sorted(
        (row for row in rows if _is_wanted(row, search, status, version)), key=lambda row: (row.name.casefold(), row.id)
    )
    number = _page_number(visit.query.get("page", "1"), len(found))
    values = {
        "rows": [(row, flows.get(row.id, Traffic())) for row in found[(number - 1) * PER_PAGE : number * PER_PAGE]],
        "total": len(rows),
        "found": len(found),
        "number": number,
        "pages": max(1, -(-len(found) // PER_PAGE)),
        "filters": {"search": search, "status": status, "version": version},
        "versions": sorted({row.version for row in rows if row.version}),
        "statuses": list(ConnectionStatus),
    }
    return Shown("platforms_part.html" if visit.is_part else "platforms.html", values)


async def platform_page(visit: Visit) -> Shown:
    """One platform with everything that is known of it."""
    return await _page(visit, await row_of(visit))


async def change_platform(visit: Visit) -> Shown | web.StreamResponse:
    """Name, quirks, networks and limit, as the form says."""
    row = await row_of(visit)
    try:
        changes = change_of(visit.form).changes()
        if news := {name: value for name, value in changes.items() if is_news(row, name, value)}:
            await visit.hub.platforms.change(row.id, by=visit.admin.name, changes=news)
    except ValueError as error:
        return await _page(visit, row, problem_of(error))
    return moved(f"/platforms/{row.id}", done="changed")


def is_news(row: PlatformRow, name: str, value: Any) -> bool:
    """Whether a setting would be another than it is."""
    if name == "quirks":
        return with_quirks(row.quirks, value) != row.quirks
    known = getattr(row, name)
    return bool(value != (list(known) if isinstance(known, tuple) else known))


async def suspend(visit: Visit) -> web.Response:
    """Stop all traffic."""
    await visit.hub.platforms.suspend(visit.ids["id"], by=visit.admin.name)
    return moved(f"/platforms/{visit.ids['id']}", done="suspended")


async def resume(visit: Visit) -> web.Response:
    """Let traffic flow again."""
    await visit.hub.platforms.resume(visit.ids["id"], by=visit.admin.name)
    return moved(f"/platforms/{visit.ids['id']}", done="resumed")


async def rotate(visit: Visit) -> web.Response:
    """Renew both tokens."""
    await visit.hub.platforms.rotate(visit.ids["id"], by=visit.admin.name)
    return moved(f"/platforms/{visit.ids['id']}", done="rotated")


async def remove(visit: Visit) -> web.Response:
    """Unregister and forget."""
    await visit.hub.platforms.remove(visit.ids["id"], by=visit.admin.name)
    return moved("/platforms", done="removed")


async def forget_findings(visit: Visit) -> web.Response:
    """Begin to count anew, once a partner has mended its side."""
    row = await row_of(visit)
    async with visit.hub.store.write() as connection:
        before = {"findings": await findings.forget(connection, row.id)}
        await audit.record(
            connection, actor=visit.admin.name, action="findings forgotten", subject=row.id, before=before
        )
    return moved(f"/platforms/{row.id}", done="findings-forgotten")


async def row_of(visit: Visit) -> PlatformRow:
    """The platform that the address names. Raises Problem (404)."""
    async with visit.hub.store.read() as connection:
        row = await registry.platform_row(connection, visit.ids["id"])
    if row is None:
        raise not_found("This platform is not there. It may have been removed.")
    return row


async def _page(visit: Visit, row: PlatformRow, problem: Problem | None = None) -> Shown:
    async with visit.hub.store.read() as connection:
        handshake = await handshakes.one(connection, row.id)
        flows = await traffic.by_platform(connection, time.time() - DAY_S, [row.id])
        recent, _ = await journal.journeys(connection, Wanted(platform_id=row.id, limit=RECENT))
        mistakes = await findings.every(connection, row.id)
        agreed = await agreements.every(connection)
    ids = {role.id for role in row.roles}
    values: dict[str, Any] = {
        "row": row,
        "platforms": {row.id: row.name},
        "failure": row.last_error,
        "handshake": handshake,
        "handshake_failure": failure_of(handshake) if handshake else None,
        "flow": flows.get(row.id, Traffic()),
        "journeys": recent,
        "findings": mistakes,
        "agreements": [agreement for agreement in agreed if agreement.cpo in ids or agreement.emsp in ids],
        "endpoints": _by_module(row.endpoints),
        "fields": fields_of_platform(row, visit.form if problem else None),
        "problem": problem,
    }
    return Shown("platform.html", values, 200 if problem is None else problem.status)


def _by_module(endpoints: Iterable[tuple[str, Any, str]]) -> Sequence[tuple[str, Mapping[str, str]]]:
    found: dict[str, dict[str, str]] = {}
    for module, side, url in endpoints:
        found.setdefault(module, {})[str(side)] = url
    return sorted(found.items())


def _is_wanted(row: PlatformRow, search: str, status: str, version: str) -> bool:
    if (status and row.status != status) or (version and row.version != version):
        return False
    names = [
        row.name,
        row.id,
        *(f"{role.id} {role.id.folded} {role.business_details.get('name', '')}" for role in row.roles),
    ]
    return not search or any(search.casefold() in name.casefold() for name in names)


def _page_number(text: str, found: int) -> int:
    wanted = int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 1
    return min(max(wanted, 1), max(1, -(-found // PER_PAGE)))
