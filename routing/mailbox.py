"""What waits for one receiver of broadcasts, as plain data: order kept per object, newest wins, bounded.

No clock, no task, no socket: `routing.broadcast` takes from it and delivers. Promises (all per receiver):
updates of one object leave in the order they were accepted, never two at once; what waits is never more than one
copy for each place of an object, so a slow receiver catches up with the present instead of replaying the past.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import unquote

from routing.bridge.codec import write_json
from routing.links import split_query
from routing.message import Message, parse_json

CLIENT_INFO: Final = "hubclientinfo"
PARTS: Final = {"locations": ("evses", "connectors"), "booking": ("calendars",)}
"""Which member of a module's object holds the parts that have an address of their own below it, by depth."""

Root = tuple[str, ...]
"""An object: its module, owner and id, folded where OCPI's ids have no case."""
Place = tuple[str, tuple[str, ...], bool]
"""A part of an object, in the words of one version, and whether it is taken back."""


@dataclass(slots=True, eq=False)
class Copy:
    """One update, waiting. Receivers share it, body and all, until a merge makes a new one."""

    message: Message
    """As it is to be sent, but for who it is from and for."""
    root: Root
    below: tuple[str, ...] = ()
    """Which part of the object: empty for the object itself."""
    brings_parts: bool = False
    """Whether it is a PATCH with all the parts below its place."""
    takes_back: bool = False
    """Whether it says that the object is gone: what comes after it is not laid over it, and does not bring it back."""
    holders: int = 0
    """In how many mailboxes it waits (see `Room`)."""
    laid: dict[int, tuple[Copy, Copy]] = field(default_factory=dict)
    """What this PATCH made of others, by the other: most receivers have the same waiting."""

    @property
    def method(self) -> str:
        """PUT, PATCH or DELETE."""
        return self.message.method

    @property
    def place(self) -> Place:
        """What it may be merged with: the part of the object, in the words of one version."""
        return self.message.version.number, self.below, self.takes_back

    @property
    def owner(self) -> str:
        """Whose object it is, folded."""
        return self.root[1]

    def laid_over(self, older: Copy) -> Copy:
        """An older PUT or PATCH of the same place with this PATCH over it: top-level members, as PATCH means."""
        known = self.laid.get(id(older))
        if known is None:
            known = self.laid[id(older)] = (older, self._laid_over(older))
        return known[1]

    def _laid_over(self, older: Copy) -> Copy:
        members = {**parse_json(older.message.body), **parse_json(self.message.body)}
        merged = replace(self.message, method=older.method, operation=older.message.operation, body=write_json(members))
        return Copy(merged, self.root, self.below, older.brings_parts or self.brings_parts)


def copy_of(message: Message) -> Copy:
    """A copy of a push of a client-owned object, to be shared by all receivers."""
    segments = [unquote(segment) for segment in message.path.strip("/").split("/")]
    if message.version.rank > 1:  # before 2.2, ids that differ in case are different
        segments = [segment.casefold() for segment in segments]
    at = 4 if message.module == "booking" and segments[2:3] == ["booking_locations"] else 3
    root = (message.module, "".join(segments[:2]).casefold(), *segments[2:at], _kind(message))
    below = tuple(segments[at:])
    return Copy(message, root, below, _brings_parts(message, len(below)))


def _kind(message: Message) -> str:
    """The type of a token: it is known by uid and type (OCPI 2.2.1, tokens, Receiver Interface), RFID if not said."""
    if message.module != "tokens":
        return ""
    named = (unquote(raw.partition("=")[2]) for name, raw in split_query(message.query) if name == "type")
    return next(named, "RFID").casefold()


def _brings_parts(message: Message, depth: int) -> bool:
    parts = PARTS.get(message.module, ())
    if message.method != "PATCH" or depth >= len(parts):
        return False
    document: Any = message.document
    return isinstance(document, dict) and parts[depth] in document


@dataclass(slots=True)
class Room:
    """What all mailboxes together hold: copies, and bytes of bodies, each counted once however many share it."""

    copies: int = 0
    bytes: int = 0

    def enter(self, copy: Copy) -> None:
        """A copy waits in one more mailbox."""
        self.copies += 1
        copy.holders += 1
        if copy.holders == 1:
            self.bytes += len(copy.message.body)

    def leave(self, copy: Copy) -> None:
        """A copy waits in one mailbox less."""
        self.copies -= 1
        copy.holders -= 1
        if not copy.holders:
            self.bytes -= len(copy.message.body)


class Mailbox:
    """The copies that wait for one receiver, and the objects that are on their way to it."""

    def __init__(self, room: Room | None = None) -> None:
        self._room = Room() if room is None else room
        self._waiting: dict[Root, dict[Place, Copy]] = {}
        self._ready: deque[Root] = deque()
        self._busy: set[Root] = set()
        self._news: dict[str, set[Root]] = {}
        self._held: dict[str, list[Root]] = {}
        self._count = 0
        self.replaced = 0
        """Copies that a newer one made unnecessary."""

    def __len__(self) -> int:
        return self._count

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is on its way."""
        return not self._count and not self._busy

    def put(self, copy: Copy, at_most: int) -> bool:
        """Let a copy wait; False where more than `at_most` copies would wait then."""
        waiting = self._waiting.get(copy.root, {})
        older = waiting.get(copy.place) if copy.method == "PATCH" else None
        if older is not None and older.method == "DELETE":  # nothing is left to be changed
            self.replaced += 1
            return True
        outdated = _outdated_by(copy, waiting)
        if older is None and not outdated and self._count >= at_most:
            return False
        for place in outdated:
            self._drop(waiting, place)
        if older is not None:
            self._room.leave(older)
            copy = copy.laid_over(older)  # it keeps the place in the line that the older one had
            self.replaced += 1
        else:
            self._count += 1
        waiting[copy.place] = copy
        self._room.enter(copy)
        self.replaced += len(outdated)
        if copy.root not in self._waiting:
            self._waiting[copy.root] = waiting
            if copy.root not in self._busy:
                self._line_up(copy.root)
        return True

    def _drop(self, waiting: dict[Place, Copy], place: Place) -> None:
        self._room.leave(waiting.pop(place))
        self._count -= 1

    def take(self) -> Copy | None:
        """The next copy to deliver, of an object that is not on its way already; `done` must follow.

        What is known of a party goes before its objects: receivers may refuse objects of a party that they have
        not heard of (OCPI 2.2.1, HubClientInfo, CONNECTED).
        """
        while self._ready:
            root = self._ready.popleft()
            if root[0] != CLIENT_INFO and root[1] in self._news:
                self._held.setdefault(root[1], []).append(root)
                continue
            waiting = self._waiting[root]
            copy = next(iter(waiting.values()))
            self._drop(waiting, copy.place)
            if not waiting:
                del self._waiting[root]
            self._busy.add(root)
            return copy
        return None

    def done(self, copy: Copy) -> None:
        """A copy was delivered, or given up: its object may be sent again."""
        self._busy.discard(copy.root)
        if copy.root in self._waiting:
            self._line_up(copy.root)
        elif copy.root[0] == CLIENT_INFO:
            self._told(copy.root)

    def clear(self) -> int:
        """Drop everything that waits; how many copies that were."""
        dropped, self._count = self._count, 0
        for waiting in self._waiting.values():
            for copy in waiting.values():
                self._room.leave(copy)
        for known in (self._waiting, self._ready, self._held, self._news):
            known.clear()
        for root in self._busy:
            if root[0] == CLIENT_INFO:
                self._news.setdefault(root[1], set()).add(root)
        return dropped

    def _line_up(self, root: Root) -> None:
        if root[0] == CLIENT_INFO:
            self._news.setdefault(root[1], set()).add(root)
            self._ready.appendleft(root)
        else:
            self._ready.append(root)

    def _told(self, root: Root) -> None:
        """The receiver has heard of a party: what waited for that may go."""
        news = self._news.get(root[1], set())
        news.discard(root)
        if not news:
            self._news.pop(root[1], None)
            self._ready.extend(self._held.pop(root[1], ()))


def _outdated_by(copy: Copy, waiting: dict[Place, Copy]) -> list[Place]:
    """What an update makes unnecessary: a PUT or DELETE what waits for its place and below it, a PATCH what waits below
    it where it brings all the parts anew.

    Else a PATCH of an object and one of its part touch different members, and may change places.
    """
    if not waiting or (copy.method == "PATCH" and not copy.brings_parts):
        return []
    places = [place for place, other in waiting.items() if other.below[: len(copy.below)] == copy.below]
    return [place for place in places if copy.method != "PATCH" or waiting[place].below != copy.below]
