"""The forms of the web view: what they change, what they say when something will not do."""

from __future__ import annotations

import re
from typing import Any

from admin.keys import AdminRole
from hub.store import keys as stored_keys
from hub.store import registry
from hub.store import users as stored_users
from tests.admin.stores import one_store
from tests.admin.town import Town, as_role
from tests.admin.visitor import visitor

store_kind = one_store

PASSWORD = "another long password"


async def test_an_invitation_shows_its_token_once_and_says_what_is_wrong(town: Town) -> None:
    async with as_role(town, AdminRole.OPERATOR) as someone:
        await someone.get("/onboard")
        form = {"name": "New", "role-0": "CPO", "country-0": "be", "party-0": "new"}
        wrong = await someone.post("/onboard/invite", form | {"country-0": "B"})
        assert wrong.status == 422
        assert 'value="B"' in wrong.text
        taken = await someone.post("/onboard/invite", form | {"country-0": "NL", "party-0": "TNM"})
        assert (taken.status, "held by another platform" in taken.words) == (409, True)
        made = await someone.post("/onboard/invite", form)
        token = re.search(r'id="invitation-token">([^<]+)<', made.text)
        assert token is not None
        invited = [row for row in town.door.hub.picture.directory.platforms.values() if row.name == "New"]
        assert [str(party.id) for party in invited[0].parties] == ["BE*NEW"]
        again = await someone.get(f"/onboard/{invited[0].id}")
        assert token[1] not in again.text
        assert "Partner reads the versions" in again.words


async def test_settings_are_saved_from_a_form_and_refused_where_they_will_not_do(town: Town) -> None:
    path = f"/platforms/{town.platform_id}"
    form = {
        "name": "TNM",
        "allowed_networks": "192.0.2.0/24\n2001:db8::/32",
        "requests_per_s": "5",
        "burst": "10",
        "client_certificates": "",
        "renew_days": "30",
        "quirk-trailing_slash": "true",
        "quirk-check": '"report"',
        "quirk-callback_origins": "https://a.example https://b.example",
    }
    async with as_role(town, AdminRole.OPERATOR) as someone:
        await someone.get(path)
        assert (await someone.post(path, form)).location == f"{path}?done=changed"
        wrong = await someone.post(path, form | {"allowed_networks": "everywhere", "name": "X"})
        assert (wrong.status, "everywhere" in wrong.text) == (422, True)
    async with town.door.hub.store.read() as connection:
        row = await registry.platform_row(connection, town.platform_id)
    assert row is not None
    assert (row.name, list(row.allowed_networks)) == ("TNM", ["192.0.2.0/24", "2001:db8::/32"])
    assert (row.rate_limit, row.renew_days) == ({"requests_per_s": 5, "burst": 10}, 30)
    origins = ["https://a.example", "https://b.example"]
    assert dict(row.quirks) == {"trailing_slash": True, "check": "report", "callback_origins": origins}


async def test_a_pair_is_allowed_denied_and_cleared(town: Town) -> None:
    pair = {"cpo": "NL*TNM", "emsp": "DE*ABC"}

    async def decided() -> list[tuple[Any, ...]]:
        items = (await town.door.call("GET", "/agreements")).json["items"]
        return [(item["cpo"], item["emsp"], item["effect"]) for item in items]

    async with as_role(town, AdminRole.OPERATOR) as someone:
        await someone.get("/agreements")
        assert "denied" in (await someone.post("/agreements", pair | {"to": "deny"}, HX_Request="true")).words
        assert await decided() == [("NL*TNM", "DE*ABC", "deny")]
        assert "allowed" in (await someone.post("/agreements", pair | {"to": "allow"}, HX_Request="true")).words
        assert await decided() == [("NL*TNM", "DE*ABC", "allow")]
        assert "·" in (await someone.post("/agreements", pair | {"to": "clear"}, HX_Request="true")).words
        assert await decided() == []
        assert (await someone.post("/agreements", pair | {"to": "maybe"}, HX_Request="true")).status == 422


async def test_keys_and_users_are_made_changed_and_ended(town: Town) -> None:
    hub = town.door.hub
    async with as_role(town, AdminRole.OWNER) as someone, visitor(town.door.url) as ann:
        await someone.get("/people")
        made = await someone.post("/people/keys", {"name": "robot", "role": "viewer"})
        key = re.search(r'id="made-key">([^<]+)<', made.text)
        assert key is not None
        assert (await town.door.call("GET", "/platforms", key=key[1])).status == 200
        async with hub.store.read() as connection:
            row = next(row for row in await stored_keys.every(connection) if row.name == "robot")
        assert (await someone.post(f"/people/keys/{row.id}/revoke")).status == 303
        assert (await town.door.call("GET", "/platforms", key=key[1])).status == 401
        new = {"name": "ann", "role": "viewer", "password": PASSWORD}
        short = await someone.post("/people/users", new | {"password": "short"})
        assert (short.status, "at least 10 characters" in short.words) == (422, True)
        assert (await someone.post("/people/users", new)).status == 303
        assert (await someone.post("/people/users", new | {"name": "ANN"})).status == 409
        assert (await ann.log_in("ann", PASSWORD)).status == 303
        async with hub.store.read() as connection:
            user = await stored_users.by_name(connection, "ann")
            owner = await stored_users.by_name(connection, "owner")
        assert user is not None
        assert owner is not None
        assert (await someone.post(f"/people/users/{user.id}", {"role": "operator"})).status == 303
        assert (await ann.get("/onboard")).status == 200
        assert (await someone.post(f"/people/users/{owner.id}", {"role": "viewer"})).status == 409, "the last owner"
        assert (await someone.post(f"/people/users/{user.id}/remove")).status == 303
        assert (await ann.get("/")).status == 303
