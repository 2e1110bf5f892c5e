"""What the hub itself speaks: versions, version details and credentials, of every OCPI version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from hub.store.registry import RoleRow, RoleTaken
from routing.directory import Party
from routing.errors import InvalidMessage
from routing.ocpi import Interface, PartyId, Role, Version

CredentialsToken = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]


_IN_JSON: Final = {
    "missing": "is missing",
    "tuple_type": "is not a list",
    "model_type": "is not an object",
    "model_attributes_type": "is not an object",
    "string_type": "is not a string",
    "string_too_short": "is empty",
    "too_short": "is empty",
}
"""What is wrong, for whoever does not know what pydantic calls it."""


class _Payload(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class VersionRow(_Payload):
    """OCPI 2.2.1, Versions, Version class."""

    version: str
    url: str


class EndpointRow(_Payload):
    """OCPI 2.2.1, Version details, Endpoint class; 2.1.1 has no role."""

    identifier: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
    role: Interface | None = None
    url: str


class VersionDetails(_Payload):
    """OCPI 2.2.1, Version details."""

    version: str
    endpoints: tuple[EndpointRow, ...]


class BusinessDetails(_Payload):
    """OCPI 2.2.1, types, BusinessDetails; whatever else is in it is kept."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)
    name: str = ""
    website: str | None = None


class _RoleOfCredentials(_Payload):
    role: Role
    business_details: BusinessDetails = BusinessDetails()
    country_code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2}$")]
    party_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{3}$")]


class Credentials(_Payload):
    """OCPI 2.2.1 and 2.3.0, Credentials object."""

    token: CredentialsToken
    url: str
    hub_party_id: str | None = None
    roles: Annotated[tuple[_RoleOfCredentials, ...], Field(min_length=1)]

    @property
    def is_hub(self) -> bool:
        """Whether the platform is itself a hub: by role in 2.2.1, by hub_party_id in 2.3.0."""
        return self.hub_party_id is not None or any(row.role is Role.HUB for row in self.roles)

    def role_rows(self) -> tuple[RoleRow, ...]:
        """The parties behind the platform."""
        rows = (
            RoleRow(
                PartyId(row.country_code, row.party_id),
                row.role,
                row.business_details.model_dump(mode="json", exclude_none=True),
            )
            for row in self.roles
        )
        return tuple({(row.id, row.role): row for row in rows}.values())

    def parties(self, own: PartyId) -> tuple[RoleRow, ...]:
        """The same without the platform itself, where it is a hub. Raises RoleTaken for `own`: that is this hub."""
        rows = tuple(row for row in self.role_rows() if row.role is not Role.HUB)
        for row in rows:
            if row.id == own:
                raise RoleTaken(f"{row.role} {row.id} is the hub itself")
        return rows

    def check_unique(self) -> None:
        """Raises RoleTaken where a role is there twice (OCPI 2.2.1, credentials, Credentials object)."""
        for role, times in Counter((row.role, PartyId(row.country_code, row.party_id)) for row in self.roles).items():
            if times > 1:
                raise RoleTaken(f"{role[0]} {role[1]} is there twice")


class FlatCredentials(_Payload):
    """OCPI 2.1.1, Credentials object: one party, whose role is not said."""

    token: CredentialsToken
    url: str
    business_details: BusinessDetails = BusinessDetails()
    country_code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2}$")]
    party_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{3}$")]


def role_agreed(parties: Sequence[Party]) -> Role | None:
    """The role that a platform is known to have, one that it dropped if need be: 2.1.1 does not tell."""
    return min(parties, key=lambda party: party.is_suspended).role if parties else None


def read_credentials(version: Version, document: Any, known_role: Role | None) -> Credentials:
    """The credentials object that a platform sent, of any version.

    `known_role` is the role agreed at onboarding, which 2.1.1 does not tell. Raises InvalidMessage naming the field.
    """
    try:
        if not version.credentials_are_flat:
            return Credentials.model_validate(document)
        flat = FlatCredentials.model_validate(document)
    except ValidationError as error:
        raise InvalidMessage(explain(error, "credentials")) from None
    if known_role is None:
        raise InvalidMessage("credentials: this version names no role, and none was agreed at onboarding")
    role = _RoleOfCredentials(
        role=known_role,
        business_details=flat.business_details,
        country_code=flat.country_code,
        party_id=flat.party_id,
    )
    return Credentials(token=flat.token, url=flat.url, roles=(role,))


def explain(error: ValidationError, of: str) -> str:
    """The first thing wrong with `of`, as `field: reason` in words of JSON; never the value."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join((of, *(str(part) for part in first["loc"])))
    known = _IN_JSON.get(first["type"])
    return f"{place} {known}" if known else f"{place}: {first['msg']}"
