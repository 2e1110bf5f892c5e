"""JSON can spell half a character (a lone surrogate), UTF-8 cannot: who sends one is answered, and so is everybody."""

from __future__ import annotations

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
