"""What every command says to the person at the terminal: tables, and errors with an exit code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hub.config import ConfigError, Settings, load

FAILED: Final = 1
WRONG_USE: Final = 2

# into a pipe a row stays on its line, however long: it is for grep and awk
out = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 10_000)
err = Console(stderr=True, soft_wrap=True)

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="TOML file; ./config.toml if it is there, else the defaults.")
]


def settings_of(config: Path | None) -> Settings:
    """The settings, or exit 2 with what is wrong with them."""
    try:
        return load(config)
    except ConfigError as error:
        give_up(str(error), WRONG_USE)


def give_up(reason: str, code: int = FAILED) -> NoReturn:
    """Say why, and exit. Others may have written a part of it."""
    err.print(visible(reason, keep="\n"), style="red", markup=False, highlight=False)
    raise typer.Exit(code)


def table(title: str | None, *columns: str) -> Table:
    """An empty table in the house style."""
    grid = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        grid.add_column(column, overflow="fold")
    return grid


def row(grid: Table, *cells: str | Text, style: str | None = None) -> None:
    """A row of texts that others wrote: no markup, and nothing that a terminal would obey."""
    grid.add_row(*(cell if isinstance(cell, Text) else Text(visible(cell)) for cell in cells), style=style)


def visible(text: str, *, keep: str = "") -> str:
    """A text with what a terminal might obey, such as line breaks and escape sequences, written out."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in keep else f"\\u{ord(sign):04x}" for sign in text)
