"""A connection of the public door: aiohttp's server protocol with its parser and flow control, and above them nothing
but a request, its answer, and one write.

aiohttp makes a task, a request with everything a web application may ask of it, a response and a writer for each
request: together they cost more than to route it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, cast

import structlog
from aiohttp import HttpVersion11, StreamReader, web
from aiohttp.http import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

from hub.door import refusal
from hub.http import Request, Response, head_of
from hub.limits import MAX_IN_FLIGHT_OF_ONE, Busy
from hub.refusals import END, Refuse
from hub.turns import Turns
from routing.errors import HubFailure, MalformedBody
from routing.wire import send

log = structlog.get_logger(__name__)

Handler = Callable[[Request], Awaitable[Response]]

NEVER: Final = -(1 << 60)
"""The length of requests where it is not known: all that follows on the connection is the parser's."""
AT_ONCE: Final = 16
"""How many requests that came together are refused before the connection is closed: nobody may keep the loop at it."""
AT_LAST_S: Final = 0.01
"""How long a request that is cut off has to notice that its body will not come."""
LINGER_S: Final = 10.0
"""How long what is left of a body that nobody read is taken in, so that the caller reads the answer."""


class Connections:
    """The connections of one door, bounded: whoever comes when it is full takes the place of the longest idle one."""

    def __init__(self, most: int, refuse: Refuse | None = None) -> None:
        self._most = most
        self.refuse = refuse
        self._idle: dict[Connection, None] = {}
        """Those without a request that is being served, the longest idle first."""
        self.count = 0
        self.turned_away = 0
        """How many were closed to make room."""
        self.turns = Turns(lambda: MAX_IN_FLIGHT_OF_ONE - (self.count - len(self._idle)))

    def opened(self, connection: Connection) -> None:
        """A connection came in."""
        self.count += 1
        self._idle[connection] = None
        if self.count > self._most:
            longest_idle = next(iter(self._idle))  # where all others are busy that is the new one itself
            del self._idle[longest_idle]
            self.turned_away += 1
            longest_idle.force_close()

    def begins(self, connection: Connection) -> None:
        """The head of a request is complete."""
        self._idle.pop(connection, None)

    def ends(self, connection: Connection) -> None:
        """The request is answered."""
        if connection.transport is not None:
            self._idle[connection] = None

    def refused(self, connection: Connection) -> None:
        """It was told that the hub is busy; so it is not the longest idle one."""
        if self._idle.pop(connection, self) is None:
            self._idle[connection] = None

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""
        self.count -= 1
        self._idle.pop(connection, None)
        self.turns.gone(connection)


class Connection(RequestHandler):
    """One connection, which serves one request at a time."""

    __slots__ = ("_came", "_connections", "_handler", "_max_body_bytes", "_to_skip", "_whole")

    def __init__(
        self,
        server: web.Server,
        connections: Connections,
        handler: Handler,
        max_body_bytes: int,
        *,
        loop: asyncio.AbstractEventLoop,
        **options: Any,
    ) -> None:
        super().__init__(server, loop=loop, **options)
        self._connections = connections
        self._handler = handler
        self._max_body_bytes = max_body_bytes
        self._came = self._whole = 0
        """Bytes that the parser was given since it was between two requests, and how many those requests have."""
        self._to_skip = 0
        """Bytes of a refused request that are still to come."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Counted from the first moment: a connection that never sends anything is one, too."""
        super().connection_made(transport)
        self._connections.opened(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """And to the last."""
        self._connections.closed(self)
        super().connection_lost(exc)

    def hold(self) -> None:
        """Leave in the socket what comes next; only that: the request that came is answered."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def go_on(self) -> None:
        """Read on."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """What the caller sends: to the parser, unless it begins with a request that is refused unread."""
        if data and self._is_between_requests and not (data := self._listened_to(data)):
            return
        if data and (self._is_between_requests or not self._came):
            self._came, end = len(data), data.find(END)
            self._whole = end + len(END) if end >= 0 else NEVER
        else:
            self._came += len(data)
        super().data_received(data)

    @property
    def _is_between_requests(self) -> bool:
        """Whether nobody is served or about to be, and the parser has nothing of the next request."""
        waiter = self._waiter
        return self._came == self._whole and waiter is not None and not waiter.done()

    def _listened_to(self, data: bytes) -> bytes:
        """What the parser is to see of it, which is all unless it begins with requests that are refused."""
        refuse = self._connections.refuse
        left = AT_ONCE
        while data:
            if self._to_skip:
                data = self._skipped(data)
                continue
            if refuse is None or self._paused or (refusal := refuse(data)) is None:
                break
            if self._close or self._force_close or self.transport is None:
                break
            self.transport.write(refusal.answer)
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
            self._connections.refused(self)
            self._to_skip = refusal.size
            left -= 1
            if not left:
                self.force_close()
                return b""
        return data

    def _skipped(self, data: bytes) -> bytes:
        """What is not of the refused request; when all of that has come its caller waits for its turn."""
        skipped = min(self._to_skip, len(data))
        self._to_skip -= skipped
        if not self._to_skip:
            self._connections.turns.wait(self)
        return data[skipped:]

    async def shutdown(self, timeout: float | None = 15.0) -> None:
        """Let the request that is served come to its end, for so long at most; aiohttp by itself waits twice that."""
        self._force_close = True
        if self._request_in_progress:
            self._handler_waiter = self._loop.create_future()
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._handler_waiter
            self._handler_waiter = None
        await super().shutdown(AT_LAST_S)

    # --- in place of aiohttp's ---------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Serve the requests of the connection, one after the other; aiohttp calls it when the connection is open."""
        while not self._force_close:
            message, payload = await self._next()
            try:
                may_follow = await self._serve(message, payload)
            except asyncio.CancelledError:
                self.force_close()
                raise
            if not may_follow or self._close or self._force_close or self._upgraded:
                break
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
            if self._keepalive_handle is None:
                self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)
        if not self._force_close:
            self._task_handler = None
            if self.transport is not None:
                self.transport.close()

    async def _next(self) -> tuple[Any, StreamReader]:
        """The next request as the parser read it, or its complaint. Waits for it."""
        if not self._messages:
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        found = self._messages.popleft()
        if self._parser is not None:
            self._parser.message_consumed()
        if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
            self._resume_reading_if_drained()
        return found

    async def _serve(self, message: Any, payload: StreamReader) -> bool:
        """One request; whether the next one may follow on the connection."""
        if not isinstance(message, RawRequestMessage):  # what the HTTP parser rejects never reaches the door
            refused = refusal(MalformedBody("this is not an HTTP request"))
            await self._write(head_of(refused, keeps_alive=False), refused.body)
            return False
        is_1_1 = message.version >= HttpVersion11
        self._whole += NEVER if message.chunked else int(message.headers.get("Content-Length", 0))
        request = Request(
            message.method,
            message.path,
            message.headers,
            payload,
            self.transport,
            self._max_body_bytes,
            is_awaited=is_1_1 and message.headers.get("Expect", "").lower() == "100-continue",
        )
        response = await self._answer(request)
        may_follow = not message.should_close and not response.is_last and not self._close and not self._upgraded
        head = head_of(response, keeps_alive=may_follow, is_1_0=not is_1_1)
        await self._write(head, response.body if message.method != "HEAD" else b"")
        if isinstance(response, Busy):
            self._connections.turns.wait(self)
        return (payload.is_eof() or await self._lingers(payload)) and may_follow

    async def _answer(self, request: Request) -> Response:
        self._connections.begins(self)
        self._request_in_progress = True
        self._current_request = cast(Any, request)  # told when the connection is lost
        try:
            return await self._handler(request)
        except Exception as error:  # the door answers every failure; this one is the door's own
            log.error("request failed", exc_info=error)
            failed = refusal(HubFailure())
            failed.is_last = True
            return failed
        finally:
            self._current_request = None
            self._request_in_progress = False
            self._connections.ends(self)
            if self._handler_waiter is not None:
                self._handler_waiter.set_result(None)

    async def _write(self, head: bytes, body: bytes) -> None:
        if self.transport is None or self.transport.is_closing():  # it hung up meanwhile
            return
        send(self.transport, head, body)
        if self._paused:
            with suppress(ConnectionError):
                await self._drain_helper()

    async def _lingers(self, payload: StreamReader) -> bool:
        """Take in a body that nobody read; whether its end came in time."""
        with suppress(TimeoutError, ConnectionError, web.RequestPayloadError):
            async with asyncio.timeout(LINGER_S):
                while not payload.at_eof() and not self._force_close:
                    await payload.readany()
        return payload.is_eof()
