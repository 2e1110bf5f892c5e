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

from hub.door import refusal
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
    tls: ssl.SSLContext | None = None,
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
    runner = web.ServerRunner(server, shutdown_timeout=shutdown_s)
    await runner.setup()
    try:
        await web.SockSite(runner, sock, ssl_context=tls).start()
        yield
    finally:
        await runner.cleanup()
