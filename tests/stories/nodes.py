"""Several nodes on one store, and a load balancer in front that gives each connection to the next of them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.store.registry import RoleRow
from hub.testing import FakeParty
from hub.vault import new_key

MakeSettings = Callable[..., Settings]


class Balancer:
    """Passes bytes on, each new connection to the next node that is up."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self._next = itertools.count()
        self._pumps: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """The port that parties are told."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await self.hang_up()

    async def hang_up(self) -> None:
        """Close the connections that parties keep."""
        pumps = [*self._pumps]
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in self.ports:
            try:
                there, back = await asyncio.open_connection("127.0.0.1", self.ports[next(self._next) % len(self.ports)])
            except ConnectionError:
                continue
            for source, target in ((reader, back), (there, writer)):
                task = asyncio.create_task(_pump(source, target))
                self._pumps.add(task)
                task.add_done_callback(self._pumps.discard)
            return
        writer.close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(65536):
            target.write(chunk)
            await target.drain()
    except ConnectionError:
        pass  # either side hung up: the other is told by the close below
    finally:
        target.close()
        with suppress(ConnectionError):
            await target.wait_closed()


@dataclass(frozen=True, slots=True)
class Nodes:
    """Running nodes of one hub."""

    hubs: Sequence[Hub]
    balancer: Balancer

    async def only(self, number: int) -> None:
        """Every request goes to this node from now on."""
        self.balancer.ports = [self.hubs[number].settings.server.port]
        await self.balancer.hang_up()

    async def all(self) -> None:
        """Each new connection goes to the next node."""
        self.balancer.ports = [hub.settings.server.port for hub in self.hubs]
        await self.balancer.hang_up()


@asynccontextmanager
async def nodes(
    make: MakeSettings, store_url: str, count: int = 3, **sections: dict[str, object]
) -> AsyncIterator[Nodes]:
    """So many nodes behind a balancer, whose address is what parties are told."""
    async with AsyncExitStack() as stack:
        balancer = Balancer()
        port = await stack.enter_async_context(balancer.listening())
        key = new_key()
        hubs = []
        for _ in range(count):
            settings = make(
                store_url,
                server={"port": 0},
                hub={"public_url": f"http://127.0.0.1:{port}"},
                security={"master_key": key, "allow_private_parties": True},
                **sections,
            )
            hubs.append(await stack.enter_async_context(running(settings)))
        found = Nodes(hubs, balancer)
        await found.all()
        yield found


async def join(hub: Hub, party: FakeParty) -> str:
    """Invite a party on this node, and let it register; the platform's id."""
    roles = [RoleRow(id, party.role, {"name": party.name}) for id in party.parties]
    invitation = await hub.platforms.invite(by="test", name=party.name, roles=roles)
    await party.register(invitation.versions_url, invitation.token)
    return invitation.platform_id


async def within_a_second(true: Callable[[], bool]) -> None:
    """Wait until it is true. What is promised is a second; the limit here is for a machine that is busy."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - a picture has nothing to wait on
            await asyncio.sleep(0.02)
