"""GET All, and single objects, from the hub's own copy of what parties publish to everybody.

OCPI 2.2.1, transport and format, GET All via Hubs. The objects are their owners' bytes, `last_updated` included; an
owner of another version has its objects translated, and those that do not go into the caller's version left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from routing.answers import envelope
from routing.bridge import Loss, Untranslatable, What, parse_json, write_json
from routing.bridge.calls import ids_of
from routing.bridge.context import moment
from routing.bridge.receipt import loss
from routing.catalogue import module_named
from routing.copies import OBJECTS, part_of
from routing.crossing import Crossing
from routing.decide import MAX_DECIDED
from routing.directory import Directory, Party, by_interface
from routing.errors import InvalidMessage, UnknownObject, UnknownReceiver
from routing.journey import timestamp
from routing.links import add_route
from routing.memory import Memory, Stored, Wanted
from routing.message import Message, Reply
from routing.ocpi import LIMIT, SUCCESS, TOTAL_COUNT, VERSIONS, ConnectionStatus, Interface, PartyId, Role, party_named
from routing.paging import Asked, asked_in
from routing.reach import Reached, Reaches, reached

MAX_PAGE: Final = 100
"""The most objects on a page, told in X-Limit."""
MAX_PAGE_BYTES: Final = 4 * 1024 * 1024
"""A page ends early above this size: locations may be very large."""
IDS: Final = ("location_id", "tariff_id", "token_uid", "booking_location_id")
BELOW: Final = ("evse_uid", "connector_id", "calendar_id")
SLOTS: Final = "available_timeslots"
SHOWN: Final = frozenset({ConnectionStatus.CONNECTED, ConnectionStatus.OFFLINE})
"""Of which parties the copy is shown: one that is away for a while still owns what it published."""


def owners_visible(message: Message, directory: Directory) -> Mapping[PartyId, Party]:
    """The parties whose objects of a module the caller may see. Pure; the one rule is `Directory.may_reach`."""
    question = ("published", message.caller.id, message.sender, message.module)
    known = directory.decided.get(question)
    if isinstance(known, Reached):
        return known
    found = _owners(message, directory)
    if len(directory.decided) < MAX_DECIDED:
        directory.decided[question] = found
    return found


def _owners(message: Message, directory: Directory) -> Reached[Party]:
    standard, caller = module_named(message.module), directory.platforms.get(message.caller.id)
    named = directory.senders(caller, message.sender) if standard and caller else ()
    roles = standard.sender_roles if standard else frozenset()

    def find(party: PartyId, reaches: Reaches) -> Party | None:
        rows = directory.parties.get(party, ())
        return next((row for row in reversed(rows) if _shows(directory, row, roles) and reaches(row)), None)

    senders = by_interface(named, message.module, Interface.RECEIVER)
    return reached(directory, ("published", message.module), senders, message.module, find)


def _shows(directory: Directory, row: Party, roles: Collection[Role]) -> bool:
    """Whether this is a party that has objects to show: one of these roles."""
    platform = directory.platform_of(row)
    return row.role in roles and platform.version is not None and platform.status_of(row) in SHOWN


@dataclass(frozen=True, slots=True)
class GetAll:
    """Answers what the hub is asked for itself."""

    directory: Callable[[], Directory]
    memory: Memory
    crossing: Crossing
    list_address: Callable[[Message], str]
    """The address of the list that a message asks for."""

    async def answer(self, message: Message) -> Reply:
        """A list, or one object, FROM the hub.

        Raises InvalidMessage (2001) for a list that the hub does not keep, UnknownObject (404) or UnknownReceiver.
        """
        operation = message.operation
        if operation is not None and operation.is_list:
            if not operation.is_public:
                raise InvalidMessage(f"{message.module} are not published to everybody: name one party in OCPI-to")
            return await self._list(message)
        if message.interface is Interface.RECEIVER:
            return await self._read_back(message)
        return await self._one(message)

    # --- lists -------------------------------------------------------------------------------------------------------

    async def _list(self, message: Message) -> Reply:
        directory = self.directory()
        asked = asked_in(message.query)
        owners = owners_visible(message, directory)
        limit = min(asked.limit or MAX_PAGE, MAX_PAGE)
        if asked.timeslot_from is not None or asked.timeslot_to is not None:
            rows, total = await self._with_timeslots(message, asked, owners)
            rows, is_last = rows[: limit + 1], len(rows) <= limit
        else:
            page = await self.memory.page(_wanted(message.module, owners, asked, limit))
            rows, total, is_last = list(page.items), page.total, page.is_last
        fitting = list(_within_bytes(rows[:limit]))
        is_last = is_last and len(fitting) == len(rows)
        lost: list[Loss] = []
        found = [await self._in_version(row, message, directory, owners, lost) for row in fitting]
        bodies = [body for body in found if body is not None]
        if is_last and len(fitting) == total:  # of a list on several pages nobody knows how many will be left out
            total = len(bodies)
        headers = {TOTAL_COUNT: str(total), LIMIT: str(MAX_PAGE)}
        if not is_last:
            query = asked.next_query(
                after=fitting[-1].seq, offset=asked.offset + len(fitting), limit=limit, total=total
            )
            headers["Link"] = f'<{self.list_address(message)}?{_routed(query, message, directory)}>; rel="next"'
        return _reply(b"[" + b",".join(bodies) + b"]", headers, lost)

    async def _with_timeslots(
        self, message: Message, asked: Asked, owners: Iterable[PartyId]
    ) -> tuple[list[Stored], int]:
        """Booking locations with a timeslot in the window, from the page's begin, and how many there are in all."""
        found: list[Stored] = []
        after = 0
        while True:
            wanted = Wanted(message.module, list(owners), 500, asked.date_from, asked.date_to, after=after)
            page = await self.memory.page(wanted)
            found += [row for row in page.items if _has_timeslot(row, asked)]
            if page.is_last:
                break
            after = page.items[-1].seq
        rest = [row for row in found if row.seq > asked.after] if asked.after else found[asked.offset :]
        return rest, len(found)

    async def _in_version(
        self,
        row: Stored,
        message: Message,
        directory: Directory,
        owners: Mapping[PartyId, Party],
        lost: list[Loss],
    ) -> bytes | None:
        """An item as the caller's version has it, what that cost added to `lost`; None where it does not go into it."""
        if row.version == message.version.number:
            return row.body
        try:
            return write_json(await self._translated(row, message, directory, owners, lost))
        except Untranslatable as error:
            lost.append(loss(OBJECTS[row.module], "", What.DROPPED, parse_json(row.body), None, error.message))
            return None

    async def _translated(
        self,
        row: Stored,
        message: Message,
        directory: Directory,
        owners: Mapping[PartyId, Party],
        lost: list[Loss],
    ) -> Any:
        document = parse_json(row.body)
        if row.version == message.version.number:
            return document
        owner = owners[row.owner]
        platform = directory.platform_of(owner)
        value, receipt = await self.crossing.item(
            OBJECTS[row.module], document, message, platform, VERSIONS[row.version], directory, row.owner
        )
        lost += receipt.losses
        return value

    # --- one object --------------------------------------------------------------------------------------------------

    async def _one(self, message: Message) -> Reply:
        """One object on the Sender interface: of whichever visible party has it, if it is one only."""
        directory = self.directory()
        owners = owners_visible(message, directory)
        ids, below = _ids(message)
        if not ids:
            raise UnknownObject()
        found = [row for row in await self.memory.find(message.module, ids) if row.owner in owners]
        if len(found) > 1 and below:  # an EVSE tells apart locations of the same id
            found = [row for row in found if _has_part(row, below[:1])] or found
        if len({row.owner for row in found}) > 1:
            raise UnknownReceiver("several parties have an object of this id: name one in OCPI-to")
        if not found:
            raise UnknownObject()
        return await self._object(found[0], below, message, directory, owners)

    async def _read_back(self, message: Message) -> Reply:
        """One object on the Receiver interface: its owner looks at the hub's copy of it."""
        directory = self.directory()
        segments = message.operation.segments(message.path) if message.operation else None
        ids, below = _ids(message)
        if not segments or not ids or not {"country_code", "party_id"} <= segments.keys():
            raise UnknownObject()
        owner = party_named(unquote(segments["country_code"]), unquote(segments["party_id"]))  # checked before
        found = await self.memory.find(message.module, ids, owner)
        ours = {party.id: party for party in message.caller.parties}
        if not found or owner not in ours:
            raise UnknownObject()
        return await self._object(found[0], below, message, directory, ours)

    async def _object(
        self,
        row: Stored,
        below: tuple[str, ...],
        message: Message,
        directory: Directory,
        owners: Mapping[PartyId, Party],
    ) -> Reply:
        if not below and row.version == message.version.number:
            return _reply(row.body, {})
        lost: list[Loss] = []
        part = part_of(await self._translated(row, message, directory, owners, lost), row.module, below)
        if part is None:
            raise UnknownObject()
        return _reply(write_json(part), {}, lost)


def _wanted(module: str, owners: Iterable[PartyId], asked: Asked, limit: int) -> Wanted:
    return Wanted(
        module=module,
        owners=tuple(owners),
        limit=limit,
        date_from=asked.date_from,
        date_to=asked.date_to,
        offset=asked.offset,
        after=asked.after,
        total=asked.total,
    )


def _within_bytes(rows: Iterable[Stored]) -> Iterator[Stored]:
    """As many as go on a page; at least one."""
    size = 0
    for row in rows:
        size += len(row.body)
        if size > MAX_PAGE_BYTES and size > len(row.body):
            return
        yield row


def _routed(query: str, message: Message, directory: Directory) -> str:
    """The query with what leads the next page back to the hub, for callers that follow a Link without headers."""
    return add_route(query, directory.hub, message.parent or message.journey_id)


def _ids(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The object's id (and a token's type, which 2.1.1 does not say), and the ids of the part that is asked for."""
    ids = ids_of(message)
    key = [ids[name] for name in IDS if name in ids]
    if "type" in ids and message.version.rank > 1:
        key.append(ids["type"])
    return tuple(key), tuple(ids[name] for name in BELOW if name in ids)


def _has_part(row: Stored, below: tuple[str, ...]) -> bool:
    return part_of(parse_json(row.body), row.module, below) is not None


def _has_timeslot(row: Stored, asked: Asked) -> bool:
    """Whether a booking location has a timeslot that starts in the window (Bookings, GET BookingLocations)."""
    slots = (slot for calendar in _rows(parse_json(row.body), "calendars") for slot in _rows(calendar, SLOTS))
    starts = (start.timestamp() for slot in slots if (start := moment(slot.get("start_date_time"))) is not None)
    least, end = asked.timeslot_from, asked.timeslot_to
    return any((least is None or at >= least) and (end is None or at < end) for at in starts)


def _rows(document: Any, name: str) -> list[dict[str, Any]]:
    rows = document.get(name) if isinstance(document, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _reply(data: bytes, headers: Mapping[str, str], lost: Sequence[Loss] = ()) -> Reply:
    """Success with these bytes as data, from the hub itself, and what translating them lost."""
    rest = envelope(SUCCESS, None, timestamp())
    return Reply(200, b'{"data":' + data + b"," + rest[1:], None, headers, receipt=tuple(lost))
