"""One connection: carries one exchange at a time, and tells whether another may follow."""

from __future__ import annotations

import asyncio
import select
import sys
from typing import Final, cast

from routing.wire.errors import BadAnswer, BrokenOff, Unanswered
from routing.wire.reader import Reader
from routing.wire.tls import PartyTls

COPY_BYTES: Final = 64 * 1024
"""Bodies up to this size are sent in one piece with their head: a copy costs less than a second system call."""
CLOCK_S: Final = 0.001
"""How exact the event loop's clock is."""


def send(transport: asyncio.WriteTransport, head: bytes, body: bytes) -> None:
    """Write a request or an answer."""
    if len(body) <= COPY_BYTES:
        transport.write(head + body)
    else:
        transport.writelines([head, body])


class Connection(asyncio.Protocol):
    """An open connection to a party."""

    def __init__(self, loop: asyncio.AbstractEventLoop, max_answer_bytes: int) -> None:
        self.exchanges = 0
        """Answers that it has carried."""
        self.idle_until = 0.0
        """When it is to be closed if nothing is asked of it (loop time); set by the pool."""
        self.lost: asyncio.Future[None] = loop.create_future()
        """Done when the socket is closed."""
        self.reader = Reader(max_answer_bytes)
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        """One for many exchanges: to set one for each, which hardly ever rings, costs as much as to read an answer."""
        self._is_spoilt = False
        self._poll: select.poll | None = None

    def made_ready(self) -> bool:
        """Whether another request may be sent; the last answer is forgotten."""
        may_follow = (
            not self._is_spoilt
            and self.reader.is_complete
            and self.reader.keeps_alive
            and not self.reader.has_surplus
            and self._transport is not None
            and not self._transport.is_closing()
            and not self._transport.get_write_buffer_size()  # it answered before it had read the whole request
        )
        self.reader.expect()
        return may_follow

    def is_quiet(self) -> bool:
        """Whether nothing came while nothing was asked; looks at the socket itself.

        The party may have hung up, or sent an answer to no request, which would pass for the answer to the next one;
        the event loop may not have got there. One system call (half a microsecond) saves a lost POST.
        """
        if self._is_spoilt or self._transport is None or self._transport.is_closing():
            return False
        return self._poll is None or not self._poll.poll(0)

    async def exchange(self, head: bytes, body: bytes, deadline: float) -> Reader:
        """Send a request, and wait for its answer until the deadline (loop time).

        Raises BrokenOff, Unanswered, BadAnswer or AnswerTooLarge; after that, and when cancelled, it is closed.
        """
        if self._transport is None:
            raise BrokenOff(has_begun=False)
        answered = self._answered = self._loop.create_future()
        self._set_alarm(deadline)
        try:
            send(self._transport, head, body)
            await answered
        except BaseException:
            self.abort()
            raise
        finally:
            self._answered = None
            del answered  # it holds the error, whose traceback holds this frame
        self.exchanges += 1
        if self.exchanges == 1:
            self._remember_session()
        return self.reader

    def close(self) -> None:
        """Hang up in order, unless that means to wait until the party reads."""
        self._is_spoilt = True
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()

    def abort(self) -> None:
        """Hang up at once: what is still on its way is of no use."""
        self._is_spoilt = True
        if self._transport is not None:
            self._transport.abort()

    # --- called by the event loop ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open, TLS agreed on."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so
        if sys.platform != "win32":
            self._poll = select.poll()
            self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Something of an answer came, or something that nobody asked for."""
        if self._answered is None or self._answered.done():
            self.abort()
            return
        try:
            if self.reader.feed(data):
                self._answered.set_result(None)
        except BadAnswer as error:
            self._answered.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed, by whichever side."""
        self._is_spoilt = True
        self._transport = self._poll = None
        if self._alarm is not None:
            self._alarm.cancel()
        if self._answered is not None and not self._answered.done():
            try:
                if exc is not None:
                    raise BrokenOff(has_begun=self.reader.has_begun)
                self.reader.end()
            except BrokenOff as error:
                self._answered.set_exception(error)
            else:
                self._answered.set_result(None)
        self.reader.close()
        self.lost.set_result(None)

    def _set_alarm(self, deadline: float) -> None:
        """Let the alarm ring at the deadline, or before it, when it is set anew."""
        self._deadline = deadline
        if self._alarm is not None:
            if self._alarm.when() <= deadline:
                return
            self._alarm.cancel()
        self._alarm = self._loop.call_at(deadline, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._answered is None or self._answered.done():
            return
        if self._loop.time() < self._deadline - CLOCK_S:
            self._set_alarm(self._deadline)
        else:
            self._answered.set_exception(Unanswered())

    def _remember_session(self) -> None:
        connected = self._transport.get_extra_info("ssl_object") if self._transport is not None else None
        if connected is not None and isinstance(connected.context, PartyTls):
            connected.context.remember(connected)
