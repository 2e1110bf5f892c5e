"""A location that is published no more: OCPI 2.1.1 has no `publish`, and is told that the EVSEs it knew are gone.

OCPI 2.1.1, locations, Flow and Life-cycle: nothing deletes a location, but one without EVSEs other than REMOVED ones
should no longer be displayed. What is sent is the location as it was while it was published: nothing hidden shows.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from routing.bridge import parse_json, write_json
from routing.catalogue import operation_of
from routing.directory import Directory
from routing.lessons import change_in
from routing.memory import Memory, Stored
from routing.message import Message
from routing.ocpi import VERSIONS, PartyId
from routing.receivers import Receiver

REMOVED: Final = "REMOVED"


async def taken_back(
    message: Message, document: Any, memory: Memory, receiver: PartyId | None = None
) -> Message | None:
    """What 2.1.1 is told in place of a push with this document, where that hides a location that it was told of.

    `receiver` for a push to one party, for which it is hidden from now on. None where there is nothing to take back.
    """
    change = change_in(message, time.time()) if _hides(message, document) else None
    if change is None:
        return None
    before = await memory.copy(change, () if receiver is None else (change.owner, receiver))
    if receiver is not None:
        memory.keep(replace(change, audience=receiver.folded))
    return _gone(message, document, before) if before else None


def told_apart(receivers: Iterable[Receiver], directory: Directory) -> tuple[list[Receiver], list[Receiver]]:
    """Those who cannot be told that a location is not to be published, and the others."""
    apart: tuple[list[Receiver], list[Receiver]] = [], []
    for receiver in receivers:
        version = directory.platforms[receiver.platform_id].version
        apart[version is None or version.rank > 1].append(receiver)
    return apart


def _hides(message: Message, document: Any) -> bool:
    """Whether a push says of a whole location that it is not to be published."""
    operation = message.operation
    if operation is None or operation.id not in ("LOC-R2", "LOC-R3") or message.version.rank == 1:
        return False
    if not isinstance(document, dict) or document.get("publish") is not False:
        return False
    return "evse_uid" not in (operation.segments(message.path) or {})


def _gone(message: Message, document: Mapping[str, Any], before: Stored) -> Message | None:
    """The location as it was, its EVSEs REMOVED; None where it was hidden, or had none to be seen."""
    location = parse_json(before.body)
    rows = location.get("evses")
    evses = [evse for evse in rows if isinstance(evse, dict)] if isinstance(rows, list) else []
    if location.get("publish") is False or all(evse.get("status") == REMOVED for evse in evses):
        return None
    now = {"last_updated": document["last_updated"]} if "last_updated" in document else {}
    gone = [{**evse, "status": REMOVED, "status_schedule": [], **now} for evse in evses]
    return replace(
        message,
        version=VERSIONS[before.version],
        method="PUT",
        body=write_json({**location, "evses": gone, **now}),
        operation=operation_of(message.module, message.interface, "PUT", message.path),
    )
