"""The journey of one message, top to bottom. Read this first.

decide -> links -> crossing -> courier -> answers -> links -> crossing -> reply
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from routing.answers import Answer, PassedOn, envelope, pass_on
from routing.bridge import AnsweredByHub, translate_failure
from routing.broadcast import Broadcast, Receiver, receivers_of
from routing.courier import Courier
from routing.crossing import Crossing
from routing.decide import ByContent, Decision, Delivery, FromMemory, ToEverybody, check_connected, decide, target_url
from routing.directory import Directory, Platform
from routing.errors import InvalidMessage, OcpiError, ReceiverNotConnected, Refused, RoutedInCircles, UnknownReceiver
from routing.journey import Direction, Leg, OnLeg, Outcome, ignore, new_request_id, outcome_of
from routing.lead_back import LeadBack
from routing.links import Link
from routing.mailbox import Copy
from routing.message import Message, Reply
from routing.ocpi import (
    CORRELATION_ID,
    FROM_COUNTRY_CODE,
    FROM_PARTY_ID,
    LIMIT,
    REQUEST_ID,
    SUCCESS,
    TO_COUNTRY_CODE,
    TO_PARTY_ID,
    TOTAL_COUNT,
    ConnectionStatus,
    PartyId,
)
from routing.quirks import adapted, straightened

PASSED_ON: Final = (TOTAL_COUNT, LIMIT, "Retry-After")


class Router:
    """Takes messages to their receivers and brings the answers back."""

    def __init__(
        self,
        *,
        directory: Callable[[], Directory],
        look_again: Callable[[], Awaitable[bool]],
        courier: Courier,
        lead_back: LeadBack,
        crossing: Crossing,
        on_leg: OnLeg = ignore,
    ) -> None:
        self._directory = directory
        self._look_again = look_again
        self._courier = courier
        self._lead_back = lead_back
        self._crossing = crossing
        self._on_leg = on_leg
        self._broadcast = Broadcast(self.deliver_copy)
        self._on_the_way: set[tuple[str, ...]] = set()

    @property
    def broadcast(self) -> Broadcast:
        """What waits to be pushed to everybody."""
        return self._broadcast

    async def route(self, message: Message) -> Reply:
        """Deliver one message and return the receiver's answer. Raises the OcpiError that the caller is to be told."""
        with self._not_in_circles(message):
            match await self._decide(message):
                case Delivery() as delivery:
                    return await self._send(message, delivery)
                case ToEverybody():
                    return self._push(message)
                case FromMemory():
                    raise UnknownReceiver("the hub keeps no copy of this yet")
                case ByContent():
                    return await self._by_content(message)

    async def deliver_copy(self, copy: Copy, receiver: Receiver) -> None:
        """Deliver one copy of a broadcast. Raises OcpiError where it did not arrive."""
        directory = self._directory()
        platform = directory.platforms.get(receiver.platform_id)
        if platform is None or platform.status is not ConnectionStatus.CONNECTED:
            raise ReceiverNotConnected(f"receiver {receiver.party} is not connected")
        message = replace(
            copy.message, method=copy.method, body=copy.body, sender=directory.hub, receiver=receiver.party
        )
        reply = await self._deliver(
            message, platform, receiver.party, lambda sent: target_url(receiver.endpoint, sent.path, sent.query)
        )
        if outcome_of(reply.code) is not Outcome.DELIVERED:
            raise Refused(f"receiver {receiver.party} answered HTTP {reply.http}, OCPI {reply.code}")

    async def follow(self, link: Link, message: Message) -> Reply:
        """Deliver a message that came to one of the hub's own addresses to where the link leads."""
        _check_parties(link, message)
        platform = self._directory().platforms.get(link.owner_platform)
        party = next((party for party in platform.parties if party.id == link.owner), None) if platform else None
        if platform is None or party is None:
            raise UnknownReceiver(f"{link.owner} is no longer connected")
        check_connected(platform, party)
        message = replace(message, receiver=link.owner, parent=link.journey_id)
        return await self._deliver(message, platform, link.owner, lambda _: link.url)

    # --- out ---------------------------------------------------------------------------------------------------------

    async def _decide(self, message: Message) -> Decision:
        """Decide on the picture at hand; a receiver missing from it is looked up once before that is believed."""
        try:
            return decide(message, self._directory())
        except UnknownReceiver:
            if not await self._look_again():
                raise
            return decide(message, self._directory())

    async def _send(self, message: Message, delivery: Delivery) -> Reply:
        """Party to party."""
        outgoing = await self._lead_back.outgoing(message, delivery)
        return await self._deliver(
            outgoing,
            delivery.platform,
            delivery.receiver,
            lambda sent: target_url(delivery.endpoint, sent.path, sent.query),
        )

    def _push(self, message: Message) -> Reply:
        """Broadcast Push: accepted and answered at once, delivered after that."""
        self._broadcast.push(message, receivers_of(message, self._directory()))
        return Reply(200, envelope(SUCCESS, None, timestamp()), None)

    async def _by_content(self, message: Message) -> Reply:
        """Open Routing Request; what is meant for everybody goes to everybody."""
        operation = message.operation
        if operation is not None and operation.is_broadcast:
            return self._push(message)
        raise UnknownReceiver("the receiver cannot be told from this message: OCPI-to headers are required")

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

    async def _deliver(
        self, message: Message, platform: Platform, receiver: PartyId, address: Callable[[Message], str]
    ) -> Reply:
        """Send a message to its receiver, in the receiver's version and manner, and bring back the answer."""
        version = platform.version or message.version
        if version is message.version:
            sent = adapted(message, platform, self._directory().hub)
            return await self._exchange(message, sent, platform, receiver, address(sent))
        directory = self._directory()
        try:
            crossed, receipt = await self._crossing.request(message, platform, version, directory, receiver)
        except AnsweredByHub as instead:
            return instead.reply(timestamp())
        sent = adapted(crossed, platform, directory.hub)
        try:
            reply = await self._exchange(message, sent, platform, receiver, address(sent), receipt.losses)
        except OcpiError as error:
            raise translate_failure(error, message, source=version) from error
        reply, lost = await self._crossing.answer(reply, message, platform, version, directory, receiver)
        return replace(reply, receipt=lost.losses)

    async def _exchange(
        self,
        message: Message,
        sent: Message,
        platform: Platform,
        receiver: PartyId,
        url: str,
        receipt: tuple[object, ...] = (),
    ) -> Reply:
        """One call, and its answer with addresses that lead back. `message` is as the caller sent it."""
        answer, passed = await self._call(sent, platform, receiver, url, receipt)
        headers = {name: answer.headers[name.lower()] for name in PASSED_ON if name.lower() in answer.headers}
        if following := await self._lead_back.next_page(message, platform, receiver, url, answer):
            headers["Link"] = f'<{following}>; rel="next"'
        if location := await self._lead_back.location(message, platform, receiver, url, answer):
            headers["Location"] = location
        return Reply(passed.http, passed.body, receiver, headers, passed.code)

    async def _call(
        self, message: Message, platform: Platform, receiver: PartyId, url: str, receipt: tuple[object, ...]
    ) -> tuple[Answer, PassedOn]:
        """One leg out: call the party, judge its answer, and tell the journal."""
        headers = _headers(message, receiver)
        started, at = time.perf_counter(), time.time()
        answer: Answer | None = None
        passed: PassedOn | None = None
        reason = ""
        try:
            answer = await self._courier.call(
                message.method,
                url,
                token=platform.token_out or "",
                encode_token=platform.encodes_token,
                headers=headers,
                body=message.body,
                platform_id=platform.id,
            )
            answer = straightened(answer, message, platform)
            passed = pass_on(answer, receiver, message.method, message.operation, timestamp)
        except OcpiError as error:
            reason = error.message
            raise
        finally:
            ms = (time.perf_counter() - started) * 1000
            leg = _leg(message, platform, receiver, headers[REQUEST_ID], answer, passed)
            leg.at, leg.ms, leg.reason, leg.receipt = at, ms, reason, receipt
            self._on_leg(leg)
        return answer, passed


def timestamp(at: float | None = None) -> str:
    """Now (or epoch seconds) as OCPI writes a DateTime: UTC, whole seconds."""
    moment = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _headers(message: Message, receiver: PartyId) -> dict[str, str]:
    """The hub's own request id, the journey's correlation id, and who it is for and from (not in 2.1.1)."""
    ids = {REQUEST_ID: new_request_id(), CORRELATION_ID: message.correlation_id}
    if not message.version.has_routing_headers:
        return ids
    return {
        **ids,
        TO_COUNTRY_CODE: receiver.country_code,
        TO_PARTY_ID: receiver.party_id,
        FROM_COUNTRY_CODE: message.sender.country_code,
        FROM_PARTY_ID: message.sender.party_id,
    }


def _leg(
    message: Message,
    platform: Platform,
    receiver: PartyId,
    request_id: str,
    answer: Answer | None,
    passed: PassedOn | None,
) -> Leg:
    """What the journal is told of a call; when it was and how long it took is the caller's to say."""
    code = passed.code if passed else None
    return Leg(
        journey_id=message.journey_id,
        direction=Direction.OUT,
        at=0.0,
        ms=0.0,
        platform_id=platform.id,
        sender=message.sender.text,
        receiver=receiver.text,
        version=platform.version.number if platform.version else "",
        module=message.module,
        interface=message.interface,
        method=message.method,
        path=message.path,
        request_id=request_id,
        correlation_id=message.correlation_id,
        http=answer.http if answer else None,
        ocpi=code,
        outcome=outcome_of(code),
        parent=message.parent,
        bytes_in=len(answer.body) if answer else 0,
        bytes_out=len(message.body),
        request_body=message.body,
        answer_body=answer.body if answer else b"",
    )


def _check_parties(link: Link, message: Message) -> None:
    """Routing headers on a link are not needed, but must not contradict it."""
    if message.receiver is not None and message.receiver != link.owner:
        raise InvalidMessage(f"this address belongs to {link.owner}, not to {message.receiver}")
    if message.sender != link.user:
        raise InvalidMessage(f"this address was given to {link.user}, not to {message.sender}")
