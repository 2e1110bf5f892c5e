"""Somebody at a terminal beside a hub that runs: what goes on is a process, what ends is called beside the hub."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from hub.cli import app
from hub.lifecycle import Hub
from hub.testing import FakeParty

KEY = "an-owner-key-of-the-tests"
ROOT = Path(__file__).parents[3]
RUNNER = CliRunner()


@dataclass(frozen=True, slots=True)
class Done:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Terminal:
    """Somebody at a terminal, with the admin door's address and key in the environment."""

    hub: Hub
    url: str

    @property
    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("OCPI_HUB_")}
        return {**inherited, **self._key, "PYTHONPATH": str(ROOT)}

    @property
    def _key(self) -> dict[str, str]:
        return {"OCPI_HUB_ADMIN_URL": self.url, "OCPI_HUB_ADMIN_KEY": KEY}

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start a command, and leave it running."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hub",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
        )

    async def run(self, *arguments: str) -> Done:
        """A command, to its end."""
        done = await asyncio.to_thread(RUNNER.invoke, app, arguments, env=self._key, input="another long password")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return Done(done.exit_code, done.stdout, done.stderr)


@asynccontextmanager
async def joined(terminal: Terminal, party: FakeParty) -> AsyncIterator[str]:
    """A party that was invited at the terminal and has registered; the id of its platform."""
    async with party:
        id = str(party.parties[0])
        invited = (await terminal.run("party", "invite", party.name, "--role", f"{party.role}:{id}", "--json")).json
        await party.register(invited["versions_url"], invited["token"])
        yield invited["id"]


async def written(hub: Hub) -> None:
    """Wait until the journal wrote everything."""
    async with asyncio.timeout(10):
        while hub.journal.waiting:  # noqa: ASYNC110 - what is waited for is counted, not signalled
            await asyncio.sleep(0.02)
