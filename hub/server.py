"""Sockets: a door that listens, answers what is no HTTP in OCPI's words too, and closes in order."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from hub.chores import Chore, doing
from hub.door import refusal
from hub.tls import WATCH_S, Certificates, Renewal
from routing.errors import HubFailure, MalformedBody, OcpiError

KEEP_ALIVE_S: Final = 75.0
"""How long a connection may be silent, or take to send the head of its first request."""
MAX_TARGET: Final = 64 * 1024
BACKLOG: Final = 1024


class _OcpiProtocol(RequestHandler):
    """aiohttp's connection, whose own errors are OCPI envelopes as well."""

    __slots__ = ()

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
    def __call__(self) -> RequestHandler:
        return _OcpiProtocol(self, loop=self._loop, **self._kwargs)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


@asynccontextmanager
async def listening(
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
    sock: socket.socket,
    *,
    max_body_bytes: int,
    shutdown_s: float,
    certificates: Certificates | None = None,
) -> AsyncIterator[None]:
    """Serve a handler on a socket; on the way out stop accepting, and let running requests finish."""
    loop = asyncio.get_running_loop()

    def request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=max_body_bytes)

    server = _OcpiServer(
        handler,
        request_factory=request,
        access_log=None,
        keepalive_timeout=KEEP_ALIVE_S,
        max_line_size=MAX_TARGET,
        max_field_size=MAX_TARGET,
        auto_decompress=False,
    )
    async with accepting(web.ServerRunner(server, shutdown_timeout=shutdown_s), sock, certificates):
        yield


@asynccontextmanager
async def accepting(
    runner: web.BaseRunner, sock: socket.socket, certificates: Certificates | None
) -> AsyncIterator[None]:
    """Let a runner accept on a socket, with TLS where there are certificates. Raises OSError for unusable ones."""
    door = _Door(runner, sock)
    await runner.setup()
    try:
        await door.open(certificates.context() if certificates else None)
        async with doing(*_watched(certificates, door)):
            yield
    finally:
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
