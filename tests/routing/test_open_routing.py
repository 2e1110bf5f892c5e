"""Column O of the routing table: which field of which operation yields the receiver, and what does not.

OCPI 2.2.1 and 2.3.0, transport and format, Open Routing Request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from routing.agreements import Agreement
from routing.catalogue import OPERATIONS
from routing.directory import Directory, endpoints_of
from routing.memory import Forgetful, Kind, Tie, key_of
from routing.ocpi import ConnectionStatus, Interface, PartyId, Role
from routing.open_routing import receivers_told, serving
from tests.routing.scene import CPO, EMSP, MODULES, OTHER_CPO, OTHER_EMSP, R, S, market, message, party, platform

SCSP, PTP = PartyId("SE", "SCS"), PartyId("SE", "PTP")
ADD_ONS = ("payments", "booking", "invoicereconciliation")
EVERY_URL = endpoints_of(
    (module, interface, f"https://x.example/{interface}/{module}")
    for module in (*MODULES, *ADD_ONS)
    for interface in Interface
)
NAMED = {"country_code": "DE", "party_id": "MSP"}
NOBODY = {"country_code": "XX", "party_id": "YYY"}
CPO_NAMED = {"country_code": "NL", "party_id": "TNM"}


class Known(Forgetful):
    """A memory of exactly these ties."""

    def __init__(self, *facts: tuple[Kind, str | tuple[str, ...], PartyId, PartyId | None]) -> None:
        self.facts = [
            (kind, key_of(*([ids] if isinstance(ids, str) else ids)), Tie(owner, other))
            for kind, ids, owner, other in facts
        ]

    async def ties(self, kind: Kind, *ids: str) -> tuple[Tie, ...]:
        return tuple(tie for known, key, tie in self.facts if (known, key) == (kind, key_of(*ids)))


def everybody(**more: Any) -> Directory:
    """CPOs, eMSPs, an SCSP and a PTP, each with every module."""
    rows = {"cpo": (CPO, Role.CPO), "other-cpo": (OTHER_CPO, Role.CPO), "emsp": (EMSP, Role.EMSP)}
    rows |= {"other-emsp": (OTHER_EMSP, Role.EMSP), "scsp": (SCSP, Role.SCSP), "ptp": (PTP, Role.PTP)}
    platforms = [platform(id, party(who, role, id), endpoints=EVERY_URL) for id, (who, role) in rows.items()]
    return market(*platforms, **more)


THERE = everybody()
MEMORY = Known(
    (Kind.LOCATION, "L1", CPO, None),
    (Kind.LOCATION, "TWICE", CPO, None),
    (Kind.LOCATION, "TWICE", OTHER_CPO, None),
    (Kind.EVSE, "E2", OTHER_CPO, None),
    (Kind.TOKEN, ("CARD", "rfid"), EMSP, None),
    (Kind.TOKEN, ("BOTH", "rfid"), EMSP, None),
    (Kind.TOKEN, ("BOTH", "rfid"), OTHER_EMSP, None),
    (Kind.TOKEN, ("BOTH", "app_user"), OTHER_EMSP, None),
    (Kind.CONTRACT, "DEMSPC1", EMSP, None),
    (Kind.SESSION, "S1", CPO, EMSP),
    (Kind.SESSION, "SAME", CPO, EMSP),
    (Kind.SESSION, "SAME", OTHER_CPO, OTHER_EMSP),
    (Kind.PROFILE, "S1", CPO, SCSP),
    (Kind.RESERVATION, "R1", EMSP, CPO),
    (Kind.RESERVATION, "R1", OTHER_EMSP, OTHER_CPO),
    (Kind.CDR, "C1", CPO, EMSP),
    (Kind.CDR, "C2", CPO, EMSP),
    (Kind.CDR, "C3", CPO, OTHER_EMSP),
    (Kind.INVOICE, "I1", CPO, EMSP),
    (Kind.TERMINAL, "T1", PTP, CPO),
    (Kind.CONFIRMATION, "F1", PTP, CPO),
    (Kind.AUTHORIZATION, "REF1", PTP, CPO),
    (Kind.BOOKING, "B1", CPO, EMSP),
    (Kind.BOOKING_LOCATION, "BL1", CPO, None),
)

Row = tuple[str, str, str, Interface, str, Any, Iterable[PartyId]]
ROWS: Mapping[str, Row] = {
    # id: caller, method, module, interface, path?query, body, who it may be for
    "LOC-S2": ("emsp", "GET", "locations", S, "/L1", None, [CPO]),
    "LOC-S2 ids have no case": ("emsp", "GET", "locations", S, "/l1", None, [CPO]),
    "LOC-S2 unknown": ("emsp", "GET", "locations", S, "/L9", None, []),
    "LOC-S2 twice": ("emsp", "GET", "locations", S, "/TWICE", None, [OTHER_CPO, CPO]),
    "LOC-S2 the EVSE tells": ("emsp", "GET", "locations", S, "/TWICE/E2/1", None, [OTHER_CPO]),
    "LOC-S2 an EVSE that tells nothing": ("emsp", "GET", "locations", S, "/TWICE/E9", None, [OTHER_CPO, CPO]),
    "LOC-R1": ("cpo", "GET", "locations", R, "/NL/TNM/L1", None, []),
    "TAR-R1": ("cpo", "GET", "tariffs", R, "/NL/TNM/T1", None, []),
    "TOK-R1": ("emsp", "GET", "tokens", R, "/DE/MSP/CARD", None, []),
    "SES-S2": ("emsp", "PUT", "sessions", S, "/S1/charging_preferences", {}, [CPO]),
    "SES-S2 of several the caller's": ("emsp", "PUT", "sessions", S, "/SAME/charging_preferences", {}, [CPO]),
    "SES-R1": ("cpo", "GET", "sessions", R, "/NL/TNM/S1", None, [EMSP]),
    "SES-R1 another owner's": ("other-cpo", "GET", "sessions", R, "/BE/BEC/S1", None, []),
    "SES-R2": ("cpo", "PUT", "sessions", R, "/NL/TNM/S9", {"cdr_token": NAMED}, [EMSP]),
    "SES-R2 without a token": ("cpo", "PUT", "sessions", R, "/NL/TNM/S1", {"kwh": 1}, [EMSP]),
    "SES-R3": ("cpo", "PATCH", "sessions", R, "/NL/TNM/S1", {"kwh": 1}, [EMSP]),
    "SES-R3 with a token": ("cpo", "PATCH", "sessions", R, "/NL/TNM/S9", {"cdr_token": NAMED}, [EMSP]),
    "SES-R3 unknown": ("cpo", "PATCH", "sessions", R, "/NL/TNM/S9", {"kwh": 1}, []),
    "CDR-R2": ("cpo", "POST", "cdrs", R, "", {"id": "C9", "cdr_token": NAMED}, [EMSP]),
    "CDR-R2 says nothing": ("cpo", "POST", "cdrs", R, "", {"id": "C9"}, []),
    "CDR-R2 for nobody here": (
        "cpo",
        "POST",
        "cdrs",
        R,
        "",
        {"cdr_token": {"country_code": "XX", "party_id": "YYY"}},
        [],
    ),
    "TOK-S2": ("cpo", "POST", "tokens", S, "/CARD/authorize", None, [EMSP]),
    "TOK-S2 of two": ("cpo", "POST", "tokens", S, "/BOTH/authorize", None, [EMSP, OTHER_EMSP]),
    "TOK-S2 the type tells": ("cpo", "POST", "tokens", S, "/BOTH/authorize?type=APP_USER", None, [OTHER_EMSP]),
    "TOK-S2 unknown": ("cpo", "POST", "tokens", S, "/NEW/authorize", None, []),
    "TOK-S2 EMAID": ("cpo", "POST", "tokens", S, "/DE-MSP-C00122045-K/authorize?type=EMAID", None, [EMSP]),
    "TOK-S2 EMAID bare": ("cpo", "POST", "tokens", S, "/FREMPC00122045/authorize?type=EMAID", None, [OTHER_EMSP]),
    "TOK-S2 EMAID of nobody here": ("cpo", "POST", "tokens", S, "/XXYYYC001/authorize?type=EMAID", None, []),
    "TOK-S2 no EMAID": ("cpo", "POST", "tokens", S, "/DE-MSP-C00122045-K/authorize?type=RFID", None, []),
    "CMD-R1": ("emsp", "POST", "commands", R, "/START_SESSION", {"location_id": "L1", "token": NAMED}, [CPO]),
    "CMD-R1 the EVSE tells": (
        "emsp",
        "POST",
        "commands",
        R,
        "/START_SESSION",
        {"location_id": "TWICE", "evse_uid": "E2"},
        [OTHER_CPO],
    ),
    "CMD-R1 not by its token": ("cpo", "POST", "commands", R, "/START_SESSION", {"token": NAMED}, []),
    "CMD-R2": ("emsp", "POST", "commands", R, "/STOP_SESSION", {"session_id": "S1"}, [CPO]),
    "CMD-R2 somebody else's": ("other-emsp", "POST", "commands", R, "/STOP_SESSION", {"session_id": "S1"}, []),
    "CMD-R2 of several the caller's": (
        "other-emsp",
        "POST",
        "commands",
        R,
        "/STOP_SESSION",
        {"session_id": "SAME"},
        [OTHER_CPO],
    ),
    "CMD-R3": ("emsp", "POST", "commands", R, "/RESERVE_NOW", {"location_id": "L1"}, [CPO]),
    "CMD-R4": ("emsp", "POST", "commands", R, "/CANCEL_RESERVATION", {"reservation_id": "R1"}, [CPO]),
    "CMD-R4 of another": (
        "other-emsp",
        "POST",
        "commands",
        R,
        "/CANCEL_RESERVATION",
        {"reservation_id": "R1"},
        [OTHER_CPO],
    ),
    "CMD-R5": ("emsp", "POST", "commands", R, "/UNLOCK_CONNECTOR", {"location_id": "L1"}, [CPO]),
    "CMD-R6": ("emsp", "POST", "commands", R, "/BLINK", {"location_id": "L1"}, [CPO]),
    "CMD-R6 of a session": ("emsp", "POST", "commands", R, "/BLINK", {"session_id": "S1"}, [CPO]),
    "CHP-R1": ("emsp", "GET", "chargingprofiles", R, "/S1?duration=9", None, [CPO]),
    "CHP-R2": ("scsp", "PUT", "chargingprofiles", R, "/S1", {}, [CPO]),
    "CHP-R3": ("scsp", "DELETE", "chargingprofiles", R, "/S1", None, [CPO]),
    "CHP-S2": ("cpo", "PUT", "chargingprofiles", S, "/S1", {}, [SCSP]),
    "CHP-S2 nobody set one": ("other-cpo", "PUT", "chargingprofiles", S, "/S1", {}, []),
    "INV-R2 direct": ("cpo", "POST", "invoicereconciliation", R, "", {**CPO_NAMED, "cdrs": ["C1", "C2"]}, [EMSP]),
    "INV-R2 reverse": ("emsp", "POST", "invoicereconciliation", R, "", {**NAMED, "cdrs": [{"id": "C1"}]}, [CPO]),
    "INV-R2 of two eMSPs": ("cpo", "POST", "invoicereconciliation", R, "", {**CPO_NAMED, "cdrs": ["C1", "C3"]}, []),
    "INV-R2 of no CDR": ("cpo", "POST", "invoicereconciliation", R, "", {**CPO_NAMED, "cdrs": []}, []),
    "INV-R1": ("cpo", "GET", "invoicereconciliation", R, "/NL/TNM/I1", None, [EMSP]),
    "INV-R3": ("cpo", "PUT", "invoicereconciliation", R, "/NL/TNM/I1", {}, [EMSP]),
    "INV-R3 by its CDRs": (
        "cpo",
        "PUT",
        "invoicereconciliation",
        R,
        "/NL/TNM/I9",
        {**CPO_NAMED, "cdrs": ["C1"]},
        [EMSP],
    ),
    "INV-R4": ("cpo", "DELETE", "invoicereconciliation", R, "/NL/TNM/I1", None, [EMSP]),
    "PAY-S2": ("cpo", "GET", "payments", S, "/terminals/T1", None, [PTP]),
    "PAY-S3 the only PTP": ("cpo", "POST", "payments", S, "/terminals/activate", {}, [PTP]),
    "PAY-S4": ("cpo", "POST", "payments", S, "/terminals/T1/deactivate", None, [PTP]),
    "PAY-S5": ("cpo", "PUT", "payments", S, "/terminals/T1", {}, [PTP]),
    "PAY-S6": ("cpo", "PATCH", "payments", S, "/terminals/T1", {}, [PTP]),
    "PAY-S8": ("cpo", "GET", "payments", S, "/financial-advice-confirmations/F1", None, [PTP]),
    "PAY-R1": ("ptp", "GET", "payments", R, "/terminals/T1", None, [CPO]),
    "PAY-R2": ("ptp", "POST", "payments", R, "/terminals", {"terminal_id": "T9", **CPO_NAMED}, [CPO]),
    "PAY-R2 by its locations": ("ptp", "POST", "payments", R, "/terminals", {"location_ids": ["L1", "TWICE"]}, [CPO]),
    "PAY-R3": ("ptp", "GET", "payments", R, "/financial-advice-confirmations/F1", None, [CPO]),
    "PAY-R4": (
        "ptp",
        "POST",
        "payments",
        R,
        "/financial-advice-confirmations",
        {"authorization_reference": "REF1"},
        [CPO],
    ),
    "BOK-S2": ("emsp", "GET", "booking", S, "/booking_locations/BL1", None, [CPO]),
    "BOK-S4": ("emsp", "POST", "booking", S, "", {**NAMED, "booking_location_id": "BL1"}, [CPO]),
    "BOK-S4 by its location": ("emsp", "POST", "booking", S, "", {**NAMED, "location_id": "L1"}, [CPO]),
    "BOK-R1": ("cpo", "GET", "booking", R, "/NL/TNM/booking_locations/BL1", None, []),
    "BOK-R4": ("cpo", "GET", "booking", R, "/NL/TNM/B1", None, [EMSP]),
    "BOK-R5": ("cpo", "PUT", "booking", R, "/NL/TNM/B9", {"booking_requests": [{"booking_request": NAMED}]}, [EMSP]),
    "BOK-R5 by its tokens": ("cpo", "PUT", "booking", R, "/NL/TNM/B9", {"booking_tokens": [NAMED]}, [EMSP]),
    "BOK-R6": ("cpo", "PATCH", "booking", R, "/NL/TNM/B1", {}, [EMSP]),
}


@pytest.mark.parametrize(
    ("caller", "method", "module", "interface", "path", "body", "expected"), ROWS.values(), ids=ROWS.keys()
)
async def test_the_content_yields_the_receiver(
    caller: str, method: str, module: str, interface: Interface, path: str, body: Any, expected: Iterable[PartyId]
) -> None:
    path, _, query = path.partition("?")
    asked = message(THERE, caller, method, module, interface, path, query=query, document=body)
    assert asked.operation is not None, "a row of the table is an operation of the specification"
    assert await receivers_told(asked, MEMORY, THERE) == tuple(sorted(expected, key=str))


def test_every_operation_has_its_row_or_needs_none() -> None:
    """A list is for the only one that has it, what is for everybody is broadcast, a Location leads back by itself."""
    told = {row.split()[0] for row in ROWS}
    assert {row.id for row in OPERATIONS if not row.is_list and not row.is_broadcast} - told == set()
    assert {row.id for row in OPERATIONS if row.is_broadcast} & told == set()


@pytest.mark.parametrize(
    "document",
    [None, [], 7, "x", {"cdr_token": 7}, {"cdr_token": {"country_code": 1, "party_id": 2}}, {"auth_id": {}}],
)
async def test_a_body_that_makes_no_sense_names_nobody(document: Any) -> None:
    push = message(THERE, "cpo", "POST", "cdrs", R, "", document=document)
    assert await receivers_told(push, MEMORY, THERE) == ()


async def test_a_session_in_the_words_of_an_older_version_is_told_by_its_contract() -> None:
    """2.1.1 has no cdr_token: the contract of its auth_id is an eMSP's."""
    for module, method, path in (("sessions", "PUT", "/NL/TNM/S7"), ("cdrs", "POST", "")):
        push = message(THERE, "cpo", method, module, R, path, document={"auth_id": "demspC1"}, version="2.1.1")
        assert await receivers_told(push, MEMORY, THERE) == (EMSP,)


async def test_of_several_owners_the_one_that_may_be_reached_is_told() -> None:
    there = everybody(agreements=[Agreement("1", CPO, EMSP, is_allowed=False)])
    asked = message(there, "emsp", "GET", "locations", S, "/TWICE")
    assert await receivers_told(asked, MEMORY, there) == (OTHER_CPO,)


async def test_nobody_is_told_of_an_owner_that_may_not_be_reached() -> None:
    there = everybody(agreements=[Agreement("1", CPO, EMSP, is_allowed=False)])
    asked = message(there, "emsp", "GET", "locations", S, "/L1")
    assert await receivers_told(asked, MEMORY, there) == ()


# --- the only one ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "module", "expected"),
    [("emsp", "sessions", [OTHER_CPO, CPO]), ("cpo", "tokens", [EMSP, OTHER_EMSP]), ("cpo", "payments", [PTP])],
)
async def test_a_list_is_for_whoever_has_it(caller: str, module: str, expected: list[PartyId]) -> None:
    path = "/terminals" if module == "payments" else ""
    assert await receivers_told(message(THERE, caller, "GET", module, S, path), MEMORY, THERE) == tuple(expected)


def test_who_has_a_module_is_connected_to_it_in_that_interface_and_no_more_than_offline() -> None:
    asked = message(THERE, "emsp", "GET", "sessions", S)
    for more, expected in (
        ({"status": ConnectionStatus.OFFLINE}, (OTHER_CPO, CPO)),
        ({"status": ConnectionStatus.SUSPENDED}, (OTHER_CPO,)),
        ({"endpoints": endpoints_of([("sessions", R, "https://x.example/r")])}, (OTHER_CPO,)),
    ):
        assert serving(asked, market(platform("cpo", party(CPO, Role.CPO, "cpo"), **more))) == expected


async def test_a_custom_module_is_for_the_only_platform_that_has_it() -> None:
    urls = endpoints_of([("wattsOffice", R, "https://cpo.example/watts")])
    two = platform("cpo", party(CPO, Role.CPO, "cpo"), party(SCSP, Role.CPO, "cpo"), endpoints=urls)
    there = market(two)
    asked = message(there, "emsp", "POST", "wattsOffice", R, "/x")
    assert await receivers_told(asked, MEMORY, there) == (CPO,)
    both = market(two, platform("other-cpo", party(OTHER_CPO, Role.CPO, "other-cpo"), endpoints=urls))
    assert len(await receivers_told(message(both, "emsp", "POST", "wattsOffice", R, "/x"), MEMORY, both)) == 2
    assert await receivers_told(message(THERE, "emsp", "POST", "wattsOffice", R, "/x"), MEMORY, THERE) == ()
