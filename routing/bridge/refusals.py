"""What the bridge refuses, each with its answer to the caller. Nothing impossible is approximated."""

from __future__ import annotations

from typing import Any

from routing.answers import envelope
from routing.errors import Untranslatable
from routing.message import Reply

__all__ = [
    "AnsweredByHub",
    "ChangedPeriods",
    "ImpossiblePreferences",
    "NeedsObject",
    "UnknownContract",
    "UnknownToken",
    "Unmapped",
    "Untranslatable",
]


class Unmapped(Untranslatable):
    """The receiver's OCPI version has no word for this connector."""


class UnknownContract(Untranslatable):
    """No party is known for this contract."""

    code = 2000


class ImpossiblePreferences(Untranslatable):
    """The charging preferences cannot be set: this EVSE's operator speaks a version without them."""

    http, code = 404, 2001


class UnknownToken(Untranslatable):
    """The token is not known."""

    http, code = 404, 2004


class NeedsObject(Untranslatable):
    """The hub has not seen the object that this update is about: send a PUT first.

    `object_name` and `key` are what `Context.stored` was asked for.
    """

    def __init__(self, object_name: str, key: tuple[str, ...]) -> None:
        self.object_name = object_name
        self.key = key
        super().__init__(f"the hub does not know this {object_name} yet: send it with PUT first")


class ChangedPeriods(Untranslatable):
    """Earlier charging periods changed, which a PATCH that appends cannot say."""


class AnsweredByHub(Untranslatable):
    """The receiver's version cannot do this: the hub answers in its place, with OCPI success and this `data`."""

    code = 1000

    def __init__(self, data: Any, message: str | None = None) -> None:
        self.data = data
        super().__init__(message)

    def reply(self, timestamp: str) -> Reply:
        """The answer for the caller."""
        return Reply(200, envelope(self.code, None, timestamp, self.data), None)
