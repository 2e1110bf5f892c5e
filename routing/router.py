"""The journey of one message, top to bottom. Read this first.

decide -> links -> courier -> answers -> links -> reply
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

from routing import links
from routing.answers import Answer, body_to_pass_on
from routing.courier import Courier
from routing.decide import Delivery, check_connected, decide, target_url
from routing.directory import Directory, Platform
from routing.errors import ForeignSender, InvalidMessage, RoutedInCircles, UnknownLink, UnknownReceiver
from routing.links import Link, LinkKind
from routing.message import Message, Reply
from routing.ocpi import (
    CORRELATION_ID,
    FROM_COUNTRY_CODE,
    FROM_PARTY_ID,
    LIMIT,
    REQUEST_ID,
    TO_COUNTRY_CODE,
    TO_PARTY_ID,
    TOTAL_COUNT,
    Interface,
    PartyId,
)

CALLBACK_S: Final = 26 * 3600.0
"""How long a response_url works: more than any `timeout` promised for a command that has no end of its own."""
RESERVATION_MARGIN_S: Final = 24 * 3600.0
PAGE_S: Final = 24 * 3600.0
PASSED_ON: Final = (TOTAL_COUNT, LIMIT, "Retry-After")


@dataclass(frozen=True, slots=True)
class LinkStore:
    """Where links are kept: `save` returns when the row will survive the node, `find` gives None for unknown ids."""

    save: Callable[[Link], Awaitable[None]]
    find: Callable[[str], Awaitable[Link | None]]


class Router:
    """Takes messages to their receivers and brings the answers back."""

    def __init__(
        self,
        *,
        directory: Callable[[], Directory],
        look_again: Callable[[], Awaitable[bool]],
        courier: Courier,
        link_store: LinkStore,
        public_url: str,
    ) -> None:
        self._directory = directory
        self._look_again = look_again
        self._courier = courier
        self._links = link_store
        self._public_url = public_url
        self._on_the_way: set[tuple[str, ...]] = set()

    async def route(self, message: Message) -> Reply:
        """Deliver one message and return the receiver's answer. Raises the OcpiError that the caller is to be told."""
        with self._not_in_circles(message):
            delivery = await self._decide(message)
            outgoing = await self._lead_back(message, delivery)
            url = target_url(delivery.endpoint, outgoing.path, outgoing.query)
            return await self._deliver(outgoing, delivery.platform, delivery.receiver, url)

    async def link(self, link_id: str, kind: LinkKind, caller: Platform) -> Link:
        """The link behind one of the hub's own addresses, if it was made for the caller.

        Raises UnknownLink (404); ForeignSender (403) for somebody else's response_url.
        """
        link = await self._links.find(link_id)
        if link is None or link.kind is not kind or (link.expires_at is not None and link.expires_at < time.time()):
            raise UnknownLink()
        if caller.id != link.user_platform:
            raise (
                ForeignSender("this response_url was given to another party")
                if kind is LinkKind.CALLBACK
                else UnknownLink()
            )
        return link

    async def follow(self, link: Link, message: Message) -> Reply:
        """Deliver a message that came to one of the hub's own addresses to where the link leads."""
        _check_parties(link, message)
        platform = self._directory().platforms.get(link.owner_platform)
        party = next((party for party in platform.parties if party.id == link.owner), None) if platform else None
        if platform is None or party is None:
            raise UnknownReceiver(f"{link.owner} is no longer connected")
        check_connected(platform, party)
        message = replace(message, receiver=link.owner)
        return await self._deliver(message, platform, link.owner, link.url)

    # --- out ---------------------------------------------------------------------------------------------------------

    async def _decide(self, message: Message) -> Delivery:
        """Decide on the picture at hand; a receiver missing from it is looked up once before that is believed."""
        try:
            return decide(message, self._directory())
        except UnknownReceiver:
            if not await self._look_again():
                raise
            return decide(message, self._directory())

    @contextmanager
    def _not_in_circles(self, message: Message) -> Iterator[None]:
        """Refuse a request that is the same as one still on its way: two hubs are passing it to each other."""
        receiver = message.receiver.folded if message.receiver else ""
        place = (message.method, message.module, message.interface, message.path, message.query)
        key = (message.correlation_id, *place, message.sender.folded, receiver)
        if key in self._on_the_way:
            raise RoutedInCircles()
        self._on_the_way.add(key)
        try:
            yield
        finally:
            self._on_the_way.discard(key)

    async def _lead_back(self, message: Message, delivery: Delivery) -> Message:
        """The message as it is sent, with a `response_url` replaced by an address of the hub's own."""
        match message.operation.response_url if message.operation else None:
            case "body":
                document = message.document if isinstance(message.document, dict) else {}
                address = await self._callback(message, delivery, document.get("response_url"))
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
            correlation_id=message.correlation_id,
            created_at=now,
            expires_at=max(now + CALLBACK_S, _reserved_until(message) + RESERVATION_MARGIN_S),
        )
        await self._links.save(link)
        version = delivery.platform.version or message.version
        return links.address_of(self._public_url, version.number, link)

    async def _deliver(self, message: Message, platform: Platform, receiver: PartyId, url: str) -> Reply:
        answer = await self._courier.call(
            message.method,
            url,
            token=platform.token_out or "",
            encode_token=platform.encodes_token,
            headers=_headers(message, receiver),
            body=message.body,
            platform_id=platform.id,
        )
        body = body_to_pass_on(answer, receiver, message.method, message.operation, timestamp())
        headers = {name: answer.headers[name.lower()] for name in PASSED_ON if name.lower() in answer.headers}
        if following := await self._next_page(message, platform, receiver, url, answer):
            headers["Link"] = f'<{following}>; rel="next"'
        if location := await self._location(message, platform, receiver, url, answer):
            headers["Location"] = location
        return Reply(answer.http, body, receiver, headers)

    # --- back --------------------------------------------------------------------------------------------------------

    async def _next_page(
        self, message: Message, platform: Platform, receiver: PartyId, url: str, answer: Answer
    ) -> str | None:
        """Where the caller finds the next page; None where there is none, or on a host that is not the receiver's.

        The same list with another query needs no memory; anything else is kept as a link.
        """
        following = links.next_page(answer.headers.get("link", ""), url)
        if following is None:
            return None
        if links.is_same_list(following, url):
            own = (
                f"{self._public_url}/ocpi/{message.version}/{message.interface.lower()}/{message.module}{message.path}"
            )
            published = f"{own}?{links.add_route(urlsplit(following).query, receiver)}"
            if len(published) <= links.MAX_URL and not message.is_followed:
                return published
        return await self._own_address(LinkKind.PAGE, message, platform, receiver, following, PAGE_S)

    async def _location(
        self, message: Message, platform: Platform, receiver: PartyId, url: str, answer: Answer
    ) -> str | None:
        """Where the caller finds what it just created (OCPI 2.2.1, CDRs, POST: the Location header)."""
        location = answer.headers.get("location")
        if not location:
            return None
        return await self._own_address(
            LinkKind.OBJECT, message, platform, receiver, urljoin(url, location), lifetime_s=None
        )

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
        now = time.time()
        link = Link(
            id=links.new_link_id(),
            kind=kind,
            url=original,
            module=message.module,
            interface=message.interface,
            owner_platform=platform.id,
            owner=receiver,
            user_platform=message.caller.id,
            user=message.sender,
            correlation_id=message.correlation_id,
            created_at=now,
            expires_at=None if lifetime_s is None else now + lifetime_s,
        )
        await self._links.save(link)
        return links.address_of(self._public_url, message.version.number, link)


def timestamp(at: float | None = None) -> str:
    """Now (or epoch seconds) as OCPI writes a DateTime: UTC, whole seconds."""
    moment = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _headers(message: Message, receiver: PartyId) -> dict[str, str]:
    """The hub's own request id, the journey's correlation id, and who it is for and from."""
    return {
        REQUEST_ID: str(uuid.uuid4()),
        CORRELATION_ID: message.correlation_id,
        TO_COUNTRY_CODE: receiver.country_code,
        TO_PARTY_ID: receiver.party_id,
        FROM_COUNTRY_CODE: message.sender.country_code,
        FROM_PARTY_ID: message.sender.party_id,
    }


def _check_parties(link: Link, message: Message) -> None:
    """Routing headers on a link are not needed, but must not contradict it."""
    if message.receiver is not None and message.receiver != link.owner:
        raise InvalidMessage(f"this address belongs to {link.owner}, not to {message.receiver}")
    if message.sender != link.user:
        raise InvalidMessage(f"this address was given to {link.user}, not to {message.sender}")


def _reserved_until(message: Message) -> float:
    """Epoch seconds of a reservation's `expiry_date`, 0 where there is none: its result may come after that."""
    document = message.document if isinstance(message.document, dict) else {}
    try:
        moment = datetime.fromisoformat(str(document["expiry_date"]))
    except (KeyError, ValueError):
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
