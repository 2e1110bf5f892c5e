"""What each failure on the way to a party means in OCPI, on real sockets."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from routing.errors import ConnectionFailed, InvalidAnswer, NoAnswerInTime, OcpiError
from tests.routing.sockets import OK, Serve, Talk, call, courier


async def _silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\n \r\n")
        await writer.drain()
        await asyncio.sleep(0.1)


async def _half_a_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    await reader.read()


LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n" + b" " * 10_001


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        pytest.param(_silent, NoAnswerInTime, 4002, id="silent"),
        pytest.param(_endless, NoAnswerInTime, 4002, id="endless"),
        pytest.param(_half_a_head, NoAnswerInTime, 4002, id="half a head"),
        pytest.param(b"", InvalidAnswer, 4000, id="hung up"),
        pytest.param(b"hello\r\n\r\n", InvalidAnswer, 4000, id="not HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", InvalidAnswer, 4000, id="cut off"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}", InvalidAnswer, 4000, id="chunk cut off"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n{}", InvalidAnswer, 4000, id="bad length"),
        pytest.param(LARGE, InvalidAnswer, 4000, id="too large"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n", InvalidAnswer, 4000, id="endless header"
        ),
    ],
)
async def test_a_bad_answer_is_an_error_of_the_receiver(
    serve: Serve, answer: bytes | Talk, error: type[OcpiError], code: int
) -> None:
    port = await serve(answer)
    async with courier() as opened:
        with pytest.raises(error) as raised:
            await call(opened, f"http://127.0.0.1:{port}/")
    assert raised.value.code == code
    assert str(port) not in raised.value.message


async def test_as_large_as_allowed_is_not_too_large(serve: Serve) -> None:
    port = await serve(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + b" " * 10_000)
    async with courier() as opened:
        assert len((await call(opened, f"http://127.0.0.1:{port}/")).body) == 10_000


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        async with courier() as opened:
            with pytest.raises(ConnectionFailed):
                await call(opened, f"http://127.0.0.1:{taken.getsockname()[1]}/")


async def test_a_name_that_nobody_has() -> None:
    async with courier(party_timeout_s=5.0) as opened:
        with pytest.raises((ConnectionFailed, NoAnswerInTime)):
            await call(opened, "http://nobody.invalid/")


@pytest.mark.parametrize("url", ["", "nonsense", "http://", "http://[::1", "http://127.0.0.1:99999/", "ftp://x/"])
async def test_an_address_that_is_none(url: str) -> None:
    async with courier() as opened:
        with pytest.raises(ConnectionFailed):
            await call(opened, url)


async def test_a_server_that_accepts_no_connection_in_time() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        try:
            for client in waiting:
                client.setblocking(False)
                client.connect_ex(full.getsockname())
            async with courier(party_timeout_s=5.0) as opened:
                with pytest.raises(ConnectionFailed):
                    await call(opened, f"http://127.0.0.1:{full.getsockname()[1]}/")
        finally:
            for client in waiting:
                client.close()


def _own_certificate(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = folder / "server.pem"
    file.write_bytes(key.private_bytes(pem, private, serialization.NoEncryption()) + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def test_a_certificate_that_nobody_vouches_for(serve: Serve, tmp_path: Path) -> None:
    seen: list[bytes] = []
    port = await serve(OK, seen, ssl=_own_certificate(tmp_path))
    async with courier() as opened:
        with pytest.raises(ConnectionFailed, match="TLS"):
            await call(opened, f"https://localhost:{port}/")
    assert seen == []


async def test_a_server_that_speaks_no_tls(serve: Serve) -> None:
    async def answer_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer_at_once, "127.0.0.1", 0)
    try:
        async with courier() as opened:
            with pytest.raises(ConnectionFailed, match="TLS"):
                await call(opened, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    finally:
        server.close()


async def test_one_exchange_may_be_given_less_time(serve: Serve) -> None:
    port = await serve(_silent)
    loop = asyncio.get_running_loop()
    async with courier(party_timeout_s=30.0) as opened:
        started = loop.time()
        with pytest.raises(NoAnswerInTime):
            await call(opened, f"http://127.0.0.1:{port}/", timeout_s=0.2)
    assert loop.time() - started < 5
