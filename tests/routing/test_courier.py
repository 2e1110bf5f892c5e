"""The courier on real sockets: what it sends, what it brings back, and what each failure means in OCPI."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from routing.addresses import AddressCheck, check_nothing, check_public
from routing.courier import Courier
from routing.errors import ConnectionFailed, InvalidAnswer, NoAnswerInTime, OcpiError

Serve = Callable[..., Awaitable[int]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Total-Count: 7\r\n\r\n{}"


@asynccontextmanager
async def courier(check: AddressCheck = check_nothing, **more: Any) -> AsyncIterator[Courier]:
    values: dict[str, Any] = {"connect_timeout_s": 0.5, "party_timeout_s": 1.0, "max_answer_bytes": 10_000}
    opened = Courier(check_address=check, **(values | more))
    try:
        yield opened
    finally:
        await opened.close()


async def call(to: Courier, url: str, method: str = "GET", **more: Any) -> Any:
    return await to.call(method, url, **({"token": "secret", "encode_token": True, "headers": {}} | more))


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers on loopback: `await serve(answer, seen)` gives the port; `answer` is bytes or a conversation."""
    async with AsyncExitStack() as stack:

        async def start(answer: bytes | Talk, seen: list[bytes] | None = None, **more: Any) -> int:
            async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                try:
                    request = await _request(reader)
                    if seen is not None:
                        seen.append(request)
                    if isinstance(answer, bytes):
                        writer.write(answer)
                        await writer.drain()
                    else:
                        await answer(reader, writer)
                except (ConnectionError, asyncio.IncompleteReadError):
                    pass
                finally:
                    writer.close()

            server = await asyncio.start_server(talk, "127.0.0.1", 0, **more)
            stack.callback(server.close)
            return int(server.sockets[0].getsockname()[1])

        yield start


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
    return head + await reader.readexactly(int(length.partition(b":")[2]))


# --- what is sent and what comes back --------------------------------------------------------------------------------


async def test_an_answer_is_brought_back_as_it_came(serve: Serve) -> None:
    port = await serve(b'HTTP/1.1 404 Nope\r\nX-ODD-case: 1\r\nContent-Length: 9\r\n\r\n{ "a":1.0')
    async with courier() as opened:
        answer = await call(opened, f"http://127.0.0.1:{port}/")
    assert (answer.http, answer.body, answer.headers["x-odd-case"]) == (404, b'{ "a":1.0', "1")
    assert answer.ms > 0


async def test_path_query_and_body_go_out_byte_for_byte(serve: Serve) -> None:
    seen: list[bytes] = []
    port = await serve(OK, seen)
    body = '{ "kwh" : 1.50, "é":"\\u00e9" }'.encode()
    async with courier() as opened:
        await call(opened, f"http://127.0.0.1:{port}/a%2Fb/%7E%41//c?x=%20+&y=%7e&z", "PUT", body=body)
    assert seen[0].startswith(b"PUT /a%2Fb/%7E%41//c?x=%20+&y=%7e&z HTTP/1.1\r\n")
    assert seen[0].endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    ("encode", "expected"), [(True, b"Authorization: Token c2VjcmV0\r\n"), (False, b"Authorization: Token secret\r\n")]
)
async def test_the_right_token_is_shown_in_the_right_form(serve: Serve, encode: bool, expected: bytes) -> None:
    seen: list[bytes] = []
    port = await serve(OK, seen)
    async with courier() as opened:
        await call(opened, f"http://127.0.0.1:{port}/", encode_token=encode, headers={"X-Request-ID": "abc"})
    assert expected in seen[0]
    assert b"X-Request-ID: abc\r\n" in seen[0]


async def test_the_content_type_is_told_only_with_a_body(serve: Serve) -> None:
    seen: list[bytes] = []
    port = await serve(OK, seen)
    async with courier() as opened:
        await call(opened, f"http://127.0.0.1:{port}/", "POST", body=b"{}")
        await call(opened, f"http://127.0.0.1:{port}/")
    assert b"\r\ncontent-type: application/json\r\n" in seen[0].lower()
    assert b"content-type" not in seen[1].lower()
    assert b"accept-encoding" not in seen[1].lower()


async def test_redirects_are_not_followed(serve: Serve) -> None:
    seen: list[bytes] = []
    elsewhere = await serve(OK, seen)
    port = await serve(
        f"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:{elsewhere}/\r\nContent-Length: 0\r\n\r\n".encode()
    )
    async with courier() as opened:
        assert (await call(opened, f"http://127.0.0.1:{port}/")).http == 307
    assert seen == []


async def test_no_cookie_is_kept(serve: Serve) -> None:
    seen: list[bytes] = []
    port = await serve(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}", seen)
    async with courier() as opened:
        for _ in range(2):
            await call(opened, f"http://127.0.0.1:{port}/")
    assert all(b"cookie" not in request.lower() for request in seen)


# --- failures --------------------------------------------------------------------------------------------------------


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


# --- where it must not go --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "[::ffff:127.0.0.1]"],
)
async def test_nothing_inside_is_called_whatever_dns_says(serve: Serve, host: str) -> None:
    seen: list[bytes] = []
    port = await serve(OK, seen)
    async with courier(check_public) as opened:
        with pytest.raises(ConnectionFailed):
            await call(opened, f"http://{host}:{port}/")
    assert seen == []


async def test_a_name_that_later_leads_inside_is_not_called(serve: Serve) -> None:
    seen: list[bytes] = []
    port = await serve(OK, seen)
    allowed = True

    def check(address: Any) -> None:
        if not allowed:
            check_public(address)

    async with courier(check) as opened:
        assert (await call(opened, f"http://localhost:{port}/")).http == 200
    allowed = False
    async with courier(check) as opened:
        with pytest.raises(ConnectionFailed, match="may not be called"):
            await call(opened, f"http://localhost:{port}/")
    assert len(seen) == 1


# --- who is told -----------------------------------------------------------------------------------------------------


async def test_every_contact_is_told_and_every_failure_too(serve: Serve) -> None:
    told: list[tuple[str, type[OcpiError] | None]] = []
    good, bad = await serve(OK), await serve(b"")
    async with courier(on_contact=lambda who, error: told.append((who, type(error) if error else None))) as opened:
        await call(opened, f"http://127.0.0.1:{good}/", platform_id="good")
        with pytest.raises(InvalidAnswer):
            await call(opened, f"http://127.0.0.1:{bad}/", platform_id="bad")
        await call(opened, f"http://127.0.0.1:{good}/")
    assert told == [("good", None), ("bad", InvalidAnswer)]


async def test_a_connection_that_the_party_closed_is_opened_again(serve: Serve) -> None:
    seen: list[bytes] = []
    port = await serve(OK, seen)  # says nothing of closing, and closes
    async with courier() as opened:
        for method in ("GET", "POST", "PUT"):
            await call(opened, f"http://127.0.0.1:{port}/", method)
            await asyncio.sleep(0.05)
    assert len(seen) == 3
