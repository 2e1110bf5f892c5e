"""One case for each row of the tables of tokens, sessions, CDRs and commands where a rule can go wrong."""

from __future__ import annotations

from typing import Any

import pytest

from routing.bridge import translate
from tests.routing.bridge.rows import Row, check
from tests.routing.bridge.samples import (
    CDR_TOKEN,
    LOCATION_211,
    LOCATION_221,
    SAMPLES,
    TARIFF_211,
    TARIFF_221,
    TARIFF_230,
    TOKEN_221,
    D,
)
from tests.routing.bridge.surroundings import ABSENT, changed, context

OLD, MID, NEW = "2.2.1>2.1.1", "2.3.0>2.2.1", "2.3.0>2.1.1"
UP, UPPER, UPMOST = "2.1.1>2.2.1", "2.2.1>2.3.0", "2.1.1>2.3.0"
LONG = "x" * 37
CONTRACT = "NL-TNM-C12345678-X"
NOBODY = {f"TokenOfContract {CONTRACT}/LOC1": None}
UNKNOWN_TOKEN = {**CDR_TOKEN, "uid": "#NA", "type": "OTHER"}
ODD_TOKENS = ({"country_code": True}, {"party_id": 1.5}, {"party_id": "TOO LONG"}, {"uid": None}, {"type": {}})
"""What an eMSP may have pushed for a token, and the hub kept."""
NO_PLACE = {"Location BE/BEC/LOC1": None}
ZERO = [{"type": "TIME", "volume": 0}]
SESSION_ONLY = ("CURRENT", "ENERGY_EXPORT", "ENERGY_IMPORT", "POWER", "STATE_OF_CHARGE")
"""Dimensions that no CDR may have (OCPI 2.2.1 and 2.3.0, CDRs, CdrDimensionType)."""


def rows(object_name: str, *cases: tuple[Any, ...]) -> list[Row]:
    """Rows of (route, given, expected, lost words, more)."""
    return [
        Row(object_name, route, given, expected, tuple(lost), **(more[0] if more else {}))
        for route, given, expected, lost, *more in cases
    ]


def refused(object_name: str, why: str, *cases: tuple[str, dict[str, Any]], **more: Any) -> list[Row]:
    return [Row(object_name, route, given, refused=why, **more) for route, given in cases]


TOKENS = [
    *rows(
        "Token",
        *((route, {"type": kind}, {"type": "OTHER"}, ["type approximated"],
           {"memory": {"Token NL/TNM/012345678/RFID": None}})
          for route, kinds in ((OLD, ("APP_USER", "AD_HOC_USER")), (NEW, ("APP_USER", "EMAID", "CHIP")))
          for kind in kinds),
        (MID, {"type": "EMAID"}, {"type": "OTHER"}, ["type approximated"]),
        (MID, {"type": "CHIP"}, {"type": "OTHER"}, ["type approximated"]),
        (MID, {"type": "APP_USER"}, {"type": "APP_USER"}, []),
        (UP, {"type": "OTHER"}, {"type": "OTHER"}, []),
        (UP, {"type": "OTHER"}, {"type": "APP_USER"}, [],
         {"memory": {"Token NL/TNM/012345678": {**TOKEN_221, "type": "APP_USER"}}}),
        (OLD, {}, {"auth_id": CONTRACT, "contract_id": ABSENT, "country_code": ABSENT, "party_id": ABSENT}, []),
        (UP, {}, {"contract_id": CONTRACT, "auth_id": ABSENT, "country_code": "NL", "party_id": "TNM"}, []),
        (OLD, {"group_id": "G"}, {"group_id": ABSENT}, ["group_id dropped"]),
        (OLD, {"default_profile_type": "GREEN"}, {"default_profile_type": ABSENT}, ["default_profile_type dropped"]),
        (OLD, {"energy_contract": {"supplier_name": "x"}}, {"energy_contract": ABSENT}, ["energy_contract dropped"]),
        (MID, {"group_id": "G"}, {"group_id": "G"}, []),
        *((route, {"whitelist": kind}, {"whitelist": kind}, []) for route in (OLD, UP, MID)
          for kind in ("ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER")),
    ),
    *refused("Token", "RFID card", (OLD, {"type": "APP_USER"}), (NEW, {"type": "EMAID"})),
    *refused("Token", "longer than 36", (UP, {"uid": LONG}), (UP, {"auth_id": LONG})),
    *refused("Token", "only by case", (UP, {"uid": "abc"}), memory={"Token NL/TNM/abc": {**TOKEN_221, "uid": "ABC"}}),
    *rows(
        "AuthorizationInfo",
        *((route, {"allowed": word}, {"allowed": word}, []) for route in (MID, UP)
          for word in ("ALLOWED", "BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED")),
        (OLD, {}, {"token": ABSENT}, []),
        (OLD, {"authorization_reference": "R"}, {"authorization_reference": ABSENT},
         ["authorization_reference dropped"]),
        (UP, {}, {"token": TOKEN_221, "authorization_reference": ABSENT}, []),
        (UP, {"location.connector_ids": ["1"]}, {"location.connector_ids": ABSENT}, ["location.connector_ids dropped"]),
        (MID, {"token.type": "EMAID"}, {"token.type": "OTHER"}, ["token.type approximated"]),
        *((UP, {"allowed": word}, {"token.valid": valid, "token.whitelist": "NEVER", "token.contract_id": "#NA",
                                   "token.uid": "012345678", "token.type": "RFID", "token.issuer": "eM",
                                   "token.country_code": "NL", "token.last_updated": "2026-05-01T12:00:00Z"},
           ["token defaulted"],
           {"memory": {"Token NL/TNM/012345678": None, "Token NL/TNM/012345678/RFID": None},
            "context": {"owner_details": {"name": "eM"}}})
          for word, valid in (("ALLOWED", True), ("BLOCKED", False))),
    ),
    *rows(
        "LocationReferences",
        (UP, {"connector_ids": ["1"]}, {"connector_ids": ABSENT}, ["connector_ids dropped"]),
        (OLD, {"x": 1}, {"x": ABSENT}, ["x dropped"]),
    ),
    *refused("LocationReferences", "longer than 36", (UP, {"location_id": LONG}), (UP, {"evse_uids": [LONG]})),
]  # fmt: skip

SESSIONS = [
    *rows(
        "Session",
        (OLD, {}, {"start_datetime": "2026-04-30T08:00:00Z", "end_datetime": "2026-04-30T09:00:00Z"}, []),
        (OLD, {"start_date_time": "2026-04-30T08:00:00.123Z"}, {"start_datetime": "2026-04-30T08:00:00Z"},
         ["start_date_time approximated"]),
        (OLD, {"end_date_time": ABSENT}, {"end_datetime": ABSENT}, []),
        (OLD, {"auth_method": "COMMAND"}, {"auth_method": "AUTH_REQUEST"}, ["auth_method approximated"]),
        (MID, {"auth_method": "COMMAND"}, {"auth_method": "COMMAND"}, []),
        (OLD, {"status": "RESERVATION"}, {"status": "PENDING"}, ["status approximated"]),
        *((route, {"status": word}, {"status": word}, []) for route in (OLD, UP, NEW, UPMOST)
          for word in ("ACTIVE", "COMPLETED", "INVALID", "PENDING")),
        (OLD, {"authorization_reference": "R"}, {"authorization_reference": ABSENT},
         ["authorization_reference dropped"]),
        (OLD, {"total_cost": {"excl_vat": 4, "incl_vat": D("4.84")}}, {"total_cost": 4},
         ["total_cost.incl_vat dropped"]),
        (NEW, {"total_cost": {"before_taxes": 4, "taxes": []}}, {"total_cost": 4}, []),
        (NEW, {"total_cost": {"before_taxes": 4, "taxes": [{"name": "VAT", "amount": 1}]}}, {"total_cost": 4},
         ["total_cost.incl_vat dropped"]),
        (UP, {"total_cost": D("2.50")}, {"total_cost": {"excl_vat": D("2.50")}}, []),
        (UPMOST, {"total_cost": D("2.50")}, {"total_cost": {"before_taxes": D("2.50")}}, []),
        (OLD, {"total_cost": None}, {"total_cost": None}, []),
        (OLD, {"evse_uid": "#NA", "connector_id": "#NA"}, {"location.evses": []}, []),
        (OLD, {"connector_id": "#NA"}, {"location.evses.0.connectors.0.id": "1"}, []),
        (OLD, {"evse_uid": "e1"}, {"location.evses.0.uid": "E1"}, []),
        (OLD, {}, {"location.id": "LOC1"}, [],
         {"memory": {"Location BE/BEC/LOC1": {**LOCATION_221, "publish": False}}}),
        (UP, {"location": {**LOCATION_211, "evses": []}},
         {"location_id": "LOC1", "evse_uid": "#NA", "connector_id": "#NA", "location": ABSENT}, []),
        (UP, {}, {"location_id": "LOC1", "evse_uid": "E1", "connector_id": "1", "cdr_token": CDR_TOKEN}, []),
        (UP, {}, {"cdr_token": UNKNOWN_TOKEN}, ["auth_id.uid defaulted", "auth_id.type defaulted"],
         {"memory": NOBODY}),
        (UP, {}, {"cdr_token": UNKNOWN_TOKEN}, ["auth_id.uid defaulted", "auth_id.type defaulted"],
         {"memory": {**NOBODY, "Party NL/TNM": {}}, "context": {"counterpart": None}}),
        *((UP, {}, {"cdr_token": UNKNOWN_TOKEN}, ["auth_id.uid defaulted", "auth_id.type defaulted"],
           {"memory": {f"TokenOfContract {CONTRACT}/LOC1": {**TOKEN_221, **odd}}}) for odd in ODD_TOKENS),
        (UP, {}, {"authorization_reference": "R"}, [],
         {"memory": {f"AuthorizationReference BE/BEC/{CONTRACT}/LOC1": {"authorization_reference": "R"}}}),
        (MID, {"cdr_token.type": "EMAID"}, {"cdr_token.type": "OTHER"}, ["cdr_token.type approximated"]),
        *((UPPER, {"cdr_token.type": "OTHER"}, {"cdr_token.type": told}, [],
           {"memory": {"Token NL/TNM/012345678": {**TOKEN_221, "type": pushed}}})
          for pushed, told in (("EMAID", "EMAID"), ("MINE", "MINE"), ("APP_USER", "OTHER"), (5, "OTHER"))),
        (UPPER, {"cdr_token.type": "RFID"}, {"cdr_token.type": "RFID"}, [],
         {"memory": {"Token NL/TNM/012345678": {**TOKEN_221, "type": "EMAID"}}}),
        *((OLD, {"charging_periods.0.dimensions": [{"type": kind, "volume": 1}]},
           {"charging_periods.0.dimensions": ZERO},
           ["charging_periods[0].dimensions[0] dropped", "charging_periods[0].dimensions defaulted"])
          for kind in ("CURRENT", "ENERGY_EXPORT", "ENERGY_IMPORT", "MAX_POWER", "MIN_POWER", "POWER",
                       "RESERVATION_TIME", "STATE_OF_CHARGE")),
        *((route, {"charging_periods.0.dimensions": [{"type": kind, "volume": D("1.10")}]},
           {"charging_periods.0.dimensions": [{"type": kind, "volume": D("1.10")}]}, [])
          for route in (OLD, UP, MID) for kind in ("ENERGY", "MAX_CURRENT", "MIN_CURRENT", "PARKING_TIME", "TIME")),
        (UP, {"charging_periods.0.dimensions": [{"type": "FLAT", "volume": 1}, {"type": "TIME", "volume": 1}]},
         {"charging_periods.0.dimensions": [{"type": "TIME", "volume": 1}]},
         ["charging_periods[0].dimensions[0] dropped"]),
        (UP, {"charging_periods.0.dimensions": [{"type": "FLAT", "volume": 1}]},
         {"charging_periods.0.dimensions": ZERO},
         ["charging_periods[0].dimensions[0] dropped", "charging_periods[0].dimensions defaulted"]),
        (OLD, {"charging_periods.0.tariff_id": "T1"}, {"charging_periods.0.tariff_id": ABSENT},
         ["charging_periods[0].tariff_id dropped"]),
        (MID, {"charging_periods.0.tariff_id": "T1"}, {"charging_periods.0.tariff_id": "T1"}, []),
        *((route, {"charging_periods.0.dimensions": [{"type": kind, "volume": 1}]},
           {"charging_periods.0.dimensions": [{"type": kind, "volume": 1}]}, [])
          for route in (MID, UPPER) for kind in SESSION_ONLY),
        (MID, {"charging_periods.0.dimensions": [{"type": "RESERVATION_EXPIRES", "volume": 1}]},
         {"charging_periods.0.dimensions": [{"type": "RESERVATION_TIME", "volume": 1}]},
         ["charging_periods[0].dimensions[0].type approximated"]),
        (MID, {"charging_periods.0.dimensions": [{"type": "RESERVATION_OVERTIME", "volume": 1}]},
         {"charging_periods.0.dimensions": ZERO},
         ["charging_periods[0].dimensions[0] dropped", "charging_periods[0].dimensions defaulted"]),
    ),
    *refused("Session", "does not know this Location", (OLD, {}), (NEW, {}), memory=NO_PLACE),
    *refused("Session", "does not know this Location", (OLD, {"evse_uid": "E9"}), (OLD, {"connector_id": "9"})),
    *refused("Session", "no party is known", (UP, {}), (UPMOST, {}), memory=NOBODY, context={"counterpart": None}),
    *refused("Session", "is not a number", (OLD, {"total_cost": {"excl_vat": "4"}}), (UP, {"total_cost": True})),
    *refused("Session", "only by case", (UP, {"id": "s1"}), memory={"Session BE/BEC/s1": {"id": "S1"}}),
    *refused("Session", "longer than 36", (UP, {"id": LONG}), (UP, {"auth_id": LONG})),
    *refused("Session", "location.id is longer than 36", (UP, {"location.id": LONG})),
    *refused("Session", "evses.0..uid is longer than 36", (UP, {"location.evses.0.uid": LONG})),
]  # fmt: skip

CDRS = [
    *rows(
        "CDR",
        *((route, {"charging_periods.0.dimensions": [{"type": kind, "volume": 1}, {"type": "TIME", "volume": 1}]},
           {"charging_periods.0.dimensions": [{"type": "TIME", "volume": 1}]},
           ["charging_periods[0].dimensions[0] dropped"])
          for route in (MID, UPPER) for kind in SESSION_ONLY),
        (UPPER, {"charging_periods.0.dimensions": [{"type": "POWER", "volume": 1}]},
         {"charging_periods.0.dimensions": ZERO},
         ["charging_periods[0].dimensions[0] dropped", "charging_periods[0].dimensions defaulted"]),
        (OLD, {}, {"stop_date_time": "2026-04-30T09:00:00Z", "end_date_time": ABSENT, "auth_id": CONTRACT}, []),
        *((OLD, {name: value}, {name: ABSENT}, [f"{name} dropped"]) for name, value in (
            ("session_id", "S1"), ("authorization_reference", "R"), ("signed_data", {"encoding_method": "OCMF"}),
            ("total_fixed_cost", {"excl_vat": 1}), ("total_energy_cost", {"excl_vat": 1}),
            ("total_time_cost", {"excl_vat": 1}), ("total_parking_cost", {"excl_vat": 1}),
            ("total_reservation_cost", {"excl_vat": 1}), ("invoice_reference_id", "I"), ("credit_reference_id", "C0"))),
        *((OLD, {name: False}, {name: ABSENT}, []) for name in ("credit", "home_charging_compensation")),
        *((MID, {name: {"before_taxes": D("-1.50"), "taxes": [{"name": "VAT", "amount": D("-0.30")}]}},
           {name: {"excl_vat": D("-1.50"), "incl_vat": D("-1.80")}}, [])
          for name in ("total_cost", "total_fixed_cost", "total_energy_cost", "total_time_cost", "total_parking_cost",
                       "total_reservation_cost")),
        (MID, {"booking_id": "B"}, {"booking_id": ABSENT}, ["booking_id dropped"]),
        (MID, {"credit": True, "id": "x" * 39}, {"credit": True, "id": "x" * 39}, []),
        (OLD, {"auth_method": "COMMAND"}, {"auth_method": "AUTH_REQUEST"}, ["auth_method approximated"]),
        (OLD, {"cdr_location.state": "Gent"}, {"location.state": ABSENT}, ["cdr_location.state dropped"]),
        (OLD, {"cdr_location.postal_code": ABSENT}, {"location.postal_code": ""}, ["location.postal_code defaulted"]),
        (OLD, {"cdr_location.evse_id": "#NA"}, {"location.evses.0.evse_id": ABSENT}, []),
        (OLD, {}, {"location.type": "UNKNOWN", "location.evses.0.status": "UNKNOWN",
                   "location.evses.0.connectors.0.voltage": 0, "location.evses.0.connectors.0.amperage": 0}, [],
         {"memory": NO_PLACE}),
        (OLD, {"cdr_location.connector_standard": "CHAOJI"},
         {"location.evses.0.connectors.0.standard": "IEC_62196_T2"},
         ["location.evses[0].connectors[0].standard approximated"]),
        (OLD, {"cdr_location.connector_power_type": "AC_2_PHASE"},
         {"location.evses.0.connectors.0.power_type": "AC_1_PHASE"},
         ["location.evses[0].connectors[0].power_type approximated"]),
        (OLD, {"tariffs": [{**TARIFF_221, "type": "PROFILE_FAST"}]}, {"tariffs": []}, ["tariffs[0] dropped"]),
        (OLD, {"tariffs": [{**TARIFF_221, "end_date_time": "2026-05-01T00:00:00Z"}]}, {"tariffs": [TARIFF_211]},
         ["tariffs[0].end_date_time dropped"]),
        (MID, {"tariffs": [{**TARIFF_230, "tax_included": "YES"}]}, {"tariffs": []}, ["tariffs[0] dropped"]),
        (UPPER, {"tariffs": [TARIFF_221]}, {"tariffs": [TARIFF_230]}, []),
        (UP, {"location.evses.0.evse_id": ABSENT}, {"cdr_location.evse_id": "#NA"},
         ["location.evses[0].evse_id defaulted"]),
        *((route, {"location.evses": none}, {"cdr_location.evse_uid": "#NA", "cdr_location.evse_id": "#NA",
                                             "cdr_location.connector_id": "#NA"},
           ["location.evses[0].evse_id defaulted", "location.evses defaulted"])
          for route, none in ((UP, []), (UPMOST, ABSENT))),
        (UP, {"location.country": "BE"}, {"cdr_location.country": "BEL"}, []),
        (UP, {"location.address": "x" * 50}, {"cdr_location.address": "x" * 45}, ["location.address approximated"]),
        (UP, {}, {"country_code": "BE", "party_id": "BEC", "cdr_token": CDR_TOKEN, "tariffs.0.party_id": "BEC"}, []),
        (UP, {}, {"cdr_token": UNKNOWN_TOKEN}, ["auth_id.uid defaulted", "auth_id.type defaulted"],
         {"memory": NOBODY}),
        (UP, {}, {"authorization_reference": "R"}, [],
         {"memory": {f"AuthorizationReference BE/BEC/{CONTRACT}/LOC1": {"authorization_reference": "R"}}}),
        (UPMOST, {}, {"tariffs.0.tax_included": "NO", "total_cost": {"before_taxes": D("2.50")}}, []),
    ),
    *refused("CDR", "credit", (OLD, {"credit": True}), (NEW, {"credit": True})),
    *refused("CDR", "home charging", (OLD, {"home_charging_compensation": True})),
    *refused("CDR", "more than 36", (OLD, {"id": LONG})),
    *refused("CDR", "signed_data", (OLD, {"signed_data": {"encoding_method": "OCMF"}}),
             context={"refuse_unsigned": True}),
    *refused("CDR", "unknown", (OLD, {"cdr_location.connector_standard": "CHAOJI"}), memory=NO_PLACE),
    *refused("CDR", "unknown", (MID, {"cdr_location.connector_standard": "MCS"})),
    *refused("CDR", "location.id is longer than 36", (UP, {"location.id": LONG})),
    *refused("CDR", "location.evses.0..uid is longer than 36", (UP, {"location.evses.0.uid": LONG})),
    *refused("CDR", "no connector", (UP, {"location.evses.0.connectors": []})),
    *refused("CDR", "is not an object", (OLD, {"cdr_location": ABSENT}), (MID, {"cdr_location": ABSENT})),
]  # fmt: skip


@pytest.mark.parametrize("row", TOKENS + SESSIONS + CDRS, ids=str)
def test_what_a_driver_leaves_behind_crosses_by_its_row(row: Row) -> None:
    check(row)


@pytest.mark.parametrize(
    ("object_name", "field", "value", "why"),
    [
        ("Tariff", "min_price", {"excl_vat": 1}, "different price"),
        ("Tariff", "max_price", {"excl_vat": 1}, "different price"),
        ("CDR", "signed_data", {"encoding_method": "OCMF"}, "calibration law"),
        ("Token", "group_id", "G", "another card of the group"),
        ("Connector", "max_electric_power", 9, "overestimate"),
    ],
)
def test_what_costs_the_receiver_something_is_dropped_with_the_reason(
    object_name: str, field: str, value: Any, why: str
) -> None:
    given = {**SAMPLES[object_name]["2.2.1"], field: value}
    _, receipt = translate(object_name, given, source="2.2.1", target="2.1.1", context=context(object_name))
    assert [why in loss.why for loss in receipt.losses if loss.field == field] == [True]


def test_a_cdr_of_a_reservation_that_was_never_used_comes_back_from_2_1_1() -> None:
    """OCPI 2.2.1, CdrLocation: `#NA` for EVSE and connector, which are not there at all in 2.1.1."""
    nowhere = {f"cdr_location.{name}": "#NA" for name in ("evse_uid", "evse_id", "connector_id")}
    given = changed(SAMPLES["CDR"]["2.2.1"], nowhere)
    old, _ = translate("CDR", given, source="2.2.1", target="2.1.1", context=context("CDR"))
    assert "evses" not in old["location"]
    back, _ = translate("CDR", old, source="2.1.1", target="2.2.1", context=context("CDR"))
    assert back["cdr_location"] == given["cdr_location"]
