"""Parties that speak bytes, and an authority that vouches for what a test wants it to."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from routing.addresses import AddressCheck, check_nothing
from routing.answers import Answer
from routing.wire import Wire
from tests.routing.sockets import Talk, read_request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Port:
    """A port of a party, and what happened there."""

    number: int = 0
    connections: int = 0
    hung_up: int = 0
    talking: set[Any] = field(default_factory=set)

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.number}{path}"

    async def close(self) -> None:
        for task in self.talking:
            task.cancel()
        await asyncio.gather(*self.talking, return_exceptions=True)


Party = Callable[..., Awaitable[Port]]


@asynccontextmanager
async def wire(check: AddressCheck = check_nothing, **more: Any) -> AsyncIterator[Wire]:
    values: dict[str, Any] = {"connect_timeout_s": 2.0, "max_answer_bytes": 10_000}
    opened = Wire(check_address=check, **(values | more))
    try:
        yield opened
    finally:
        await opened.close()


async def get(by: Wire, url: str, *, method: str = "GET", body: bytes = b"", timeout_s: float = 5.0) -> Answer:
    return await by.request(method, url, {"Accept": "application/json"}, body, timeout_s=timeout_s)


def saying(*answers: bytes) -> Talk:
    """A conversation: after each request the next of these, again from the first; the connection stays open."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            for answer in answers:
                await read_request(reader)
                writer.write(answer)
                await writer.drain()

    return talk


def closing_after(answer: bytes) -> Talk:
    """A conversation: the answer to one request, and the end."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)
        await writer.drain()

    return talk


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it; the test's own time limit is the end of patience."""
    while not condition():  # noqa: ASYNC110 (what a party's socket sees sets no event)
        await asyncio.sleep(0.01)


class Authority:
    """A certificate authority of a test's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of a test")])
        certificate = (
            self._builder(self._name, self._key, 1)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / "authority.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, host: str = "localhost", *, days: int = 1) -> ssl.SSLContext:
        """The TLS of a party with a certificate for `host` that ends in so many days."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = (
            self._builder(name, key, days)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        file = self._folder / f"{host}{days}.pem"
        file.write_bytes(key.private_bytes(pem, private, serialization.NoEncryption()) + certificate.public_bytes(pem))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return x509.CertificateBuilder(
            self._name,
            name,
            key.public_key(),
            x509.random_serial_number(),
            now - datetime.timedelta(days=10),
            now + datetime.timedelta(days=days),
        )
