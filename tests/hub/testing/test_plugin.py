"""The fixtures that any test suite gets with the package, tried in suites of strangers."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).parents[3]
PLUGIN = "hub.testing.plugin"

README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = README.partition("## Fake parties")[2].partition("```python\n")[2].partition("```")[0]
MORE = """
from hub.testing import FakeCpo

async def test_a_party_registers(fake_cpo, fake_emsp):
    await fake_cpo.register(fake_emsp.versions_url, fake_emsp.invite())
    assert (await fake_cpo.push_location("DE*ABC")).is_success

async def test_more_parties_are_made(fake_party):
    first, second = await fake_party(FakeCpo("FR*ONE")), await fake_party(FakeCpo("FR*TWO", version="2.3.0"))
    assert first.base_url != second.base_url
"""


def python(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A Python of its own that finds this package, installed or not."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_stranger_s_suite_has_running_parties_as_the_readme_says(tmp_path: Path) -> None:
    (tmp_path / "test_readme.py").write_text(EXAMPLE)
    (tmp_path / "test_more.py").write_text(MORE)
    is_installed = any(found.value == PLUGIN for found in entry_points(group="pytest11"))
    plugin = () if is_installed else ("-p", PLUGIN)
    options = ("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function", "-W", "error")
    done = python("-m", "pytest", "-q", *options, *plugin, folder=tmp_path)
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_loading_the_plugin_does_not_bring_a_web_framework_along(tmp_path: Path) -> None:
    code = f"import sys, {PLUGIN}; print('aiohttp' in sys.modules, 'pydantic' in sys.modules)"
    assert python("-c", code, folder=tmp_path).stdout.split() == ["False", "False"]


def test_a_suite_without_pytest_asyncio_is_left_alone(tmp_path: Path) -> None:
    code = f"import sys; sys.modules['pytest_asyncio'] = None; import {PLUGIN}; print('loaded')"
    done = python("-c", code, folder=tmp_path)
    assert done.stdout.strip() == "loaded", done.stderr
