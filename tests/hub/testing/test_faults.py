"""Each fault does what it says, strikes only what it was told to, and ends when it is told to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import pytest

from hub.testing import FAULTS, FakeCpo, FakeEmsp
from hub.testing.faults import Stage


@asynccontextmanager
async def pair(*, emsp_fault: str = "") -> AsyncIterator[tuple[FakeCpo, FakeEmsp]]:
    """A CPO and an eMSP that are registered with each other."""
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        if emsp_fault:
            emsp.misbehave(emsp_fault)
        await cpo.register(emsp.versions_url, emsp.invite())
        yield cpo, emsp


@pytest.mark.parametrize(
    ("fault", "http", "code"),
    [
        *((f"http-{status}", status, None) for status in (400, 401, 403, 404, 422, 429, 500, 503)),
        *((f"ocpi-{code}", 200, code) for code in (2000, 2001, 2002, 2003, 3000, 3001, 3002, 3003)),
        ("ocpi-2004", 404, 2004),
        ("ocpi-500", 500, 3000),
        ("garbage", 200, None),
        ("empty", 200, None),
        ("redirect", 307, None),
    ],
)
async def test_it_answers_as_ordered(fault: str, http: int, code: int | None) -> None:
    async with pair() as (cpo, emsp):
        emsp.misbehave(fault)
        answer = await cpo.push_location("DE*ABC")
        assert (answer.http, answer.status_code) == (http, code)
        emsp.behave()
        assert (await cpo.push_location("DE*ABC")).is_success


async def test_it_says_when_to_come_back_and_where_else_to_go() -> None:
    async with pair() as (cpo, emsp):
        emsp.misbehave("http-429", times=1)
        assert (await cpo.push_location("DE*ABC")).headers["Retry-After"] == "7"
        emsp.misbehave("redirect")
        assert "elsewhere" in (await cpo.push_location("DE*ABC")).headers["Location"]


async def test_it_repeats_what_it_should_not() -> None:
    async with pair() as (cpo, emsp):
        emsp.misbehave("repeats-token")
        assert cpo.peer.token_out in (await cpo.push_location("DE*ABC")).status_message


async def test_slow_is_late_by_so_many_seconds() -> None:
    async with pair() as (cpo, emsp):
        emsp.misbehave("slow", seconds=0.2)
        started = time.monotonic()
        assert (await cpo.push_location("DE*ABC")).is_success
        assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("fault", ["silent", "drip"])
async def test_it_never_comes_to_an_end(fault: str) -> None:
    async with pair() as (cpo, emsp):
        emsp.misbehave(fault)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await cpo.push_location("DE*ABC")
        assert await emsp.saw(method="PUT", module="locations")


@pytest.mark.parametrize(
    ("fault", "error"), [("truncated", aiohttp.ClientPayloadError), ("closed", aiohttp.ServerDisconnectedError)]
)
async def test_it_hangs_up(fault: str, error: type[Exception]) -> None:
    async with pair() as (cpo, emsp):
        emsp.misbehave(fault)
        with pytest.raises(error):
            await cpo.push_location("DE*ABC")


async def test_huge_is_more_than_anybody_wants() -> None:
    async with pair() as (cpo, emsp):
        emsp.misbehave("huge")
        assert len((await cpo.push_location("DE*ABC")).body) == 100_000_000


async def test_who_hangs_up_in_the_middle_of_a_huge_answer_is_no_error_of_the_party(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with pair() as (cpo, emsp):
        emsp.misbehave("huge", times=1)
        address = urlsplit(emsp.versions_url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        token = f"Authorization: Token {emsp.invite()}"
        writer.write(f"GET {address.path} HTTP/1.1\r\nHost: x\r\n{token}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        assert (await cpo.push_location("DE*ABC")).is_success
    assert caplog.records == []


async def test_offline_refuses_at_once_and_comes_back_on_the_same_port() -> None:
    async with pair() as (cpo, emsp):
        url = emsp.versions_url
        for _ in range(2):
            emsp.misbehave("offline")
            with pytest.raises(aiohttp.ClientConnectorError):
                await cpo.push_location("DE*ABC")
            emsp.behave()
            assert emsp.versions_url == url
            assert (await cpo.push_location("DE*ABC")).is_success


async def test_a_party_that_is_offline_ends_like_any_other() -> None:
    async with FakeCpo() as cpo:
        cpo.misbehave("offline")


async def test_stop_and_start_keep_the_port() -> None:
    async with pair() as (cpo, emsp):
        await emsp.stop()
        with pytest.raises(aiohttp.ClientConnectorError):
            await cpo.push_location("DE*ABC")
        await emsp.start()
        assert (await cpo.push_location("DE*ABC")).is_success


async def test_trailing_slash_redirects_what_has_none() -> None:
    async with pair(emsp_fault="trailing-slash") as (cpo, _):
        assert cpo.peer.endpoints["locations", "RECEIVER"].endswith("/locations/")
        bare = await cpo.send("PUT", "locations", "/NL/TNM/LOC1", body={"id": "LOC1"})
        assert (bare.http, bare.headers["Location"]) == (307, bare.url + "/")
        slashed = await cpo.send("PUT", "locations", "/NL/TNM/LOC1/", body={"id": "LOC1"})
        assert slashed.is_success
        assert (await cpo.send("GET", "locations", "/NL/TNM/LOC1/")).data == {"id": "LOC1"}
        assert (await cpo.send("POST", "tokens", "/012345678/authorize/", interface="sender")).is_success


async def test_a_bad_token_is_3000_where_that_quirk_is_on() -> None:
    async with pair() as (cpo, emsp):
        cpo.misbehave("wrong-token")
        assert (await cpo.push_location("DE*ABC")).http == 401
        emsp.misbehave("bad-token-3000")
        answer = await cpo.push_location("DE*ABC")
        assert (answer.http, answer.status_code) == (200, 3000)


async def test_answers_have_wrapped_objects_nulls_and_an_empty_link() -> None:
    async with pair() as (cpo, emsp):
        emsp.misbehave("wrapped-list", module="locations")
        await cpo.push_location("DE*ABC")
        assert isinstance((await cpo.send("GET", "locations", "/NL/TNM/LOC1")).data, list)
        assert isinstance((await cpo.send("GET", "tokens", interface="sender")).data, list)
        emsp.behave()
        emsp.misbehave("nulls")
        location = await cpo.send("GET", "locations", "/NL/TNM/LOC1")
        assert location.data["valid_until"] is location.envelope["status_message"] is None
        assert location.data["name"]
        emsp.behave()
        emsp.misbehave("empty-link")
        assert (await cpo.send("GET", "tokens", interface="sender")).headers["Link"] == ""
        assert "Link" not in (await cpo.send("GET", "locations", "/NL/TNM/LOC1")).headers


async def test_patch_is_not_supported_but_all_else_is() -> None:
    async with pair() as (cpo, emsp):
        emsp.misbehave("patch-unsupported")
        assert (await cpo.send("PATCH", "locations", "/NL/TNM/LOC1", body={"name": "x"})).http == 405
        assert (await cpo.push_location("DE*ABC")).is_success


async def test_what_it_sends_is_odd() -> None:
    async with pair() as (cpo, emsp):
        cpo.misbehave("lowercase-headers")
        await cpo.push_location("DE*ABC")
        assert "ocpi-to-party-id" in {*emsp.seen[-1].headers.keys()}
        cpo.behave()
        cpo.misbehave("no-routing-headers")
        await cpo.push_location("DE*ABC")
        assert not [name for name in emsp.seen[-1].headers if name.lower().startswith("ocpi-")]
        cpo.behave()
        cpo.misbehave("sent-nulls")
        await cpo.push_location("DE*ABC")
        assert emsp.seen[-1].document["valid_until"] is None
        cpo.behave()
        cpo.misbehave("raw-token")
        await cpo.push_location("DE*ABC")
        assert emsp.seen[-1].headers["Authorization"] == f"Token {cpo.peer.token_out}"


async def test_answers_have_no_routing_headers_or_lower_case_ones() -> None:
    async with pair() as (cpo, emsp):
        assert (await cpo.push_location("DE*ABC")).party("from") == "DE*ABC"
        emsp.misbehave("lowercase-headers")
        assert "ocpi-from-party-id" in {*(await cpo.push_location("DE*ABC")).headers.keys()}
        emsp.behave()
        emsp.misbehave("no-routing-headers")
        assert (await cpo.push_location("DE*ABC")).party("from") == "*"


async def test_it_strikes_one_module_so_often_under_a_condition() -> None:
    async with pair() as (cpo, emsp):
        emsp.misbehave("http-500", module="tariffs", times=2)
        assert (await cpo.push_location("DE*ABC")).is_success
        assert [(await cpo.push_tariff("DE*ABC")).http for _ in range(3)] == [500, 500, 201]
        emsp.behave()
        emsp.misbehave("http-500", when=lambda seen: seen.segments[-1] == "LOC7")
        answers = [await cpo.push_location("DE*ABC", id) for id in ("LOC6", "LOC7")]
        assert [answer.http for answer in answers] == [201, 500]


def test_a_fault_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        FakeCpo().misbehave("lightning")


def test_every_fault_has_a_name_and_says_what_it_does() -> None:
    assert all(name == fault.name and fault.meaning for name, fault in FAULTS.items())
    assert all(fault.answer for fault in FAULTS.values() if fault.stage is Stage.ANSWER)
    assert all(fault.body for fault in FAULTS.values() if fault.stage is Stage.BODY)
