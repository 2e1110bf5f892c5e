"""Locations, sessions, CDRs, tokens and commands between OCPI 2.2.1 and 2.3.0.

Up, almost everything is the same; down, what 2.3.0 added is dropped and its open enums are closed again.
"""

from __future__ import annotations

from typing import Any, Final

from routing.bridge.refusals import Unmapped, Untranslatable
from routing.bridge.shape import GONE, Field, Place, Shape, Turn, Value, each, expect_object, names, nested
from routing.bridge.v211_v221.periods import never_empty
from routing.bridge.v211_v221.tokens import restored_type
from routing.bridge.v221_v230.money import price_down, price_up, tariff_down, tariff_up
from routing.bridge.words import (
    CAPABILITIES_221,
    CONNECTORS_221,
    FACILITIES_221,
    IMAGE_CATEGORIES,
    IMPACTS,
    PARKING_RESTRICTIONS,
    PARKING_TYPES_221,
    TOKEN_TYPES_221,
    connector_standard,
    is_in,
    word,
    words,
)

# --- locations -------------------------------------------------------------------------------------------------------

_image = Shape({"category": Field("category", word(IMAGE_CATEGORIES, other="OTHER"))})
_images = Field("images", each(_image))
_business = nested(Shape({"logo": Field("logo", nested(_image))}))


def _impact(value: Any, place: Place) -> Any:
    if is_in(expect_object(value, place).get("category"), IMPACTS):
        return value
    place.dropped(value)
    return GONE


_mix = Field("energy_mix", nested(Shape({"environ_impact": Field("environ_impact", each(_impact))})))

connector_down = Shape(
    fields={"standard": Field("standard", connector_standard(CONNECTORS_221))},
    known=names(
        "id format power_type max_voltage max_amperage max_electric_power tariff_ids terms_and_conditions last_updated"
    ),
    is_closed=True,
)


def _some_connector(source: Value, out: Value, place: Place) -> None:
    if source.get("connectors") and not out.get("connectors"):
        raise Unmapped(f"{place.object_name}: {place.path} no connector is known in OCPI 2.2.1")


_RESTRICTIONS: Final = {"EMPLOYEES": "CUSTOMERS", "TENANTS": "CUSTOMERS"}

evse_down = Shape(
    fields={
        "capabilities": Field("capabilities", words(CAPABILITIES_221)),
        "parking_restrictions": Field("parking_restrictions", words(PARKING_RESTRICTIONS, _RESTRICTIONS)),
        "connectors": Field("connectors", each(connector_down, leave_out=Unmapped)),
        "images": _images,
    },
    known=names(
        "uid evse_id status status_schedule floor_level coordinates physical_reference directions last_updated"
    ),
    is_closed=True,
    finish=_some_connector,
)

token_type: Final = word(TOKEN_TYPES_221, other="OTHER")
_publish_token = Shape({"type": Field("type", token_type)})

location_down = Shape(
    fields={
        "publish_allowed_to": Field("publish_allowed_to", each(_publish_token)),
        "parking_type": Field("parking_type", word(PARKING_TYPES_221)),
        "evses": Field("evses", each(evse_down, leave_out=Unmapped)),
        "operator": Field("operator", _business),
        "suboperator": Field("suboperator", _business),
        "owner": Field("owner", _business),
        "facilities": Field("facilities", words(FACILITIES_221)),
        "images": _images,
        "energy_mix": _mix,
    },
    known=names(
        "country_code party_id id publish name address city postal_code state country coordinates related_locations"
        " directions time_zone opening_times charging_when_closed last_updated"
    ),
    is_closed=True,
)

# --- sessions and CDRs -----------------------------------------------------------------------------------------------

DIMENSIONS: Final = {"RESERVATION_EXPIRES": "RESERVATION_TIME"}
"""From the Bookings edition of 2.3.0."""
_GONE_DIMENSIONS: Final = frozenset({"RESERVATION_OVERTIME"})
SESSION_ONLY: Final = names("CURRENT ENERGY_EXPORT ENERGY_IMPORT POWER STATE_OF_CHARGE")
"""Of no use in a CDR, which must not have them (OCPI 2.2.1 and 2.3.0, CDRs, CdrDimensionType)."""


def _dimension_down(gone: frozenset[str]) -> Turn:
    def turn(value: Any, place: Place) -> Any:
        kind = expect_object(value, place).get("type")
        if is_in(kind, gone):
            place.dropped(value)
            return GONE
        new = DIMENSIONS.get(str(kind), kind)
        place.into("type").approximated(kind, new)
        return {**value, "type": new}

    return turn


def _periods_down(gone: frozenset[str]) -> Field:
    period = Shape(
        {"dimensions": Field("dimensions", each(_dimension_down(gone)))},
        names("start_date_time tariff_id"),
        is_closed=True,
        finish=never_empty,
    )
    return Field("charging_periods", each(period))


def _billed(value: Any, place: Place) -> Any:
    """A dimension of a CDR, which is the same in both versions."""
    if is_in(expect_object(value, place).get("type"), SESSION_ONLY):
        place.dropped(value)
        return GONE
    return value


_periods_of_cdr_up = each(Shape({"dimensions": Field("dimensions", each(_billed))}, finish=never_empty))


def _cdr_token(value: Any, place: Place) -> Any:
    return Shape({"type": Field("type", token_type)})(value, place.whole())


def _restored(value: Any, place: Place) -> Any:
    """A CdrToken with the type that its eMSP gave it, where that became OTHER on its way to the CPO."""
    owner = place.context.counterpart
    if owner is None or not isinstance(value, dict) or value.get("type") != "OTHER":
        return value
    return {**value, "type": restored_type("OTHER", value.get("uid"), owner, place, TOKEN_TYPES_221)}


session_up = Shape({"cdr_token": Field("cdr_token", _restored), "total_cost": Field("total_cost", price_up)})
session_down = Shape(
    fields={
        "cdr_token": Field("cdr_token", _cdr_token),
        "charging_periods": _periods_down(_GONE_DIMENSIONS),
        "total_cost": Field("total_cost", price_down),
    },
    known=names(
        "country_code party_id id start_date_time end_date_time kwh auth_method authorization_reference location_id"
        " evse_uid connector_id meter_id currency status last_updated"
    ),
    is_closed=True,
)

COSTS: Final = (
    "total_cost",
    "total_fixed_cost",
    "total_energy_cost",
    "total_time_cost",
    "total_parking_cost",
    "total_reservation_cost",
)


def _costs(turn: Turn) -> dict[str, Field]:
    return {name: Field(name, turn) for name in COSTS}


cdr_up = Shape(
    {
        **_costs(price_up),
        "cdr_token": Field("cdr_token", _restored),
        "tariffs": Field("tariffs", each(tariff_up)),
        "charging_periods": Field("charging_periods", _periods_of_cdr_up),
    }
)


def _standard(source: Value, place: Place) -> None:
    """A CDR names one connector; where 2.2.1 has no word for it, the CDR would say that it was another."""
    standard = expect_object(source.get("cdr_location"), place.into("cdr_location")).get("connector_standard")
    connector_standard(CONNECTORS_221)(standard, place.into("cdr_location.connector_standard"))


cdr_down = Shape(
    fields={
        **_costs(price_down),
        "cdr_token": Field("cdr_token", _cdr_token),
        "tariffs": Field("tariffs", each(tariff_down, leave_out=Untranslatable)),
        "charging_periods": _periods_down(_GONE_DIMENSIONS | SESSION_ONLY),
    },
    known=names(
        "country_code party_id id start_date_time end_date_time session_id auth_method authorization_reference"
        " cdr_location meter_id currency signed_data total_energy total_time total_parking_time remark"
        " invoice_reference_id credit credit_reference_id home_charging_compensation last_updated"
    ),
    is_closed=True,
    check=_standard,
)

# --- tokens and commands ---------------------------------------------------------------------------------------------

token_down = Shape(
    fields={"type": Field("type", token_type)},
    known=names(
        "country_code party_id uid contract_id visual_number issuer group_id valid whitelist language"
        " default_profile_type energy_contract last_updated"
    ),
    is_closed=True,
)
_token = {"token": Field("token", nested(token_down))}
authorization_down = Shape(_token, names("allowed location authorization_reference info"), is_closed=True)
start_session_down = Shape(
    _token, names("response_url location_id evse_uid connector_id authorization_reference"), is_closed=True
)
reserve_now_down = Shape(
    _token,
    names("response_url expiry_date reservation_id location_id evse_uid authorization_reference"),
    is_closed=True,
)
same_object = Shape()
"""An object that is the same in both versions."""
