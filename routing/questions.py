"""What an Open Routing Request says of who it is for: a party that it names, or an id whose owner memory may know.

One row for each operation whose receiver can be told from its content; every other operation says nothing. Pure.
OCPI 2.2.1 and 2.3.0, transport and format, Open Routing Request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from routing.bridge.calls import ids_of
from routing.memory import Kind
from routing.message import Message
from routing.ocpi import PartyId, party_in


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question to memory: who owns what goes by these ids; with `beside`, who has it with that party."""

    kind: Kind
    ids: tuple[str, ...]
    beside: PartyId | None = None
    is_strict: bool = False
    """Whether an owner that has it with somebody else, or with nobody known, is no answer."""
    or_ids: tuple[tuple[str, ...], ...] = ()
    """What else it may go by, asked one after the other where nobody is known to have the first."""


@dataclass(frozen=True, slots=True)
class Question:
    """Who a message may be for: a party that is named, or whoever all the look-ups agree on."""

    named: tuple[PartyId, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    tie_breaks: tuple[Lookup, ...] = ()
    """Asked only where the look-ups leave several."""
    otherwise: tuple[Lookup, ...] = ()
    """Asked only where the look-ups leave nobody."""


NOTHING: Final = Question()
HIDDEN: Final = ("APP_USER", "AD_HOC_USER")
"""Types of tokens of 2.2.1, which a 2.1.1 party knows as OTHER."""


def question_of(message: Message) -> Question:
    """What this message says of its receiver; NOTHING where it says nothing."""
    ask = _BY_OPERATION.get(message.operation.id) if message.operation else None
    if ask is None:
        return NOTHING
    return ask(_Said(message, ids_of(message), message.fields))


@dataclass(frozen=True, slots=True)
class _Said:
    """A message taken apart: the ids in its path (and the type of a token), and its body."""

    message: Message
    ids: Mapping[str, str]
    document: Mapping[str, Any]

    @property
    def sender(self) -> PartyId:
        return self.message.sender

    def text(self, name: str) -> str | None:
        """A member of the body, as an id."""
        value = self.document.get(name)
        return str(value) if isinstance(value, str | int) and value != "" else None


def _one(kind: Kind, *ids: str | None, **more: Any) -> Question:
    """A single look-up; nothing where an id is missing."""
    found = tuple(part for part in ids if part is not None)
    return Question(lookups=(Lookup(kind, found, **more),)) if len(found) == len(ids) else NOTHING


def _named(*parties: PartyId | None) -> Question:
    return Question(named=tuple(dict.fromkeys(party for party in parties if party is not None)))


# --- one for each row ------------------------------------------------------------------------------------------------


def _place(location_id: str | None, evse_uid: str | None) -> Question:
    """A location's operator; the EVSE tells apart locations of the same id."""
    found = _one(Kind.LOCATION, location_id)
    return Question(lookups=found.lookups, tie_breaks=_one(Kind.EVSE, evse_uid).lookups if found.lookups else ())


def _location_in_path(said: _Said) -> Question:
    return _place(said.ids["location_id"], said.ids.get("evse_uid"))


def _location_in_body(said: _Said) -> Question:
    return _place(said.text("location_id"), said.text("evse_uid"))


def _session_in_path(said: _Said) -> Question:
    return _one(Kind.SESSION, said.ids["session_id"], beside=said.sender)


def _session_in_body(said: _Said) -> Question:
    """STOP_SESSION: of the caller's own sessions alone."""
    return _one(Kind.SESSION, said.text("session_id"), beside=said.sender, is_strict=True)


def _custom_command(said: _Said) -> Question:
    return _location_in_body(said) if said.text("location_id") else _session_in_body(said)


def _driver(said: _Said) -> Question:
    """The party of the card in a session or a CDR; 2.1.1 has its contract alone."""
    if (party := party_in(said.document.get("cdr_token"))) is not None:
        return _named(party)
    return _one(Kind.CONTRACT, said.text("auth_id"))


def _owned(kind: Kind, name: str) -> Callable[[_Said], Question]:
    """Whoever has with the party in the path what it owns."""

    def ask(said: _Said) -> Question:
        owner = party_in(said.ids)
        return NOTHING if owner is None else _one(kind, said.ids[name], beside=owner, is_strict=True)

    return ask


def _session_push(said: _Said) -> Question:
    found = _driver(said)
    return found if found != NOTHING else _owned(Kind.SESSION, "session_id")(said)


def _token(said: _Said) -> Question:
    uid, kind = said.ids["token_uid"], said.ids["type"]
    hidden = HIDDEN if kind == "OTHER" and said.message.version.rank == 1 else ()
    return _one(Kind.TOKEN, uid, kind, or_ids=tuple((uid, other) for other in hidden))


def _reservation(said: _Said) -> Question:
    return _one(Kind.RESERVATION, said.text("reservation_id"), beside=said.sender, is_strict=True)


def _profile(said: _Said) -> Question:
    """Whoever set the charging profile, not simply the session's eMSP."""
    return _one(Kind.PROFILE, said.ids["session_id"], beside=said.sender, is_strict=True)


def _invoice(said: _Said) -> Question:
    """The other party of the CDRs: direct billing is by their owner, reverse billing by who had them."""
    issuer = party_in(said.document) or said.sender
    rows = said.document.get("cdrs")
    lookups: list[Lookup] = []
    for row in rows if isinstance(rows, list) else ():
        cdr_id = row.get("id") if isinstance(row, dict) else row
        if not isinstance(cdr_id, str):
            return NOTHING
        lookups.append(Lookup(Kind.CDR, (cdr_id,), beside=issuer, is_strict=True))
    return Question(lookups=tuple(lookups))


def _invoice_record(said: _Said) -> Question:
    found = _owned(Kind.INVOICE, "id")(said)
    return Question(lookups=found.lookups, otherwise=_invoice(said).lookups)


def _shared(kind: Kind, name: str) -> Callable[[_Said], Question]:
    """Whoever has with the caller what the path is about: the PTP for a CPO, the CPO for a PTP."""

    def ask(said: _Said) -> Question:
        return _one(kind, said.ids[name], beside=said.sender)

    return ask


def _terminal(said: _Said) -> Question:
    """A terminal names the CPO, or its locations do."""
    if (party := party_in(said.document)) is not None:
        return _named(party)
    rows = said.document.get("location_ids")
    ids = [row for row in rows if isinstance(row, str)] if isinstance(rows, list) else []
    return Question(lookups=tuple(Lookup(Kind.LOCATION, (location_id,)) for location_id in ids))


def _confirmation(said: _Said) -> Question:
    return _one(Kind.AUTHORIZATION, said.text("authorization_reference"), beside=said.sender, is_strict=True)


def _booking_request(said: _Said) -> Question:
    found = _one(Kind.BOOKING_LOCATION, said.text("booking_location_id"))
    return found if found != NOTHING else _location_in_body(said)


def _booking(said: _Said) -> Question:
    """The eMSP that asked for the booking, or whose tokens it is for, or that is known to have it."""
    for party in (*_requesting(said.document), *_tokens_of(said.document)):
        return _named(party)
    return _owned(Kind.BOOKING, "booking_id")(said)


def _requesting(document: Mapping[str, Any]) -> Iterator[PartyId]:
    rows = document.get("booking_requests")
    for row in rows if isinstance(rows, list) else ():
        party = party_in(row.get("booking_request")) if isinstance(row, dict) else None
        if party is not None:
            yield party


def _tokens_of(document: Mapping[str, Any]) -> Iterator[PartyId]:
    rows = document.get("booking_tokens")
    yield from (party for row in (rows if isinstance(rows, list) else ()) if (party := party_in(row)) is not None)


_BY_OPERATION: Final[Mapping[str, Callable[[_Said], Question]]] = {
    "LOC-S2": _location_in_path,
    "SES-S2": _session_in_path,
    "SES-R1": _owned(Kind.SESSION, "session_id"),
    "SES-R2": _session_push,
    "SES-R3": _session_push,
    "CDR-R2": _driver,
    "TOK-S2": _token,
    **dict.fromkeys(("CMD-R1", "CMD-R3", "CMD-R5"), _location_in_body),
    "CMD-R2": _session_in_body,
    "CMD-R4": _reservation,
    "CMD-R6": _custom_command,
    **dict.fromkeys(("CHP-R1", "CHP-R2", "CHP-R3"), _session_in_path),
    "CHP-S2": _profile,
    "INV-R2": _invoice,
    "INV-R3": _invoice_record,
    **dict.fromkeys(("INV-R1", "INV-R4"), _owned(Kind.INVOICE, "id")),
    **dict.fromkeys(("PAY-S2", "PAY-S4", "PAY-S5", "PAY-S6"), _shared(Kind.TERMINAL, "terminal_id")),
    **dict.fromkeys(("PAY-S8", "PAY-R3"), _shared(Kind.CONFIRMATION, "id")),
    "PAY-R1": _shared(Kind.TERMINAL, "terminal_id"),
    "PAY-R2": _terminal,
    "PAY-R4": _confirmation,
    "BOK-S2": lambda said: _one(Kind.BOOKING_LOCATION, said.ids["booking_location_id"]),
    "BOK-S4": _booking_request,
    "BOK-R4": _owned(Kind.BOOKING, "booking_id"),
    **dict.fromkeys(("BOK-R5", "BOK-R6"), _booking),
}
