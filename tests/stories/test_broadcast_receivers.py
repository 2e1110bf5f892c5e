"""Broadcast Push to receivers that hang, refuse, are away, or speak another version.

OCPI 2.2.1 and 2.3.0, transport and format, Broadcast Push; Offline behaviour.
"""

from __future__ import annotations

import pytest

from hub.lifecycle import Hub
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from hub.testing.roles import owned_path
from hub.testing.samples import location, tariff
from routing.journey import Outcome
from routing.ocpi import PartyId
from tests.stories.market import QUICK, MakeSettings, gathered, platform_of
from tests.stories.test_still_alive import ALERT, is_back, is_offline
from tests.stories.told import legs_out
from tests.stories.waiting import until

HUB = "NL*HUB"


CPO = PartyId("NL", "TNM")


async def arrived(hub: Hub) -> None:
    """Wait until nothing of a broadcast is under way."""
    await until(lambda: hub.router.broadcast.is_idle)


def heard(party: FakeParty, module: str = "locations") -> list[str]:
    """What a party was sent of a module: method and path."""
    return [f"{seen.method} {seen.path}" for seen in party.seen if seen.module == module]


# --- receivers that misbehave ----------------------------------------------------------------------------------------


async def test_the_sender_waits_for_nobody_and_nobody_for_a_receiver_that_hangs(settings: MakeSettings) -> None:
    cpo, emsp, silent = FakeCpo(), FakeEmsp(), FakeEmsp("FR*EMP")
    async with gathered(settings(routing={**QUICK, "party_timeout_s": 60.0}), cpo, emsp, silent) as hub:
        silent.misbehave("silent", module="locations")
        for number in range(20):
            assert (await cpo.push_location(HUB, f"LOC{number}")).is_success
        await emsp.saw(module="locations", count=20, timeout_s=60)
        assert len(heard(silent)) <= 4
        (waiting,) = hub.router.broadcast.waiting_for().items()
        assert (waiting[0].party, waiting[1]) == (silent.parties[0], 16)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("ocpi-2001", "refused"),
        ("http-404", "failed"),
        ("http-401", "token rejected"),
        ("http-429", "overloaded"),
        ("garbage", "no OCPI answer"),
        ("closed", "no OCPI answer"),
        ("offline", "no connection"),
    ],
)
async def test_what_did_not_arrive_is_told_to_the_admin_and_not_to_the_sender(
    settings: MakeSettings, fault: str, reason: str
) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with gathered(settings(routing=QUICK, liveness=ALERT), cpo, emsp) as hub:
        emsp.misbehave(fault, module=None if fault == "offline" else "locations")
        assert (await cpo.push_location(HUB)).is_success
        await arrived(hub)
        (tally,) = hub.router.broadcast.tallies.values()
        assert (tally.delivered, tally.given_up) == (0, {reason: 1})
        if fault == "offline":
            await is_offline(hub, emsp)
        emsp.behave()
        await is_back(hub, emsp)
        await cpo.push_location(HUB, "LOC2")
        await arrived(hub)
        assert [path for path in heard(emsp) if path.endswith("LOC2")] == ["PUT /NL/TNM/LOC2"]
        text = hub.metrics.rendered().decode()
        assert f'ocpi_hub_broadcast_given_up_total{{reason="{reason}"}} 1.0' in text
        assert 'ocpi_hub_broadcast_copies_total{outcome="delivered"} 1.0' in text
        assert 'ocpi_hub_broadcast_waiting{what="copies"} 0.0' in text


async def test_nothing_is_kept_for_a_party_that_is_suspended(settings: MakeSettings) -> None:
    """OCPI 2.2.1, transport and format, Offline behaviour: it pulls when it is back."""
    cpo, emsp, other = FakeCpo(), FakeEmsp(), FakeEmsp("FR*EMP")
    async with gathered(settings(), cpo, emsp, other) as hub:
        await hub.platforms.suspend(platform_of(hub, emsp), by="test")
        await cpo.push_location(HUB)
        await arrived(hub)
        await hub.platforms.resume(platform_of(hub, emsp), by="test")
        await cpo.push_location(HUB, "LOC2")
        await arrived(hub)
        assert heard(emsp) == ["PUT /NL/TNM/LOC2"]
        assert sorted(heard(other)) == ["PUT /NL/TNM/LOC1", "PUT /NL/TNM/LOC2"]


# --- versions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
async def test_each_receiver_hears_of_it_in_its_own_version(settings: MakeSettings, version: str) -> None:
    """A 2.1.1 party cannot name the hub: what it pushes is for everybody."""
    cpo = FakeCpo(version=version)
    emsps = [
        FakeEmsp(party, version=spoken)
        for party, spoken in (("DE*A21", "2.1.1"), ("DE*A22", "2.2.1"), ("DE*A23", "2.3.0"))
    ]
    async with gathered(settings(), cpo, *emsps) as hub:
        assert (await cpo.push_location(HUB)).is_success
        await arrived(hub)
        for emsp in emsps:
            (copy,) = (seen for seen in emsp.seen if seen.module == "locations")
            assert (copy.version, copy.path) == (emsp.version.number, "/NL/TNM/LOC1")
            assert ("voltage" in copy.document["evses"][0]["connectors"][0]) == (copy.version == "2.1.1")
            assert copy.sender == (HUB if emsp.version.has_routing_headers else "*")


async def test_who_cannot_be_told_is_left_out_and_the_journal_says_why(settings: MakeSettings) -> None:
    cpo, old, new = FakeCpo(), FakeEmsp("DE*OLD", version="2.1.1"), FakeEmsp("DE*NEW")
    async with gathered(settings(), cpo, old, new) as hub:
        hidden = {**location("2.2.1", CPO), "publish": False}
        sent = await cpo.send("PUT", "locations", "/NL/TNM/LOC1", to=HUB, body=hidden)
        assert sent.is_success
        await arrived(hub)
        assert (heard(old), heard(new)) == ([], ["PUT /NL/TNM/LOC1"])
        legs = await legs_out(hub, sent)
        assert [(leg.receiver, leg.outcome) for leg in legs] == [
            ("DE*NEW", Outcome.DELIVERED),
            ("DE*OLD", Outcome.FAILED),
        ]
        assert "publish" in legs[1].reason
        assert hub.router.broadcast.given_up == {"untranslatable": 1}


async def test_a_tariff_that_cannot_be_told_any_more_is_withdrawn(settings: MakeSettings) -> None:
    """No price is better than one that is not true any more."""
    cpo, old, new = FakeCpo(), FakeEmsp("DE*OLD", version="2.1.1"), FakeEmsp("DE*NEW")
    async with gathered(settings(), cpo, old, new) as hub:
        await cpo.push_tariff(HUB)
        await arrived(hub)
        made = tariff("2.2.1", CPO)
        made["elements"][0]["restrictions"] = {"max_current": 10.5}
        sent = await cpo.send("PUT", "tariffs", owned_path(CPO, "TAR1"), to=HUB, body=made)
        assert sent.is_success
        await arrived(hub)
        assert heard(old, "tariffs") == ["PUT /NL/TNM/TAR1", "DELETE /NL/TNM/TAR1"]
        assert heard(new, "tariffs") == ["PUT /NL/TNM/TAR1", "PUT /NL/TNM/TAR1"]
        assert [(leg.receiver, leg.method, leg.outcome) for leg in await legs_out(hub, sent)] == [
            ("DE*NEW", "PUT", Outcome.DELIVERED),
            ("DE*OLD", "DELETE", Outcome.DELIVERED),
            ("DE*OLD", "PUT", Outcome.FAILED),
        ]
