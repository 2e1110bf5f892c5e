"""A configuration that is wrong: every mistake is an error that names key, value and source, and repeats no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.config import ConfigError, load
from tests.hub.test_config import written


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


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
    ("text", "expected"),
    [
        ('[hub]\nversions = "2.2.1"', "hub.versions = '2.2.1': is a list"),
        ("hub = 1", "hub = 1: is a section"),
        ("[hub]\npublic_url = 'hub.example'", "hub.public_url = 'hub.example': must be an address like https://"),
        ("[hub]\npublic_url = 'https://hub.example/?hub=1'", "must be an address like https://hub.example, without ?"),
        ("[hub]\nname = ''", "hub.name = ''"),
        ("[hub]\ncustom_modules = ['a/b']", "'a/b' is a module of OCPI, or no identifier"),
        ("[hub]\ncustom_modules = ['Locations']", "'Locations' is a module of OCPI"),
        ("[hub]\ncustom_modules = ['credentials']", "'credentials' is a module of OCPI"),
        ("[server]\nhost = ''", "server.host = ''"),
        ("[server]\nshutdown_s = inf", "server.shutdown_s = inf: Input should be a finite number"),
        ("[server]\ntls_key = 'key.pem'", "hub.toml: server: tls_key and tls_client_ca need tls_cert"),
        ("[admin]\nport = 'x'", "admin.port = 'x'"),
        ("[security]\nallow_private_parties = 'perhaps'", "security.allow_private_parties = 'perhaps'"),
        ("[security]\nmaster_key = 'x'", "security.master_key = ***: must be 32 bytes in Base64"),
        ("[storage]\nurl = 'sqlite://hub.db'", "must be sqlite:///FILE"),
        ("[storage]\nurl = 'postgresql://hub@db:port/hub'", "its port is not a number"),
        ("[storage]\nurl = 'postgresql://hub@/hub?host=db&port=x'", "its port is not a number"),
        ("[storage]\nurl = 'postgresql://hub@db/hub?sslrootcert=x'", "it may have the options "),
    ],
)
def test_a_mistake_is_told_in_words_that_help(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(written(text))
    assert expected in str(raised.value)
    assert "Value error" not in str(raised.value)


def test_settings_that_do_not_go_together_are_found_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCPI_HUB_HUB__PARTY_ID", "HUBS")
    with pytest.raises(ConfigError, match=r"^environment OCPI_HUB_HUB__PARTY_ID: hub: a party is 2 \+ 3 characters"):
        load()


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
    with pytest.raises(ConfigError, match=r"OCPI_HUB_HUB__VERSIONS: hub.versions = '2.2.1': a list is written in JSON"):
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
        '[storage]\nurl = "postgresql://user:hunter2@host:port/db"',
        '[storage]\nurl = "postgresql://user:@host/db?pasword=hunter2"',
        '[telemetry]\notlp_endpoint = "hub:hunter2@host"',
        '[secuirty]\nmaster_key = "hunter2"',
        'master_key = "hunter2"',
        '[server]\nbootstrap_key = "hunter2"',
        '[hub.security]\nmaster_key = "hunter2"',
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
