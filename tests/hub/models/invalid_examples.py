"""The specification's own examples that are no valid objects: which, and which field breaks which rule.

Names are branch, then file, then the number of the example in a chapter. `check_spec_examples` holds this list true.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

INVALID: Final[Mapping[str, str]] = MappingProxyType(
    {
        "release-2.1.1-bugfixes:mod_cdrs.md#1": (
            "location.country too_short; tariffs[].elements[].price_components[].price wrong_type"
        ),
        "release-2.1.1-bugfixes:mod_locations.md#4": (
            "connectors[].amperage missing; "
            "connectors[].last_updated missing; "
            "connectors[].power_type missing; "
            "connectors[].voltage missing; "
            "floor_level wrong_type; "
            "last_updated missing; "
            "physical_reference wrong_type"
        ),
        "release-2.1.1-bugfixes:mod_sessions.md#2": ("location.country too_short"),
        "release-2.1.1-bugfixes:mod_sessions.md#3": ("location.country too_short"),
        "release-2.1.1-bugfixes:mod_tariffs.md#1": ("last_updated missing"),
        "release-2.1.1-bugfixes:mod_tariffs.md#2": ("currency missing; id missing; last_updated missing"),
        "release-2.2.1-bugfixes:location_put_example_add_evse.json": (
            "connectors[].last_updated missing; "
            "connectors[].max_amperage missing; "
            "connectors[].max_voltage missing; "
            "connectors[].power_type missing; "
            "physical_reference wrong_type"
        ),
        "release-2.2.1-bugfixes:tariff_put_example.json": ("last_updated missing"),
        "release-2.2.1-bugfixes:mod_hub_client_info.asciidoc#1": ("not JSON"),
        "2.3.0/release/core:cdr_example.json": ("tariffs[].tax_included missing"),
        "2.3.0/release/core:location_put_example_add_evse.json": (
            "connectors[].last_updated missing; "
            "connectors[].max_amperage missing; "
            "connectors[].max_voltage missing; "
            "connectors[].power_type missing; "
            "physical_reference wrong_type"
        ),
        "2.3.0/release/core:tariff_put_example.json": ("last_updated missing"),
        "2.3.0/release/core:mod_hub_client_info.asciidoc#1": ("not JSON"),
        "2.3.0/release/payments:payment_financial_advice_confirmation_create.json": (
            "total_costs.before_taxes missing"
        ),
        "2.3.0/release/payments:payment_financial_advice_confirmation_example_failure.json": (
            "eft_data missing; total_costs.before_taxes missing"
        ),
        "2.3.0/release/payments:payment_terminal_create_minimal.json": ("last_updated missing"),
        "2.3.0/release/payments:payment_terminal_put_update.json": ("invoice_base_url bad_url; terminal_id missing"),
        "2.3.0/release/bookings:booking_example.json": (
            "booking_requests[].booking_request.booking_location_id missing; "
            "booking_requests[].booking_request.party_id too_long; "
            "booking_tokens[].party_id too_long; "
            "party_id too_long"
        ),
        "2.3.0/release/bookings:booking_location_example.json": (
            "booking_option.evse_position wrong_type; "
            "calendars[].available_timeslots[].end_date_time bad_date_time; "
            "calendars[].end_before bad_date_time"
        ),
        "2.3.0/release/bookings:booking_location_patch_example_calendar.json": (
            "available_timeslots[].end_date_time missing; available_timeslots[].start_date_time missing"
        ),
        "2.3.0/release/bookings:booking_location_patch_example_terms.json": (
            "booking_terms.cancel_until_minutes missing; "
            "booking_terms.change_until_minutes missing; "
            "booking_terms.supported_access_methods missing"
        ),
        "2.3.0/release/bookings:location_example.json": ("evses[].parking[] wrong_type"),
        "2.3.0/release/bookings:location_example_parking_garage_opening_hours.json": ("evses[].parking[] wrong_type"),
    }
)
