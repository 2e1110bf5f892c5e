"""pytest fixtures for anybody's test suite: running fake parties on free ports.

Installed with the package: ask for `fake_cpo`, `fake_emsp`, or `fake_party` to make more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest_asyncio

if TYPE_CHECKING:
    from hub.testing.party import FakeParty
    from hub.testing.roles import FakeCpo, FakeEmsp

MakeParty = Callable[["FakeParty"], Awaitable["FakeParty"]]


@pytest_asyncio.fixture
async def fake_party() -> AsyncIterator[MakeParty]:
    """Starts any fake party, and stops it with the test: `cpo = await fake_party(FakeCpo("NL*ABC"))`."""
    async with AsyncExitStack() as stack:
        yield stack.enter_async_context


@pytest_asyncio.fixture
async def fake_cpo() -> AsyncIterator[FakeCpo]:
    """A charge point operator, NL*TNM, that speaks OCPI 2.2.1."""
    from hub.testing.roles import FakeCpo

    async with FakeCpo() as party:
        yield party


@pytest_asyncio.fixture
async def fake_emsp() -> AsyncIterator[FakeEmsp]:
    """An e-mobility service provider, DE*ABC, that speaks OCPI 2.2.1."""
    from hub.testing.roles import FakeEmsp

    async with FakeEmsp() as party:
        yield party
