"""The style that can be checked is checked here, so that one plain `pytest` says whether all is well."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("routing", "hub", "admin")
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 45
# written in pieces, so that this file does not contain what it looks for
MACHINE_PATHS = re.compile("|".join(("/wo" + "rk/", r"\.\./sha" + "red", "/ro" + "ot/")))


def _sources(*folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


def _run(*command: str) -> None:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def test_ruff_finds_nothing_to_better() -> None:
    _run("-m", "ruff", "check", ".")


def test_the_code_is_formatted() -> None:
    _run("-m", "ruff", "format", "--check", ".")


@pytest.mark.timeout(300)
def test_every_type_is_right() -> None:
    _run("-m", "mypy", "--strict")


def test_nobody_imports_what_is_above() -> None:
    _run("-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache")


@pytest.mark.parametrize("file", _sources(*PACKAGES, "tests"), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_module_is_short_and_says_what_it_is_for(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    if not text.strip():
        return
    assert len(text.splitlines()) <= MAX_FILE_LINES
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module opens with what it is for"
    if "migrations" not in file.parts:  # those are lists of columns, written by alembic
        assert [f"{name}: {lines} lines" for name, lines in _lengths(tree) if lines > MAX_FUNCTION_LINES] == []


def _lengths(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_file_names_a_place_on_the_machine_it_was_written_on() -> None:
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip("this is not a git checkout")
    found = []
    for name in filter(None, done.stdout.split("\0")):
        file = ROOT / name
        if file.is_file() and (match := MACHINE_PATHS.search(file.read_text(encoding="utf-8", errors="replace"))):
            found.append(f"{name}: {match[0]}")
    assert found == []
