"""What a fake party keeps and serves: its own objects on the Sender interface, what was pushed to it on the Receiver's.

One set of rules for every module, custom ones included: a path is a place, PUT and PATCH write there, GET reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlencode

from hub.testing.samples import now

ID_FIELDS: Final = ("id", "uid", "terminal_id", "booking_location_id")
DEFAULT_LIMIT: Final = 50


@dataclass(frozen=True, slots=True)
class Served:
    """An answer: HTTP status, OCPI status code, data, and headers."""

    http: int = 200
    code: int = 1000
    data: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


NOT_FOUND: Final = Served(404, 2003)


@dataclass(slots=True)
class Shelf:
    """The objects of one party by module."""

    own: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    received: dict[str, dict[tuple[str, ...], Any]] = field(default_factory=dict)

    def put(self, module: str, document: dict[str, Any]) -> dict[str, Any]:
        """An object of the party's own, which others may ask for."""
        self.own.setdefault(module, {})[id_of(document)] = document
        return document

    def serve_own(self, method: str, module: str, path: str, query: str, url: str) -> Served | None:
        """The Sender interface: a list, an object, or a part of one. None for what is neither."""
        if method != "GET":
            return None
        mine = self.own.get(module, {})
        segments = _segments(path)
        if not segments:
            return _page(list(mine.values()), query, url)
        found: Any = mine.get(segments[0])
        for name, key in zip(("evses", "connectors"), segments[1:], strict=False):
            found = next((part for part in (found or {}).get(name, ()) if id_of(part) == key), None)
        return NOT_FOUND if found is None else Served(data=found)

    def serve_received(self, method: str, module: str, path: str, document: Any, url: str) -> Served:
        """The Receiver interface: write, change, read and remove what others push."""
        shelf = self.received.setdefault(module, {})
        place = _segments(path)
        match method:
            case "GET":
                return Served(data=shelf[place]) if place in shelf else NOT_FOUND
            case "PUT":
                is_new = place not in shelf
                shelf[place] = document
                return Served(201 if is_new else 200)
            case "PATCH":
                shelf[place] = {**shelf.get(place, {}), **document}
                return Served()
            case "DELETE":
                return Served() if shelf.pop(place, None) is not None else NOT_FOUND
            case _:
                key = (*place, id_of(document) if isinstance(document, dict) else "")
                shelf[key] = document
                return Served(201, headers={"Location": f"{url}/{key[-1]}"} if module == "cdrs" else {})


def id_of(document: Mapping[str, Any]) -> str:
    """What an object is called by."""
    return str(next((document[name] for name in ID_FIELDS if name in document), ""))


def _segments(path: str) -> tuple[str, ...]:
    return tuple(unquote(segment) for segment in path.strip("/").split("/") if segment)


def _page(documents: list[dict[str, Any]], query: str, url: str) -> Served:
    """One page of a list (OCPI 2.2.1, transport and format, Pagination)."""
    wanted = {name: values[-1] for name, values in parse_qs(query).items()}
    start, end = wanted.get("date_from", ""), wanted.get("date_to", "9")
    fitting = [row for row in documents if start <= str(row.get("last_updated", now())) < end]
    offset, limit = int(wanted.get("offset", 0)), int(wanted.get("limit", DEFAULT_LIMIT))
    headers = {"X-Total-Count": str(len(fitting)), "X-Limit": str(limit)}
    if offset + limit < len(fitting):
        following = urlencode({**wanted, "offset": offset + limit, "limit": limit})
        headers["Link"] = f'<{url}?{following}>; rel="next"'
    return Served(data=fitting[offset : offset + limit], headers=headers)
