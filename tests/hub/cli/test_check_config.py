"""`ocpi-hub check-config`: what it prints is the configuration, and may be shown to anybody."""

from __future__ import annotations

from hub.config import load
from hub.vault import new_key
from tests.hub.cli.shell import Shell


async def test_what_is_printed_is_toml_that_means_the_same(shell: Shell) -> None:
    given, printed = shell.folder / "config.toml", shell.folder / "printed.toml"
    given.write_text("""
        hub = { name = 'the "hub"', custom_modules = ["nl-parking"], public_url = "https://hub.example" }
        server = { port = 1234, trusted_proxies = ["10.0.0.0/8", "::1/128"], shutdown_s = 0.5 }
        admin.oidc = { issuer = "https://id.example", client_id = 'a\\b', owners = ["it's"] }
        """)
    *lines, verdict = (await shell.run("check-config")).splitlines()
    assert verdict == "The configuration is valid."
    printed.write_text("\n".join(lines))
    assert load(printed) == load(given)


async def test_no_secret_is_printed(shell: Shell) -> None:
    key = new_key()
    shell.environment = {
        "OCPI_HUB_SECURITY__MASTER_KEY": key,
        "OCPI_HUB_ADMIN__BOOTSTRAP_KEY": "hunter2",
        "OCPI_HUB_ADMIN__OIDC__CLIENT_SECRET": "hunter2",
        "OCPI_HUB_STORAGE__URL": "postgresql://hub:hunter2@db/hub?password=hunter2",
        "OCPI_HUB_TELEMETRY__OTLP_ENDPOINT": "https://hub:hunter2@collector:4318",
    }
    printed = await shell.run("check-config")
    assert key not in printed
    assert "hunter2" not in printed
    assert 'url = "postgresql://hub:***@db/hub?password=***"' in printed
    assert 'otlp_endpoint = "https://hub:***@collector:4318"' in printed
