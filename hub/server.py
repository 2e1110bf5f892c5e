"""Sockets: a door that listens, and closes in order."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from hub.chores import Chore, doing
from hub.connection import Connection, Connections, Handler
from hub.refusals import Refuse
from hub.securing import HANDSHAKE_S, Make, Securing
from hub.tls import WATCH_S, Certificates, Renewal

KEEP_ALIVE_S: Final = 75.0
"""How long a connection may be silent, or take to send the head of its first request."""
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
    most = most_connections or bound_of_connections()
    connections = Connections(most, refuse)
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
    async with accepting(runner, sock, certificates, handshake_s=min(head_s, HANDSHAKE_S), most=most):
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
    runner: web.BaseRunner,
    sock: socket.socket,
    certificates: Certificates | None,
    *,
    handshake_s: float = HANDSHAKE_S,
    most: int | None = None,
) -> AsyncIterator[None]:
    """Let a runner accept on a socket, with TLS where there are certificates; in the end the socket is closed.

    Of at most so many connections a tenth may be at their TLS handshake.

    Raises OSError for certificates that cannot be used.
    """
    await runner.setup()
    make = cast(Make, runner.server)
    most = most or bound_of_connections()
    try:
        async with _secured(make, sock, certificates, handshake_s, most) if certificates else _plain(make, sock):
            yield
    finally:
        sock.close()  # while it is open the system lets callers in, whom nobody would answer
        await runner.cleanup()


@asynccontextmanager
async def _plain(make: Make, sock: socket.socket) -> AsyncIterator[None]:
    server = await asyncio.get_running_loop().create_server(make, sock=sock, backlog=BACKLOG)
    try:
        yield
    finally:
        server.close()


@asynccontextmanager
async def _secured(
    make: Make, sock: socket.socket, certificates: Certificates, handshake_s: float, most: int
) -> AsyncIterator[None]:
    """With what the files of the certificates say at the time."""
    securing = Securing(make, certificates.context(), within_s=handshake_s, at_most=max(most // 10, 1))
    accepting = asyncio.create_task(securing.accept(sock), name="accepting")
    try:
        async with doing(Chore("watching certificates", WATCH_S, Renewal(certificates, securing.use).look)):
            yield
    finally:
        accepting.cancel()
        await asyncio.gather(accepting, return_exceptions=True)
        await securing.close()
