"""GET All of what belongs to two parties (sessions, CDRs and the like): asked of each party that has it, each time.

OCPI 2.2.1, transport and format, GET All via Hubs. Nothing of it is kept: TO is the owner and FROM the caller, so that
the owner's own filter applies. The list is read page by page, party by party; where it goes on is kept as a link.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit, urlunsplit

from routing import links
from routing.answers import envelope, open_envelope
from routing.bridge import write_json
from routing.catalogue import operation_of
from routing.decide import Delivery, direct, target_url
from routing.directory import Directory, Platform
from routing.errors import InvalidMessage, OcpiError, UnknownReceiver
from routing.get_all import MAX_PAGE
from routing.journey import timestamp
from routing.lead_back import LeadBack
from routing.links import Link
from routing.memory import Kind, Memory
from routing.message import Message, Reply
from routing.ocpi import LIMIT, SUCCESS, TOTAL_COUNT, PartyId
from routing.open_routing import serving
from routing.outbound import Asked, Outbound
from routing.paging import asked_in

PATIENCE_S: Final = 8.0
"""How long one party is waited for; and after so long no further one is asked for the same page."""
MAX_CALLS: Final = 50
"""Calls for one page: a party may answer with empty pages without end."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a list goes on: at which party, at which address of it (empty: at its beginning), after how many items."""

    party: PartyId
    url: str = ""
    skip: int = 0


@dataclass(slots=True)
class _Page:
    """A page that is being filled, and what the caller is told beside it."""

    limit: int
    items: list[Any] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    receipt: list[object] = field(default_factory=list)
    """What translating the items lost."""
    calls: int = 0

    @property
    def room(self) -> int:
        return self.limit - len(self.items)


@dataclass(frozen=True, slots=True)
class LiveList:
    """Answers lists by asking each party that has one."""

    directory: Callable[[], Directory]
    outbound: Outbound
    lead_back: LeadBack
    memory: Memory

    async def first_page(self, message: Message) -> Reply:
        """The first page, FROM the hub. Raises InvalidMessage (2001) for a query that cannot be answered."""
        asked = asked_in(message.query)
        if asked.offset:
            raise InvalidMessage("this list has no offsets: begin it anew, and follow Link from page to page")
        parties = serving(message, self.directory())
        return await self._page(message, Cursor(parties[0]) if parties else None, is_first=True)

    async def go_on(self, link: Link, message: Message) -> Reply:
        """A further page, where the link says."""
        url, about = urldefrag(link.url)
        said = dict(parse_qsl(about, keep_blank_values=True))
        path = said["path"]
        message = replace(
            message,
            path=path,
            query=said["query"],
            operation=operation_of(message.module, message.interface, message.method, path),
            is_followed=False,
            parent=link.journey_id,
        )
        return await self._page(message, Cursor(link.owner, url, int(said["skip"])), is_first=False)

    async def _page(self, message: Message, cursor: Cursor | None, *, is_first: bool) -> Reply:
        page = _Page(min(asked_in(message.query).limit or MAX_PAGE, MAX_PAGE))
        clock = asyncio.get_running_loop().time
        ends = clock() + PATIENCE_S
        while cursor is not None and page.room and page.calls < MAX_CALLS and (not page.calls or clock() < ends):
            page.calls += 1
            cursor = await self._ask(message, cursor, page) or self._after(message, cursor.party)
        headers = {LIMIT: str(MAX_PAGE)}
        if cursor is not None:
            headers["Link"] = f'<{await self._address(message, cursor)}>; rel="next"'
        elif is_first and not page.skipped:
            headers[TOTAL_COUNT] = str(len(page.items))  # of a list on several pages nobody knows it
        words = f"left out: {'; '.join(page.skipped)}" if page.skipped else None
        rest = envelope(SUCCESS, words, timestamp())
        body = b'{"data":' + write_json(page.items) + b"," + rest[1:]
        return Reply(200, body, None, headers, receipt=tuple(page.receipt))

    def _after(self, message: Message, party: PartyId) -> Cursor | None:
        """The beginning of the next party's list, by the order of their ids."""
        later = (other for other in serving(message, self.directory()) if other.folded > party.folded)
        following = next(later, None)
        return Cursor(following) if following else None

    async def _ask(self, message: Message, cursor: Cursor, page: _Page) -> Cursor | None:
        """Ask one party for as much as there is room for; where its list goes on, None where it ends or fails."""
        try:
            delivery = direct(message, cursor.party, self.directory())
            async with asyncio.timeout(PATIENCE_S):
                reply, asked = await self._call(message, cursor, delivery, page.room)
        except OcpiError as error:
            page.skipped.append(f"{cursor.party} ({error.message})")
            return None
        except TimeoutError:
            page.skipped.append(f"{cursor.party} (no answer in time)")
            return None
        rows = (open_envelope(reply.body) or {}).get("data")
        if reply.code // 1000 != 1 or not isinstance(rows, list) or asked is None:
            page.skipped.append(f"{cursor.party} (it answered HTTP {reply.http}, OCPI {reply.code})")
            return None
        self.memory.learn(message, reply, delivery.platform)
        page.receipt += reply.receipt
        rows = rows[cursor.skip :]
        taken = rows[: page.room]
        page.items += [row for row in taken if await self._is_for(row, message, delivery.platform)]
        if len(taken) < len(rows):  # it does not keep to the limit: the rest of the same page comes later
            return Cursor(cursor.party, asked.url, cursor.skip + len(taken))
        following = links.next_page(asked.answer.headers.get("link", ""), asked.url)
        if following is None or not links.belongs_to(following, delivery.platform) or following == asked.url:
            return None
        return Cursor(cursor.party, following)

    async def _call(
        self, message: Message, cursor: Cursor, delivery: Delivery, room: int
    ) -> tuple[Reply, Asked | None]:
        message = replace(message, receiver=cursor.party)
        if cursor.url:
            if not links.belongs_to(cursor.url, delivery.platform):  # it has moved since
                raise UnknownReceiver("its list went on where it is no more")
            url = cursor.url if cursor.skip else _with_limit(cursor.url, room)
            return await self.outbound.ask(message, delivery.platform, delivery.receiver, lambda _: url)
        begin = replace(message, query="&".join([*asked_in(message.query).others, "offset=0", f"limit={room}"]))
        return await self.outbound.ask(
            begin,
            delivery.platform,
            delivery.receiver,
            lambda sent: target_url(delivery.endpoint, sent.path, sent.query),
        )

    async def _is_for(self, row: Any, message: Message, platform: Platform) -> bool:
        """Whether an item is the caller's to see.

        A 2.1.1 party that knows the hub alone cannot tell whom it answers, and has no filter: the contract does.
        """
        has_filter = platform.version is None or platform.version.has_routing_headers or platform.counterpart
        if has_filter or message.module not in ("sessions", "cdrs") or not isinstance(row, dict):
            return True
        token = row.get("cdr_token")
        contract = row.get("auth_id", token.get("contract_id") if isinstance(token, dict) else None)
        if not isinstance(contract, str):
            return False
        ties = await self.memory.ties(Kind.CONTRACT, contract)
        if ties:
            return any(tie.owner == message.sender for tie in ties)
        return contract.replace("-", "").replace("*", "").upper().startswith(message.sender.folded)

    async def _address(self, message: Message, cursor: Cursor) -> str:
        about = urlencode({"path": message.path, "query": message.query, "skip": cursor.skip})
        rows = self.directory().parties.get(cursor.party, ())
        platform_id = rows[0].platform_id if rows else ""
        return await self.lead_back.list_goes_on(message, platform_id, cursor.party, f"{cursor.url}#{about}")


def _with_limit(url: str, limit: int) -> str:
    """A next page with another limit, where it counts by offset; anything else is the party's own business."""
    parts = urlsplit(url)
    parameters = links.split_query(parts.query)
    names = {name for name, _ in parameters}
    if not {"offset", "limit"} <= names:
        return url
    query = "&".join(f"limit={limit}" if name == "limit" else raw for name, raw in parameters)
    return urlunsplit(parts._replace(query=query))
