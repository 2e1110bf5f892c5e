"""Settings: defaults, then a TOML file, then the environment, frozen in one object."""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from hub.tls import Certificates
from routing.ocpi import VERSIONS, PartyId

ENV_PREFIX = "OCPI_HUB_"
CLI_VARIABLES = frozenset({"OCPI_HUB_ADMIN_URL", "OCPI_HUB_ADMIN_KEY"})


class ConfigError(Exception):
    """A configuration that cannot be used; the message names key, value and where it came from."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class HubSection(_Section):
    country_code: str = Field("NL", description="Country code of the hub as an OCPI party.")
    party_id: str = Field("HUB", description="Party id of the hub.")
    name: str = Field("OCPI hub", description="Name shown to parties in business details.")
    website: str | None = Field(None, description="Website shown to parties in business details.")
    public_url: str | None = Field(
        None, description="Base of every URL the hub hands out; http://<server.host>:<server.port> if empty."
    )
    versions: tuple[str, ...] = Field(tuple(VERSIONS), description="OCPI versions offered to parties.")
    custom_modules: tuple[str, ...] = Field((), description="Identifiers of custom modules that the hub publishes.")

    @field_validator("versions")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [number for number in value if number not in VERSIONS]
        if unknown or not value:
            raise ValueError(f"choose from {', '.join(VERSIONS)}")
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
    host: str = Field("127.0.0.1", description="Address of the public OCPI door.")
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


class AdminSection(_DoorSection):
    host: str = Field("127.0.0.1", description="Address of the admin door.")
    port: int = Field(8081, ge=0, le=65535, description="Port of the admin door; 0 takes a free one.")
    bootstrap_key: SecretStr | None = Field(None, description="An owner key for automation; best given by environment.")
    public_url: str | None = Field(
        None, description="Address that people open the web view at, where a proxy stands before the admin door."
    )
    session_s: float = Field(43_200, gt=0, description="Seconds after which a person must log in again, at the latest.")
    session_idle_s: float = Field(7_200, gt=0, description="Seconds without a click after which a session ends.")


class StorageSection(_Section):
    url: str = Field(
        "sqlite:///ocpi-hub.db", description="sqlite:///FILE, or postgresql://user:password@host/database."
    )
    auto_migrate: bool = Field(True, description="Whether serve brings a PostgreSQL schema to this version by itself.")

    @field_validator("url")
    @classmethod
    def _known(cls, value: str) -> str:
        if not value.startswith(("sqlite://", "postgresql://")):
            raise ValueError("must begin with sqlite:// or postgresql://")
        return value


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
        if value is not None and len(base64.b64decode(value.get_secret_value(), validate=True)) != 32:
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


class Settings(BaseSettings):
    """The whole configuration (interfaces, Configuration)."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    hub: HubSection = HubSection()
    server: ServerSection = ServerSection()
    admin: AdminSection = AdminSection()
    storage: StorageSection = StorageSection()
    security: SecuritySection = SecuritySection()
    routing: RoutingSection = RoutingSection()
    liveness: LivenessSection = LivenessSection()
    mirror: MirrorSection = MirrorSection()
    journal: JournalSection = JournalSection()
    log: LogSection = LogSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, which is handed in as initial values."""
        return env_settings, init_settings

    @property
    def public_url(self) -> str:
        """Base of every URL the hub hands out, without a trailing slash."""
        scheme = "https" if self.server.tls_cert else "http"
        return (self.hub.public_url or f"{scheme}://{self.server.host}:{self.server.port}").rstrip("/")


def load(path: Path | None = None) -> Settings:
    """Settings from a file (`./config.toml` if it is there and none is named) and the environment.

    Raises ConfigError naming key, value and source.
    """
    file = path or Path("config.toml")
    values: dict[str, Any] = {}
    if path is not None or file.exists():
        values = _read(file)
    _check_environment()
    try:
        return Settings(**values)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(error, file, values))) from None
    except ValueError as error:
        raise ConfigError(f"environment: {error}") from None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from None


def _check_environment() -> None:
    """A misspelt variable is silently ignored by pydantic-settings; here it is an error."""
    for name in os.environ:
        if not name.upper().startswith(ENV_PREFIX) or name.upper() in CLI_VARIABLES:
            continue
        section, _, key = name.upper().removeprefix(ENV_PREFIX).lower().partition("__")
        field = Settings.model_fields.get(section)
        known = field.annotation.model_fields if field and isinstance(field.annotation, type) else {}
        if key not in known:
            raise ConfigError(f"environment: {name} is not a known setting")


_MAY_BE_SECRET = frozenset({"admin", "security", "storage"})
"""Sections whose values no error repeats: under a misspelt key there may be a secret, too."""


def _explain(error: ValidationError, file: Path, values: dict[str, Any]) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_context=False):
        place = [str(part) for part in problem["loc"]]
        variable = ENV_PREFIX + "__".join(place[:2]).upper()
        source = f"environment {variable}" if variable in os.environ else str(file)
        value: Any = os.environ.get(variable, _at(values, place))
        shown = "***" if place and place[0] in _MAY_BE_SECRET else repr(value)
        reason = "is not a known setting" if problem["type"] == "extra_forbidden" else problem["msg"]
        yield f"{source}: {'.'.join(place)} = {shown}: {reason}"


def _at(values: Any, place: list[str]) -> Any:
    for part in place:
        if not isinstance(values, dict):
            break
        values = values.get(part)
    return values


def masked(settings: Settings) -> dict[str, dict[str, Any]]:
    """The settings as they may be shown: secrets and the store's password masked."""
    shown: dict[str, dict[str, Any]] = settings.model_dump(mode="json")
    shown["storage"]["url"] = mask_url(settings.storage.url)
    shown["hub"]["public_url"] = settings.public_url
    return shown


def mask_url(url: str) -> str:
    """A database URL without its password."""
    if url.startswith("sqlite"):
        return url
    scheme, _, rest = re.sub(r"(?<=[?&]password=)[^&]*", "***", url).partition("://")
    credentials, at, place = rest.rpartition("@")
    return f"{scheme}://{credentials.partition(':')[0]}:***@{place}" if at else f"{scheme}://{rest}"
