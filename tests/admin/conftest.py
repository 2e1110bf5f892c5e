"""A hub that runs with both doors open, over each store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from argon2 import PasswordHasher

from admin import keys
from admin.app import office
from admin.keys import AdminRole
from hub.config import Settings
from hub.lifecycle import running
from hub.testing import FakeCpo, FakeEmsp
from tests.admin.door import BOOTSTRAP, Door
from tests.admin.town import Town, settle_in


@pytest.fixture(autouse=True)
def _passwords_that_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash that takes 64 MiB and 50 ms keeps thieves out, and tests waiting."""
    monkeypatch.setattr("admin.users._HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
async def door(store_url: str, settings: Callable[..., Settings]) -> AsyncIterator[Door]:
    """An admin door on a free port, with a key of each role."""
    chosen = settings(
        store_url,
        server={"shutdown_s": 1},
        admin={"port": 0, "bootstrap_key": BOOTSTRAP},
        hub={"custom_modules": ["acme-lights"]},
    )
    async with running(chosen) as hub, office(hub) as url, aiohttp.ClientSession() as session:
        made = {
            role: await keys.create(hub.store, hub.fingerprints, f"the {role}", role, by="test") for role in AdminRole
        }
        yield Door(hub, url, session, made)


@pytest.fixture
async def fake_cpo() -> AsyncIterator[FakeCpo]:
    """A charge point operator, NL*TNM, that speaks OCPI 2.2.1."""
    async with FakeCpo("NL*TNM") as party:
        yield party


@pytest.fixture
async def fake_emsp() -> AsyncIterator[FakeEmsp]:
    """An e-mobility service provider, DE*ABC, that speaks OCPI 2.2.1."""
    async with FakeEmsp("DE*ABC") as party:
        yield party


@pytest.fixture
async def town(door: Door, fake_cpo: FakeCpo, fake_emsp: FakeEmsp) -> Town:
    """A hub with something on every page."""
    return await settle_in(door, fake_cpo, fake_emsp)
