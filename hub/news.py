"""HubClientInfo, pushed: every change goes to the platforms that may know of it and implement the Receiver interface.

OCPI 2.2.1 and 2.3.0, HubClientInfo, Push model. What is to be pushed is in the store before anybody is told, and is
claimed there by the node that pushes it: no change is lost with a node, or pushed by two. A slow receiver gets what is
true when its turn comes, not what was true in between. Nothing is repeated: who missed a push asks for the list.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from hub.chores import Chore, doing
from hub.clientinfo import ClientInfo, client_info_object
from hub.core import Core
from hub.store import StoreUnavailable, client_info
from hub.store.client_info import InfoRow, Place
from hub.unheard import Unheard
from routing.answers import Answer, PassedOn, pass_on
from routing.bridge import write_json
from routing.client_info import CLIENT_INFO, address_of, listens, newly_connected
from routing.decide import target_url
from routing.directory import Directory, Platform
from routing.errors import OcpiError
from routing.journey import Direction, Leg, OnLeg, new_journey_id, new_request_id, outcome_of, timestamp
from routing.ocpi import CORRELATION_ID, REQUEST_ID, ConnectionStatus, Interface

log = structlog.get_logger(__name__)

PUSH_S: Final = 10.0
"""How long a receiver may take for one object."""
MANY: Final = 200
"""Receivers that are being called, beyond which more are taken only every `LOOK_S`: they may all hang."""
WAIT_S: Final = 5.0
"""How long the first objects of a party wait for a receiver that is just being told of it."""
SWEEP_S: Final = 2.0
"""How often a node looks for what other nodes left to be pushed."""
RETRY_S: Final = 1.0
"""How long after a failure it goes on."""
LOOK_S: Final = 0.1
"""How often it looks whether another node has pushed what objects wait for."""
LEASE_S: Final = 120.0
"""How long a node that died keeps others from pushing what it claimed."""
MAX_HELD: Final = 2_000
"""Pushes that one node has claimed at most."""
AT_ONCE: Final = 50
"""Pushes that it claims, or ticks off, in one go: requests have their turn in between."""


class News:
    """Pushes changes, each receiver in a line of its own. Close it when done."""

    def __init__(self, core: Core, rows: ClientInfo, on_leg: OnLeg) -> None:
        self._core = core
        self.rows = rows
        """What is told to whom; also who answers the list."""
        self._on_leg = on_leg
        self._woken = asyncio.Event()
        self._lines: dict[str, dict[Place, tuple[InfoRow, float]]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._took_at = 0.0
        self._done: list[InfoRow] = []
        self._unheard: dict[str, list[Unheard]] = {}

    def hold(self, viewer: str, sender: str) -> Awaitable[None] | None:
        """What a message from one platform to another must wait for; in nearly all cases nothing.

        Receivers may refuse objects of a party that they have not heard of (OCPI, HubClientInfo, CONNECTED).
        """
        if not self._unheard:
            return None
        waits = (unheard.hold(viewer) for unheard in self._unheard.get(sender, ()))
        return next((wait for wait in waits if wait is not None), None)

    def follow(self, before: Directory, after: Directory) -> Awaitable[None]:
        """The picture changed: hold back the objects of new parties at once, and write what there is to tell."""
        ends_at = asyncio.get_running_loop().time() + WAIT_S
        for platform in newly_connected(before, after):
            self._unheard.setdefault(platform.id, []).append(Unheard(platform.id, before, after, ends_at))
        return self.bring_up_to_date()

    async def bring_up_to_date(self) -> None:
        """See what changed; also before the node is ready, since there may be thousands of platforms."""
        try:
            await self.rows.bring_up_to_date()
        except StoreUnavailable as error:  # whoever changed the picture is done; `push` tries again
            log.warning("store unavailable", while_doing="noting client info", reason=str(error))
        self._woken.set()

    async def push(self) -> None:
        """Push what there is, and what comes, until cancelled. Raises StoreUnavailable."""
        while True:
            await self.rows.bring_up_to_date()
            await self._tick_off()
            await self._take()
            await self._let_go()
            await self._pause()

    async def close(self) -> None:
        """Stop in the middle of it; what was not pushed is left to whoever comes next."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        left = [row for line in self._lines.values() for row, _ in line.values()]
        try:
            await self._tick_off()
            if left:
                async with self._core.store.write() as connection:
                    await client_info.put_back(connection, left)
        except StoreUnavailable as error:
            log.warning("store unavailable", while_doing="putting back client info", reason=str(error))

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_S if self._unheard or len(self._tasks) >= MANY else SWEEP_S):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    # --- what to push ------------------------------------------------------------------------------------------------

    async def _tick_off(self) -> None:
        """Have the store forget what was pushed."""
        done = self._done[:AT_ONCE]
        if done:
            async with self._core.store.write() as connection:
                await client_info.pushed(connection, done)
            del self._done[: len(done)]
            self._woken.set()  # there may be more; and what changed while it was on its way can be taken now

    async def _take(self) -> None:
        room = min(AT_ONCE, MAX_HELD - sum(len(line) for line in self._lines.values()))
        is_busy = len(self._tasks) >= MANY and time.monotonic() < self._took_at + LOOK_S
        if room <= 0 or is_busy:
            return
        async with self._core.store.read() as connection:
            if not await client_info.is_waiting(connection):
                return
        now, self._took_at = time.time(), time.monotonic()
        async with self._core.store.write() as connection:
            rows = await client_info.claim(connection, now=now, until=now + LEASE_S, at_most=room)
        if len(rows) == room:
            self._woken.set()  # there may be more
        for row in rows:
            self._lines.setdefault(row.viewer, {})[row.place] = row, now
        for row in rows:
            if row.viewer not in self._tasks:
                name = f"client info for {row.viewer}"
                self._tasks[row.viewer] = asyncio.create_task(self._push_to(row.viewer), name=name)
                await asyncio.sleep(0)  # a call costs most when it begins: not all at a stretch

    async def _let_go(self) -> None:
        """Let objects pass whose receiver was told, by whatever node, or does not answer."""
        if not self._unheard:
            return
        now = asyncio.get_running_loop().time()
        for unheard in [unheard for entries in self._unheard.values() for unheard in entries]:
            if unheard.ends_at <= now:
                self._heard(unheard)
            elif unheard.after.revision <= self.rows.revision:  # before that nobody knows yet who is to be told
                awaited = tuple(unheard.waiting)
                async with self._core.store.read() as connection:
                    left = await client_info.waiting_of(connection, awaited, unheard.keys)
                    is_left = bool(left) or await client_info.is_waiting(connection, unheard.keys)
                for viewer in set(awaited) - left:
                    unheard.release(viewer)
                if not is_left:
                    self._heard(unheard)

    def _heard(self, unheard: Unheard) -> None:
        """Nobody is still to be told, or was not in time."""
        for viewer in tuple(unheard.waiting):
            unheard.release(viewer)
        entries = self._unheard[unheard.platform_id]
        entries.remove(unheard)
        if not entries:
            del self._unheard[unheard.platform_id]

    # --- one receiver ------------------------------------------------------------------------------------------------

    async def _push_to(self, viewer: str) -> None:
        """Push everything that is in one receiver's line."""
        line = self._lines[viewer]
        try:
            while line:
                row, claimed_at = next(iter(line.values()))
                try:
                    row = await self._push_one(row, claimed_at)
                except Exception as error:  # one object that cannot be pushed must not keep the others back
                    log.error("client info not pushed", viewer=viewer, exc_info=error)
                self._done.append(row)
                del line[row.place]
                if row.status is ConnectionStatus.CONNECTED and row.platform_id in self._unheard:
                    self._release(viewer, row.platform_id)
                self._woken.set()
        finally:
            del self._tasks[viewer]
            if not line:
                del self._lines[viewer]

    def _release(self, viewer: str, platform_id: str) -> None:
        if all(other.platform_id != platform_id for other, _ in self._lines[viewer].values()):
            for unheard in self._unheard[platform_id]:
                unheard.release(viewer)

    async def _push_one(self, claimed: InfoRow, claimed_at: float) -> InfoRow:
        """Push one object as it is by now; the one that was pushed."""
        row = claimed  # at worst it is older by a moment: then it is not ticked off, and pushed again
        if not 0 <= time.time() - claimed_at < LOOK_S:
            with suppress(StoreUnavailable):
                async with self._core.store.read() as connection:
                    row = await client_info.find(connection, claimed.place) or claimed
        viewer = self._core.picture.directory.platforms.get(row.viewer)
        address = address_of(viewer) if viewer is not None and listens(viewer) else None
        if viewer is not None and address is not None:
            await self._call(viewer, address, row)
        return row

    async def _call(self, viewer: Platform, address: str, row: InfoRow) -> None:
        """PUT one ClientInfo object (OCPI, HubClientInfo, PUT); without routing headers, as in every config module."""
        path = f"/{row.party.country_code}/{row.party.party_id}"
        body = write_json(client_info_object(row))
        headers = {REQUEST_ID: new_request_id(), CORRELATION_ID: new_request_id()}
        leg = self._leg(viewer, path, body, headers)
        started = time.perf_counter()
        try:
            answer = await self._core.courier.call(
                "PUT",
                target_url(address, path, ""),
                token=viewer.token_out or "",
                encode_token=viewer.encodes_token,
                headers=headers,
                body=body,
                timeout_s=min(PUSH_S, self._core.settings.routing.party_timeout_s),
                platform_id=viewer.id,
            )
            _tell(leg, answer, None)
            _tell(leg, answer, pass_on(answer, viewer.parties[0].id, "PUT", None, timestamp))
        except OcpiError as error:
            leg.reason = error.message
        leg.ms = (time.perf_counter() - started) * 1000
        self._on_leg(leg)

    def _leg(self, viewer: Platform, path: str, body: bytes, headers: dict[str, str]) -> Leg:
        return Leg(
            journey_id=new_journey_id(),
            direction=Direction.OUT,
            at=time.time(),
            ms=0.0,
            platform_id=viewer.id,
            sender=self._core.settings.hub.party.text,
            receiver=viewer.parties[0].id.text,
            version=viewer.version.number if viewer.version else "",
            module=CLIENT_INFO,
            interface=Interface.RECEIVER,
            method="PUT",
            path=path,
            request_id=headers[REQUEST_ID],
            correlation_id=headers[CORRELATION_ID],
            http=None,
            ocpi=None,
            outcome=outcome_of(None),
            bytes_out=len(body),
            request_body=body,
        )


@asynccontextmanager
async def telling(core: Core, on_leg: OnLeg) -> AsyncIterator[News]:
    """Push what changes from now on, and what was left to be pushed before."""
    news = News(core, ClientInfo(core), on_leg)
    await news.bring_up_to_date()
    core.picture.follow(news.follow)
    async with doing(Chore("pushing client info", RETRY_S, news.push)):
        try:
            yield news
        finally:
            await news.close()


def _tell(leg: Leg, answer: Answer, passed: PassedOn | None) -> None:
    """What became of a push."""
    leg.http, leg.bytes_in, leg.answer_body = answer.http, len(answer.body), answer.body
    if passed is not None:
        leg.ocpi, leg.outcome, leg.reason = passed.code, outcome_of(passed.code), passed.message
