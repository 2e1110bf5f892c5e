"""OCPI 2.2.1: what describes a location: company, pictures, energy mix, coordinates, hours; the rest is unchanged."""

from typing import Annotated, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from hub.models.types import CiString, Latitude, Longitude, Number, OcpiObject, OcpiString, Pixels, Url
from hub.models.v211.details import EnergySource, ExceptionalPeriod, RegularHours
from hub.models.v211.enums import EnvironmentalImpactCategory, ImageCategory
from hub.models.v221.common import DisplayText


class Image(OcpiObject):
    """OCPI 2.2.1, Locations, Image."""

    url: Url
    thumbnail: Url | None = None
    category: ImageCategory
    type: Annotated[str, CiString(4)]
    width: Pixels | None = None
    height: Pixels | None = None


class BusinessDetails(OcpiObject):
    """OCPI 2.2.1, Locations, BusinessDetails."""

    name: Annotated[str, OcpiString(100)]
    website: Url | None = None
    logo: Image | None = None


class GeoLocation(OcpiObject):
    """OCPI 2.2.1, Locations, GeoLocation."""

    latitude: Latitude
    longitude: Longitude


class EnvironmentalImpact(OcpiObject):
    """OCPI 2.2.1, Locations, EnvironmentalImpact."""

    category: EnvironmentalImpactCategory
    amount: Number


class EnergyMix(OcpiObject):
    """OCPI 2.2.1, Locations, EnergyMix."""

    is_green_energy: bool
    energy_sources: list[EnergySource] | None = None
    environ_impact: list[EnvironmentalImpact] | None = None
    supplier_name: Annotated[str, OcpiString(64)] | None = None
    energy_product_name: Annotated[str, OcpiString(64)] | None = None


class AdditionalGeoLocation(OcpiObject):
    """OCPI 2.2.1, Locations, AdditionalGeoLocation."""

    latitude: Latitude
    longitude: Longitude
    name: DisplayText | None = None


class Hours(OcpiObject):
    """OCPI 2.2.1, Locations, Hours."""

    twentyfourseven: bool
    regular_hours: list[RegularHours] | None = None
    exceptional_openings: list[ExceptionalPeriod] | None = None
    exceptional_closings: list[ExceptionalPeriod] | None = None

    @model_validator(mode="after")
    def _has_regular_hours_unless_always_open(self) -> Self:
        if not self.twentyfourseven and not self.regular_hours:
            raise PydanticCustomError("choice", "", {"words": "needs regular_hours, since twentyfourseven is false"})
        return self
