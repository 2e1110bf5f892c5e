"""Who is told of whom, and how connected they are in the eyes of each viewer (routing reference, section 6)."""

from __future__ import annotations

import itertools

import pytest

from routing.agreements import Agreement
from routing.client_info import Shown, address_of, can_ask, listens, role_for, view
from routing.directory import Directory, endpoints_of
from routing.ocpi import ConnectionStatus, Interface, PartyId, Role
from tests.routing.scene import CPO, EMSP, HUB, OTHER_EMSP, market, party, platform
from tests.routing.test_directory import SEES

ONE, TWO = PartyId("NL", "ONE"), PartyId("NL", "TWO")
PLANNED, CONNECTED = ConnectionStatus.PLANNED, ConnectionStatus.CONNECTED
ALLOW, DENY = Agreement("1", CPO, EMSP, is_allowed=True), Agreement("2", CPO, EMSP, is_allowed=False)
DENY_CDRS = Agreement("3", CPO, EMSP, is_allowed=False, modules=frozenset({"cdrs"}))
HCI_URL = endpoints_of([("hubclientinfo", Interface.RECEIVER, "https://one.example/hci")])


def pair(mine: Role, theirs: Role, version: str = "2.2.1", status: ConnectionStatus = CONNECTED) -> Directory:
    """A viewer `one` of a role, and a party on platform `two`."""
    return Directory.of(
        HUB,
        [
            platform("one", party(ONE, mine, "one"), version=version),
            platform("two", party(TWO, theirs, "two"), status=status),
        ],
    )


def seen(directory: Directory, viewer: str) -> dict[tuple[PartyId, Role], ConnectionStatus]:
    return {place: shown.status for place, shown in view(directory, directory.platforms[viewer]).items()}


@pytest.mark.parametrize(("mine", "theirs"), list(itertools.product(Role, Role)))
def test_a_role_is_told_of_the_roles_it_deals_with(mine: Role, theirs: Role) -> None:
    word = Role.OTHER if theirs is Role.PTP else theirs
    expected = {(TWO, word): CONNECTED} if theirs in SEES[mine] else {}
    assert seen(pair(mine, theirs), "one") == expected


@pytest.mark.parametrize("status", list(ConnectionStatus))
def test_each_status_is_told_as_it_is(status: ConnectionStatus) -> None:
    assert seen(pair(Role.CPO, Role.EMSP, status=status), "one") == {(TWO, Role.EMSP): status}


@pytest.mark.parametrize("status", list(ConnectionStatus))
@pytest.mark.parametrize(
    ("agreements", "needs_agreement", "expected"),
    [
        ((), False, "its own"),
        ((), True, "planned"),
        ((ALLOW,), True, "its own"),
        ((ALLOW,), False, "its own"),
        ((DENY,), False, "nothing"),
        ((DENY,), True, "nothing"),
        ((ALLOW, DENY), True, "nothing"),
        ((DENY_CDRS,), False, "its own"),
        ((DENY_CDRS,), True, "planned"),
        ((ALLOW, DENY_CDRS), True, "its own"),
    ],
)
def test_the_status_is_per_viewer(
    status: ConnectionStatus, agreements: tuple[Agreement, ...], needs_agreement: bool, expected: str
) -> None:
    """PLANNED may be sent where two parties have no configured relation; who is suspended is not planned any more."""
    there = market(
        platform("emsp", party(EMSP, Role.EMSP, "emsp"), status=status),
        agreements=agreements,
        needs_agreement=needs_agreement,
    )
    match expected:
        case "its own":
            wanted: ConnectionStatus | None = status
        case "planned":
            wanted = None if status is ConnectionStatus.SUSPENDED else PLANNED
        case _:
            wanted = None
    assert seen(there, "cpo").get((EMSP, Role.EMSP)) is wanted
    (cpo,), (emsp,) = there.parties[CPO], there.parties[EMSP]
    assert there.may_reach(cpo, emsp) is (expected == "its own"), "the same rule as in routing"


def test_a_dropped_party_is_suspended_and_sees_nobody() -> None:
    there = market(platform("emsp", party(EMSP, Role.EMSP, "emsp", is_suspended=True)))
    assert seen(there, "cpo")[EMSP, Role.EMSP] is ConnectionStatus.SUSPENDED
    assert seen(there, "emsp") == {}


def test_nobody_is_told_of_its_own_parties() -> None:
    there = Directory.of(HUB, [platform("both", party(CPO, Role.CPO, "both"), party(EMSP, Role.EMSP, "both"))])
    assert seen(there, "both") == {}


def test_a_party_with_two_roles_is_told_twice() -> None:
    nsp = party(EMSP, Role.NSP, "emsp")
    there = market(platform("emsp", party(EMSP, Role.EMSP, "emsp"), nsp))
    assert {place for place in seen(there, "cpo") if place[0] == EMSP} == {(EMSP, Role.EMSP), (EMSP, Role.NSP)}


@pytest.mark.parametrize(("version", "is_told"), [("2.2.1", True), ("2.3.0", False)])
def test_hub_is_a_role_of_2_2_1_alone(version: str, is_told: bool) -> None:
    there = pair(Role.HUB, Role.HUB, version)
    assert seen(there, "one") == ({(TWO, Role.HUB): CONNECTED} if is_told else {})


def test_ptp_is_a_word_of_those_who_speak_payments() -> None:
    pays = platform("one", endpoints=endpoints_of([("payments", Interface.RECEIVER, "https://one.example/p")]))
    assert role_for(pays, Role.PTP) is Role.PTP
    assert role_for(platform("two"), Role.PTP) is Role.OTHER
    assert role_for(platform("two"), Role.CPO) is Role.CPO


def test_of_two_platforms_with_one_party_the_better_connected_counts() -> None:
    """One that the hub plays a partner on is there for that partner alone; there, it comes before another."""
    there = market(
        platform("emsp", party(EMSP, Role.EMSP, "emsp"), status=ConnectionStatus.OFFLINE),
        platform("old", party(EMSP, Role.EMSP, "old"), version="2.1.1", counterpart=CPO),
    )
    assert view(there, there.platforms["cpo"])[EMSP, Role.EMSP] == Shown(CONNECTED, "old", EMSP)
    assert view(there, there.platforms["other-cpo"])[EMSP, Role.EMSP].status is ConnectionStatus.OFFLINE
    assert view(there, there.platforms["old"]) == {}, "2.1.1 has no HubClientInfo"


def test_who_has_one_counterpart_is_told_of_no_other() -> None:
    there = market(platform("cpo", party(CPO, Role.CPO, "cpo"), counterpart=EMSP))
    assert seen(there, "cpo") == {(EMSP, Role.EMSP): CONNECTED}
    assert (OTHER_EMSP, Role.EMSP) in seen(there, "other-cpo")


def test_only_some_may_be_asked_for() -> None:
    there = market()
    assert set(view(there, there.platforms["cpo"], [OTHER_EMSP])) == {(OTHER_EMSP, Role.EMSP)}


@pytest.mark.parametrize(
    ("version", "status", "expected"),
    [("2.2.1", CONNECTED, True), ("2.3.0", CONNECTED, True), ("2.2.1", PLANNED, False), ("2.1.1", CONNECTED, False)],
)
def test_changes_are_pushed_to_connected_platforms_that_take_them(
    version: str, status: ConnectionStatus, expected: bool
) -> None:
    viewer = platform("one", version=version, status=status, endpoints=HCI_URL)
    assert listens(viewer) is expected
    assert not listens(platform("one", version=version, status=status)), "it advertises no such endpoint"
    assert (address_of(viewer) is not None) is can_ask(viewer) is (version != "2.1.1")
