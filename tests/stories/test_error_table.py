"""Every row of the error table, through the real doors: what the caller is told when something is wrong.

OCPI 2.2.1 and 2.3.0, Status codes; transport and format. Whatever happens, the caller gets an OCPI envelope and its
own ids, and the hub says that it is the hub who speaks.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.testing import FakeCpo, FakeEmsp, Served
from hub.testing.exchange import Exchange
from tests.stories.market import QUICK, MakeSettings, invite, join, platform_of

PUT = "/NL/TNM/1"
LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Scene:
    """Who is there: two that talk, one with two parties, and some that cannot be reached."""

    hub: Hub
    cpo: FakeCpo
    emsp: FakeEmsp
    twins: FakeCpo


@asynccontextmanager
async def scene(settings: Settings, version: str) -> AsyncIterator[Scene]:
    """A hub with parties in every state."""
    async with (
        running(settings) as hub,
        FakeCpo(version=version) as cpo,
        FakeEmsp(version=version) as emsp,
        FakeCpo("BE*ONE", "BE*TWO", version=version) as twins,
        FakeEmsp("FR*OFF", version=version) as gone,
        FakeEmsp("FR*SUS", version=version) as suspended,
        FakeEmsp("FR*PLA", version=version) as planned,
        FakeEmsp("FR*BAR", version=version, modules=("tokens", "sessions")) as bare,
        FakeEmsp("FR*DNS", version=version) as dns,
        FakeEmsp("FR*TLS", version=version) as tls,
    ):
        dns.elsewhere["sessions", "RECEIVER"] = "http://nobody.invalid/sessions"
        tls.elsewhere["sessions", "RECEIVER"] = f"https://127.0.0.1:{tls.serving.port}/sessions"
        await join(hub, cpo, emsp, twins, gone, suspended, bare, dns, tls)
        await invite(hub, planned)
        await gone.unregister()
        await hub.platforms.suspend(platform_of(hub, suspended), by="test")
        yield Scene(hub, cpo, emsp, twins)


Do = Callable[[Scene], Awaitable[Exchange]]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: what is done, and what the caller is told."""

    name: str
    http: int
    code: int
    do: Do
    by_hub: bool = True
    """Whether the hub speaks, and not the receiver."""
    headers: tuple[str, ...] = ()


def put(**options: Any) -> Do:
    """PUT a session, somehow wrong."""
    options = {"to": "DE*ABC", "body": {"id": "1"}} | options
    path = options.pop("path", PUT)
    return lambda scene: scene.cpo.send("PUT", "sessions", path, **options)


def sent(method: str, path: str = PUT, module: str = "sessions") -> Do:
    """A call for which OCPI has no row."""
    return lambda scene: scene.cpo.send(method, module, path, to="DE*ABC", body={"id": "1"})


def get(**options: Any) -> Do:
    """Ask for a list, somehow wrong."""
    asked = {"to": "NL*TNM", "query": "date_from=2020-01-01T00:00:00Z"} | options
    return lambda scene: scene.emsp.send("GET", "sessions", interface="sender", **asked)


def command(**body: Any) -> Do:
    """Send a command, somehow wrong."""
    return lambda scene: scene.emsp.send("POST", "commands", "/STOP_SESSION", to="NL*TNM", body=body)


def twins(**options: Any) -> Do:
    """A call of the platform that has two parties."""
    return lambda scene: scene.twins.send("PUT", "sessions", "/BE/ONE/1", to="DE*ABC", body={}, **options)


def at(path: str, method: str = "GET") -> Do:
    """A call to any address of the hub."""
    return lambda scene: scene.cpo.send(method, "cdrs", url=f"{scene.hub.settings.public_url}/ocpi/{path}")


def struck(fault: str, do: Do | None = None) -> Do:
    """The receiver misbehaves."""

    async def struck(scene: Scene) -> Exchange:
        scene.emsp.misbehave(fault, module="sessions")
        return await (do or put())(scene)

    return struck


def answered(http: int, body: bytes, do: Do | None = None, **headers: str) -> Do:
    """The receiver answers exactly this."""

    async def answered(scene: Scene) -> Exchange:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        served = Served(http, body=body or b" ", headers=named)
        for party in (scene.cpo, scene.emsp):
            party.answers["sessions"] = lambda _: served
        return await (do or put())(scene)

    return answered


def envelope(code: Any) -> bytes:
    """A receiver's own words."""
    return json.dumps({"status_code": code, "status_message": "theirs", "timestamp": "2026-01-01T00:00:00Z"}).encode()


THEIRS = [
    *(Row(f"17 theirs {code}", 200, code, answered(200, envelope(code)), False) for code in (1000, 2000, 2001, 2003)),
    *(Row(f"17 theirs {code}", 201, code, answered(201, envelope(code)), False) for code in (3000, 3001, 1999, 2999)),
    Row("17 not ours to judge", 200, 4001, answered(200, envelope(4001)), False),
    Row("18 empty PUT", 200, 1000, answered(200, b""), False),
    Row("18 empty PUT, created", 201, 1000, answered(201, b""), False),
    Row("18 no content", 200, 1000, answered(204, b""), False),
    Row("18 empty GET", 200, 4000, answered(200, b"", get())),
    *(
        Row(f"19 no envelope: {text!r}", 200, 4000, answered(200, text))
        for text in (
            b"<html>",
            b"[]",
            b"{}",
            b'"x"',
            b'{"status_code": "1000"}',
            b'{"status_code": true}',
            b"\xff",
            b"{",
        )
    ),
    *(Row(f"20 theirs {http}", http, 2004, answered(http, envelope(2004)), False) for http in (400, 404, 409, 422)),
    *(Row(f"21 bare {http}", http, 2000, answered(http, b"")) for http in (404, 405)),
    *(Row(f"22 bare {http}", 200, 2000, answered(http, b"")) for http in (400, 409, 422)),
    *(Row(f"23 {http}", 200, 4003, answered(http, envelope(2000))) for http in (401, 403, 407)),
    Row("24 slow down", 429, 4000, answered(429, b"", Retry_After="7"), headers=("Retry-After",)),
    Row("24 slow down, with an envelope", 429, 4000, answered(429, envelope(2000))),
    *(Row(f"25 theirs {http}", http, 3000, answered(http, envelope(3000)), False) for http in (500, 503)),
    Row("25 for a while", 503, 3000, answered(503, envelope(3000), Retry_After="7"), False, ("Retry-After",)),
    *(Row(f"26 bare {http}", 200, 4000, answered(http, b"<h1>oops")) for http in (500, 502, 503, 504)),
    *(Row(f"27 {http}", 200, 4000, answered(http, b"", Location="http://127.0.0.1:9/")) for http in (301, 302, 307)),
]

OURS = [
    Row("1 no token", 401, 2000, put(headers={"Authorization": None})),
    Row("1 a wrong token", 401, 2000, put(headers={"Authorization": "Token x"})),
    Row("3 not JSON", 400, 2001, put(body=b'{"id": ')),
    Row("3 not UTF-8", 400, 2001, put(body=b'"\xff"')),
    Row("3 not a number", 400, 2001, put(body=b'{"a": NaN}')),
    Row("3 nothing", 400, 2001, put(body=b"")),
    Row("4 nothing is here", 404, 2000, at("2.2.1/nothing/at/all/here")),
    Row("4 no such version", 404, 2000, at("9.9/sender/cdrs")),
    Row("4 no such module", 404, 2000, at("2.2.1/sender/weather")),
    Row("5 wrong method", 405, 2000, at("versions", "POST"), headers=("Allow",)),
    Row("5 wrong method of a link", 405, 2000, at("2.2.1/cdrs/r/x", "PUT"), headers=("Allow",)),
    Row("5 no method of OCPI", 405, 2000, at("2.2.1/sender/cdrs", "OPTIONS"), headers=("Allow",)),
    Row("4 no owner in the path", 404, 2000, put(path="//DE/ABC/1")),
    Row("4 more than an object", 404, 2000, put(path="/DE/ABC/1/2")),
    Row("5 a list cannot be changed", 405, 2000, at("2.2.1/sender/cdrs", "DELETE"), headers=("Allow",)),
    Row("5 tariffs are patched in 2.1.1 alone", 405, 2000, sent("PATCH", "/NL/TNM/1", "tariffs"), headers=("Allow",)),
    Row("5 sessions are never deleted", 405, 2000, sent("DELETE"), headers=("Allow",)),
    Row("5 nor posted, whoever owns them", 405, 2000, sent("POST", "/DE/ABC/1"), headers=("Allow",)),
    Row("6 no response_url", 200, 2001, command(session_id="1")),
    Row("6 response_url is a number", 200, 2001, command(response_url=1)),
    Row("6 response_url leads elsewhere", 200, 2001, command(response_url="http://127.0.0.1:9/x")),
    Row("6 no date_from", 200, 2001, get(query="")),
    Row("6 an empty date_from", 200, 2001, get(query="limit=10&date_from=")),
    Row("7 half a pair, to", 200, 2001, put(headers={"OCPI-to-party-id": None})),
    Row("7 half a pair, from", 200, 2001, put(headers={"OCPI-from-country-code": None})),
    Row("7 wrong length", 200, 2001, put(headers={"OCPI-to-party-id": "LONG"})),
    Row("7 which of two", 200, 2001, twins(from_="")),
    Row("8 somebody else's party", 403, 2001, put(from_="DE*ABC")),
    Row("8 nobody's party", 403, 2001, put(from_="XX*XXX")),
    Row("9 somebody else's object", 404, 2001, put(path="/DE/ABC/1")),
    Row("10 another owner in the body", 200, 2001, put(body={"country_code": "DE", "id": "1"})),
    Row("10 another id in the body", 200, 2001, put(body={"id": "2"})),
    Row("11 unknown", 200, 4001, put(to="XX*XXX")),
    Row("11 not to be seen", 200, 4001, put(to="BE*ONE")),
    Row("11 oneself", 200, 4001, put(to="NL*TNM")),
    Row("12 planned", 200, 4003, put(to="FR*PLA")),
    Row("12 unregistered", 200, 4003, put(to="FR*OFF")),
    Row("12 suspended", 200, 4003, put(to="FR*SUS")),
    Row("13 no such module", 200, 4000, lambda scene: scene.cpo.push_location("FR*BAR")),
    Row("13 no such interface", 200, 4000, lambda it: it.cpo.send("GET", "cdrs", interface="sender", to="FR*BAR")),
    Row("15 no such host", 200, 4003, put(to="FR*DNS")),
    Row("15 no TLS", 200, 4003, put(to="FR*TLS")),
    Row("15 refused", 200, 4003, struck("offline")),
    Row("16 silent", 200, 4002, struck("silent")),
    Row("16 without end", 200, 4002, struck("drip")),
    Row("19 truncated", 200, 4000, struck("truncated")),
    Row("19 hangs up", 200, 4000, struck("closed")),
    Row("19 too much", 200, 4000, struck("huge")),
    Row("29 too large", 413, 2000, put(body=b" " * (LIMIT + 1))),
    Row("32 not for everybody", 200, 2001, put(to="NL*HUB")),
    Row("34 no such link", 404, 2001, at("2.2.1/cdrs/r/nothing")),
    Row("34 no such response_url", 404, 2001, at("2.2.1/commands/callback/nothing", "POST")),
]  # fmt: skip


def check(row: Row, told: Exchange, secrets: tuple[str, ...]) -> None:
    """The status, the envelope, the ids, and who speaks to whom."""
    assert (told.http, told.status_code) == (row.http, row.code), told.body
    assert told.envelope["timestamp"]
    assert told.headers["Content-Type"] == "application/json"
    assert {name: told.headers[name] for name in ("X-Request-ID", "X-Correlation-ID")} == {
        name: told.sent[name] for name in ("X-Request-ID", "X-Correlation-ID")
    }
    assert all(told.headers[name] for name in row.headers)
    if not row.by_hub:
        assert (told.party("from"), told.party("to")) == ("DE*ABC", "NL*TNM")
        return
    assert told.status_message, "the hub says what is wrong"
    assert not [word for word in secrets if word in told.status_message]
    if told.headers.get("OCPI-to-party-id") is not None:  # where it is known who asks
        sender = f"{told.sent['OCPI-from-country-code']}*{told.sent['OCPI-from-party-id']}"
        assert (told.party("from"), told.party("to")) == ("NL*HUB", sender)


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
@pytest.mark.parametrize("rows", [THEIRS, OURS], ids=["what the receiver answers", "what the hub finds"])
async def test_every_error_is_told_as_the_table_says(settings: MakeSettings, version: str, rows: list[Row]) -> None:
    chosen = settings(routing={**QUICK, "max_body_bytes": LIMIT})
    async with scene(chosen, version) as there:
        secrets = (there.emsp.base_url, there.cpo.base_url, there.emsp.peer.token_out, there.emsp.handshakes.token_in)
        failed = []
        for row in rows:
            try:
                told = await row.do(there)
                check(row, told, secrets)
            except Exception as error:  # each row is told, not only the first
                failed.append(f"{row.name}: {type(error).__name__} {str(error)[:500]}")
            there.emsp.behave()
            there.emsp.answers.clear()
            there.cpo.answers.clear()
        assert not failed, "\n".join(failed)
        assert (await there.cpo.push_location("DE*ABC")).is_success


async def test_a_party_that_may_not_be_seen_is_as_unknown_as_any_other(settings: MakeSettings) -> None:
    async with scene(settings(), "2.2.1") as there:
        words = {
            party: (await put(to=party)(there)).status_message.replace(party, "?") for party in ("XX*XXX", "BE*ONE")
        }
        assert len({*words.values()}) == 1


async def test_what_is_refused_at_the_door_reaches_nobody(settings: MakeSettings) -> None:
    async with scene(settings(routing={"max_body_bytes": LIMIT}), "2.2.1") as there:
        before = len(there.emsp.seen)
        for row in OURS:
            if row.name.split()[0] in ("1", "3", "4", "5", "6", "7", "8", "9", "10", "29", "32", "34"):
                await row.do(there)
        assert len(there.emsp.seen) == before
