"""What of a body or a path may be kept: personal data and secrets are covered, wherever in the JSON they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

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

PERSONAL: Final = frozenset(
    {
        "auth_id",
        "authorization",
        "authorization_reference",
        "contract_id",
        "emaid",
        "group_id",
        "license_plate",
        "parent_uid",
        "password",
        "plain_data",
        "public_key",
        "signed_data",
        "token",
        "token_uid",
        "uid",
        "visual_number",
    }
)
"""Names of values that are covered. An object of such a name (the Token of a command) is looked into instead."""
PLACES: Final = frozenset({"evses", "evse"})
SECRET_MODULES: Final = frozenset({"credentials"})
"""Modules whose bodies are never kept."""


@dataclass(slots=True)
class Mask:
    """Covers one leg, and remembers what it covered, so that the same values are found in its other texts."""

    module: str
    seen: set[str] = field(default_factory=set)

    def path(self, path: str, interface: str) -> str:
        """A path below the module, with a token's uid covered."""
        if self.module != "tokens":
            return path
        segments = path.split("/")
        kept = 3 if interface == Interface.RECEIVER and len(segments) > 3 else 1
        return "/".join(segments[:kept] + [self._segment(segment) for segment in segments[kept:]])

    def body(self, body: bytes) -> str | None:
        """A JSON body as it may be kept; None for none, a remark in brackets where it cannot be."""
        if not body or self.module in SECRET_MODULES:
            return None
        if len(body) > MAX_READ_BYTES:
            return f"({len(body)} bytes, too long to be kept)"
        document = read(body)
        if document is None:
            return f"({len(body)} bytes, not JSON)"
        try:
            text = write_json(self.document(document)).decode("utf-8")
        except RecursionError:
            return f"({len(body)} bytes, nested too deeply to be kept)"
        return text if len(text) <= MAX_KEPT else text[:MAX_KEPT] + "…"

    def document(self, document: Any) -> Any:
        """A JSON value with everything personal covered."""
        return self._covered(document, "", is_place=self.module == "locations")

    def text(self, text: str) -> str:
        """Words in which nothing that was covered elsewhere may show."""
        for value in sorted(self.seen, key=len, reverse=True):
            text = text.replace(value, MASK)
        return text

    def _covered(self, value: Any, name: str, *, is_place: bool) -> Any:
        match value:
            case dict():
                return {
                    key: self._covered(item, key.lower(), is_place=is_place or key in PLACES)
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
        if len(value) >= _SHORTEST:
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
