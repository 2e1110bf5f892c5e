"""The courier on real sockets: what it sends, what it brings back, and where it must not go."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from routing.addresses import check_public
from routing.errors import ConnectionFailed, InvalidAnswer, OcpiError
from tests.routing.sockets import OK, Serve, call, courier

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
