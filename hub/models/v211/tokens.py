"""OCPI 2.1.1: Token, and the answer to an authorization request."""

from typing import Annotated

from hub.models.types import AsciiString, DateTime, OcpiObject
from hub.models.v211.common import DisplayText
from hub.models.v211.enums import Allowed, TokenType, WhitelistType


class Token(OcpiObject):
    """OCPI 2.1.1, Tokens, Token."""

    uid: Annotated[str, AsciiString(36)]
    type: TokenType
    auth_id: Annotated[str, AsciiString(36)]
    visual_number: Annotated[str, AsciiString(64)] | None = None
    issuer: Annotated[str, AsciiString(64)]
    valid: bool
    whitelist: WhitelistType
    language: Annotated[str, AsciiString(2, min_length=2)] | None = None
    last_updated: DateTime


class LocationReferences(OcpiObject):
    """OCPI 2.1.1, Tokens, LocationReferences."""

    location_id: Annotated[str, AsciiString(39)]
    evse_uids: list[Annotated[str, AsciiString(39)]] | None = None
    connector_ids: list[Annotated[str, AsciiString(36)]] | None = None


class AuthorizationInfo(OcpiObject):
    """OCPI 2.1.1, Tokens, AuthorizationInfo."""

    allowed: Allowed
    location: LocationReferences | None = None
    info: DisplayText | None = None
