"""OCPI 2.2.1: the small classes that many objects share."""

from typing import Annotated

from hub.models.types import Number, OcpiObject, OcpiString


class Price(OcpiObject):
    """OCPI 2.2.1, types, Price."""

    excl_vat: Number
    incl_vat: Number | None = None


class DisplayText(OcpiObject):
    """OCPI 2.2.1, types, DisplayText."""

    language: Annotated[str, OcpiString(2, min_length=2)]
    text: Annotated[str, OcpiString(512)]
