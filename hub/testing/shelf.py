"""What a fake party keeps and serves: its own objects on the Sender interface, what was pushed to it on the Receiver's.

One set of rules for every module, custom ones included: a path is a place, PUT and PATCH write there, GET reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

from hub.testing.exchange import Seen
from hub.testing.samples import OLD
from routing.catalogue import module_key, operation_of
from routing.ocpi import Interface

ID_FIELDS: Final = ("id", "uid", "terminal_id", "booking_location_id")
PARTS: Final = {"locations": ("evses", "connectors"), "booking": ("calendars",)}
"""Which lists of an object have addresses of their own, outermost first."""

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Served:
    """An answer: HTTP status, OCPI status code, data, headers, and words beside the code.

    Where `body` is given, exactly these bytes are answered instead of an envelope.
    """

    http: int = 200
    code: int = 1000
    data: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    body: bytes = b""


NOT_FOUND: Final = Served(404, 2003, message="no such object")
INVALID: Final = Served(code=2001, message="invalid parameters")


@dataclass(slots=True)
class Shelf:
    """The objects of one party by module."""

    own: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """By module, or `module/collection` such as `payments/terminals`, then by id."""
    received: dict[str, dict[Place, Any]] = field(default_factory=dict)
    """By module, then by the path's segments below the endpoint."""
    max_page: int = 50
    """The most objects on a page, whatever limit was asked for."""
    appends_periods: bool = False
    """Whether a PATCH adds charging periods in 2.1.1 too, where it should replace them."""

    def put(self, module: str, document: dict[str, Any], collection: str = "") -> dict[str, Any]:
        """An object of the party's own, which others may ask for."""
        self.own.setdefault(_drawer(module, collection), {})[id_of(document)] = document
        return document

    def serve(self, seen: Seen, url: str) -> Served:
        """What is answered to a request whose module has its endpoint at `url`."""
        if seen.interface == Interface.SENDER:
            served = self._serve_own(seen, url)
            if served is not None:
                return served
        return self._serve_received(seen, url)

    def _serve_own(self, seen: Seen, url: str) -> Served | None:
        """A list, an object, or a part of one; None for what is no question about the party's own objects."""
        if seen.method != "GET":
            return None
        segments, collection = seen.segments, ""
        operation = operation_of(seen.module, Interface.SENDER, "GET", seen.path.rstrip("/"))
        if segments and (_drawer(seen.module, segments[0]) in self.own or (operation and operation.is_list)):
            collection, segments = segments[0], segments[1:]
            url = f"{url}/{collection}"
        mine = self.own.get(_drawer(seen.module, collection), {})
        if not segments:
            return self._page(list(mine.values()), seen.query, url)
        found = _part(mine.get(segments[0]), segments[1:], PARTS.get(seen.module, ()))
        return None if found is None and not mine else NOT_FOUND if found is None else Served(data=found)

    def _page(self, documents: list[dict[str, Any]], query: str, url: str) -> Served:
        """One page of a list (OCPI 2.2.1, transport and format, Pagination)."""
        wanted = dict(parse_qsl(query))
        try:
            start, end = (_instant(wanted[name]) if name in wanted else None for name in ("date_from", "date_to"))
            offset, limit = int(wanted.get("offset", 0)), min(int(wanted.get("limit", self.max_page)), self.max_page)
        except ValueError:
            return INVALID
        if offset < 0 or limit < 1:
            return INVALID
        fitting = [row for row in documents if _is_within(row, start, end)]
        headers = {"X-Total-Count": str(len(fitting)), "X-Limit": str(self.max_page)}
        if offset + limit < len(fitting):
            following = urlencode({**wanted, "offset": offset + limit, "limit": limit})
            headers["Link"] = f'<{url}?{following}>; rel="next"'
        return Served(data=fitting[offset : offset + limit], headers=headers)

    def _serve_received(self, seen: Seen, url: str) -> Served:
        """Write, change, read and remove what others push; a PATCH of what is not there makes it."""
        place = seen.segments
        found = self._read(seen.module, place)
        match seen.method:
            case "GET":
                return NOT_FOUND if found is None else Served(data=found)
            case "PUT":
                self._write(seen.module, place, seen.document)
                return Served(201 if found is None else 200)
            case "PATCH":
                self._write(seen.module, place, self._patched(seen, found or {}))
                return Served()
            case "DELETE":
                removed = self.received.get(seen.module, {}).pop(place, None)
                return NOT_FOUND if removed is None else Served()
            case _:
                return self._take(seen, url)

    def _take(self, seen: Seen, url: str) -> Served:
        """POST: a new object under its own id; the address of a CDR is told in `Location`."""
        document = seen.document if isinstance(seen.document, dict) else {}
        owner = (document.get("country_code", ""), document.get("party_id", ""))
        place = (*seen.segments, *(owner if seen.module == "invoicereconciliation" else ()), id_of(document))
        self.received.setdefault(seen.module, {})[place] = seen.document
        headers = {"Location": f"{url}/{quote(place[-1], safe='')}"} if seen.module == "cdrs" else {}
        operation = operation_of(seen.module, Interface(seen.interface), "POST", seen.path.rstrip("/"))
        is_answered = operation is not None and operation.data_required
        return Served(201, headers=headers, data=document if is_answered else None)

    def _read(self, module: str, place: Place) -> Any:
        kept = self.received.get(module, {})
        return kept[place] if place in kept else _part(kept.get(place[:3]), place[3:], PARTS.get(module, ()))

    def _patched(self, seen: Seen, found: dict[str, Any]) -> dict[str, Any]:
        """The object with what the PATCH says; from 2.2 on, charging periods are added to those of the session."""
        change = dict(seen.document)
        appends = self.appends_periods or seen.version != OLD
        if seen.module == "sessions" and appends and "charging_periods" in change:
            change["charging_periods"] = [*(found.get("charging_periods") or ()), *change["charging_periods"]]
        return {**found, **change}

    def _write(self, module: str, place: Place, document: Any) -> None:
        kept = self.received.setdefault(module, {})
        whole = kept.get(place[:3])
        around = _part(whole, place[3:-1], PARTS.get(module, ())) if len(place) > 3 else None
        if not isinstance(around, dict) or module not in PARTS:
            kept[place] = document
            return
        parts = around.setdefault(PARTS[module][len(place) - 4], [])
        parts[:] = [part for part in parts if id_of(part) != place[-1]] + [document]


def id_of(document: Mapping[str, Any]) -> str:
    """What an object is called by."""
    return str(next((document[name] for name in ID_FIELDS if name in document), ""))


def _drawer(module: str, collection: str) -> str:
    return f"{module_key(module)}/{collection}" if collection else module_key(module)


def _part(document: Any, keys: Place, names: tuple[str, ...]) -> Any:
    """The part of an object that these keys lead to, or the object itself; None where there is none."""
    if len(keys) > len(names):
        return None
    for name, key in zip(names, keys, strict=False):
        found = document.get(name) if isinstance(document, dict) else None
        document = next((part for part in found or () if id_of(part) == key), None)
    return document


def _is_within(row: Mapping[str, Any], start: datetime | None, end: datetime | None) -> bool:
    if "last_updated" not in row:
        return True
    changed = _instant(row["last_updated"])
    return (start is None or changed >= start) and (end is None or changed < end)


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
