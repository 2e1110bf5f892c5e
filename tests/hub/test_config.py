"""Settings: defaults, file, environment; every mistake is an error that names key and source, and no secret."""

from __future__ import annotations

import base64
import json
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from hub.config import ConfigError, Settings, load, mask_url, masked, only
from routing.ocpi import PartyId

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
KEY = base64.b64encode(os.urandom(32)).decode()


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(text: str, name: str = "hub.toml") -> Path:
    file = Path(name)
    file.write_text(text, encoding="utf-8")
    return file


# --- where values come from ------------------------------------------------------------------------------------------


def test_without_anything_the_defaults_hold() -> None:
    settings = load()
    assert settings.hub.party == PartyId("NL", "HUB")
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.storage.url == "sqlite:///ocpi-hub.db"
    assert settings.security.allow_private_parties is False
    assert settings.routing.policy == "open"


def test_config_toml_is_read_where_it_lies_and_another_where_it_is_named() -> None:
    written("[server]\nport = 1111", "config.toml")
    assert load().server.port == 1111
    assert load(written("[server]\nport = 2222")).server.port == 2222


def test_a_file_may_begin_with_the_mark_that_some_editors_write() -> None:
    assert load(written("\ufeff[server]\nport = 1111")).server.port == 1111


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCPI_HUB_SERVER__PORT", "3333")
    monkeypatch.setenv("OCPI_HUB_HUB__VERSIONS", '["2.2.1"]')
    settings = load(written('[server]\nport = 2222\nhost = "0.0.0.0"'))
    assert (settings.server.port, settings.server.host) == (3333, "0.0.0.0")  # noqa: S104 - never bound
    assert settings.hub.versions == ("2.2.1",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[hub]\npublic_url = "https://hub.example/"', "https://hub.example"),
        ('[server]\nhost = "10.0.0.1"\nport = 99', "http://10.0.0.1:99"),
        ('[server]\nhost = "::1"\nport = 99', "http://[::1]:99"),
        ('[server]\ntls_cert = "cert.pem"\ntls_key = "key.pem"', "https://127.0.0.1:8080"),
    ],
)
def test_the_public_url_is_as_given_or_follows_from_the_server(text: str, expected: str) -> None:
    assert load(written(text)).public_url == expected


def test_a_setting_of_a_section_within_a_section_can_be_given_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCPI_HUB_ADMIN__OIDC__CLIENT_SECRET", "hunter2")
    settings = load(written('[admin.oidc]\nissuer = "https://id.example"\nclient_id = "hub"'))
    assert (settings.admin.oidc.issuer, settings.admin.oidc.client_id) == ("https://id.example", "hub")
    assert settings.admin.oidc.client_secret == SecretStr("hunter2")
    assert "hunter2" not in str(masked(settings))


def test_each_setting_can_be_given_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: dict[str, Any] = {}
    for section, key, field in _fields():
        value = _another(section, key, field)
        variable = f"OCPI_HUB_{section.replace('.', '__')}__{key}".upper()
        monkeypatch.setenv(variable, value if isinstance(value, str) else json.dumps(value))
        place = wanted
        for name in section.split("."):
            place = place.setdefault(name, {})
        place[key] = value
    given = load()
    assert given.model_dump() == only(**wanted).model_dump()
    for section, key, field in _fields():
        assert _section(given.model_dump(), section)[key] != field.default, f"{section}.{key}"


def _another(section: str, key: str, field: FieldInfo) -> Any:
    """A value that a setting may have, and does not have by default."""
    whole = re.sub(r"^#(?=\w)", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    particular: dict[str, Any] = {"country_code": "DE", "party_id": "XYZ", "url": "sqlite:///another.db"}
    particular |= {"versions": ["2.2.1"], "trusted_proxies": ["10.0.0.0/8"]}
    if key in particular:
        return particular[key]
    match field.default:
        case None:
            return _section(tomllib.loads(whole), section)[key]
        case bool():
            return not field.default
        case int() | float():
            return field.default + 1
        case tuple():
            return ["another"]
        case _:
            return get_args(field.annotation)[-1] if get_origin(field.annotation) is Literal else "another"


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{section.replace('.', '__')}__{key}" for section, key, field in _fields() if field.default is None]
    for name in names:
        monkeypatch.setenv(f"OCPI_HUB_{name.upper()}", "")
    monkeypatch.delenv("OCPI_HUB_SECURITY__MASTER_KEY")
    settings = load(written('[admin]\npublic_url = ""\n[server]\ntls_cert = ""'))
    assert settings.server.certificates is None
    assert settings.security.master_key_file is None
    assert (settings.admin.public_url, settings.hub.website, settings.admin.oidc.issuer) == (None, None, None)
    assert settings.public_url == "http://127.0.0.1:8080"


def test_an_empty_master_key_is_none_that_got_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCPI_HUB_SECURITY__MASTER_KEY", "")
    with pytest.raises(ConfigError, match="32 bytes in Base64"):
        load()


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().server.port = 1


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_what_is_shown_hides_secrets_and_completes_the_public_url() -> None:
    settings = load(
        written(
            f'[security]\nmaster_key = "{KEY}"\n[admin]\nbootstrap_key = "hunter2"\n'
            '[storage]\nurl = "postgresql://hub:hunter2@db/hub"\n'
            '[telemetry]\notlp_endpoint = "http://hub:hunter2@collector:4318"'
        )
    )
    shown = masked(settings)
    assert shown["storage"]["url"] == "postgresql://hub:***@db/hub"
    assert shown["hub"]["public_url"] == "http://127.0.0.1:8080"
    for text in (str(shown), repr(settings)):
        assert "hunter2" not in text
        assert KEY not in text


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://hub:p@ss@db:5432/hub", "postgresql://hub:***@db:5432/hub"),
        ("postgresql://hub@db/hub", "postgresql://hub:***@db/hub"),
        ("postgresql://db/hub?user=hub&password=secret&x=1", "postgresql://db/hub?user=hub&password=***&x=1"),
        ("postgresql://db/hub", "postgresql://db/hub"),
        ("sqlite:///hub@home.db", "sqlite:///hub@home.db"),
    ],
)
def test_a_database_url_is_shown_without_its_password(url: str, expected: str) -> None:
    assert mask_url(url) == expected


# --- the example -----------------------------------------------------------------------------------------------------


def _fields(model: type[BaseModel] = Settings, *sections: str) -> Iterator[tuple[str, str, FieldInfo]]:
    """Section like `admin.oidc`, key and field of each setting."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _fields(field.annotation, *sections, name)
        else:
            yield ".".join(sections), name, field


def _section(values: dict[str, Any], section: str) -> dict[str, Any]:
    for name in section.split("."):
        values = values[name]
    return values


def _shown(value: Any) -> Any:
    return (
        list(value) if isinstance(value, tuple) else value.get_secret_value() if isinstance(value, SecretStr) else value
    )


def test_the_example_holds_every_key_with_its_default_and_its_sentence() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    listed = re.findall(r"^# (.+)\n(#?)(\w+) = ", text, re.MULTILINE)
    assert [(sentence, key) for sentence, _, key in listed] == [(field.description, key) for _, key, field in _fields()]
    values = tomllib.loads(text)
    for section, key, field in _fields():
        given = _section(values, section)
        is_given = key in given
        assert is_given is (field.default is not None), f"{section}.{key} without a default is commented out"
        assert not is_given or given[key] == _shown(field.default)


def test_the_example_is_a_valid_configuration_and_changes_nothing() -> None:
    assert load(EXAMPLE) == load()


def test_what_is_commented_out_in_the_example_is_valid_too() -> None:
    whole = re.sub(r"^#(?=\w)", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert load(written(whole)).hub.website
