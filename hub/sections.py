"""The sections of the configuration: each key with its default, what it may be, and one sentence."""

from __future__ import annotations

import base64
import ipaddress
import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import parse_qsl

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)

from hub.tls import Certificates
from routing.catalogue import module_named
from routing.ocpi import VERSIONS, PartyId

CONFIGURATION: Final = frozenset({"versions", "credentials", "hubclientinfo"})
"""Modules that the hub itself answers."""
POSTGRESQL_OPTIONS: Final = frozenset(
    {"host", "port", "user", "password", "passfile", "ssl", "sslmode", "prepared_statement_cache_size"}
)
"""What may follow the question mark of a PostgreSQL URL."""


def _web_address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
        raise ValueError("must be an address like https://hub.example, without ? and #")
    return value


Address = Annotated[str, AfterValidator(_web_address)]
Text = Annotated[str, StringConstraints(min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_none(cls, values: Any) -> Any:
        """An environment has no other word for none. An empty secret, however, is one that got lost on its way."""
        if not isinstance(values, dict):
            return values
        may_be_none = {
            name
            for name, field in cls.model_fields.items()
            if field.default is None and field.annotation != (SecretStr | None)
        }
        return {name: None if value == "" and name in may_be_none else value for name, value in values.items()}


class HubSection(_Section):
    country_code: str = Field("NL", description="Country code of the hub as an OCPI party.")
    party_id: str = Field("HUB", description="Party id of the hub.")
    name: Text = Field("OCPI hub", max_length=100, description="Name shown to parties in business details.")
    website: str | None = Field(
        None, pattern=r"^https?://\S+$", description="Website shown to parties in business details."
    )
    public_url: Address | None = Field(
        None, description="Base of every URL the hub hands out; http://<server.host>:<server.port> if empty."
    )
    versions: tuple[str, ...] = Field(tuple(VERSIONS), description="OCPI versions offered to parties.")
    custom_modules: tuple[str, ...] = Field((), description="Identifiers of custom modules that the hub publishes.")
    roles_batch_s: float = Field(
        900, gt=0, description="Seconds between two batches that tell 2.3.0 platforms of parties that came or went."
    )

    @field_validator("versions")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [number for number in value if number not in VERSIONS]
        if unknown or not value:
            raise ValueError(f"choose from {', '.join(VERSIONS)}")
        return tuple(dict.fromkeys(value))

    @field_validator("custom_modules")
    @classmethod
    def _are_custom(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not re.fullmatch(r"[\w.-]+", name, re.ASCII) or name.lower() in CONFIGURATION or module_named(name):
                raise ValueError(f"{name!r} is a module of OCPI, or no identifier of one")
        return value

    @model_validator(mode="after")
    def _is_party(self) -> HubSection:
        PartyId(self.country_code, self.party_id)
        return self

    @property
    def party(self) -> PartyId:
        """The hub's own party."""
        return PartyId(self.country_code, self.party_id)


class _DoorSection(_Section):
    tls_cert: Path | None = Field(
        None, description="PEM file with the certificate chain; with tls_key it turns on TLS."
    )
    tls_key: Path | None = Field(None, description="PEM file with the private key.")
    tls_client_ca: Path | None = Field(None, description="PEM file of CAs: clients must then show a certificate.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.tls_cert is None and (self.tls_key is not None or self.tls_client_ca is not None):
            raise ValueError("tls_key and tls_client_ca need tls_cert")
        return self

    @property
    def certificates(self) -> Certificates | None:
        """What the door shows, where it speaks TLS."""
        return Certificates(self.tls_cert, self.tls_key, self.tls_client_ca) if self.tls_cert else None


class ServerSection(_DoorSection):
    host: Text = Field("127.0.0.1", description="Address of the public OCPI door.")
    port: int = Field(8080, ge=0, le=65535, description="Port of the public OCPI door; 0 takes a free one.")
    trusted_proxies: tuple[str, ...] = Field(
        (), description="CIDRs of proxies whose X-Forwarded-For and X-Forwarded-Proto count."
    )
    shutdown_s: float = Field(15, ge=0, description="Seconds that running requests may take to finish on SIGTERM.")

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value


class OidcSection(_Section):
    issuer: str | None = Field(None, description="Issuer URL of an OpenID Connect provider that people log in with.")
    client_id: str | None = Field(None, description="What the provider knows the hub's web view as.")
    client_secret: SecretStr | None = Field(None, description="Secret of the client; best given by environment.")
    name: str = Field("single sign-on", description="What the login page calls the provider.")
    name_claim: str = Field("preferred_username", description="Claim of the ID token that names the person.")
    role_claim: str = Field("roles", description="Claim of the ID token that says what the person may do.")
    owners: tuple[str, ...] = Field((), description="Values of the role claim that make an owner.")
    operators: tuple[str, ...] = Field((), description="Values of the role claim that make an operator.")
    viewers: tuple[str, ...] = Field((), description="Values of the role claim that make a viewer.")

    @model_validator(mode="after")
    def _is_whole(self) -> OidcSection:
        if (self.issuer is None) != (self.client_id is None):
            raise ValueError("issuer and client_id belong together")
        if self.issuer and not self.issuer.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("issuer must begin with https://")
        return self


class AdminSection(_DoorSection):
    host: Text = Field("127.0.0.1", description="Address of the admin door.")
    port: int = Field(8081, ge=0, le=65535, description="Port of the admin door; 0 takes a free one.")
    bootstrap_key: SecretStr | None = Field(None, description="An owner key for automation; best given by environment.")
    public_url: Address | None = Field(
        None, description="Address that people open the web view at, where a proxy stands before the admin door."
    )
    session_s: float = Field(43_200, gt=0, description="Seconds after which a person must log in again, at the latest.")
    session_idle_s: float = Field(7_200, gt=0, description="Seconds without a click after which a session ends.")
    oidc: OidcSection = OidcSection()


class StorageSection(_Section):
    url: str = Field(
        "sqlite:///ocpi-hub.db",
        repr=False,
        description="sqlite:///FILE, or postgresql://user:password@host/database.",
    )
    auto_migrate: bool = Field(True, description="Whether serve brings a PostgreSQL schema to this version by itself.")

    @field_validator("url")
    @classmethod
    def _can_be_read(cls, value: str) -> str:
        if value.startswith("postgresql://"):
            _check_postgresql(value)
        elif value != "sqlite://" and not value.startswith("sqlite:///"):
            raise ValueError("must be sqlite:///FILE (a fourth slash where it is an absolute path) or postgresql://...")
        return value


def _check_postgresql(url: str) -> None:
    """Raises ValueError for what the driver would stumble over, without repeating a part of the URL."""
    address, _, options = url.rpartition("@")[2].removeprefix("postgresql://").partition("?")
    given = parse_qsl(options, keep_blank_values=True)
    ports = [value for name, value in given if name == "port"]
    ports += re.findall(r":([^:\]]*)$", address.partition("/")[0])
    if not all(port.isdecimal() for port in ports):
        raise ValueError("its port is not a number (in a password write %3A, %2F and %40 for : / and @)")
    if not POSTGRESQL_OPTIONS.issuperset(name for name, _ in given):
        raise ValueError(f"it may have the options {', '.join(sorted(POSTGRESQL_OPTIONS))}, and no others")


class SecuritySection(_Section):
    master_key: SecretStr | None = Field(
        None, description="32 bytes in Base64 that encrypt what must be stored recoverably; best given by environment."
    )
    master_key_file: Path | None = Field(
        None, description="File with the master key; ocpi-hub.key beside the store, made on first start, if empty."
    )
    allow_private_parties: bool = Field(
        False, description="Whether party URLs may be http:// or lead to loopback, private or link-local addresses."
    )

    @field_validator("master_key")
    @classmethod
    def _is_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            with suppress(ValueError):
                if len(base64.b64decode(value.get_secret_value(), validate=True)) == 32:
                    return value
            raise ValueError("must be 32 bytes in Base64")
        return value


class RoutingSection(_Section):
    connect_timeout_s: float = Field(5, gt=0, description="Seconds to wait for a connection to a party.")
    party_timeout_s: float = Field(20, gt=0, description="Seconds to wait for a party's whole answer.")
    policy: Literal["open", "agreements"] = Field(
        "open", description="open: parties reach each other unless forbidden; agreements: only pairs with one."
    )
    max_body_bytes: int = Field(8_388_608, gt=0, description="Largest body accepted, in either direction.")


class LivenessSection(_Section):
    idle_s: float = Field(300, gt=0, description="Seconds of silence after which a platform is asked if it is alive.")
    interval_s: float = Field(30, gt=0, description="Seconds between two looks for silent platforms.")


class MirrorSection(_Section):
    pull_interval_s: float = Field(
        86_400, ge=0, description="Seconds between refreshes of the hub's copy of published objects; 0 is never."
    )


class JournalSection(_Section):
    retention_days: int = Field(30, ge=1, description="Days that the traffic journal is kept.")
    bodies: Literal["off", "errors", "all"] = Field(
        "off", description="Which bodies the journal keeps, personal data masked."
    )


class LogSection(_Section):
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe level logged.")
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="json lines, console for people, or auto: console on a terminal."
    )


class TelemetrySection(_Section):
    otlp_endpoint: Address | None = Field(
        None,
        repr=False,
        description="Where OpenTelemetry traces go, like http://collector:4318; needs the extra ocpi-hub[otel].",
    )
