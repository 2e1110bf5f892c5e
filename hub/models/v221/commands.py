"""OCPI 2.2.1: the commands and their two answers."""

from typing import Annotated

from hub.models.types import CiString, DateTime, OcpiObject, Url
from hub.models.v221.common import DisplayText
from hub.models.v221.enums import CommandResponseType, CommandResultType
from hub.models.v221.tokens import Token


class CancelReservation(OcpiObject):
    """OCPI 2.2.1, Commands, CancelReservation."""

    response_url: Url
    reservation_id: Annotated[str, CiString(36)]


class CommandResponse(OcpiObject):
    """OCPI 2.2.1, Commands, CommandResponse."""

    result: CommandResponseType
    timeout: int
    message: list[DisplayText] | None = None


class CommandResult(OcpiObject):
    """OCPI 2.2.1, Commands, CommandResult."""

    result: CommandResultType
    message: list[DisplayText] | None = None


class ReserveNow(OcpiObject):
    """OCPI 2.2.1, Commands, ReserveNow."""

    response_url: Url
    token: Token
    expiry_date: DateTime
    reservation_id: Annotated[str, CiString(36)]
    location_id: Annotated[str, CiString(36)]
    evse_uid: Annotated[str, CiString(36)] | None = None
    authorization_reference: Annotated[str, CiString(36)] | None = None


class StartSession(OcpiObject):
    """OCPI 2.2.1, Commands, StartSession."""

    response_url: Url
    token: Token
    location_id: Annotated[str, CiString(36)]
    evse_uid: Annotated[str, CiString(36)] | None = None
    connector_id: Annotated[str, CiString(36)] | None = None
    authorization_reference: Annotated[str, CiString(36)] | None = None


class StopSession(OcpiObject):
    """OCPI 2.2.1, Commands, StopSession."""

    response_url: Url
    session_id: Annotated[str, CiString(36)]


class UnlockConnector(OcpiObject):
    """OCPI 2.2.1, Commands, UnlockConnector."""

    response_url: Url
    location_id: Annotated[str, CiString(36)]
    evse_uid: Annotated[str, CiString(36)]
    connector_id: Annotated[str, CiString(36)]
