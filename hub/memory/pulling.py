"""One pull: a party's list, page by page, into the hub's copies."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from hub.memory.stored import StoredMemory
from hub.store.pulls import Source
from routing.catalogue import module_key, operation_of
from routing.decide import target_url
from routing.directory import Directory, Party, Platform
from routing.errors import InvalidAnswer, ReceiverNotConnected, Refused
from routing.journey import Outcome, new_journey_id, new_request_id, outcome_of, timestamp
from routing.lessons import change_of, evses_of
from routing.links import belongs_to, is_same_list, next_page
from routing.listed import items_of
from routing.memory import Change, Fact
from routing.message import Message
from routing.ocpi import TOTAL_COUNT, ConnectionStatus, Interface, PartyId, Role, party_named
from routing.outbound import Asked, Outbound

PATHS: Final = {"booking": "/booking_locations"}
LIMITS: Final = {"locations": 100}
LIMIT: Final = 500
MAX_PAGES: Final = 1_000_000
"""A list that never ends is no list."""


@dataclass(frozen=True, slots=True)
class Pulling:
    """Asks parties for their lists."""

    directory: Callable[[], Directory]
    outbound: Outbound
    memory: StoredMemory

    async def pull(self, source: Source, since: float | None, go_on: Callable[[], Awaitable[None]]) -> int:
        """Pull what changed since (epoch seconds), or with None all there is, of which what is missing is removed.

        `go_on` is called after each page. Returns how many objects there were. Raises OcpiError for an answer that
        is no list; what came before it stays.
        """
        started, count = time.time(), 0
        message, endpoint = self._message(source, since)
        totals: list[int] = []
        seen: set[str] = set()
        following = ""
        while True:
            asked_at = time.time()
            asked = await self._page(source, message, endpoint, following)
            count += await self._take_in(source, asked, asked_at)
            await go_on()
            totals += _total(asked)
            seen.add(asked.url)
            following = _following(asked, self._platform(source)) or ""
            if not following:
                break
            if following in seen or len(seen) >= MAX_PAGES:
                raise InvalidAnswer(f"the list of {source.owner} leads in circles")
        # a list that grew shorter meanwhile may have skipped some: what is missing is believed another time
        if since is None and count >= max(totals, default=0):
            await self.memory.forget_missing(source.module, source.owner, started)
        return count

    def _platform(self, source: Source) -> Platform:
        """Where the party is now. Raises ReceiverNotConnected where it is not what it was any more."""
        platform = self.directory().platforms.get(source.platform_id)
        if platform is None or platform.version is None or platform.version.number != source.version:
            raise ReceiverNotConnected(f"{source.owner} is registered otherwise now")
        if platform.status is not ConnectionStatus.CONNECTED:
            raise ReceiverNotConnected(f"{source.owner} is {platform.status}")
        return platform

    def _message(self, source: Source, since: float | None) -> tuple[Message, str]:
        """The first page's request, FROM the hub, and the endpoint that the party advertised."""
        platform, hub = self._platform(source), self.directory().hub
        endpoint = platform.endpoint(source.module, Interface.SENDER)
        if platform.version is None or endpoint is None:
            raise ReceiverNotConnected(f"{source.owner} offers no {source.module} any more")
        path, limit = PATHS.get(source.module, ""), f"limit={LIMITS.get(source.module, LIMIT)}"
        own = Platform("", "hub", ConnectionStatus.CONNECTED, platform.version, parties=(Party(hub, Role.HUB, "", ""),))
        message = Message(
            version=platform.version,
            module=source.module,
            interface=Interface.SENDER,
            method="GET",
            path=path,
            query=limit if since is None else f"date_from={timestamp(since)}&{limit}",
            body=b"",
            caller=own,
            sender=hub,
            receiver=source.owner,
            request_id=new_request_id(),
            correlation_id=new_request_id(),
            operation=operation_of(module_key(source.module), Interface.SENDER, "GET", path),
            journey_id=new_journey_id(),
        )
        return message, endpoint

    async def _page(self, source: Source, message: Message, endpoint: str, following: str) -> Asked:
        reply, asked = await self.outbound.ask(
            message,
            self._platform(source),
            source.owner,
            lambda sent: following or target_url(endpoint, sent.path, sent.query),
        )
        if asked is None or outcome_of(reply.code) is not Outcome.DELIVERED:
            raise Refused(f"{source.owner} answered HTTP {reply.http}, OCPI {reply.code}")
        return asked

    async def _take_in(self, source: Source, asked: Asked, asked_at: float) -> int:
        """The objects of one page into the copies; how many the page had."""
        items, at = items_of(asked.answer.body), time.time()
        ours = {row.id for row in self._platform(source).parties}
        changes: list[Change] = []
        facts: list[Fact] = []
        for document, body in items:
            owner = _owner(document, source.owner)
            if owner not in ours:
                continue
            change = change_of(
                source.module, owner, document, version=source.version, body=body, at=at, asked_at=asked_at
            )
            if change is not None:
                changes.append(change)
                facts += evses_of(owner, document).facts() if source.module == "locations" else ()
        await self.memory.take_in(changes, facts)
        return len(items)


def _owner(document: Any, otherwise: PartyId) -> PartyId | None:
    """Whose object it says it is; 2.1.1 says nothing."""
    if not isinstance(document, dict):
        return None
    country_code, party_id = document.get("country_code"), document.get("party_id")
    if not isinstance(country_code, str) or not isinstance(party_id, str):
        return otherwise
    try:
        return party_named(country_code, party_id)
    except ValueError:
        return None


def _total(asked: Asked) -> Iterable[int]:
    """X-Total-Count, where the answer has one."""
    text = asked.answer.headers.get(TOTAL_COUNT.lower(), "")
    return (int(text),) if text.isascii() and text.isdigit() and len(text) < 18 else ()


def _following(asked: Asked, platform: Platform) -> str | None:
    """The next page's address. Raises InvalidAnswer for one that is not the party's: its token goes nowhere else."""
    following = next_page(asked.answer.headers.get("link", ""), asked.url)
    if following is None:
        return None
    if is_same_list(following, asked.url):  # behind a proxy a party often does not know its own scheme and port
        return f"{asked.url.partition('?')[0]}?{urlsplit(following).query}"
    if not belongs_to(following, platform):
        raise InvalidAnswer("the next page is on a host that the platform did not register")
    return following
