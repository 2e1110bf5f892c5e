"""What an admin allows a platform: from which networks it may call, how often, and how much at the same time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from multidict import CIMultiDict

from hub.config import Settings
from hub.lifecycle import running
from hub.limits import FORWARDED, MAX_IN_FLIGHT, MAX_IN_FLIGHT_OF_ONE, Limits, forwarded_for
from hub.testing import FakeCpo
from hub.testing.exchange import Exchange
from routing.directory import Platform
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
        assert "127.0.0.1" in (await cpo.push_location("DE*ABC")).status_message, "which address it is that will not do"
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
            ("10.1.2.3:4711", 1000),
            ("[2001:db8::7]:443", 1000),
            ("10.1.2.3, nonsense", 2000),
            (None, 2000),
        ):
            assert await told(cpo, forwarded_for) == expected
        assert len(emsp.seen) == seen + 6


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["10.1.2.3"], "10.1.2.3"),
        (["10.1.2.3, 10.2.0.1"], "10.2.0.1"),
        (["10.1.2.3", "10.2.0.1"], "10.2.0.1"),
        (["10.1.2.3", "10.2.0.1, 10.9.0.1"], "10.2.0.1"),
        ([], "10.9.0.1"),
    ],
)
def test_lines_of_one_header_are_one_list(lines: list[str], expected: str) -> None:
    """A proxy may add a line below what the caller says of itself (RFC 9110, 5.3); HAProxy does."""
    headers = CIMultiDict([(FORWARDED, line) for line in lines])
    address = Limits(["10.9.0.0/16"]).address_of("10.9.0.1", forwarded_for(headers))
    assert str(address) == expected


@pytest.mark.parametrize(
    ("network", "has_it"),
    [
        ("::ffff:0:0/96", True),
        ("::ffff:10.1.2.3/128", True),
        ("::ffff:10.1.2.4/128", False),
        ("::/0", False),
        ("2001:db8::10.1.2.3/128", False),
        ("0.0.0.0/0", True),
    ],
)
def test_a_network_of_ipv6_has_an_address_of_ipv4_only_where_it_is_mapped(network: str, has_it: bool) -> None:
    """RFC 4291, 2.5.5.2: ::ffff:0:0/96 are the addresses of IPv4."""
    assert Limits([network]).is_trusted("10.1.2.3") is has_it


@pytest.mark.parametrize("network", ["::ffff:10.1.0.0/112", "10.1.0.0/16"])
async def test_a_network_may_be_written_as_ipv6_has_it(settings: MakeSettings, network: str) -> None:
    """RFC 4291, 2.5.5.2: IPv4-mapped IPv6 addresses."""
    address = Limits([network]).address_of("::ffff:10.1.2.3", "10.2.0.1")
    assert str(address) == "10.2.0.1", "it is trusted"
    async with market(trusting(settings(server={"port": 0}), "127.0.0.0/8")) as (hub, cpo, _):
        await hub.platforms.change(platform_of(hub, cpo), by="ann", changes={"allowed_networks": [network]})
        assert await told(cpo, "10.1.2.3") == 1000
        assert await told(cpo, "10.2.2.3") == 2000


async def test_who_calls_too_often_is_told_when_to_come_back(settings: MakeSettings) -> None:
    """RFC 6585, 4: 429 with Retry-After, after as many at once as the admin allows."""
    async with market(settings()) as (hub, cpo, emsp):
        for per_s, burst, wait_s in ((0.001, 3, "1000"), (0.3, 1, "4")):
            changes = {"rate_limit": {"requests_per_s": per_s, "burst": burst}}
            await hub.platforms.change(platform_of(hub, cpo), by="ann", changes=changes)
            assert [await told(cpo, None) for _ in range(burst)] == [1000] * burst
            refused = await cpo.push_location("DE*ABC")
            assert (refused.http, refused.status_code, refused.headers["Retry-After"]) == (429, 2000, wait_s)
        assert (await emsp.push_token("NL*TNM")).status_code == 1000, "the others call as often as they like"


async def test_what_some_platforms_have_under_way_leaves_room_for_the_others(settings: MakeSettings) -> None:
    async with market(settings()) as (hub, cpo, _):
        one = hub.picture.directory.platforms[platform_of(hub, cpo)]
    limits = Limits([])
    had = [as_many_as_may_be(limits, replace(one, id=str(number))) for number in range(10)]
    assert had[0] == MAX_IN_FLIGHT_OF_ONE
    assert had == sorted(had, reverse=True)
    assert had[-1] > 0
    with pytest.raises(RateLimited) as refused:
        limits.enter(replace(one, id="0"))
    assert int((refused.value.headers or {})["Retry-After"]) >= 1
    assert limits.in_flight == sum(had) <= MAX_IN_FLIGHT
    for _ in range(had[0]):
        limits.leave(replace(one, id="0"))
    had[0], had[1] = 0, had[1] + as_many_as_may_be(limits, replace(one, id="1"))
    assert had[1] > had[2]
    for number, count in enumerate(had):
        for _ in range(count):
            limits.leave(replace(one, id=str(number)))
    assert limits.in_flight == 0
    assert as_many_as_may_be(limits, replace(one, id="0")) == MAX_IN_FLIGHT_OF_ONE, "all is as it was"


def as_many_as_may_be(limits: Limits, platform: Platform) -> int:
    """How many requests this platform may add."""
    count = 0
    while limits.has_room_for(platform):
        limits.enter(platform)
        count += 1
    return count
