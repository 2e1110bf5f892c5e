"""Every call that changes something is in the audit trail, with who made it; a table of such calls is kept whole."""

from __future__ import annotations

import asyncio

from admin.routes import ROUTES
from admin.sessions import Browser, begin
from hub.testing import FakeCpo
from tests.admin.door import Door

ROLE = {"role": "CPO", "country_code": "NL", "party_id": "TNM", "name": "TNM"}


async def test_whatever_is_changed_is_written_down_with_who_did_it(door: Door, fake_cpo: FakeCpo) -> None:
    tried: set[str] = set()

    async def change(action: str, method: str, path: str, body: object = None, id: str = "") -> str:
        """One call; the id of what it made."""
        tried.add(f"{method} {path}")
        answer = await door.call(method, path.replace("{id}", id), body)
        assert answer.status < 300, answer.body
        who, did, subject = (await door.audit())[0]
        made = str(answer.json["id"]) if answer.body else id
        assert (who, did) == ("the owner", action), (method, path)
        assert subject in (id, made)
        return made

    platform = await change("invited", "POST", "/platforms", {"name": "TNM", "roles": [ROLE]})
    invited = (await door.call("POST", f"/platforms/{platform}/invite")).json
    await change("invited again", "POST", "/platforms/{id}/invite", id=platform)
    invited = (await door.call("POST", f"/platforms/{platform}/invite")).json
    await fake_cpo.register(invited["versions_url"], invited["token"])
    await change("changed", "PATCH", "/platforms/{id}", {"name": "New"}, platform)
    await change("rotated", "POST", "/platforms/{id}/rotate", id=platform)
    await change("suspended", "POST", "/platforms/{id}/suspend", id=platform)
    await change("resumed", "POST", "/platforms/{id}/resume", id=platform)
    check = await change("checked", "POST", "/platforms/{id}/check", id=platform)
    async with asyncio.timeout(60):
        while (await door.call("GET", f"/checks/{check}")).json["status"] == "running":  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(0.05)
    await change("findings forgotten", "DELETE", "/platforms/{id}/findings", id=platform)
    agreement = await change("agreed", "POST", "/agreements", {"cpo": "NLTNM", "emsp": "DEABC", "effect": "deny"})
    await change("agreement removed", "DELETE", "/agreements/{id}", id=agreement)
    key = await change("key created", "POST", "/keys", {"name": "ann", "role": "viewer"})
    await change("key revoked", "DELETE", "/keys/{id}", id=key)
    user = await change("user created", "POST", "/users", {"name": "eve", "role": "viewer", "password": "x" * 12})
    await change("user changed", "PATCH", "/users/{id}", {"role": "operator"}, user)
    await begin(door.hub, Browser("192.0.2.7", "a browser"), user_id=user, name="eve", instead_of=None)
    (session,) = (await door.call("GET", "/sessions")).json["items"]
    await change("session ended", "DELETE", "/sessions/{id}", id=session["id"])
    await change("user removed", "DELETE", "/users/{id}", id=user)
    await change("removed", "DELETE", "/platforms/{id}", id=platform)
    assert tried == {f"{row.method} {row.path}" for row in ROUTES if row.method != "GET"}
