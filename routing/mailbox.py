"""What waits for one receiver of broadcasts, as plain data: order kept per object, newest wins, bounded.

No clock, no task, no socket: `routing.broadcast` takes from it and delivers. Promises (all per receiver):
updates of one object leave in the order they were accepted, never two at once; what waits is never more than one
copy for each place of an object, so a slow receiver catches up with the present instead of replaying the past.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

from routing.bridge.codec import write_json
from routing.message import Message, parse_json

CLIENT_INFO: Final = "hubclientinfo"
PARTS: Final = ("evses", "connectors")
"""Which member of an object holds the parts that have an address of their own below it, by depth."""

Root = tuple[str, ...]
"""An object: its module, owner and id, folded, since OCPI's ids have no case."""


@dataclass(slots=True)
class Copy:
    """One update for one receiver. Receivers share the message and its body until a merge makes one their own."""

    message: Message
    root: Root
    below: Root
    """Which part of the object: empty for the object itself."""
    body: bytes
    method: str

    @property
    def owner(self) -> str:
        """Whose object it is, folded."""
        return self.root[1]

    def merged(self, patch: Copy) -> Copy:
        """This update with a later PATCH of the same place laid over it: top-level members, as PATCH means."""
        members = {**parse_json(self.body), **parse_json(patch.body)}
        return replace(self, body=write_json(members), message=patch.message)


def copy_of(message: Message) -> Copy:
    """A copy of a push of a client-owned object, to be shared by all receivers."""
    segments = [unquote(segment).casefold() for segment in message.path.strip("/").split("/")]
    at = 3 if len(segments) < 4 or segments[2] != "booking_locations" else 4
    kind = message.query.casefold() if message.module == "tokens" else ""  # a token is known by uid and type
    root = (message.module, "".join(segments[:2]), *segments[2:at], kind)
    return Copy(message, root, tuple(segments[at:]), message.body, message.method)


class Mailbox:
    """The copies that wait for one receiver, and the objects that are on their way to it."""

    def __init__(self, max_waiting: int) -> None:
        self._max_waiting = max_waiting
        self._waiting: dict[Root, list[Copy]] = {}
        self._ready: deque[Root] = deque()
        self._busy: set[Root] = set()
        self._count = 0
        self.replaced = 0
        """Copies that a newer one made unnecessary."""

    def __len__(self) -> int:
        return self._count

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is on its way."""
        return not self._count and not self._busy

    def put(self, copy: Copy) -> bool:
        """Let a copy wait; False where there is no room for it."""
        waiting = self._waiting.get(copy.root)
        if waiting is None:
            if self._count >= self._max_waiting:
                return False
            waiting = self._waiting[copy.root] = []
            if copy.root not in self._busy:
                self._ready.append(copy.root)
        before = len(waiting)
        if copy.method == "PATCH":
            _merge(waiting, copy)
        else:
            waiting[:] = [other for other in waiting if not _is_at_or_below(other, copy)]
            waiting.append(copy)
        self._count += len(waiting) - before
        self.replaced += before + 1 - len(waiting)
        return True

    def take(self) -> Copy | None:
        """The next copy to deliver, of an object that is not on its way already; `done` must follow.

        What is known of a party goes before its objects: receivers may refuse objects of a party that they have
        not heard of (OCPI 2.2.1, HubClientInfo, CONNECTED).
        """
        for _ in range(len(self._ready)):
            root = self._ready.popleft()
            waiting = self._waiting.get(root)
            if not waiting:
                continue
            if root[0] != CLIENT_INFO and self._has_news_of(root[1]):
                self._ready.append(root)
                continue
            copy = waiting.pop(0)
            if not waiting:
                del self._waiting[root]
            self._count -= 1
            self._busy.add(root)
            return copy
        return None

    def done(self, copy: Copy) -> None:
        """A copy was delivered, or given up: its object may be sent again."""
        self._busy.discard(copy.root)
        if copy.root in self._waiting:
            self._ready.append(copy.root)

    def clear(self) -> int:
        """Drop everything that waits; how many copies that were."""
        dropped, self._count = self._count, 0
        self._waiting.clear()
        self._ready.clear()
        return dropped

    def _has_news_of(self, owner: str) -> bool:
        news = (CLIENT_INFO, owner)
        return news in self._waiting or news in self._busy


def _merge(waiting: list[Copy], patch: Copy) -> None:
    """Lay a PATCH over what waits for the same place, or let it wait itself.

    A PATCH of an object and one of its part touch different members, so they may change places, unless the PATCH
    brings all the parts anew: then those that wait are outdated.
    """
    if _brings_parts(patch):
        waiting[:] = [other for other in waiting if other.below == patch.below or not _is_at_or_below(other, patch)]
    for index, other in enumerate(waiting):
        if other.below == patch.below and other.method != "DELETE":
            waiting[index] = other.merged(patch)
            return
    waiting.append(patch)


def _brings_parts(patch: Copy) -> bool:
    if len(patch.below) >= len(PARTS):
        return False
    document = patch.message.document
    return isinstance(document, dict) and PARTS[len(patch.below)] in document


def _is_at_or_below(other: Copy, place: Copy) -> bool:
    return other.below[: len(place.below)] == place.below
