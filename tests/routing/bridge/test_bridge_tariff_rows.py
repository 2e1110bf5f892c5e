"""One case for each row of the tables of money, tariffs and commands where a rule can go wrong."""

from __future__ import annotations

from typing import Any

import pytest

from routing.bridge import AnsweredByHub, translate
from tests.routing.bridge.rows import Row, check
from tests.routing.bridge.samples import (
    CONNECTOR_221,
    EVSE_221,
    LOCATION_221,
    SAMPLES,
    TOKEN_221,
    D,
)
from tests.routing.bridge.surroundings import ABSENT, context

OLD, MID, NEW = "2.2.1>2.1.1", "2.3.0>2.2.1", "2.3.0>2.1.1"
UP, UPPER, UPMOST = "2.1.1>2.2.1", "2.2.1>2.3.0", "2.1.1>2.3.0"


def rows(object_name: str, *cases: tuple[Any, ...]) -> list[Row]:
    """Rows of (route, given, expected, lost words, more)."""
    return [
        Row(object_name, route, given, expected, tuple(lost), **(more[0] if more else {}))
        for route, given, expected, lost, *more in cases
    ]


def refused(object_name: str, why: str, *cases: tuple[str, dict[str, Any]], **more: Any) -> list[Row]:
    return [Row(object_name, route, given, refused=why, **more) for route, given in cases]


def parts(*prices: tuple[Any, Any]) -> list[dict[str, Any]]:
    """Price components of (price, vat or ABSENT)."""
    return [
        {"type": "ENERGY", "price": price, **({} if vat is ABSENT else {"vat": vat}), "step_size": 1}
        for price, vat in prices
    ]


FIRST = "elements.0.price_components"
YES, NA = {"tax_included": "YES"}, {"tax_included": "N/A"}
ONE = {"price_components": parts((D("0.25"), ABSENT))}
FREE = {"elements.1.price_components": parts((0, ABSENT))}

PRICES = rows(
    "Session",
    *((MID, {"total_cost": new}, {"total_cost": old}, lost) for new, old, lost in (
        ({"before_taxes": 10}, {"excl_vat": 10}, []),
        ({"before_taxes": D("10.00"), "taxes": []}, {"excl_vat": D("10.00")}, []),
        ({"before_taxes": 10, "taxes": [{"name": "VAT", "amount": 0}]}, {"excl_vat": 10, "incl_vat": 10}, []),
        ({"before_taxes": 10, "taxes": [{"name": "VAT", "amount": D("2.1")}]},
         {"excl_vat": 10, "incl_vat": D("12.1")}, []),
        ({"before_taxes": 10, "taxes": [{"name": "QST", "amount": D("0.998")}, {"name": "GST", "amount": D("0.5")}]},
         {"excl_vat": 10, "incl_vat": D("11.498")}, ["total_cost.taxes dropped"]),
        ({"before_taxes": 10, "taxes": [{"name": "GST", "amount": 1}]}, {"excl_vat": 10, "incl_vat": 11},
         ["total_cost.taxes dropped"]),
        ({"before_taxes": 10, "taxes": [{"name": "VAT", "amount": 1, "percentage": 10}]},
         {"excl_vat": 10, "incl_vat": 11}, ["total_cost.taxes dropped"]),
        ({"before_taxes": 10, "taxes": [{"name": "VAT", "amount": 1, "account_number": "X"}]},
         {"excl_vat": 10, "incl_vat": 11}, ["total_cost.taxes dropped"]),
        ({"before_taxes": -10, "taxes": [{"name": "VAT", "amount": -2}]}, {"excl_vat": -10, "incl_vat": -12}, []),
    )),
    *((UPPER, {"total_cost": old}, {"total_cost": new}, []) for old, new in (
        ({"excl_vat": D("4.00")}, {"before_taxes": D("4.00")}),
        ({"excl_vat": D("4.00"), "incl_vat": D("4.40")},
         {"before_taxes": D("4.00"), "taxes": [{"name": "VAT", "amount": D("0.40")}]}),
        ({"excl_vat": 4, "incl_vat": 4}, {"before_taxes": 4, "taxes": [{"name": "VAT", "amount": 0}]}),
        ({"excl_vat": -4, "incl_vat": -5}, {"before_taxes": -4, "taxes": [{"name": "VAT", "amount": -1}]}),
    )),
)  # fmt: skip

TARIFFS = [
    *rows(
        "Tariff",
        (UPPER, {}, {"tax_included": "NO"}, []),
        (UPMOST, {}, {"tax_included": "NO", "country_code": "BE", "party_id": "BEC"}, []),
        (UP, {}, {"country_code": "BE", "party_id": "BEC", "tax_included": ABSENT, "type": ABSENT}, []),
        (MID, {"tax_included": ABSENT}, {"tax_included": ABSENT}, []),
        (MID, {FIRST: parts((D("0.25"), 21))}, {FIRST: parts((D("0.25"), 21))}, []),
        (MID, {**NA, FIRST: parts((D("0.25"), 21))}, {FIRST: parts((D("0.25"), ABSENT))},
         ["tax_included dropped", "elements[0].price_components[0].vat dropped"]),
        (MID, {**NA}, {FIRST: parts((D("0.25"), ABSENT))}, ["tax_included dropped"]),
        (MID, {**YES, **FREE, FIRST: parts((D("1.21"), 21))}, {FIRST: parts((D("1.0000"), 21))},
         ["tax_included dropped"]),
        (MID, {**YES, **FREE, FIRST: parts((D("2.10"), D("7.5")))}, {FIRST: parts((D("1.9535"), D("7.5")))},
         ["tax_included dropped", "elements[0].price_components[0].price approximated"]),
        (MID, {**YES, **FREE, FIRST: parts((D("0.00005"), 0))}, {FIRST: parts((D("0.0000"), 0))},
         ["tax_included dropped", "elements[0].price_components[0].price approximated"]),
        (MID, {**YES, **FREE, FIRST: parts((0, ABSENT))}, {FIRST: parts((0, ABSENT))}, ["tax_included dropped"]),
        (OLD, {FIRST: parts((D("0.25"), 21))}, {FIRST: parts((D("0.25"), ABSENT))},
         ["elements[0].price_components[0].vat dropped"]),
        *((OLD, {name: {"excl_vat": 1}}, {name: ABSENT}, [f"{name} dropped"]) for name in ("min_price", "max_price")),
        *((UPPER, {name: {"excl_vat": 1, "incl_vat": D("1.2")}},
           {name: {"before_taxes": 1, "after_taxes": D("1.2")}}, [])
          for name in ("min_price", "max_price")),
        *((MID, {name: {"before_taxes": 1, "after_taxes": D("1.2")}},
           {name: {"excl_vat": 1, "incl_vat": D("1.2")}}, [])
          for name in ("min_price", "max_price")),
        (MID, {"min_price": {"before_taxes": 1}}, {"min_price": {"excl_vat": 1}}, []),
        (MID, {"preauthorize_amount": 1}, {"preauthorize_amount": ABSENT}, ["preauthorize_amount dropped"]),
        (OLD, {"type": "REGULAR"}, {"type": ABSENT}, []),
        (MID, {"type": "PROFILE_FAST"}, {"type": "PROFILE_FAST"}, []),
        (OLD, {"start_date_time": "2026-05-01T12:00:00Z"}, {"start_date_time": ABSENT}, ["start_date_time dropped"]),
        (OLD, {"end_date_time": "2026-05-01T12:00:01Z"}, {"end_date_time": ABSENT}, ["end_date_time dropped"]),
        (MID, {"end_date_time": "2020-01-01T00:00:00Z"}, {"end_date_time": "2020-01-01T00:00:00Z"}, []),
        *((OLD, {"elements": [{**ONE, "restrictions": {"reservation": kind}}, ONE]}, {"elements": [ONE]},
           ["elements[0] dropped"]) for kind in ("RESERVATION", "RESERVATION_EXPIRES")),
        (MID, {"elements": [{**ONE, "restrictions": {"reservation": "RESERVATION"}}]},
         {"elements.0.restrictions.reservation": "RESERVATION"}, []),
        (MID, {"elements": [{**ONE, "restrictions": {"booking": "X"}}, ONE]}, {"elements": [ONE]},
         ["elements[0] dropped"]),
        (MID, {"elements": [{**ONE, "restrictions": {"min_current": 6}}]},
         {"elements.0.restrictions.min_current": 6}, []),
        *((route, {"elements.0.restrictions": {name: value}}, {"elements.0.restrictions": {name: value}}, [])
          for route in (OLD, UP, MID, NEW)
          for name, value in (("start_time", "08:00"), ("end_time", "09:00"), ("start_date", "2026-01-01"),
                              ("end_date", "2026-02-01"), ("min_kwh", D("0.50")), ("max_kwh", 5), ("min_power", 1),
                              ("max_power", 2), ("min_duration", 60), ("max_duration", 90),
                              ("day_of_week", ["SUNDAY"]))),
        *((route, {f"{FIRST}.0.type": kind}, {f"{FIRST}.0.type": kind}, []) for route in (OLD, UP, MID)
          for kind in ("ENERGY", "FLAT", "PARKING_TIME", "TIME")),
        (UP, {"energy_mix": {"is_green_energy": True, "environ_impact": [{"source": "NUCLEAR_WASTE", "amount": 1}]}},
         {"energy_mix.environ_impact": [{"category": "NUCLEAR_WASTE", "amount": 1}]}, []),
        (OLD, {"energy_mix": {"is_green_energy": True, "environ_impact": [{"category": "NUCLEAR_WASTE", "amount": 1}]}},
         {"energy_mix.environ_impact": [{"source": "NUCLEAR_WASTE", "amount": 1}]}, []),
    ),
    *refused("Tariff", "unknowable", (MID, {**YES, FIRST: parts((D("2.10"), ABSENT))}), (NEW, YES)),
    *refused("Tariff", "tax_included", (MID, {"tax_included": "SOMETIMES"})),
    *refused("Tariff", "regular price", *((OLD, {"type": kind}) for kind in (
        "AD_HOC_PAYMENT", "PROFILE_CHEAP", "PROFILE_FAST", "PROFILE_GREEN"))),
    *refused("Tariff", "not active", (OLD, {"start_date_time": "2026-05-01T12:00:01Z"}),
             (OLD, {"end_date_time": "2026-05-01T12:00:00Z"})),
    *refused("Tariff", "restricted by current", *((route, {"elements.0.restrictions": {name: 6}})
             for route in (OLD, NEW) for name in ("min_current", "max_current"))),
    *refused("Tariff", "no element", (OLD, {"elements": [{**ONE, "restrictions": {"reservation": "RESERVATION"}}]}),
             (MID, {"elements": [{**ONE, "restrictions": {"booking": "X"}}]}), (OLD, {"elements": []})),
    *refused("Tariff", "only by case", (UP, {"id": "t1"}), memory={"Tariff BE/BEC/t1": {"id": "T1"}}),
    *refused("Tariff", "longer than 36", (UP, {"id": "x" * 37})),
]  # fmt: skip

STRICT_EVSE = {**EVSE_221, "capabilities": ["START_SESSION_CONNECTOR_REQUIRED"]}
STRICT = {"Location BE/BEC/LOC1": {**LOCATION_221, "evses": [STRICT_EVSE]}}
COMMANDS = [
    *rows(
        "StartSession",
        (OLD, {"connector_id": "1"}, {"connector_id": ABSENT}, ["connector_id dropped"]),
        (OLD, {"authorization_reference": "R"}, {"authorization_reference": ABSENT},
         ["authorization_reference dropped"]),
        (OLD, {"token": {**TOKEN_221, "type": "APP_USER"}}, {"token.type": "OTHER"}, ["token.type approximated"]),
        (MID, {"token": {**TOKEN_221, "type": "EMAID"}}, {"token.type": "OTHER"}, ["token.type approximated"]),
        (MID, {"connector_id": "1"}, {"connector_id": "1"}, []),
        (UP, {}, {"connector_id": ABSENT, "token.country_code": "NL", "token.party_id": "TNM"}, []),
        (UP, {}, {"connector_id": "1"}, ["connector_id defaulted"], {"memory": STRICT}),
    ),
    *rows(
        "ReserveNow",
        (OLD, {"reservation_id": "2147483647"}, {"reservation_id": 2147483647}, []),
        (OLD, {"reservation_id": "2147483648"}, {"reservation_id": 5}, ["reservation_id approximated"],
         {"memory": {"Reservation NL/TNM/2147483648": {"number": 5}}}),
        (OLD, {"reservation_id": "R-1"}, {"reservation_id": 9}, ["reservation_id approximated"],
         {"memory": {"Reservation NL/TNM/R-1": {"number": 9}}}),
        (OLD, {"reservation_id": "007"}, {"reservation_id": 9}, ["reservation_id approximated"],
         {"memory": {"Reservation NL/TNM/007": {"number": 9}}}),
        (UP, {"reservation_id": 17}, {"reservation_id": "17"}, []),
        (UPMOST, {"reservation_id": 17}, {"reservation_id": "17"}, []),
        (OLD, {"expiry_date": "2026-05-01T13:00:00.5Z"}, {"expiry_date": "2026-05-01T13:00:00Z"},
         ["expiry_date approximated"]),
    ),
    *refused("UnlockConnector", "longer than 36", (UP, {"location_id": "x" * 37}), (UP, {"evse_uid": "x" * 39}),
             (UP, {"connector_id": "x" * 37})),
    *rows(
        "CommandResponse",
        *((OLD, {"result": word}, {"result": word, "timeout": ABSENT}, [])
          for word in ("ACCEPTED", "REJECTED", "NOT_SUPPORTED", "UNKNOWN_SESSION")),
        *((UP, {"result": word}, {"result": word, "timeout": 120, "message": ABSENT}, [])
          for word in ("ACCEPTED", "REJECTED", "NOT_SUPPORTED", "UNKNOWN_SESSION")),
        (UP, {"result": "TIMEOUT"}, {"result": "REJECTED", "message.0.language": "en"}, ["result approximated"]),
        (OLD, {"message": [{"language": "en", "text": "x"}]}, {"message": ABSENT}, ["message dropped"]),
        (UP, {}, {"timeout": 30}, [], {"context": {"command_timeout_s": 30}}),
    ),
    *rows(
        "CommandResult",
        *((route, {"result": word}, {"result": word}, []) for route in (OLD, UP, NEW, UPMOST)
          for word in ("ACCEPTED", "REJECTED", "NOT_SUPPORTED", "TIMEOUT")),
        (UP, {"result": "UNKNOWN_SESSION"}, {"result": "FAILED", "message.0.language": "en"}, ["result approximated"]),
        *((OLD, {"result": word}, {"result": "REJECTED"}, ["result approximated"])
          for word in ("EVSE_OCCUPIED", "EVSE_INOPERATIVE", "FAILED", "UNKNOWN_RESERVATION", "CANCELED_RESERVATION")),
        (OLD, {"message": [{"language": "en", "text": "x"}]}, {"message": ABSENT}, ["message dropped"]),
        (MID, {"result": "CANCELED_RESERVATION"}, {"result": "CANCELED_RESERVATION"}, []),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", PRICES + TARIFFS + COMMANDS, ids=str)
def test_prices_and_commands_cross_by_their_row(row: Row) -> None:
    check(row)


def test_a_reservation_id_that_is_no_number_becomes_the_same_number_every_time() -> None:
    def number(reservation_id: str) -> Any:
        given = {**SAMPLES["ReserveNow"]["2.2.1"], "reservation_id": reservation_id}
        out, _ = translate("ReserveNow", given, source="2.2.1", target="2.1.1", context=context("ReserveNow"))
        return out["reservation_id"]

    assert isinstance(number("R-1"), int)
    assert 0 <= number("R-1") < 2**31
    assert number("R-1") == number("r-1") != number("R-2")


def test_a_start_without_connector_is_rejected_where_the_evse_has_several_and_wants_one_named() -> None:
    two = {**STRICT_EVSE, "connectors": [CONNECTOR_221, {**CONNECTOR_221, "id": "2"}]}
    memory = {"Location BE/BEC/LOC1": {**LOCATION_221, "evses": [two]}}
    with pytest.raises(AnsweredByHub) as caught:
        translate(
            "StartSession",
            SAMPLES["StartSession"]["2.1.1"],
            source="2.1.1",
            target="2.2.1",
            context=context("StartSession", memory),
        )
    assert caught.value.data == {"result": "REJECTED"}


def test_the_bare_word_of_early_2_1_1_is_a_command_response() -> None:
    out, _ = translate("CommandResponse", "ACCEPTED", source="2.1.1", target="2.2.1", context=context("StartSession"))
    assert out == {"result": "ACCEPTED", "timeout": 120}
