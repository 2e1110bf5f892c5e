"""Agreements as a matrix of CPOs and those who deal with them: each pair is allowed, denied, or as the policy says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from admin.page import Shown, Visit, moved
from admin.problems import Problem, bad_field
from hub.lifecycle import Hub
from hub.store import agreements
from hub.store.registry import new_id
from routing.agreements import Agreement
from routing.ocpi import PartyId, Role

ROWS: Final = 40
COLUMNS: Final = 20


@dataclass(frozen=True, slots=True)
class Side:
    """A party at the edge of the matrix."""

    id: PartyId
    name: str

    @property
    def text(self) -> str:
        """As it is written."""
        return str(self.id).upper()


@dataclass(frozen=True, slots=True)
class Cell:
    """What was decided for a pair."""

    cpo: Side
    emsp: Side
    state: str
    """`allow`, `deny`, `partly` where only some modules are decided, or empty."""
    agreements: tuple[Agreement, ...] = ()

    @property
    def key(self) -> str:
        """The id of the cell on the page."""
        return f"pair-{self.cpo.id.folded}-{self.emsp.id.folded}"


async def matrix(visit: Visit) -> Shown:
    """The part of the matrix that the filters leave."""
    hub = visit.hub
    cpos, emsps = sides(hub)
    search_cpo, search_emsp = visit.query.get("cpo", "").strip(), visit.query.get("emsp", "").strip()
    rows, columns = _matching(cpos, search_cpo), _matching(emsps, search_emsp)
    async with hub.store.read() as connection:
        decided = await agreements.every(connection)
    first, left = (_start(visit.query.get(name, "")) for name in ("row", "column"))
    shown_rows, shown_columns = rows[first : first + ROWS], columns[left : left + COLUMNS]
    values = {
        "cells": [(cpo, [cell_of(cpo, emsp, decided) for emsp in shown_columns]) for cpo in shown_rows],
        "columns": shown_columns,
        "counts": (len(cpos), len(emsps), len(rows), len(columns)),
        "filters": {"cpo": search_cpo, "emsp": search_emsp},
        "first": first,
        "left": left,
        "sizes": (ROWS, COLUMNS),
        "is_open": hub.settings.routing.policy == "open",
        "others": [
            agreement
            for agreement in decided
            if agreement.cpo not in {side.id for side in cpos} or agreement.emsp not in {side.id for side in emsps}
        ],
    }
    return Shown("agreements_part.html" if visit.is_part else "agreements.html", values)


async def pair(visit: Visit) -> Shown:
    """What was decided for one pair, and what could be: inside of a dialog."""
    cell = await _cell(visit.hub, visit.query.get("cpo", ""), visit.query.get("emsp", ""))
    return Shown("agreement_pair.html", {"cell": cell, "is_open": visit.hub.settings.routing.policy == "open"})


async def decide(visit: Visit) -> Shown:
    """Allow or deny a pair altogether, or decide nothing for it; the cell as it is now."""
    cell = await _cell(visit.hub, visit.form.get("cpo", ""), visit.form.get("emsp", ""))
    wanted = visit.form.get("to", "")
    if wanted not in ("allow", "deny", "clear"):
        raise bad_field("to", "allow, deny or clear")
    for agreement in cell.agreements:
        if wanted == "clear" or not agreement.modules:
            await visit.hub.platforms.disallow(agreement.id, by=visit.admin.name)
    if wanted != "clear":
        made = Agreement(new_id(), cell.cpo.id, cell.emsp.id, wanted == "allow")
        await visit.hub.platforms.allow(made, by=visit.admin.name)
    return Shown("agreement_cell.html", {"cell": await _cell(visit.hub, cell.cpo.text, cell.emsp.text)})


async def forget(visit: Visit) -> web.Response:
    """Forget one agreement, of parties that may not be there any more."""
    if not await visit.hub.platforms.disallow(visit.ids["id"], by=visit.admin.name):
        raise Problem(404, "not found", "This agreement is not there any more.")
    return moved("/agreements", done="agreement-removed")


def sides(hub: Hub) -> tuple[list[Side], list[Side]]:
    """CPOs, and all who deal with them; each once, by id."""
    cpos: dict[PartyId, Side] = {}
    others: dict[PartyId, Side] = {}
    for rows in hub.picture.directory.parties.values():
        for party in rows:
            side = cpos if party.role is Role.CPO else others
            side.setdefault(party.id, Side(party.id, party.name))
    return sorted(cpos.values(), key=_order), sorted(others.values(), key=_order)


def cell_of(cpo: Side, emsp: Side, decided: Sequence[Agreement]) -> Cell:
    """What was decided for a pair: to deny goes before to allow."""
    found = tuple(row for row in decided if row.cpo == cpo.id and row.emsp == emsp.id)
    whole = {row.is_allowed for row in found if not row.modules}
    if False in whole:
        return Cell(cpo, emsp, "deny", found)
    if any(row.modules for row in found):
        return Cell(cpo, emsp, "partly", found)
    return Cell(cpo, emsp, "allow" if whole else "", found)


async def _cell(hub: Hub, cpo: str, emsp: str) -> Cell:
    try:
        ids = PartyId.parse(cpo), PartyId.parse(emsp)
    except ValueError as error:
        raise bad_field("cpo", str(error)) from None
    names = {side.id: side for side in (*sides(hub)[0], *sides(hub)[1])}
    one, other = (names.get(party, Side(party, "")) for party in ids)
    async with hub.store.read() as connection:
        return cell_of(one, other, await agreements.of_pair(connection, *ids))


def _matching(found: Sequence[Side], search: str) -> list[Side]:
    wanted = search.casefold()
    return [side for side in found if not wanted or wanted in f"{side.text} {side.id.folded} {side.name}".casefold()]


def _order(side: Side) -> str:
    return side.id.folded


def _start(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0
