"""A party that a platform drops from its roles: it is SUSPENDED (OCPI 2.2.1, HubClientInfo, Push model).

It is the platform's no more: it sends nothing, owns nothing, and may come back elsewhere.
"""

from __future__ import annotations

import pytest

from hub.testing import FakeCpo, FakeEmsp, RegistrationFailed
from routing.ocpi import PartyId
from tests.stories.market import MakeSettings, gathered, join, market
from tests.stories.test_client_info import ABC, hears, listed

NEW = PartyId("FR", "NEW")


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
async def test_who_has_one_party_left_need_not_name_it(settings: MakeSettings, version: str) -> None:
    """2.1.1 has no headers to name it with: a connection would be dead whose party is another one now."""
    cpo, emsp = FakeCpo(version=version), FakeEmsp(version=version)
    async with gathered(settings(), cpo, emsp):
        cpo.parties = (NEW,)
        await cpo.update_credentials()
        told = await cpo.send("PUT", "locations", "/FR/NEW/LOC1", to="DE*ABC", from_="", body={"id": "LOC1"})
        assert told.is_success, told.body


async def test_a_dropped_party_sends_nothing_and_owns_nothing(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo("NL*TNM", "FR*NEW"), FakeEmsp()
    async with gathered(settings(), cpo, emsp):
        cpo.parties = (NEW,)
        await cpo.update_credentials()
        before = len(emsp.seen)
        for to in ("DE*ABC", "NL*HUB"):
            told = await cpo.send("PUT", "locations", "/NL/TNM/LOC1", to=to, from_="NL*TNM", body={"id": "LOC1"})
            assert (told.http, told.status_code) == (200, 4003)
            told = await cpo.send("PUT", "locations", "/NL/TNM/LOC1", to=to, from_="FR*NEW", body={"id": "LOC1"})
            assert (told.http, told.status_code) == (404, 2001)
        assert not [seen for seen in emsp.seen[before:] if seen.module == "locations"]


async def test_it_may_come_back_on_another_platform(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, emsp), FakeEmsp() as elsewhere:
        emsp.parties = (NEW,)
        await emsp.update_credentials()
        await hears(cpo, ABC, "SUSPENDED")
        await join(hub, elsewhere)
        await hears(cpo, ABC, "CONNECTED")
        assert await listed(cpo) == {ABC: "CONNECTED", "FR*NEW EMSP": "CONNECTED"}
        assert (await cpo.push_location("DE*ABC")).is_success
        assert [seen.receiver for seen in elsewhere.seen if seen.module == "locations"] == ["DE*ABC"]
        emsp.parties = (NEW, PartyId("DE", "ABC"))
        with pytest.raises(RegistrationFailed, match="held by another platform"):
            await emsp.update_credentials()
