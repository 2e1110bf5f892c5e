"""Where a message goes: tables over a small market, no clock, no socket, no store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.agreements import Agreement
from routing.decide import ByContent, Decision, FromEach, FromMemory, ToEverybody, decide, sender_of, target_url
from routing.directory import Directory, endpoints_of
from routing.errors import (
    ForeignSender,
    InvalidMessage,
    ModuleNotImplemented,
    OcpiError,
    ReceiverNotConnected,
    UnknownReceiver,
)
from routing.ocpi import ConnectionStatus, Interface, PartyId, Role
from tests.routing.scene import CPO, EMSP, OTHER_CPO, OTHER_EMSP, R, S, market, message, party, platform

NOBODY = PartyId("XX", "XXX")


@pytest.mark.parametrize(
    ("caller", "method", "module", "interface", "path", "to", "expected"),
    [
        ("cpo", "PUT", "locations", R, "/NL/TNM/LOC1", EMSP, "https://emsp.example/ocpi/receiver/locations"),
        ("cpo", "PUT", "locations", R, "/nl/tnm/LOC1", EMSP, "https://emsp.example/ocpi/receiver/locations"),
        ("cpo", "PUT", "sessions", R, "/NL/TNM/S1", OTHER_EMSP, "https://other-emsp.example/ocpi/receiver/sessions"),
        ("cpo", "POST", "cdrs", R, "", EMSP, "https://emsp.example/ocpi/receiver/cdrs"),
        ("cpo", "POST", "tokens", S, "/T1/authorize", EMSP, "https://emsp.example/ocpi/sender/tokens"),
        ("emsp", "GET", "locations", S, "", CPO, "https://cpo.example/ocpi/sender/locations"),
        ("emsp", "GET", "locations", S, "/LOC1/E1", OTHER_CPO, "https://other-cpo.example/ocpi/sender/locations"),
        ("emsp", "PUT", "tokens", R, "/DE/MSP/T1", CPO, "https://cpo.example/ocpi/receiver/tokens"),
        ("emsp", "POST", "commands", R, "/START_SESSION", CPO, "https://cpo.example/ocpi/receiver/commands"),
        ("emsp", "PUT", "sessions", S, "/S1/charging_preferences", CPO, "https://cpo.example/ocpi/sender/sessions"),
        ("emsp", "PUT", "chargingprofiles", R, "/S1", CPO, "https://cpo.example/ocpi/receiver/chargingprofiles"),
        ("cpo", "PUT", "chargingprofiles", S, "/S1", EMSP, "https://emsp.example/ocpi/sender/chargingprofiles"),
    ],
)
def test_a_message_goes_to_the_endpoint_that_its_receiver_advertised(
    caller: str, method: str, module: str, interface: Interface, path: str, to: PartyId, expected: str
) -> None:
    delivery = decide(message(market(), caller, method, module, interface, path, to=to), market())
    assert delivery.endpoint == expected
    assert delivery.receiver == to


def test_a_receiver_is_found_in_any_case_and_named_as_it_was_registered() -> None:
    delivery = decide(message(market(), "emsp", "GET", "locations", S, to=PartyId("nl", "tnm")), market())
    assert str(delivery.receiver) == "NL*TNM"


def test_a_custom_module_goes_where_it_was_advertised() -> None:
    urls = endpoints_of([("wattsOffice", R, "https://cpo.example/watts")])
    there = market(platform("cpo", party(CPO, Role.CPO, "cpo"), endpoints=urls))
    assert decide(message(there, "emsp", "PATCH", "WATTSOFFICE", R, "/x/y", to=CPO), there).endpoint == (
        "https://cpo.example/watts"
    )


def test_a_module_that_the_receivers_version_has_not_is_for_the_bridge_to_answer() -> None:
    """OCPI 2.1.1 has no charging profiles: NOT_SUPPORTED instead of an error (OCPI version translation, section 12)."""
    old = platform("cpo", party(CPO, Role.CPO, "cpo"), version="2.1.1", endpoints={})
    there = market(old)
    assert decide(message(there, "emsp", "PUT", "chargingprofiles", R, "/S1", to=CPO), there).endpoint == ""
    with pytest.raises(ModuleNotImplemented):
        decide(message(there, "emsp", "POST", "commands", R, "/STOP_SESSION", to=CPO), there)
    with pytest.raises(ModuleNotImplemented):
        decide(message(there, "emsp", "PUT", "wattsOffice", R, "/x", to=CPO), there)


TWO_HATS = platform("two-hats", party(CPO, Role.EMSP, "two-hats"))


@pytest.mark.parametrize(("interface", "expected"), [(S, "cpo"), (R, "two-hats")])
def test_one_id_in_two_roles_is_told_apart_by_the_interface(interface: Interface, expected: str) -> None:
    """OCPI-to names no role: NL*TNM is CPO on one platform and eMSP on another (an SCSP may reach both)."""
    scsp = platform("scsp", party(PartyId("SE", "SCS"), Role.SCSP, "scsp"))
    there = market(TWO_HATS, scsp)
    assert decide(message(there, "scsp", "GET", "cdrs", interface, to=CPO), there).platform.id == expected


def _with(status: ConnectionStatus) -> Directory:
    return market(platform("cpo", party(CPO, Role.CPO, "cpo"), status=status))


def _dropped() -> Directory:
    return market(platform("cpo", party(CPO, Role.CPO, "cpo", is_suspended=True)))


def _without_commands() -> Directory:
    endpoints = {key: url for key, url in market().platforms["cpo"].endpoints.items() if key[0] != "commands"}
    return market(platform("cpo", party(CPO, Role.CPO, "cpo"), endpoints=endpoints))


@pytest.mark.parametrize(
    ("picture", "to", "error"),
    [
        pytest.param(market(), NOBODY, UnknownReceiver, id="nobody"),
        pytest.param(market(), OTHER_EMSP, UnknownReceiver, id="an eMSP deals with no eMSP"),
        pytest.param(market(), EMSP, UnknownReceiver, id="oneself"),
        pytest.param(
            market(agreements=[Agreement("1", CPO, EMSP, is_allowed=False)]), CPO, UnknownReceiver, id="forbidden"
        ),
        pytest.param(market(needs_agreement=True), CPO, UnknownReceiver, id="not agreed"),
        pytest.param(_with(ConnectionStatus.PLANNED), CPO, ReceiverNotConnected, id="planned"),
        pytest.param(_with(ConnectionStatus.OFFLINE), CPO, ReceiverNotConnected, id="offline"),
        pytest.param(_with(ConnectionStatus.SUSPENDED), CPO, ReceiverNotConnected, id="suspended"),
        pytest.param(_dropped(), CPO, ReceiverNotConnected, id="dropped from its platform's roles"),
        pytest.param(_without_commands(), CPO, ModuleNotImplemented, id="module not implemented"),
    ],
)
def test_what_cannot_be_delivered_says_why(picture: Directory, to: PartyId | None, error: type[OcpiError]) -> None:
    with pytest.raises(error):
        decide(message(picture, "emsp", "POST", "commands", R, "/STOP_SESSION", to=to), picture)


def test_an_unknown_receiver_and_one_out_of_reach_are_told_apart_by_nobody() -> None:
    there = market()
    said = []
    for to in (NOBODY, OTHER_EMSP):
        with pytest.raises(UnknownReceiver) as refused:
            decide(message(there, "emsp", "GET", "locations", S, to=to), there)
        said.append(refused.value.message.replace(str(to), "?"))
    assert said[0] == said[1]


def test_what_was_decided_for_one_is_no_answer_for_another() -> None:
    """On one picture, as requests come: each is answered as if it were the first (agreements are between parties)."""
    second = PartyId("NL", "TWO")
    cpos = platform("cpo", party(CPO, Role.CPO, "cpo"), party(second, Role.CPO, "cpo"))
    emsps = platform("emsp", party(EMSP, Role.EMSP, "emsp"), party(OTHER_EMSP, Role.EMSP, "emsp"))
    agreed = [
        Agreement("1", second, EMSP, is_allowed=False),
        Agreement("2", CPO, EMSP, is_allowed=False, modules=frozenset({"cdrs"})),
    ]

    def picture() -> Directory:
        return market(cpos, emsps, agreements=agreed)

    def said(there: Directory, sender: PartyId, module: str, side: Interface, to: PartyId, caller: str) -> str | None:
        asked = replace(message(there, caller, "POST", module, side, to=to), sender=sender)
        try:
            return decide(asked, there).endpoint
        except UnknownReceiver:
            return None

    questions = [
        (sender, module, side, to, caller)
        for sender, caller in ((CPO, "cpo"), (second, "cpo"), (CPO, "other-cpo"))
        for module in ("cdrs", "sessions")
        for side in Interface
        for to in (EMSP, OTHER_EMSP)
    ]
    alone = [said(picture(), *question) for question in questions]
    assert None in alone
    for order in (questions, questions[::-1]):
        there = picture()
        assert {question: said(there, *question) for question in order} == dict(zip(questions, alone, strict=True))


def test_without_a_receiver_the_content_decides() -> None:
    """OCPI 2.2.1, transport and format, Open Routing Request."""
    there = market()
    assert decide(message(there, "emsp", "POST", "commands", R, "/STOP_SESSION"), there) == ByContent()


@pytest.mark.parametrize(
    ("caller", "method", "module", "interface", "path", "expected"),
    [
        ("cpo", "PUT", "locations", R, "/NL/TNM/LOC1", ToEverybody()),
        ("cpo", "PATCH", "locations", R, "/NL/TNM/LOC1/E1", ToEverybody()),
        ("cpo", "DELETE", "tariffs", R, "/NL/TNM/T1", ToEverybody()),
        ("emsp", "PUT", "tokens", R, "/DE/MSP/T1", ToEverybody()),
        ("emsp", "GET", "locations", S, "", FromMemory()),
        ("cpo", "GET", "locations", R, "/NL/TNM/LOC1", FromMemory()),
        ("emsp", "GET", "locations", S, "/LOC1", FromMemory()),
        ("emsp", "GET", "cdrs", S, "", FromEach()),
        ("emsp", "GET", "watts", S, "", ByContent()),
        ("cpo", "GET", "payments", S, "/terminals/T1", ByContent()),
    ],
)
def test_what_is_for_the_hub_is_for_everybody_or_asked_of_its_memory(
    caller: str, method: str, module: str, interface: Interface, path: str, expected: Decision
) -> None:
    """OCPI 2.2.1, transport and format, Broadcast Push and GET All via Hubs."""
    there = market()
    assert decide(message(there, caller, method, module, interface, path, to=there.hub), there) == expected


@pytest.mark.parametrize(
    ("method", "module", "path"), [("PUT", "sessions", "/NL/TNM/S1"), ("POST", "cdrs", ""), ("POST", "watts", "/x")]
)
def test_what_is_not_for_everybody_is_not_broadcast(method: str, module: str, path: str) -> None:
    there = market()
    with pytest.raises(InvalidMessage, match="broadcast"):
        decide(message(there, "cpo", method, module, R, path, to=there.hub), there)


# --- who sends -------------------------------------------------------------------------------------------------------

SECOND = PartyId("NL", "TWO")
ONE_PARTY = platform("one", party(CPO, Role.CPO, "one"))
TWO_ROLES = platform("both", party(CPO, Role.CPO, "both"), party(CPO, Role.EMSP, "both"))
TWO_PARTIES = platform("two", party(CPO, Role.CPO, "two"), party(SECOND, Role.CPO, "two"))


def test_the_sender_is_inferred_where_there_is_only_one() -> None:
    assert sender_of(ONE_PARTY, None) == CPO
    assert sender_of(TWO_ROLES, None) == CPO


def test_the_sender_is_named_where_there_are_several() -> None:
    assert sender_of(TWO_PARTIES, SECOND) == SECOND
    with pytest.raises(InvalidMessage, match="OCPI-from"):
        sender_of(TWO_PARTIES, None)


def test_the_sender_is_spelt_as_it_was_registered() -> None:
    assert str(sender_of(ONE_PARTY, PartyId("nl", "tnm"))) == "NL*TNM"


def test_nobody_sends_for_somebody_else_but_a_hub() -> None:
    with pytest.raises(ForeignSender):
        sender_of(ONE_PARTY, EMSP)
    assert sender_of(replace(ONE_PARTY, is_hub=True), EMSP) == EMSP


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "path", "query", "expected"),
    [
        ("https://e/loc", "", "", "https://e/loc"),
        ("https://e/loc/", "", "", "https://e/loc/"),
        ("https://e/loc", "/", "", "https://e/loc"),
        ("https://e/loc", "/L1", "", "https://e/loc/L1"),
        ("https://e/loc/", "/L1", "", "https://e/loc/L1"),
        ("https://e/loc/", "/L1/", "", "https://e/loc/L1/"),
        ("https://e/loc", "/a%2Fb/%7E%41", "", "https://e/loc/a%2Fb/%7E%41"),
        ("https://e/loc", "", "limit=5&x=%20+", "https://e/loc?limit=5&x=%20+"),
        ("https://e/loc?key=1", "/L1", "", "https://e/loc/L1?key=1"),
        ("https://e/loc/?key=1", "", "limit=5", "https://e/loc/?key=1&limit=5"),
        ("https://e/loc?", "", "limit=5", "https://e/loc?limit=5"),
    ],
)
def test_path_and_query_are_joined_to_the_advertised_url_as_they_were_sent(
    endpoint: str, path: str, query: str, expected: str
) -> None:
    assert target_url(endpoint, path, query) == expected
