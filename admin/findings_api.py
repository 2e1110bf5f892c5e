"""What is wrong with what a platform sends, as the API tells it: so that onboarding can show a partner its mistakes."""

from __future__ import annotations

from pydantic import Field

from admin.journal_json import iso
from admin.problems import not_found
from admin.route import Call, Page
from admin.words import Moment, Party, Told, bad_cursor
from hub.store import audit, findings, registry
from hub.store.findings import FindingRow
from routing.ocpi import PartyId


class ExampleJson(Told):
    """One time that it happened."""

    field: str = Field(description="Where in the object, like evses[0].uid.")
    journey: str = Field(description="The journey on which it was seen.")
    object: str = Field(description="The innermost object around the field, as JSON; personal data is covered.")


class FindingJson(Told):
    """One kind of mistake, and how often it was made."""

    id: str
    party: Party | None
    version: str
    module: str
    object: str = Field(description="OCPI's name of the object; Response for the response format itself.")
    field: str = Field(description="Empty for the object itself; any place in a list is [].")
    rule: str
    message: str
    count: int
    first_seen: Moment
    last_seen: Moment
    example: ExampleJson


class FindingList(Told):
    """Mistakes by module, object and field."""

    items: list[FindingJson]
    next: str | None


async def list_findings(call: Call) -> FindingList:
    """What is wrong with the objects that a platform sends. They are checked beside the route, as time allows."""
    page: Page = call.query
    async with call.hub.store.read() as connection:
        if await registry.platform_row(connection, call.ids["id"]) is None:
            raise not_found(f"there is no platform {call.ids['id']}")
        rows = await findings.every(connection, call.ids["id"])
    start = 0
    if page.cursor is not None:
        ids = [row.mistake.id for row in rows]
        if page.cursor not in ids:
            raise bad_cursor()
        start = ids.index(page.cursor) + 1
    part = rows[start : start + page.limit]
    more = start + page.limit < len(rows)
    return FindingList(items=[finding_json(row) for row in part], next=part[-1].mistake.id if more else None)


async def forget_findings(call: Call) -> None:
    """Begin to count anew, once a partner has mended its side."""
    async with call.hub.store.write() as connection:
        row = await registry.platform_row(connection, call.ids["id"])
        if row is None:
            raise not_found(f"there is no platform {call.ids['id']}")
        count = await findings.forget(connection, row.id)
        before = {"findings": count}
        await audit.record(
            connection, actor=call.admin.name, action="findings forgotten", subject=row.id, before=before
        )


def finding_json(row: FindingRow) -> FindingJson:
    """A mistake as it is told."""
    mistake = row.mistake
    return FindingJson(
        id=mistake.id,
        party=PartyId.parse(mistake.party) if mistake.party else None,
        version=mistake.version,
        module=mistake.module,
        object=mistake.object_name,
        field=mistake.field,
        rule=mistake.rule,
        message=row.message,
        count=row.count,
        first_seen=iso(row.first_at),
        last_seen=iso(row.last_at),
        example=ExampleJson(**row.example),
    )
