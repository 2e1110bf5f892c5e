"""What holds for every object: down and up again gives the original, what was valid is valid in the other version,
and the receipt is empty exactly when nothing was lost. `--hypothesis-profile long` looks at many more examples.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.bridge import Untranslatable, What, parse_json, translate, write_json
from tests.routing.bridge.rows import mistakes
from tests.routing.bridge.samples import CDR_TOKEN, PERIODS, SAMPLES
from tests.routing.bridge.surroundings import changed, context

TEXT = st.text(st.characters(exclude_categories=["C"]), max_size=20) | st.text(max_size=20)
IDS = st.text("abcXYZ019-*", min_size=1, max_size=36)
STAMPS = st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20))
NUMBERS = st.integers(0, 10**6) | st.decimals(0, 10**6, places=4)
DEGREES = st.integers(-89_999_999, 89_999_999).map(lambda micro: f"{Decimal(micro) / 10**6:.6f}")
POINTS = st.fixed_dictionaries({"latitude": DEGREES, "longitude": DEGREES})


def some(*words: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), unique=True)


def changes(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of these fields, each present or not."""
    return st.fixed_dictionaries({}, optional=fields)


CONNECTORS = changes(
    id=IDS,
    standard=st.sampled_from(["CHADEMO", "IEC_62196_T2", "TESLA_S"]),
    power_type=st.sampled_from(["AC_1_PHASE", "AC_3_PHASE", "DC"]),
    max_voltage=st.integers(0, 1000),
    max_amperage=st.integers(0, 1000),
    tariff_ids=st.lists(IDS, min_size=1, max_size=1),
    last_updated=STAMPS,
).map(lambda more: {**SAMPLES["Connector"]["2.2.1"], **more})
EVSES = changes(
    uid=IDS,
    status=st.sampled_from(["AVAILABLE", "CHARGING", "REMOVED", "UNKNOWN"]),
    capabilities=some("CREDIT_CARD_PAYABLE", "REMOTE_START_STOP_CAPABLE", "RFID_READER", "UNLOCK_CAPABLE"),
    coordinates=POINTS,
    connectors=st.lists(CONNECTORS, min_size=1, max_size=3),
    parking_restrictions=some("EV_ONLY", "PLUGGED", "CUSTOMERS"),
).map(lambda more: {**SAMPLES["EVSE"]["2.2.1"], **more})
LOCATIONS = changes(
    id=IDS.filter(lambda text: text.casefold() != "loc1"),
    name=TEXT,
    city=TEXT,
    coordinates=POINTS,
    evses=st.lists(EVSES, max_size=2),
    facilities=some("HOTEL", "WIFI", "AIRPORT"),
    parking_type=st.sampled_from(["ON_STREET", "PARKING_GARAGE", "UNDERGROUND_GARAGE", "PARKING_LOT"]),
    time_zone=st.sampled_from(["Europe/Oslo", "Europe/Brussels"]),
    charging_when_closed=st.booleans(),
    last_updated=STAMPS,
).map(lambda more: {**SAMPLES["Location"]["2.2.1"], **more})
TOKENS = changes(
    uid=IDS,
    type=st.sampled_from(["RFID", "OTHER"]),
    contract_id=IDS,
    visual_number=TEXT,
    valid=st.booleans(),
    whitelist=st.sampled_from(["ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER"]),
).map(lambda more: {**SAMPLES["Token"]["2.2.1"], **more})
COMPONENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["ENERGY", "FLAT", "PARKING_TIME", "TIME"]),
        "price": NUMBERS,
        "step_size": st.integers(0, 3600),
    }
)
RESTRICTIONS = changes(start_time=st.just("08:00"), max_kwh=NUMBERS, day_of_week=some("MONDAY", "SUNDAY"))
ELEMENTS = st.fixed_dictionaries(
    {"price_components": st.lists(COMPONENTS, min_size=1, max_size=3)}, optional={"restrictions": RESTRICTIONS}
)
TARIFFS = changes(
    id=IDS, currency=st.sampled_from(["EUR", "SEK"]), elements=st.lists(ELEMENTS, min_size=1, max_size=3)
).map(lambda more: {**SAMPLES["Tariff"]["2.2.1"], **more})
STARTS = TOKENS.map(lambda token: {**SAMPLES["StartSession"]["2.2.1"], "token": {**token, "type": "RFID"}})
RESERVES = st.integers(0, 2**31 - 1).map(lambda n: {**SAMPLES["ReserveNow"]["2.2.1"], "reservation_id": str(n)})

LOSSLESS = {
    "Connector": CONNECTORS,
    "EVSE": EVSES,
    "Location": LOCATIONS,
    "Token": TOKENS,
    "Tariff": TARIFFS,
    "StartSession": STARTS,
    "ReserveNow": RESERVES,
}
PRICES = st.tuples(NUMBERS, st.none() | NUMBERS).map(
    lambda pair: {"excl_vat": pair[0]} if pair[1] is None else {"excl_vat": pair[0], "incl_vat": pair[1]}
)
SIGNED = {"nature": "End", "plain_data": "x", "signed_data": "y"}
COSTS = ("total_cost", "total_fixed_cost", "total_energy_cost", "total_time_cost", "total_parking_cost")
SESSIONS = changes(total_cost=PRICES, kwh=NUMBERS).map(lambda more: {**SAMPLES["Session"]["2.2.1"], **more})
CDRS = changes(
    **dict.fromkeys(COSTS, PRICES),
    tariffs=st.lists(TARIFFS, max_size=2),
    signed_data=st.just({"encoding_method": "OCMF", "signed_values": [SIGNED]}),
).map(lambda more: {**SAMPLES["CDR"]["2.2.1"], **more})
FROM_2_2_1 = {**LOSSLESS, "Session": SESSIONS, "CDR": CDRS}


def there_and_back(object_name: str, value: dict[str, Any], way: str) -> tuple[dict[str, Any], Any]:
    """Out by the way and home again, with the receipts of both."""
    strangers = {"Location BE/BEC/LOC1": None, "Token NL/TNM/012345678/RFID": None, "Token NL/TNM/012345678": None}
    surroundings = context(object_name, strangers)
    start, end = way.split(">")
    out, first = translate(object_name, value, source=start, target=end, context=surroundings)
    if not mistakes(start, object_name, value):
        assert mistakes(end, object_name, out) == []
    back, second = translate(object_name, out, source=end, target=start, context=surroundings)
    return back, first + second


@pytest.mark.parametrize("object_name", LOSSLESS)
@given(data=st.data())
def test_down_to_2_1_1_and_up_again_gives_the_original(object_name: str, data: st.DataObject) -> None:
    value = data.draw(LOSSLESS[object_name])
    back, receipt = there_and_back(object_name, value, "2.2.1>2.1.1")
    assert back == value
    assert not receipt


@pytest.mark.parametrize("object_name", LOSSLESS)
@given(data=st.data())
def test_down_from_2_3_0_to_2_1_1_and_up_again_gives_the_original(object_name: str, data: st.DataObject) -> None:
    value = data.draw(LOSSLESS[object_name])
    if object_name == "Tariff":
        value = {**value, "tax_included": "NO"}
    back, receipt = there_and_back(object_name, value, "2.3.0>2.1.1")
    assert back == value
    assert not receipt


@pytest.mark.parametrize("object_name", FROM_2_2_1)
@given(data=st.data())
def test_up_to_2_3_0_and_down_again_gives_the_original(object_name: str, data: st.DataObject) -> None:
    value = data.draw(FROM_2_2_1[object_name])
    back, receipt = there_and_back(object_name, value, "2.2.1>2.3.0")
    assert back == value
    assert not receipt


TAXES = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["VAT", "GST"]), "amount": NUMBERS}, optional={"percentage": st.integers(0, 30)}
    ),
    min_size=1,
    max_size=3,
)
TAXED = st.fixed_dictionaries({"before_taxes": NUMBERS}, optional={"taxes": TAXES})
DRIVEN = {
    "cdr_token": st.sampled_from(["RFID", "APP_USER", "EMAID"]).map(lambda kind: {**CDR_TOKEN, "type": kind}),
    "charging_periods": st.lists(
        st.sampled_from(["ENERGY", "POWER", "RESERVATION_OVERTIME", "RESERVATION_EXPIRES"]), min_size=1
    ).map(lambda kinds: [{**PERIODS[0], "dimensions": [{"type": kind, "volume": 1}]} for kind in kinds]),
}
"""From 2.3.0 with its bookings; to 2.1.1 a session or CDR always loses its card."""
PLACE = {"id": "P", "vehicle_types": ["BUS"], "restricted_to_type": False, "reservation_required": False}
VERSIONS = ("2.1.1", "2.2.1")
LOSSY = {
    "Session": changes(total_cost=TAXED, **DRIVEN),
    "CDR": changes(
        **dict.fromkeys(COSTS, TAXED),
        **DRIVEN,
        booking_id=IDS,
        remark=TEXT,
        tariffs=st.sampled_from(["NO", "N/A"]).map(lambda said: [{**SAMPLES["Tariff"]["2.3.0"], "tax_included": said}]),
    ),
    "Location": changes(
        state=TEXT,
        help_phone=TEXT,
        publish_allowed_to=st.lists(st.just({"type": "RFID"})),
        address=st.text("ab", min_size=1, max_size=50),
        facilities=some("HOTEL", "TRAM_STOP", "PARKING_LOT"),
        parking_type=st.sampled_from(["ON_STREET", "ALONG_MOTORWAY"]),
        parking_places=st.lists(st.just(PLACE)),
    ),
    "EVSE": changes(
        capabilities=some("RFID_READER", "PED_TERMINAL", "TOKEN_GROUP_CAPABLE"),
        parking_restrictions=some("EV_ONLY", "EMPLOYEES", "TAXIS"),
        accepted_service_providers=st.lists(TEXT),
    ),
    "Connector": changes(
        max_electric_power=st.integers(1, 9),
        power_type=st.sampled_from(["DC", "AC_2_PHASE"]),
        tariff_ids=st.lists(IDS, min_size=1, max_size=3),
        capabilities=some("ISO_15118_2_PLUG_AND_CHARGE"),
    ),
    "Token": changes(group_id=IDS, energy_contract=st.just({"supplier_name": "x"}), visual_number=TEXT),
    "Tariff": changes(
        min_price=PRICES.map(lambda price: {"before_taxes": price["excl_vat"]}),
        end_date_time=st.just("2030-01-01T00:00:00Z"),
        tariff_alt_url=st.sampled_from(["https://cpo.example/t2", "cpo"]),
    ),
}


@pytest.mark.parametrize(
    ("object_name", "target"),
    [(name, target) for name in LOSSY for target in VERSIONS if target == "2.2.1" or name not in ("Session", "CDR")],
)
@given(data=st.data())
def test_the_receipt_is_empty_exactly_when_nothing_was_lost(object_name: str, target: str, data: st.DataObject) -> None:
    value = {**SAMPLES[object_name]["2.3.0"], **data.draw(LOSSY[object_name])}
    back, receipt = there_and_back(object_name, value, f"2.3.0>{target}")
    kept = {name: item for name, item in value.items() if item != []}
    came_back = {name: item for name, item in back.items() if item != []}
    assert bool(receipt) == (came_back != kept)
    assert all(loss.what in What for loss in receipt.losses)


def paths(value: Any, above: str = "") -> list[str]:
    """The dotted paths of everything inside a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for name, item in inside for path in (f"{above}{name}", *paths(item, f"{above}{name}."))]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("object_name", SAMPLES)
@pytest.mark.parametrize("way", ["2.1.1>2.3.0", "2.3.0>2.1.1", "2.2.1>2.1.1", "2.3.0>2.2.1"])
@given(data=st.data())
def test_nonsense_is_refused_or_passed_never_a_crash(object_name: str, way: str, data: st.DataObject) -> None:
    source, target = way.split(">")
    path = data.draw(st.sampled_from(sorted(paths(SAMPLES[object_name][source]))))
    value = changed(SAMPLES[object_name][source], {path: data.draw(JSON)})
    try:
        out, _ = translate(object_name, value, source=source, target=target, context=context(object_name))
    except Untranslatable:
        return
    assert parse_json(write_json(out)) == out
