"""HubClientInfo: what platforms are told of others, kept in the store, and listed for those who ask.

OCPI 2.2.1 and 2.3.0, HubClientInfo. Rows are kept for those who listen or ever asked. They follow the directory:
whichever node first sees a new revision of it writes what that changes for whom, together with what is to be pushed
(`hub.news` pushes). A node that dies leaves rows of an older revision, and the next look brings them up to date:
nothing is lost.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from hub.core import Core
from hub.store import client_info
from hub.store.client_info import InfoRow, Place, Wanted
from hub.versions import base_url
from routing.client_info import CLIENT_INFO, Shown, View, listens, view
from routing.directory import Directory, Platform
from routing.errors import InvalidMessage
from routing.ocpi import LIMIT, TOTAL_COUNT, ConnectionStatus, PartyId, Role, Version

MAX_PAGE: Final = 200
"""The most objects on a page, whatever limit was asked for."""
SLICE: Final = 500
"""Parties looked at in a stretch, before requests get their turn."""
KEEP_GONE_S: Final = 30 * 86_400.0
"""How long a party that is gone is told to those who ask what is new."""
_TICK_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list: ClientInfo objects, and the headers that go with them."""

    data: list[dict[str, Any]]
    headers: Mapping[str, str]


@dataclass(slots=True)
class _Changes:
    """What a new revision of the directory means for the rows."""

    new: list[InfoRow] = field(default_factory=list)
    changed: list[InfoRow] = field(default_factory=list)
    """Among them those that only moved to another platform: nobody is told."""
    news: list[InfoRow] = field(default_factory=list)
    """The rows that their viewers see changed."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What was there before."""

    rows: Mapping[Place, InfoRow]
    new: Set[str]
    """Viewers for whom there were no rows."""
    moments: Mapping[str, float]
    """When each platform was last changed, where there are new viewers."""


class ClientInfo:
    """Keeps the rows up to date, and answers the list."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.revision = -1
        """The revision of the directory that the rows are of, as far as this node knows."""
        self._followed: Set[str] = frozenset()
        """Whom rows are kept for, as far as this node knows."""
        self._turn = asyncio.Lock()

    async def list(self, version: Version, viewer: Platform, query: str) -> Page:
        """One page of what a platform is told (OCPI, HubClientInfo, GET). Raises InvalidMessage, StoreUnavailable."""
        wanted, given = _wanted(query)
        await self._core.picture.refresh()
        await self.bring_up_to_date(asking=viewer.id)
        async with self._core.store.read() as connection:
            rows, total = await client_info.page(connection, viewer.id, wanted)
        headers = {TOTAL_COUNT: str(total), LIMIT: str(MAX_PAGE)}
        if wanted.offset + len(rows) < total and rows:
            following = urlencode({**given, "offset": wanted.offset + len(rows), "limit": wanted.limit})
            url = f"{base_url(self._core, viewer)}/{version.number}/{CLIENT_INFO}"
            headers["Link"] = f'<{url}?{following}>; rel="next"'
        return Page([client_info_object(row) for row in rows], headers)

    async def bring_up_to_date(self, asking: str | None = None) -> bool:
        """Make the rows those of this node's picture, if nobody did; whether that was news to anybody.

        From now on there are rows for who is `asking`, too. Raises StoreUnavailable.
        """
        if self._is_up_to_date(asking):
            return False
        async with self._turn:
            if self._is_up_to_date(asking):
                return False
            directory = self._core.picture.directory
            news = await self._write(directory, {asking} if asking else set())
            self.revision = directory.revision
            return news

    def _is_up_to_date(self, asking: str | None) -> bool:
        is_followed = asking is None or asking in self._followed
        return is_followed and self._core.picture.directory.revision <= self.revision

    async def _write(self, directory: Directory, asking: Set[str]) -> bool:
        now = math.floor(time.time() * 1000) / 1000
        async with self._core.store.write() as connection:
            since = await client_info.lock(connection)
            changed = await self._changed(connection, directory, since)
            followed = await client_info.followed(connection)
            listening = {platform.id for platform in directory.platforms.values() if listens(platform)}
            new = (listening | asking) - followed.keys()
            self._followed = followed.keys() | new
            if not changed and not new and since >= directory.revision:
                return False
            rows = {row.place: row for row in await client_info.of_platforms(connection, changed | new)}
            keys = {row.party.folded for row in rows.values() if row.platform_id in changed}
            keys |= {party.id.folded for party in _parties(directory, changed)}
            rows |= {row.place: row for row in await client_info.of_parties(connection, keys)}
            known = _Known(rows, new, await client_info.moments(connection) if new else {})
            whole = (changed | new) & self._followed
            changes = await _compare(directory, whole, self._followed - whole, keys, known, now)
            await client_info.save(connection, changes.new, changes.changed)
            # who has just come asks for the list; who was away is told nothing that it missed (HubClientInfo, OFFLINE)
            posted = [row for row in changes.news if row.viewer in listening and followed.get(row.viewer)]
            await client_info.post(connection, posted)
            now_listen = {viewer: viewer in listening for viewer in self._followed if viewer in directory.platforms}
            await client_info.follow(connection, dict(now_listen.items() - followed.items()))
            await client_info.forget_gone(connection, now - KEEP_GONE_S)
            await client_info.are_of(connection, max(since, directory.revision))
        return bool(posted)

    async def _changed(self, connection: Any, directory: Directory, since: int) -> set[str]:
        """The platforms to look at: those that changed, or all, where this node starts with another policy."""
        if self.revision < 0 and await client_info.is_new_policy(connection, directory.needs_agreement):
            return set(directory.platforms)
        return await client_info.changed_since(connection, since) if since < directory.revision else set()


def client_info_object(row: InfoRow) -> dict[str, Any]:
    """The ClientInfo object (OCPI 2.2.1, HubClientInfo, ClientInfo)."""
    moment = datetime.fromtimestamp(row.updated_at, UTC)
    return {
        "party_id": row.party.party_id,
        "country_code": row.party.country_code,
        "role": row.role,
        "status": row.status,
        "last_updated": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


# --- what is different -----------------------------------------------------------------------------------------------


def _parties(directory: Directory, platform_ids: Iterable[str]) -> Iterable[Any]:
    return (
        party for name in platform_ids if name in directory.platforms for party in directory.platforms[name].parties
    )


async def _compare(
    directory: Directory, whole: Set[str], others: Set[str], keys: set[str], known: _Known, now: float
) -> _Changes:
    """What these viewers are to be told of everybody, and others of the parties of these keys."""
    changes = _Changes()
    by_viewer: dict[str, dict[Place, InfoRow]] = {}
    for place, row in known.rows.items():
        by_viewer.setdefault(row.viewer, {})[place] = row
    everybody, looked_at = list(directory.parties), 0
    touched = [party for party in everybody if party.folded in keys]
    for viewer in [directory.platforms[name] for name in directory.platforms.keys() & (whole | others)]:
        rows, parties = by_viewer.get(viewer.id, {}), everybody
        if viewer.id not in whole:
            rows, parties = {place: row for place, row in rows.items() if row.party.folded in keys}, touched
        seen: dict[tuple[PartyId, Role], Shown] = {}
        for begin in range(0, len(parties), SLICE):
            seen |= view(directory, viewer, parties[begin : begin + SLICE])
            looked_at += SLICE if len(parties) > SLICE else len(parties)
            if looked_at >= SLICE:
                looked_at = 0
                await asyncio.sleep(0)
        _compare_one(viewer, seen, rows, known, now, changes)
    return changes


def _compare_one(
    viewer: Platform,
    seen: View,
    rows: Mapping[Place, InfoRow],
    known: _Known,
    now: float,
    changes: _Changes,
) -> None:
    """One viewer: what it sees now against what it was told."""
    left = dict(rows)
    for (party, role), shown in seen.items():
        row = left.pop((viewer.id, party.folded, role), None)
        if row is None:
            # to who asks for the first time it is as old as it is
            at = min(known.moments.get(shown.platform_id, now), now) if viewer.id in known.new else now
            new = InfoRow(viewer.id, shown.party, role, shown.status, shown.platform_id, round(at, 3))
            changes.new.append(new)
            changes.news.append(new)
        elif row.status is not shown.status or row.is_gone:
            _replace(changes, row, now, status=shown.status, platform_id=shown.platform_id, is_gone=False)
        elif row.platform_id != shown.platform_id:
            changes.changed.append(replace(row, platform_id=shown.platform_id))
    for row in left.values():
        if not row.is_gone:  # OCPI cannot delete: what is invalid is SUSPENDED (HubClientInfo, Push model)
            _replace(changes, row, now, status=ConnectionStatus.SUSPENDED, is_gone=True)


def _replace(changes: _Changes, row: InfoRow, now: float, **values: Any) -> None:
    """Two changes of a row have two times, however fast they follow each other."""
    new = replace(row, updated_at=max(now, round(row.updated_at + _TICK_S, 3)), **values)
    changes.changed.append(new)
    changes.news.append(new)


# --- what is asked for -----------------------------------------------------------------------------------------------


def _wanted(query: str) -> tuple[Wanted, dict[str, str]]:
    """The window and page of a query (OCPI 2.2.1, transport and format, Pagination). Raises InvalidMessage."""
    given = dict(parse_qsl(query))
    return (
        Wanted(
            date_from=_moment(given, "date_from"),
            date_to=_moment(given, "date_to"),
            offset=_number(given, "offset", 0, at_least=0),
            limit=min(_number(given, "limit", MAX_PAGE, at_least=1), MAX_PAGE),
        ),
        {name: given[name] for name in ("date_from", "date_to") if name in given},
    )


def _moment(given: Mapping[str, str], name: str) -> float | None:
    """A DateTime in epoch seconds; without a zone it is UTC (OCPI, types, DateTime)."""
    if name not in given:
        return None
    try:
        moment = datetime.fromisoformat(given[name].replace(" ", "+"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise InvalidMessage(f"{name} is no DateTime: {given[name][:40]!r}") from None


def _number(given: Mapping[str, str], name: str, by_default: int, *, at_least: int) -> int:
    text = given.get(name, "")
    if not text:
        return by_default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < at_least:
        raise InvalidMessage(f"{name} is no number from {at_least}: {text[:40]!r}")
    return int(text)
