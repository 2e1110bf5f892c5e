"""What the tests of commands ask for: a terminal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from admin.app import office
from hub.config import Settings
from hub.lifecycle import running
from tests.hub.cli.shell import Shell
from tests.hub.cli.terminal import KEY, Terminal


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    """A terminal in an empty folder."""
    shell = Shell(tmp_path)
    yield shell
    for process in shell.running:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.fixture
async def terminal(settings: Callable[..., Settings]) -> AsyncIterator[Terminal]:
    """A terminal beside a hub that runs."""
    chosen = settings(server={"shutdown_s": 1}, admin={"port": 0, "bootstrap_key": KEY})
    async with running(chosen) as hub, office(hub) as url:
        yield Terminal(hub, url)
