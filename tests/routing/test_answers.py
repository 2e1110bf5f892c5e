"""What a party answered, judged: rows 17 to 27 of the decision table, each in every shape met in the field."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.answers import Answer, envelope, open_envelope, pass_on, without
from routing.catalogue import operation_of
from routing.errors import (
    HubRejected,
    InvalidAnswer,
    MethodNotAllowed,
    OcpiError,
    ReceiverOverloaded,
    UnknownPath,
)
from routing.message import parse_json
from routing.ocpi import Interface, PartyId

WHO = PartyId("NL", "TNM")
NOW = "2026-01-02T03:04:05Z"
ENVELOPE = (
    b'{ "status_code":1000,\n"data" : {"kwh": 1.50, "x-custom":"\xc3\xa9\\u00e9"},"timestamp":"2026-01-01T00:00:00Z"}'
)
GOT = operation_of("locations", Interface.SENDER, "GET", "/LOC1")
PUSH = operation_of("locations", Interface.RECEIVER, "PUT", "/NL/TNM/LOC1")
COMMAND = operation_of("commands", Interface.RECEIVER, "POST", "/START_SESSION")


def refused(code: int) -> bytes:
    return json.dumps({"status_code": code, "status_message": "no", "timestamp": NOW}).encode()


def answer(http: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(http, {name.replace("_", "-"): value for name, value in headers.items()}, body)


# rows 17, 20 and 25: an envelope is passed on, whatever the party says in it
@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize(
    ("http", "body", "code"),
    [
        (200, ENVELOPE, 1000),
        (201, ENVELOPE, 1000),
        (202, ENVELOPE, 1000),
        (200, refused(2001), 2001),
        (200, refused(2999), 2999),
        (200, refused(3001), 3001),
        (200, refused(4003), 4003),
        (400, refused(2001), 2001),
        (404, refused(2004), 2004),
        (404, refused(2001), 2001),
        (405, refused(2000), 2000),
        (422, refused(2001), 2001),
        (500, refused(3000), 3000),
        (503, refused(3000), 3000),
    ],
)
def test_an_envelope_is_passed_on_byte_for_byte(http: int, body: bytes, code: int, method: str) -> None:
    passed = pass_on(answer(http, body), WHO, method, None, lambda: NOW)
    assert (passed.http, passed.body, passed.code) == (http, body, code)


# row 18
@pytest.mark.parametrize("body", [b"", b" \r\n"])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST", "DELETE"])
@pytest.mark.parametrize(("http", "expected"), [(200, 200), (201, 201), (202, 200), (204, 200), (205, 200)])
def test_a_push_may_be_answered_without_a_body(http: int, expected: int, method: str, body: bytes) -> None:
    passed = pass_on(answer(http, body), WHO, method, PUSH, lambda: NOW)
    assert (passed.http, passed.code) == (expected, 1000)
    assert parse_json(passed.body) == {"status_code": 1000, "timestamp": NOW}


@pytest.mark.parametrize(("method", "operation"), [("GET", GOT), ("GET", None), ("POST", COMMAND)])
@pytest.mark.parametrize("http", [200, 204])
def test_whoever_asks_for_something_gets_an_error_for_an_empty_answer(http: int, method: str, operation: Any) -> None:
    with pytest.raises(InvalidAnswer, match="without a body"):
        pass_on(answer(http), WHO, method, operation, lambda: NOW)


# rows 19 and 21 to 27
@pytest.mark.parametrize(
    ("http", "body", "error", "answered"),
    [
        pytest.param(200, b"<html>", InvalidAnswer, (200, 4000), id="19 html"),
        pytest.param(200, b'"OK"', InvalidAnswer, (200, 4000), id="19 bare string"),
        pytest.param(200, b"[]", InvalidAnswer, (200, 4000), id="19 bare list"),
        pytest.param(200, b'{"data": []}', InvalidAnswer, (200, 4000), id="19 no status_code"),
        pytest.param(200, b'{"status_code": "1000"}', InvalidAnswer, (200, 4000), id="19 status_code is text"),
        pytest.param(200, b'{"status_code": true}', InvalidAnswer, (200, 4000), id="19 status_code is true"),
        pytest.param(200, b'{"status_code": 1000', InvalidAnswer, (200, 4000), id="19 cut off"),
        pytest.param(200, b"\x1f\x8b\x08\x00", InvalidAnswer, (200, 4000), id="19 compressed"),
        pytest.param(404, b"", UnknownPath, (404, 2000), id="21 404"),
        pytest.param(404, b"<html>", UnknownPath, (404, 2000), id="21 404 html"),
        pytest.param(405, b"", MethodNotAllowed, (405, 2000), id="21 405"),
        pytest.param(400, b"nope", OcpiError, (200, 2000), id="22"),
        pytest.param(409, b"", OcpiError, (200, 2000), id="22 409"),
        pytest.param(422, b'{"detail": []}', OcpiError, (200, 2000), id="22 422"),
        pytest.param(401, b"", HubRejected, (200, 4003), id="23 401"),
        pytest.param(401, refused(2000), HubRejected, (200, 4003), id="23 401 with envelope"),
        pytest.param(403, refused(2000), HubRejected, (200, 4003), id="23 403"),
        pytest.param(407, b"", HubRejected, (200, 4003), id="23 407"),
        pytest.param(429, b"", ReceiverOverloaded, (429, 4000), id="24"),
        pytest.param(429, refused(2000), ReceiverOverloaded, (429, 4000), id="24 with envelope"),
        pytest.param(500, b"Internal Server Error", InvalidAnswer, (200, 4000), id="26 500"),
        pytest.param(502, b"<html>", InvalidAnswer, (200, 4000), id="26 502"),
        pytest.param(300, ENVELOPE, InvalidAnswer, (200, 4000), id="27 300"),
        pytest.param(301, b"", InvalidAnswer, (200, 4000), id="27 301"),
        pytest.param(304, b"", InvalidAnswer, (200, 4000), id="27 304"),
        pytest.param(307, ENVELOPE, InvalidAnswer, (200, 4000), id="27 307 with envelope"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_anything_else_becomes_an_error_of_the_hub(
    http: int, body: bytes, error: type[OcpiError], answered: tuple[int, int], method: str
) -> None:
    with pytest.raises(error) as raised:
        pass_on(answer(http, body), WHO, method, None, lambda: NOW)
    assert type(raised.value) is error
    assert (raised.value.http, raised.value.code) == answered
    assert "NL*TNM" in raised.value.message


def test_the_wish_to_slow_down_is_passed_on_with_its_time() -> None:
    with pytest.raises(ReceiverOverloaded) as raised:
        pass_on(answer(429, retry_after="17"), WHO, "GET", None, lambda: NOW)
    assert raised.value.headers == {"Retry-After": "17"}


def test_the_methods_that_are_allowed_are_passed_on() -> None:
    with pytest.raises(MethodNotAllowed) as raised:
        pass_on(answer(405, allow="GET, PUT"), WHO, "POST", None, lambda: NOW)
    assert raised.value.headers == {"Allow": "GET, PUT"}


def test_where_a_redirect_leads_is_nobodys_business() -> None:
    with pytest.raises(InvalidAnswer) as raised:
        pass_on(answer(302, location="https://secret.example/"), WHO, "GET", None, lambda: NOW)
    assert "secret" not in raised.value.message
    assert raised.value.headers == {}


@given(st.integers(200, 599), st.binary(), st.sampled_from(["GET", "PUT", "POST", "PATCH", "DELETE"]))
def test_any_answer_is_passed_on_or_becomes_an_error(http: int, body: bytes, method: str) -> None:
    try:
        passed = pass_on(answer(http, body), WHO, method, None, lambda: NOW)
    except OcpiError:
        return
    assert open_envelope(passed.body) is not None


def test_an_envelope_leaves_out_what_is_not_there() -> None:
    assert parse_json(envelope(2001, "é", NOW, [])) == {
        "data": [],
        "status_code": 2001,
        "status_message": "é",
        "timestamp": NOW,
    }
    assert parse_json(envelope(1000, None, NOW)) == {"status_code": 1000, "timestamp": NOW}


def test_the_hub_s_token_is_the_one_thing_that_an_answer_does_not_keep() -> None:
    token = "b9/d0-a-token-of-the-hub"
    spelled = [token.encode(), base64.b64encode(token.encode()), rb"b9\/d0-a-token-of-the-hub"]
    for spelling in spelled:
        assert (
            without(Answer(200, {}, b'{"m": "' + spelling + b'"}'), "another-token-of-the-hub", token).body
            == b'{"m": "***"}'
        )
    for body, short in ((b'{"status_code": 1000}', "1000"), (b"", token), (b"{}", "")):
        answer = Answer(200, {}, body)
        assert without(answer, short) is answer
