"""The hub's memory over the store: learns from traffic with a put on a queue, writes in batches, answers questions.

What is not written yet lies over the store, so that a question is answered as if it were. It is bounded, and counts
what it could not keep: traffic never waits for it. A node that dies loses what it had not written, a fraction of a
second of it; pulls and later pushes bring it back.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog

from hub.masking import plain
from hub.memory.recall import Recalling
from hub.memory.waiting import Waiting
from hub.store import Store, StoreUnavailable, copies, facts, memory, pages
from routing.directory import Directory, Platform
from routing.lessons import Lessons, lessons
from routing.memory import EVERYBODY, Change, Fact, Kind, Page, Stored, Tie, Wanted, key_of
from routing.message import Message, Reply
from routing.ocpi import PartyId

log = structlog.get_logger(__name__)

MAX_WAITING: Final = 50_000
"""Messages, facts and changes in memory; of more nothing is learnt."""
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
BATCH: Final = 250
BATCH_S: Final = 0.2
SLICE: Final = 5
"""Messages read at a stretch, before requests get their turn."""
MAX_RETRY_S: Final = 10.0
STEP: Final = 500
"""Objects that are forgotten in one transaction."""
COPIED: Final = {Kind.LOCATION: "locations", Kind.TOKEN: "tokens", Kind.BOOKING_LOCATION: "booking"}
"""Kinds whose owners show from copies too."""

Heard = tuple[Message, Reply | None, Platform | None, float]


class StoredMemory:
    """Memory over the store. Opened by `remembering`."""

    def __init__(self, store: Store, directory: Callable[[], Directory]) -> None:
        self.dropped: Counter[str] = Counter(full=0, unwritable=0, unreadable=0, unfitting=0, closed=0)
        """What was not learnt, by reason."""
        self.written = 0
        self._store = store
        self._heard: deque[Heard] = deque()
        self._heard_bytes = 0
        self._waiting = Waiting()
        self._recalling = Recalling(self._copy, self._of_contract, self._facts, directory)
        self._writing = asyncio.Lock()
        self._woken = asyncio.Event()
        self._now = asyncio.Event()
        self._is_closing = False
        self._askers: list[asyncio.Future[None]] = []

    @property
    def waiting(self) -> int:
        """Messages, facts and changes that are not written yet."""
        return len(self._heard) + len(self._waiting)

    # --- learning ----------------------------------------------------------------------------------------------------

    def learn(self, message: Message, reply: Reply | None, platform: Platform | None) -> None:
        """Take a message that was delivered to a platform; both None for an accepted broadcast. Never waits."""
        size = len(message.body) + (len(reply.body) if reply else 0)
        if self.waiting >= MAX_WAITING or self._heard_bytes + size > MAX_WAITING_BYTES:
            self.dropped["full"] += 1
            return
        self._heard_bytes += size
        self._heard.append((message, reply, platform, time.time()))
        self._woken.set()

    def keep(self, change: Change) -> None:
        """Take a copy of an object that the hub asked for. Never waits."""
        if self.waiting >= MAX_WAITING:
            self.dropped["full"] += 1
            return
        self._waiting.add(Lessons(changes=(change,)), change.at)
        self._woken.set()

    async def write(self) -> None:
        """Write what comes, until `close` is called and nothing is left."""
        while self.waiting or not self._is_closing:
            await self._woken.wait()
            self._woken.clear()
            if self.waiting < BATCH and not self._askers:
                await self._pause(BATCH_S)
            while self.waiting:
                await self._write_all()
            askers, self._askers = self._askers, []
            _answer(askers, None)  # who began to wait while the last of it was written

    async def take_in(self, changes: Sequence[Change], learnt: Sequence[Fact]) -> None:
        """Write what the hub pulled; returns when it is in the store. Raises StoreUnavailable or Conflict."""
        async with self._writing:
            self.dropped["unfitting"] += await memory.write(self._store, changes, learnt)
        self.written += len(changes) + len(learnt)

    async def forget_missing(self, module: str, owner: PartyId, since: float) -> int:
        """Remove published objects that no pull had since, nor any push (epoch seconds); how many."""
        total = 0
        while True:
            async with self._writing, self._store.write() as connection:
                gone = await copies.forget(connection, module, owner.folded, before=since, at_most=STEP)
            total += gone
            if gone < STEP:
                return total
            await asyncio.sleep(0)

    async def settled(self) -> None:
        """Wait until all that was learnt up to now is written. Raises StoreUnavailable."""
        if self.waiting:
            asker = asyncio.get_running_loop().create_future()
            self._askers.append(asker)
            self._woken.set()
            self._now.set()
            await asker

    def close(self) -> None:
        """Write what is left without waiting for more."""
        self._is_closing = True
        self._woken.set()
        self._now.set()

    def give_up(self) -> None:
        """Count what is left as dropped: there is no time to write it."""
        self.dropped["closed"] += self.waiting
        if self.waiting:
            log.error("memory incomplete", dropped=self.waiting)
        self._heard.clear()
        self._waiting = Waiting()

    def _read(self, at_most: int | None = None) -> None:
        """Turn messages into facts and changes."""
        while self._heard and (at_most is None or at_most > 0):
            message, reply, platform, at = self._heard.popleft()
            self._heard_bytes -= len(message.body) + (len(reply.body) if reply else 0)
            try:
                self._waiting.add(lessons(message, reply, platform, at), at)
            except Exception as error:  # one message that cannot be read must not cost the others
                self.dropped["unreadable"] += 1
                log.error("nothing learnt", correlation_id=message.correlation_id, exc_info=error)
            at_most = None if at_most is None else at_most - 1

    async def _write_all(self) -> None:
        """Write what waits at this moment, again and again while the store is away, and tell who waits for it."""
        askers, self._askers = self._askers, []
        retry_s = BATCH_S
        while self._heard:
            self._read(SLICE)
            await asyncio.sleep(0)
        for _ in range(0, len(self._waiting), BATCH):
            while not await self._write_batch(askers):
                await self._pause(BATCH_S if self._is_closing else retry_s)
                retry_s = min(retry_s * 2, MAX_RETRY_S)
        _answer(askers, None)

    async def _write_batch(self, askers: list[asyncio.Future[None]]) -> bool:
        """Write the next batch, or give up what cannot be written; False where the store is away."""
        async with self._writing:
            changes, learnt = self._waiting.take(BATCH)
            try:
                await self._save(changes, learnt)
            except StoreUnavailable as error:
                self._waiting.put_back()
                log.warning("store unavailable", while_doing="writing memory", reason=str(error))
                _answer([*askers, *self._askers], error)
                return False
            self._waiting.done(changes, learnt)
        return True

    async def _save(self, changes: Sequence[Change], learnt: Sequence[Fact]) -> None:
        """Write these; where the store refuses, one by one, so that one costs no other. Raises StoreUnavailable."""
        try:
            self.dropped["unfitting"] += await memory.write(self._store, changes, learnt)
            self.written += len(changes) + len(learnt)
        except StoreUnavailable:
            raise
        except Exception as error:  # the writer must live on, whatever one batch holds
            if len(changes) + len(learnt) == 1:
                what = next(iter([*(change.module for change in changes), *(fact.kind for fact in learnt)]))
                log.error("not fit to be kept", what=what, exc_info=error)  # ids may be those of cards
                self.dropped["unwritable"] += 1
                self._waiting.doubt(learnt)
                return
            for change in changes:
                await self._save([change], ())
            for fact in learnt:
                await self._save((), [fact])

    async def _pause(self, seconds: float) -> None:
        """Wait, unless somebody waits for what is not written, or the hub is closing."""
        if not self._is_closing:
            self._now.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._now.wait()

    # --- questions ---------------------------------------------------------------------------------------------------

    async def ties(self, kind: Kind, *ids: str) -> tuple[Tie, ...]:
        """Who owns what goes by these ids, and with whom; none where nothing is known. Raises StoreUnavailable."""
        found = {fact.owner: Tie(fact.owner, fact.other) for fact in await self._facts(kind, key_of(*ids))}
        if kind in COPIED:
            for owner in await self._owners_of_copies(COPIED[kind], *map(key_of, ids)):
                found.setdefault(owner, Tie(owner))
        if kind is Kind.CONTRACT:
            for row in await self._of_contract(ids[0], ()):
                found.setdefault(row.owner, Tie(row.owner))
        return tuple(found.values())

    async def recall(self, object_name: str, key: tuple[str, ...], between: Collection[PartyId]) -> Any:
        """An object in the shape of OCPI 2.2.1, as `Context.stored` says; None where it is not known."""
        return await self._recalling.recall(object_name, key, between)

    async def copy(self, change: Change, between: Collection[PartyId]) -> Stored | None:
        """The object that a change is about, as it was before; None where it is not known. Raises StoreUnavailable."""
        return await self._copy(change.module, change.key, change.owner, change.kind, between)

    async def find(self, module: str, ids: tuple[str, ...], owner: PartyId | None = None) -> tuple[Stored, ...]:
        """The published objects that go by this id (and type), of an owner or of any, the last to change first."""
        key, kind = key_of(ids[0]), key_of(ids[1]) if len(ids) > 1 else None
        return tuple(row for row in await self._copies(module, key, owner, (EVERYBODY,)) if kind in (None, row.kind))

    async def page(self, wanted: Wanted) -> Page:
        """One page of what is published; what waits is written first. Raises StoreUnavailable."""
        if not wanted.after:
            await self.settled()
        async with self._store.read() as connection:
            return await pages.page(connection, wanted)

    async def _facts(self, kind: Kind, key: str) -> list[Fact]:
        known = {fact.owner: fact for fact in await self._read_store((kind, key), facts.of_key, kind, key)}
        known |= {fact.owner: fact for fact in self._waiting.facts_of(kind, key)}
        now = time.time()
        return [fact for fact in known.values() if fact.expires_at is None or fact.expires_at > now]

    async def _owners_of_copies(self, module: str, key: str, kind: str | None = None) -> list[PartyId]:
        known = await self._read_store((module, key), copies.owners, module, key, kind)
        waiting = self._waiting.changes_of(module, key)
        new = [row.owner for row in waiting if row.method != "DELETE" and kind in (None, row.kind)]
        return [PartyId.parse(owner) for owner in known] + new

    async def _copies(self, module: str, key: str, owner: PartyId | None, audiences: Collection[str]) -> list[Stored]:
        """Copies of objects of this key with what waits laid over them, the last to change first."""
        folded = owner.folded if owner else None
        rows = await self._read_store((module, key), copies.of_object, module, key, folded)
        state = {memory.place_of(row): row for row in rows}
        for change in self._waiting.changes_of(module, key):
            if owner in (None, change.owner):
                memory.lay(state, change)
        seen = (row for row in state.values() if row.audience in audiences)
        return sorted(seen, key=lambda row: row.arrived_at, reverse=True)

    async def _copy(
        self, module: str, key: str, owner: PartyId, kind: str | None, between: Collection[PartyId]
    ) -> Stored | None:
        rows = await self._copies(module, key, owner, _audiences(between))
        return next((row for row in rows if kind in (None, row.kind)), None)

    async def _of_contract(self, contract: str, between: Collection[PartyId]) -> list[Stored]:
        """Tokens of a contract; one that waits is found when it is written."""
        await self.settled()
        key = contract.casefold()
        return list(await self._read_store((Kind.CONTRACT, key), copies.of_contract, key, _audiences(between)))

    async def _read_store(self, place: tuple[str, str], question: Any, *arguments: Any) -> Any:
        """What the store has of a place, so that what waits can be laid over it: nothing of it is in flight."""
        if any(text != plain(text, len(text)) for text in arguments if isinstance(text, str)):
            return []  # such an id no store can have
        self._read()
        while True:
            while self._waiting.is_in_flight(place):
                async with self._writing:
                    pass
            begun = self._waiting.flights
            async with self._store.read() as connection:
                answer = await question(connection, *arguments)
            if self._waiting.flights == begun:
                return answer


def _audiences(between: Collection[PartyId]) -> set[str]:
    return {EVERYBODY, *(party.folded for party in between)}


def _answer(askers: Iterable[asyncio.Future[None]], error: StoreUnavailable | None) -> None:
    for asker in askers:
        if not asker.done():
            asker.set_result(None) if error is None else asker.set_exception(error)
