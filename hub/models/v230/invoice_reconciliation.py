"""OCPI 2.3.0: invoice reconciliation."""

from typing import Annotated

from hub.models.types import AtLeastOne, CiString, DateTime, OcpiObject


class InvoiceReconciliationRecord(OcpiObject):
    """OCPI 2.3.0, Invoice Reconciliation, InvoiceReconciliationRecord."""

    country_code: Annotated[str, CiString(2, min_length=2)]
    party_id: Annotated[str, CiString(3, min_length=3)]
    id: Annotated[str, CiString(36)]
    invoice_id: Annotated[str, CiString(255)]
    cdrs: Annotated[list[Annotated[str, CiString(36)]], AtLeastOne]
    last_updated: DateTime
