"""Who a message is for and from, in the rows that no other story has: two hubs, OTHER and NSP, configuration modules.

OCPI 2.2.1 and 2.3.0, transport and format, Overview of required/optional routing headers; routing reference, 4.1.
"""

from __future__ import annotations

from typing import Final

import pytest

from hub.testing import Exchange, FakeCpo, FakeEmsp, FakeParty, Seen, Served
from routing.ocpi import Interface, Role
from tests.stories.market import MakeSettings, gathered
from tests.stories.test_client_info import ABC, hears
from tests.stories.waiting import until

HUB: Final = "NL*HUB"
FAR: Final = "FR*FAR"
BOTH: Final = [("locations", Interface.SENDER), ("locations", Interface.RECEIVER)]


class OtherHub(FakeParty):
    """A hub with a CPO behind it. What it gets for that, it passes on where it is told to."""

    def __init__(self, party: str, *behind: str) -> None:
        super().__init__(party, role=Role.HUB, also=dict.fromkeys(behind, Role.CPO), extra=BOTH)
        self.next: FakeParty | None = None
        self.keeps_correlation_id = True

    async def respond(self, seen: Seen) -> Served:
        """Pass it on as it is, and its answer back."""
        if self.next is None or seen.module != "locations":
            return await super().respond(seen)
        headers = {"X-Correlation-ID": seen.headers["X-Correlation-ID"]} if self.keeps_correlation_id else {}
        told = await pass_on(self.next, seen, headers)
        return Served(told.http, told.status_code or 0, message=told.status_message)


async def pass_on(by: FakeParty, seen: Seen, headers: dict[str, str]) -> Exchange:
    """The same request, from and to the same parties."""
    return await by.send(
        seen.method,
        seen.module,
        seen.path,
        to=seen.receiver,
        from_=seen.sender,
        interface=seen.interface.lower(),
        query=seen.query,
        headers=headers,
    )


def asked(party: FakeParty) -> list[Seen]:
    return [seen for seen in party.seen if seen.module == "locations"]


# --- two hubs --------------------------------------------------------------------------------------------------------


async def test_two_hubs_leave_the_parties_on_every_leg_as_they_are(settings: MakeSettings) -> None:
    other, emsp = OtherHub("FR*HUB", FAR), FakeEmsp()
    async with gathered(settings(), other, emsp):
        there = await emsp.send("GET", "locations", "/LOC1", to=FAR, interface="sender")
        (seen,) = asked(other)
        assert (seen.sender, seen.receiver) == ("DE*ABC", FAR)
        assert (there.party("from"), there.party("to")) == (FAR, "DE*ABC")
        for far in (FAR, "FR*XYZ"):  # it need not say in advance who is behind it and sends
            back = await other.send("GET", "locations", "/FR/FAR/LOC1", to="DE*ABC", from_=far)
            assert (asked(emsp)[-1].sender, asked(emsp)[-1].receiver) == (far, "DE*ABC")
            assert (back.party("from"), back.party("to")) == ("DE*ABC", far)


@pytest.mark.parametrize(("keeps", "code"), [(False, 4001), (True, 4000)])
async def test_a_request_that_another_hub_sends_back_is_refused(settings: MakeSettings, keeps: bool, code: int) -> None:
    """Routing reference, A-32: nothing goes to the connection that it came from, whether or not it is known again."""
    other, emsp = OtherHub("FR*HUB", FAR), FakeEmsp()
    async with gathered(settings(), other, emsp):
        other.next, other.keeps_correlation_id = other, keeps
        sent = await emsp.send("GET", "locations", "/LOC1", to=FAR, interface="sender")
        assert (sent.http, sent.status_code) == (200, code)
        assert len(asked(other)) == 1


async def test_a_loop_over_several_hubs_is_refused_and_a_retry_is_not(settings: MakeSettings) -> None:
    """Routing reference, A-32: the same request while the first is still under way is going round."""
    other, third, emsp = OtherHub("FR*HUB", FAR), OtherHub("BE*HUB", "BE*FAR"), FakeEmsp()
    async with gathered(settings(), other, third, emsp):
        other.next = third
        same = {"X-Correlation-ID": "round-and-round"}
        for times in (1, 2):
            sent = await emsp.send("GET", "locations", "/LOC1", to=FAR, interface="sender", headers=same)
            assert (sent.http, sent.status_code) == (200, 4000)
            assert len(asked(other)) == times
        other.next = None
        again = await emsp.send("GET", "locations", "/LOC1", to=FAR, interface="sender", headers=same)
        assert again.party("from") == FAR
        assert len(asked(other)) == 3


async def test_a_platform_that_says_it_is_a_hub_speaks_for_nobody_who_is_there_by_himself(
    settings: MakeSettings,
) -> None:
    """Whoever is invited may say in its credentials that it is a hub; that opens nobody else's name, nor the hub's."""
    cpo, emsp = FakeCpo(), FakeEmsp()
    sly = FakeParty("BE*SLY", role=Role.CPO, also={"BE*HUB": Role.HUB}, extra=BOTH)
    async with gathered(settings(), cpo, emsp, sly) as hub:
        await cpo.push_location(HUB, "LOC1")
        await until(lambda: hub.router.broadcast.is_idle)
        before = len(asked(emsp))
        for to in ("DE*ABC", HUB, None):
            for from_, path in (("NL*TNM", "/NL/TNM/LOC1"), (HUB, "/NL/TNM/LOC1"), ("SE*XXX", "/NL/TNM/LOC1")):
                body = {"country_code": "NL", "party_id": "TNM", "id": "LOC1", "name": "nowhere"}
                told = await sly.send("PUT", "locations", path, to=to, from_=from_, body=body)
                assert (told.http, told.status_code) in ((200, 4001), (404, 2001)), (to, from_)
        assert len(asked(emsp)) == before
        shown = await emsp.send("GET", "locations", to=HUB, interface="sender")
        assert "nowhere" not in shown.body.decode()


# --- roles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.NSP, Role.OTHER])
async def test_an_nsp_and_an_other_ask_cpos_in_every_scenario_and_emsps_in_none(
    settings: MakeSettings, role: Role
) -> None:
    cpo, rival, emsp = FakeCpo(), FakeCpo("BE*BEC"), FakeEmsp()
    party = FakeParty("SE*XXX", role=role, extra=BOTH)
    async with gathered(settings(), cpo, rival, emsp, party) as hub:
        await rival.push_location(HUB, "AT-BEC")
        await until(lambda: hub.router.broadcast.is_idle)
        (copy,) = asked(party)
        assert (copy.sender, copy.receiver, copy.path) == (HUB, "SE*XXX", "/BE/BEC/AT-BEC")
        for to, path, answers in (
            ("NL*TNM", "/LOC1", "NL*TNM"),  # direct
            (None, "/AT-BEC", "BE*BEC"),  # open
            (HUB, "", HUB),  # GET All
        ):
            sent = await party.send("GET", "locations", path, to=to, interface="sender")
            assert sent.is_success, (to, sent.envelope)
            assert (sent.party("from"), sent.party("to")) == (answers, "SE*XXX")
        (direct,), (found,) = asked(cpo), asked(rival)
        assert (direct.sender, direct.receiver) == ("SE*XXX", "NL*TNM")
        assert (found.sender, found.receiver) == ("SE*XXX", "BE*BEC")
        refused = await party.send("GET", "locations", "/SE/XXX/1", to="DE*ABC")
        assert (refused.status_code, refused.party("from")) == (4001, HUB)
        assert asked(emsp)[1:] == []


async def test_2_1_1_has_no_routing_headers_neither_there_nor_back(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp(version="2.1.1")
    async with gathered(settings(), cpo, emsp):
        page = await emsp.send("GET", "locations", interface="sender")
        ordered = await emsp.start_session(None)
        assert await ordered.result(20) == {"result": "ACCEPTED"}
        refused = await emsp.send("PUT", "tokens", "/FR/XXX/1", body={"uid": "1"})
        assert (page.status_code, ordered.exchange.status_code, refused.http) == (1000, 1000, 404)
        assert (await cpo.push_session("DE*ABC", emsp.parties[0])).party("from") == "DE*ABC"
        for headers in [there.headers for there in emsp.seen] + [
            back.headers for back in (page, ordered.exchange, refused)
        ]:
            assert not [name for name in headers if name.lower().startswith("ocpi-")]


# --- configuration modules -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_configuration_modules_name_nobody(settings: MakeSettings, version: str) -> None:
    """Versions, credentials and HubClientInfo are between two platforms, whatever headers somebody sends with them."""
    cpo, emsp = FakeCpo(version=version), FakeEmsp(version=version)
    async with gathered(settings(), cpo, emsp):
        await hears(cpo, ABC, "CONNECTED")
        configuration = [seen for seen in cpo.seen if seen.module in ("versions", "credentials", "hubclientinfo")]
        assert {seen.module for seen in configuration} >= {"versions", "hubclientinfo"}
        assert {(seen.sender, seen.receiver) for seen in configuration} == {("*", "*")}
        addressed = {"OCPI-to-country-code": "XX", "OCPI-to-party-id": "XXX", "OCPI-from-party-id": "YYY"}
        for module in ("credentials", "hubclientinfo"):
            told = await cpo.send("GET", module, interface="sender", headers=addressed)
            assert told.is_success
            assert not [name for name in told.headers if name.lower().startswith("ocpi-")]
