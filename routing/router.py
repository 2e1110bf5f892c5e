"""The journey of one message, top to bottom. Read this first.

decide -> links -> crossing -> courier -> answers -> crossing -> links -> reply
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace

from routing.answers import envelope
from routing.authorization import AUTHORIZE, authorized
from routing.broadcast import Broadcast
from routing.courier import Courier
from routing.crossing import Crossing
from routing.decide import (
    ByContent,
    Decision,
    Delivery,
    FromEach,
    FromMemory,
    ToEverybody,
    check_connected,
    decide,
    direct,
    of_hub,
    target_url,
)
from routing.directory import Directory
from routing.errors import (
    InvalidMessage,
    ModuleNotImplemented,
    ReceiverNotConnected,
    RoutedInCircles,
    UnknownObject,
    UnknownReceiver,
)
from routing.get_all import GetAll
from routing.journey import ABOUT, OnLeg, ignore, timestamp
from routing.lead_back import LeadBack
from routing.links import Link, LinkKind
from routing.live_list import LiveList
from routing.mailbox import Copy
from routing.memory import Forgetful, Memory
from routing.message import Message, Reply
from routing.ocpi import SUCCESS, Interface, PartyId
from routing.open_routing import receivers_told, serving, unresolved
from routing.outbound import Hold, OnLearnt, Outbound, forget, hold_nothing
from routing.receivers import Receiver, receivers_of
from routing.taking_back import taken_back, told_apart


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
        memory: Memory | None = None,
        on_learnt: OnLearnt = forget,
        hold: Hold = hold_nothing,
    ) -> None:
        self._directory = directory
        self._look_again = look_again
        self._lead_back = lead_back
        self._outbound = Outbound(
            directory=directory,
            courier=courier,
            lead_back=lead_back,
            crossing=crossing,
            look_again=look_again,
            on_leg=on_leg,
            on_learnt=on_learnt,
            hold=hold,
            memory=memory,
        )
        self._memory = memory or Forgetful()
        self._get_all = GetAll(directory, self._memory, crossing, lead_back.list_address)
        self._live = LiveList(directory, self._outbound, lead_back, self._memory)
        self._broadcast = Broadcast(self.deliver_copy)
        self._on_the_way: set[tuple[str, ...]] = set()

    @property
    def broadcast(self) -> Broadcast:
        """What waits to be pushed to everybody."""
        return self._broadcast

    @property
    def outbound(self) -> Outbound:
        """The way to a party, for what the hub asks of its own accord."""
        return self._outbound

    async def route(self, message: Message) -> Reply:
        """Deliver one message and return the receiver's answer. Raises the OcpiError that the caller is to be told."""
        place = _place_of(message)
        if place in self._on_the_way:
            raise RoutedInCircles()  # two hubs are passing it to each other
        self._on_the_way.add(place)
        try:
            return await self._carry_out(message, await self._decide(message))
        finally:
            self._on_the_way.discard(place)

    async def deliver_copy(self, copy: Copy, receiver: Receiver) -> None:
        """Deliver one copy of a broadcast, if it may still be. Raises OcpiError where it did not arrive."""
        ABOUT.set(copy.message.correlation_id)
        directory = self._directory()
        endpoint = receivers_of(copy.message, directory).get(receiver)
        if endpoint is None:
            raise ReceiverNotConnected(f"receiver {receiver.party} is not connected, or may not be reached any more")
        message = replace(copy.message, sender=directory.hub, receiver=receiver.party)
        platform = directory.platforms[receiver.platform_id]
        await self._outbound.deliver_copy(
            message, platform, receiver.party, lambda sent: target_url(endpoint, sent.path, sent.query)
        )

    async def follow(self, link: Link, message: Message) -> Reply:
        """Deliver a message that came to one of the hub's own addresses to where the link leads."""
        if link.kind is LinkKind.LIST:
            _check_parties(replace(link, owner=self._directory().hub), message)
            return await self._live.go_on(link, message)
        _check_parties(link, message)
        platform = self._directory().platforms.get(link.owner_platform)
        party = next((party for party in platform.parties if party.id == link.owner), None) if platform else None
        if platform is None or party is None:
            raise UnknownReceiver(f"{link.owner} is no longer connected")
        check_connected(platform, party)
        message = replace(message, receiver=link.owner, parent=link.journey_id)
        return await self._outbound.deliver(message, platform, link.owner, lambda _: link.url)

    # --- out ---------------------------------------------------------------------------------------------------------

    async def _decide(self, message: Message) -> Decision:
        """Decide on the picture at hand; a receiver missing from it is looked up once before that is believed."""
        try:
            return decide(message, self._directory())
        except UnknownReceiver:
            if not await self._look_again():
                raise
            return decide(message, self._directory())

    async def _carry_out(self, message: Message, decision: Decision) -> Reply:
        match decision:
            case Delivery() as delivery:
                return await self._send(message, delivery)
            case ToEverybody():
                return await self._push(message)
            case FromMemory():
                return await self._from_memory(message)
            case FromEach():
                return await self._live.first_page(message)
            case ByContent():
                return await self._by_content(message)

    async def _send(self, message: Message, delivery: Delivery) -> Reply:
        """Party to party."""
        outgoing = await self._lead_back.outgoing(message, delivery)
        reply = await self._outbound.deliver(
            outgoing,
            delivery.platform,
            delivery.receiver,
            lambda sent: target_url(delivery.endpoint, sent.path, sent.query),
        )
        self._memory.learn(message, reply, delivery.platform)
        return reply

    async def _push(self, message: Message) -> Reply:
        """Broadcast Push: accepted and answered at once, delivered after that."""
        operation, document = message.operation, message.document
        if operation is not None and operation.object_name and not isinstance(document, dict):
            raise InvalidMessage(f"a {operation.object_name} object is expected as body")
        gone = await taken_back(message, document, self._memory)
        self._memory.learn(message, None, None)
        receivers: Iterable[Receiver] = receivers_of(message, self._directory())
        if gone is not None:
            old, receivers = told_apart(receivers, self._directory())
            self._broadcast.push(gone, old, takes_back=True)
        self._broadcast.push(message, receivers)
        return Reply(200, envelope(SUCCESS, None, timestamp()), None)

    async def _from_memory(self, message: Message) -> Reply:
        """What the hub is asked itself; an object that it has no copy of is its owner's to show."""
        try:
            return await self._get_all.answer(message)
        except UnknownObject:
            if message.interface is Interface.RECEIVER:
                raise
            return await self._by_content(message)

    async def _by_content(self, message: Message) -> Reply:
        """Open Routing Request. What is meant for everybody goes to everybody; a token is asked of several."""
        operation = message.operation
        if operation is not None and operation.is_broadcast:
            return await self._push(message)
        found = await self._told(message)
        if len(found) == 1:
            reply = await self._send(message, direct(message, found[0], self._directory()))
            return reply if message.receiver is None else replace(reply, sender=None)  # the hub was asked itself
        if operation is not None and operation.id == AUTHORIZE:
            return await self._authorize(message, found)
        if operation is not None and operation.is_list:
            if not message.version.has_routing_headers:  # it cannot name the hub either
                return await self._carry_out(message, of_hub(message))
            raise InvalidMessage("several parties, or none, have such a list: OCPI-to headers are required")
        raise unresolved(message)

    async def _told(self, message: Message) -> tuple[PartyId, ...]:
        """Who a message may be for; where nobody is known, the picture is drawn anew once before that is believed."""
        found = await receivers_told(message, self._memory, self._directory())
        if not found and await self._look_again():
            found = await receivers_told(message, self._memory, self._directory())
        return found

    async def _authorize(self, message: Message, known: tuple[PartyId, ...]) -> Reply:
        """Ask those who may know this token: its owners as far as known, else every eMSP that the sender may reach."""
        directory = self._directory()
        near = message.sender.country_code.upper()
        asked = sorted(known or serving(message, directory), key=lambda party: party.country_code.upper() != near)
        deliveries = []
        for party in asked:
            with suppress(ReceiverNotConnected, ModuleNotImplemented):  # it cannot be asked, others can
                deliveries.append(direct(message, party, directory))
        return await authorized(deliveries, lambda delivery: self._send(message, delivery))


def _place_of(message: Message) -> tuple[str, ...]:
    """What two requests have in common that are the same one, met again while it is still on its way."""
    receiver = message.receiver.folded if message.receiver else ""
    parties = (message.sender.folded, receiver)
    return (
        message.correlation_id,
        message.method,
        message.module,
        message.interface,
        message.path,
        message.query,
        *parties,
    )


def _check_parties(link: Link, message: Message) -> None:
    """Routing headers on a link are not needed, but must not contradict it."""
    if message.receiver is not None and message.receiver != link.owner:
        raise InvalidMessage(f"this address belongs to {link.owner}, not to {message.receiver}")
    if message.sender != link.user:
        raise InvalidMessage(f"this address was given to {link.user}, not to {message.sender}")
