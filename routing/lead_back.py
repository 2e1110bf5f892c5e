"""The hub's own addresses on the way of a message: made for a response_url, a next page and a Location, and followed.

What an address looks like is `routing.links`; here it is kept, before anybody is told of it.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from routing import links
from routing.answers import Answer
from routing.decide import Delivery
from routing.directory import Platform
from routing.errors import ForeignSender, UnknownLink
from routing.links import Link, LinkKind
from routing.message import Message
from routing.ocpi import Interface, PartyId

CALLBACK_S: Final = 26 * 3600.0
"""How long a response_url works: more than any `timeout` promised for a command that has no end of its own."""
RESERVATION_MARGIN_S: Final = 24 * 3600.0
PAGE_S: Final = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class LinkStore:
    """Where links are kept: `save` returns when the row will survive the node, `find` gives None for unknown ids."""

    save: Callable[[Link], Awaitable[None]]
    find: Callable[[str], Awaitable[Link | None]]


class LeadBack:
    """Replaces addresses by the hub's own, and finds what is behind them."""

    def __init__(self, link_store: LinkStore, public_url: str) -> None:
        self._links = link_store
        self.public_url = public_url

    async def find(self, module: str, kind: LinkKind, link_id: str, caller: Platform) -> Link:
        """The link behind one of the hub's own addresses, if it was made for the caller.

        Raises UnknownLink (404); ForeignSender (403) for somebody else's response_url.
        """
        link = await self._links.find(link_id)
        if link is None or (link.module, link.kind) != (module, kind) or _is_over(link):
            raise UnknownLink()
        if caller.id != link.user_platform:
            raise (
                ForeignSender("this response_url was given to another party")
                if kind is LinkKind.CALLBACK
                else UnknownLink()
            )
        return link

    async def outgoing(self, message: Message, delivery: Delivery) -> Message:
        """The message as it is sent, with a `response_url` replaced by an address of the hub's own."""
        match message.operation.response_url if message.operation else None:
            case "body":
                address = await self._callback(message, delivery, message.fields.get("response_url"))
                return replace(message, body=links.replace_member(message.body, "response_url", address))
            case "query":
                url, others = links.response_url_in(message.query)
                address = await self._callback(message, delivery, url)
                return replace(message, query=links.with_response_url(others, address))
            case _:
                return message

    async def _callback(self, message: Message, delivery: Delivery, response_url: object) -> str:
        """A hub address for the result, stored before the command goes out: the result may overtake the answer."""
        original = links.check_response_url(response_url, message.caller)
        now = time.time()
        link = Link(
            id=links.new_link_id(),
            kind=LinkKind.CALLBACK,
            url=original,
            module=message.module,
            interface=Interface.SENDER,
            owner_platform=message.caller.id,
            owner=message.sender,
            user_platform=delivery.platform.id,
            user=delivery.receiver,
            journey_id=message.journey_id,
            created_at=now,
            expires_at=max(now + CALLBACK_S, _reserved_until(message) + RESERVATION_MARGIN_S),
        )
        await self._links.save(link)
        version = delivery.platform.version or message.version
        return links.address_of(self.public_url, version.number, link)

    async def next_page(
        self, message: Message, platform: Platform, receiver: PartyId, url: str, answer: Answer
    ) -> str | None:
        """Where the caller finds the next page; None where there is none, or on a host that is not the receiver's.

        The same list with another query needs no memory; anything else is kept as a link.
        """
        following = links.next_page(answer.headers.get("link", ""), url)
        if following is None:
            return None
        if links.is_same_list(following, url):
            began = message.parent or message.journey_id
            query = links.add_route(urlsplit(following).query, receiver, began)
            published = f"{self.list_address(message)}?{query}"
            if len(published) <= links.MAX_URL and not message.is_followed:
                return published
        return await self._own_address(LinkKind.PAGE, message, platform, receiver, following, PAGE_S)

    def list_address(self, message: Message) -> str:
        """The address of a list as the caller knows it: one that follows `Link` may see to it that it is the same."""
        base = links.base_of(self.public_url, message.caller.counterpart)
        return f"{base}/{message.version}/{message.interface.lower()}/{message.module}{message.path}"

    async def location(
        self, message: Message, platform: Platform, receiver: PartyId, url: str, answer: Answer
    ) -> str | None:
        """Where the caller finds what it just created (OCPI 2.2.1, CDRs, POST: the Location header)."""
        location = answer.headers.get("location")
        created = links.absolute(location, url) if location else None
        if created is None:
            return None
        return await self._own_address(LinkKind.OBJECT, message, platform, receiver, created, lifetime_s=None)

    async def list_goes_on(self, message: Message, platform_id: str, party: PartyId, original: str) -> str:
        """Where the caller finds the next page of a list that the hub asks of several parties."""
        return await self._kept(LinkKind.LIST, message, platform_id, party, original, PAGE_S)

    async def _own_address(
        self,
        kind: LinkKind,
        message: Message,
        platform: Platform,
        receiver: PartyId,
        original: str,
        lifetime_s: float | None,
    ) -> str | None:
        if not links.belongs_to(original, platform):
            return None
        return await self._kept(kind, message, platform.id, receiver, original, lifetime_s)

    async def _kept(
        self,
        kind: LinkKind,
        message: Message,
        platform_id: str,
        owner: PartyId,
        original: str,
        lifetime_s: float | None,
    ) -> str:
        now = time.time()
        link = Link(
            id=links.new_link_id(),
            kind=kind,
            url=original,
            module=message.module,
            interface=message.interface,
            owner_platform=platform_id,
            owner=owner,
            user_platform=message.caller.id,
            user=message.sender,
            journey_id=message.parent or message.journey_id,
            created_at=now,
            expires_at=None if lifetime_s is None else now + lifetime_s,
        )
        await self._links.save(link)
        return links.address_of(self.public_url, message.version.number, link)


def _is_over(link: Link) -> bool:
    return link.expires_at is not None and link.expires_at < time.time()


def _reserved_until(message: Message) -> float:
    """Epoch seconds of a reservation's `expiry_date`, 0 where there is none: its result may come after that."""
    try:
        moment = datetime.fromisoformat(str(message.fields["expiry_date"]))
    except (KeyError, ValueError):
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
