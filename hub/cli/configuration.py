"""`ocpi-hub check-config`: what the hub would run with. Imports no server, so that the answer comes at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hub.cli.terminal import ConfigFile, out, settings_of, visible
from hub.config import masked


def check_config(config: ConfigFile = None) -> None:
    """Say whether the configuration is valid, and print it with secrets masked."""
    settings = settings_of(config)
    for section, values in masked(settings).items():
        _print_section(section, values)
    out.print("The configuration is valid.", style="green")


def _print_section(section: str, values: Mapping[str, Any]) -> None:
    out.print(f"[{section}]", markup=False, highlight=False)
    for name, value in values.items():
        if not isinstance(value, dict):
            out.print(_toml(name, value), markup=False, highlight=False)
    out.print()
    for name, value in values.items():
        if isinstance(value, dict):
            _print_section(f"{section}.{name}", value)


def _toml(name: str, value: Any) -> str:
    """A line of TOML; what has no value is commented out, as in config.example.toml."""
    # strings, lists and booleans are written in TOML as they are in JSON
    return f'#{name} = ""' if value is None else f"{name} = {visible(json.dumps(value, ensure_ascii=False))}"
