"""What a message changes in the hub's copies of objects.

What is published to everybody is known by a broadcast alone, so a push to one party never shows to another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from routing.directory import Platform
from routing.lessons.heard import Heard, id_of, is_id, token_type
from routing.memory import EVERYBODY, Change, key_of
from routing.message import Message
from routing.ocpi import PartyId
from routing.quirks import PATCH_PERIODS, PATCH_UNSUPPORTED

PUBLISHED: Final = {"LOC": "location_id", "TAR": "tariff_id", "TOK": "token_uid", "BOK": "booking_location_id"}
"""By the beginning of an operation's id: which segment of the path is the object's id."""


def changes_of(heard: Heard, platform: Platform | None) -> Iterator[Change]:
    """The change of the hub's copy: published by a broadcast; else kept only where a later message may need it."""
    message, operation = heard.message, heard.message.operation
    if operation is None or not operation.is_owned or message.method not in ("PUT", "PATCH", "DELETE"):
        return
    prefix = operation.id.split("-")[0]
    name = "session_id" if prefix == "SES" else PUBLISHED.get(prefix, "")
    if not is_id(heard.ids.get(name)):
        return
    if heard.other is not None and not _is_needed_later(message, platform):
        return
    if message.method != "DELETE" and not isinstance(heard.body, dict):
        return  # whatever it is, it is no object, nor a part of one
    below = [heard.ids[part] for part in ("evse_uid", "connector_id", "calendar_id") if part in heard.ids]
    yield Change(
        module=message.module,
        owner=heard.owner,
        key=key_of(heard.ids[name]),
        kind=token_type(heard) if prefix == "TOK" else "",
        method=message.method,
        version=message.version.number,
        at=heard.at,
        body=message.body.strip(),
        document=heard.body,
        audience=EVERYBODY if heard.other is None else heard.other.folded,
        below=tuple(below),
        appends_periods=_appends_periods(message),
    )


def change_in(message: Message, at: float) -> Change | None:
    """The change that a push makes of what is published, were it a broadcast that came at this time."""
    segments = message.operation.segments(message.path) if message.operation else None
    if segments is None:
        return None
    ids = {name: unquote(text) for name, text in segments.items()}
    return next(changes_of(Heard(message, at, ids, other=None), None), None)


def _is_needed_later(message: Message, platform: Platform | None) -> bool:
    """Whether this receiver gets what the hub makes itself: it speaks another version, or has no PATCH."""
    if platform is None:
        return False
    return platform.version is not message.version or bool(platform.quirks.get(PATCH_UNSUPPORTED))


def _appends_periods(message: Message) -> bool:
    return message.version.rank > 1 or message.caller.quirks.get(PATCH_PERIODS) == "append"


def change_of(
    module: str, owner: PartyId, document: Mapping[str, Any], *, version: str, body: bytes, at: float, asked_at: float
) -> Change | None:
    """A whole object that the hub pulled from its owner; None where it has no id."""
    kind = str(document.get("type") or "").casefold() if module == "tokens" else ""
    if not is_id(id_of(document)) or not (kind == "" or is_id(kind)):
        return None
    return Change(
        module=module,
        owner=owner,
        key=key_of(str(id_of(document))),
        kind=kind,
        method="PUT",
        version=version,
        at=at,
        body=body,
        document=document,
        asked_at=asked_at,
    )
