"""OCPI 2.1.1: what the configuration modules speak: versions, credentials, client info."""

from typing import Annotated

from hub.models.types import AsciiString, AtLeastOne, OcpiObject, OpenEnum, Url
from hub.models.v211.details import BusinessDetails


class Credentials(OcpiObject):
    """OCPI 2.1.1, Credentials, Credentials."""

    token: Annotated[str, AsciiString(64)]
    url: Url
    business_details: BusinessDetails
    party_id: Annotated[str, AsciiString(3, min_length=3)]
    country_code: Annotated[str, AsciiString(2, min_length=2)]


class Version(OcpiObject):
    """OCPI 2.1.1, Version information, Version."""

    version: OpenEnum
    url: Url


class Endpoint(OcpiObject):
    """OCPI 2.1.1, Version information, Endpoint."""

    identifier: OpenEnum
    url: Url


class VersionDetails(OcpiObject):
    """OCPI 2.1.1, Version information, VersionDetails."""

    version: OpenEnum
    endpoints: Annotated[list[Endpoint], AtLeastOne]
