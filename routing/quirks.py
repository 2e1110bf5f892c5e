"""What particular platforms do differently, one row each: learnt in the handshake, or set by an admin.

A quirk changes what the hub sends to that platform, or how it reads what the platform answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from routing.answers import Answer, open_envelope
from routing.bridge.codec import write_json
from routing.directory import Platform
from routing.errors import HubRejected
from routing.links import origin_of
from routing.message import Message
from routing.ocpi import PartyId

IN_BASE64: Final = "encode_token"
TRAILING_SLASH: Final = "trailing_slash"
PATCH_UNSUPPORTED: Final = "patch_unsupported"
STRICT_PATHS: Final = "strict_paths"
PATCH_PERIODS: Final = "patch_periods"
REFUSE_UNSIGNED: Final = "refuse_unsigned"
CALLBACK_ORIGINS: Final = "callback_origins"
REFUSES_WITH_3000: Final = "bad_token_3000"
WRAPPED_OBJECT: Final = "wrapped_object"
CHECK: Final = "check"


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _one_of(*choices: str) -> Callable[[Any], bool]:
    return lambda value: value in choices


def _is_origins(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and origin_of(item) is not None for item in value)


@dataclass(frozen=True, slots=True)
class Quirk:
    """One row: what it means in words, and whether a value may be set."""

    name: str
    meaning: str
    accepts: Callable[[Any], bool] = _is_bool


QUIRKS: Final[Mapping[str, Quirk]] = MappingProxyType(
    {
        quirk.name: quirk
        for quirk in (
            Quirk(IN_BASE64, "true: expects the token in Base64; false: as it is (else by its version)"),
            Quirk(TRAILING_SLASH, "its addresses end with a slash: it redirects what has none"),
            Quirk(PATCH_UNSUPPORTED, "cannot PATCH: the hub sends a PUT of the whole object from its memory"),
            Quirk(STRICT_PATHS, "2.1.1: accepts only the hub's own party in the path of what is pushed to it"),
            Quirk(
                PATCH_PERIODS,
                "2.1.1: whether charging periods in a PATCH replace all, or append",
                _one_of("replace", "append"),
            ),
            Quirk(REFUSE_UNSIGNED, "refuse a CDR that would lose its signed data, instead of sending it without"),
            Quirk(CALLBACK_ORIGINS, "further origins (https://host) that its response_url may have", _is_origins),
            Quirk(REFUSES_WITH_3000, "says HTTP 200 with OCPI 3000 when it does not accept the hub's token"),
            Quirk(WRAPPED_OBJECT, "answers a single object as a list of one: the hub unwraps it"),
            Quirk(
                CHECK,
                "what is done about objects that break the specification: off, report or enforce",
                _one_of("off", "report", "enforce"),
            ),
        )
    }
)


def check_quirks(quirks: Mapping[str, Any]) -> Mapping[str, Any]:
    """The quirks, where each is known and has a value that it accepts. Raises ValueError naming the one that is not."""
    for name, value in quirks.items():
        quirk = QUIRKS.get(name)
        if quirk is None:
            raise ValueError(f"{name} is not a known quirk; choose from {', '.join(QUIRKS)}")
        if not quirk.accepts(value):
            raise ValueError(f"{name} cannot be {json.dumps(value)}: {quirk.meaning}")
    return quirks


def adapted(message: Message, platform: Platform, hub: PartyId) -> Message:
    """The message as this platform wants it."""
    if not platform.quirks:
        return message
    if platform.quirks.get(STRICT_PATHS):
        message = _with_owner(message, platform.counterpart or hub)
    if platform.quirks.get(TRAILING_SLASH) and not message.path.endswith("/"):
        message = replace(message, path=message.path + "/")
    return message


def _with_owner(message: Message, owner: PartyId) -> Message:
    """The owner in the path of a pushed object replaced: this receiver knows one party only."""
    if message.operation is None or not message.operation.path.startswith("{country_code}/{party_id}"):
        return message
    rest = message.path.split("/", 3)[3:]
    return replace(message, path="/".join(["", owner.country_code, owner.party_id, *rest]))


def asks_for_slash(answer: Answer, url: str) -> bool:
    """Whether an answer only redirects to the very address that was called, with a slash at its end.

    Host and scheme are not compared, nor used: the hub calls its own address again, never another.
    """
    location = answer.headers.get("location") if answer.http in (301, 302, 307, 308) else None
    if not location:
        return False
    try:
        asked, called = urlsplit(urljoin(url, location)), urlsplit(url)
    except ValueError:
        return False
    return not called.path.endswith("/") and asked.path == called.path + "/" and asked.query == called.query


def with_slash(url: str) -> str:
    """The same address with a slash at the end of its path."""
    base, mark, query = url.partition("?")
    return f"{base}/{mark}{query}"


def straightened(answer: Answer, message: Message, platform: Platform) -> Answer:
    """The answer as OCPI has it. Raises HubRejected for a refused token in disguise."""
    quirks = platform.quirks
    if not quirks.get(REFUSES_WITH_3000) and not quirks.get(WRAPPED_OBJECT):
        return answer
    document = open_envelope(answer.body)
    if document is None:
        return answer
    if quirks.get(REFUSES_WITH_3000) and document["status_code"] == 3000:
        raise HubRejected("the receiver rejected the hub's token (with OCPI 3000)")
    data = document.get("data")
    is_list = message.operation is not None and message.operation.is_list
    if quirks.get(WRAPPED_OBJECT) and not is_list and isinstance(data, list) and len(data) == 1:
        return replace(answer, body=write_json({**document, "data": data[0]}))
    return answer
