"""What the README tells people to type exists: each command with its arguments and options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer import Context
from typer.core import TyperGroup

from hub.cli import app
from hub.testing import FAULTS

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def _commands() -> Iterator[str]:
    """Every call of ocpi-hub: in blocks of shell, and in the middle of a sentence."""
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL):
        for line in block.splitlines():
            yield from re.findall(r"(?:^|&& )(?:\.venv/bin/)?ocpi-hub ([^&]+?)(?= &&|$)", re.sub(r"\s+# .*", "", line))
    yield from re.findall(r"`ocpi-hub ([^`]+)`", README)


@pytest.mark.parametrize("line", sorted({*_commands()}))
def test_a_command_of_the_readme_is_one(line: str) -> None:
    command = typer.main.get_command(app)
    words = shlex.split(line.replace("...", "x"))
    while words and isinstance(command, TyperGroup):
        found = command.get_command(Context(command), words.pop(0))
        assert found is not None, f"{line}: there is no such command"
        command = found
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= {*known, "--help"}


def test_a_fault_of_the_readme_is_one() -> None:
    told = README.partition("Among the faults are ")[2].partition(";")[0]
    assert set(re.findall(r"`([^`]+)`", told)) <= FAULTS.keys()
    assert told.count("`") > 20
