"""The audit trail: who changed what, when, from what to what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from admin.page import Shown, Visit
from hub.store import agreements, audit, keys, registry, users

PER_PAGE: Final = 50


async def audit_page(visit: Visit) -> Shown:
    """Changes, newest first."""
    before = visit.query.get("before", "")
    is_number = before.isascii() and before.isdecimal() and len(before) < 10
    async with visit.hub.store.read() as connection:
        rows = await audit.page(connection, int(before) if is_number else None, PER_PAGE + 1)
        names: dict[str, str] = dict(await registry.names(connection))
        names |= {row.id: row.name for row in await keys.every(connection)}
        names |= {row.id: row.name for row in await users.every(connection)}
        names |= {
            row.id: f"{str(row.cpo).upper()} and {str(row.emsp).upper()}" for row in await agreements.every(connection)
        }
    shown = rows[:PER_PAGE]
    values = {
        "rows": [(row, _name_of(row, names), changes_of(row)) for row in shown],
        "older": shown[-1]["id"] if len(rows) > PER_PAGE else None,
        "is_first": not is_number,
        "platforms": set(await _platform_ids(visit)),
    }
    return Shown("audit.html", values)


def changes_of(row: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """What a change did, field by field: name, before, after."""
    before, after = (row[name] if isinstance(row[name], dict) else {} for name in ("before", "after"))
    fields = dict.fromkeys([*before, *after])
    return [
        (name, *(_text(state[name], name) if name in state else "" for state in (before, after))) for name in fields
    ]


def _name_of(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Who or what was changed, by the name it has or had."""
    if row["subject"] in names:
        return names[row["subject"]]
    for state in (row["after"], row["before"]):
        if isinstance(state, dict) and isinstance(state.get("name"), str):
            return str(state["name"])
    return ""


def _text(value: Any, name: str) -> str:
    match value:
        case []:
            return "all" if name == "modules" else "none"
        case None | "" | {}:
            return ""
        case list():
            return ", ".join(str(item) for item in value)
        case dict():
            return ", ".join(f"{name}: {item}" for name, item in value.items())
        case _:
            return str(value)


async def _platform_ids(visit: Visit) -> list[str]:
    async with visit.hub.store.read() as connection:
        return list(await registry.names(connection))
