"""HubClientInfo: what each platform is told of others, worked out for who asks, and kept until it is pushed.

OCPI 2.2.1 and 2.3.0, HubClientInfo. What was told follows the directory: whichever node first sees that it changed
keeps that in the store, together with what is to be pushed (`hub.news` pushes). A node that dies leaves what was told
before, and the next look finds what is different: nothing is lost.
"""

from __future__ import annotations

import asyncio
import math
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from hub.core import Core
from hub.slices import slices
from hub.store import client_info
from hub.store import told as store
from hub.store.client_info import InfoRow
from hub.told import Told
from hub.untold import SLICE, Untold, untold
from hub.versions import base_url
from routing.client_info import CLIENT_INFO, view
from routing.directory import Directory, Platform
from routing.errors import InvalidMessage
from routing.ocpi import LIMIT, TOTAL_COUNT, Role, Version

MAX_PAGE: Final = 200
"""The most objects on a page, whatever limit was asked for."""
KEEP_GONE_S: Final = 30 * 86_400.0
"""How long a party that is gone is told to those who ask what is new."""
FORGET_S: Final = 3_600.0
"""How often those are looked for that are gone for longer."""
CURSOR: Final = "hub-after"
"""Where the next page begins: the last row before it, and the offset that it had. A party that goes moves the rest."""
LISTS: Final = 8
"""Lists that are kept while nothing changes: whoever asks for one asks for all its pages."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list: ClientInfo objects, and the headers that go with them."""

    data: list[dict[str, Any]]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows a viewer asks for: a window of time (from inclusive, to exclusive), and a page."""

    date_from: float | None
    date_to: float | None
    offset: int
    limit: int
    after: tuple[str, str] | None = None
    """The last row of the page before."""

    def begins(self, found: Sequence[InfoRow]) -> int:
        """At which of these rows the page begins."""
        if self.after is None:
            return self.offset
        return bisect_right(found, self.after, key=lambda row: (row.party.folded, row.role))

    def has(self, row: InfoRow, now: float) -> bool:
        """Whether a row is in the window.

        A party that is gone is only there for those who ask for a window of time: for them it is news that it is
        SUSPENDED. A complete list does not have it, and by that it is no longer valid (HubClientInfo, GET).
        """
        if row.is_gone and (self.date_from is None is self.date_to or row.updated_at < now - KEEP_GONE_S):
            return False
        is_late_enough = self.date_from is None or row.updated_at >= self.date_from
        return is_late_enough and (self.date_to is None or row.updated_at < self.date_to)


class ClientInfo:
    """Keeps what was told up to date, and answers the list."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.revision = -1
        """The revision of the directory that this node has seen told."""
        self._turn = asyncio.Lock()
        self._told = Told(core.settings.hub.party)
        self._seen = Directory(core.settings.hub.party)
        self._knows_policy = False
        self._forgot_at = -math.inf
        self._lists: OrderedDict[str, tuple[int, Sequence[InfoRow]]] = OrderedDict()

    async def list(self, version: Version, viewer: Platform, query: str) -> Page:
        """One page of what a platform is told (OCPI, HubClientInfo, GET). Raises InvalidMessage, StoreUnavailable."""
        wanted, given = _wanted(query)
        await self._core.picture.refresh()
        await self.bring_up_to_date()
        now = time.time()
        found = [row for row in await self._rows(viewer.id) if wanted.has(row, now)]
        begin = wanted.begins(found)
        end = begin + wanted.limit
        rows = found[begin:end]
        headers = {TOTAL_COUNT: str(len(found)), LIMIT: str(MAX_PAGE)}
        if rows and end < len(found):
            cursor = f"{rows[-1].party.folded}.{rows[-1].role}.{end}"
            following = urlencode({**given, "offset": end, "limit": wanted.limit, CURSOR: cursor})
            url = f"{base_url(self._core, viewer)}/{version.number}/{CLIENT_INFO}"
            headers["Link"] = f'<{url}?{following}>; rel="next"'
        return Page([client_info_object(row) for row in rows], headers)

    # --- what was told -----------------------------------------------------------------------------------------------

    async def bring_up_to_date(self) -> bool:
        """Keep what this node's picture changes, if nobody did; whether that was news to anybody.

        Raises StoreUnavailable.
        """
        if self._core.picture.directory.revision <= self.revision:
            return False
        async with self._turn:
            directory = self._core.picture.directory
            if directory.revision <= self.revision:
                return False
            while True:
                await self._learn()
                changes = await self._untold(directory)
                if not changes.told or await self._tell(changes):
                    break
            self._seen, self.revision = directory, directory.revision
            self._knows_policy |= self._told.revision <= directory.revision
            return bool(changes.news)

    async def _learn(self) -> None:
        """Read what other nodes told, or this one before it was started."""
        async with self._core.store.read() as connection:
            turn = await store.last_turn(connection)
            if turn == self._told.turn:
                return
            async for rows in store.since(connection, self._told.turn):
                self._told.learn(rows)
                await asyncio.sleep(0)
            self._told.turn = turn

    async def _untold(self, directory: Directory) -> Untold:
        told = self._told
        if told.revision > directory.revision:
            return Untold()  # another node sees further
        is_new = bool(told.turn) and told.directory.needs_agreement is not directory.needs_agreement
        has_policy = is_new and not self._knows_policy  # this node starts with another policy
        if told.revision == directory.revision and not has_policy:
            return Untold()
        now = told.next_time(math.floor(time.time() * 1000) / 1000)
        moments = {}
        if not told.turn:  # to who asks for the first time, things are as old as they are
            async with self._core.store.read() as connection:
                moments = await store.moments(connection)
        return await untold(told, self._seen, directory, now, has_policy=has_policy, moments=moments)

    async def _tell(self, changes: Untold) -> bool:
        """Keep it, unless another node was first."""
        now = time.time()
        async with self._core.store.write() as connection:
            turn = await store.lock(connection)
            if turn != self._told.turn:
                return False
            await store.keep(connection, changes.told, turn + 1)
            await client_info.save(connection, changes.alone)
            await client_info.post(connection, changes.news)
            if time.monotonic() > self._forgot_at + FORGET_S:
                await client_info.forget_gone(connection, now - KEEP_GONE_S)
                await store.forget_gone(connection, now - KEEP_GONE_S)
                self._forgot_at = time.monotonic()
        for rows in slices(changes.told, SLICE):
            self._told.learn(rows)
            await asyncio.sleep(0)
        self._told.turn = turn + 1
        return True

    # --- the list ----------------------------------------------------------------------------------------------------

    async def _rows(self, viewer: str) -> Sequence[InfoRow]:
        """Everybody that a viewer is told of, and who is gone, in a stable order."""
        edition, rows = self._lists.pop(viewer, (-1, ()))
        if edition != self._told.edition:
            edition, rows = self._told.edition, await self._work_out(viewer)
        self._lists[viewer] = edition, rows
        while len(self._lists) > LISTS:
            self._lists.popitem(last=False)
        return rows

    async def _work_out(self, viewer: str) -> Sequence[InfoRow]:
        async with self._core.store.read() as connection:
            alone = {(row.party.folded, row.role): row for row in await client_info.of_viewer(connection, viewer)}
        told = self._told
        directory, me = told.directory, told.directory.platforms.get(viewer)
        if me is None:
            return ()
        found: dict[tuple[str, Role], InfoRow] = {place: row for place, row in alone.items() if row.is_gone}
        for row in told.gone(me):
            found[row.party.folded, row.role] = row
        for some in slices(directory.parties, SLICE):
            for row in told.shown(me, view(directory, me, some)):
                found[row.party.folded, row.role] = row
            await asyncio.sleep(0)
        for place, row in found.items():
            if place in alone and alone[place].updated_at > row.updated_at:
                found[place] = replace(row, updated_at=alone[place].updated_at)
        return [found[place] for place in sorted(found)]


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


# --- what is asked for -----------------------------------------------------------------------------------------------


def _wanted(query: str) -> tuple[Wanted, dict[str, str]]:
    """The window and page of a query (OCPI 2.2.1, transport and format, Pagination). Raises InvalidMessage."""
    given = dict(parse_qsl(query))
    offset = _number(given, "offset", 0, at_least=0)
    return (
        Wanted(
            date_from=_moment(given, "date_from"),
            date_to=_moment(given, "date_to"),
            offset=offset,
            limit=min(_number(given, "limit", MAX_PAGE, at_least=1), MAX_PAGE),
            after=_cursor(given, offset),
        ),
        {name: given[name] for name in ("date_from", "date_to") if name in given},
    )


def _cursor(given: Mapping[str, str], offset: int) -> tuple[str, str] | None:
    """The row that a page comes after; None for a caller that went back or forth by offset: it means the offset."""
    party, _, rest = given.get(CURSOR, "").partition(".")
    role, _, at = rest.partition(".")
    return (party, role) if at == str(offset) else None


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
