"""Each rule by hand: what OCPI says about a field, and what the check answers when it is broken.

The expectations are read from the specification's tables, not from the models.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from hub.models import findings
from tests.hub.models.samples import sample

# version, object, field, longest valid text
LENGTHS = [
    ("2.1.1", "Location", "id", 39),
    ("2.1.1", "Location", "name", 255),
    ("2.1.1", "Location", "address", 45),
    ("2.1.1", "Location", "city", 45),
    ("2.1.1", "Location", "postal_code", 10),
    ("2.1.1", "EVSE", "uid", 39),
    ("2.1.1", "EVSE", "evse_id", 48),
    ("2.1.1", "EVSE", "floor_level", 4),
    ("2.1.1", "Connector", "id", 36),
    ("2.1.1", "CDR", "id", 36),
    ("2.1.1", "CDR", "remark", 255),
    ("2.1.1", "Session", "auth_id", 36),
    ("2.1.1", "Token", "visual_number", 64),
    ("2.1.1", "StartSession", "location_id", 39),
    ("2.1.1", "Credentials", "token", 64),
    ("2.2.1", "Location", "id", 36),
    ("2.2.1", "Location", "address", 255),
    ("2.2.1", "Location", "state", 45),
    ("2.2.1", "EVSE", "uid", 36),
    ("2.2.1", "EVSE", "physical_reference", 16),
    ("2.2.1", "CDR", "id", 39),
    ("2.2.1", "CDR", "session_id", 36),
    ("2.2.1", "CdrLocation", "address", 45),
    ("2.2.1", "CdrLocation", "state", 20),
    ("2.2.1", "SignedValue", "nature", 32),
    ("2.2.1", "SignedValue", "signed_data", 5000),
    ("2.2.1", "SignedData", "public_key", 512),
    ("2.2.1", "DisplayText", "text", 512),
    ("2.2.1", "BusinessDetails", "name", 100),
    ("2.2.1", "Image", "type", 4),
    ("2.2.1", "ReserveNow", "reservation_id", 36),
    ("2.2.1", "Token", "contract_id", 36),
    ("2.3.0", "Location", "help_phone", 25),
    ("2.3.0", "Parking", "physical_reference", 12),
    ("2.3.0", "InvoiceReconciliationRecord", "invoice_id", 255),
    ("2.3.0", "Terminal", "customer_reference", 36),
    ("2.3.0", "FinancialAdviceConfirmation", "capture_status_message", 255),
    ("2.3.0", "Booking", "request_id", 36),
]
# version, object, field, value, rule that it breaks (None: it is valid)
CASES: list[tuple[str, str, str, Any, str | None]] = [
    # CiString is printable ASCII; string is printable, ASCII only in 2.1.1
    ("2.2.1", "Location", "id", "LOC-é", "not_printable_ascii"),
    ("2.2.1", "Location", "id", "LOC\t1", "not_printable_ascii"),
    ("2.2.1", "Location", "id", "loc 1 ~!", None),
    ("2.2.1", "Location", "name", "Café Zuid 東京", None),
    ("2.2.1", "Location", "name", "two\nlines", "not_printable"),
    ("2.1.1", "Location", "name", "Café Zuid", "not_printable_ascii"),
    ("2.2.1", "Location", "id", 7, "wrong_type"),
    ("2.2.1", "Location", "id", None, "null"),
    ("2.2.1", "Location", "name", None, None),
    ("2.2.1", "Location", "evses", None, None),
    ("2.2.1", "Location", "evses", [], None),
    ("2.2.1", "Location", "evses", {}, "wrong_type"),
    # codes of one length
    ("2.2.1", "Location", "country_code", "BEL", "too_long"),
    ("2.2.1", "Location", "country_code", "B", "too_short"),
    ("2.2.1", "Location", "country_code", "be", None),
    ("2.2.1", "Location", "party_id", "EX", "too_short"),
    ("2.2.1", "Location", "country", "BE", "too_short"),
    ("2.2.1", "Tariff", "currency", "EURO", "too_long"),
    ("2.2.1", "DisplayText", "language", "nl-BE", "too_long"),
    ("2.3.0", "Credentials", "hub_party_id", "BEEXA", None),
    ("2.3.0", "Credentials", "hub_party_id", "BEX", "too_short"),
    # DateTime
    *(
        ("2.2.1", "Session", "start_date_time", good, None)
        for good in (
            "2015-06-29T20:39:09Z",
            "2015-06-29T20:39:09",
            "2016-12-29T17:45:09.2Z",
            "2018-01-01T01:08:01.123",
            "2024-02-29T00:00:00Z",
            "2016-12-31T23:59:60Z",
        )
    ),
    *(
        ("2.2.1", "Session", "start_date_time", bad, "bad_date_time")
        for bad in (
            "2015-06-29T20:39:09+00:00",
            "2015-06-29T22:39:09+02:00",
            "2015-06-29 20:39:09Z",
            "2015-06-29",
            "",
            "2015-06-29T24:00:00Z",
            "2015-13-29T20:39:09Z",
            "2023-02-29T00:00:00Z",
            "2015-06-29T20:39Z",
            "2015-06-29t20:39:09z",
            "2015-06-29T20:39:09.Z",
            "2015-06-29T20:39:09Z\n",
            "yesterday",
        )
    ),
    ("2.2.1", "Session", "start_date_time", "2018-01-01T01:08:01.123456Z", "too_long"),
    ("2.2.1", "Session", "start_date_time", 1435610349, "wrong_type"),
    # number, int, boolean
    ("2.2.1", "Session", "kwh", Decimal("1.23456789"), None),
    ("2.2.1", "Session", "kwh", 0, None),
    ("2.2.1", "Session", "kwh", -1, None),
    ("2.2.1", "Session", "kwh", "1.5", "wrong_type"),
    ("2.2.1", "Session", "kwh", True, "wrong_type"),
    ("2.2.1", "Session", "kwh", 1.5, "wrong_type"),
    ("2.2.1", "Session", "kwh", None, "null"),
    ("2.2.1", "Connector", "max_voltage", Decimal("230.0"), "wrong_type"),
    ("2.2.1", "Connector", "max_voltage", "230", "wrong_type"),
    ("2.2.1", "Connector", "max_voltage", True, "wrong_type"),
    ("2.2.1", "Token", "valid", "true", "wrong_type"),
    ("2.2.1", "Token", "valid", 1, "wrong_type"),
    ("2.1.1", "ReserveNow", "reservation_id", 12, None),
    ("2.1.1", "ReserveNow", "reservation_id", "12", "wrong_type"),
    ("2.2.1", "ReserveNow", "reservation_id", 12, "wrong_type"),
    ("2.2.1", "Image", "width", 100_000, "out_of_range"),
    ("2.2.1", "RegularHours", "weekday", 0, "out_of_range"),
    ("2.2.1", "RegularHours", "weekday", 8, "out_of_range"),
    ("2.2.1", "RegularHours", "weekday", 7, None),
    # coordinates
    ("2.1.1", "GeoLocation", "latitude", "51.04759", "bad_coordinate"),
    ("2.1.1", "GeoLocation", "latitude", "51.047599", None),
    ("2.2.1", "GeoLocation", "latitude", "51.04759", None),
    ("2.2.1", "GeoLocation", "latitude", "-51.047591", None),
    ("2.2.1", "GeoLocation", "latitude", "51.0476", "bad_coordinate"),
    ("2.2.1", "GeoLocation", "latitude", "51,047599", "bad_coordinate"),
    ("2.2.1", "GeoLocation", "latitude", Decimal("51.047599"), "wrong_type"),
    ("2.2.1", "GeoLocation", "longitude", "-126.104965", None),
    ("2.2.1", "GeoLocation", "longitude", "-126.1049651", None),
    ("2.2.1", "GeoLocation", "longitude", "-126.10496512", "bad_coordinate"),
    ("2.2.1", "GeoLocation", "longitude", "1261.04965", "bad_coordinate"),
    # times, dates, URLs
    ("2.2.1", "RegularHours", "period_begin", "24:00", "bad_time"),
    ("2.2.1", "RegularHours", "period_begin", "8:00", "bad_time"),
    ("2.2.1", "TariffRestrictions", "start_time", "23:59", None),
    ("2.2.1", "TariffRestrictions", "start_date", "2024-2-1", "bad_date"),
    ("2.2.1", "TariffRestrictions", "start_date", "2024-02-28", None),
    ("2.2.1", "TariffRestrictions", "start_date", "2024-02-30", "bad_date"),
    ("2.2.1", "StartSession", "response_url", "not a url", "bad_url"),
    ("2.2.1", "StartSession", "response_url", "/callbacks/1", "bad_url"),
    ("2.2.1", "StartSession", "response_url", "https://emsp.example/" + "x" * 235, "too_long"),
    # enums: closed, and open in 2.3.0
    ("2.2.1", "Connector", "standard", "MCS", "not_in_enum"),
    ("2.3.0", "Connector", "standard", "MCS", None),
    ("2.3.0", "Connector", "standard", "EXA_PLUG", None),
    ("2.3.0", "Connector", "standard", "", "bad_enum_name"),
    ("2.1.1", "Connector", "standard", "CHAOJI", "not_in_enum"),
    ("2.3.0", "Connector", "format", "PLUG", "not_in_enum"),
    ("2.2.1", "Connector", "format", "socket", "not_in_enum"),
    ("2.2.1", "Connector", "power_type", "AC_2_PHASE", None),
    ("2.1.1", "Connector", "power_type", "AC_2_PHASE", "not_in_enum"),
    ("2.1.1", "Token", "type", "APP_USER", "not_in_enum"),
    ("2.2.1", "Token", "type", "APP_USER", None),
    ("2.2.1", "Token", "type", "EMAID", "not_in_enum"),
    ("2.3.0", "Token", "type", "EMAID", None),
    ("2.3.0", "EVSE", "capabilities", ["EXA_CAPABILITY"], None),
    ("2.2.1", "EVSE", "capabilities", ["EXA_CAPABILITY"], "not_in_enum"),
    ("2.2.1", "EVSE", "capabilities", "RFID_READER", "wrong_type"),
    ("2.3.0", "Tariff", "tax_included", "N/A", None),
    ("2.3.0", "Tariff", "tax_included", "MAYBE", "not_in_enum"),
    ("2.2.1", "ClientInfo", "role", "HUB", None),
    ("2.3.0", "ClientInfo", "role", "HUB", "not_in_enum"),
    ("2.3.0", "ClientInfo", "role", "PTP", None),
    ("2.2.1", "Session", "status", "RESERVATION", None),
    ("2.1.1", "Session", "status", "RESERVATION", "not_in_enum"),
    ("2.1.1", "CommandResponse", "result", "TIMEOUT", None),
    ("2.2.1", "CommandResponse", "result", "TIMEOUT", "not_in_enum"),
    ("2.2.1", "CommandResult", "result", "TIMEOUT", None),
    ("2.1.1", "CdrDimension", "type", "FLAT", None),
    ("2.2.1", "CdrDimension", "type", "FLAT", "not_in_enum"),
    # cardinality +
    ("2.2.1", "EVSE", "connectors", [], "empty_list"),
    ("2.2.1", "CDR", "charging_periods", [], "empty_list"),
    ("2.2.1", "Tariff", "elements", [], "empty_list"),
    ("2.3.0", "InvoiceReconciliationRecord", "cdrs", [], "empty_list"),
    ("2.3.0", "FinancialAdviceConfirmation", "eft_data", [""], "too_short"),
]


@pytest.mark.parametrize(("version", "name", "field", "longest"), LENGTHS)
def test_a_text_may_be_as_long_as_the_table_says(version: str, name: str, field: str, longest: int) -> None:
    assert _rule(version, name, field, "x" * longest) is None
    assert _rule(version, name, field, "x" * (longest + 1)) == "too_long"


@pytest.mark.parametrize(("version", "name", "field", "value", "rule"), CASES)
def test_a_value_keeps_or_breaks_a_rule(version: str, name: str, field: str, value: Any, rule: str | None) -> None:
    assert _rule(version, name, field, value) == rule


def test_opening_hours_of_2_1_1_are_regular_or_always() -> None:
    assert [f.rule for f in findings("2.1.1", "Hours", {})] == ["missing"]
    assert findings("2.1.1", "Hours", {"regular_hours": [sample("2.1.1", "RegularHours")]}) == []


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
def test_opening_hours_need_regular_hours_unless_always_open(version: str) -> None:
    assert [(f.field, f.rule) for f in findings(version, "Hours", {"twentyfourseven": False})] == [("", "missing")]
    location = {**sample(version, "Location"), "opening_times": {"twentyfourseven": False, "regular_hours": []}}
    assert [(f.field, f.rule) for f in findings(version, "Location", location)] == [("opening_times", "missing")]


@pytest.mark.parametrize(
    ("version", "ids", "is_fine"),
    [
        *((version, ("a1", "A2"), True) for version in ("2.1.1", "2.2.1", "2.3.0")),
        *((version, ("a1", "a1"), False) for version in ("2.1.1", "2.2.1", "2.3.0")),
        ("2.1.1", ("a1", "A1"), True),
        *((version, ("a1", "A1"), False) for version in ("2.2.1", "2.3.0")),
    ],
)
def test_ids_in_one_list_are_unique_as_the_version_compares_them(
    version: str, ids: tuple[str, str], is_fine: bool
) -> None:
    """Strings have case in 2.1.1 (types, string), ids none from 2.2 on (CiString): EVSE.uid, Connector.id."""
    evses = [{**sample(version, "EVSE"), "uid": id} for id in ids]
    connectors = [{**sample(version, "Connector"), "id": id} for id in ids]
    for name, field, rows, wrong in (("Location", "evses", evses, "uid"), ("EVSE", "connectors", connectors, "id")):
        for partial in (False, True):
            data = {field: rows} if partial else {**sample(version, name), field: rows}
            found = [(row.field, row.rule) for row in findings(version, name, data, partial=partial)]
            assert found == ([] if is_fine else [(f"{field}[1].{wrong}", "not_unique")])


def test_parking_places_of_one_location_have_ids_of_their_own() -> None:
    """OCPI 2.3.0, locations, Parking: the id MUST be unique among all Parking objects in the same Location."""
    places = [{**sample("2.3.0", "Parking"), "id": id} for id in ("P1", "p1")]
    (found,) = findings("2.3.0", "Location", {"parking_places": places}, partial=True)
    assert (found.field, found.rule) == ("parking_places[1].id", "not_unique")
    assert found.message == "must not be that of another one in the same list, letter case aside"


def test_a_partial_object_must_be_valid_in_what_it_gives() -> None:
    patch = {"status": "BROKEN", "connectors": [{"id": "1"}], "last_updated": "2024-11-02T10:46:01Z"}
    found = {(finding.field, finding.rule) for finding in findings("2.1.1", "EVSE", patch, partial=True)}
    assert ("status", "not_in_enum") in found
    assert ("connectors[0].standard", "missing") in found
    assert not any(field in ("uid", "evse_id") for field, _ in found)


def test_a_partial_object_may_not_null_a_required_field() -> None:
    assert [f.rule for f in findings("2.2.1", "Location", {"city": None, "name": None}, partial=True)] == ["null"]


def test_every_mistake_is_found_at_once() -> None:
    cdr = sample("2.2.1", "CDR")
    cdr["total_energy"] = "1"
    cdr["cdr_location"]["coordinates"]["latitude"] = "1"
    cdr["charging_periods"][0]["dimensions"][0]["type"] = "NOISE"
    assert {finding.field: finding.rule for finding in findings("2.2.1", "CDR", cdr)} == {
        "cdr_location.coordinates.latitude": "bad_coordinate",
        "charging_periods[0].dimensions[0].type": "not_in_enum",
        "total_energy": "wrong_type",
    }


@pytest.mark.parametrize(("version", "name", "field", "value", "rule"), [case for case in CASES if case[4]])
def test_a_finding_is_told_in_words(version: str, name: str, field: str, value: Any, rule: str) -> None:
    (finding,) = findings(version, name, {**sample(version, name), field: value})
    assert re.match(r"(must|may|is required|needs)\b", finding.message)


def _rule(version: str, name: str, field: str, value: Any) -> str | None:
    found = findings(version, name, {**sample(version, name), field: value})
    assert len(found) <= 1
    assert all(finding.field.startswith(field) for finding in found)
    return found[0].rule if found else None
