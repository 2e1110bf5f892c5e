"""Anything that a party may send arrives as it was, both ways; anything else gets an envelope and is never a 500.

One hub and two parties for all examples: no request may leave anything behind that the next one would notice.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from unittest.mock import ANY

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from structlog.testing import capture_logs

from hub.lifecycle import Hub, running
from hub.testing import FakeCpo, FakeEmsp, Served
from hub.testing.exchange import Seen
from tests.stories.market import MakeSettings, join

MANY: Final = examples(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # one scene for all examples: that is the point
)
"""The same ones each time; whoever changes the way of a request raises their number to some thousands once."""
MODULE: Final = "weather"
"""A custom module: the hub has no opinion on what is in it."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Who is there."""

    hub: Hub
    cpo: FakeCpo
    emsp: FakeEmsp

    @property
    def port(self) -> int:
        """Of the public door."""
        return int(self.hub.settings.public_url.rpartition(":")[2])

    @property
    def authorization(self) -> bytes:
        """What opens the hub to the CPO."""
        return f"Authorization: Token {self.cpo.peer.token_out}\r\n".encode()


@pytest.fixture
async def there(settings: MakeSettings) -> AsyncIterator[Scene]:
    """A hub with a CPO and an eMSP that both have a module of their own; nothing there may fail unforeseen."""
    modules = ("locations", "sessions", "tokens", "commands", MODULE)
    chosen = settings(hub={"custom_modules": [MODULE]}, server={"port": 0})
    with capture_logs() as logged:
        async with running(chosen) as hub, FakeCpo(modules=modules) as cpo, FakeEmsp(modules=modules) as emsp:
            await join(hub, cpo, emsp)
            yield Scene(hub, cpo, emsp)
    assert not [line for line in logged if line["log_level"] == "error"]


async def exchanged(scene: Scene, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers by lower-case name, and body of the answer to these bytes, on a connection of their own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
    try:
        async with asyncio.timeout(30):
            writer.write(request)
            head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers["content-length"]))
            return int(head.split()[1]), headers, body
    finally:
        writer.close()


# --- what is a request ------------------------------------------------------------------------------------------------

PLAIN = st.sampled_from("ABCabcxyz0189-_~.!$&'()*+,;=:@")
ENCODED = st.builds(lambda byte, form: form % byte, st.integers(0, 255), st.sampled_from(["%%%02x", "%%%02X"]))
CLIMBS = re.compile(r"(\.|%2e){1,2}(;.*|%3b.*|%2f.*|%5c.*)?|.*(%2f|%5c)(\.|%2e){1,2}((;|%3b|%2f|%5c).*)?", re.I)
"""Segments that lead out of an endpoint: they are refused, see below."""
SEGMENT = st.lists(PLAIN | ENCODED, max_size=12).map("".join).filter(lambda text: not CLIMBS.fullmatch(text))
PATHS = st.lists(SEGMENT, min_size=1, max_size=5).filter(any).map(lambda parts: "/" + "/".join(parts))
"""Not slashes alone: those are the list itself, whose address is as it was advertised."""
PAIRS = st.lists(PLAIN | ENCODED | st.sampled_from("/?"), min_size=1, max_size=8).map("".join)
QUERIES = st.lists(PAIRS, max_size=4).map("&".join)


def cased(name: str) -> st.SearchStrategy[str]:
    """The name of a header, in any case."""
    return st.lists(st.booleans(), min_size=len(name), max_size=len(name)).map(
        lambda upper: "".join(sign.upper() if up else sign.lower() for sign, up in zip(name, upper, strict=True))
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NUMBERS = st.from_regex(
    re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", re.A), fullmatch=True
)
BLANKS = st.text(" \t\r\n", max_size=3)


@st.composite
def json_texts(draw: st.DrawFn) -> bytes:
    """A JSON text as anybody may write it: blanks, escapes or UTF-8, numbers of any spelling, a name twice."""
    value = json.dumps(draw(VALUES), ensure_ascii=draw(st.booleans()), indent=draw(st.none() | st.integers(0, 3)))
    text = (
        f'{{"n":{draw(BLANKS)}{draw(NUMBERS)},"x":{value},"x":{draw(BLANKS)}{value}}}' if draw(st.booleans()) else value
    )
    return f"{draw(BLANKS)}{text}{draw(BLANKS)}".encode(errors="replace")


HEADERS: Final = {
    "Authorization": "Token {token}",
    "Content-Type": "application/json",
    "X-Request-ID": "r-1",
    "X-Correlation-ID": "{correlation_id}",
    "OCPI-from-country-code": "nl",
    "OCPI-from-party-id": "Tnm",
    "OCPI-to-country-code": "De",
    "OCPI-to-party-id": "aBC",
}
NAMES = st.tuples(*(cased(name) for name in HEADERS))


@MANY
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    path=st.just("") | PATHS,
    query=QUERIES.filter(lambda text: "hub-" not in text),
    names=NAMES,
    body=json_texts(),
    answer=json_texts(),
    is_sender=st.booleans(),
)
async def test_it_goes_through_unchanged_both_ways(
    there: Scene,
    method: str,
    path: str,
    query: str,
    names: tuple[str, ...],
    body: bytes,
    answer: bytes,
    is_sender: bool,
) -> None:
    seen: list[Seen] = []
    envelope = b'{ "status_code":1000 ,"timestamp":"2026-01-01T00:00:00Z","data":' + answer + b"}\n"
    there.emsp.answers[MODULE] = lambda it: seen.append(it) or Served(body=envelope)  # type: ignore[func-returns-value]
    interface = "sender" if is_sender else "receiver"
    target = f"/ocpi/2.2.1/{interface}/{MODULE}{path}" + (f"?{query}" if query else "")
    told = {"token": there.cpo.peer.token_out, "correlation_id": "c-1"}
    lines = [f"{name}: {value.format(**told)}" for name, value in zip(names, HEADERS.values(), strict=True)]
    head = "\r\n".join([f"{method} {target} HTTP/1.1", "hOsT: hub", f"content-LENGTH: {len(body)}", *lines])
    http, headers, came = await exchanged(there, head.encode() + b"\r\n\r\n" + body)
    assert (http, came) == (200, envelope)
    assert (headers["x-request-id"], headers["x-correlation-id"]) == ("r-1", "c-1")
    (arrived,) = seen
    endpoint = there.emsp.serving.url("2.2.1", interface, MODULE).removeprefix(there.emsp.base_url)
    assert arrived.raw_path == endpoint + path + (f"?{query}" if query else "")
    assert (arrived.method, arrived.body) == (method, body)
    assert (arrived.sender, arrived.receiver, arrived.headers["X-Correlation-ID"]) == ("NL*TNM", "DE*ABC", "c-1")


# --- what is none -----------------------------------------------------------------------------------------------------

DOTS = st.sampled_from(
    [".", "..", "%2e", "%2E%2e", ".%2e", "..;x=1", "%2e.%3b", "a%2f..", "..%2Fcredentials", "a%5C..%5cb"]
)


@examples(MANY, max_examples=15)
@given(before=st.lists(SEGMENT, max_size=2), dots=DOTS, after=st.lists(SEGMENT, max_size=2))
async def test_no_path_leads_out_of_the_endpoint_it_was_sent_to(
    there: Scene, before: list[str], dots: str, after: list[str]
) -> None:
    count = len(there.emsp.seen)
    path = "/" + "/".join([*before, dots, *after])
    for method, module in (("DELETE", "tokens"), ("GET", MODULE)):
        url = f"{there.hub.settings.public_url}/ocpi/2.2.1/receiver/{module}{path}"
        told = await there.cpo.send(method, module, url=url, to="DE*ABC")
        assert (told.http, told.status_code) == (404, 2000), told.body
    assert len(there.emsp.seen) == count


WORDS: Final = [
    "ocpi",
    "2.1.1",
    "2.2.1",
    "2.3.0",
    "9.9",
    "as",
    "NL-TNM",
    "sender",
    "receiver",
    "versions",
    "credentials",
]
WORDS_MORE: Final = [
    "hubclientinfo",
    "locations",
    "commands",
    "callback",
    "cdrs",
    "tokens",
    "authorize",
    MODULE,
    "",
    "x",
]
JUNK = st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b"").replace(b"\r", b""))
TARGETS = st.lists(st.sampled_from(WORDS + WORDS_MORE) | SEGMENT, max_size=7).map(lambda parts: "/" + "/".join(parts))
METHODS = st.sampled_from([b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"get", b"BREW", b"PRI"])
ROUTING = st.dictionaries(
    st.sampled_from([name for name in HEADERS if name != "Authorization"]),
    JUNK | st.just(b"NL") | st.just(b"ABC"),
    max_size=4,
)
QUERY = st.sampled_from(
    [b"", b"?hub-route=XX", b"?hub-list=%ff", b"?limit=-1&offset=x", b"?date_from=never", b"?%00&%"]
)
DOCUMENTS = st.sampled_from(
    [b"", b"{", b"\xff\xfe", b"[" * 3000, b"[]", b"null", b"1e999999", b'{"response_url":[]}', b'{"token":{},"id":{}}']
)


@MANY
@given(
    method=METHODS,
    target=TARGETS.map(str.encode) | JUNK,
    query=QUERY,
    routing=ROUTING,
    more=st.lists(JUNK, max_size=2),
    body=DOCUMENTS | json_texts() | st.binary(max_size=30),
    is_known=st.integers(0, 4).map(bool),
    is_chunked=st.booleans(),
)
async def test_garbage_is_told_so_in_an_envelope(
    there: Scene,
    method: bytes,
    target: bytes,
    query: bytes,
    routing: dict[str, bytes],
    more: list[bytes],
    body: bytes,
    is_known: bool,
    is_chunked: bool,
) -> None:
    there.emsp.answers.clear()
    framing = b"Transfer-Encoding: chunked\r\n" if is_chunked else b"Content-Length: %d\r\n" % len(body)
    framed = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n" if is_chunked else body
    lines = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in routing.items())
    odd = b"".join(line + b"\r\n" for line in more if line.strip())
    head = b"%s %s%s HTTP/1.1\r\nHost: hub\r\n" % (method, target, query)
    known = there.authorization if is_known else b""
    http, headers, came = await exchanged(there, head + framing + known + lines + odd + b"\r\n" + framed)
    assert http < 500, (http, came)
    document = json.loads(came)
    assert document == {"status_code": ANY, "timestamp": ANY} | document
    assert isinstance(document["status_code"], int)
    assert headers["content-type"] == "application/json"
    if not is_known:
        assert http in (400, 401), came


@pytest.mark.parametrize("token", [b"\xe9", b"!\xff", "é".encode(), b"w6k="])
async def test_a_token_that_is_no_text_is_unknown_like_any_other(there: Scene, token: bytes) -> None:
    """OCPI 2.2.1, credentials: a token has printable ASCII only. The fixture sees that nothing fails because of it."""
    head = b"GET /ocpi/versions HTTP/1.1\r\nHost: hub\r\nAuthorization: Token %s\r\n\r\n"
    http, _, came = await exchanged(there, head % token)
    assert (http, json.loads(came)["status_code"]) == (401, 2000)
