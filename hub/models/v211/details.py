"""OCPI 2.1.1: what describes a location: company, pictures, energy mix, coordinates, hours."""

from typing import Annotated, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from hub.models.types import (
    AsciiString,
    DateTime,
    Latitude211,
    Longitude211,
    Number,
    OcpiObject,
    Pixels,
    TimeOfDay,
    Url,
    Weekday,
)
from hub.models.v211.common import DisplayText
from hub.models.v211.enums import EnergySourceCategory, EnvironmentalImpactCategory, ImageCategory


class Image(OcpiObject):
    """OCPI 2.1.1, Locations, Image."""

    url: Url
    thumbnail: Url | None = None
    category: ImageCategory
    type: Annotated[str, AsciiString(4)]
    width: Pixels | None = None
    height: Pixels | None = None


class BusinessDetails(OcpiObject):
    """OCPI 2.1.1, Locations, BusinessDetails."""

    name: Annotated[str, AsciiString(100)]
    website: Url | None = None
    logo: Image | None = None


class AdditionalGeoLocation(OcpiObject):
    """OCPI 2.1.1, Locations, AdditionalGeoLocation."""

    latitude: Latitude211
    longitude: Longitude211
    name: DisplayText | None = None


class GeoLocation(OcpiObject):
    """OCPI 2.1.1, Locations, GeoLocation."""

    latitude: Latitude211
    longitude: Longitude211


class EnergySource(OcpiObject):
    """OCPI 2.1.1, Locations, EnergySource."""

    source: EnergySourceCategory
    percentage: Number


class EnvironmentalImpact(OcpiObject):
    """OCPI 2.1.1, Locations, EnvironmentalImpact."""

    source: EnvironmentalImpactCategory
    amount: Number


class EnergyMix(OcpiObject):
    """OCPI 2.1.1, Locations, EnergyMix."""

    is_green_energy: bool
    energy_sources: list[EnergySource] | None = None
    environ_impact: list[EnvironmentalImpact] | None = None
    supplier_name: Annotated[str, AsciiString(64)] | None = None
    energy_product_name: Annotated[str, AsciiString(64)] | None = None


class ExceptionalPeriod(OcpiObject):
    """OCPI 2.1.1, Locations, ExceptionalPeriod."""

    period_begin: DateTime
    period_end: DateTime


class RegularHours(OcpiObject):
    """OCPI 2.1.1, Locations, RegularHours."""

    weekday: Weekday
    period_begin: TimeOfDay
    period_end: TimeOfDay


class Hours(OcpiObject):
    """OCPI 2.1.1, Locations, Hours."""

    regular_hours: list[RegularHours] | None = None
    twentyfourseven: bool | None = None
    exceptional_openings: list[ExceptionalPeriod] | None = None
    exceptional_closings: list[ExceptionalPeriod] | None = None

    @model_validator(mode="after")
    def _has_one_of_two(self) -> Self:
        if self.regular_hours is None and self.twentyfourseven is None:
            raise PydanticCustomError("choice", "", {"words": "needs regular_hours or twentyfourseven"})
        return self
