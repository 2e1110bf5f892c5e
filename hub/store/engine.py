"""Connections and transactions: one writer and several readers on SQLite, a pool on PostgreSQL."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Thread, current_thread
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from asyncpg.exceptions import ClientConfigurationError
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool, StaticPool

_ONE_MIGRATES: Final = text("SELECT pg_advisory_xact_lock(hashtext('ocpi-hub migrates'))")
MIGRATIONS: Final = Path(__file__).with_name("migrations")
_BUSY_MS: Final = 10_000
_CONNECT_S: Final = 5
_END_S: Final = 5
_CACHE_KB: Final = 16_000
_CHECKPOINT_PAGES: Final = 4_000
"""Of 4 kB: the write-ahead log is as large, and read when the hub starts after it was killed."""
_STATEMENT_S: Final = 10
"""A database that hangs must not hold a request for longer than its caller waits; it may hang several times in one."""


class StoreUnavailable(Exception):
    """The store cannot be used right now; nothing was changed."""


class Store:
    """The database. `write()` and `read()` are transactions; nothing that takes long belongs inside them.

    What goes in shows in no error: it may be a token's hash, or somebody's card.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._threads = _Threads()
        self._is_closed = False
        self._in_use = 0
        if self.is_sqlite:
            self._writer = _sqlite(url, self._threads, pool_size=1)
            is_one = ":memory:" in _sqlite_url(url)
            self._reader = self._writer if is_one else _sqlite(url, self._threads, pool_size=4)
        else:
            self._writer = self._reader = _postgresql(
                url, _STATEMENT_S, pool_size=8, pool_pre_ping=True, pool_timeout=_BUSY_MS / 1000
            )

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may change something; committed durably when the block ends. Raises StoreUnavailable."""
        with self._used():
            async with _translated(), self._writer.begin() as connection:
                yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent look at the store. Raises StoreUnavailable."""
        with self._used():
            async with _translated(), self._reader.connect() as connection:
                yield connection

    async def migrate(self, revision: str = "head") -> None:
        """Bring the schema to this version. One of a newer version stays: it serves this one, too."""
        self._check_folder()
        # a new index on a large table takes its time
        engine = self._writer if self.is_sqlite else _postgresql(self.url, None, poolclass=NullPool)
        async with _translated(), engine.connect() as connection:
            await connection.run_sync(_upgrade, revision)
            await connection.commit()

    @contextmanager
    def _used(self) -> Iterator[None]:
        if self._is_closed:
            raise StoreUnavailable("the store is closed")
        self._in_use += 1
        try:
            yield
        finally:
            self._in_use -= 1

    def _check_folder(self) -> None:
        """SQLite makes its file, but not the folder; what it says of that does not name it."""
        database = self._writer.url.database
        if self.is_sqlite and database and database != ":memory:" and not Path(database).parent.is_dir():
            raise StoreUnavailable(f"there is no folder {Path(database).parent}")

    async def is_migrated(self) -> bool:
        """Whether the schema is at (or, during an upgrade of nodes, beyond) this version."""
        async with self.read() as connection:
            current = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
        head, known = _revisions()
        return current == head or (current is not None and current not in known)

    async def ping(self) -> None:
        """Raises StoreUnavailable where the store does not answer."""
        async with self.read() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection, for good: whoever was cut off may still be tidying up, or come to it."""
        self._is_closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_S):
                while self._in_use:  # noqa: ASYNC110 - nobody else waits for it
                    await asyncio.sleep(0.001)
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()
        await self._threads.ended()


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except (IntegrityError, DataError, ProgrammingError):
        raise  # the statement is at fault, not the store
    except (DBAPIError, PoolTimeout, TimeoutError, OSError) as error:
        if isinstance(error, DBAPIError) and _refuses(error.orig):
            raise
        # asyncpg's own words for a server that shuts down reach us as a bare DBAPIError
        raise StoreUnavailable(str(error.orig if isinstance(error, DBAPIError) else error)) from error


def _refuses(error: BaseException | None) -> bool:
    """Whether the store is there, and will not have a value: asyncpg says so in words that SQLAlchemy does not know.

    Before anything is sent that is a ValueError, from the server a state of the classes cardinality and data exception.
    """
    state, cause = getattr(error, "sqlstate", None), error and error.__cause__
    if isinstance(cause, ClientConfigurationError):  # a ValueError too: of the URL, before there is a connection
        return False
    return isinstance(cause, ValueError) or (state is not None and state[:2] in ("21", "22"))


def _sqlite_url(url: str) -> str:
    return (
        "sqlite+aiosqlite:///:memory:"
        if url in ("sqlite://", "sqlite:///:memory:")
        else url.replace("sqlite://", "sqlite+aiosqlite://", 1)
    )


def _postgresql(url: str, statement_s: float | None, **options: Any) -> AsyncEngine:
    address = make_url(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    if mode := address.query.get("sslmode"):  # the word of everybody else for it
        address = address.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    limits = {"timeout": _CONNECT_S, "command_timeout": statement_s}
    return create_async_engine(address, hide_parameters=True, connect_args=limits, **options)


def _sqlite(url: str, threads: _Threads, pool_size: int) -> AsyncEngine:
    address = _sqlite_url(url)
    if ":memory:" in address:
        engine = create_async_engine(address, hide_parameters=True, poolclass=StaticPool)
    else:
        engine = create_async_engine(
            address,
            hide_parameters=True,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=_BUSY_MS / 1000,
            connect_args={"factory": threads.connect},
        )
        event.listen(engine.sync_engine, "do_connect", threads.begin)
    event.listen(engine.sync_engine, "connect", _prepare)
    if pool_size == 1:
        event.listen(engine.sync_engine, "connect", _prepare_to_write)
    event.listen(engine.sync_engine, "begin", _begin_immediately if pool_size == 1 else _begin)
    return engine


class _Ending(sqlite3.Connection):
    """Ends its transaction when it is closed.

    SQLite keeps a closed connection, and its lock, as long as anybody has a statement of it. Whoever was cancelled in
    the middle of one has it in its traceback, and everybody else would wait for the garbage collector.
    """

    def close(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # it is closed already
            self.rollback()
        super().close()


class _Threads:
    """The threads of SQLite's connections: the driver does not wait for what a cancelled statement leaves to them."""

    def __init__(self) -> None:
        self._opening: deque[None] = deque()
        self._known: deque[Thread] = deque()

    def begin(self, *_dialect_and_arguments: object) -> None:
        """A connection is about to be opened, by a thread that begins with that."""
        self._opening.append(None)
        for _ in range(len(self._known)):
            if (thread := self._known.popleft()).is_alive():
                self._known.append(thread)

    def connect(self, *args: Any, **options: Any) -> _Ending:
        """Open it."""
        self._known.append(current_thread())
        try:
            return _Ending(*args, **options)
        finally:
            self._opening.pop()

    async def ended(self) -> None:
        """Wait for all, but not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_S):
                while self._opening:  # noqa: ASYNC110 - counted by threads, not signalled
                    await asyncio.sleep(0.001)
        for thread in tuple(self._known):
            await asyncio.to_thread(thread.join, _END_S)


def _prepare(connection: Any, _record: object) -> None:
    # the driver must not begin transactions of its own: they would be deferred, and lose concurrent updates
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={_BUSY_MS}", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_to_write(connection: Any, _record: object) -> None:
    """The journal's indexes grow all over the place: written less often, a page of theirs takes more rows at once."""
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KB}")
    connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")


def _begin_immediately(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


@cache
def _revisions() -> tuple[str | None, frozenset[str]]:
    """The newest revision of the schema that this program has, and all of them; reading them runs every script."""
    scripts = ScriptDirectory.from_config(_config())
    return scripts.get_current_head(), frozenset(script.revision for script in scripts.walk_revisions())


def _upgrade(connection: Connection, revision: str) -> None:
    head, known = _revisions()
    if revision == "head" and MigrationContext.configure(connection).get_current_revision() == head:
        return
    if connection.dialect.name == "postgresql":  # of nodes that start together one migrates, and the others wait
        connection.execute(_ONE_MIGRATES)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == head and revision == "head":
        return
    if current is None or current in known:
        command.upgrade(_config(connection), revision)
