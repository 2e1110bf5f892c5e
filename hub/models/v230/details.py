"""OCPI 2.3.0: what describes a location: company, pictures, energy mix, coordinates, hours; the rest is unchanged."""

from typing import Annotated

from hub.models.types import CiString, Number, OcpiObject, OcpiString, Pixels, Url
from hub.models.v211.details import EnergySource
from hub.models.v230.enums import EnvironmentalImpactCategory, ImageCategory


class Image(OcpiObject):
    """OCPI 2.3.0, Locations, Image."""

    url: Url
    thumbnail: Url | None = None
    category: ImageCategory
    type: Annotated[str, CiString(4)]
    width: Pixels | None = None
    height: Pixels | None = None


class BusinessDetails(OcpiObject):
    """OCPI 2.3.0, Locations, BusinessDetails."""

    name: Annotated[str, OcpiString(100)]
    website: Url | None = None
    logo: Image | None = None


class EnvironmentalImpact(OcpiObject):
    """OCPI 2.3.0, Locations, EnvironmentalImpact."""

    category: EnvironmentalImpactCategory
    amount: Number


class EnergyMix(OcpiObject):
    """OCPI 2.3.0, Locations, EnergyMix."""

    is_green_energy: bool
    energy_sources: list[EnergySource] | None = None
    environ_impact: list[EnvironmentalImpact] | None = None
    supplier_name: Annotated[str, OcpiString(64)] | None = None
    energy_product_name: Annotated[str, OcpiString(64)] | None = None
