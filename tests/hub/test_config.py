"""Settings: defaults, file, environment; every mistake is an error that names key and source, and no secret."""

from __future__ import annotations

import base64
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from hub.config import ConfigError, Settings, load, mask_url, masked
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


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().server.port = 1


# --- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('[server]\nport = "x"', ["hub.toml", "server.port", "'x'"]),
        ("[server]\nport = 70000", ["hub.toml", "server.port", "70000"]),
        ("[server]\nprot = 1", ["hub.toml", "server.prot", "not a known setting"]),
        ("[sever]\nport = 1", ["hub.toml", "sever", "not a known setting"]),
        ("port = 1", ["hub.toml", "port", "not a known setting"]),
        ("server = 1", ["hub.toml", "server"]),
        ('[hub]\nversions = ["2.2"]', ["hub.toml", "hub.versions", "2.2.1"]),
        ("[hub]\nversions = []", ["hub.toml", "hub.versions"]),
        ('[hub]\ncountry_code = "NLD"', ["hub.toml", "hub", "NLD"]),
        ('[storage]\nurl = "mysql://x"', ["hub.toml", "storage.url", "sqlite"]),
        ('[server]\ntrusted_proxies = ["10.0.0.1/8"]', ["hub.toml", "server.trusted_proxies"]),
        ('[routing]\npolicy = "closed"', ["hub.toml", "routing.policy", "'closed'"]),
        ("[routing]\nparty_timeout_s = 0", ["hub.toml", "routing.party_timeout_s"]),
        ("[log\n", ["hub.toml", "TOML"]),
        ('[admin.oidc]\nissuer = "https://id.example"', ["hub.toml", "admin.oidc", "client_id"]),
        ('[admin.oidc]\nisuer = "x"', ["hub.toml", "admin.oidc.isuer", "not a known setting"]),
    ],
)
def test_a_mistake_in_the_file_is_named(text: str, parts: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        load(written(text))
    assert [part for part in parts if part not in str(raised.value)] == []


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        load(written('[server]\nport = "x"\n[log]\nlevel = "loud"'))
    assert len(str(raised.value).splitlines()) == 2


def test_a_file_that_is_named_must_be_there() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load(Path("nowhere.toml"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OCPI_HUB_SERVER__PORT", "x"),
        ("OCPI_HUB_SERVER__PROT", "1"),
        ("OCPI_HUB_SERVER_PORT", "1"),
        ("OCPI_HUB_SEVER__PORT", "1"),
        ("OCPI_HUB_PORT", "1"),
        ("OCPI_HUB_SERVER", '{"port": 1}'),
        ("ocpi_hub_server__prot", "1"),
        ("OCPI_HUB_ADMIN__OIDC", "{}"),
        ("OCPI_HUB_ADMIN__OIDC__ISUER", "x"),
    ],
)
def test_a_mistake_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"environment.*{name}"):
        load()


def test_a_list_in_the_environment_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCPI_HUB_HUB__VERSIONS", "2.2.1")
    with pytest.raises(ConfigError, match="environment"):
        load()


def test_the_command_lines_own_variables_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCPI_HUB_ADMIN_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("OCPI_HUB_ADMIN_KEY", "x")
    assert load()


# --- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '[security]\nmaster_key = "hunter2"',
        '[security]\nmaster_keyy = "hunter2"',
        '[security]\nmaster_key = ["hunter2"]',
        'security = "hunter2"',
        '[admin]\nbootstrap_key = ["hunter2"]',
        '[admin]\nboot_key = "hunter2"',
        '[storage]\nurl = "postgres://user:hunter2@host/db"',
        '[storage]\nurI = "postgresql://user:hunter2@host/db"',
    ],
)
def test_no_error_repeats_a_secret(text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(written(text))
    assert "hunter2" not in str(raised.value)


def test_no_error_repeats_a_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCPI_HUB_SECURITY__MASTER_KEY", "hunter2")
    with pytest.raises(ConfigError, match=r"security\.master_key") as raised:
        load()
    assert "hunter2" not in str(raised.value)


def test_what_is_shown_hides_secrets_and_completes_the_public_url() -> None:
    settings = load(
        written(
            f'[security]\nmaster_key = "{KEY}"\n[admin]\nbootstrap_key = "hunter2"\n'
            '[storage]\nurl = "postgresql://hub:hunter2@db/hub"'
        )
    )
    shown = masked(settings)
    assert shown["storage"]["url"] == "postgresql://hub:***@db/hub"
    assert shown["hub"]["public_url"] == "http://127.0.0.1:8080"
    for text in (str(shown), repr(settings)):
        assert "hunter2" not in text.replace(repr(settings.storage.url), "")
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
