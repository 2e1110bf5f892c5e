"""Broadcast Push: answered at once, then one copy for each receiving party, over its own mailbox.

OCPI 2.2.1 and 2.3.0, transport and format, Broadcast Push. One slow, dead or misbehaving receiver costs the others
nothing: each has a bounded mailbox and a bounded number of calls of its own. No retries; what is given up is counted.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from routing.catalogue import module_named
from routing.directory import Directory, Party
from routing.errors import OcpiError
from routing.mailbox import Copy, Mailbox, copy_of
from routing.message import Message
from routing.ocpi import ConnectionStatus, Interface, PartyId

MAX_WAITING: Final = 100_000
"""Objects that may wait for one receiver."""
MAX_CALLS: Final = 4
"""Deliveries to one receiver at the same time, of different objects."""

Address = tuple[str, PartyId]
"""A receiver: its platform's id, and the party."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """One party that a broadcast goes to, and the endpoint that it advertised."""

    platform_id: str
    party: PartyId
    endpoint: str


Deliver = Callable[[Copy, Receiver], Awaitable[None]]
"""Sends one copy. Raises OcpiError where it did not arrive; ReceiverNotConnected where nothing will."""


def receivers_of(message: Message, directory: Directory) -> tuple[Receiver, ...]:
    """The parties that a broadcast goes to: of a role that deals with the sender's, connected, allowed, and
    implementing the module. One copy for each party, none for the sender's own platform. Pure.
    """
    question = ("broadcast", message.caller.id, message.sender, message.module)
    known = directory.decided.get(question)
    if isinstance(known, tuple):
        return known
    senders = directory.senders(message.caller, message.sender)
    found = directory.decided[question] = tuple(_receivers(message.module, senders, directory))
    return found


def _receivers(module: str, senders: tuple[Party, ...], directory: Directory) -> Iterator[Receiver]:
    standard = module_named(module)
    for rows in directory.parties.values():
        for row in rows:
            platform = directory.platform_of(row)
            endpoint = platform.endpoint(module, Interface.RECEIVER)
            if endpoint is None or platform.status_of(row) is not ConnectionStatus.CONNECTED:
                continue
            if standard is not None and row.role not in standard.receiver_roles:
                continue
            if any(directory.may_reach(sender, row, module) for sender in senders):
                yield Receiver(platform.id, row.id, endpoint)
                break


class Broadcast:
    """The mailboxes of all receivers, and the calls that empty them."""

    def __init__(self, deliver: Deliver, *, max_waiting: int = MAX_WAITING, max_calls: int = MAX_CALLS) -> None:
        self._deliver = deliver
        self._max_waiting = max_waiting
        self._max_calls = max_calls
        self._mailboxes: dict[Address, Mailbox] = {}
        self._calls: Counter[Address] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self.given_up: Counter[tuple[str, str]] = Counter()
        """Copies that did not arrive, by receiver (NL*TNM) and reason."""
        self.delivered = 0

    @property
    def waiting(self) -> int:
        """Copies that wait, over all receivers."""
        return sum(len(mailbox) for mailbox in self._mailboxes.values())

    @property
    def replaced(self) -> int:
        """Copies that a newer one made unnecessary."""
        return sum(mailbox.replaced for mailbox in self._mailboxes.values())

    def waiting_by_receiver(self) -> dict[str, int]:
        """How many copies wait for each receiver that has any."""
        return {str(party): len(mailbox) for (_, party), mailbox in self._mailboxes.items() if len(mailbox)}

    def push(self, message: Message, receivers: Iterable[Receiver]) -> None:
        """Accept a push for these receivers; returns at once."""
        copy = copy_of(message)
        for receiver in receivers:
            self.put(copy, receiver)

    def put(self, copy: Copy, receiver: Receiver) -> None:
        """Accept one copy for one receiver; returns at once."""
        address = (receiver.platform_id, receiver.party)
        mailbox = self._mailboxes.get(address)
        if mailbox is None:
            mailbox = self._mailboxes[address] = Mailbox(self._max_waiting)
        if self._is_closed or not mailbox.put(copy):
            self.given_up[receiver.party.text, "closed" if self._is_closed else "full"] += 1
            return
        if self._calls[address] < self._max_calls:
            self._calls[address] += 1
            task = asyncio.create_task(self._empty(address, receiver, mailbox), name=f"broadcast {receiver.party}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def forget(self, platform_id: str) -> None:
        """Drop what waits for a platform that is not connected any more."""
        for address, mailbox in list(self._mailboxes.items()):
            if address[0] == platform_id and (dropped := mailbox.clear()):
                self.given_up[address[1].text, "not connected"] += dropped

    async def settled(self) -> None:
        """Wait until nothing waits and nothing is on its way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self, timeout_s: float) -> None:
        """Accept nothing more, deliver what can be delivered in time, and count the rest as given up."""
        self._is_closed = True
        try:
            async with asyncio.timeout(timeout_s):
                await self.settled()
        except TimeoutError:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        for (_, party), mailbox in self._mailboxes.items():
            if dropped := mailbox.clear():
                self.given_up[party.text, "closed"] += dropped

    async def _empty(self, address: Address, receiver: Receiver, mailbox: Mailbox) -> None:
        """Deliver from a mailbox until there is nothing to take."""
        try:
            while (copy := mailbox.take()) is not None:
                try:
                    await self._deliver(copy, receiver)
                    self.delivered += 1
                except OcpiError as error:
                    self.given_up[receiver.party.text, type(error).__name__] += 1
                finally:
                    mailbox.done(copy)
        finally:
            self._calls[address] -= 1
            if not self._calls[address]:
                del self._calls[address]
