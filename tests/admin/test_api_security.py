"""What somebody who means harm might try at the API: more than a role allows, traps in bodies, script in names."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from admin.keys import AdminRole
from admin.routes import ROUTES
from hub import log
from hub.testing import FakeEmsp
from tests.admin.door import BOOTSTRAP, PROBLEM, Door
from tests.admin.stores import one_store
from tests.admin.test_journal_api import join, told

store_kind = one_store

SCRIPT = "<script>alert(document.cookie)</script>"


@pytest.fixture
def logged() -> Iterator[None]:
    """The log as the hub sets it up, for as long as the test runs."""
    handlers, level = logging.root.handlers[:], logging.root.level
    log.set_up("debug", "json")
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


HEADERS: list[dict[str, str]] = [
    {"X-HTTP-Method-Override": "GET"},
    {"X-Original-URL": "/api/v1/platforms"},
    {"X-Role": "owner", "Role": "owner", "X-Forwarded-User": "owner"},
    {"Cookie": "role=owner; session=owner"},
    {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1"},
]


async def test_no_header_makes_a_role_higher_than_it_is(door: Door) -> None:
    body = json.dumps({"name": "mine", "role": "owner"}).encode()
    for role in (AdminRole.VIEWER, AdminRole.OPERATOR):
        for headers in HEADERS:
            shown = {"Authorization": f"Bearer {door.keys[role]}", **headers}
            assert (await door.raw("POST", "/api/v1/keys", body, shown)).status == 403
    assert all(item["name"] != "mine" for item in (await door.call("GET", "/keys")).json["items"])


PATHS = [
    "//api/v1/keys",
    "/api//v1/keys",
    "/API/v1/keys",
    "/api/v1/keys/",
    "/api/v1/%6beys",
    "/api/v1/platforms/../keys",
    "/api/v1/platforms/%2e%2e/keys",
    "/static/../api/v1/keys",
    "/healthz/../api/v1/keys",
    "/api/v1;x=/keys",
    "/api%2fv1%2fkeys",
]


async def test_no_spelling_of_a_path_leads_around_the_guard(door: Door) -> None:
    viewer = {"Authorization": f"Bearer {door.keys[AdminRole.VIEWER]}"}
    for path, headers in itertools.product(PATHS, ({}, viewer)):
        answer = await door.raw("GET", path, headers=headers)
        assert answer.status >= 400 or answer.status == 303, (path, answer.status)
        assert b'"items"' not in answer.body


async def test_two_keys_in_one_request_are_not_added_up(door: Door) -> None:
    """The first of two headers counts, or none: never the higher of them for what the other was checked for."""
    viewer, owner = door.keys[AdminRole.VIEWER], door.keys[AdminRole.OWNER]
    answer = await door.raw("GET", "/api/v1/keys", headers={"Authorization": f"Bearer {viewer}, Bearer {owner}"})
    assert answer.status == 401


BODIES = [
    b"[" * 200_000,
    b'{"name":' * 100_000 + b"1" + b"}" * 100_000,
    b'{"name": "x", "roles": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    b'{"name": ' + b"9" * 500_000 + b"}",
    b'{"name": 1e999999999}',
    b'{"name": "\xff\xfe"}',
    b'{"name": "\\ud800"}',
    b'{"name": "a\\u0000b"}',
    b'{"name": "' + b"x" * 900_000 + b'"}',
    b'{"name": "x", "name": "y"}',
    b'{"__proto__": {"role": "owner"}, "name": "x"}',
    b"\x1f\x8b\x08",
    b"NaN",
    b"null",
    b'""',
    b"",
]


async def test_no_body_is_a_trap(door: Door) -> None:
    for route, body in itertools.product(ROUTES, BODIES):
        if route.body is None:
            continue
        place = "/api/v1" + route.path.replace("{id}", "nobody")
        answer = await door.raw(route.method, place, body, {"Authorization": f"Bearer {door.keys[AdminRole.OWNER]}"})
        assert answer.status in (400, 404, 413, 422), (route.path, answer.status, answer.body[:200])
        assert answer.headers["Content-Type"].split(";")[0] == PROBLEM
        assert len(answer.body) < 10_000, "a problem does not repeat what was sent"


VALUES = ["%00", "a%00b", "%ed%a0%80", "%ff", "'%20OR%201=1--", "%0d%0aX-Evil:%201", "a" * 5000]


async def test_no_parameter_is_a_trap(door: Door) -> None:
    for route, value in itertools.product(ROUTES, VALUES):
        if route.method != "GET":
            continue
        place = "/api/v1" + route.path.replace("{id}", value)
        names = route.query.model_fields
        for query in [f"?{name}={value}" for name in names] or [""]:
            answer = await door.raw(
                "GET", place + query, headers={"Authorization": f"Bearer {door.keys[AdminRole.OWNER]}"}
            )
            assert answer.status < 500, (place + query, answer.body[:300])
            assert "X-Evil" not in answer.headers


async def test_script_in_a_name_comes_back_as_data(door: Door) -> None:
    emsp = FakeEmsp("DE*ABC", name=SCRIPT)
    async with emsp:
        platform = await join(door, emsp)
        await emsp.send("GET", "locations", f"/{SCRIPT.replace('/', '%2F')}", to="NL*TNM", interface="sender")
        (item, *_) = await told(door, "party=DE*ABC")
        for path in (
            f"/platforms/{platform}",
            "/parties",
            "/platforms",
            "/journal",
            f"/journal/{item['id']}",
            "/audit",
        ):
            answer = await door.call("GET", path)
            assert answer.status == 200
            assert answer.headers["Content-Type"].split(";")[0] == "application/json"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src" in answer.headers["Content-Security-Policy"]
        assert SCRIPT in (await door.call("GET", "/parties")).body.decode()


async def test_a_key_is_in_no_log_and_in_no_answer(
    door: Door, logged: None, capsys: pytest.CaptureFixture[str]
) -> None:
    key = door.keys[AdminRole.OWNER]
    texts = []
    for path in (f"/api/v1/platforms?{key}", f"/api/v1/platforms/{key}", f"/{key}", f"/api/v1/journal?party={key}"):
        answer = await door.raw("GET", path, headers={"Authorization": f"Bearer {key}"})
        texts.append((path, answer.body.decode()))
    for method, path, body in [
        ("POST", "/platforms", {"name": "x", "token": key, "versions_url": "http://127.0.0.1:9/"}),
        ("POST", "/platforms", {"name": "x", "token": f"{key} {key}", "versions_url": "http://127.0.0.1:9/"}),
        ("POST", "/keys", {"name": "x", "role": key}),
    ]:
        texts.append((path, (await door.call(method, path, body)).body.decode()))
    await door.hub.store.close()
    texts.append(("503", (await door.call("GET", "/platforms", key=BOOTSTRAP)).body.decode()))
    text = capsys.readouterr().err
    assert "admin request not done" in text
    assert key not in text
    assert BOOTSTRAP not in text
    # an answer may name what is in its own address, and nothing else
    assert [path for path, answer in texts if key in answer and key not in path] == []


async def test_answers_of_the_api_are_kept_by_nobody(door: Door) -> None:
    answers: list[Any] = [
        await door.call("POST", "/keys", {"name": "x", "role": "viewer"}),
        await door.call("GET", "/platforms"),
        await door.call("GET", "/nothing"),
    ]
    assert all("no-store" in answer.headers["Cache-Control"] for answer in answers)
