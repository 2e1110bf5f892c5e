"""Sockets: a door that listens, and closes in order."""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from hub.chores import Chore, doing
from hub.connection import Connection, Connections, Handler
from hub.refusals import Refuse
from hub.tls import WATCH_S, Certificates, Renewal

KEEP_ALIVE_S: Final = 75.0
"""How long a connection may be silent, or take to send the head of its first request."""
HANDSHAKE_S: Final = 10.0
"""How long a connection may take to begin with TLS; only then is it one of those that are bounded."""
MAX_TARGET: Final = 64 * 1024
BACKLOG: Final = 1024
MAX_CONNECTIONS: Final = 10_000


class _Server(web.Server):
    """aiohttp's server, of connections of our own."""

    def __init__(self, connections: Connections, handler: Handler, max_body_bytes: int, **options: Any) -> None:
        super().__init__(cast(Any, handler), **options)
        self._make = partial(Connection, self, connections, handler, max_body_bytes, loop=self._loop, **options)

    def __call__(self) -> RequestHandler:
        return self._make()


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
    handler: Handler,
    sock: socket.socket,
    *,
    max_body_bytes: int,
    shutdown_s: float,
    certificates: Certificates | None = None,
    refuse: Refuse | None = None,
    head_s: float = KEEP_ALIVE_S,
    most_connections: int | None = None,
) -> AsyncIterator[Connections]:
    """Serve a handler on a socket; on the way out stop accepting, and let running requests finish.

    A connection may be silent, or take for the head of a request, `head_s` seconds. `refuse` sees each request before
    it is parsed, and may have it answered right there.
    """
    connections = Connections(most_connections or bound_of_connections(), refuse)
    server = _Server(
        connections,
        handler,
        max_body_bytes,
        access_log=None,
        keepalive_timeout=head_s,
        max_line_size=MAX_TARGET,
        max_field_size=MAX_TARGET,
        auto_decompress=False,
    )
    runner = web.ServerRunner(server, shutdown_timeout=shutdown_s)
    async with accepting(runner, sock, certificates, handshake_s=min(head_s, HANDSHAKE_S)):
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
    runner: web.BaseRunner, sock: socket.socket, certificates: Certificates | None, handshake_s: float = HANDSHAKE_S
) -> AsyncIterator[None]:
    """Let a runner accept on a socket, with TLS where there are certificates; in the end the socket is closed.

    Raises OSError for certificates that cannot be used.
    """
    door = _Door(runner, sock, handshake_s)
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

    def __init__(self, runner: web.BaseRunner, sock: socket.socket, handshake_s: float) -> None:
        self._runner = runner
        self._sock = sock
        self._handshake_s = handshake_s
        self._site: _Site | None = None

    async def open(self, tls: ssl.SSLContext | None) -> None:
        """Accept with this context from now on."""
        before, self._site = self._site, _Site(self._runner, self._sock.dup(), tls, self._handshake_s)
        await self._site.start()
        if before is not None:
            await before.stop()


class _Site(web.SockSite):
    """aiohttp's, which leaves it to the event loop how long TLS may take to begin: a minute."""

    def __init__(
        self, runner: web.BaseRunner, sock: socket.socket, tls: ssl.SSLContext | None, handshake_s: float
    ) -> None:
        super().__init__(runner, sock, ssl_context=tls, backlog=BACKLOG)
        self._handshake_s = handshake_s if tls is not None else None

    async def start(self) -> None:
        """Accept."""
        await web.BaseSite.start(self)
        self._server = await asyncio.get_running_loop().create_server(
            cast(Any, self._runner.server),
            sock=self._sock,
            ssl=self._ssl_context,
            backlog=self._backlog,
            ssl_handshake_timeout=self._handshake_s,
        )
