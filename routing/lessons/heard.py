"""A message that was delivered, with what is asked of it again and again to learn from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeGuard
from urllib.parse import unquote

from routing.answers import open_envelope
from routing.bridge.calls import TYPE_NAMES
from routing.links import split_query
from routing.memory import Fact, Kind, key_of
from routing.message import Message, Reply
from routing.ocpi import PartyId, party_in

DAY_S: Final = 86_400.0
LIFETIME_S: Final[Mapping[Kind, float]] = {
    Kind.SESSION: 60 * DAY_S,
    Kind.PROFILE: 60 * DAY_S,
    Kind.RESERVATION: 2 * DAY_S,
    Kind.CDR: 400 * DAY_S,
    Kind.AUTHORIZATION: 90 * DAY_S,
    Kind.INVOICE: 400 * DAY_S,
    Kind.CONFIRMATION: 400 * DAY_S,
    Kind.BOOKING: 90 * DAY_S,
    Kind.SEEN_AT: 90 * DAY_S,
    Kind.AUTHORIZED_AT: 90 * DAY_S,
}
"""How long something is known after it was last heard of; what is not here, until it is replaced."""
MAX_ID: Final = 255
ID_FIELDS: Final = ("id", "uid", "terminal_id", "booking_location_id")


@dataclass(frozen=True)
class Heard:
    """A message with what is asked of it again and again: who is on either side, the ids in its path, its body."""

    message: Message
    at: float
    ids: Mapping[str, str]
    other: PartyId | None
    """Who answered; None for a broadcast."""
    reply: Reply | None = None
    crosses: bool = False
    """Whether the two sides speak different versions, one of them 2.1.1."""

    @cached_property
    def body(self) -> Any:
        """What its body says: read where it is asked for, which is not always."""
        return self.message.document

    @property
    def document(self) -> dict[str, Any]:
        """The body, where it is an object."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def owner(self) -> PartyId:
        """Whose object is pushed: the party in the path, else the sender."""
        return party_in(self.ids) or self.message.sender

    def answered(self) -> Any:
        """The data of the answer, as the caller has it."""
        return _data(self.reply.body) if self.reply else None

    def said(self) -> Any:
        """The data of the answer, as the party gave it: in its own version, whatever the caller's has no word for."""
        return _data(self.reply.untranslated or self.reply.body) if self.reply else None

    def fact(
        self, kind: Kind, *ids: object, owner: PartyId, other: PartyId | None = None, value: str = ""
    ) -> Iterator[Fact]:
        """A fact, if these are ids."""
        if all(is_id(part) for part in ids):
            lifetime_s = LIFETIME_S.get(kind)
            expires_at = None if lifetime_s is None else self.at + lifetime_s
            yield Fact(kind, key_of(*map(str, ids)), owner, other, value, expires_at)


def _data(body: bytes) -> Any:
    document = open_envelope(body)
    return None if document is None else document.get("data")


def token_type(heard: Heard) -> str | None:
    """The type of a token: in its body, in the query, else RFID; 2.1.1 says it in whole tokens only."""
    kind = heard.document.get("type")
    if isinstance(kind, str) and is_id(kind):
        return kind.casefold()
    return type_in_query(heard) or ("rfid" if heard.message.version.rank > 1 else None)


def type_in_query(heard: Heard) -> str | None:
    """The type of a token that the query names; None where it names none."""
    types = (unquote(raw.partition("=")[2]) for name, raw in split_query(heard.message.query) if name in TYPE_NAMES)
    return next((kind.casefold() for kind in types if is_id(kind)), None)


def is_id(value: object) -> TypeGuard[str]:
    """Whether something is fit to be a key: a party may send anything."""
    return isinstance(value, str) and 0 < len(value) <= MAX_ID and value.isprintable()


def id_of(document: Mapping[str, Any]) -> Any:
    """What an object is called by."""
    return next((document[name] for name in ID_FIELDS if name in document), None)
