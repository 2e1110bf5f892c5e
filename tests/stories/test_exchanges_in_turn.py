"""The hub exchanges credentials with a platform once at a time, whoever asks for it: two would undo each other."""

from __future__ import annotations

import asyncio

from hub.testing import FakeCpo, FakeEmsp
from tests.stories.market import MakeSettings, join, platform_of
from tests.stories.test_hub_registers import KEY, at_details, staffed


async def test_a_request_that_is_repeated_while_it_is_under_way_waits_and_undoes_nothing(
    settings: MakeSettings,
) -> None:
    """OCPI 2.2.1, Credentials: CREDENTIALS_TOKEN_A is for one registration, and each platform has one with the hub."""
    async with (
        staffed(settings(admin={"port": 0, "bootstrap_key": KEY})) as (hub, admin),
        FakeCpo() as cpo,
        FakeEmsp() as emsp,
    ):
        await join(hub, emsp)
        token = cpo.invite()
        cpo.misbehave("slow", module="versions", times=1, seconds=0.5)
        answers = await asyncio.gather(*(admin.connect(cpo, token) for _ in range(2)))
        assert sorted(status for status, _ in answers) == [201, 502]
        assert [seen.module for seen in cpo.seen[:3]] == ["versions", "versions", "credentials"]
        assert at_details(cpo.seen[1]), "the second waits until the first is done"
        assert (await cpo.push_location("DE*ABC")).is_success
        assert (await emsp.push_token("NL*TNM")).is_success


async def test_rotations_at_the_same_time_come_one_after_the_other(settings: MakeSettings) -> None:
    """An admin's, and one by schedule: the second knows the tokens that the first brought."""
    async with (
        staffed(settings(admin={"port": 0, "bootstrap_key": KEY})) as (hub, admin),
        FakeCpo() as cpo,
        FakeEmsp() as emsp,
    ):
        await join(hub, cpo, emsp)
        place = f"/platforms/{platform_of(hub, cpo)}"
        cpo.misbehave("slow", module="versions", times=1, seconds=0.5)
        answers = await asyncio.gather(*(admin.call("POST", f"{place}/rotate") for _ in range(2)))
        assert [status for status, _ in answers] == [200, 200]
        assert (await admin.call("GET", place))[1]["last_error"] is None
        assert (await emsp.push_token("NL*TNM")).is_success
        assert (await cpo.push_location("DE*ABC")).is_success
