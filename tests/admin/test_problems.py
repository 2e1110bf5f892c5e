"""What is told when something cannot be done: always a problem, never a 500 for what a caller sent."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlsplit

import pytest

from admin.problems import problem_of
from admin.routes import ROUTES
from hub.store import StoreUnavailable
from tests.admin.door import BOOTSTRAP, PROBLEM, Answer, Door
from tests.admin.stores import one_store

store_kind = one_store

KEY = {"Authorization": f"Bearer {BOOTSTRAP}"}
GARBAGE = (
    b"",
    b"not json",
    b"{",
    b"\xff\xfe\x00",
    b'{"name": "\\ud800"}',
    b'{"name": "a\\u0000b"}',
    b"[]",
    b"null",
    b"42",
    b'"text"',
    b"[" * 5_000,
    b'{"name":' * 5_000,
    b"9" * 10_000,
    b'{"name": NaN}',
    b'{"rate_limit": {"requests_per_s": NaN, "burst": 1e999}}',
    b'{"name": {"a": 1}, "roles": {"a": 1}, "cpo": 5, "emsp": null, "role": [], "effect": {}}',
    json.dumps({"name": "x" * 100_000}).encode(),
)


def is_problem(answer: Answer, status: int) -> None:
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.json["status"] == status
    assert answer.json["title"]
    assert answer.json["detail"]
    for error in answer.json.get("errors", ()):
        assert set(error) == {"field", "message"}


async def test_garbage_is_told_as_a_problem(door: Door) -> None:
    platform = await door.invite()
    for route in ROUTES:
        if route.body is None:
            continue
        for body in GARBAGE:
            answer = await door.call(route.method, route.path.replace("{id}", platform["id"]), body)
            assert answer.status in (400, 422), (route.path, body[:60])
            is_problem(answer, answer.status)


async def test_what_is_not_there_is_told_as_a_problem(door: Door) -> None:
    for method, path, status in [
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/platforms/", 404),
        ("PUT", "/api/v1/platforms", 405),
        ("POST", "/healthz", 405),
        ("PROPFIND", "/api/v1/platforms", 405),
        ("GET", "/api/v1/platforms?limit=0", 422),
        ("GET", "/api/v1/platforms?limit=501", 422),
        ("GET", "/api/v1/platforms?limit=ten", 422),
        ("GET", "/api/v1/platforms?colour=red", 422),
        ("GET", "/api/v1/platforms/%00", 404),
        ("GET", "/api/v1/platforms/%ff%fe", 404),
        ("GET", "/api/v1/platforms/" + "x" * 2000, 404),
        ("GET", "/api/v1/platforms/nobody", 404),
        ("POST", "/api/v1/platforms/nobody/suspend", 404),
        ("POST", "/api/v1/platforms/nobody/resume", 404),
        ("POST", "/api/v1/platforms/nobody/invite", 404),
        ("POST", "/api/v1/platforms/nobody/rotate", 404),
        ("DELETE", "/api/v1/platforms/nobody", 404),
        ("DELETE", "/api/v1/agreements/nobody", 404),
        ("DELETE", "/api/v1/keys/nobody", 404),
    ]:
        answer = await door.raw(method, path, headers=KEY)
        is_problem(answer, status)
        assert ("Allow" in answer.headers) is (status == 405)


async def test_a_cursor_of_somebody_else_does_no_harm(door: Door) -> None:
    await door.invite()
    for path in ("/platforms", "/agreements", "/parties", "/audit", "/keys"):
        for cursor in ("", "x", "~", "~~", "~~~", "nan~x", "%00", "1e999~x", "9" * 100, "-1", "a'b", "%ff"):
            answer = await door.call("GET", f"{path}?cursor={cursor}")
            if answer.status != 200:
                is_problem(answer, 422)
                assert answer.fields == {"cursor"}


async def test_a_body_beyond_all_measure_is_refused(door: Door) -> None:
    is_problem(await door.call("POST", "/platforms", b'"' + b"x" * 2_000_000 + b'"'), 413)


async def test_a_body_that_does_not_unpack_is_refused(door: Door) -> None:
    headers = {**KEY, "Content-Encoding": "gzip"}
    is_problem(await door.raw("POST", "/api/v1/platforms", b"this is not gzip", headers), 400)


async def test_the_api_tells_a_problem_to_a_browser_too(door: Door) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    is_problem(await door.raw("GET", "/api/v1/platforms", headers=browser), 401)
    is_problem(await door.raw("GET", "/api/v1/platforms/nobody", headers=KEY | browser), 404)
    assert (await door.raw("GET", "/nothing", headers=browser)).headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("FOO /api/v1/platforms HTTP/1.1\r\nHost: x\r\n\r\n", "Invalid method encountered"),
        ("GET /api/v1/platforms/\xfc HTTP/1.1\r\nHost: x\r\n\r\n", "Invalid char in url path"),
        ("GET /api/v1/platforms HTTP/1.1\r\nHost: x\r\nno header\r\n\r\n", "Invalid header token"),
        (f"GET /{'x' * 20_000} HTTP/1.1\r\nHost: x\r\n\r\n", "Got more than 8190 bytes"),
        ("POST /login HTTP/1.1\r\nHost: x\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}", "Can not decode"),
    ],
)
async def test_what_is_no_request_is_told_as_a_problem(
    door: Door, caplog: pytest.LogCaptureFixture, head: str, reason: str
) -> None:
    parts = urlsplit(door.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(head.encode("latin-1"))
    told, body = (await reader.read()).split(b"\r\n\r\n", 1)
    writer.close()
    assert (b" 400 " in told, f"Content-Type: {PROBLEM}".encode() in told) == (True, True), told
    assert json.loads(body)["detail"].startswith(reason)
    assert [record for record in caplog.records if record.exc_info] == [], "a stranger fills no log with tracebacks"


async def test_a_caller_that_hangs_up_does_no_harm(door: Door) -> None:
    parts = urlsplit(door.url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = (
        f"POST /api/v1/platforms HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {BOOTSTRAP}\r\nContent-Length: 99\r\n\r\n"
    )
    writer.write(head.encode() + b'{"name"')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await door.call("GET", "/platforms")).json["items"] == []


async def test_each_bad_field_of_a_platform_is_named(door: Door) -> None:
    for body, fields in [
        ({}, {"name"}),
        ({"name": "x"}, {"roles"}),
        ({"name": " ", "roles": []}, {"name"}),
        ({"name": "x", "role": "CPO"}, {"role"}),
        ({"name": "x", "token": "abc"}, {"versions_url"}),
        ({"name": "x", "versions_url": "http://127.0.0.1:1/"}, {"token"}),
        ({"name": "x", "versions_url": "ftp://127.0.0.1/", "token": "abc"}, {"versions_url"}),
        ({"name": "x", "versions_url": "http://127.0.0.1:1/", "token": "a b"}, {"token"}),
        ({"name": "x", "roles": [{"role": "HUB", "country_code": "NLD", "party_id": "T*"}]}, None),
        ({"name": "x", "roles": [{"role": "CPO", "country_code": "NL", "party_id": "HUB"}]}, {"roles.0"}),
        ({"name": "x", "roles": [], "counterpart": "DE*ABCD"}, {"counterpart"}),
    ]:
        answer = await door.call("POST", "/platforms", body)
        is_problem(answer, 422)
        assert answer.fields == (fields or {"roles.0.role", "roles.0.country_code", "roles.0.party_id"})


def test_what_nobody_expected_is_told_without_its_text() -> None:
    problem = problem_of(RuntimeError("a secret"))
    assert problem.status == 500
    assert "secret" not in problem.detail


def test_a_store_that_does_not_answer_is_a_503_without_its_address() -> None:
    problem = problem_of(StoreUnavailable("connection to db.example refused"))
    assert problem.status == 503
    assert "example" not in problem.detail
