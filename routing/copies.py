"""What a change makes of the hub's copy of an object: PUT, PATCH and DELETE as the specification means them. Pure.

OCPI 2.2.1, transport and format, PUT, PATCH; locations, Receiver Interface (parts of a location).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from routing.bridge import Context, parse_json, translate, write_json
from routing.bridge.context import moment
from routing.lessons import is_id
from routing.memory import Change, Stored
from routing.ocpi import VERSIONS

OBJECTS: Final = {"locations": "Location", "tariffs": "Tariff", "tokens": "Token", "sessions": "Session"}
"""OCPI's word for a module's object, where the bridge knows it."""
PARTS: Final = {"locations": (("evses", "uid"), ("connectors", "id")), "booking": (("calendars", "id"),)}
"""By module and depth: the list that holds an object's parts, and the member that tells them apart."""


def applied(before: Stored | None, change: Change) -> Stored | None:
    """The object after a change: `before` itself where nothing changes, None where it is gone or was never there.

    Raises Untranslatable where a change in one version does not fit the copy that came in another.
    """
    match change:
        case Change(method="DELETE"):
            return None
        case Change(method="PUT", below=()):
            return _replaced(before, change)
        case _ if before is None:
            return None
        case _:
            return _changed(before, change)


def part_of(document: Any, module: str, below: tuple[str, ...]) -> Any:
    """The part of an object that these ids lead to, the object itself without any; None where there is none."""
    names = PARTS.get(module, ())
    if len(below) > len(names):
        return None
    for (member, name), wanted in zip(names, below, strict=False):
        parts = document.get(member) if isinstance(document, dict) else None
        at = _index(parts, name, wanted)
        if at is None or parts is None:
            return None
        document = parts[at]
    return document


def _replaced(before: Stored | None, change: Change) -> Stored:
    document = change.document
    pulled_at = change.at if change.asked_at is not None else 0.0
    if before is not None:
        marked = replace(before, pulled_at=pulled_at) if pulled_at else before
        # what was pushed while the hub was asking is newer than the answer, also within one of OCPI's seconds
        said_at = _instant(document, change.at)
        if change.asked_at is not None and (before.last_updated, before.arrived_at) > (said_at, change.asked_at):
            return marked
        if before.version == change.version and (
            before.body == change.body or parse_json(before.body) == parse_json(change.body)
        ):
            return marked
    return Stored(
        module=change.module,
        owner=change.owner,
        key=change.key,
        kind=before.kind if before else change.kind or "",
        audience=change.audience,
        version=change.version,
        body=change.body,
        last_updated=_instant(document, change.at),
        arrived_at=change.at,
        contract=_contract(change.module, document),
        pulled_at=pulled_at or (before.pulled_at if before else 0.0),
        seq=before.seq if before else 0,
    )


def _changed(before: Stored, change: Change) -> Stored:
    document = _in_version(before, change.version)
    if not isinstance(change.document, dict) or not _lay(document, change):
        return before
    body = write_json(document)
    if body == before.body:
        return before
    return replace(
        before,
        version=change.version,
        body=body,
        last_updated=_instant(document, change.at),
        arrived_at=change.at,
        contract=_contract(change.module, document),
    )


def _in_version(stored: Stored, version: str) -> dict[str, Any]:
    """The object's document in the version of the change: a platform may have changed to a newer one."""
    document: dict[str, Any] = parse_json(stored.body)
    name = OBJECTS.get(stored.module)
    if stored.version == version or name is None:
        return document
    context = Context(stored.owner, datetime.fromtimestamp(stored.arrived_at, UTC))
    return translate(name, document, source=stored.version, target=version, context=context)[0]


def _lay(document: dict[str, Any], change: Change) -> bool:
    """Lay the change over the document; False where there is no such part."""
    around = [document]
    names = PARTS.get(change.module, ())[: len(change.below)]
    has_case = VERSIONS[change.version].rank == 1  # before 2.2, ids that differ in case are different
    if len(names) < len(change.below):
        return False
    for (member, name), wanted in zip(names, change.below, strict=True):
        parts = around[-1].get(member)
        is_put_here = change.method == "PUT" and len(around) == len(change.below)
        at = _index(parts, name, wanted, has_case=has_case)
        if is_put_here:
            _put(around[-1], member, at, change.document)
        elif at is None or parts is None:
            return False
        else:
            around.append(parts[at])
    if change.method == "PATCH":
        _patch(around[-1], change)
    # the parents of a changed part were updated with it (OCPI 2.2.1, locations, PUT and PATCH)
    if change.below and "last_updated" in change.document:
        for outer in around[: len(change.below)]:
            outer["last_updated"] = change.document["last_updated"]
    return True


def _index(parts: Any, name: str, wanted: str, *, has_case: bool = False) -> int | None:
    """Where in a list the part of this id is; unless it must be exactly this one, another that differs in case."""
    rows = enumerate(parts if isinstance(parts, list) else ())
    ids = {at: row[name] for at, row in rows if isinstance(row, dict) and isinstance(row.get(name), str)}
    exact = next((at for at, id in ids.items() if id == wanted), None)
    if exact is not None or has_case:
        return exact
    folded = wanted.casefold()
    return next((at for at, id in ids.items() if id.casefold() == folded), None)


def _put(around: dict[str, Any], member: str, at: int | None, part: Any) -> None:
    if not isinstance(around.get(member), list):
        around[member] = []
    if at is None:
        around[member].append(part)
    else:
        around[member][at] = part


def _patch(target: dict[str, Any], change: Change) -> None:
    """Top-level members replace those before; charging periods are added (OCPI 2.2.1, sessions, PATCH)."""
    members = dict(change.document)
    periods = members.get("charging_periods")
    if change.module == "sessions" and change.appends_periods and isinstance(periods, list):
        members["charging_periods"] = [*(target.get("charging_periods") or ()), *periods]
    target.update(members)


def _instant(document: Any, otherwise: float) -> float:
    """An object's `last_updated` in epoch seconds; the time of its arrival where it has none."""
    value = moment(document.get("last_updated")) if isinstance(document, dict) else None
    return value.timestamp() if value else otherwise


def _contract(module: str, document: Any) -> str:
    if module != "tokens" or not isinstance(document, dict):
        return ""
    contract = document.get("contract_id", document.get("auth_id"))
    return contract.casefold() if is_id(contract) else ""
