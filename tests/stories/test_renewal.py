"""Tokens renewed by schedule: when they are due, once, and again after a failure."""

from __future__ import annotations

import time

from hub.renewal import renew_due
from hub.store import Store, registry
from hub.store.renewals import DAY_S, claim_due
from hub.testing import FakeCpo
from tests.stories.nodes import MakeSettings, join, nodes


async def made_old(store: Store, platform: str, days: float) -> None:
    """Let the tokens be so many days old."""
    async with store.write() as connection:
        await registry.note(connection, platform, renewed_at=time.time() - days * DAY_S)


async def test_tokens_are_renewed_when_they_are_due_and_only_then(store_url: str, settings: MakeSettings) -> None:
    async with nodes(settings, store_url, count=1) as one, FakeCpo() as cpo:
        hub = one.hubs[0]
        platform = await join(hub, cpo)
        before = cpo.peer.token_out
        await made_old(hub.store, platform, 400)
        assert await renew_due(hub.store, hub.platforms) == 0  # nobody wants it
        await hub.platforms.change(platform, by="ann", changes={"renew_days": 30})
        assert await renew_due(hub.store, hub.platforms) == 1
        assert cpo.peer.token_out != before
        assert await renew_due(hub.store, hub.platforms) == 0
        await made_old(hub.store, platform, -400)  # renewed in a year to come: the clock was wrong, and was set back
        assert await renew_due(hub.store, hub.platforms) == 1
        assert await renew_due(hub.store, hub.platforms) == 0


async def test_what_failed_is_tried_again_hours_later(store_url: str, settings: MakeSettings) -> None:
    async with nodes(settings, store_url, count=1) as one, FakeCpo() as cpo:
        hub = one.hubs[0]
        platform = await join(hub, cpo)
        await hub.platforms.change(platform, by="ann", changes={"renew_days": 30})
        await made_old(hub.store, platform, 31)
        cpo.misbehave("garbage")
        assert await renew_due(hub.store, hub.platforms) == 0
        async with hub.store.write() as connection:
            row = await registry.platform_row(connection, platform)
            assert row is not None
            assert row.last_error is not None
            now = time.time()
            assert await claim_due(connection, now + 5 * 3600, 60) is None
            assert await claim_due(connection, now + 7 * 3600, 60) == platform


async def test_a_platform_that_now_claims_the_role_of_another_keeps_nobody_from_new_tokens(
    store_url: str, settings: MakeSettings
) -> None:
    async with nodes(settings, store_url, count=1) as one, FakeCpo() as cpo, FakeCpo("BE*TWO") as two:
        hub = one.hubs[0]
        for number, party in enumerate((cpo, two)):
            platform = await join(hub, party)
            await hub.platforms.change(platform, by="ann", changes={"renew_days": 30})
            await made_old(hub.store, platform, 40 - number)
        before = [party.peer.token_out for party in (cpo, two)]
        cpo.parties = (*cpo.parties, *two.parties)
        assert await renew_due(hub.store, hub.platforms) == 2
        assert cpo.peer.token_out != before[0], "what was exchanged counts"
        assert two.peer.token_out != before[1]
        assert await renew_due(hub.store, hub.platforms) == 0
