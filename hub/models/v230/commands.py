"""OCPI 2.3.0: the commands and their two answers; the rest is unchanged."""

from typing import Annotated

from hub.models.types import CiString, DateTime, OcpiObject, Url
from hub.models.v230.tokens import Token


class ReserveNow(OcpiObject):
    """OCPI 2.3.0, Commands, ReserveNow."""

    response_url: Url
    token: Token
    expiry_date: DateTime
    reservation_id: Annotated[str, CiString(36)]
    location_id: Annotated[str, CiString(36)]
    evse_uid: Annotated[str, CiString(36)] | None = None
    authorization_reference: Annotated[str, CiString(36)] | None = None


class StartSession(OcpiObject):
    """OCPI 2.3.0, Commands, StartSession."""

    response_url: Url
    token: Token
    location_id: Annotated[str, CiString(36)]
    evse_uid: Annotated[str, CiString(36)] | None = None
    connector_id: Annotated[str, CiString(36)] | None = None
    authorization_reference: Annotated[str, CiString(36)] | None = None
