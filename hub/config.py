"""Settings: defaults, then a TOML file, then the environment, frozen in one object."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from hub.sections import (
    AdminSection,
    HubSection,
    JournalSection,
    LivenessSection,
    LogSection,
    MirrorSection,
    RoutingSection,
    SecuritySection,
    ServerSection,
    StorageSection,
    TelemetrySection,
)

ENV_PREFIX = "OCPI_HUB_"
CLI_VARIABLES = frozenset({"OCPI_HUB_ADMIN_URL", "OCPI_HUB_ADMIN_KEY"})


class ConfigError(Exception):
    """A configuration that cannot be used; the message names key, value and where it came from."""


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
    telemetry: TelemetrySection = TelemetrySection()

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
        host = f"[{self.server.host}]" if ":" in self.server.host else self.server.host
        return (self.hub.public_url or f"{scheme}://{host}:{self.server.port}").rstrip("/")


class _Only(Settings):
    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def only(**sections: Any) -> Settings:
    """These settings and the defaults, whatever the environment says: a demo must not find the store of a hub."""
    return _Only(**sections)


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
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from None


def _check_environment() -> None:
    """What pydantic-settings ignores (a misspelt variable), or refuses without its name (a list that is not JSON)."""
    for name, value in os.environ.items():
        if not name.upper().startswith(ENV_PREFIX) or name.upper() in CLI_VARIABLES:
            continue
        place = name.upper().removeprefix(ENV_PREFIX).lower().split("__")
        field = _known(place[:-1]).get(place[-1]) if len(place) > 1 else None
        if field is None or _known(place):
            raise ConfigError(f"environment: {name} is not a known setting")
        if get_origin(field.annotation) is tuple and not _is_json(value):
            setting = f"{'.'.join(place)} = {value!r}"
            raise ConfigError(f'environment {name}: {setting}: a list is written in JSON, like ["a", "b"]')


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _known(sections: list[str]) -> Mapping[str, FieldInfo]:
    """The settings of a section, or of one within it; none where there is no such section."""
    fields: Mapping[str, FieldInfo] = Settings.model_fields
    for section in sections:
        annotation = fields[section].annotation if section in fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return {}
        fields = annotation.model_fields
    return fields


_REASONS = {
    "extra_forbidden": "is not a known setting",
    "model_type": "is a section, not a value",
    "tuple_type": "is a list, not a single value",
}


def _explain(error: ValidationError, file: Path, values: dict[str, Any]) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_context=False):
        place = [str(part) for part in problem["loc"]]
        setting = place[: 3 if _known(place[:2]) else 2]
        variables = _variables(setting)
        source = f"environment {', '.join(variables)}" if variables else str(file)
        reason = _REASONS.get(problem["type"]) or problem["msg"].removeprefix("Value error, ")
        if _known(place) and problem["type"] != "model_type":  # the settings of this section do not go together
            yield f"{source}: {'.'.join(place)}: {reason}"
            continue
        value = os.environ[variables[0]] if variables else _at(values, place)
        yield f"{source}: {'.'.join(place)} = {repr(value) if _may_be_told(setting, value) else '***'}: {reason}"


def _may_be_told(setting: list[str], value: Any) -> bool:
    """No error repeats a secret: what is one, and under a misspelt key or section anything that may be one."""
    field = _known(setting[:-1]).get(setting[-1])
    if field is None or _known(setting):
        return isinstance(value, int | float)
    return field.repr and field.annotation != (SecretStr | None)


def _variables(place: list[str]) -> list[str]:
    """The variables that give a setting, or anything in a section."""
    wanted = f"{ENV_PREFIX}{'__'.join(place)}".upper()
    return sorted(name for name in os.environ if f"{name.upper()}__".startswith(f"{wanted}__"))


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
    if settings.telemetry.otlp_endpoint:
        shown["telemetry"]["otlp_endpoint"] = mask_url(settings.telemetry.otlp_endpoint)
    shown["hub"]["public_url"] = settings.public_url
    return shown


def mask_url(url: str) -> str:
    """A URL without its password."""
    if url.startswith("sqlite"):
        return url
    scheme, _, rest = re.sub(r"(?<=[?&]password=)[^&]*", "***", url).partition("://")
    credentials, at, place = rest.rpartition("@")
    return f"{scheme}://{credentials.partition(':')[0]}:***@{place}" if at else f"{scheme}://{rest}"
