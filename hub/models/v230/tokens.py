"""OCPI 2.3.0: Token, and the answer to an authorization request; the rest is unchanged."""

from typing import Annotated

from hub.models.types import CiString, DateTime, OcpiObject, OcpiString
from hub.models.v211.enums import WhitelistType
from hub.models.v221.common import DisplayText
from hub.models.v221.enums import AllowedType, ProfileType
from hub.models.v221.tokens import EnergyContract, LocationReferences
from hub.models.v230.enums import TokenType


class Token(OcpiObject):
    """OCPI 2.3.0, Tokens, Token."""

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


class AuthorizationInfo(OcpiObject):
    """OCPI 2.3.0, Tokens, AuthorizationInfo."""

    allowed: AllowedType
    token: Token
    location: LocationReferences | None = None
    authorization_reference: Annotated[str, CiString(36)] | None = None
    info: DisplayText | None = None
