"""The one place that calls parties: connections, time-outs, and what network failures mean in OCPI.

It never follows a redirect, never calls an address that the check refuses (whatever DNS says at that moment),
and reads no more of an answer than it was told to.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from routing.addresses import AddressCheck, ForbiddenAddress
from routing.answers import Answer
from routing.errors import ConnectionFailed, InvalidAnswer, NoAnswerInTime, OcpiError
from routing.ocpi import AUTHORIZATION

USER_AGENT: Final = "ocpi-hub"


def authorization(token: str, *, encode: bool) -> str:
    """The Authorization header for a credentials token (OCPI 2.2.1, transport and format, Authorization header)."""
    return "Token " + (base64.b64encode(token.encode()).decode() if encode else token)


class Courier:
    """Calls parties, over kept connections. Close it when done."""

    def __init__(
        self,
        *,
        connect_timeout_s: float,
        party_timeout_s: float,
        max_answer_bytes: int,
        check_address: AddressCheck,
        on_contact: Callable[[str, OcpiError | None], None] | None = None,
    ) -> None:
        self._max_answer_bytes = max_answer_bytes
        self._party_timeout_s = party_timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._check_address = check_address
        self._on_contact = on_contact
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: str,
        url: str,
        *,
        token: str,
        encode_token: bool,
        headers: Mapping[str, str],
        body: bytes = b"",
        timeout_s: float | None = None,
        platform_id: str | None = None,
    ) -> Answer:
        """One request to a party, one answer.

        `timeout_s` bounds the whole exchange, by default `party_timeout_s`. Raises ConnectionFailed (4003) where
        nothing was sent, NoAnswerInTime (4002) where the answer is missing, InvalidAnswer (4000) for what is no HTTP.
        """
        sent = {
            AUTHORIZATION: authorization(token, encode=encode_token),
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
            **headers,
        }
        if body:
            sent["Content-Type"] = "application/json"
        try:
            answer = await self._exchange(method, url, sent, body, timeout_s or self._party_timeout_s)
        except OcpiError as error:
            self._tell(platform_id, error)
            raise
        self._tell(platform_id, None)
        return answer

    async def close(self) -> None:
        """Close every kept connection."""
        if self._session is not None:
            await self._session.close()

    def _tell(self, platform_id: str | None, error: OcpiError | None) -> None:
        if platform_id is not None and self._on_contact is not None:
            self._on_contact(platform_id, error)

    async def _exchange(self, method: str, url: str, headers: dict[str, str], body: bytes, timeout_s: float) -> Answer:
        started = time.perf_counter()
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=None, sock_connect=self._connect_timeout_s)
        try:
            target = URL(url, encoded=True)
            self._check_literal(target.host or "")
            async with self._opened().request(
                method, target, headers=headers, data=body or None, timeout=timeout, allow_redirects=False
            ) as response:
                content = await self._read(response)
                return Answer(
                    response.status,
                    {name.lower(): value for name, value in response.headers.items()},
                    content,
                    (time.perf_counter() - started) * 1000,
                )
        except Exception as error:
            raise _as_ocpi(error, url) from error

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        content = bytearray()
        async for chunk in response.content.iter_any():
            content += chunk
            if len(content) > self._max_answer_bytes:
                raise InvalidAnswer(f"the answer is larger than {self._max_answer_bytes} bytes")
        return bytes(content)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=0, limit_per_host=64, resolver=_CheckedResolver(self._check_address), ttl_dns_cache=10
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("Accept-Encoding", "Content-Type"),
            )
        return self._session

    def _check_literal(self, host: str) -> None:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return
        self._check_address(address)


class _CheckedResolver(AbstractResolver):
    """DNS whose answers are checked before anything connects: a name may lead inside at any moment."""

    def __init__(self, check_address: AddressCheck) -> None:
        self._check_address = check_address
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for row in found:
            self._check_address(ipaddress.ip_address(row["host"]))
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _as_ocpi(error: Exception, url: str) -> OcpiError:
    """What a network failure means for the caller. The URL is the party's, and not for the caller to see."""
    match error:
        case OcpiError():
            return error
        case ForbiddenAddress():
            return ConnectionFailed(f"the receiver's address may not be called: {error}")
        case aiohttp.ConnectionTimeoutError():
            return ConnectionFailed("the receiver did not accept a connection in time")
        case asyncio.TimeoutError():
            return NoAnswerInTime()
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError() | ssl.SSLError():
            return ConnectionFailed("the receiver's TLS certificate or handshake is not valid")
        case aiohttp.ClientConnectorDNSError():
            return ConnectionFailed("the receiver's host name is unknown")
        case aiohttp.ClientConnectorError():
            return ConnectionFailed("the receiver does not accept connections")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError() | aiohttp.ClientResponseError():
            return InvalidAnswer("the receiver's answer broke off or is not HTTP")
        case aiohttp.InvalidURL() | ValueError():
            return ConnectionFailed("the receiver's address is not a valid URL")
        case aiohttp.ClientError() | OSError():
            return ConnectionFailed()
        case _:
            raise error
