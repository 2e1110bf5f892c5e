"""Broadcast Push: answered at once, then one copy for each receiving party, over its own mailbox.

OCPI 2.2.1 and 2.3.0, transport and format, Broadcast Push. One slow, dead or misbehaving receiver costs the others
nothing: each has a bounded mailbox and a bounded number of calls of its own. No retries; what is given up is counted.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from routing.errors import (
    ConnectionFailed,
    HubRejected,
    InvalidAnswer,
    NoAnswerInTime,
    OcpiError,
    ReceiverNotConnected,
    ReceiverOverloaded,
    Refused,
    Untranslatable,
)
from routing.mailbox import Copy, Mailbox, Room, copy_of
from routing.message import Message
from routing.receivers import Receiver

NOT_ANSWERING: Final = "not answering"
FULL: Final = "full"
CLOSED: Final = "closed"
NOT_CONNECTED: Final = "not connected"
FAILED: Final = "failed"
REASONS: Final[tuple[tuple[type[OcpiError], str], ...]] = (
    (Refused, "refused"),
    (ReceiverNotConnected, NOT_CONNECTED),
    (Untranslatable, "untranslatable"),
    (NoAnswerInTime, "no answer"),
    (ConnectionFailed, "no connection"),
    (HubRejected, "token rejected"),
    (InvalidAnswer, "no OCPI answer"),
    (ReceiverOverloaded, "overloaded"),
)
"""Why a copy was given up, in the words that metrics and the admin view show."""
SILENCE: Final = (NoAnswerInTime, ConnectionFailed, HubRejected)
"""Failures after which the next copy will hardly fare better."""
ANSWERS: Final = (Refused, InvalidAnswer, ReceiverOverloaded)
"""Failures that show that the receiver is there."""

Deliver = Callable[[Copy, Receiver], Awaitable[None]]
"""Sends one copy. Raises OcpiError where it did not arrive."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait, and for how long a receiver that does not answer is waited for."""

    copies_of_one: int = 100_000
    """Copies that may wait for one receiver."""
    copies: int = 1_000_000
    """Copies that may wait for all receivers together."""
    bytes: int = 512 * 1024 * 1024
    """Bytes of bodies that may wait, each body counted once."""
    floor: int = 100
    """What may wait for each receiver even where the others have filled the house."""
    calls: int = 4
    """Calls to one receiver at the same time, of different objects."""
    patience_s: float = 30.0
    """How long a receiver may fail before what waits for it is given up."""
    pause_s: float = 1.0
    """Between two attempts at a receiver that fails."""


@dataclass(slots=True)
class Tally:
    """What became of the copies for one receiver since this node started."""

    delivered: int = 0
    given_up: Counter[str] = field(default_factory=Counter)
    """By reason."""


@dataclass(slots=True)
class _Round:
    """One receiver being served: what waits for it, the calls under way, and since when it fails."""

    receiver: Receiver
    mailbox: Mailbox
    tally: Tally
    calls: int = 0
    failing_since: float | None = None


class Broadcast:
    """The mailboxes of all receivers, and the calls that empty them."""

    def __init__(self, deliver: Deliver, bounds: Bounds | None = None) -> None:
        self._deliver = deliver
        self._bounds = bounds or Bounds()
        self._room = Room()
        self._rounds: dict[Receiver, _Round] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._replaced = 0
        self._is_closed = False
        self.tallies: dict[Receiver, Tally] = {}
        """What became of the copies, by receiver."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is on its way."""
        return not self._tasks

    @property
    def waiting(self) -> int:
        """Copies that wait, over all receivers."""
        return self._room.copies

    @property
    def waiting_bytes(self) -> int:
        """Bytes of the bodies that wait; one that waits for many receivers counts once."""
        return self._room.bytes

    @property
    def replaced(self) -> int:
        """Copies that a newer one made unnecessary."""
        return self._replaced + sum(serving.mailbox.replaced for serving in self._rounds.values())

    @property
    def delivered(self) -> int:
        """Copies that arrived."""
        return sum(tally.delivered for tally in self.tallies.values())

    @property
    def given_up(self) -> Counter[str]:
        """Copies that did not arrive, by reason."""
        return sum((tally.given_up for tally in self.tallies.values()), Counter())

    def waiting_for(self) -> dict[Receiver, int]:
        """How many copies wait for each receiver that has any."""
        return {receiver: len(serving.mailbox) for receiver, serving in self._rounds.items() if len(serving.mailbox)}

    def push(self, message: Message, receivers: Iterable[Receiver], *, takes_back: bool = False) -> None:
        """Accept a push for these receivers, perhaps one that takes its object back; returns at once."""
        copy = replace(copy_of(message), takes_back=takes_back)
        for receiver in receivers:
            self.put(copy, receiver)
        copy.laid.clear()

    def put(self, copy: Copy, receiver: Receiver) -> None:
        """Accept one copy for one receiver; returns at once."""
        serving = self._rounds.get(receiver)
        if serving is None:
            tally = self.tallies.setdefault(receiver, Tally())
            serving = self._rounds[receiver] = _Round(receiver, Mailbox(self._room), tally)
        if self._is_closed:
            serving.tally.given_up[CLOSED] += 1
        elif not serving.mailbox.put(copy, self._at_most()):
            serving.tally.given_up[FULL] += 1
        self._serve(serving)

    def forget(self, platform_id: str) -> None:
        """Drop what waits for a platform that is not connected any more: it will pull when it is back."""
        for receiver, serving in self._rounds.items():
            if receiver.platform_id == platform_id:
                self._give_up(serving, NOT_CONNECTED)
                serving.failing_since = None

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
            for serving in self._rounds.values():
                self._give_up(serving, CLOSED)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _at_most(self) -> int:
        """How many copies may wait for one receiver: little, where the house is full, so that each has its place."""
        is_full = self._room.copies >= self._bounds.copies or self._room.bytes >= self._bounds.bytes
        return self._bounds.floor if is_full else self._bounds.copies_of_one

    def _give_up(self, serving: _Round, reason: str) -> None:
        if dropped := serving.mailbox.clear():
            serving.tally.given_up[reason] += dropped

    # --- one receiver ------------------------------------------------------------------------------------------------

    def _serve(self, serving: _Round) -> None:
        """As many calls as may be and as there are objects for; one at a time to a receiver that fails."""
        while serving.calls < self._allowed(serving) and (copy := serving.mailbox.take()) is not None:
            serving.calls += 1
            task = asyncio.create_task(self._call(serving, copy), name=f"broadcast to {serving.receiver.party}")
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        if not serving.calls and serving.mailbox.is_idle and serving.failing_since is None:
            self._replaced += serving.mailbox.replaced
            self._rounds.pop(serving.receiver, None)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            words = {"message": f"{task.get_name()} failed", "exception": error, "task": task}
            task.get_loop().call_exception_handler(words)

    def _allowed(self, serving: _Round) -> int:
        return self._bounds.calls if serving.failing_since is None else 1

    async def _call(self, serving: _Round, copy: Copy | None) -> None:
        """Deliver one copy after the other, as long as there are any and so many calls are allowed."""
        try:
            while copy is not None:
                try:
                    await self._attempt(serving, copy)
                finally:
                    serving.mailbox.done(copy)
                copy = serving.mailbox.take() if serving.calls <= self._allowed(serving) else None
        finally:
            serving.calls -= 1
            self._serve(serving)

    async def _attempt(self, serving: _Round, copy: Copy) -> None:
        try:
            await self._deliver(copy, serving.receiver)
        except OcpiError as error:
            serving.tally.given_up[_reason(error)] += 1
            if isinstance(error, SILENCE):
                await self._failed(serving)
            elif isinstance(error, ANSWERS):
                serving.failing_since = None
            if isinstance(error, ReceiverOverloaded):
                await asyncio.sleep(self._bounds.pause_s)
        except asyncio.CancelledError:
            serving.tally.given_up[CLOSED] += 1
            raise
        except Exception:
            serving.tally.given_up[FAILED] += 1
            raise
        else:
            serving.tally.delivered += 1
            serving.failing_since = None

    async def _failed(self, serving: _Round) -> None:
        """Nothing is kept for long for a receiver that does not answer (OCPI 2.2.1, Offline behaviour)."""
        now = asyncio.get_running_loop().time()
        if serving.failing_since is None:
            serving.failing_since = now
        if now - serving.failing_since >= self._bounds.patience_s:
            self._give_up(serving, NOT_ANSWERING)
        else:
            await asyncio.sleep(self._bounds.pause_s)


def _reason(error: OcpiError) -> str:
    return next((reason for kind, reason in REASONS if isinstance(error, kind)), FAILED)
