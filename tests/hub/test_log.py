"""What is in the log and what is not: whoever is behind a line, no secret shows, and no line can be forged."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from hub import log
from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.store.registry import RoleRow
from hub.testing import FakeCpo, FakeEmsp, FakeParty, Served

MakeSettings = Callable[..., Settings]
Read = Callable[[], str]
NASTY = 'x\n{"event":"forged","level":"info"}\r\n\x1b[2J\x9b1m2026-01-01 [info] forged'


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[str], Read]]:
    """Sets the log up in a style, and reads what was written since the last look."""

    def set_up(style: str) -> Read:
        log.set_up("debug", style)
        return lambda: capsys.readouterr().err

    handlers, level = logging.root.handlers[:], logging.root.level
    yield set_up
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def lines(text: str) -> list[dict[str, Any]]:
    """JSON lines, read; each of them must be one."""
    return [json.loads(line) for line in text.splitlines()]


@asynccontextmanager
async def market(settings: Settings) -> AsyncIterator[tuple[Hub, FakeCpo, FakeEmsp]]:
    """A running hub with a CPO and an eMSP registered."""
    async with running(settings) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        for party in (cpo, emsp):
            await join(hub, party)
        yield hub, cpo, emsp


async def join(hub: Hub, party: FakeParty) -> str:
    """Register a party with the hub; the token it was invited with."""
    roles = [RoleRow(id, party.role, {"name": party.name}) for id in party.parties]
    invitation = await hub.platforms.invite(by="test", name=party.name, roles=roles)
    await party.register(invitation.versions_url, invitation.token)
    return invitation.token


async def settled(hub: Hub) -> None:
    """Wait until the journal wrote, and logged, everything."""
    async with asyncio.timeout(10):
        while hub.journal.waiting:  # noqa: ASYNC110 - what is waited for is counted, not signalled
            await asyncio.sleep(0.02)


def test_a_line_is_about_the_request_that_is_being_served(logged: Callable[[str], Read]) -> None:
    read = logged("json")
    log.ABOUT.set("c-1")
    structlog.get_logger("ours").info("one of ours")
    structlog.get_logger("ours").info("one of another's", correlation_id="c-2")
    logging.getLogger("theirs").warning("one of a library's")
    log.ABOUT.set("")
    structlog.get_logger("ours").info("one of nobody's")
    assert [line.get("correlation_id") for line in lines(read())] == ["c-1", "c-2", "c-1", None]


async def test_whatever_fails_in_a_request_names_its_correlation_id(
    logged: Callable[[str], Read], settings: MakeSettings
) -> None:
    read = logged("json")
    async with market(settings()) as (hub, cpo, emsp):
        read()
        emsp.misbehave("http-500", module="cdrs")
        sent = await cpo.push_cdr("DE*ABC", emsp.parties[0])
        hub.router.route = fails  # type: ignore[method-assign, assignment]
        other = await cpo.push_session("DE*ABC", emsp.parties[0])
        assert other.status_code == 4000
        await settled(hub)
    told = {line["event"]: line for line in lines(read()) if "correlation_id" in line}
    assert told["journey failed"]["correlation_id"] in (sent.sent["X-Correlation-ID"], other.sent["X-Correlation-ID"])
    assert told["request failed"]["correlation_id"] == other.sent["X-Correlation-ID"]
    assert "a bug" in told["request failed"]["exception"]


async def fails(message: object) -> None:
    """A bug."""
    raise RuntimeError("a bug")


@pytest.mark.parametrize("style", ["json", "console"])
async def test_no_token_shows_whatever_happens(
    logged: Callable[[str], Read], settings: MakeSettings, style: str
) -> None:
    read = logged(style)
    async with running(settings()) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        invitations = [await join(hub, party) for party in (cpo, emsp)]
        tokens = [party.handshakes.token_in for party in (cpo, emsp)] + [cpo.handshakes.token_out]
        for fault in ("http-401", "garbage", "closed"):
            emsp.misbehave(fault, times=1, module="cdrs")
            await cpo.push_cdr("DE*ABC", emsp.parties[0])
        cpo.misbehave("wrong-token", times=1)
        await cpo.push_cdr("DE*ABC", emsp.parties[0])
        for party in (cpo, emsp):
            party.misbehave("http-500", module="credentials")
        with pytest.raises(Exception, match="credentials"):
            await hub.platforms.rotate(next(iter(hub.picture.directory.platforms)), by="test")
        cpo.handshakes.invite()
        await settled(hub)
    text = read()
    assert "journey failed" in text
    for secret in [*invitations, *tokens, "CARD-777777"]:
        assert secret
        assert secret not in text


@pytest.mark.parametrize(
    ("values", "covered"),
    [
        ({"token": "t0p-secret"}, "***"),
        ({"token_out": "t0p-secret"}, "***"),
        ({"new-password": "t0p-secret"}, "***"),
        ({"X-Api-Key": "t0p-secret"}, "***"),
        ({"Set-Cookie": "t0p-secret"}, "***"),
        ({"header": "Token t0p-secret"}, "Token ***"),
        ({"reason": "it sent 'Authorization: Bearer t0p-secret', which is unknown"}, "Bearer ***"),
        ({"url": "https://user:t0p-secret@example.com/ocpi"}, "https://***@example.com/ocpi"),
        ({"before": {"name": "TNM", "credentials": {"token": "t0p-secret"}}}, '"token": "***"'),
        ({"rows": [("x", {"password": "t0p-secret"})]}, '"password": "***"'),
        ({"error": ValueError("Token t0p-secret")}, "Token ***"),
        ({"exc_info": ValueError("Token t0p-secret is wrong")}, "Token *** is wrong"),
    ],
)
@pytest.mark.parametrize("style", ["json", "console"])
def test_a_secret_is_covered_wherever_it_is(
    logged: Callable[[str], Read], style: str, values: dict[str, Any], covered: str
) -> None:
    read = logged(style)
    structlog.get_logger("ours").warning("something happened", **values)
    text = read()
    assert "t0p-secret" not in text
    assert covered in (text if style == "json" else text.replace("'", '"'))


def test_what_is_no_secret_is_left_alone(logged: Callable[[str], Read]) -> None:
    read = logged("json")
    structlog.get_logger("ours").warning("x", platform="p-1", count=3, ok=True, none=None, file="ocpi-hub.key", keys=2)
    (line,) = lines(read())
    assert (line["platform"], line["count"], line["ok"], line["none"], line["file"], line["keys"]) == (
        "p-1",
        3,
        True,
        None,
        "ocpi-hub.key",
        2,
    )


@pytest.mark.parametrize("style", ["json", "console"])
async def test_a_party_cannot_forge_a_line(logged: Callable[[str], Read], settings: MakeSettings, style: str) -> None:
    read = logged(style)
    async with market(settings()) as (hub, cpo, emsp):
        emsp.answers["sessions"] = lambda _: Served(http=500, code=4001, message=NASTY)
        await cpo.push_session("DE*ABC", emsp.parties[0])
        await cpo.send("PUT", f"no-{'such'}%0a%1b[2J", "/x%0d%0aforged", to="DE*ABC", body={}, url=odd(cpo))
        cpo.answers["versions"] = lambda _: Served(code=2001, message=NASTY)
        cpo.misbehave("ocpi-2001", module="versions")
        await settled(hub)
        structlog.get_logger("ours").warning(NASTY, reason=NASTY, exc_info=ValueError(NASTY))
        logging.getLogger("theirs").warning("a library says %s", NASTY)
    text = read()
    assert "journey failed" in text
    for sign in ("\x1b[2J", "\x9b", "\r"):
        assert sign not in text
    if style == "json":
        assert "forged" not in {line["event"] for line in lines(text)}
    assert not any(line.startswith(("forged", '{"event":"forged"', "2026-01-01")) for line in text.split("\n"))


def odd(party: FakeParty) -> str:
    """An address of the hub that looks like a line of a log."""
    return f"{party.peer.versions_url.removesuffix('/versions')}/2.2.1/receiver/x%0a%1b[2J/forged%0d%0a"
