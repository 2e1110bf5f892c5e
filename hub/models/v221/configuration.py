"""OCPI 2.2.1: what the configuration modules speak: versions, credentials, client info; the rest is unchanged."""

from typing import Annotated

from hub.models.types import AtLeastOne, CiString, DateTime, OcpiObject, OcpiString, OpenEnum, Url
from hub.models.v221.details import BusinessDetails
from hub.models.v221.enums import ConnectionStatus, InterfaceRole, Role


class CredentialsRole(OcpiObject):
    """OCPI 2.2.1, Credentials, CredentialsRole."""

    role: Role
    business_details: BusinessDetails
    party_id: Annotated[str, CiString(3, min_length=3)]
    country_code: Annotated[str, CiString(2, min_length=2)]


class Credentials(OcpiObject):
    """OCPI 2.2.1, Credentials, Credentials."""

    token: Annotated[str, OcpiString(64)]
    url: Url
    roles: Annotated[list[CredentialsRole], AtLeastOne]


class ClientInfo(OcpiObject):
    """OCPI 2.2.1, HubClientInfo, ClientInfo."""

    party_id: Annotated[str, CiString(3, min_length=3)]
    country_code: Annotated[str, CiString(2, min_length=2)]
    role: Role
    status: ConnectionStatus
    last_updated: DateTime


class Endpoint(OcpiObject):
    """OCPI 2.2.1, Version information, Endpoint."""

    identifier: OpenEnum
    role: InterfaceRole
    url: Url


class VersionDetails(OcpiObject):
    """OCPI 2.2.1, Version information, VersionDetails."""

    version: OpenEnum
    endpoints: Annotated[list[Endpoint], AtLeastOne]
