"""Pulls: the hub keeps its copy of what parties publish by asking them, FROM = the hub.

When a platform connects, when it is back from OFFLINE (whoever writes that down makes its pulls due), and every
`mirror.pull_interval_s`; what changed since the last time, and now and then the whole list, of which what is missing
is removed. One node does each, a few at a time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import structlog

from hub.memory.pulling import Pulling
from hub.slices import slices
from hub.store import Store, StoreUnavailable, pulls, registry
from hub.store.pulls import PullRow, Source
from routing.catalogue import MODULES
from routing.directory import Directory, Platform
from routing.errors import OcpiError
from routing.ocpi import ConnectionStatus, Interface, PartyId

log = structlog.get_logger(__name__)

PULLED: Final = ("locations", "tariffs", "tokens", "booking")
SLICE: Final = 200
"""Owners that are looked at in a stretch, before requests get their turn."""
LOOK_S: Final = 1.0
"""How often it is looked what is due."""
MAX_AT_ONCE: Final = 4
CLAIM_S: Final = 600.0
"""How long a claim holds: a pull says again and again that it goes on, so only one whose node died ends by itself."""
FULL_EVERY: Final = 7
"""How many intervals there are from one whole pull to the next."""
OVERLAP_S: Final = 300.0
"""How much of the time before the last pull is asked for again: the party's clock is not the hub's."""
RETRY_S: Final = 60.0
AHEAD_S: Final = 3600.0
"""How far another node's clock may be ahead."""
SPREAD: Final = 0.1
"""The share of the interval over which pulls are spread."""


class Pulls:
    """Looks what is due, and has it pulled."""

    def __init__(
        self, store: Store, directory: Callable[[], Directory], pulling: Pulling, *, interval_s: float
    ) -> None:
        self.done: Counter[str] = Counter(full=0, delta=0, failed=0)
        """Pulls by how they ended."""
        self._store = store
        self._directory = directory
        self._pulling = pulling
        self._interval_s = interval_s
        self._seen: Mapping[str, Platform] = {}
        """The platforms when it was last looked who is there."""
        self._revision = -1
        self._tasks: dict[asyncio.Task[None], Source] = {}

    @property
    def under_way(self) -> int:
        """How many there are at this moment."""
        return len(self._tasks)

    async def look(self) -> None:
        """See who came or went, and begin what is due. Raises StoreUnavailable."""
        if not self._interval_s:
            return
        await self._follow()
        room = MAX_AT_ONCE - len(self._tasks)
        if room <= 0:
            return
        now = time.time()
        async with self._store.read() as connection:
            rows = await pulls.due(connection, now, MAX_AT_ONCE * 4, latest=self._latest(now), busy=self._under_way)
        for row in rows:
            if len(self._tasks) >= MAX_AT_ONCE:
                return
            if self._is_open(row.source) and await self._claim(row.source, now):
                task = asyncio.create_task(self._pull(row), name=f"pull {row.source.module} of {row.source.owner}")
                self._tasks[task] = row.source
                task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Stop what is under way; another node, or this one when it is back, begins it again."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- who is there ------------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Keep a row for each party and module that may be pulled.

        Only the parties of platforms that changed are looked at: there may be thousands of others.
        """
        directory, before = self._directory(), self._seen
        if directory.revision == self._revision:
            return
        changed = [platform for platform in directory.platforms.values() if before.get(platform.id) is not platform]
        former = [platform for name, platform in before.items() if directory.platforms.get(name) is not platform]
        owners = {row.id for platform in (*changed, *former) for row in platform.parties}
        if self._revision < 0:
            async with self._store.read() as connection:
                owners |= await pulls.owners(connection)
        if await self._expect(directory, sorted(owners, key=lambda owner: owner.folded)):
            self._seen, self._revision = directory.platforms, directory.revision

    async def _expect(self, directory: Directory, owners: Iterable[PartyId]) -> bool:
        """Make the rows of these owners those that the directory asks for; whether they all are.

        Only the newest picture knows who went: to an older one, who has just come over another node is not there yet.
        """
        are_right = True
        for some in slices(owners, SLICE):
            wanted = {source.place: source for source in sources(directory, some)}
            async with self._store.read() as connection:
                known = {row.source.place: row.source for row in await pulls.of_owners(connection, PULLED, some)}
            new = [source for place, source in wanted.items() if known.get(place) != source]
            gone = [source for place, source in known.items() if place not in wanted]
            if new or gone:
                now = time.time()
                async with self._store.write() as connection:
                    if new:
                        await pulls.expect(connection, [(source, now) for source in new])
                    is_newest = not gone or await registry.directory_revision(connection) == directory.revision
                    for source in gone if is_newest else ():
                        await pulls.forget(connection, source)
                are_right = are_right and is_newest
        return are_right

    def _is_open(self, source: Source) -> bool:
        """Whether the party can be asked now; this node asks a platform one thing at a time."""
        platform = self._directory().platforms.get(source.platform_id)
        is_connected = platform is not None and platform.status is ConnectionStatus.CONNECTED
        return is_connected and source.platform_id not in self._under_way

    @property
    def _under_way(self) -> set[str]:
        """The platforms that this node is just asking."""
        return {source.platform_id for source in self._tasks.values()}

    async def _claim(self, source: Source, now: float) -> bool:
        async with self._store.write() as connection:
            return await pulls.claim(connection, source, now, now + CLAIM_S, latest=self._latest(now))

    def _latest(self, now: float) -> float:
        """The latest time that anything can be planned for: what is later was planned before the clock was set back."""
        return now + max(self._interval_s, CLAIM_S) + AHEAD_S

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("pull not written down", reason=str(error))  # its claim ends by itself

    # --- one pull ----------------------------------------------------------------------------------------------------

    async def _pull(self, row: PullRow) -> None:
        """Pull, and write down how it went and when it is next."""
        source, started = row.source, time.time()
        is_full = self._is_whole(row, started)
        try:
            count = await self._pulling.pull(source, None if is_full else row.since, lambda: self._go_on(source))
        except (OcpiError, StoreUnavailable) as error:
            await self._failed(row, str(error))
        except Exception as error:
            log.error("pull failed", module=source.module, party=str(source.owner), exc_info=error)
            await self._failed(row, type(error).__name__)
        else:
            self.done["full" if is_full else "delta"] += 1
            log.info("pulled", module=source.module, party=str(source.owner), objects=count, full=is_full)
            async with self._store.write() as connection:
                await pulls.went_well(
                    connection,
                    source,
                    due_at=started + self._interval_s * random.uniform(1 - SPREAD, 1),  # noqa: S311 - no secret
                    since=started - OVERLAP_S,
                    full_at=started if is_full else None,
                )

    def _is_whole(self, row: PullRow, started: float) -> bool:
        """Whether the whole list is pulled, and not only what changed."""
        if row.full_at is None or row.since is None or row.since > started:  # the last: the clock was set back
            return True
        return row.full_at + FULL_EVERY * self._interval_s <= started

    async def _go_on(self, source: Source) -> None:
        """Another page is in the store: the claim holds on. Between two pages the platform may have gone."""
        async with self._store.write() as connection:
            await pulls.extend(connection, source, time.time() + CLAIM_S)

    async def _failed(self, row: PullRow, reason: str) -> None:
        self.done["failed"] += 1
        source = row.source
        log.warning("pull failed", module=source.module, party=str(source.owner), reason=reason)
        wait_s = min(RETRY_S * 2 ** min(row.failures, 20), self._interval_s)
        async with self._store.write() as connection:
            await pulls.failed(connection, source, due_at=time.time() + wait_s, reason=reason)


def sources(directory: Directory, owners: Iterable[PartyId]) -> Iterator[Source]:
    """What may be pulled of these owners: each module for everybody, where a platform of theirs advertised it.

    Not over a connection on which the hub plays one partner: what is shown there is for that partner.
    """
    for owner in owners:
        for row in sorted(directory.parties.get(owner, ()), key=lambda row: row.platform_id):
            platform = directory.platform_of(row)
            if platform.version is None or platform.token_out is None or platform.is_hub or platform.counterpart:
                continue
            if row.is_suspended or platform.status not in (ConnectionStatus.CONNECTED, ConnectionStatus.OFFLINE):
                continue
            for module in PULLED:
                is_theirs = row.role in MODULES[module].sender_roles
                if is_theirs and platform.endpoint(module, Interface.SENDER) is not None:
                    yield Source(module, row.id, platform.id, platform.version.number)
