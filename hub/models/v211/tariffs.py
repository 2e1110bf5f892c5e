"""OCPI 2.1.1: Tariff and its elements."""

from typing import Annotated

from hub.models.types import AsciiString, AtLeastOne, DateTime, Day, Number, OcpiObject, TimeOfDay, Url
from hub.models.v211.common import DisplayText
from hub.models.v211.details import EnergyMix
from hub.models.v211.enums import DayOfWeek, TariffDimensionType


class PriceComponent(OcpiObject):
    """OCPI 2.1.1, Tariffs, PriceComponent."""

    type: TariffDimensionType
    price: Number
    step_size: int


class TariffRestrictions(OcpiObject):
    """OCPI 2.1.1, Tariffs, TariffRestrictions."""

    start_time: TimeOfDay | None = None
    end_time: TimeOfDay | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    min_kwh: Number | None = None
    max_kwh: Number | None = None
    min_power: Number | None = None
    max_power: Number | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    day_of_week: list[DayOfWeek] | None = None


class TariffElement(OcpiObject):
    """OCPI 2.1.1, Tariffs, TariffElement."""

    price_components: Annotated[list[PriceComponent], AtLeastOne]
    restrictions: TariffRestrictions | None = None


class Tariff(OcpiObject):
    """OCPI 2.1.1, Tariffs, Tariff."""

    id: Annotated[str, AsciiString(36)]
    currency: Annotated[str, AsciiString(3, min_length=3)]
    tariff_alt_text: list[DisplayText] | None = None
    tariff_alt_url: Url | None = None
    elements: Annotated[list[TariffElement], AtLeastOne]
    energy_mix: EnergyMix | None = None
    last_updated: DateTime
