"""Colours for people, plain text into a pipe; and what goes on until somebody ends it (interfaces.md, section 1)."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hub.testing import FakeCpo, FakeEmsp
from tests.conftest import free_port
from tests.hub.cli.shell import ROOT, Shell, answers, ended
from tests.hub.cli.terminal import KEY, Terminal, joined, written

ESCAPE = "\x1b["


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on: a hub whose admin door is there logs one line, and gives up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def shown(folder: Path, command: str, **environment: str) -> tuple[str, str]:
    """What a command says on a terminal, and into pipes."""
    whole = {"PYTHONPATH": str(ROOT), "PATH": os.defpath, "TERM": "xterm-256color", **environment}
    line = [sys.executable, "-m", "hub", *command.split()]
    piped = subprocess.run(line, cwd=folder, env=whole, capture_output=True, text=True, check=False)
    ours, theirs = pty.openpty()
    with subprocess.Popen(line, cwd=folder, env=whole, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        said = b""
        with suppress(OSError), open(ours, "rb", buffering=0) as terminal:  # an error is how a terminal ends
            while more := terminal.read(65536):
                said += more
    return said.decode(), piped.stdout + piped.stderr


def test_a_terminal_is_coloured_and_a_pipe_is_plain(tmp_path: Path) -> None:
    for command in ("check-config", "party list"):
        terminal, pipe = shown(tmp_path, command)
        assert (ESCAPE in terminal, ESCAPE in pipe) == (True, False), command


async def test_a_journey_is_found_by_its_correlation_id_on_a_narrow_terminal_too(
    terminal: Terminal, tmp_path: Path
) -> None:
    cpo, emsp = FakeCpo("NL*TNM"), FakeEmsp("DE*ABC")
    async with joined(terminal, cpo), joined(terminal, emsp):
        id = (await cpo.push_session("DE*ABC", emsp.parties[0])).sent["X-Correlation-ID"]
        await written(terminal.hub)
    access = {"OCPI_HUB_ADMIN_URL": terminal.url, "OCPI_HUB_ADMIN_KEY": KEY}
    for columns in ("80", "200"):
        narrow, pipe = await asyncio.to_thread(shown, tmp_path, "journal --module sessions", COLUMNS=columns, **access)
        for text in (narrow, pipe):
            (line,) = [line for line in text.splitlines() if id in line]
            assert "PUT sessions/NL/TNM/SES1" in line


@pytest.mark.parametrize(
    ("style", "is_json"), [("auto", (False, True)), ("json", (True, True)), ("console", (False,) * 2)]
)
def test_the_log_is_for_people_on_a_terminal_and_json_elsewhere(
    tmp_path: Path, taken: int, style: str, is_json: tuple[bool, bool]
) -> None:
    ports = {"OCPI_HUB_SERVER__PORT": "0", "OCPI_HUB_ADMIN__PORT": str(taken)}
    said = shown(tmp_path, "serve", OCPI_HUB_LOG__FORMAT=style, **ports)
    for text, wants_json, is_terminal in zip(said, is_json, (True, False), strict=True):
        line = text.splitlines()[0]
        assert "public door open" in line
        assert (line.startswith("{") and json.loads(line)["level"] == "info") is wants_json
        assert (ESCAPE in line) is (is_terminal and not wants_json)
        assert "Address already in use" in text


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_hub_that_is_ended_while_it_still_starts_ends_well(shell: Shell, how: signal.Signals) -> None:
    pipe = shell.folder / "config.toml"
    os.mkfifo(pipe)
    serving = await shell.start("serve")
    writer = await asyncio.to_thread(os.open, pipe, os.O_WRONLY)  # it is there to be written when it is being read
    try:
        assert await ended(serving, how) == (0, "")
    finally:
        os.close(writer)


async def test_what_the_terminal_cannot_spell_is_written_out(shell: Shell) -> None:
    (shell.folder / "config.toml").write_text("hub.name = 'Tëst'", encoding="utf-8")
    shell.environment = {"PYTHONIOENCODING": "ascii"}
    assert 'name = "T\\xebst"' in await shell.run("check-config")


async def test_a_hub_runs_where_nobody_reads_what_it_says(tmp_path: Path) -> None:
    """Some start their servers with standard output and error closed."""
    admin = free_port()
    ports = {"OCPI_HUB_SERVER__PORT": "0", "OCPI_HUB_ADMIN__PORT": str(admin)}
    serving = await asyncio.create_subprocess_exec(
        *("sh", "-c", 'exec "$0" -m hub serve >&- 2>&-', sys.executable),
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": os.defpath, **ports},
    )
    try:
        async with asyncio.timeout(60):
            await answers(f"http://127.0.0.1:{admin}/readyz")
    finally:
        serving.terminate()
        assert await serving.wait() == 0
