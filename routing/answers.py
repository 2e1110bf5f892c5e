"""What a party answered, judged: passed on as it is, or turned into the hub's own error. Pure.

OCPI 2.2.1 and 2.3.0, Status codes: a party's own errors are passed on unchanged, the hub's are 4000 to 4003.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from routing.catalogue import Operation
from routing.errors import (
    HubRejected,
    InvalidAnswer,
    MethodNotAllowed,
    OcpiError,
    ReceiverOverloaded,
    UnknownPath,
)
from routing.message import members, parse_json
from routing.ocpi import SUCCESS, PartyId

_status: Final = members("status_code", "status_message")
MIN_SECRET: Final = 16
"""A token of fewer characters may be in an answer by chance."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from a party: HTTP status, headers by lower-case name, body bytes, and milliseconds it took."""

    http: int
    headers: Mapping[str, str]
    body: bytes
    ms: float = 0.0


def without(answer: Answer, *tokens: str) -> Answer:
    """The answer without tokens of the hub's: a party that repeats one in its words would show it to others.

    The one thing in a party's answer that is not passed on as it came.
    """
    body = answer.body
    for spelling in (spelling for token in tokens for spelling in _spellings(token)):
        if spelling in body:
            body = body.replace(spelling, b"***")
    return answer if body is answer.body else replace(answer, body=body)


@lru_cache(maxsize=4096)
def _spellings(token: str) -> tuple[bytes, ...]:
    """A token as it is and as it is sent, also as some write a slash in JSON."""
    if len(token) < MIN_SECRET:
        return ()
    plain = (token.encode(), base64.b64encode(token.encode()))
    return tuple(dict.fromkeys((*plain, *(text.replace(b"/", rb"\/") for text in plain))))


def envelope(code: int, message: str | None, timestamp: str, data: Any = None) -> bytes:
    """OCPI's response format; `data` is left out where it is None."""
    document: dict[str, Any] = {} if data is None else {"data": data}
    document["status_code"] = code
    if message:
        document["status_message"] = message
    document["timestamp"] = timestamp
    # half a character, which JSON can spell and UTF-8 cannot, may be in the words of others
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def open_envelope(body: bytes) -> dict[str, Any] | None:
    """The parsed envelope of an answer; None where the body is not one."""
    try:
        document = parse_json(body)
    except ValueError:
        return None
    if not isinstance(document, dict) or type(document.get("status_code")) is not int:  # true is an int to Python
        return None
    return document


def _head(body: bytes) -> tuple[int, str] | None:
    """Status code and message of an envelope, whose data is passed over; None where the body is not one."""
    try:
        code, message = _status(body) or (None, None)
    except ValueError:
        return None
    return (code, str(message or "")) if type(code) is int else None


@dataclass(frozen=True, slots=True)
class PassedOn:
    """What the caller gets: HTTP status, body bytes, their OCPI status code, the party's words where it refused."""

    http: int
    body: bytes
    code: int
    message: str = ""


def pass_on(
    answer: Answer, receiver: PartyId, method: str, operation: Operation | None, now: Callable[[], str]
) -> PassedOn:
    """The answer for the caller: the party's own bytes, or an envelope where a party may leave it out.

    Raises the OcpiError that stands for everything else.
    """
    if answer.http in (401, 403, 407):
        # passing a 401 on would make the caller throw away its own token for the hub
        raise HubRejected(f"receiver {receiver} rejected the hub's token with HTTP {answer.http}")
    if answer.http == 429:
        retry = answer.headers.get("retry-after")
        raise ReceiverOverloaded(
            f"receiver {receiver} asks to slow down", headers={"Retry-After": retry} if retry else None
        )
    if 300 <= answer.http < 400:
        raise InvalidAnswer(f"receiver {receiver} answered with a redirect (HTTP {answer.http}), which is not followed")
    said = _head(answer.body)
    if said is not None:
        return PassedOn(answer.http, answer.body, *said)
    if 200 <= answer.http < 300:
        return _without_envelope(answer, receiver, method, operation, now)
    raise _bare_error(answer, receiver)


def _without_envelope(
    answer: Answer, receiver: PartyId, method: str, operation: Operation | None, now: Callable[[], str]
) -> PassedOn:
    if answer.body.strip():
        raise InvalidAnswer(f"receiver {receiver} answered HTTP {answer.http} with a body that is not an OCPI envelope")
    if method == "GET" or (operation is not None and operation.data_required):
        raise InvalidAnswer(f"receiver {receiver} answered HTTP {answer.http} without a body")
    # HTTP 204 and 205 have no room for the envelope that the caller must get
    return PassedOn(201 if answer.http == 201 else 200, envelope(SUCCESS, None, now()), SUCCESS)


def _bare_error(answer: Answer, receiver: PartyId) -> OcpiError:
    said = f"receiver {receiver} answered HTTP {answer.http} without an OCPI envelope"
    match answer.http:
        case 404:
            return UnknownPath(said)
        case 405:
            allow = answer.headers.get("allow")
            return MethodNotAllowed(said, headers={"Allow": allow} if allow else None)
        case status if 400 <= status < 500:
            return OcpiError(said)
        case _:
            return InvalidAnswer(said)
