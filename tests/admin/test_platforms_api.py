"""Platforms over the admin API: invited, connected, changed, suspended, removed; each change in the audit trail."""

from __future__ import annotations

from typing import Any

import pytest

from hub.testing import FakeCpo, FakeEmsp
from routing.ocpi import PartyId
from tests.admin.door import Door
from tests.admin.stores import one_store

store_kind = one_store

FIELDS = {
    "id",
    "name",
    "status",
    "version",
    "versions_url",
    "versions",
    "endpoints",
    "roles",
    "quirks",
    "allowed_networks",
    "rate_limit",
    "client_certificates",
    "renew_days",
    "renewed_at",
    "counterpart",
    "last_seen",
    "last_error",
    "created_at",
    "updated_at",
}


async def shown(door: Door, platform_id: str) -> dict[str, Any]:
    answer = await door.call("GET", f"/platforms/{platform_id}")
    assert answer.status == 200
    platform: dict[str, Any] = answer.json
    return platform


async def registered(door: Door, party: FakeCpo | FakeEmsp) -> str:
    """A fake party that registered with an invitation; the id of its platform."""
    invited = await door.invite(party.name, party.parties[0].folded, role=party.role)
    await party.register(invited["versions_url"], invited["token"])
    return str(invited["id"])


async def test_an_invitation_has_what_a_partner_needs(door: Door) -> None:
    invited = await door.invite("TNM", "nltnm", "NLTN2")
    assert invited["status"] == "PLANNED"
    assert invited["versions_url"] == f"{door.hub.settings.public_url}/ocpi/versions"
    assert invited["roles"][1] == {
        "role": "CPO",
        "country_code": "NL",
        "party_id": "TNM",
        "name": "TNM",
        "status": "PLANNED",
    }
    platform = await shown(door, invited["id"])
    assert set(platform) == FIELDS
    assert platform["version"] is platform["versions_url"] is platform["last_seen"] is None
    assert (await door.audit())[0] == ("the owner", "invited", invited["id"])


async def test_a_platform_that_registered_is_told_with_what_was_learnt(door: Door, fake_cpo: FakeCpo) -> None:
    platform = await shown(door, await registered(door, fake_cpo))
    assert (platform["status"], platform["version"]) == ("CONNECTED", "2.2.1")
    assert platform["versions_url"] == fake_cpo.versions_url
    assert platform["versions"][0]["version"] == "2.2.1"
    assert {"module": "locations", "interface": "SENDER"}.items() <= next(
        item for item in platform["endpoints"] if item["module"] == "locations"
    ).items()
    assert platform["roles"][0]["status"] == "CONNECTED"
    assert platform["last_seen"].endswith("Z")


async def test_the_hub_registers_with_a_platform(door: Door, fake_cpo: FakeCpo) -> None:
    body = {"name": "TNM", "versions_url": fake_cpo.versions_url, "token": fake_cpo.invite()}
    answer = await door.call("POST", "/platforms", body)
    assert answer.status == 201
    assert set(answer.json) == FIELDS
    assert answer.json["status"] == "CONNECTED"
    assert [(role["country_code"], role["party_id"]) for role in answer.json["roles"]] == [("NL", "TNM")]
    assert (await door.audit())[0] == ("the owner", "connected", answer.json["id"])


async def test_a_handshake_that_fails_is_told_by_its_step(door: Door, fake_cpo: FakeCpo) -> None:
    body = {"name": "TNM", "versions_url": fake_cpo.versions_url, "token": "never-agreed"}
    answer = await door.call("POST", "/platforms", body)
    assert answer.status == 502
    assert (answer.json["step"], answer.json["expected"]) == ("GET versions", "HTTP 200")
    assert "401" in answer.json["came"]
    assert "GET versions" in answer.json["detail"]
    assert (await door.call("GET", "/platforms")).json["items"] == []


async def test_roles_that_the_partner_does_not_have_are_told(door: Door, fake_cpo: FakeCpo) -> None:
    roles = [{"role": "CPO", "country_code": "BE", "party_id": "XXX"}]
    body = {"name": "x", "roles": roles, "versions_url": fake_cpo.versions_url, "token": fake_cpo.invite()}
    answer = await door.call("POST", "/platforms", body)
    assert (answer.status, answer.json["step"]) == (502, "check roles")


async def test_a_role_is_held_once(door: Door) -> None:
    await door.invite("one", "NLTNM")
    body = {"name": "two", "roles": [{"role": "CPO", "country_code": "nl", "party_id": "tnm", "name": "two"}]}
    answer = await door.call("POST", "/platforms", body)
    assert answer.status == 409
    assert "NL*TNM" in answer.json["detail"]


async def test_a_role_is_named_once(door: Door) -> None:
    roles = [{"role": "CPO", "country_code": country, "party_id": "TNM"} for country in ("NL", "BE", "nl")]
    answer = await door.call("POST", "/platforms", {"name": "x", "roles": roles})
    assert (answer.status, answer.fields) == (422, {"roles.2"})
    assert (await door.call("GET", "/parties")).json["items"] == []


@pytest.mark.parametrize("written", ["DE*ABC", "DE-ABC", "deabc", "de*abc"])
async def test_a_counterpart_has_a_versions_url_of_its_own(door: Door, written: str) -> None:
    role = {"role": "CPO", "country_code": "NL", "party_id": "TNM", "name": "TNM"}
    answer = await door.call("POST", "/platforms", {"name": "TNM", "roles": [role], "counterpart": written})
    assert (answer.status, answer.json["counterpart"]) == (201, "DE*ABC")
    assert answer.json["versions_url"] != f"{door.hub.settings.public_url}/ocpi/versions"
    assert (await shown(door, answer.json["id"]))["counterpart"] == "DE*ABC"


async def test_a_patch_changes_what_it_names(door: Door) -> None:
    place = f"/platforms/{(await door.invite())['id']}"
    limit = {"requests_per_s": 5, "burst": 20}
    body = {"quirks": {"trailing_slash": True}, "allowed_networks": ["10.0.0.0/8", "::1"], "rate_limit": limit}
    platform = (await door.call("PATCH", place, body)).json
    assert platform["quirks"] == {"trailing_slash": True}
    assert platform["allowed_networks"] == ["10.0.0.0/8", "::1/128"]
    assert platform["rate_limit"] == limit
    platform = (await door.call("PATCH", place, {"name": "new", "quirks": {"check": "report"}})).json
    assert (platform["name"], platform["quirks"]) == ("new", {"trailing_slash": True, "check": "report"})
    body = {"quirks": {"check": None}, "allowed_networks": [], "rate_limit": None}
    platform = (await door.call("PATCH", place, body)).json
    assert (platform["quirks"], platform["allowed_networks"]) == ({"trailing_slash": True}, [])
    assert platform["rate_limit"] is None
    assert (await door.call("PATCH", place, {"quirks": None})).json["quirks"] == {}


async def test_a_patch_that_cannot_be_is_refused(door: Door) -> None:
    invited = await door.invite()
    before = await shown(door, invited["id"])
    for body, field in [
        ({"quirks": {"speaks_slowly": True}}, "quirks"),
        ({"quirks": {"trailing_slash": "yes"}}, "quirks"),
        ({"quirks": {"callback_origins": [1]}}, "quirks"),
        ({"allowed_networks": ["10.0.0.1/8"]}, "allowed_networks.0"),
        ({"allowed_networks": ["everywhere"]}, "allowed_networks.0"),
        ({"rate_limit": {"requests_per_s": 0, "burst": 1}}, "rate_limit.requests_per_s"),
        ({"rate_limit": {"requests_per_s": 1, "burst": -1}}, "rate_limit.burst"),
        ({"quirks": {"callback_origins": ["callbacks.example"]}}, "quirks"),
        ({"name": None}, "name"),
        ({"name": " "}, "name"),
        ({"name": 1}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "\0"}, "name"),
        ({"status": "CONNECTED"}, "status"),
        ({"token": "mine"}, "token"),
    ]:
        answer = await door.call("PATCH", f"/platforms/{invited['id']}", body)
        assert (answer.status, answer.fields) == (422, {field})
        assert await shown(door, invited["id"]) == before


async def test_each_change_is_in_the_audit_trail_with_who_did_it(door: Door, fake_cpo: FakeCpo) -> None:
    platform_id = await registered(door, fake_cpo)
    place = f"/platforms/{platform_id}"
    for method, path, body, status, action in (
        ("PATCH", "", {"name": "new"}, 200, "changed"),
        ("POST", "/rotate", None, 200, "rotated"),
        ("POST", "/suspend", None, 200, "suspended"),
        ("POST", "/resume", None, 200, "resumed"),
        ("DELETE", "", None, 204, "removed"),
    ):
        answer = await door.call(method, place + path, body)
        assert answer.status == status, answer.body
        assert ("the owner", action, platform_id) in await door.audit()
    rows = (await door.call("GET", "/audit?limit=100")).json["items"]
    by_action = {row["action"]: row for row in rows}
    changed = by_action["changed"]
    assert (changed["before"], changed["after"]) == ({"name": fake_cpo.name}, {"name": "new"})
    assert changed["at"].endswith("Z")
    registration = {"version": "2.2.1", "roles": ["CPO NL*TNM"]}
    assert (by_action["registered"]["before"], by_action["registered"]["after"]) == (None, registration)
    assert (by_action["rotated"]["before"], by_action["rotated"]["after"]) == (registration, registration)


async def test_what_a_platform_does_itself_is_in_the_audit_trail_too(door: Door, fake_cpo: FakeCpo) -> None:
    await registered(door, fake_cpo)
    fake_cpo.parties = (*fake_cpo.parties, PartyId.parse("BE*TNM"))
    await fake_cpo.update_credentials()
    await fake_cpo.unregister()
    rows = (await door.call("GET", "/audit?limit=2")).json["items"]
    one, two = ({"version": "2.2.1", "roles": roles} for roles in (["CPO NL*TNM"], ["CPO BE*TNM", "CPO NL*TNM"]))
    assert [(row["action"], row["before"], row["after"]) for row in rows] == [
        ("unregistered", two, None),
        ("updated", one, two),
    ]
    assert rows[0]["who"] == f"platform {fake_cpo.name}"


async def test_states_that_do_not_allow_it_are_told(door: Door, fake_cpo: FakeCpo) -> None:
    planned = await door.invite("x", "BEXXX")
    connected = await registered(door, fake_cpo)
    assert (await door.call("POST", f"/platforms/{planned['id']}/resume")).status == 409
    assert (await door.call("POST", f"/platforms/{planned['id']}/rotate")).status == 409
    assert (await door.call("POST", f"/platforms/{connected}/invite")).status == 409
    assert (await door.call("POST", f"/platforms/{connected}/suspend")).json["status"] == "SUSPENDED"
    assert (await door.call("POST", f"/platforms/{connected}/suspend")).status == 409


async def test_a_second_invitation_makes_the_first_void(door: Door, fake_cpo: FakeCpo) -> None:
    first = await door.invite()
    second = (await door.call("POST", f"/platforms/{first['id']}/invite")).json
    assert second["token"] != first["token"]
    with pytest.raises(Exception, match="401"):
        await fake_cpo.register(first["versions_url"], first["token"])
    await fake_cpo.register(second["versions_url"], second["token"])
    assert (await shown(door, first["id"]))["status"] == "CONNECTED"


async def test_no_secret_is_ever_told_again(door: Door, fake_cpo: FakeCpo, fake_emsp: FakeEmsp) -> None:
    cpo_id, given = await registered(door, fake_cpo), fake_emsp.invite()
    invited = await door.invite("later", "BEXXX")
    await door.call("POST", "/platforms", {"name": "MSP", "versions_url": fake_emsp.versions_url, "token": given})
    await door.call("POST", f"/platforms/{cpo_id}/rotate")
    paths = ["/platforms", "/parties", "/audit?limit=500", "/keys", "/agreements", "/openapi.json"]
    paths += [f"/platforms/{item['id']}" for item in (await door.call("GET", "/platforms")).json["items"]]
    told = b"".join([(await door.call("GET", path)).body for path in paths]).decode()
    secrets = [invited["token"], given, *door.keys.values()]
    for party in (fake_cpo, fake_emsp):
        secrets += [party.handshakes.token_out, party.handshakes.token_in]
    assert [secret for secret in secrets if secret in told] == []


async def test_platforms_come_in_pages(door: Door) -> None:
    made = [(await door.invite(f"n{number}", f"NLX{number:02}"))["id"] for number in range(5)]
    seen, cursor = [], ""
    while True:
        page = (await door.call("GET", f"/platforms?limit=2{cursor}")).json
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == made
