"""Agreements, parties, the audit trail and keys over the admin API."""

from __future__ import annotations

from typing import Any

import pytest

from admin.keys import AdminRole
from routing.ocpi import PartyId
from tests.admin.door import Door


async def every(door: Door, path: str, limit: int) -> list[Any]:
    """A whole list, page by page."""
    items: list[Any] = []
    cursor = ""
    while True:
        page = (await door.call("GET", f"{path}?limit={limit}{cursor}")).json
        assert set(page) == {"items", "next"}
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = f"&cursor={page['next']}"


@pytest.mark.parametrize(("cpo", "emsp"), [("NL*TNM", "DE*ABC"), ("nl-tnm", "deabc"), ("NLTNM", "de*abc")])
async def test_an_agreement_is_made_and_forgotten(door: Door, cpo: str, emsp: str) -> None:
    body = {"cpo": cpo, "emsp": emsp, "modules": ["CDRs", "acme-lights"], "effect": "deny"}
    made = await door.call("POST", "/agreements", body)
    assert made.status == 201
    expected = {"cpo": "NL*TNM", "emsp": "DE*ABC", "modules": ["acme-lights", "cdrs"], "effect": "deny"}
    assert made.json == {"id": made.json["id"], **expected}
    assert (await door.call("GET", "/agreements")).json == {"items": [made.json], "next": None}
    pair = (PartyId.parse("NL*TNM"), PartyId.parse("DE*ABC"))
    assert not door.hub.picture.directory.agreements[pair][0].is_allowed
    assert (await door.call("DELETE", f"/agreements/{made.json['id']}")).status == 204
    assert (await door.call("GET", "/agreements")).json["items"] == []
    actions = [(who, action) for who, action, subject in await door.audit() if subject == made.json["id"]]
    assert actions == [("the owner", "agreement removed"), ("the owner", "agreed")]


async def test_an_agreement_for_all_modules_names_none(door: Door) -> None:
    made = await door.call("POST", "/agreements", {"cpo": "NLTNM", "emsp": "DEABC", "effect": "allow"})
    assert (made.status, made.json["modules"], made.json["effect"]) == (201, [], "allow")


async def test_an_agreement_that_would_not_do_what_it_says_is_refused(door: Door) -> None:
    for body, fields in [
        ({}, {"cpo", "emsp", "effect"}),
        ({"cpo": "NL*TN", "emsp": "DE/ABC", "effect": "maybe"}, {"cpo", "emsp", "effect"}),
        ({"cpo": "NL*TNM", "emsp": "DE*ABC", "effect": "deny", "modules": ["cdr"]}, {"modules"}),
        ({"cpo": "NL*TNM", "emsp": "DE*ABC", "effect": "deny", "modules": "cdrs"}, {"modules"}),
        ({"cpo": "NL*TNM", "emsp": "DE*ABC", "effect": "deny", "until": "forever"}, {"until"}),
    ]:
        answer = await door.call("POST", "/agreements", body)
        assert (answer.status, answer.fields) == (422, fields)
        assert (await door.call("GET", "/agreements")).json["items"] == []


async def test_agreements_come_in_pages(door: Door) -> None:
    for number in range(5):
        body = {"cpo": f"NLC{number:02}", "emsp": "DEABC", "effect": "allow"}
        assert (await door.call("POST", "/agreements", body)).status == 201
    assert [item["cpo"] for item in await every(door, "/agreements", 2)] == [f"NL*C{number:02}" for number in range(5)]


async def test_a_page_goes_on_where_an_agreement_was_removed(door: Door) -> None:
    for number in range(3):
        await door.call("POST", "/agreements", {"cpo": f"NLC{number:02}", "emsp": "DEABC", "effect": "allow"})
    page = (await door.call("GET", "/agreements?limit=1")).json
    await door.call("DELETE", f"/agreements/{page['items'][0]['id']}")
    rest = (await door.call("GET", f"/agreements?cursor={page['next']}")).json
    assert [item["cpo"] for item in rest["items"]] == ["NL*C01", "NL*C02"]


async def test_every_party_is_listed_with_its_platform_and_status(door: Door) -> None:
    one = await door.invite("one", "NLTNM", "BEXXX")
    two = await door.invite("two", "deabc", role="EMSP")
    await door.call("POST", f"/platforms/{two['id']}/suspend")
    items = await every(door, "/parties", 2)
    assert [(item["country_code"], item["party_id"], item["role"], item["status"]) for item in items] == [
        ("BE", "XXX", "CPO", "PLANNED"),
        ("DE", "ABC", "EMSP", "SUSPENDED"),
        ("NL", "TNM", "CPO", "PLANNED"),
    ]
    assert [item["platform"] for item in items] == [one["id"], two["id"], one["id"]]
    assert [item["last_seen"] for item in items] == [None] * 3


async def test_the_audit_trail_is_read_backwards_in_pages(door: Door) -> None:
    for number in range(4):
        await door.invite(f"n{number}", f"NLX{number:02}")
    items = await every(door, "/audit", 3)
    invited = [item for item in items if item["action"] == "invited"]
    assert [item["after"]["name"] for item in invited] == ["n3", "n2", "n1", "n0"]
    assert set(items[0]) == {"id", "at", "who", "action", "subject", "before", "after"}
    assert [item["id"] for item in items] == sorted((item["id"] for item in items), reverse=True)


async def test_a_key_is_shown_once(door: Door) -> None:
    made = await door.call("POST", "/keys", {"name": " ann ", "role": "viewer"})
    assert (made.status, made.json["name"], made.json["role"]) == (201, "ann", "viewer")
    key = made.json["key"]
    listed = await every(door, "/keys", 1)
    assert [item["name"] for item in listed] == [*(f"the {role}" for role in AdminRole), "ann"]
    assert all("key" not in item for item in listed)
    assert listed[3]["last_used"] is None
    await door.call("GET", "/platforms", key=key)
    assert (await every(door, "/keys", 500))[3]["last_used"] is not None


async def test_a_revoked_key_stays_in_the_list(door: Door) -> None:
    made = (await door.call("POST", "/keys", {"name": "ann", "role": "viewer"})).json
    await door.call("DELETE", f"/keys/{made['id']}")
    assert (await every(door, "/keys", 500))[3]["revoked_at"] is not None
    assert (await door.audit())[:2] == [
        ("the owner", "key revoked", made["id"]),
        ("the owner", "key created", made["id"]),
    ]


async def test_a_key_without_name_or_role_is_refused(door: Door) -> None:
    for body in [{"name": "ann"}, {"name": "ann", "role": "king"}, {"name": "", "role": "viewer"}]:
        assert (await door.call("POST", "/keys", body)).status == 422
        assert len(await every(door, "/keys", 500)) == 3
