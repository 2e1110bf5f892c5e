"""What the tests of commands ask for: a terminal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.hub.cli.shell import Shell


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    """A terminal in an empty folder."""
    shell = Shell(tmp_path)
    yield shell
    for process in shell.running:
        if process.returncode is None:
            process.kill()
            await process.communicate()
