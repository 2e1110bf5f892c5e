"""The command line: `ocpi-hub`. Exit codes: 0 done, 1 the work failed, 2 wrong use or wrong configuration.

A command is imported when it is called: whoever asks the journal a question need not wait for a whole server.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from io import TextIOWrapper
from typing import Any, Final

import typer
from typer.core import TyperGroup

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "demo": ("demo", "demo"),
    "serve": ("serve", "serve"),
    "check-config": ("configuration", "check_config"),
    "migrate": ("serve", "migrate"),
    "health": ("health", "health"),
    "rekey": ("rekey", "rekey"),
    "fake": ("fake", "fake"),
    "party": ("party", "app"),
    "agreement": ("office", "agreements"),
    "journal": ("journal", "journal"),
    "audit": ("office", "audit"),
    "admin-key": ("keys", "app"),
    "admin-user": ("users", "app"),
}
"""By name: the module of this package, and the function or the group of commands in it."""

GO_ON: Final[Mapping[str, int]] = {"serve": 0, "fake": 0, "journal": 0, "demo": 1}
"""What goes on until somebody ends it: the exit code where that happens before it has begun, or in the middle."""


class Commands(TyperGroup):
    """The commands, each imported at first use."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name; None for an unknown one."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name]
        found = getattr(import_module(f"{__name__}.{module}"), attribute)
        if isinstance(found, typer.Typer):
            command: Any = typer.main.get_group(found)
        else:
            single = typer.Typer(add_completion=False)
            single.command(cmd_name)(found)
            command = typer.main.get_command(single)
        command.name = cmd_name
        return command


app = typer.Typer(
    name="ocpi-hub",
    cls=Commands,
    help="An OCPI roaming hub: charge point operators and e-mobility service providers connect once.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)


@app.callback()
def _every_command() -> None:
    pass


def main() -> None:
    """The console script."""
    _set_up_streams()
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in GO_ON:  # loading it takes most of a second, in which it may be ended already
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(GO_ON[name]))
    app()


def _set_up_streams() -> None:
    """Whoever starts a hub may have closed them; and not every terminal can spell what others are called."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - as long as the process
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
