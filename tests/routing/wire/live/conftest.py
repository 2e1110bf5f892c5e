"""Fixtures for tests of the wire: each runs on asyncio's own loop and on uvloop, whose transports differ."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

try:
    import uvloop
except ImportError:
    uvloop = None
from tests.routing.sockets import Talk
from tests.routing.wire.live.parties import Authority, Party, Port


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Which event loops each test runs on."""
    if uvloop is None:
        return {"asyncio": asyncio.new_event_loop}
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def party() -> AsyncIterator[Party]:
    """Opens a port whose every connection holds this conversation: `await party(talk)`."""
    async with AsyncExitStack() as stack:

        async def start(talk: Talk, **more: Any) -> Port:
            port = Port()

            async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                port.connections += 1
                port.talking.add(asyncio.current_task())
                with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    await talk(reader, writer)
                port.hung_up += 1
                writer.close()

            server = await asyncio.start_server(held, "127.0.0.1", 0, **more)
            stack.push_async_callback(port.close)
            stack.callback(server.close)
            port.number = int(server.sockets[0].getsockname()[1])
            return port

        yield start


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Issues certificates that a party may show."""
    return Authority(Path(tmp_path_factory.mktemp("authority")))
