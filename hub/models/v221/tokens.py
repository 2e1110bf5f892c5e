"""OCPI 2.2.1: Token, and the answer to an authorization request."""

from typing import Annotated

from hub.models.types import CiString, DateTime, OcpiObject, OcpiString
from hub.models.v211.enums import WhitelistType
from hub.models.v221.common import DisplayText
from hub.models.v221.enums import AllowedType, ProfileType, TokenType


class EnergyContract(OcpiObject):
    """OCPI 2.2.1, Tokens, EnergyContract."""

    supplier_name: Annotated[str, OcpiString(64)]
    contract_id: Annotated[str, OcpiString(64)] | None = None


class Token(OcpiObject):
    """OCPI 2.2.1, Tokens, Token."""

    country_code: Annotated[str, CiString(2, min_length=2)]
    party_id: Annotated[str, CiString(3, min_length=3)]
    uid: Annotated[str, CiString(36)]
    type: TokenType
    contract_id: Annotated[str, CiString(36)]
    visual_number: Annotated[str, OcpiString(64)] | None = None
    issuer: Annotated[str, OcpiString(64)]
    group_id: Annotated[str, CiString(36)] | None = None
    valid: bool
    whitelist: WhitelistType
    language: Annotated[str, OcpiString(2, min_length=2)] | None = None
    default_profile_type: ProfileType | None = None
    energy_contract: EnergyContract | None = None
    last_updated: DateTime


class LocationReferences(OcpiObject):
    """OCPI 2.2.1, Tokens, LocationReferences."""

    location_id: Annotated[str, CiString(36)]
    evse_uids: list[Annotated[str, CiString(36)]] | None = None


class AuthorizationInfo(OcpiObject):
    """OCPI 2.2.1, Tokens, AuthorizationInfo."""

    allowed: AllowedType
    token: Token
    location: LocationReferences | None = None
    authorization_reference: Annotated[str, CiString(36)] | None = None
    info: DisplayText | None = None
