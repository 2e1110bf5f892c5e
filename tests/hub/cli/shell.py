"""A terminal, as an operator sits at one: each command a process of its own, in a folder of its own."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[3]


@dataclass(slots=True)
class Shell:
    """A terminal in a folder; what it leaves running is ended with the test."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    running: list[Process] = field(default_factory=list)

    async def start(self, line: str) -> Process:
        """A command that goes on."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("OCPI_HUB_")}
        environment = plain | {"PYTHONPATH": str(ROOT), "TMPDIR": str(self.folder)} | self.environment
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub", *shlex.split(line), cwd=self.folder, env=environment, stdout=PIPE, stderr=PIPE
        )
        self.running.append(process)
        return process

    async def run(self, line: str, code: int = 0) -> str:
        """What a command says, on standard output if all is well; it must end with this code."""
        process = await self.start(line)
        out, err = (text.decode() for text in await process.communicate())
        assert process.returncode == code, f"{line}: {process.returncode}\n{out}{err}"
        assert "Traceback" not in err, err
        return err if code else out

    async def says(self, process: Process, expected: str) -> re.Match[str]:
        """Wait for a line in which this is found."""
        assert process.stdout is not None
        while line := (await process.stdout.readline()).decode():
            if found := re.search(expected, line):
                return found
        raise AssertionError(f"it ended without saying {expected}: {(await process.communicate())[1].decode()}")


async def ended(process: Process, how: signal.Signals) -> tuple[int, str]:
    """The exit code after a signal, and what it said on standard error."""
    process.send_signal(how)
    _, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, err.decode()


async def answers(url: str) -> None:
    """Wait until there is somebody who says yes."""
    while True:
        try:
            await asyncio.to_thread(lambda: urlopen(url, timeout=10).close())  # noqa: S310
            return
        except URLError:
            await asyncio.sleep(0.05)
