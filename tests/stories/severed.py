"""A line to PostgreSQL that breaks at the worst moment (a transaction was kept, nothing was read since), or hangs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Line:
    """Passes bytes on until it is severed; then nobody gets through before it is mended."""

    def __init__(self, socket_folder: str) -> None:
        self._socket = f"{socket_folder}/.s.PGSQL.5432"
        self._statement = b""
        self._open: set[asyncio.StreamWriter] = set()
        self._passing: list[asyncio.Task[None]] = []
        self.is_severed = False
        self._flows = asyncio.Event()
        self._flows.set()
        self.port = 0

    @property
    def url(self) -> str:
        """The database at its end."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[None]:
        """Whoever connects is connected."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            self._flows.set()
            self._sever()
            await asyncio.gather(*self._passing)

    def break_after(self, statement: bytes) -> None:
        """Let it break when the next transaction with this statement, which is new on its connection, is kept."""
        self._statement = statement

    def hang(self) -> None:
        """Nothing comes through any more, and nobody is told."""
        self._flows.clear()

    def mend(self) -> None:
        """Let connections through again."""
        self.is_severed = False

    def _sever(self) -> None:
        self._statement, self.is_severed = b"", True
        for writer in [*self._open]:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_severed:
            writer.transport.abort()
            return
        there, back = await asyncio.open_unix_connection(self._socket)
        self._open |= {writer, back}
        has_it = asyncio.Event()
        for passing in (self._to_server(reader, back, has_it), self._to_hub(there, writer, has_it)):
            self._passing.append(asyncio.create_task(passing))

    async def _to_server(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, has_it: asyncio.Event
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if self._statement and self._statement in data:
                    has_it.set()
                writer.write(data)
        self._close(writer)

    async def _to_hub(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, has_it: asyncio.Event) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
                if self._statement and has_it.is_set() and b"COMMIT\0" in data:
                    await asyncio.sleep(0)
                    self._sever()
        self._close(writer)

    def _close(self, writer: asyncio.StreamWriter) -> None:
        self._open.discard(writer)
        writer.close()
