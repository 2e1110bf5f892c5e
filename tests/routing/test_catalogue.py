"""The catalogue against the endpoint tables of the specification's module chapters, copied here row by row."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from routing.catalogue import MODULES, OPERATIONS, Operation, module_key, module_named, operation_of
from routing.ocpi import Interface, Role

ALL, NEW, V23 = "2.1.1 2.2.1 2.3.0", "2.2.1 2.3.0", "2.3.0"
LOCATION = ("/LOC1", "/LOC1/EVSE1", "/LOC1/EVSE1/1", "/a%2Fb/%2A", "/LOC1/")
OWNED_LOCATION = tuple(f"/NL/TNM{path}" for path in LOCATION)
BOOKING_LOCATION = ("/booking_locations/B1", "/booking_locations/B1/C1")
OWNED_BOOKING_LOCATION = tuple(f"/NL/TNM{path}" for path in BOOKING_LOCATION)
OWNED = ("/NL/TNM/ID1", "/nl/tnm/a%2Fb%23c")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what it is called, which paths it has, what is particular about it, and what its body holds."""

    id: str
    versions: str
    call: str
    paths: tuple[str, ...]
    flags: str = ""
    """`list` paginated, `data` answers with data, `everybody` broadcast or GET All, `body`/`query` response_url."""
    body: str = ""

    @property
    def module(self) -> str:
        return self.call.split()[0].lower()

    @property
    def interface(self) -> Interface:
        return Interface.SENDER if "-S" in self.id else Interface.RECEIVER

    @property
    def method(self) -> str:
        return self.call.split()[1]


ROWS = (
    Row("LOC-S1", ALL, "locations GET", ("", "/"), "list data everybody"),
    Row("LOC-S2", ALL, "locations GET", LOCATION, "data"),
    Row("LOC-R1", ALL, "locations GET", OWNED_LOCATION, "data"),
    Row("LOC-R2", ALL, "locations PUT", OWNED_LOCATION, "everybody", "Location"),
    Row("LOC-R3", ALL, "locations PATCH", OWNED_LOCATION, "everybody", "Location"),
    Row("TAR-S1", ALL, "tariffs GET", ("", "/"), "list data everybody"),
    Row("TAR-R1", ALL, "tariffs GET", OWNED, "data"),
    Row("TAR-R2", ALL, "tariffs PUT", OWNED, "everybody", "Tariff"),
    Row("TAR-R3", "2.1.1", "tariffs PATCH", OWNED, "everybody", "Tariff"),
    Row("TAR-R4", ALL, "tariffs DELETE", OWNED, "everybody"),
    Row("SES-S1", ALL, "sessions GET", ("", "/"), "list data"),
    Row("SES-S2", NEW, "sessions PUT", ("/S1/charging_preferences",), "data", "ChargingPreferences"),
    Row("SES-R1", ALL, "sessions GET", OWNED, "data"),
    Row("SES-R2", ALL, "sessions PUT", OWNED, "", "Session"),
    Row("SES-R3", ALL, "sessions PATCH", OWNED, "", "Session"),
    Row("CDR-S1", ALL, "cdrs GET", ("", "/"), "list data"),
    Row("CDR-R2", ALL, "cdrs POST", ("", "/"), "", "CDR"),
    Row("TOK-S1", ALL, "tokens GET", ("", "/"), "list data everybody"),
    Row("TOK-S2", ALL, "tokens POST", ("/012345678/authorize",), "data", "LocationReferences"),
    Row("TOK-R1", ALL, "tokens GET", OWNED, "data"),
    Row("TOK-R2", ALL, "tokens PUT", OWNED, "everybody", "Token"),
    Row("TOK-R3", ALL, "tokens PATCH", OWNED, "everybody", "Token"),
    Row("CMD-R1", ALL, "commands POST", ("/START_SESSION",), "data body", "StartSession"),
    Row("CMD-R2", ALL, "commands POST", ("/STOP_SESSION",), "data body", "StopSession"),
    Row("CMD-R3", ALL, "commands POST", ("/RESERVE_NOW",), "data body", "ReserveNow"),
    Row("CMD-R4", NEW, "commands POST", ("/CANCEL_RESERVATION",), "data body", "CancelReservation"),
    Row("CMD-R5", ALL, "commands POST", ("/UNLOCK_CONNECTOR",), "data body", "UnlockConnector"),
    Row("CHP-R1", NEW, "chargingprofiles GET", ("/S1",), "data query"),
    Row("CHP-R2", NEW, "chargingprofiles PUT", ("/S1",), "data body", "SetChargingProfile"),
    Row("CHP-R3", NEW, "chargingprofiles DELETE", ("/S1",), "data query"),
    Row("CHP-S2", NEW, "chargingprofiles PUT", ("/S1",), "", "ActiveChargingProfile"),
    Row("INV-S1", V23, "invoicereconciliation GET", ("", "/"), "list data"),
    Row("INV-R1", V23, "invoicereconciliation GET", OWNED, "data"),
    Row("INV-R2", V23, "invoicereconciliation POST", ("", "/"), "", "InvoiceReconciliationRecord"),
    Row("INV-R3", V23, "invoicereconciliation PUT", OWNED, "", "InvoiceReconciliationRecord"),
    Row("INV-R4", V23, "invoicereconciliation DELETE", OWNED),
    Row("PAY-S1", V23, "payments GET", ("/terminals",), "list data"),
    Row("PAY-S2", V23, "payments GET", ("/terminals/T1",), "data"),
    Row("PAY-S3", V23, "payments POST", ("/terminals/activate",), "", "Terminal"),
    Row("PAY-S4", V23, "payments POST", ("/terminals/T1/deactivate",)),
    Row("PAY-S5", V23, "payments PUT", ("/terminals/T1",), "", "Terminal"),
    Row("PAY-S6", V23, "payments PATCH", ("/terminals/T1",), "", "Terminal"),
    Row("PAY-S7", V23, "payments GET", ("/financial-advice-confirmations",), "list data"),
    Row("PAY-S8", V23, "payments GET", ("/financial-advice-confirmations/F1",), "data"),
    Row("PAY-R1", V23, "payments GET", ("/terminals/T1",), "data"),
    Row("PAY-R2", V23, "payments POST", ("/terminals",), "", "Terminal"),
    Row("PAY-R3", V23, "payments GET", ("/financial-advice-confirmations/F1",), "data"),
    Row("PAY-R4", V23, "payments POST", ("/financial-advice-confirmations",), "", "FinancialAdviceConfirmation"),
    Row("BOK-S1", V23, "Booking GET", ("/booking_locations",), "list data everybody"),
    Row("BOK-S2", V23, "Booking GET", BOOKING_LOCATION, "data"),
    Row("BOK-S3", V23, "Booking GET", ("", "/"), "list data"),
    Row("BOK-S4", V23, "Booking POST", ("", "/"), "data", "BookingRequest"),
    Row("BOK-R1", V23, "Booking GET", OWNED_BOOKING_LOCATION, "data"),
    Row("BOK-R2", V23, "Booking PUT", OWNED_BOOKING_LOCATION, "everybody", "BookingLocation"),
    Row("BOK-R3", V23, "Booking PATCH", OWNED_BOOKING_LOCATION, "everybody", "BookingLocation"),
    Row("BOK-R4", V23, "Booking GET", OWNED, "data"),
    Row("BOK-R5", V23, "Booking PUT", OWNED, "", "Booking"),
    Row("BOK-R6", V23, "Booking PATCH", OWNED, "", "Booking"),
)
BY_ID = {row.id: row for row in ROWS}
CUSTOM_COMMAND = "CMD-R6"


def the_operation(row: Row) -> Operation:
    (operation,) = {operation_of(row.module, row.interface, row.method, path) for path in row.paths}
    assert operation is not None
    return operation


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_path_of_a_row_is_recognised_as_that_row(row: Row) -> None:
    assert the_operation(row).id == row.id


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_says_what_the_specification_says(row: Row) -> None:
    operation, flags = the_operation(row), row.flags.split()
    assert (operation.module, operation.interface, operation.method) == (row.module, row.interface, row.method)
    assert operation.is_list is ("list" in flags)
    assert operation.data_required is ("data" in flags)
    assert operation.is_public is ("everybody" in flags and row.method == "GET")
    assert operation.is_broadcast is ("everybody" in flags and row.method != "GET")
    assert operation.response_url == next((flag for flag in flags if flag in ("body", "query")), None)
    assert operation.object_name.removesuffix("Activation") == row.body


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_exists_in_the_versions_that_have_it(row: Row) -> None:
    operation = the_operation(row)
    offered = [number for number in operation.versions if number in MODULES[operation.module].versions]
    assert offered == row.versions.split()


def test_the_catalogue_has_no_row_that_the_specification_has_not() -> None:
    assert {operation.id for operation in OPERATIONS} == {*BY_ID, CUSTOM_COMMAND}


def test_a_custom_command_carries_a_response_url_like_any_other() -> None:
    operation = operation_of("commands", Interface.RECEIVER, "POST", "/NLTNM_BLINK")
    assert operation is not None
    assert (operation.id, operation.response_url) == (CUSTOM_COMMAND, "body")


@pytest.mark.parametrize(
    ("module", "interface", "method", "path"),
    [
        ("locations", Interface.SENDER, "PUT", "/LOC1"),
        ("locations", Interface.SENDER, "GET", "/L/E/C/more"),
        ("locations", Interface.RECEIVER, "GET", "/NL/TNM"),
        ("locations", Interface.RECEIVER, "DELETE", "/NL/TNM/LOC1"),
        ("cdrs", Interface.RECEIVER, "PUT", "/NL/TNM/CDR1"),
        ("tokens", Interface.SENDER, "POST", "/012345678"),
        ("payments", Interface.SENDER, "GET", ""),
        ("commands", Interface.SENDER, "POST", "/START_SESSION"),
        ("locations", Interface.SENDER, "GET", "//LOC1"),
        ("wattsoffice", Interface.RECEIVER, "GET", ""),
    ],
)
def test_what_is_no_row_is_a_custom_call(module: str, interface: Interface, method: str, path: str) -> None:
    assert operation_of(module, interface, method, path) is None


def test_segments_are_named_and_stay_percent_encoded() -> None:
    operation = the_operation(BY_ID["LOC-R2"])
    assert operation.segments("/NL/TNM/a%2Fb/E%201") == {
        "country_code": "NL",
        "party_id": "TNM",
        "location_id": "a%2Fb",
        "evse_uid": "E%201",
    }
    assert operation.segments("/NL/TNM") is None


# OCPI 2.3.0, terminology, Typical OCPI implementations per Role; the payments and bookings chapters
ROLES = {
    "locations": ("CPO NAP", "EMSP NSP NAP PTP OTHER"),
    "tariffs": ("CPO NAP", "EMSP NSP NAP PTP OTHER"),
    "sessions": ("CPO", "EMSP SCSP PTP OTHER"),
    "cdrs": ("CPO", "EMSP PTP OTHER"),
    "tokens": ("EMSP OTHER", "CPO"),
    "commands": ("EMSP PTP OTHER", "CPO"),
    "chargingprofiles": ("SCSP EMSP", "CPO EMSP"),
    "invoicereconciliation": ("CPO EMSP", "CPO EMSP"),
    "payments": ("PTP", "CPO"),
    "booking": ("CPO", "EMSP"),
}


@pytest.mark.parametrize("key", ROLES)
def test_a_module_is_implemented_by_the_roles_that_the_specification_names(key: str) -> None:
    sender, receiver = ROLES[key]
    assert MODULES[key].roles(Interface.SENDER) == {Role(name) for name in sender.split()}
    assert MODULES[key].roles(Interface.RECEIVER) == {Role(name) for name in receiver.split()}


def test_there_are_no_other_modules() -> None:
    assert MODULES.keys() == ROLES.keys()


@pytest.mark.parametrize("spelling", ["Booking", "booking", "BOOKING", "bookings", "Bookings"])
def test_a_module_is_known_in_every_spelling_met_in_the_field(spelling: str) -> None:
    assert module_key(spelling) == "booking"
    module = module_named(spelling)
    assert module is not None
    assert module.identifier == "Booking"


def test_a_custom_module_keeps_its_name_folded() -> None:
    assert module_named("wattsOffice") is None
    assert module_key("wattsOffice") == "wattsoffice"


def test_templates_name_each_segment_once() -> None:
    for operation in OPERATIONS:
        names = re.findall(r"{(\w+)\??}", operation.path)
        assert len(names) == len(set(names)), operation.id
