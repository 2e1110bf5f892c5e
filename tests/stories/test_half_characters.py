"""JSON can spell half a character (a lone surrogate), UTF-8 cannot, and PostgreSQL has no NUL: who sends one is
answered, and so is everybody.
"""

from __future__ import annotations

from urllib.parse import quote

import pytest

from hub.lifecycle import running
from hub.testing import FakeCpo, FakeEmsp
from tests.stories.market import MakeSettings, invite, join

HALF = "half \ud83d a character"


async def test_a_refusal_may_name_what_has_half_a_character(settings: MakeSettings) -> None:
    """OCPI 2.2.1, status codes: 2001 for invalid parameters, and never that the hub failed."""
    async with running(settings()) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, cpo, emsp)
        answer = await cpo.send("PUT", "locations", "/NL/TNM/LOC1", to="DE*ABC", body={"id": HALF})
        assert (answer.status_code, answer.status_message) == (
            2001,
            "id is half ? a character in the body and LOC1 in the path",
        )


async def test_a_name_with_half_a_character_keeps_nobody_from_the_credentials(settings: MakeSettings) -> None:
    """OCPI 2.3.0, Credentials: a hub lists the parties that can be reached, whatever they call themselves."""
    async with running(settings()) as hub, FakeCpo(version="2.3.0") as cpo, FakeEmsp(version="2.3.0") as emsp:
        await join(hub, emsp)
        invitation = await invite(hub, cpo)
        cpo.name = HALF
        await cpo.register(invitation.versions_url, invitation.token)
        answer = await emsp.send("GET", "credentials", url=emsp.peer.credentials_url)
        names = [role["business_details"]["name"] for role in answer.data["roles"]]
        assert (answer.status_code, "half ? a character" in names) == (1000, True)


@pytest.mark.parametrize("id", [HALF, "a\0b"])
async def test_an_id_that_no_store_can_have_is_known_of_nobody(settings: MakeSettings, store_url: str, id: str) -> None:
    """OCPI 2.2.1, status codes: 4001, an unknown receiver, where it cannot be told; not that the hub failed."""
    async with running(settings(store_url)) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, cpo, emsp)
        token = {"uid": id, "type": id, "contract_id": id}
        body = {"response_url": emsp.expect_result()[0], "token": token, "location_id": id, "evse_uid": id}
        for command, more in (("START_SESSION", {}), ("STOP_SESSION", {"session_id": id}), ("CANCEL_RESERVATION", {})):
            sent = await emsp.send("POST", "commands", f"/{command}", body=body | {"reservation_id": id} | more)
            assert (sent.http, sent.status_code) == (200, 4001), command
        started = await emsp.send("POST", "commands", "/START_SESSION", to="NL*TNM", body=body)
        assert started.is_success
        path = quote(id.encode(errors="replace"), safe="")
        pushed = await cpo.send("PATCH", "sessions", f"/NL/TNM/{path}", body={"kwh": 1})
        assert (pushed.http, pushed.status_code) == (200, 4001)
        for to, code in ((None, 4001), ("NL*HUB", 4001)):
            asked = await emsp.send("GET", "locations", f"/{path}", to=to, interface="sender")
            assert asked.status_code == code
        kept = await cpo.send("GET", "locations", f"/NL/TNM/{path}", to="NL*HUB")
        assert (kept.http, kept.status_code) == (404, 2000)
        for where, query in ((f"/{path}/authorize", ""), ("/T1/authorize", f"type={path}")):
            unknown = await cpo.send("POST", "tokens", where, interface="sender", query=query)
            assert unknown.status_code == 2004, where
