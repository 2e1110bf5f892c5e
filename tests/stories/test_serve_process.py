"""The process itself: it ends in order, survives a full disk, and what it confirmed survives `kill -9`."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from hub.testing import FakeCpo, FakeEmsp
from tests.stories.served import Served, served
from tests.stories.test_store_faults import stop_session, until_it_works
from tests.stories.waiting import until


async def test_sigterm_lets_running_requests_finish_and_exits_with_0(tmp_path: Path) -> None:
    async with served(tmp_path) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await hub.join(cpo)
        await hub.join(emsp)
        emsp.misbehave("slow", module="sessions", seconds=4)
        sent = asyncio.create_task(cpo.push_session("DE*ABC", emsp.parties[0]))
        await emsp.saw(method="PUT", module="sessions")
        ending = asyncio.create_task(hub.terminate())
        await until(lambda: not listens(hub.port))
        assert not sent.done()
        assert await ending == 0
        assert (await sent).status_code == 1000
        assert '"stopping"' in hub.log.read_text()
        with closing(sqlite3.connect(tmp_path / "hub.db")) as store:
            asked = ("SELECT http FROM legs WHERE correlation_id = ?", [(await sent).sent["X-Correlation-ID"]])
            assert store.execute(*asked).fetchall() == [(201,), (201,)], "the journal has both legs of it"


def listens(port: int) -> bool:
    """Whether anybody accepts connections there."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


async def test_sigterm_does_not_wait_longer_than_it_may(tmp_path: Path) -> None:
    async with served(tmp_path, SERVER__SHUTDOWN_S="1") as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await hub.join(cpo)
        await hub.join(emsp)
        emsp.misbehave("silent", module="sessions")
        sent = asyncio.create_task(cpo.push_session("DE*ABC", emsp.parties[0]))
        await emsp.saw(method="PUT", module="sessions")
        async with asyncio.timeout(15):  # its partner would keep it for routing.party_timeout_s
            assert await hub.terminate() == 0
        await asyncio.gather(sent, return_exceptions=True)
    with closing(sqlite3.connect(tmp_path / "hub.db")) as store:
        asked = "SELECT http, reason, fault FROM legs WHERE direction = 'in' AND method = 'PUT' AND module = 'sessions'"
        assert store.execute(asked).fetchall() == [(None, "the hub stopped before the answer came", "hub")]


async def test_sigterm_ends_a_handshake_and_what_it_began(tmp_path: Path) -> None:
    async with served(tmp_path, SERVER__SHUTDOWN_S="3") as hub, FakeCpo() as partner:
        partner.misbehave("silent", module="credentials")
        roles = [{"role": "CPO", "country_code": "NL", "party_id": "TNM"}]
        wanted = {"name": "new", "versions_url": partner.versions_url, "token": partner.invite(), "roles": roles}
        connecting = asyncio.create_task(hub.admin("POST", "/api/v1/platforms", wanted))
        await partner.saw(module="credentials", timeout_s=20)
        began = time.monotonic()
        hub.process.terminate()
        await asyncio.sleep(0.2)
        hub.process.terminate()  # once is enough, and twice is no different
        assert await hub.process.wait() == 0
        assert time.monotonic() - began < 5
        await connecting
        with closing(sqlite3.connect(tmp_path / "hub.db")) as store:
            assert store.execute("SELECT count(*) FROM platforms").fetchall() == [(0,)]
            assert store.execute("SELECT count(*) FROM parties").fetchall() == [(0,)]


async def test_a_full_disk_stops_nothing_that_needs_no_disk(tmp_path: Path) -> None:
    async with served(tmp_path) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await hub.join(cpo)
        await hub.join(emsp)
        assert (await stop_session(emsp)).status_code == 1000
        hub.let_files_grow(False)
        for _ in range(3):
            assert (await cpo.push_session("DE*ABC", emsp.parties[0])).status_code == 1000
        command = await stop_session(emsp)
        assert (command.http, command.status_code) == (200, 4000)
        assert "store" in command.status_message
        async with FakeEmsp("FR*NEW") as newcomer:
            status, problem = await hub.admin(
                "POST",
                "/api/v1/platforms",
                {"name": "new", "roles": [{"role": "EMSP", "country_code": "FR", "party_id": "NEW"}]},
            )
            assert (status, problem["status"]) == (503, 503)
            hub.let_files_grow(True)
            await until_it_works(lambda: stop_session(emsp))
            await hub.join(newcomer)
            assert (await newcomer.push_token("NL*TNM")).status_code == 1000
        await hub.kill()
        await hub.start()
        assert await newcomer_is_known(hub)
        assert (await cpo.push_session("DE*ABC", emsp.parties[0])).is_success


async def newcomer_is_known(hub: Served) -> bool:
    """Whether the party that came after the disk was full is in the registry."""
    _, listed = await hub.admin("GET", "/api/v1/parties")
    return any((row["country_code"], row["party_id"]) == ("FR", "NEW") for row in listed["items"])
