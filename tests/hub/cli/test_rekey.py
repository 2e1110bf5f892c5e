"""`ocpi-hub rekey` used wrongly: whoever has the right key must still find in afterwards (interfaces.md, section 1)."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app


@dataclass(slots=True)
class Machine:
    """Where a hub runs: commands know its store, and a file with its master key."""

    folder: Path
    store_url: str
    key_file: str = "old.key"

    async def run(self, *arguments: str, code: int = 0) -> str:
        """What a command says; it must end with this code."""
        environment = {
            "OCPI_HUB_STORAGE__URL": self.store_url,
            "OCPI_HUB_SECURITY__MASTER_KEY_FILE": self.key_file,
        }
        done = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environment)
        assert done.exit_code == code, f"{arguments}: {done.exit_code} {done.output} {done.exception!r}"
        return done.output

    async def rekey(self, key_file: str, *more: str, code: int = 0) -> str:
        """`ocpi-hub rekey` with this file."""
        return await self.run("rekey", "--new-key-file", key_file, *more, code=code)

    async def opens(self, key_file: str, code: int = 0) -> None:
        """Whoever has this key finds in."""
        before, self.key_file = self.key_file, key_file
        await self.run("admin-key", "create", "ann", "--role", "owner", code=code)
        self.key_file = before


@pytest.fixture
async def machine(tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A store of either kind that is sealed under `old.key`."""
    monkeypatch.chdir(tmp_path)
    machine = Machine(tmp_path, store_url)
    await machine.opens("old.key")
    return machine


async def test_finishing_with_a_file_that_is_not_there_makes_none(machine: Machine) -> None:
    await machine.rekey("new.key")
    machine.key_file = "new.key"
    assert "no file typo.key" in await machine.rekey("typo.key", "--finish", code=2)
    assert not (machine.folder / "typo.key").exists()
    await machine.opens("new.key")
    await machine.opens("old.key")


async def test_finishing_with_another_key_shuts_nobody_out(machine: Machine) -> None:
    await machine.rekey("new.key")
    machine.key_file = "new.key"
    said = await machine.rekey("old.key", "--finish", code=1)
    assert "not the master key that the store is sealed under" in said
    await machine.opens("new.key")
    assert "nothing any more" in await machine.rekey("new.key", "--finish")
    await machine.opens("new.key")
    await machine.opens("old.key", code=1)


async def test_finishing_what_was_not_begun_changes_nothing(machine: Machine) -> None:
    assert "nothing to finish" in await machine.rekey("old.key", "--finish")
    await machine.opens("other.key", code=1)  # it is made, and is not the store's
    await machine.rekey("other.key", "--finish", code=1)
    await machine.opens("old.key")


async def test_a_wrong_old_key_takes_nothing_from_a_rekey_that_is_under_way(machine: Machine) -> None:
    await machine.rekey("new.key")
    machine.key_file = "wrong.key"
    said = await machine.rekey("newer.key", code=1)
    await machine.opens("old.key")
    await machine.opens("new.key")
    assert "security.master_key" in said


async def test_the_key_that_is_in_use_is_no_new_one(machine: Machine) -> None:
    assert "in use already" in await machine.rekey("old.key", code=2)


async def test_a_key_file_that_cannot_be_used_is_named(machine: Machine) -> None:
    (machine.folder / "words.key").write_text("not a key\n")
    (machine.folder / "raw.key").write_bytes(os.urandom(30) + b"\xff\x80")
    for file in ("words.key", "raw.key", ".", "no/where.key"):
        assert f"the master key file {file} cannot be" in await machine.rekey(file, code=1)
        await machine.opens(file, code=1)
    await machine.opens("old.key")


async def test_a_store_without_its_schema_is_said_to_be_so(tmp_path: Path, blank_store_url: str) -> None:
    machine = Machine(tmp_path, blank_store_url, str(tmp_path / "old.key"))
    assert "run `ocpi-hub migrate`" in await machine.rekey(str(tmp_path / "new.key"), code=1)
