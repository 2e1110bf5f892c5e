"""What a request for a list asks for, and the cursor by which the hub's own lists go on. Pure.

OCPI 2.2.1, transport and format, Pagination.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from routing.bridge.context import moment
from routing.errors import InvalidMessage
from routing.links import split_query

CURSOR: Final = "hub-after"
"""Where the hub's own next page begins: the last object before it, its offset, and the count of the whole list."""
OWN: Final = ("offset", "limit", CURSOR)
MAX_NUMBER: Final = 2**62


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a list, times in epoch seconds; None for what is not asked."""

    date_from: float | None = None
    date_to: float | None = None
    timeslot_from: float | None = None
    timeslot_to: float | None = None
    offset: int = 0
    limit: int | None = None
    after: int = 0
    total: int | None = None
    others: tuple[str, ...] = ()
    """The raw parameters that the next page has too."""

    def next_query(self, *, after: int, offset: int, limit: int, total: int) -> str:
        """The query of the next page."""
        cursor = f"{CURSOR}={after}.{offset}.{total}"
        return "&".join([*self.others, f"offset={offset}", f"limit={limit}", cursor])


def asked_in(query: str) -> Asked:
    """Read a list's query. Raises InvalidMessage (2001) for a value that is none."""
    raw = split_query(query)
    values = {name: unquote(part.partition("=")[2]) for name, part in raw}
    offset, limit = _number(values, "offset", 0), _number(values, "limit", 1)
    after, at, total = _cursor(values.get(CURSOR, ""))
    is_at_cursor = bool(after) and at == (offset or 0)  # a caller that went back or forth by offset means the offset
    return Asked(
        date_from=_instant(values, "date_from"),
        date_to=_instant(values, "date_to"),
        timeslot_from=_instant(values, "timeslot_from"),
        timeslot_to=_instant(values, "timeslot_to"),
        offset=offset or 0,
        limit=limit,
        after=after if is_at_cursor else 0,
        total=total if after else None,
        others=tuple(part for name, part in raw if name not in OWN),
    )


def _instant(values: dict[str, str], name: str) -> float | None:
    text = values.get(name)
    if not text:
        return None
    # a plus sign that was not encoded arrives as it is, one that was decoded as a form is a space
    found = moment(text.replace(" ", "+"))
    if found is None:
        raise InvalidMessage(f"{name} is not a DateTime: {text[:40]}")
    return found.timestamp()


def _number(values: dict[str, str], name: str, least: int) -> int | None:
    text = values.get(name)
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18 or int(text) < least:
        raise InvalidMessage(f"{name} is not a number from {least}: {text[:40]}")
    return int(text)


def _cursor(text: str) -> tuple[int, int, int]:
    """The parts of a cursor; 0 for one that the hub did not make."""
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in parts):
        return 0, 0, 0
    after, offset, total = map(int, parts)
    return after, offset, total
