"""Fixtures for tests of the mail room on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.routing.sockets import Serve, Talk, read_request


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers on loopback: `await serve(answer, seen)` gives the port; `answer` is bytes or a conversation."""
    async with AsyncExitStack() as stack:

        async def start(answer: bytes | Talk, seen: list[bytes] | None = None, **more: Any) -> int:
            async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                try:
                    request = await read_request(reader)
                    if seen is not None:
                        seen.append(request)
                    if isinstance(answer, bytes):
                        writer.write(answer)
                        await writer.drain()
                    else:
                        await answer(reader, writer)
                except (ConnectionError, asyncio.IncompleteReadError):
                    pass
                finally:
                    writer.close()

            server = await asyncio.start_server(talk, "127.0.0.1", 0, **more)
            stack.callback(server.close)
            return int(server.sockets[0].getsockname()[1])

        yield start
