"""What is wrong with what a platform sends, over the admin API."""

from __future__ import annotations

from typing import Any

from admin.keys import AdminRole
from hub.store import findings
from hub.store.findings import FindingRow, Mistake
from hub.testing import FakeCpo, FakeEmsp
from tests.admin.door import Door
from tests.admin.stores import one_store
from tests.stories.onboarding import join, until

store_kind = one_store


def row(platform_id: str, field: str, count: int = 1, at: float = 0.0) -> FindingRow:
    mistake = Mistake(platform_id, "locations", "Location", field, "missing", "NL*TNM", "2.2.1")
    return FindingRow(mistake, count, at, at, f"said at {at:g}", {"field": field, "journey": "j", "object": "{}"})


async def add(door: Door, *rows: FindingRow) -> None:
    async with door.hub.store.write() as connection:
        await findings.add(connection, rows)


async def listed(door: Door, platform_id: str, query: str = "") -> Any:
    return (await door.call("GET", f"/platforms/{platform_id}/findings{query}", role=AdminRole.VIEWER)).json


async def test_a_mistake_of_a_party_is_listed_with_its_example(
    door: Door, fake_cpo: FakeCpo, fake_emsp: FakeEmsp
) -> None:
    platform_id = await join(door.hub, fake_cpo)
    await join(door.hub, fake_emsp)
    await fake_cpo.push_location("DE*ABC", country="NL")
    await until(lambda: door.hub.inspection.is_idle)
    (found,) = (await listed(door, platform_id))["items"]
    assert found["example"]["object"].startswith('{"country_code":"NL","party_id":"TNM","id":"LOC1"')
    await until(lambda: not door.hub.journal.waiting)
    assert (await door.call("GET", f"/journal/{found['example']['journey']}")).status == 200
    assert {name: found[name] for name in ("party", "version", "module", "object", "field", "rule", "count")} == {
        "party": "NL*TNM",
        "version": "2.2.1",
        "module": "locations",
        "object": "Location",
        "field": "country",
        "rule": "too_short",
        "count": 1,
    }


async def test_the_same_mistake_is_counted_and_the_last_example_kept(door: Door) -> None:
    platform_id = (await door.invite())["id"]
    await add(door, row(platform_id, "name", 2, at=10))
    await add(door, row(platform_id, "name", 3, at=20), row(platform_id, "city", at=20))
    items = (await listed(door, platform_id))["items"]
    assert [(item["field"], item["count"], item["message"]) for item in items] == [
        ("city", 1, "said at 20"),
        ("name", 5, "said at 20"),
    ]
    assert (items[1]["first_seen"], items[1]["last_seen"]) == ("1970-01-01T00:00:10.000Z", "1970-01-01T00:00:20.000Z")


async def test_findings_come_in_pages(door: Door) -> None:
    platform_id = (await door.invite())["id"]
    await add(door, *(row(platform_id, f"field{number}") for number in range(5)))
    fields, query = [], "?limit=2"
    while query:
        page = await listed(door, platform_id, query)
        fields += [item["field"] for item in page["items"]]
        query = f"?limit=2&cursor={page['next']}" if page["next"] else ""
    assert fields == [f"field{number}" for number in range(5)]
    assert (await door.call("GET", f"/platforms/{platform_id}/findings?cursor=nonsense")).status == 422


async def test_forgetting_begins_to_count_anew_and_is_in_the_audit_trail(door: Door) -> None:
    platform_id = (await door.invite())["id"]
    await add(door, row(platform_id, "name"))
    assert (await door.call("DELETE", f"/platforms/{platform_id}/findings", role=AdminRole.OPERATOR)).status == 204
    assert (await listed(door, platform_id))["items"] == []
    assert (await door.audit())[0] == ("the operator", "findings forgotten", platform_id)


async def test_findings_go_with_their_platform(door: Door) -> None:
    platform_id = (await door.invite())["id"]
    await add(door, row(platform_id, "name"))
    await door.call("DELETE", f"/platforms/{platform_id}")
    assert (await door.call("GET", f"/platforms/{platform_id}/findings")).status == 404
    async with door.hub.store.read() as connection:
        assert await findings.every(connection, platform_id) == []
