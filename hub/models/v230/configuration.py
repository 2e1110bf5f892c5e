"""OCPI 2.3.0: what the configuration modules speak: versions, credentials, client info; the rest is unchanged."""

from typing import Annotated

from hub.models.types import AtLeastOne, CiString, DateTime, OcpiObject, OcpiString, Url
from hub.models.v221.enums import ConnectionStatus
from hub.models.v230.details import BusinessDetails
from hub.models.v230.enums import Role


class CredentialsRole(OcpiObject):
    """OCPI 2.3.0, Credentials, CredentialsRole."""

    role: Role
    business_details: BusinessDetails
    party_id: Annotated[str, CiString(3, min_length=3)]
    country_code: Annotated[str, CiString(2, min_length=2)]


class Credentials(OcpiObject):
    """OCPI 2.3.0, Credentials, Credentials."""

    token: Annotated[str, OcpiString(64)]
    url: Url
    hub_party_id: Annotated[str, CiString(5, min_length=5)] | None = None
    roles: Annotated[list[CredentialsRole], AtLeastOne]


class ClientInfo(OcpiObject):
    """OCPI 2.3.0, HubClientInfo, ClientInfo."""

    party_id: Annotated[str, CiString(3, min_length=3)]
    country_code: Annotated[str, CiString(2, min_length=2)]
    role: Role
    status: ConnectionStatus
    last_updated: DateTime
