"""Who is connected and who may reach whom: one rule for routing, broadcast, lists and HubClientInfo alike."""

from __future__ import annotations

import itertools

import pytest

from routing.agreements import Agreement
from routing.directory import Access, Directory, Scope, by_interface, endpoints_of, newest_mutual
from routing.ocpi import ConnectionStatus, Interface, PartyId, Role
from tests.routing.scene import CPO, EMSP, HUB, OTHER_CPO, OTHER_EMSP, R, S, market, party, platform

# who deals with whom (routing reference, section 6, Visibility)
SEES = {
    Role.CPO: {Role.EMSP, Role.NSP, Role.NAP, Role.SCSP, Role.OTHER, Role.PTP},
    Role.EMSP: {Role.CPO, Role.SCSP},
    Role.NSP: {Role.CPO, Role.NAP},
    Role.NAP: {Role.CPO, Role.NSP},
    Role.OTHER: {Role.CPO},
    Role.SCSP: {Role.CPO, Role.EMSP},
    Role.PTP: {Role.CPO},
    Role.HUB: set(Role),
}


@pytest.mark.parametrize(("one", "other"), list(itertools.product(Role, Role)))
def test_roles_reach_those_they_deal_with(one: Role, other: Role) -> None:
    sender, receiver = party(PartyId("NL", "ONE"), one, "one"), party(PartyId("NL", "TWO"), other, "two")
    there = Directory.of(HUB, [platform("one", sender), platform("two", receiver)])
    assert there.may_reach(sender, receiver) is (other in SEES[one])


def test_nobody_reaches_its_own_platform() -> None:
    cpo, emsp = party(CPO, Role.CPO, "both"), party(EMSP, Role.EMSP, "both")
    there = Directory.of(HUB, [platform("both", cpo, emsp)])
    assert not there.may_reach(cpo, emsp)
    assert list(there.reachable(there.platforms["both"])) == []


def agreement(*modules: str, allows: bool, number: int = 1) -> Agreement:
    return Agreement(f"{number}", CPO, EMSP, is_allowed=allows, modules=frozenset(modules))


ALLOW, DENY = agreement(allows=True), agreement(allows=False)
ALLOW_CDRS, DENY_CDRS = agreement("cdrs", allows=True), agreement("cdrs", allows=False)


@pytest.mark.parametrize(
    ("agreements", "needs_agreement", "expected"),
    [
        # who may reach whom: at all, for cdrs, for tokens
        ([], False, (True, True, True)),
        ([], True, (False, False, False)),
        ([ALLOW], False, (True, True, True)),
        ([ALLOW], True, (True, True, True)),
        ([DENY], False, (False, False, False)),
        ([DENY], True, (False, False, False)),
        ([ALLOW_CDRS], False, (True, True, True)),
        ([ALLOW_CDRS], True, (True, True, False)),
        ([DENY_CDRS], False, (True, False, True)),
        ([ALLOW, DENY_CDRS], True, (True, False, True)),
        ([ALLOW_CDRS, DENY], True, (False, False, False)),
        ([ALLOW, DENY], False, (False, False, False)),
    ],
)
def test_an_agreement_decides_for_a_pair_in_both_directions(
    agreements: list[Agreement], needs_agreement: bool, expected: tuple[bool, bool, bool]
) -> None:
    there = market(agreements=agreements, needs_agreement=needs_agreement)
    (cpo,), (emsp,) = there.parties[CPO], there.parties[EMSP]
    for one, other in ((cpo, emsp), (emsp, cpo)):
        assert tuple(there.may_reach(one, other, module) for module in (None, "cdrs", "tokens")) == expected


def test_an_agreement_says_nothing_about_other_pairs() -> None:
    there = market(agreements=[DENY])
    (cpo,), (other_cpo,) = there.parties[CPO], there.parties[OTHER_CPO]
    (emsp,), (other_emsp,) = there.parties[EMSP], there.parties[OTHER_EMSP]
    assert there.may_reach(cpo, other_emsp)
    assert there.may_reach(other_cpo, emsp)


def test_the_policy_of_agreements_is_about_cpos_only() -> None:
    scsp = party(PartyId("SE", "SCS"), Role.SCSP, "scsp")
    there = market(platform("scsp", scsp), needs_agreement=True)
    (emsp,), (cpo,) = there.parties[EMSP], there.parties[CPO]
    assert there.may_reach(emsp, scsp)
    assert not there.may_reach(cpo, scsp)


@pytest.mark.parametrize("needs_agreement", [False, True])
@pytest.mark.parametrize("allows", [None, False, True])
def test_whoever_is_behind_a_hub_has_agreements_like_everybody(needs_agreement: bool, allows: bool | None) -> None:
    """To an eMSP it is a CPO, and to a CPO it is none: the hub does not say what it is."""
    behind = PartyId("SE", "XXX")
    pairs = [] if allows is None else [(behind, EMSP), (CPO, behind)]
    agreements = [Agreement(str(number), *pair, is_allowed=bool(allows)) for number, pair in enumerate(pairs)]
    hub = platform("hub", party(OTHER_CPO, Role.CPO, "hub"), is_hub=True)
    there = market(hub, agreements=agreements, needs_agreement=needs_agreement)
    (sender,) = there.senders(hub, behind)
    is_allowed = not needs_agreement if allows is None else allows
    for who in (EMSP, CPO):
        assert [there.may_reach(sender, row) for row in there.parties[who]] == [is_allowed]


def test_a_platform_is_told_of_everybody_it_may_reach() -> None:
    there = market()
    assert {row.id for row in there.reachable(there.platforms["cpo"])} == {EMSP, OTHER_EMSP}
    assert {row.id for row in there.reachable(there.platforms["emsp"])} == {CPO, OTHER_CPO}


def test_a_dropped_party_reaches_nobody() -> None:
    there = market(platform("cpo", party(CPO, Role.CPO, "cpo", is_suspended=True)))
    assert list(there.reachable(there.platforms["cpo"])) == []
    assert there.senders(there.platforms["cpo"], CPO) == ()


# --- drawing the picture ---------------------------------------------------------------------------------------------


def test_the_next_picture_leaves_the_old_one_as_it_was() -> None:
    before = market()
    after = before.changed([platform("new", party(PartyId("AT", "NEW"), Role.CPO, "new"))], revision=2)
    assert "new" not in before.platforms
    assert PartyId("AT", "NEW") not in before.parties
    assert after.revision == 2
    assert after.platforms["cpo"] is before.platforms["cpo"]


def test_a_changed_platform_takes_its_old_parties_and_tokens_along() -> None:
    old = platform("cpo", party(CPO, Role.CPO, "cpo"), access={b"old": Access("cpo", Scope.FULL)})
    moved = PartyId("NL", "MVD")
    new = platform("cpo", party(moved, Role.CPO, "cpo"), access={b"new": Access("cpo", Scope.FULL)})
    after = market(old).changed([new], revision=2)
    assert set(after.access) == {b"new"}
    assert CPO not in after.parties
    assert [row.platform_id for row in after.parties[moved]] == ["cpo"]


def test_a_forgotten_platform_is_gone_with_all_that_was_its_own() -> None:
    shared = platform("two-hats", party(CPO, Role.EMSP, "two-hats"), access={b"x": Access("two-hats", Scope.FULL)})
    after = market(shared).changed(forgotten=["two-hats", "never-was"], revision=2)
    assert "two-hats" not in after.platforms
    assert after.access == {}
    assert [row.role for row in after.parties[CPO]] == [Role.CPO]


def test_drawing_step_by_step_or_at_once_gives_the_same_picture() -> None:
    whole = market(agreements=[DENY])
    stepwise = Directory(HUB)
    for number, row in enumerate(whole.platforms.values()):
        stepwise = stepwise.changed([row], revision=number)
    stepwise = stepwise.changed(agreements=[DENY], revision=1)
    assert stepwise == whole


# --- platforms -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "quirks", "expected"),
    [
        ("2.1.1", {}, False),
        ("2.2.1", {}, True),
        ("2.2.1", {"encode_token": False}, False),
        ("2.1.1", {"encode_token": True}, True),
    ],
)
def test_the_form_of_the_token_is_by_quirk_or_by_version(version: str, quirks: dict[str, bool], expected: bool) -> None:
    assert platform("cpo", version=version, quirks=quirks).encodes_token is expected


def test_a_platform_that_names_no_interface_has_one_endpoint_for_both() -> None:
    urls = endpoints_of([("Locations", S, "https://cpo.example/locations")])
    old, new = platform("cpo", version="2.1.1", endpoints=urls), platform("cpo", version="2.2.1", endpoints=urls)
    assert old.endpoint("locations", R) == old.endpoint("locations", S) == "https://cpo.example/locations"
    assert new.endpoint("locations", R) is None


@pytest.mark.parametrize(
    ("status", "is_suspended", "expected"),
    [
        (ConnectionStatus.CONNECTED, False, ConnectionStatus.CONNECTED),
        (ConnectionStatus.OFFLINE, False, ConnectionStatus.OFFLINE),
        (ConnectionStatus.CONNECTED, True, ConnectionStatus.SUSPENDED),
    ],
)
def test_a_party_is_what_its_platform_is_unless_it_was_dropped(
    status: ConnectionStatus, is_suspended: bool, expected: ConnectionStatus
) -> None:
    row = party(CPO, Role.CPO, "cpo", is_suspended=is_suspended)
    assert platform("cpo", row, status=status).status_of(row) is expected


def test_no_secret_is_shown() -> None:
    shown = repr(platform("cpo", party(CPO, Role.CPO, "cpo"), access={b"fingerprint": Access("cpo", Scope.FULL)}))
    assert "token-for-cpo" not in shown
    assert "fingerprint" not in shown


@pytest.mark.parametrize(
    ("module", "interface", "expected"),
    [
        ("locations", S, {Role.CPO}),
        ("locations", R, {Role.EMSP}),
        ("tokens", S, {Role.EMSP}),
        ("payments", S, {Role.CPO, Role.EMSP}),
        ("wattsoffice", S, {Role.CPO, Role.EMSP}),
    ],
)
def test_roles_that_implement_an_interface_come_first(module: str, interface: Interface, expected: set[Role]) -> None:
    rows = [party(CPO, Role.CPO, "one"), party(CPO, Role.EMSP, "two")]
    assert {row.role for row in by_interface(rows, module, interface)} == expected


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (("2.1.1", "2.2.1", "2.3.0"), ("2.1.1", "2.2.1"), "2.2.1"),
        (("2.2.1",), ("2.1.1", "2.2.1", "2.3.0"), "2.2.1"),
        (("2.1.1", "2.2.1", "2.3.0"), ("2.0", "2.2", "2.10.0"), None),
        (("2.2", "2.1.1"), ("2.2", "2.1.1"), "2.1.1"),
        ((), ("2.2.1",), None),
    ],
)
def test_the_newest_version_of_both_sides_is_chosen(
    ours: tuple[str, ...], theirs: tuple[str, ...], expected: str | None
) -> None:
    chosen = newest_mutual(ours, theirs)
    assert (chosen.number if chosen else None) == expected
