"""A PATCH stays a PATCH: key by key, nothing invented, with the stored object only where OCPI means something else."""

from __future__ import annotations

import pytest

from routing.bridge import NeedsObject, Periods, translate, translate_request
from tests.routing.bridge.messages import R, request, sent
from tests.routing.bridge.rows import Row, check_patch
from tests.routing.bridge.samples import (
    CDR_TOKEN,
    EVSE_211,
    EVSE_221,
    LOCATION_211,
    LOCATION_221,
    PERIODS,
    SESSION_221,
    TARIFF_221,
    TARIFF_230,
    THIRD,
    UPDATED,
    D,
)
from tests.routing.bridge.surroundings import STAMP, context

OLD, MID, NEW = "2.2.1>2.1.1", "2.3.0>2.2.1", "2.3.0>2.1.1"
UP, UPPER, UPMOST = "2.1.1>2.2.1", "2.2.1>2.3.0", "2.1.1>2.3.0"
AT = {"last_updated": UPDATED}
IN_SESSION = {"ids": {"session_id": "S1"}}
SESSION = {"Session BE/BEC/S1": SESSION_221}
CHANGED_FIRST = [{**PERIODS[0], "dimensions": [{"type": "ENERGY", "volume": 9}]}, PERIODS[1]]

ROWS = [
    Row("Location", OLD, {**AT, "name": "New"}, {**AT, "name": "New"}),
    Row("Location", UP, {**AT, "name": "New"}, {**AT, "name": "New"}),
    Row("Location", UPMOST, {"name": "New"}, {"name": "New", "last_updated": STAMP}, ("last_updated defaulted",)),
    Row(
        "Location", OLD, {**AT, "parking_type": "ON_DRIVEWAY"}, {**AT, "type": "OTHER"}, ("parking_type approximated",)
    ),
    Row("Location", OLD, {**AT, "state": None}, AT),
    Row("Location", OLD, {**AT, "parking_type": None}, {**AT, "type": "UNKNOWN"}, ("type defaulted",)),
    Row("Location", OLD, {**AT, "postal_code": None}, {**AT, "postal_code": ""}, ("postal_code defaulted",)),
    Row("Location", OLD, {**AT, "name": None}, {**AT, "name": None}),
    Row("Location", UP, {**AT, "type": "UNKNOWN"}, {**AT, "parking_type": None}),
    Row("Location", UP, {**AT, "type": "OTHER"}, {**AT, "parking_type": None}, ("type dropped",)),
    Row("Location", MID, {**AT, "parking_type": "ROOF"}, {**AT, "parking_type": None}, ("parking_type dropped",)),
    Row("Location", UP, {**AT, "opening_times": {}}, {**AT, "opening_times": None}),
    # optional in 2.1.1, mandatory from 2.2 on (2.1.1 and 2.2.1, locations, Location object)
    *[
        Row(
            "Location",
            way,
            {**AT, "time_zone": None},
            {**AT, "time_zone": "Europe/Brussels"},
            ("time_zone defaulted",),
            context={"ids": {"location_id": "LOC1"}},
        )
        for way in (UP, UPMOST)
    ],
    Row(
        "Location",
        UP,
        {**AT, "country": "JP", "time_zone": None},
        {**AT, "country": "JPN", "time_zone": "Asia/Tokyo"},
        ("time_zone defaulted",),
        context={"ids": {"location_id": "LOC1"}},
    ),
    *[
        Row(
            "Location",
            UP,
            {**AT, "name": "New", "time_zone": None},
            {**AT, "name": "New"},
            ("time_zone dropped",),
            memory={"Location BE/BEC/LOC1": known},
            context={"ids": {"location_id": "LOC1"}},
        )
        for known in (None, {**LOCATION_221, "country": "XXX"})
    ],
    Row("Connector", OLD, {**AT, "tariff_ids": []}, {**AT, "tariff_id": None}),
    Row(
        "Connector",
        OLD,
        {**AT, "tariff_ids": ["A"]},
        {**AT, "tariff_id": None},
        ("tariff_ids dropped",),
        memory={"Tariff BE/BEC/A": {**TARIFF_221, "type": "PROFILE_FAST"}},
    ),
    Row("Location", OLD, {**AT, "publish": False}, refused="not to be published"),
    Row("Location", OLD, {**AT, "publish": True}, AT),
    Row(
        "Location",
        OLD,
        {**AT, "name": "New"},
        refused="not to be published",
        memory={"Location BE/BEC/LOC1": {**LOCATION_221, "publish": False}},
        context={"ids": {"location_id": "LOC1"}},
    ),
    Row("Location", OLD, {**AT, "evses": [EVSE_221]}, {**AT, "evses": [EVSE_211]}),
    Row("Location", UP, {**AT, "evses": [EVSE_211]}, {**AT, "evses": [EVSE_221]}),
    Row("EVSE", OLD, {**AT, "status": "CHARGING"}, {**AT, "status": "CHARGING"}),
    Row("EVSE", UP, {"status": "REMOVED"}, {"status": "REMOVED", "last_updated": STAMP}, ("last_updated defaulted",)),
    Row(
        "EVSE",
        OLD,
        {"capabilities": ["START_SESSION_CONNECTOR_REQUIRED", "REMOTE_START_STOP_CAPABLE"]},
        {"capabilities": ["REMOTE_START_STOP_CAPABLE"]},
        ("capabilities[0] dropped",),
        context={"ids": {"location_id": "LOC1", "evse_uid": "E1"}},
    ),
    Row(
        "EVSE",
        OLD,
        {"capabilities": ["START_SESSION_CONNECTOR_REQUIRED", "REMOTE_START_STOP_CAPABLE"]},
        {"capabilities": []},
        ("capabilities[0] dropped", "capabilities dropped"),
    ),
    Row("Connector", UP, {**AT, "tariff_id": "T9"}, {**AT, "tariff_ids": ["T9"]}),
    Row("Connector", OLD, {**AT, "tariff_ids": ["T9"]}, {**AT, "tariff_id": "T9"}),
    Row("Connector", OLD, {**AT, "max_voltage": 1, "max_amperage": 2}, {**AT, "voltage": 1, "amperage": 2}),
    Row("Connector", OLD, {"standard": "CHAOJI"}, refused="unknown"),
    Row("Token", OLD, {**AT, "valid": False}, {**AT, "valid": False}),
    Row("Token", UP, {"auth_id": "X"}, {"contract_id": "X", "last_updated": STAMP}, ("last_updated defaulted",)),
    Row("Session", OLD, {**AT, "kwh": D("5.00")}, {**AT, "kwh": D("5.00")}),
    Row("Session", UP, {**AT, "total_cost": 3}, {**AT, "total_cost": {"excl_vat": 3}}),
    Row("Session", UPMOST, {**AT, "total_cost": 3}, {**AT, "total_cost": {"before_taxes": 3}}),
    Row("Session", UPPER, {**AT, "charging_periods": [THIRD]}, {**AT, "charging_periods": [THIRD]}),
    *(
        Row(
            "Session",
            route,
            {**AT, "charging_periods": [THIRD]},
            {**AT, "charging_periods": [*PERIODS, THIRD]},
            memory=SESSION,
            context=IN_SESSION,
        )
        for route in (OLD, NEW)
    ),
    Row(
        "Session",
        OLD,
        {"charging_periods": [PERIODS[1], THIRD]},
        {"charging_periods": [*PERIODS, THIRD]},
        memory=SESSION,
        context=IN_SESSION,
    ),
    Row(
        "Session",
        OLD,
        {"charging_periods": [THIRD]},
        {"charging_periods": [THIRD]},
        context={**IN_SESSION, "periods_211": Periods.APPEND},
    ),
    *(
        Row(
            "Session",
            route,
            {**AT, "charging_periods": [*PERIODS, THIRD]},
            {**AT, "charging_periods": [THIRD]},
            memory=SESSION,
            context=IN_SESSION,
        )
        for route in (UP, UPMOST)
    ),
    Row("Session", UP, {**AT, "charging_periods": PERIODS}, AT, memory=SESSION, context=IN_SESSION),
    Row(
        "Session",
        UP,
        {**AT, "charging_periods": [THIRD]},
        {**AT, "charging_periods": [THIRD]},
        context={**IN_SESSION, "periods_211": Periods.APPEND},
    ),
    *(
        Row("Session", route, {**AT, "charging_periods": [THIRD]}, refused="PUT first", context=IN_SESSION)
        for route in (OLD, UP, NEW, UPMOST)
    ),
    Row(
        "Session",
        OLD,
        {"location_id": "LOC1", "evse_uid": "E1", "connector_id": "1"},
        {"location": LOCATION_211},
        context=IN_SESSION,
    ),
    Row("Session", OLD, {"evse_uid": "E1"}, {"location": LOCATION_211}, memory=SESSION, context=IN_SESSION),
    Row("Session", OLD, {"evse_uid": "E1"}, refused="PUT first", context=IN_SESSION),
    Row(
        "Session",
        UP,
        {**AT, "location": LOCATION_211},
        {**AT, "location_id": "LOC1", "evse_uid": "E1", "connector_id": "1"},
        ("location approximated",),
    ),
    Row(
        "Session",
        UP,
        {**AT, "auth_id": "NL-TNM-C12345678-X"},
        {**AT, "cdr_token": CDR_TOKEN},
        memory=SESSION,
        context=IN_SESSION,
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_patch_is_translated_key_by_key(row: Row) -> None:
    check_patch(row)


def test_what_a_patch_needs_is_named() -> None:
    with pytest.raises(NeedsObject) as caught:
        translate(
            "Session",
            {"charging_periods": [THIRD]},
            source="2.2.1",
            target="2.1.1",
            context=context("Session", ids={"session_id": "S1"}),
            partial=True,
        )
    assert (caught.value.object_name, caught.value.key) == ("Session", ("BE", "BEC", "S1"))


@pytest.mark.parametrize(
    ("target", "cost"), [("2.2.1", {"excl_vat": D("2.50")}), ("2.3.0", {"before_taxes": D("2.50")})]
)
def test_a_patch_that_changes_earlier_periods_becomes_a_put(target: str, cost: dict[str, object]) -> None:
    patch = request("2.1.1", R, "PATCH", "sessions/BE/BEC/S1", {**AT, "charging_periods": CHANGED_FIRST})
    out, _ = translate_request(patch, target_version=target, context=context("Session", SESSION))
    assert (out.method, out.operation and out.operation.id) == ("PUT", "SES-R2")
    assert sent(out) == {**SESSION_221, "charging_periods": CHANGED_FIRST, "total_cost": cost}


@pytest.mark.parametrize(("target", "whole"), [("2.2.1", TARIFF_221), ("2.3.0", TARIFF_230)])
def test_a_patch_of_a_tariff_becomes_a_put_of_the_whole(target: str, whole: dict[str, object]) -> None:
    patch = request("2.1.1", R, "PATCH", "tariffs/BE/BEC/T1", {"currency": "SEK"})
    out, receipt = translate_request(
        patch, target_version=target, context=context("Tariff", {"Tariff BE/BEC/T1": TARIFF_221})
    )
    assert (out.method, out.operation and out.operation.id) == ("PUT", "TAR-R2")
    assert sent(out) == {**whole, "currency": "SEK", "last_updated": STAMP}
    assert [loss.field for loss in receipt.losses] == ["last_updated"]


def test_a_patch_of_a_tariff_that_the_hub_does_not_know_is_refused() -> None:
    patch = request("2.1.1", R, "PATCH", "tariffs/BE/BEC/T1", {"currency": "SEK"})
    with pytest.raises(NeedsObject, match="PUT first"):
        translate_request(patch, target_version="2.2.1", context=context("Tariff"))
