"""Message + directory -> where it goes, or an error. Pure: no clock, no socket, no store.

The rules are those of OCPI 2.2.1 and 2.3.0, transport and format, Message Routing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from routing.catalogue import Operation, module_named
from routing.directory import Directory, Party, Platform, by_interface
from routing.errors import (
    ForeignSender,
    InvalidMessage,
    ModuleNotImplemented,
    NotTheOwner,
    ReceiverNotConnected,
    SenderSuspended,
    UnknownPath,
    UnknownReceiver,
)
from routing.links import split_query
from routing.message import Message, Named
from routing.ocpi import ConnectionStatus, Interface, PartyId, party_in, party_of

MAX_DECIDED: Final = 100_000
"""How many answers one picture remembers."""
NEEDS_DATE: Final = frozenset({"SES-S1"})
"""Lists whose date_from is required (OCPI 2.1.1, 2.2.1 and 2.3.0, sessions, GET)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One party to deliver to: its platform, and the endpoint that it advertised."""

    platform: Platform
    receiver: PartyId
    endpoint: str
    """Empty where the platform's version has no such module: what to say instead is the bridge's to know."""


def sender_of(caller: Platform, named: PartyId | None) -> PartyId:
    """The OCPI-from party: as named, if it is the caller's; the caller's only party where none is named.

    A party that the caller dropped from its roles is the caller's no more. Raises SenderSuspended (4003) for that one,
    ForeignSender (403, 2001) for somebody else's party, InvalidMessage (2001) where it cannot be inferred.
    """
    if named is not None:
        for party in caller.parties:
            if party.id == named and not party.is_suspended:
                return party.id
        if any(party.id == named for party in caller.parties):
            raise SenderSuspended(f"{named} is not among the roles of your platform any more")
        if not caller.is_hub:
            raise ForeignSender(f"{named} is not a party of your platform")
        return named
    ours = {party.id: None for party in caller.parties if not party.is_suspended}
    if len(ours) != 1:
        raise InvalidMessage("your platform has several parties: OCPI-from-country-code and -party-id are required")
    return next(iter(ours))


@dataclass(frozen=True, slots=True)
class ToEverybody:
    """A Broadcast Push: a copy for every party that deals with the sender."""


@dataclass(frozen=True, slots=True)
class FromMemory:
    """Asked of the hub itself: a list of what is published (GET All), or one object of its copy."""


@dataclass(frozen=True, slots=True)
class FromEach:
    """A list of what belongs to two parties (GET All): asked of each party that has such, at this moment."""


@dataclass(frozen=True, slots=True)
class ByContent:
    """An Open Routing Request: the receiver is to be told from what the message says."""


Decision = Delivery | ToEverybody | FromMemory | FromEach | ByContent


def decide(message: Message, directory: Directory) -> Decision:
    """Where a message goes. Raises the OcpiError that the caller is to be told."""
    if message.caller.is_hub:
        check_behind(message, directory)
    else:
        check_owner(message)
    _check_date(message)
    match message.receiver:
        case None:
            return ByContent()
        case directory.hub:
            return of_hub(message)
        case receiver:
            return direct(message, receiver, directory)


def _check_date(message: Message) -> None:
    """Raises InvalidMessage (2001) for a list without its date; a further page is asked for as its owner wrote it."""
    if message.operation is None or message.operation.id not in NEEDS_DATE or message.parent:
        return
    if not any(name == "date_from" and part.partition("=")[2] for name, part in split_query(message.query)):
        raise InvalidMessage("date_from is required")


def of_hub(message: Message) -> Decision:
    """TO is the hub (OCPI 2.2.1, transport and format, Broadcast Push; GET All via Hubs)."""
    operation = message.operation
    if message.method == "GET":
        if message.interface is Interface.RECEIVER or _is_published(message):
            return FromMemory()
        return FromEach() if operation is not None and operation.is_list else ByContent()
    if operation is not None and operation.is_broadcast:
        return ToEverybody()
    raise InvalidMessage(f"{message.method} {message.module} is not meant for everybody: it cannot be broadcast")


def _is_published(message: Message) -> bool:
    """Whether a list or an object is asked for of which the hub has copies."""
    operation = message.operation
    return operation is not None and (operation.is_public or operation.id in ("LOC-S2", "BOK-S2"))


def direct(message: Message, receiver: PartyId, directory: Directory) -> Delivery:
    """Party to party (OCPI 2.2.1, transport and format, Party to Party via Hub).

    What was decided once on a picture is true as long as the picture is: a new one starts without it.
    """
    question = (message.caller.id, message.sender, receiver, message.module, message.interface)
    known = directory.decided.get(question)
    if isinstance(known, Delivery):
        return known
    delivery = _direct(message, receiver, directory)
    if len(directory.decided) < MAX_DECIDED:
        directory.decided[question] = delivery
    return delivery


def _direct(message: Message, receiver: PartyId, directory: Directory) -> Delivery:
    party = _reachable(message, receiver, directory)
    platform = directory.platform_of(party)
    check_connected(platform, party)
    endpoint = platform.endpoint(message.module, message.interface)
    if endpoint is None and not _lacks_by_version(platform, message):
        raise ModuleNotImplemented(
            f"receiver {party.id} does not implement {message.module} {message.interface} in the version in use"
        )
    return Delivery(platform, party.id, endpoint or "")


def _lacks_by_version(platform: Platform, message: Message) -> bool:
    """Whether the module is one that the platform cannot have, since it speaks another version than the sender."""
    module, version = module_named(message.module), platform.version
    if module is None or version is None or version is message.version:
        return False
    return version.number not in module.versions


def _reachable(message: Message, receiver: PartyId, directory: Directory) -> Party:
    """The party to deliver to; an unknown one and one that may not be reached are told apart by nobody."""
    found = candidates(message, receiver, directory)
    if not found:
        raise UnknownReceiver(f"unknown receiver {receiver}")
    implementing = [row for row in found if directory.platform_of(row).endpoint(message.module, message.interface)]
    return (implementing or found)[0]


def candidates(message: Message, receiver: PartyId, directory: Directory) -> tuple[Party, ...]:
    """The parties of this id that the message's sender may reach with it, never back where it came from."""
    senders = directory.senders(message.caller, message.sender)
    rows = by_interface(directory.visible(senders, receiver, message.module), message.module, message.interface)
    return tuple(row for row in rows if row.platform_id != message.caller.id)


def check_connected(platform: Platform, party: Party) -> None:
    """Raises ReceiverNotConnected (4003) for a party that is planned, offline or suspended."""
    status = platform.status_of(party)
    if status is not ConnectionStatus.CONNECTED:
        raise ReceiverNotConnected(f"receiver {party.id} is {status}")


def target_url(endpoint: str, path: str, query: str) -> str:
    """The URL to call: the advertised endpoint, the path and query as they were sent, a query of its own kept."""
    base, _, own_query = endpoint.partition("?")
    merged = "&".join(filter(None, (own_query, query)))
    # a list's address has no path below it: then the endpoint is called exactly as it was advertised
    joined = base.rstrip("/") + path if path.strip("/") else base
    return f"{joined}?{merged}" if merged else joined


_CLIMBS: Final = re.compile(r"(?:^|/|\\|%2f|%5c)(?:\.|%2e){1,2}(?:;|%3b|/|\\|%2f|%5c|$)", re.IGNORECASE)
"""A dot segment in whatever spelling a server may undo, `..;` of servlet containers among them."""


def check_path(path: str) -> None:
    """Raises UnknownPath for a path, percent-encoded, that leads out of the endpoint it is to be joined to.

    The receiver's server would take `tokens/../credentials` for its credentials, and the hub's own token opens those.
    """
    if ("." in path or "%" in path) and _CLIMBS.search(path):
        raise UnknownPath("a path must not have . or .. as a segment")


# --- what a client-owned object must agree on ------------------------------------------------------------------------


def check_owner(message: Message) -> None:
    """A pushed object belongs to its sender: path, body and OCPI-from agree.

    Raises NotTheOwner (404, 2001) or InvalidMessage (2001).
    OCPI 2.2.1, transport and format, Client Owned Object Push.
    """
    operation = message.operation
    if operation is None:
        return
    if operation.is_owned and operation.interface is Interface.RECEIVER:
        segments = _segments(message)
        _check_path(message, segments)
        if operation.names[-1] == "booking_id" and segments[-1] == "booking_locations":
            raise InvalidMessage("a booking of the id booking_locations cannot be told from a booking location")
        _check_body(operation, segments, message.named)
    elif operation.module == "commands" and isinstance(document := message.document, dict):
        _check_token(message, document.get("token"))


def check_behind(message: Message, directory: Directory) -> None:
    """A hub speaks for who is behind it, and pushes what is theirs: it need not say in advance who that is.

    It is no way around the connection of a party that has its own here, nor around this hub: any platform may say of
    itself that it is a hub. Raises UnknownReceiver (4001) or NotTheOwner (404, 2001).
    """
    if not _is_behind(message.caller, message.sender, directory):
        raise UnknownReceiver(f"{message.sender} is connected to this hub by itself: for it you may reach nobody")
    operation = message.operation
    if operation is not None and operation.is_owned and operation.interface is Interface.RECEIVER:
        segments = _segments(message)
        owner = party_of(segments[0], segments[1])
        if owner is None or not _is_behind(message.caller, owner, directory):
            raise NotTheOwner(f"{segments[0]}*{segments[1]} in the path is not a party behind your platform")


def _is_behind(caller: Platform, party: PartyId, directory: Directory) -> bool:
    rows = [row for row in directory.parties.get(party, ()) if not row.is_suspended]
    return party != directory.hub and (not rows or any(row.platform_id == caller.id for row in rows))


def _segments(message: Message) -> list[str]:
    return [unquote(segment) if "%" in segment else segment for segment in message.path.strip("/").split("/")]


def _check_path(message: Message, segments: list[str]) -> None:
    owner = party_of(segments[0], segments[1])
    if owner is None or all(party.id != owner or party.is_suspended for party in message.caller.parties):
        raise NotTheOwner(f"{segments[0]}*{segments[1]} in the path is not a party of your platform")


def _check_body(operation: Operation, segments: list[str], named: Named) -> None:
    for name, value, segment in zip(Named._fields, named[:2], segments, strict=False):
        if isinstance(value, str) and value != segment and value.lower() != segment.lower():
            raise InvalidMessage(f"{name} is {value} in the body and {segment} in the path")
    if operation.id == "BOK-R5":  # its path may hold id or request_id
        return
    field = "uid" if operation.names[len(segments) - 1] in ("evse_uid", "token_uid") else "id"
    value = named.uid if field == "uid" else named.id
    if isinstance(value, str) and value != segments[-1] and value.lower() != segments[-1].lower():
        raise InvalidMessage(f"{field} is {value} in the body and {segments[-1]} in the path")


def _check_token(message: Message, token: Any) -> None:
    owner = party_in(token)
    if owner is not None and owner != message.sender:
        raise InvalidMessage(f"the token belongs to {owner}, not to the sender {message.sender}")
