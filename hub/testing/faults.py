"""How a fake party misbehaves on request: one row for each fault, by the name it has on the command line."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from aiohttp import web

Answer = Callable[[], Awaitable[web.StreamResponse]]
FOREVER_S: Final = 3600.0
OPTIONAL: Final = ("name", "valid_until", "visual_number", "end_date_time", "tariff_alt_url", "remark")
"""Some optional fields of OCPI's objects, which the fault `nulls` writes as null where an object leaves them out."""


class Stage(StrEnum):
    """Where a fault strikes."""

    ANSWER = "answer"
    """Instead of, or around, its answer."""
    BODY = "body"
    """In the envelope of its answer."""
    SEND = "send"
    """In what it sends itself."""
    SERVER = "server"
    """In how it serves: addresses, tokens, or nothing at all."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave."""

    name: str
    stage: Stage
    meaning: str
    answer: Callable[[web.Request, Answer, float], Awaitable[web.StreamResponse]] | None = None
    """What is answered instead; None for what `hub.testing.serving` does by name."""
    body: Callable[[dict[str, Any]], Any] | None = None


async def _slow(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    await asyncio.sleep(seconds)
    return await answer()


async def _silent(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    await asyncio.sleep(FOREVER_S)
    return web.Response(status=503)


async def _garbage(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    return web.Response(text="<html>It works!</html>", content_type="text/html")


async def _empty(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    return web.Response()


async def _truncated(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"status_code": 10')
    if request.transport is not None:
        request.transport.abort()
    return response


async def _repeats(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    header, body = request.headers.get("Authorization", ""), (await request.read()).decode(errors="replace")
    try:
        token = base64.b64decode(header.partition(" ")[2], validate=True).decode()
    except ValueError:
        token = ""
    return await _says(200, 2001, f"cannot make anything of {header!r} ({token}) with {body}")(request, answer, seconds)


async def _drip(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    try:
        for _ in range(int(FOREVER_S)):
            await response.write(b" ")
            await asyncio.sleep(0.05)
    except ConnectionError:
        return response  # whoever asked had enough
    return response


async def _huge(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    try:
        for _ in range(100):
            await response.write(b" " * 1_000_000)
    except ConnectionError:
        return response
    return response


async def _redirect(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": "http://127.0.0.1:9/elsewhere"})


async def _closed(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _bare(status: int, **headers: str) -> Callable[[web.Request, Answer, float], Awaitable[web.StreamResponse]]:
    async def fault(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
        return web.Response(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return fault


def _says(
    status: int, code: int, message: str = "as ordered"
) -> Callable[[web.Request, Answer, float], Awaitable[web.StreamResponse]]:
    async def fault(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
        document = {"status_code": code, "status_message": message, "timestamp": "2026-01-01T00:00:00Z"}
        return web.Response(status=status, body=json.dumps(document).encode(), content_type="application/json")

    return fault


def _wrapped(document: dict[str, Any]) -> Any:
    data = document.get("data")
    return {**document, "data": [data]} if isinstance(data, dict) else document


def _nulls(document: dict[str, Any]) -> Any:
    return with_nulls({"data": None, "status_message": None, **document})


def with_nulls(document: Any) -> Any:
    """A document whose objects write null for what they leave out."""
    match document:
        case {"last_updated": _}:
            return {**dict.fromkeys(OPTIONAL), **document}
        case {"data": data}:
            return {**document, "data": with_nulls(data)}
        case [*items]:
            return [with_nulls(item) for item in items]
        case _:
            return document


def _no_timestamp(document: dict[str, Any]) -> Any:
    return {name: value for name, value in document.items() if name != "timestamp"}


async def _no_patch(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    if request.method != "PATCH":
        return await answer()
    return web.Response(status=405, headers={"Allow": "GET, PUT"})


async def _empty_link(request: web.Request, answer: Answer, seconds: float) -> web.StreamResponse:
    response = await answer()
    if "X-Total-Count" in response.headers:
        response.headers.setdefault("Link", "")
    return response


_ROWS: Final = (
    Fault("slow", Stage.ANSWER, "answers late", _slow),
    Fault("silent", Stage.ANSWER, "accepts, and never answers", _silent),
    Fault("garbage", Stage.ANSWER, "answers with a web page", _garbage),
    Fault("empty", Stage.ANSWER, "answers HTTP 200 without a body", _empty),
    Fault("truncated", Stage.ANSWER, "breaks off in the middle of its answer", _truncated),
    Fault(
        "half-character",
        Stage.ANSWER,
        "refuses with half a character in its words, which JSON can spell and UTF-8 cannot",
        _says(200, 2001, "half \ud83d a character"),
    ),
    Fault("drip", Stage.ANSWER, "sends white space a byte at a time, without end", _drip),
    Fault("repeats-token", Stage.ANSWER, "repeats in its words the token that it was called with", _repeats),
    Fault("huge", Stage.ANSWER, "answers with 100 MB", _huge),
    Fault("redirect", Stage.ANSWER, "redirects elsewhere", _redirect),
    Fault("closed", Stage.ANSWER, "hangs up without an answer", _closed),
    Fault("http-400", Stage.ANSWER, "answers HTTP 400 without an envelope", _bare(400)),
    Fault("http-401", Stage.ANSWER, "rejects every token", _bare(401)),
    Fault("http-403", Stage.ANSWER, "forbids everything", _bare(403)),
    Fault("http-404", Stage.ANSWER, "answers HTTP 404 without an envelope", _bare(404)),
    Fault("http-422", Stage.ANSWER, "answers HTTP 422 without an envelope", _bare(422)),
    Fault("http-429", Stage.ANSWER, "asks to slow down", _bare(429, Retry_After="7")),
    Fault("http-500", Stage.ANSWER, "fails without an envelope", _bare(500)),
    Fault("http-503", Stage.ANSWER, "is unavailable", _bare(503)),
    *(
        Fault(f"ocpi-{code}", Stage.ANSWER, f"says HTTP 200 and OCPI {code}", _says(200, code))
        for code in (2000, 2001, 2002, 2003, 3000, 3001, 3002, 3003)
    ),
    Fault("ocpi-2004", Stage.ANSWER, "says HTTP 404 and OCPI 2004", _says(404, 2004)),
    Fault("ocpi-500", Stage.ANSWER, "says HTTP 500 with an envelope", _says(500, 3000)),
    Fault("patch-unsupported", Stage.ANSWER, "answers PATCH with HTTP 405", _no_patch),
    Fault("wrapped-list", Stage.BODY, "answers a single object as a list of one", body=_wrapped),
    Fault("nulls", Stage.BODY, "writes null where others leave out", body=_nulls),
    Fault("no-timestamp", Stage.BODY, "answers without a timestamp", body=_no_timestamp),
    Fault("empty-link", Stage.ANSWER, "sends an empty Link on the last page", _empty_link),
    Fault("trailing-slash", Stage.SERVER, "redirects addresses that do not end with a slash"),
    Fault("slash-everywhere", Stage.SERVER, "the same, in the handshake too, though it advertises none"),
    Fault("only-raw-token", Stage.SERVER, "accepts its token only as it is, not in Base64"),
    Fault("only-base64-token", Stage.SERVER, "accepts its token only in Base64"),
    Fault("bad-token-3000", Stage.SERVER, "says HTTP 200 and OCPI 3000 to a token that it does not know"),
    Fault("strict-paths", Stage.SERVER, "answers HTTP 404 to objects of a party other than the handshake's (2.1.1)"),
    Fault("append-periods", Stage.SERVER, "adds the charging periods of a PATCH to those it has, in 2.1.1 too"),
    Fault("offline", Stage.SERVER, "does not accept connections, and comes back on the same port"),
    Fault("wrong-token", Stage.SEND, "sends a token that was never agreed"),
    Fault("lost-answer", Stage.SEND, "does not get the answer to the credentials that it sends"),
    Fault("lowercase-headers", Stage.SEND, "sends header names in lower case, in answers too"),
    Fault("no-routing-headers", Stage.SEND, "sends no routing headers, in answers too"),
    Fault("sent-nulls", Stage.SEND, "pushes objects with null where others leave out"),
    Fault("raw-token", Stage.SEND, "sends its token as it is, not in Base64"),
)

FAULTS: Final[Mapping[str, Fault]] = MappingProxyType({fault.name: fault for fault in _ROWS})
