"""`ocpi-hub check-config`: what the hub would run with. Imports no server, so that the answer comes at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.cli.terminal import ConfigFile, out, settings_of
from hub.config import masked


def check_config(config: ConfigFile = None) -> None:
    """Say whether the configuration is valid, and print it with secrets masked."""
    settings = settings_of(config)
    for section, values in masked(settings).items():
        _print_section(section, values)
    out.print("The configuration is valid.")


def _print_section(section: str, values: Mapping[str, Any]) -> None:
    out.print(f"[{section}]", markup=False, highlight=False)
    for name, value in values.items():
        if not isinstance(value, dict):
            out.print(f"{name} = {_toml(value)}", markup=False, highlight=False)
    out.print()
    for name, value in values.items():
        if isinstance(value, dict):
            _print_section(f"{section}.{name}", value)


def _toml(value: Any) -> str:
    match value:
        case None:
            return '""'
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case _:
            return str(value)
