"""Host names to addresses, with an address check that no answer of DNS gets around."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
import time
from contextlib import suppress
from typing import Any, Final

from routing.addresses import AddressCheck
from routing.wire.errors import NameUnknown

AddrInfo = tuple[int, int, int, str, Any]

TTL_S: Final = 10.0
"""How long an answer of DNS is used. The resolver does not tell its own; parties move rarely, but they do."""
MAX_NAMES: Final = 10_000


class Names:
    """Resolves, remembers for a moment, and asks once for all who want the same."""

    def __init__(self, check_address: AddressCheck) -> None:
        self._check_address = check_address
        self._known: dict[tuple[str, int], tuple[float, list[AddrInfo]]] = {}
        self._asking: dict[tuple[str, int], asyncio.Future[list[AddrInfo]]] = {}

    async def addresses(self, host: str, port: int) -> list[AddrInfo]:
        """Where to connect, best first. Raises ForbiddenAddress or NameUnknown.

        Checked at each connect, all of them: a name may lead inside at any moment.
        """
        found = _literal(host, port) or await self._resolve((host, port))
        for row in found:
            self._check_address(ipaddress.ip_address(row[4][0]))
        return found

    async def _resolve(self, key: tuple[str, int]) -> list[AddrInfo]:
        expires_at, found = self._known.get(key, (0.0, []))
        if time.monotonic() < expires_at:
            return found
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = _look_up(*key)
            asking.add_done_callback(lambda answered: self._learn(key, answered))
        try:
            return await asyncio.shield(asking)
        finally:
            del asking  # it holds the error, whose traceback holds this frame

    def _learn(self, key: tuple[str, int], answered: asyncio.Future[list[AddrInfo]]) -> None:
        del self._asking[key]
        if answered.cancelled() or answered.exception() is not None:
            return
        if len(self._known) >= MAX_NAMES:
            self._known.clear()
        self._known[key] = (time.monotonic() + TTL_S, answered.result())


def _literal(host: str, port: int) -> list[AddrInfo] | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    place = (host, port) if address.version == 4 else (host, port, 0, 0)
    return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place)]


def _look_up(host: str, port: int) -> asyncio.Future[list[AddrInfo]]:
    """Ask the system's resolver, in a thread of its own.

    A pool would be taken up by a few names whose servers are silent, for everybody else; and its threads would hold
    up the end of the process, which a daemon does not.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[list[AddrInfo]] = loop.create_future()

    def tell(found: list[AddrInfo], error: Exception | None) -> None:
        if answered.done():
            return
        if error is None:
            answered.set_result(found)
        else:
            answered.set_exception(error)

    def ask() -> None:
        found: list[AddrInfo] = []
        error: Exception | None = None
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG))
        except (OSError, UnicodeError):
            error = NameUnknown()
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            loop.call_soon_threadsafe(tell, found, error)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    return answered
