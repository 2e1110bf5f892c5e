"""Agreements, parties, the audit trail and keys: each function is one call of the API."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TypeVar

from admin import keys
from admin.journal_json import iso
from admin.problems import bad_field, not_found
from admin.registry_json import (
    AgreementJson,
    AgreementList,
    ChangeJson,
    ChangeList,
    IssuedKey,
    KeyList,
    NewAgreement,
    NewKey,
    PartyList,
    agreement_json,
    key_json,
    party_json,
)
from admin.route import Call, Page
from admin.words import bad_cursor, fields_of
from hub.store import agreements, audit, parties
from hub.store import keys as stored_keys
from hub.store.registry import new_id
from routing.agreements import Agreement
from routing.catalogue import MODULES

Row = TypeVar("Row")
Place = tuple[str, ...]


async def list_agreements(call: Call) -> AgreementList:
    """Every agreement, by its parties."""
    async with call.hub.store.read() as connection:
        rows = await agreements.every(connection)
    part, cursor = part_of(rows, lambda row: (row.cpo.folded, row.emsp.folded, row.id), call.query)
    return AgreementList(items=[agreement_json(row) for row in part], next=cursor)


async def add_agreement(call: Call) -> AgreementJson:
    """Allow or deny a CPO and an eMSP to reach each other, for some modules or for all."""
    wanted: NewAgreement = call.body
    known = {*MODULES, *(name.lower() for name in call.hub.settings.hub.custom_modules)}
    if unknown := sorted(set(wanted.modules) - known):
        raise bad_field("modules", f"{', '.join(unknown)}: choose from {', '.join(sorted(known))}")
    agreement = Agreement(
        new_id(), wanted.cpo, wanted.emsp, wanted.effect == "allow", modules=frozenset(wanted.modules)
    )
    await call.hub.platforms.allow(agreement, by=call.admin.name)
    return agreement_json(agreement)


async def remove_agreement(call: Call) -> None:
    """Forget an agreement."""
    if not await call.hub.platforms.disallow(call.ids["id"], by=call.admin.name):
        raise not_found(f"there is no agreement {call.ids['id']}")


async def list_parties(call: Call) -> PartyList:
    """Every party that is known, by its id and role."""
    page: Page = call.query
    after = fields_of(page.cursor, 3) or ["", "", ""]
    async with call.hub.store.read() as connection:
        rows = await parties.page(connection, (after[0], after[1], after[2]), page.limit + 1)
    last = rows[page.limit - 1] if len(rows) > page.limit else None
    return PartyList(items=[party_json(row) for row in rows[: page.limit]], next="~".join(last.place) if last else None)


async def list_changes(call: Call) -> ChangeList:
    """The audit trail, newest first."""
    page: Page = call.query
    async with call.hub.store.read() as connection:
        rows = await audit.page(connection, _before(page.cursor), page.limit + 1)
    items = [
        ChangeJson(
            id=row["id"],
            at=iso(row["at"]),
            who=row["actor"],
            action=row["action"],
            subject=row["subject"],
            before=row["before"],
            after=row["after"],
        )
        for row in rows[: page.limit]
    ]
    return ChangeList(items=items, next=str(items[-1].id) if len(rows) > page.limit else None)


async def list_keys(call: Call) -> KeyList:
    """Every admin key, revoked ones too; never a key itself."""
    async with call.hub.store.read() as connection:
        rows = await stored_keys.every(connection)
    part, cursor = part_of(rows, lambda row: (f"{row.created_at:020.6f}", row.id), call.query)
    return KeyList(items=[key_json(row) for row in part], next=cursor)


async def add_key(call: Call) -> IssuedKey:
    """Make an admin key. It is shown this once."""
    wanted: NewKey = call.body
    row, key = await keys.issue(call.hub.store, call.hub.fingerprints, wanted.name, wanted.role, by=call.admin.name)
    return IssuedKey(**key_json(row).model_dump(), key=key)


async def revoke_key(call: Call) -> None:
    """Stop accepting a key."""
    if not await keys.revoke(call.hub.store, call.ids["id"], by=call.admin.name):
        raise not_found(f"there is no key {call.ids['id']} in use")


# --- in common -------------------------------------------------------------------------------------------------------


def part_of(rows: Sequence[Row], place: Callable[[Row], Place], page: Page) -> tuple[Sequence[Row], str | None]:
    """The part of a list that is asked for, the list ordered by place, and the cursor of the next."""
    ordered = sorted(rows, key=place)
    fields = fields_of(page.cursor, len(place(rows[0]))) if rows else None
    start = bisect_right(ordered, tuple(fields), key=place) if fields else 0
    part = ordered[start : start + page.limit]
    return part, "~".join(place(part[-1])) if start + page.limit < len(ordered) else None


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdecimal() or len(cursor) > 9:
        raise bad_cursor()
    return int(cursor)
