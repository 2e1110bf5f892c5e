"""OCPI 2.3.0: Tariff and its elements; the rest is unchanged."""

from typing import Annotated

from hub.models.types import AtLeastOne, CiString, DateTime, Day, Number, OcpiObject, OcpiString, TimeOfDay, Url
from hub.models.v211.enums import DayOfWeek
from hub.models.v221.common import DisplayText
from hub.models.v221.enums import ReservationRestrictionType, TariffType
from hub.models.v221.tariffs import PriceComponent
from hub.models.v230.details import EnergyMix
from hub.models.v230.enums import BookingRestrictionType, TaxIncluded


class PriceLimit(OcpiObject):
    """OCPI 2.3.0, Tariffs, PriceLimit."""

    before_taxes: Number
    after_taxes: Number | None = None


class TariffRestrictions(OcpiObject):
    """OCPI 2.3.0, Tariffs, TariffRestrictions."""

    start_time: TimeOfDay | None = None
    end_time: TimeOfDay | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    min_kwh: Number | None = None
    max_kwh: Number | None = None
    min_current: Number | None = None
    max_current: Number | None = None
    min_power: Number | None = None
    max_power: Number | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    day_of_week: list[DayOfWeek] | None = None
    reservation: ReservationRestrictionType | None = None
    booking: BookingRestrictionType | None = None


class TariffElement(OcpiObject):
    """OCPI 2.3.0, Tariffs, TariffElement."""

    price_components: Annotated[list[PriceComponent], AtLeastOne]
    restrictions: TariffRestrictions | None = None


class Tariff(OcpiObject):
    """OCPI 2.3.0, Tariffs, Tariff."""

    country_code: Annotated[str, CiString(2, min_length=2)]
    party_id: Annotated[str, CiString(3, min_length=3)]
    id: Annotated[str, CiString(36)]
    currency: Annotated[str, OcpiString(3, min_length=3)]
    type: TariffType | None = None
    tariff_alt_text: list[DisplayText] | None = None
    tariff_alt_url: Url | None = None
    min_price: PriceLimit | None = None
    max_price: PriceLimit | None = None
    preauthorize_amount: Number | None = None
    elements: Annotated[list[TariffElement], AtLeastOne]
    tax_included: TaxIncluded
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    energy_mix: EnergyMix | None = None
    last_updated: DateTime
