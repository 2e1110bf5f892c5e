"""Writing requests: nothing that a caller can choose ends a line, adds a header or changes the framing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.wire.errors import InvalidRequest
from routing.wire.request import Origin, head_of, split


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("https://a.example", "https://a.example", "/"),
        ("https://a.example/", "https://a.example", "/"),
        ("https://a.example/x%2Fy/%7e?q=/a#part", "https://a.example", "/x%2Fy/%7e?q=/a"),
        ("https://a.example?q=1", "https://a.example", "/?q=1"),
        ("https://a.example#part", "https://a.example", "/"),
        ("http://[::1]:8080//x", "http://[::1]:8080", "//x"),
    ],
)
def test_a_url_is_split_and_its_target_left_as_it_is(url: str, origin: str, target: str) -> None:
    assert split(url) == (origin, target)


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/a b",
        "https://a.example/a\r\nHost: b",
        "https://a.example/a\tb",
        "https://a.example/\x00",
        "https://a.example/\x7f",
        "https://a.example/é",
        "https://a.example/ HTTP/1.1",
    ],
)
def test_a_target_that_a_request_line_has_no_place_for_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        split(url)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://A.example", Origin(True, "a.example", 443, "A.example")),
        ("HTTP://a.example:80", Origin(False, "a.example", 80, "a.example")),
        ("https://a.example:8443", Origin(True, "a.example", 8443, "a.example:8443")),
        ("http://[2001:db8::1]:81", Origin(False, "2001:db8::1", 81, "[2001:db8::1]:81")),
        ("http://10.0.0.1", Origin(False, "10.0.0.1", 80, "10.0.0.1")),
    ],
)
def test_an_origin_is_scheme_host_and_port(text: str, expected: Origin) -> None:
    assert Origin.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.example",
        "ftp://a.example",
        "https://",
        "https://user:secret@a.example",
        "https://a.example:0",
        "https://a.example:99999",
        "https://a.example:",
        "https://a.example:8x",
        "https://[::1",
        "https://::1",
        "https://[fe80::1%25eth0]",
        "https://a.example\r\nX: y",
        "https://a example",
        "https://é.example",
    ],
)
def test_what_names_no_host_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        Origin.parse(text)


def test_a_head_has_the_headers_as_given_and_the_framing_of_its_body() -> None:
    head = head_of("PUT", "/x", "a.example:81", {"X-Request-ID": "1", "Authorization": "Token abc="}, 3)
    assert head == (
        b"PUT /x HTTP/1.1\r\nHost: a.example:81\r\n"
        b"X-Request-ID: 1\r\nAuthorization: Token abc=\r\nContent-Length: 3\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("method", "size", "expected"),
    [("GET", 0, False), ("DELETE", 0, False), ("POST", 0, True), ("PATCH", 0, True), ("GET", 2, True)],
)
def test_the_length_is_told_where_a_body_is_expected(method: str, size: int, expected: bool) -> None:
    assert (b"Content-Length: %d\r\n" % size in head_of(method, "/", "a", {}, size)) is expected


@pytest.mark.parametrize("method", ["HEAD", "CONNECT", "OPTIONS", "get", "", "GET /x HTTP/1.1\r\nX: y\r\n\r\nGET"])
def test_other_methods_are_not_sent(method: str) -> None:
    with pytest.raises(InvalidRequest):
        head_of(method, "/", "a", {}, 0)


@pytest.mark.parametrize(
    "name",
    ["", "X Y", "X:", "X\r\nY", "X\0", "é", "Host", "content-length", "Transfer-Encoding", "Connection", "Upgrade"],
)
def test_a_header_name_that_is_none_or_not_the_callers_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        head_of("GET", "/", "a", {name: "1"}, 0)


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\rb", "a\0b", "a\tb", "a\x7fb", "é", "\u2028", "a\x85b"])
def test_a_header_value_that_could_end_its_line_is_refused(value: str) -> None:
    with pytest.raises(InvalidRequest):
        head_of("GET", "/", "a", {"X-Request-ID": value}, 0)


@given(name=st.text(max_size=12), value=st.text(max_size=30))
def test_whatever_is_given_a_head_has_one_line_for_each_header(name: str, value: str) -> None:
    try:
        head = head_of("GET", "/", "a", {name: value}, 0)
    except InvalidRequest:
        return
    lines = head.decode("ascii").split("\r\n")
    assert lines == ["GET / HTTP/1.1", "Host: a", f"{name}: {value}", "", ""]
    assert "\n" not in head.decode().replace("\r\n", "")
