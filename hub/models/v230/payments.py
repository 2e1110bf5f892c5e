"""OCPI 2.3.0: payment terminals and financial advice confirmations."""

from typing import Annotated

from hub.models.types import AtLeastOne, CiString, DateTime, OcpiObject, Url
from hub.models.v221.details import GeoLocation
from hub.models.v230.common import Price
from hub.models.v230.enums import CaptureStatusCode, InvoiceCreator


class Terminal(OcpiObject):
    """OCPI 2.3.0, Payments, Terminal."""

    terminal_id: Annotated[str, CiString(36)]
    customer_reference: Annotated[str, CiString(36)] | None = None
    party_id: Annotated[str, CiString(3, min_length=3)] | None = None
    country_code: Annotated[str, CiString(2, min_length=2)] | None = None
    address: Annotated[str, CiString(45)] | None = None
    city: Annotated[str, CiString(45)] | None = None
    postal_code: Annotated[str, CiString(10)] | None = None
    state: Annotated[str, CiString(20)] | None = None
    country: Annotated[str, CiString(3, min_length=3)] | None = None
    coordinates: GeoLocation | None = None
    invoice_base_url: Url | None = None
    invoice_creator: InvoiceCreator | None = None
    reference: Annotated[str, CiString(36)] | None = None
    location_ids: list[Annotated[str, CiString(36)]] | None = None
    evse_uids: list[Annotated[str, CiString(36)]] | None = None
    last_updated: DateTime


class FinancialAdviceConfirmation(OcpiObject):
    """OCPI 2.3.0, Payments, FinancialAdviceConfirmation."""

    id: Annotated[str, CiString(36)]
    authorization_reference: Annotated[str, CiString(36)]
    total_costs: Price
    currency: Annotated[str, CiString(3, min_length=3)]
    eft_data: Annotated[list[Annotated[str, CiString(255, min_length=1)]], AtLeastOne]
    capture_status_code: CaptureStatusCode
    capture_status_message: Annotated[str, CiString(255, min_length=1)] | None = None
    last_updated: DateTime


class TerminalActivation(OcpiObject):
    """OCPI 2.3.0, Payments, TerminalActivation."""

    terminal_id: Annotated[str, CiString(36)] | None = None
    customer_reference: Annotated[str, CiString(36)] | None = None
    party_id: Annotated[str, CiString(3, min_length=3)] | None = None
    country_code: Annotated[str, CiString(2, min_length=2)] | None = None
    address: Annotated[str, CiString(45)] | None = None
    city: Annotated[str, CiString(45)] | None = None
    postal_code: Annotated[str, CiString(10)] | None = None
    state: Annotated[str, CiString(20)] | None = None
    country: Annotated[str, CiString(3, min_length=3)] | None = None
    coordinates: GeoLocation | None = None
    invoice_base_url: Url | None = None
    invoice_creator: InvoiceCreator | None = None
    reference: Annotated[str, CiString(36)] | None = None
    location_ids: list[Annotated[str, CiString(36)]] | None = None
    evse_uids: list[Annotated[str, CiString(36)]] | None = None
    last_updated: DateTime
