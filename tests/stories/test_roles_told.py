"""From 2.3.0 on the hub's credentials list who can be reached, and are put again, in batches, when that changed.

OCPI 2.3.0, Credentials, Credentials object; routing reference, 5.1 and 5.5.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.lifecycle import running
from hub.registration import Registration
from hub.renewal import tell_changed_roles
from hub.store.registry import RoleRow
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from routing.agreements import Agreement
from routing.ocpi import ConnectionStatus, PartyId, Role
from tests.stories.market import MakeSettings, eventually, join, last_error, platform_of
from tests.stories.test_client_info import ABC, hears

SOON = {"roles_batch_s": 0.4}
"""For stories in which the hub tells by itself."""


def told(party: FakeParty) -> list[list[str]]:
    """The parties that each PUT of the hub's credentials listed."""
    puts = [seen.document for seen in party.seen if (seen.method, seen.module) == ("PUT", "credentials")]
    return [[f"{row['country_code']}*{row['party_id']} {row['role']}" for row in put["roles"]] for put in puts]


async def test_who_can_be_reached_is_told_with_new_tokens_and_traffic_goes_on(settings: MakeSettings) -> None:
    async with running(settings(hub=SOON)) as hub, FakeCpo(version="2.3.0") as cpo, FakeEmsp() as emsp:
        await join(hub, cpo)
        assert [row["role"] for row in cpo.peer.credentials["roles"]] == ["OTHER"], "an empty hub lists itself"
        before = (cpo.handshakes.token_in, cpo.handshakes.token_out)
        await join(hub, emsp)
        await eventually(lambda: told(cpo) == [[ABC]], within_s=30)
        await eventually(lambda: cpo.handshakes.token_in != before[0], within_s=30)
        assert cpo.handshakes.token_out != before[1]
        assert cpo.peer.credentials["hub_party_id"] == "NLHUB"
        assert (await cpo.push_location("DE*ABC")).is_success
        assert (await emsp.push_token("NL*TNM")).is_success
        assert told(emsp) == [], "2.2.1 lists only the hub, and has HubClientInfo"


async def test_changes_wait_for_the_batch(settings: MakeSettings) -> None:
    async with running(settings(hub={"roles_batch_s": 3600.0})) as hub, FakeCpo(version="2.3.0") as cpo:
        await join(hub, cpo)
        for name in ("AAA", "BBB", "CCC"):
            await hub.platforms.invite(by="test", name=name, roles=[RoleRow(PartyId("DE", name), Role.EMSP)])
        assert await tell_changed_roles(hub.core, hub.platforms) == 0, "no batch is due yet"
        assert told(cpo) == []


async def test_a_status_is_not_told_by_credentials(settings: MakeSettings) -> None:
    async with running(settings(hub=SOON)) as hub, FakeCpo(version="2.3.0") as cpo, FakeEmsp() as emsp:
        await join(hub, emsp, cpo)
        platform_id = platform_of(hub, emsp)
        await hub.platforms.suspend(platform_id, by="test")
        await hears(cpo, ABC, "SUSPENDED")
        await hub.platforms.resume(platform_id, by="test")
        await hears(cpo, ABC, "CONNECTED")
        deny = Agreement("1", PartyId("NL", "TNM"), PartyId("DE", "ABC"), is_allowed=False)
        await hub.platforms.allow(deny, by="test")
        await eventually(lambda: len(told(cpo)) == 1, within_s=30)
        assert told(cpo) == [["NL*HUB OTHER"]], "who may not be reached is not listed; the flips before were not told"


async def test_what_fails_is_noted_and_told_with_the_next_batch(settings: MakeSettings) -> None:
    async with running(settings(hub=SOON)) as hub, FakeCpo(version="2.3.0") as cpo, FakeEmsp() as emsp:
        await join(hub, cpo)
        cpo.misbehave("ocpi-3001", module="credentials", times=1)
        await join(hub, emsp)
        await eventually(lambda: cpo.peer.credentials["roles"][0]["role"] == "EMSP", within_s=30)
        assert told(cpo) == [[ABC], [ABC]]
        assert (await cpo.push_location("DE*ABC")).is_success


async def test_a_failure_is_there_for_the_admin_until_the_next_batch(settings: MakeSettings) -> None:
    async with running(settings(hub=SOON)) as hub, FakeCpo(version="2.3.0") as cpo, FakeEmsp() as emsp:
        await join(hub, cpo)
        cpo.misbehave("ocpi-3001", module="credentials")
        await join(hub, emsp)
        await eventually(lambda: len(told(cpo)) >= 2, within_s=30)
        error = await last_error(hub, platform_of(hub, cpo))
        assert error["step"] == "PUT credentials"
        assert "3001" in error["came"]


async def test_a_token_that_the_hub_is_still_writing_costs_no_traffic(
    settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The party has the new token before the hub does (OCPI 2.2.1, Credentials, Updating the credentials)."""
    is_refused, keep = asyncio.Event(), Registration._keep

    async def keep_later(*args: Any) -> None:
        await is_refused.wait()
        await keep(*args)

    async with running(settings()) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, cpo, emsp)
        monkeypatch.setattr(Registration, "_keep", keep_later)
        before = cpo.handshakes.token_in
        rotation = asyncio.create_task(hub.platforms.rotate(platform_of(hub, cpo), by="test"))
        await eventually(lambda: cpo.handshakes.token_in != before, within_s=30)
        push = asyncio.create_task(emsp.push_token("NL*TNM"))
        await eventually(lambda: any(seen.module == "tokens" for seen in cpo.seen), within_s=30)
        is_refused.set()
        assert (await push).is_success
        await rotation
        assert hub.picture.directory.platforms[platform_of(hub, cpo)].status is ConnectionStatus.CONNECTED
