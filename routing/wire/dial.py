"""Opens connections: addresses checked, the next address where one does not answer, TLS, all within one time."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from typing import Final

from aiohappyeyeballs import start_connection

from routing.addresses import AddressCheck
from routing.wire.connection import Connection
from routing.wire.errors import Busy, NotAccepted, NotAcceptedInTime, TlsFailed
from routing.wire.names import Names
from routing.wire.request import Origin
from routing.wire.tls import PartyTls, party_tls

NEXT_ADDRESS_S: Final = 0.25
"""How long one address may be silent before the next is tried beside it (RFC 8305, 5)."""
TLS_GOODBYE_S: Final = 1.0
_NO_MORE_FILES: Final = (errno.EMFILE, errno.ENFILE)
_VERIFY: Final = {
    10: "it has expired",
    9: "it is not valid yet",
    62: "it is for another host",
    64: "it is for another host",
}


class Dialler:
    """Opens connections to origins."""

    def __init__(
        self, *, check_address: AddressCheck, connect_timeout_s: float, max_answer_bytes: int, tls: PartyTls | None
    ) -> None:
        self._names = Names(check_address)
        self._connect_timeout_s = connect_timeout_s
        self._max_answer_bytes = max_answer_bytes
        self._tls = tls

    async def connect(self, origin: Origin, deadline: float) -> Connection:
        """An open connection. Raises NotConnected or ForbiddenAddress."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(min(deadline, loop.time() + self._connect_timeout_s)):
                sock = await self._socket(origin)
                return await self._over(sock, origin, Connection(loop, self._max_answer_bytes))
        except TimeoutError:
            raise NotAcceptedInTime() from None

    async def _socket(self, origin: Origin) -> socket.socket:
        addresses = await self._names.addresses(origin.host, origin.port)
        try:
            sock = await start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS_S, interleave=1)
        except OSError as error:
            if error.errno in _NO_MORE_FILES:
                raise Busy("the hub has no more connections to give") from error
            # the library's frames hold the error that holds them: it would wait for the garbage collector
            raise NotAccepted() from error.with_traceback(None)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return sock

    async def _over(self, sock: socket.socket, origin: Origin, connection: Connection) -> Connection:
        """The connection over a connected socket, with TLS where the origin has it."""
        loop = asyncio.get_running_loop()
        try:
            if origin.is_tls:
                await loop.create_connection(
                    lambda: connection,
                    sock=sock,
                    ssl=self._client_tls(),
                    server_hostname=origin.host,
                    ssl_handshake_timeout=self._connect_timeout_s,
                    ssl_shutdown_timeout=TLS_GOODBYE_S,
                )
            else:
                await loop.create_connection(lambda: connection, sock=sock)
        except BaseException as error:
            sock.close()
            if isinstance(error, OSError) and not isinstance(error, TimeoutError):
                raise (_tls_failed(error) if origin.is_tls else NotAccepted()) from error
            raise
        return connection

    def _client_tls(self) -> PartyTls:
        if self._tls is None:
            self._tls = party_tls()  # reads every authority of the system: not before it is needed
        return self._tls


def _tls_failed(error: OSError) -> TlsFailed:
    """In words, without the name of the host, which is not for everybody to read."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsFailed(f"the TLS certificate is not valid: {_VERIFY.get(error.verify_code, 'nobody vouches for it')}")
    return TlsFailed("the TLS handshake failed")
