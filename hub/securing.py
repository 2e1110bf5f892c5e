"""Accepts connections that begin with TLS, bounded in number and in time from the first moment.

A server of the event loop would accept them by itself, but then nobody knows of a connection, or can close it, before
TLS is agreed on.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog

log = structlog.get_logger(__name__)

Make = Callable[[], asyncio.BaseProtocol]

HANDSHAKE_S: Final = 10.0
"""How long a connection may take to begin with TLS."""
EXHAUSTED_S: Final = 1.0
"""How long nobody is accepted when the system has no file or memory left for a connection."""


class Securing:
    """Takes connections through their TLS handshake, and gives each a protocol of the door.

    A handshake costs the hub fifty kilobytes. So many may be under way at the same time; one more, and the oldest gives
    way.
    """

    def __init__(self, make: Make, context: ssl.SSLContext, *, within_s: float, at_most: int) -> None:
        self._make = make
        self._context = context
        self._within_s = within_s
        self._at_most = at_most
        self._under_way: dict[asyncio.Task[None], None] = {}
        """The oldest first."""

    def use(self, context: ssl.SSLContext) -> None:
        """Begin with this context from now on; connections that are open stay as they are."""
        self._context = context

    async def accept(self, sock: socket.socket) -> None:
        """Accept on a listening socket, for ever."""
        loop = asyncio.get_running_loop()
        sock.setblocking(False)
        while True:
            try:
                connection, _ = await loop.sock_accept(sock)
            except ConnectionError:
                continue  # it was gone before its turn came
            except OSError as error:
                log.error("no connection accepted", reason=str(error))
                await asyncio.sleep(EXHAUSTED_S)
                continue
            self._begin(connection)
            await asyncio.sleep(0)  # a crowd must not keep the loop from those who are in

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _begin(self, connection: socket.socket) -> None:
        if len(self._under_way) >= self._at_most:
            oldest = next(iter(self._under_way))
            del self._under_way[oldest]
            oldest.cancel()
        task = asyncio.create_task(self._secure(connection), name="TLS handshake")
        self._under_way[task] = None
        task.add_done_callback(partial(self._ended, connection))

    def _ended(self, connection: socket.socket, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        if task.cancelled():  # perhaps before it had begun, and took care of the connection
            connection.close()

    async def _secure(self, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._make, connection, ssl=self._context, ssl_handshake_timeout=self._within_s
            )
        except OSError as error:  # no TLS, not a certificate that is wanted, or not in time
            log.debug("no TLS", reason=str(error))
