"""Platforms as the API reads and writes them. Never with a token, but for the one that an invitation shows once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator

from admin.journal_json import iso
from admin.words import Fingerprint, Given, Moment, Name, Network, Party, Token, Told
from hub.store.registry import PlatformRow, RoleRow
from routing.ocpi import ConnectionStatus, Interface, PartyId, Role
from routing.quirks import check_quirks


def _of_party(role: Role) -> Role:
    if role is Role.HUB:
        raise ValueError("a hub connects as a platform; its parties have the roles")
    return role


class NewRole(Given):
    """A party in one role, as it is invited."""

    role: Annotated[Role, AfterValidator(_of_party)]
    country_code: str = Field(pattern=r"^[A-Za-z]{2}$", examples=["NL"])
    party_id: str = Field(pattern=r"^[A-Za-z0-9]{3}$", examples=["TNM"])
    name: Name | None = Field(None, description="The party's name; the platform's if left out.")

    def row(self, platform_name: str) -> RoleRow:
        """The role as the registry keeps it."""
        party = PartyId(self.country_code.upper(), self.party_id.upper())
        return RoleRow(party, self.role, {"name": self.name or platform_name})


class NewPlatform(Given):
    """A platform to expect; or, with `versions_url` and `token`, to register with."""

    name: Name
    roles: tuple[NewRole, ...] = Field(
        (), max_length=100, description="May be left out where the hub registers, unless with OCPI 2.1.1."
    )
    versions_url: str | None = Field(None, max_length=2048)
    token: Token | None = Field(None, description="The CREDENTIALS_TOKEN_A that the partner gave.")
    counterpart: Party | None = Field(None, description="The one partner that the hub plays on this connection.")


def _if_given(schema: dict[str, Any]) -> None:
    """What may be left out, and is never null."""
    del schema["default"]
    schema |= next(one for one in schema.pop("anyOf") if one != {"type": "null"})


class RateLimit(Given):
    """What a platform may ask for."""

    requests_per_s: float = Field(ge=0.001, le=1_000_000, allow_inf_nan=False)
    burst: float | None = Field(
        None,
        gt=0,
        le=1_000_000,
        allow_inf_nan=False,
        description="Requests at once; as many as a second's if left out.",
    )

    def kept(self) -> dict[str, float]:
        """The limit as the registry keeps it."""
        burst = max(1.0, self.requests_per_s) if self.burst is None else self.burst
        return {"requests_per_s": self.requests_per_s, "burst": burst}


class PlatformChange(Given):
    """A JSON merge patch (RFC 7396): what is left out stays, null takes away; so it is for each quirk, too."""

    name: Name | None = Field(None, json_schema_extra=_if_given)
    quirks: dict[str, Any] | None = None
    allowed_networks: tuple[Network, ...] | None = Field(None, max_length=100)
    rate_limit: RateLimit | None = None
    client_certificates: tuple[Fingerprint, ...] | None = Field(
        None, max_length=20, description="SHA-256 fingerprints of TLS certificates; callers must show one of them."
    )
    renew_days: int | None = Field(
        None, ge=1, le=3650, description="Renew both tokens after so many days; the specification advises monthly."
    )

    @field_validator("name")
    @classmethod
    def _has_name(cls, value: str | None) -> str:
        if value is None:
            raise ValueError("a platform has a name")
        return value

    @field_validator("quirks")
    @classmethod
    def _known(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        check_quirks({name: setting for name, setting in (value or {}).items() if setting is not None})
        return value

    def changes(self) -> dict[str, Any]:
        """What is to be another than it is."""
        values: dict[str, Any] = {}
        if self.name is not None:
            values["name"] = self.name
        if "quirks" in self.model_fields_set:
            values["quirks"] = self.quirks
        if "allowed_networks" in self.model_fields_set:
            values["allowed_networks"] = list(self.allowed_networks or ())
        if "rate_limit" in self.model_fields_set:
            values["rate_limit"] = self.rate_limit.kept() if self.rate_limit else None
        if "client_certificates" in self.model_fields_set:
            values["client_certificates"] = list(self.client_certificates or ())
        if "renew_days" in self.model_fields_set:
            values["renew_days"] = self.renew_days
        return values


class RoleJson(Told):
    """A party in one role."""

    role: Role
    country_code: str
    party_id: str
    name: str
    status: ConnectionStatus


class VersionJson(Told):
    """An OCPI version that a platform offers."""

    version: str
    url: str


class EndpointJson(Told):
    """A module's address, as a platform advertised it."""

    module: str
    interface: Interface
    url: str


class LastError(Told):
    """The step of a handshake that failed last."""

    at: Moment
    step: str
    expected: str
    came: str


class RateLimitJson(Told):
    """What a platform may ask for."""

    requests_per_s: float
    burst: float


class PlatformJson(Told):
    """One registered connection, with what was learnt from it."""

    id: str
    name: str
    status: ConnectionStatus
    version: str | None
    versions_url: str | None
    versions: list[VersionJson]
    endpoints: list[EndpointJson]
    roles: list[RoleJson]
    quirks: dict[str, Any]
    allowed_networks: list[str]
    rate_limit: RateLimitJson | None
    client_certificates: list[str]
    renew_days: int | None
    renewed_at: Moment | None
    counterpart: Party | None
    last_seen: Moment | None
    last_error: LastError | None
    created_at: Moment
    updated_at: Moment


class PlatformList(Told):
    """Platforms in the order they were added."""

    items: list[PlatformJson]
    next: str | None


class Invited(Told):
    """What the partner needs to register. The token is shown this once."""

    id: str
    name: str
    status: ConnectionStatus
    token: str = Field(repr=False, description="CREDENTIALS_TOKEN_A")
    versions_url: str = Field(description="Where the partner begins.")
    roles: list[RoleJson]
    counterpart: Party | None


def platform_json(row: PlatformRow) -> PlatformJson:
    """A platform, without its token."""
    limit, error = row.rate_limit, row.last_error
    return PlatformJson(
        id=row.id,
        name=row.name,
        status=row.status,
        version=row.version,
        versions_url=row.versions_url,
        versions=[VersionJson(version=item["version"], url=item["url"]) for item in row.versions_offered],
        endpoints=[EndpointJson(module=module, interface=side, url=url) for module, side, url in row.endpoints],
        roles=roles_json(row.roles, row.status),
        quirks=dict(row.quirks),
        allowed_networks=list(row.allowed_networks),
        rate_limit=RateLimitJson(**limit) if limit else None,
        client_certificates=list(row.client_certificates or ()),
        renew_days=row.renew_days,
        renewed_at=iso(row.renewed_at) if row.renewed_at else None,
        counterpart=row.counterpart,
        last_seen=iso(row.last_seen_at) if row.last_seen_at else None,
        last_error=LastError(**{**error, "at": iso(error["at"])}) if error else None,
        created_at=iso(row.created_at),
        updated_at=iso(row.updated_at),
    )


def roles_json(roles: Sequence[RoleRow], status: ConnectionStatus) -> list[RoleJson]:
    """Parties as they are told: a party is what its platform is, unless it was dropped from the platform's roles."""
    return [
        RoleJson(
            role=row.role,
            country_code=row.id.country_code.upper(),
            party_id=row.id.party_id.upper(),
            name=str(row.business_details.get("name", "")),
            status=ConnectionStatus.SUSPENDED if row.is_suspended else status,
        )
        for row in roles
    ]
