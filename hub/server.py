"""Sockets: a door that listens, answers what is no HTTP in OCPI's words too, and closes in order."""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from hub.chores import Chore, doing
from hub.door import refusal
from hub.limits import MAX_IN_FLIGHT_OF_ONE, Busy
from hub.tls import WATCH_S, Certificates, Renewal
from hub.turns import Turns
from routing.errors import HubFailure, MalformedBody, OcpiError

KEEP_ALIVE_S: Final = 75.0
"""How long a connection may be silent, or take to send the head of its first request."""
MAX_TARGET: Final = 64 * 1024
BACKLOG: Final = 1024
MAX_CONNECTIONS: Final = 10_000


class Connections:
    """The connections of one door, bounded: whoever comes when it is full takes the place of the longest idle one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._idle: dict[RequestHandler, None] = {}
        """Those without a request that is being served, the longest idle first."""
        self.count = 0
        self.turned_away = 0
        """How many were closed to make room."""
        self.turns = Turns(lambda: MAX_IN_FLIGHT_OF_ONE - (self.count - len(self._idle)))

    def opened(self, connection: RequestHandler) -> None:
        """A connection came in."""
        self.count += 1
        self._idle[connection] = None
        if self.count > self._most:
            longest_idle = next(iter(self._idle))  # where all others are busy that is the new one itself
            del self._idle[longest_idle]
            self.turned_away += 1
            longest_idle.force_close()

    def begins(self, connection: RequestHandler) -> None:
        """The head of a request is complete."""
        self._idle.pop(connection, None)

    def ends(self, connection: RequestHandler) -> None:
        """The request is answered."""
        if connection.transport is not None:
            self._idle[connection] = None

    def closed(self, connection: _OcpiProtocol) -> None:
        """A connection is gone."""
        self.count -= 1
        self._idle.pop(connection, None)
        self.turns.gone(connection)


class _OcpiProtocol(RequestHandler):
    """aiohttp's connection, whose own errors are OCPI envelopes as well."""

    __slots__ = ("_connections",)

    def __init__(self, connections: Connections, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._connections = connections

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

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What the HTTP parser rejects never reaches the door."""
        error: OcpiError = HubFailure() if status >= 500 else MalformedBody("this is not an HTTP request")
        response = refusal(error)
        response.force_close()
        return response


class _OcpiServer(web.Server):
    def __init__(self, connections: Connections, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._bounded = connections

    def __call__(self) -> RequestHandler:
        return _OcpiProtocol(self._bounded, self, loop=self._loop, **self._kwargs)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError that names the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"{host} port {port}: {error.strerror or error}") from None
    return sock


@asynccontextmanager
async def listening(
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
    sock: socket.socket,
    *,
    max_body_bytes: int,
    shutdown_s: float,
    certificates: Certificates | None = None,
    head_s: float = KEEP_ALIVE_S,
    most_connections: int | None = None,
) -> AsyncIterator[Connections]:
    """Serve a handler on a socket; on the way out stop accepting, and let running requests finish.

    A connection may be silent, or take for the head of a request, `head_s` seconds.
    """
    loop = asyncio.get_running_loop()
    connections = Connections(most_connections or bound_of_connections())

    def request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        connections.begins(protocol)
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=max_body_bytes)

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        try:
            response = await handler(request)
        finally:
            connections.ends(request.protocol)
        if isinstance(response, Busy):
            connections.turns.wait(cast(_OcpiProtocol, request.protocol))
        return response

    server = _OcpiServer(
        connections,
        serve,
        request_factory=request,
        access_log=None,
        keepalive_timeout=head_s,
        max_line_size=MAX_TARGET,
        max_field_size=MAX_TARGET,
        auto_decompress=False,
    )
    async with accepting(web.ServerRunner(server, shutdown_timeout=shutdown_s), sock, certificates):
        yield connections
        connections.turns.close()


def bound_of_connections() -> int:
    """How many connections fit beside those to parties, by the number of files that this process may open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(hard // 2, MAX_CONNECTIONS) if hard != resource.RLIM_INFINITY else MAX_CONNECTIONS


@asynccontextmanager
async def accepting(
    runner: web.BaseRunner, sock: socket.socket, certificates: Certificates | None
) -> AsyncIterator[None]:
    """Let a runner accept on a socket, with TLS where there are certificates; in the end the socket is closed.

    Raises OSError for certificates that cannot be used.
    """
    door = _Door(runner, sock)
    await runner.setup()
    try:
        await door.open(certificates.context() if certificates else None)
        async with doing(*_watched(certificates, door)):
            yield
    finally:
        sock.close()  # while it is open the system lets callers in, whom nobody would answer
        await runner.cleanup()


def _watched(certificates: Certificates | None, door: _Door) -> list[Chore]:
    return [Chore("watching certificates", WATCH_S, Renewal(certificates, door.open).look)] if certificates else []


class _Door:
    """Accepts on one socket; opened anew, it accepts with another TLS context, and no connection is lost."""

    def __init__(self, runner: web.BaseRunner, sock: socket.socket) -> None:
        self._runner = runner
        self._sock = sock
        self._site: web.SockSite | None = None

    async def open(self, tls: ssl.SSLContext | None) -> None:
        """Accept with this context from now on."""
        before, self._site = self._site, web.SockSite(self._runner, self._sock.dup(), ssl_context=tls, backlog=BACKLOG)
        await self._site.start()
        if before is not None:
            await before.stop()
