"""pytest fixtures for anybody's test suite: running fake parties on free ports.

Installed with the package: ask for `fake_cpo`, `fake_emsp`, or `fake_party` to make more. They need an event loop,
which pytest-asyncio gives; a suite without it is left alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from hub.testing.party import FakeParty
    from hub.testing.roles import FakeCpo, FakeEmsp

Made = TypeVar("Made", bound="FakeParty")
MakeParty = Callable[[Made], Awaitable[Made]]
Function = TypeVar("Function", bound=Callable[..., Any])


def fixture(function: Function) -> Function:
    """A fixture of pytest-asyncio; every suite loads this plugin, so one without pytest-asyncio must go on too."""
    decorate: Any = pytest.fixture if find_spec("pytest_asyncio") is None else import_module("pytest_asyncio").fixture
    made: Function = decorate(function)
    return made


@fixture
async def fake_party() -> AsyncIterator[MakeParty[FakeParty]]:
    """Starts any fake party, and stops it with the test: `cpo = await fake_party(FakeCpo("NL*ABC"))`."""
    async with AsyncExitStack() as stack:
        yield stack.enter_async_context


@fixture
async def fake_cpo() -> AsyncIterator[FakeCpo]:
    """A charge point operator, NL*TNM, that speaks OCPI 2.2.1."""
    from hub.testing.roles import FakeCpo

    async with FakeCpo() as party:
        yield party


@fixture
async def fake_emsp() -> AsyncIterator[FakeEmsp]:
    """An e-mobility service provider, DE*ABC, that speaks OCPI 2.2.1."""
    from hub.testing.roles import FakeEmsp

    async with FakeEmsp() as party:
        yield party
