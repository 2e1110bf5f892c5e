"""OCPI 2.1.1: the commands and their two answers."""

from typing import Annotated

from hub.models.types import AsciiString, DateTime, OcpiObject, Url
from hub.models.v211.enums import CommandResponseType
from hub.models.v211.tokens import Token


class CommandResponse(OcpiObject):
    """OCPI 2.1.1, Commands, CommandResponse."""

    result: CommandResponseType


class ReserveNow(OcpiObject):
    """OCPI 2.1.1, Commands, ReserveNow."""

    response_url: Url
    token: Token
    expiry_date: DateTime
    reservation_id: int
    location_id: Annotated[str, AsciiString(39)]
    evse_uid: Annotated[str, AsciiString(39)] | None = None


class StartSession(OcpiObject):
    """OCPI 2.1.1, Commands, StartSession."""

    response_url: Url
    token: Token
    location_id: Annotated[str, AsciiString(39)]
    evse_uid: Annotated[str, AsciiString(39)] | None = None


class StopSession(OcpiObject):
    """OCPI 2.1.1, Commands, StopSession."""

    response_url: Url
    session_id: Annotated[str, AsciiString(36)]


class UnlockConnector(OcpiObject):
    """OCPI 2.1.1, Commands, UnlockConnector."""

    response_url: Url
    location_id: Annotated[str, AsciiString(39)]
    evse_uid: Annotated[str, AsciiString(39)]
    connector_id: Annotated[str, AsciiString(36)]
