"""What an admin allows a platform: from which networks it may call, how often, and how much at the same time."""

from __future__ import annotations

import pytest

from hub.config import Settings
from hub.lifecycle import running
from hub.limits import MAX_IN_FLIGHT, MAX_IN_FLIGHT_OF_ONE, Limits
from hub.testing import FakeCpo
from hub.testing.exchange import Exchange
from routing.errors import RateLimited
from tests.stories.market import MakeSettings, market, platform_of


def trusting(settings: Settings, *proxies: str) -> Settings:
    """The same hub behind these proxies."""
    return settings.model_copy(update={"server": settings.server.model_copy(update={"trusted_proxies": proxies})})


async def told(cpo: FakeCpo, forwarded_for: str | None) -> int | None:
    """A push that a proxy says came from there: what the hub answers."""
    headers = {"X-Forwarded-For": forwarded_for}
    body = {"id": "S1", "country_code": "NL", "party_id": "TNM"}
    sent: Exchange = await cpo.send("PUT", "sessions", "/NL/TNM/S1", to="DE*ABC", body=body, headers=headers)
    assert (sent.http == 403) is (sent.status_code == 2000)
    return sent.status_code


async def test_a_platform_calls_from_its_networks_and_from_nowhere_else(settings: MakeSettings) -> None:
    """Behind a proxy too; what the proxy did not add itself is only what the caller says."""
    direct = settings(server={"port": 0})
    async with market(direct) as (hub, cpo, emsp):
        direct = hub.settings
        for networks, expected in ((["127.0.0.0/8"], 1000), (["10.1.0.0/16", "2001:db8::/32"], 2000)):
            changes = {"allowed_networks": networks}
            await hub.platforms.change(platform_of(hub, cpo), by="ann", changes=changes)
            assert await told(cpo, None) == expected
            assert await told(cpo, "10.1.2.3") == expected, "nobody is trusted"
        assert (await emsp.push_token("NL*TNM")).status_code == 1000, "the others call from where they like"
    async with running(trusting(direct, "127.0.0.0/8", "10.9.0.0/16")), cpo, emsp:
        seen = len(emsp.seen)
        for forwarded_for, expected in (
            ("10.1.2.3", 1000),
            ("10.1.2.3, 10.9.0.1", 1000),
            ("2001:db8::7", 1000),
            ("::ffff:10.1.2.3", 1000),
            ("10.2.0.1", 2000),
            ("10.1.2.3, 10.2.0.1", 2000),
            ("10.1.2.3, nonsense", 2000),
            (None, 2000),
        ):
            assert await told(cpo, forwarded_for) == expected, forwarded_for
        assert len(emsp.seen) == seen + 4


async def test_what_one_platform_may_have_under_way_leaves_room_for_the_others(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, emsp):
        one, other = (hub.picture.directory.platforms[platform_of(hub, party)] for party in (cpo, emsp))
    limits = Limits([])
    for _ in range(MAX_IN_FLIGHT_OF_ONE):
        limits.enter(one)
    with pytest.raises(RateLimited) as refused:
        limits.enter(one)
    assert int((refused.value.headers or {})["Retry-After"]) >= 1
    for _ in range(MAX_IN_FLIGHT - MAX_IN_FLIGHT_OF_ONE):
        limits.enter(other)
    with pytest.raises(RateLimited):
        limits.enter(other)
    limits.leave(one)
    limits.enter(one)
    assert limits.in_flight == MAX_IN_FLIGHT
