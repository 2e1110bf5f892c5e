"""The demo between parties of three versions, as a person would start it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.timeout(180)
async def test_the_demo_tells_a_story_across_versions_with_its_receipts(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hub",
        "demo",
        "--versions",
        "2.1.1,2.2.1,2.3.0",
        "--once",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    out, err = (text.decode() for text in await process.communicate())
    assert process.returncode == 0, out + err
    for pair in (("2.1.1", "2.2.1"), ("2.2.1", "2.3.0"), ("2.3.0", "2.1.1")):
        assert f"(OCPI {pair[0]}) and " in out
        assert f"(OCPI {pair[1]})" in out
    old, between, new = out.split("What ")[1:]
    assert "Location           time_zone" in old
    assert "nothing." in between
    assert "cdr_token" in new
    assert "012345678" not in new
