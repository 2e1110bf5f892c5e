"""Which journeys are asked for: a question to the journal, read from a query string."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from hub.store.journal import Wanted
from routing.catalogue import module_key
from routing.journey import Outcome
from routing.ocpi import PartyId

MAX_LIMIT: Final = 500
FILTERS: Final = ("party", "platform", "correlation_id", "module", "outcome", "since", "until", "limit", "cursor")

_SPACE_FOR_PLUS: Final = re.compile(r"(?<=:\d\d) (\d\d:?\d\d)$")
"""A plus sign that was not percent-encoded is a space in a query string."""


class BadFilter(ValueError):
    """A filter that cannot be read; `errors` has what is wrong by field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in errors.items()))
        self.errors = errors


def wanted_of(query: Mapping[str, str]) -> Wanted:
    """The question that a query string asks. Raises BadFilter."""
    errors: dict[str, str] = {}

    def read(name: str, convert: Callable[[str], Any], default: Any = "") -> Any:
        text = query.get(name, "").strip()
        try:
            return convert(text) if text else default
        except ValueError as error:
            errors[name] = str(error)
            return default

    wanted = Wanted(
        party=read("party", lambda text: str(PartyId.parse(text)).upper()),
        platform_id=read("platform", _short),
        correlation_id=read("correlation_id", _short),
        module=read("module", lambda text: module_key(_short(text))),
        outcome=read("outcome", _outcome),
        since=read("since", epoch_of, None),
        until=read("until", epoch_of, None),
        before=read("cursor", _cursor),
        limit=read("limit", _limit, 50),
    )
    errors |= {name: "is not a known filter" for name in query if name not in FILTERS}
    if errors:
        raise BadFilter(errors)
    return wanted


def epoch_of(text: str) -> float:
    """A moment in ISO 8601, UTC where it says nothing else, as epoch seconds. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(_SPACE_FOR_PLUS.sub(r"+\1", text))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        raise ValueError("a moment is written like 2026-01-31T12:00:00Z") from None


def _short(text: str) -> str:
    if len(text) > 128 or not text.isprintable():
        raise ValueError("is too long, or not text")
    return text


def _outcome(text: str) -> str:
    if text not in list(Outcome):
        raise ValueError(f"one of {', '.join(Outcome)}")
    return text


def _cursor(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{1,32}", text):
        raise ValueError("is not one that this API gave out")
    return text


def _limit(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or not 1 <= int(text[:9]) <= MAX_LIMIT:
        raise ValueError(f"a whole number from 1 to {MAX_LIMIT}")
    return int(text)
