"""OCPI 2.2.1: Tariff and its elements."""

from typing import Annotated

from hub.models.types import AtLeastOne, CiString, DateTime, Day, Number, OcpiObject, OcpiString, TimeOfDay, Url
from hub.models.v211.enums import DayOfWeek, TariffDimensionType
from hub.models.v221.common import DisplayText, Price
from hub.models.v221.details import EnergyMix
from hub.models.v221.enums import ReservationRestrictionType, TariffType


class PriceComponent(OcpiObject):
    """OCPI 2.2.1, Tariffs, PriceComponent."""

    type: TariffDimensionType
    price: Number
    vat: Number | None = None
    step_size: int


class TariffRestrictions(OcpiObject):
    """OCPI 2.2.1, Tariffs, TariffRestrictions."""

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


class TariffElement(OcpiObject):
    """OCPI 2.2.1, Tariffs, TariffElement."""

    price_components: Annotated[list[PriceComponent], AtLeastOne]
    restrictions: TariffRestrictions | None = None


class Tariff(OcpiObject):
    """OCPI 2.2.1, Tariffs, Tariff."""

    country_code: Annotated[str, CiString(2, min_length=2)]
    party_id: Annotated[str, CiString(3, min_length=3)]
    id: Annotated[str, CiString(36)]
    currency: Annotated[str, OcpiString(3, min_length=3)]
    type: TariffType | None = None
    tariff_alt_text: list[DisplayText] | None = None
    tariff_alt_url: Url | None = None
    min_price: Price | None = None
    max_price: Price | None = None
    elements: Annotated[list[TariffElement], AtLeastOne]
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    energy_mix: EnergyMix | None = None
    last_updated: DateTime
