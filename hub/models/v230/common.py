"""OCPI 2.3.0: the small classes that many objects share; the rest is unchanged."""

from typing import Annotated

from hub.models.types import Number, OcpiObject, OcpiString


class TaxAmount(OcpiObject):
    """OCPI 2.3.0, types, TaxAmount."""

    name: Annotated[str, OcpiString()]
    account_number: Annotated[str, OcpiString()] | None = None
    percentage: Number | None = None
    amount: Number


class Price(OcpiObject):
    """OCPI 2.3.0, types, Price."""

    before_taxes: Number
    taxes: list[TaxAmount] | None = None
