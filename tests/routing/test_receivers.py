"""Who a broadcast goes to, as a table (OCPI 2.2.1 and 2.3.0, transport and format, Broadcast Push)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from routing.agreements import Agreement
from routing.directory import Directory, Platform, endpoints_of
from routing.ocpi import ConnectionStatus, PartyId, Role
from routing.receivers import receivers_of
from tests.routing.scene import CPO, EMSP, MODULES, OTHER_CPO, OTHER_EMSP, R, S, market, message, party, platform

NSP, NAP, SCSP, SOMEBODY, PTP = (PartyId("SE", id) for id in ("NSP", "NAP", "SCS", "OTH", "PTP"))


def one_of(role: Role, who: PartyId, **more: Any) -> Platform:
    return platform(role.lower(), party(who, role, role.lower()), **more)


EVERYBODY = (
    one_of(Role.NSP, NSP),
    one_of(Role.NAP, NAP),
    one_of(Role.SCSP, SCSP),
    one_of(Role.OTHER, SOMEBODY),
    one_of(Role.PTP, PTP),
)
PUSHES = {
    "locations": ("PUT", "/L1"),
    "tariffs": ("DELETE", "/T1"),
    "tokens": ("PUT", "/C1"),
}


def told(there: Directory, caller: str, module: str = "locations", sender: PartyId | None = None) -> set[str]:
    """The parties that a push of this module goes to."""
    from_ = sender or there.platforms[caller].parties[0].id
    method, key = PUSHES[module]
    path = f"/{from_.country_code}/{from_.party_id}{key}"
    push = message(there, caller, method, module, R, path, to=there.hub, document={})
    return {receiver.party.text for receiver in receivers_of(push, there)}


def names(*parties: PartyId) -> set[str]:
    return {party.text for party in parties}


@pytest.mark.parametrize(
    ("caller", "module", "expected"),
    [
        pytest.param("cpo", "locations", [EMSP, OTHER_EMSP, NSP, NAP, SCSP, SOMEBODY, PTP], id="locations of a CPO"),
        pytest.param("cpo", "tariffs", [EMSP, OTHER_EMSP, NSP, NAP, SCSP, SOMEBODY, PTP], id="tariffs of a CPO"),
        pytest.param("emsp", "tokens", [CPO, OTHER_CPO], id="tokens of an eMSP"),
        pytest.param("other", "tokens", [CPO, OTHER_CPO], id="OTHER is heard by CPOs alone"),
        pytest.param("other", "locations", [], id="OTHER has no locations for eMSPs"),
        pytest.param("nsp", "tokens", [CPO, OTHER_CPO], id="an NSP's tokens"),
        pytest.param("scsp", "tokens", [CPO, OTHER_CPO], id="an SCSP's tokens"),
        pytest.param("nap", "locations", [NSP], id="a NAP's locations reach whom a NAP deals with"),
        pytest.param("emsp", "locations", [], id="an eMSP has no locations"),
    ],
)
def test_a_push_goes_to_the_opposite_roles(caller: str, module: str, expected: Iterable[PartyId]) -> None:
    assert told(market(*EVERYBODY), caller, module) == names(*expected)


def without(module: str) -> dict[Any, str]:
    return {key: url for key, url in market().platforms["emsp"].endpoints.items() if key != (module, R)}


@pytest.mark.parametrize(
    "emsp",
    [
        pytest.param(platform("emsp", party(EMSP, Role.EMSP, "emsp"), endpoints=without("locations")), id="no module"),
        *(
            pytest.param(platform("emsp", party(EMSP, Role.EMSP, "emsp"), status=status), id=status)
            for status in ConnectionStatus
            if status is not ConnectionStatus.CONNECTED
        ),
        pytest.param(platform("emsp", party(EMSP, Role.EMSP, "emsp", is_suspended=True)), id="dropped from its roles"),
        pytest.param(
            platform("emsp", party(EMSP, Role.EMSP, "emsp"), counterpart=OTHER_CPO),
            id="the hub plays another",
        ),
    ],
)
def test_who_cannot_take_it_gets_no_copy(emsp: Platform) -> None:
    assert told(market(emsp), "cpo") == names(OTHER_EMSP)


def test_a_connection_on_which_the_hub_plays_the_sender_gets_its_copy() -> None:
    there = market(platform("emsp", party(EMSP, Role.EMSP, "emsp"), counterpart=CPO, version="2.1.1"))
    assert told(there, "cpo") == names(EMSP, OTHER_EMSP)
    assert told(there, "other-cpo") == names(OTHER_EMSP)


@pytest.mark.parametrize(
    ("agreements", "needs_agreement", "expected"),
    [
        ([Agreement("1", CPO, EMSP, is_allowed=False)], False, [OTHER_EMSP]),
        ([Agreement("1", CPO, EMSP, is_allowed=False, modules=frozenset({"locations"}))], False, [OTHER_EMSP]),
        ([Agreement("1", CPO, EMSP, is_allowed=False, modules=frozenset({"tokens"}))], False, [EMSP, OTHER_EMSP]),
        ([Agreement("1", CPO, EMSP, is_allowed=True)], True, [EMSP]),
        ([], True, []),
    ],
)
def test_agreements_hold_for_a_broadcast_too(
    agreements: list[Agreement], needs_agreement: bool, expected: list[PartyId]
) -> None:
    assert told(market(agreements=agreements, needs_agreement=needs_agreement), "cpo") == names(*expected)


def test_each_party_on_a_platform_gets_a_copy_of_its_own() -> None:
    """One copy per party: each keeps its own data set."""
    there = market(platform("emsp", party(EMSP, Role.EMSP, "emsp"), party(SOMEBODY, Role.EMSP, "emsp")))
    assert told(there, "cpo") == names(EMSP, SOMEBODY, OTHER_EMSP)


def test_both_roles_on_one_platform_are_told_apart() -> None:
    """A CPO that is an eMSP too hears of others' locations as the eMSP, and never of its own."""
    both = platform("both", party(SOMEBODY, Role.CPO, "both"), party(NSP, Role.EMSP, "both"))
    there = market(both)
    assert told(there, "cpo") == names(EMSP, OTHER_EMSP, NSP)
    assert told(there, "both", sender=SOMEBODY) == names(EMSP, OTHER_EMSP)
    assert told(there, "emsp", "tokens") == names(CPO, OTHER_CPO, SOMEBODY)


def test_one_party_in_two_roles_gets_one_copy_and_pushes_by_the_role_that_has_the_objects() -> None:
    hats = platform("hats", party(SOMEBODY, Role.CPO, "hats"), party(SOMEBODY, Role.EMSP, "hats"))
    forbidden = Agreement("1", SOMEBODY, EMSP, is_allowed=False)
    there = market(hats, agreements=[forbidden])
    assert told(there, "cpo") == names(EMSP, OTHER_EMSP, SOMEBODY)
    assert told(there, "hats") == names(OTHER_EMSP)
    assert told(there, "hats", "tokens") == names(CPO, OTHER_CPO)


def test_an_scsp_beside_an_emsp_is_not_taken_for_who_has_the_locations() -> None:
    there = market(platform("emsp", party(EMSP, Role.EMSP, "emsp"), party(SCSP, Role.SCSP, "emsp")))
    assert told(there, "cpo") == names(EMSP, OTHER_EMSP)


def test_another_hub_gets_no_broadcast_of_its_own() -> None:
    """It would broadcast again, and two hubs would never end (each party behind it is named by its own id)."""
    hub = platform("hub", party(PartyId("DE", "HUB"), Role.HUB, "hub"), is_hub=True)
    assert told(market(hub), "cpo") == names(EMSP, OTHER_EMSP)


def test_each_receiver_is_called_where_it_advertised_the_module() -> None:
    there = market()
    for module in ("locations", "tariffs"):
        push = message(there, "cpo", "PUT", module, R, "/NL/TNM/1", to=there.hub, document={})
        assert set(receivers_of(push, there).values()) == {
            f"https://{id}.example/ocpi/receiver/{module}" for id in ("emsp", "other-emsp")
        }


def test_nothing_is_sent_for_a_platform_that_has_left() -> None:
    before = market()
    push = message(before, "cpo", "PUT", "locations", R, "/NL/TNM/1", to=before.hub, document={})
    assert receivers_of(push, before)
    assert receivers_of(push, before.changed(forgotten=["cpo"], revision=2)) == {}


def test_a_new_picture_decides_anew() -> None:
    """A change of an agreement acts on the next copy."""
    before = market()
    push = message(before, "cpo", "PUT", "locations", R, "/NL/TNM/1", to=before.hub, document={})
    assert len(receivers_of(push, before)) == 2
    after = before.changed(agreements=[Agreement("1", CPO, EMSP, is_allowed=False)], revision=2)
    assert len(receivers_of(push, after)) == 1


def test_a_sender_endpoint_alone_takes_nothing() -> None:
    only = endpoints_of((module, S, f"https://emsp.example/{module}") for module in MODULES)
    assert told(market(platform("emsp", party(EMSP, Role.EMSP, "emsp"), endpoints=only)), "cpo") == names(OTHER_EMSP)
