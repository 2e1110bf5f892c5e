"""Who owns what, and with whom, as each operation tells it: the registries that a hub needs for open routing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from routing.bridge.context import moment
from routing.lessons.heard import DAY_S, Heard, id_of, is_id, token_type, type_in_query
from routing.memory import BETWEEN, Evses, Fact, Kind
from routing.message import of_each
from routing.ocpi import PartyId, party_in

RESERVATION_MARGIN_S: Final = DAY_S
LISTED: Final = {
    "LOC-S1": "locations",
    "TOK-S1": "tokens",
    "SES-S1": "sessions",
    "CDR-S1": "cdrs",
    "INV-S1": "invoices",
    "PAY-S1": "terminals",
    "PAY-S7": "confirmations",
    "BOK-S1": "booking locations",
    "BOK-S3": "bookings",
}


_uids = of_each("evses", "uid")


def evses_of(owner: PartyId, document: Any) -> Evses:
    """Who owns the EVSEs of a location."""
    rows = document.get("evses") if isinstance(document, dict) else None
    uids = [evse.get("uid") for evse in rows if isinstance(evse, dict)] if isinstance(rows, list) else ()
    return Evses(owner, tuple(filter(is_id, uids)))


def _location(heard: Heard) -> Iterator[Fact | Evses]:
    owner = heard.owner
    yield from heard.fact(Kind.LOCATION, heard.ids.get("location_id"), owner=owner)
    yield from heard.fact(Kind.EVSE, heard.ids.get("evse_uid"), owner=owner)
    if "evse_uid" not in heard.ids:
        yield Evses(owner, tuple(filter(is_id, _uids(heard.message.body))))  # not all of it: locations are long


def _token(heard: Heard) -> Iterator[Fact]:
    yield from _token_facts(heard, heard.ids.get("token_uid"), token_type(heard), heard.document, heard.owner)


def _token_facts(heard: Heard, uid: Any, kind: Any, document: Mapping[str, Any], owner: PartyId) -> Iterator[Fact]:
    yield from heard.fact(Kind.TOKEN, uid, kind, owner=owner)
    yield from heard.fact(Kind.CONTRACT, document.get("contract_id", document.get("auth_id")), owner=owner)


def _authorized(heard: Heard) -> Iterator[Fact]:
    """A real-time authorization: whoever answered knows the token, which 2.1.1 callers are not told."""
    answer = heard.said()
    if heard.other is None or not answer or not isinstance(answer, dict):
        return
    uid, kind = heard.ids.get("token_uid"), type_in_query(heard) or "rfid"
    token = answer.get("token")
    token = token if isinstance(token, dict) else {}
    yield from _token_facts(heard, uid, kind, token, heard.other)
    reference = answer.get("authorization_reference")
    yield from heard.fact(Kind.AUTHORIZATION, reference, owner=heard.other, other=heard.message.sender)
    if heard.crosses and uid:
        place = token.get("contract_id"), heard.document.get("location_id")
        yield from _met(heard, place, (uid, token.get("type", kind)), reference, heard.other, heard.message.sender)


def _met(
    heard: Heard,
    place: tuple[Any, Any],
    token: tuple[Any, Any],
    reference: Any,
    owner: PartyId,
    cpo: PartyId | None,
) -> Iterator[Fact]:
    """Which token and reference go with a contract at a location: 2.1.1 sessions name neither.

    A reference is the CPO's own, however another may call a location; a token of the contract is as good for both.
    """
    if all(map(is_id, token)):
        yield from heard.fact(Kind.SEEN_AT, *place, owner=owner, value=BETWEEN.join(token))
    if is_id(reference) and cpo is not None:
        where = cpo.country_code, cpo.party_id, *place
        yield from heard.fact(Kind.AUTHORIZED_AT, *where, owner=owner, value=reference)


def _session(heard: Heard) -> Iterator[Fact]:
    yield from heard.fact(Kind.SESSION, heard.ids.get("session_id"), owner=heard.owner, other=heard.other)
    yield from _reference(heard, heard.document, heard.other, heard.owner)


def _reference(
    heard: Heard, document: Mapping[str, Any], issuer: PartyId | None, cpo: PartyId | None
) -> Iterator[Fact]:
    if issuer is not None:
        reference = document.get("authorization_reference")
        yield from heard.fact(Kind.AUTHORIZATION, reference, owner=issuer, other=cpo)


def _cdr(heard: Heard) -> Iterator[Fact]:
    owner = party_in(heard.document) or heard.message.sender
    yield from heard.fact(Kind.CDR, heard.document.get("id"), owner=owner, other=heard.other)
    yield from _reference(heard, heard.document, heard.other, owner)


def _start(heard: Heard) -> Iterator[Fact]:
    """START_SESSION and RESERVE_NOW: the sender's own token is shown at a location."""
    sender, document = heard.message.sender, heard.document
    token = document.get("token")
    token = token if isinstance(token, dict) else {}
    kind = str(token.get("type") or "rfid").casefold()
    yield from _token_facts(heard, token.get("uid"), kind, token, sender)
    yield from _reference(heard, document, sender, heard.other)
    if heard.crosses:
        place = token.get("contract_id", token.get("auth_id")), document.get("location_id")
        shown = token.get("uid"), token.get("type")
        yield from _met(heard, place, shown, document.get("authorization_reference"), sender, heard.other)


def _reserve(heard: Heard) -> Iterator[Fact]:
    yield from _start(heard)
    number = heard.document.get("reservation_id")
    ends = moment(heard.document.get("expiry_date"))
    for fact in heard.fact(
        Kind.RESERVATION, None if number is None else str(number), owner=heard.message.sender, other=heard.other
    ):
        until = ends.timestamp() + RESERVATION_MARGIN_S if ends else 0.0
        yield fact._replace(expires_at=max(fact.expires_at or 0.0, until))


def _profile(heard: Heard) -> Iterator[Fact]:
    """A charging profile that was accepted: results and updates of it go to who set it."""
    answer = heard.answered()
    if heard.other is not None and isinstance(answer, dict) and answer.get("result") == "ACCEPTED":
        session_id = heard.ids.get("session_id")
        yield from heard.fact(Kind.PROFILE, session_id, owner=heard.other, other=heard.message.sender)


def _invoice(heard: Heard) -> Iterator[Fact]:
    owner = party_in(heard.ids) or party_in(heard.document) or heard.message.sender
    for name in (heard.ids.get("id"), heard.document.get("id")):
        yield from heard.fact(Kind.INVOICE, name, owner=owner, other=heard.other)


def _terminal_of_receiver(heard: Heard) -> Iterator[Fact]:
    """A CPO deals with a terminal of the PTP that answered."""
    if heard.other is not None:
        terminal_id = heard.ids.get("terminal_id") or heard.document.get("terminal_id")
        yield from heard.fact(Kind.TERMINAL, terminal_id, owner=heard.other, other=heard.message.sender)


def _terminal_of_sender(heard: Heard) -> Iterator[Fact]:
    terminal_id = heard.document.get("terminal_id")
    yield from heard.fact(Kind.TERMINAL, terminal_id, owner=heard.message.sender, other=heard.other)


def _confirmation(heard: Heard) -> Iterator[Fact]:
    yield from heard.fact(Kind.CONFIRMATION, heard.document.get("id"), owner=heard.message.sender, other=heard.other)


def _booking_location(heard: Heard) -> Iterator[Fact]:
    yield from heard.fact(Kind.BOOKING_LOCATION, heard.ids.get("booking_location_id"), owner=heard.owner)


def _booking(heard: Heard) -> Iterator[Fact]:
    yield from heard.fact(Kind.BOOKING, heard.ids.get("booking_id"), owner=heard.owner, other=heard.other)
    yield from _booking_ids(heard, heard.document, heard.owner, heard.other)


def _booking_ids(heard: Heard, document: Mapping[str, Any], owner: PartyId, other: PartyId | None) -> Iterator[Fact]:
    for name in ("id", "request_id"):
        yield from heard.fact(Kind.BOOKING, document.get(name), owner=owner, other=other)


def _booked(heard: Heard) -> Iterator[Fact]:
    """A booking request that was answered with a booking."""
    answer = heard.answered()
    if heard.other is not None:
        yield from _booking_ids(heard, heard.document, heard.other, heard.message.sender)
        if isinstance(answer, dict):
            yield from _booking_ids(heard, answer, heard.other, heard.message.sender)


def _listed(heard: Heard) -> Iterator[Fact | Evses]:
    """A list that one party asked another for: each item is its owner's."""
    operation, rows, other, asking = heard.message.operation, heard.answered(), heard.other, heard.message.sender
    if operation is None or other is None or not isinstance(rows, list):
        return
    what = LISTED[operation.id]
    for row in rows:
        if not isinstance(row, dict):
            continue
        owner = party_in(row) or other
        match what:
            case "locations":
                yield from heard.fact(Kind.LOCATION, row.get("id"), owner=owner)
                yield evses_of(owner, row)
            case "tokens":
                kind = str(row.get("type") or "").casefold()
                yield from _token_facts(heard, row.get("uid"), kind, row, owner)
            case "booking locations":
                yield from heard.fact(Kind.BOOKING_LOCATION, id_of(row), owner=owner)
            case "bookings":
                yield from _booking_ids(heard, row, other, asking)
            case "sessions":
                yield from heard.fact(Kind.SESSION, row.get("id"), owner=owner, other=asking)
            case "cdrs":
                yield from heard.fact(Kind.CDR, row.get("id"), owner=owner, other=asking)
            case "invoices":
                yield from heard.fact(Kind.INVOICE, row.get("id"), owner=owner, other=asking)
            case "terminals":
                yield from heard.fact(Kind.TERMINAL, row.get("terminal_id"), owner=other, other=asking)
            case "confirmations":
                yield from heard.fact(Kind.CONFIRMATION, row.get("id"), owner=other, other=asking)


BY_OPERATION: Final[Mapping[str, Callable[[Heard], Iterable[Fact | Evses]]]] = {
    **dict.fromkeys(("LOC-R2", "LOC-R3"), _location),
    **dict.fromkeys(("TOK-R2", "TOK-R3"), _token),
    "TOK-S2": _authorized,
    **dict.fromkeys(("SES-R2", "SES-R3"), _session),
    "CDR-R2": _cdr,
    "CMD-R1": _start,
    "CMD-R3": _reserve,
    "CHP-R2": _profile,
    **dict.fromkeys(("INV-R2", "INV-R3"), _invoice),
    **dict.fromkeys(("PAY-S2", "PAY-S3", "PAY-S5", "PAY-S6"), _terminal_of_receiver),
    "PAY-R2": _terminal_of_sender,
    "PAY-R4": _confirmation,
    **dict.fromkeys(("BOK-R2", "BOK-R3"), _booking_location),
    **dict.fromkeys(("BOK-R5", "BOK-R6"), _booking),
    "BOK-S4": _booked,
    **dict.fromkeys(LISTED, _listed),
}
