"""What of a body or a path may be kept: personal data and secrets are covered, wherever in the JSON they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from routing.bridge import receipt
from routing.bridge.codec import write_json
from routing.message import parse_json
from routing.ocpi import Interface

MASK: Final = "***"
MAX_READ_BYTES: Final = 256 * 1024
"""Larger bodies are not read: that would hold up the requests of others."""
MAX_KEPT: Final = 16 * 1024
"""Characters of a body that are kept."""
_SHORTEST: Final = 4
"""Shorter values are not looked for in other texts: they would cover what is not personal."""
_MOST: Final = 1000

PERSONAL: Final = receipt.PERSONAL | {"authorization", "emaid", "parent_uid", "password", "token"}
"""Names of values that are covered. An object of such a name (the Token of a command) is looked into instead."""
PLACES: Final = frozenset({"evses", "evse"})
FREE_TEXT: Final = frozenset({"status_message", "text", "message", "description", "remark"})
"""Names of values in words, in which a covered value may be named again."""
SECRET_MODULES: Final = frozenset({"credentials"})
"""Modules whose bodies are never kept."""


@dataclass(frozen=True, slots=True)
class _Kept:
    document: Any


@dataclass(slots=True)
class Mask:
    """Covers one leg, and remembers what it covered, so that the same values are found in its other texts."""

    module: str
    seen: set[str] = field(default_factory=set)

    def path(self, path: str, interface: str) -> str:
        """A path below the module, with a token's uid covered; without an interface it ends before any."""
        if self.module != "tokens" or not interface:
            return path
        segments = path.split("/")
        kept = 3 if interface == Interface.RECEIVER and len(segments) > 3 else 1
        return "/".join(segments[:kept] + [self._segment(segment) for segment in segments[kept:]])

    def bodies(self, *bodies: bytes) -> list[str | None]:
        """JSON bodies as they may be kept; None for none, a remark in brackets where one cannot be."""
        covered = [self._read(body) for body in bodies]
        return [self._written(part) for part in covered]

    def document(self, document: Any) -> Any:
        """A JSON value with everything personal covered."""
        return self._covered(document, "", is_place=self.module == "locations")

    def text(self, text: str) -> str:
        """Words in which nothing that was covered elsewhere may show."""
        for value in sorted(self.seen, key=len, reverse=True):
            text = text.replace(value, MASK)
        return text

    def _read(self, body: bytes) -> _Kept | str | None:
        """A covered document, or what stands for it."""
        if not body or self.module in SECRET_MODULES:
            return None
        if len(body) > MAX_READ_BYTES:
            return f"({len(body)} bytes, too long to be kept)"
        try:
            document = parse_json(body)
            return _Kept(self.document(document))
        except (ValueError, RecursionError):
            return f"({len(body)} bytes, not JSON that can be read)"

    def _written(self, part: _Kept | str | None) -> str | None:
        """The text of a covered document. By now the values of all bodies are known, and found in free text too."""
        if not isinstance(part, _Kept):
            return part
        try:
            text = write_json(self._scrubbed(part.document, "") if self.seen else part.document).decode("utf-8")
        except RecursionError:
            return "(nested too deeply to be kept)"
        return text if len(text) <= MAX_KEPT else text[:MAX_KEPT] + "…"

    def _scrubbed(self, value: Any, name: str) -> Any:
        match value:
            case dict():
                return {key: self._scrubbed(item, key.lower()) for key, item in value.items()}
            case list():
                return [self._scrubbed(item, name) for item in value]
            case str() if name in FREE_TEXT:
                return self.text(value)
            case _:
                return value

    def _covered(self, value: Any, name: str, *, is_place: bool) -> Any:
        match value:
            case dict():
                return {
                    key: self._covered(
                        item, key.lower(), is_place=(is_place and key != receipt.DRIVERS) or key in PLACES
                    )
                    for key, item in value.items()
                }
            case list():
                return [self._covered(item, name, is_place=is_place) for item in value]
            case None | bool():
                return value
            case _ if name in PERSONAL and not (name == "uid" and is_place):
                self._remember(str(value))
                return MASK
            case _:
                return value

    def _segment(self, segment: str) -> str:
        if segment in ("", "authorize"):
            return segment
        self._remember(segment)
        self._remember(unquote(segment))
        return MASK

    def _remember(self, value: str) -> None:
        if len(value) >= _SHORTEST and len(self.seen) < _MOST:
            self.seen.add(value)


def read(body: bytes) -> Any:
    """A JSON document; None for anything else, and for a body that is too long to be read here."""
    if not body or len(body) > MAX_READ_BYTES:
        return None
    try:
        return parse_json(body)
    except (ValueError, RecursionError):
        return None


def plain(text: str, most: int) -> str:
    """Text of somebody else's as every store can keep it: valid UTF-8 without NUL, no longer than this."""
    if text.isascii() and "\0" not in text:
        return text[:most]
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")[:most]
