"""Who is still alive: when each platform was last heard of, and a question to those who are silent or fail.

OCPI 2.2.1, HubClientInfo, Still alive check. Whatever a platform sends, and every HTTP answer to what is sent to it,
proves that it is alive. One that is silent for `liveness.idle_s`, or to which a request just failed, is asked for its
versions. Two failures make it OFFLINE, a rejected token at once; then callers are told 4003 without a try, and it is
asked every `liveness.interval_s` until it answers.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from hub.chores import Chore, doing
from hub.core import Core
from hub.store import StoreUnavailable, claims, liveness
from routing.directory import Platform
from routing.errors import OcpiError
from routing.journey import Direction, Leg, new_request_id
from routing.ocpi import CORRELATION_ID, REQUEST_ID, ConnectionStatus
from routing.outbound import with_new_token

log = structlog.get_logger(__name__)

ASK_S: Final = 10.0
"""How long a platform may take to list its versions."""
PAUSE_S: Final = 1.0
"""How long after a first failure it is asked again."""
NOTE_S: Final = 5.0
"""How often a node notes in the store whom it heard of."""
SUSPICION_S: Final = 5.0
"""How long a failed request is no reason to ask a platform that was just asked."""
MAX_CHECKS: Final = 20
"""Platforms asked at the same time."""
SLICE: Final = 200
"""Platforms that are asked for in a stretch, before requests get their turn."""
ENOUGH: Final = 2
"""How many failures in a row make a platform OFFLINE."""
ASKED: Final = frozenset({ConnectionStatus.CONNECTED, ConnectionStatus.OFFLINE})
STILL_ALIVE: Final = "still alive check"
"""What the admin reads as the step that failed last, where it is no step of a handshake."""
REJECTED: Final = frozenset({401, 403, 407})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a platform is not taken for alive, in words; one that rejects the hub's token is not asked twice."""

    came: str
    is_rejection: bool = False


class Liveness:
    """Listens to the legs of all journeys, and asks who is silent. Opened by `watching`."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._heard: dict[str, float] = {}
        self._noted_at = 0.0
        self._is_closed = False
        self._checks: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(MAX_CHECKS)
        self.came_back: list[Callable[[str], None]] = []
        """Called with the id of a platform that this node saw come back; it must not fail."""
        self.results: Counter[str] = Counter(alive=0, failed=0, rejected=0)
        """Checks by how they ended."""

    def observe(self, leg: Leg) -> None:
        """A leg was travelled. On the path of each request: never waits, never fails."""
        if not leg.platform_id:
            return
        if leg.direction is Direction.OUT and (leg.http is None or leg.http in REJECTED):
            self._suspect(leg.platform_id)
            return
        self._heard[leg.platform_id] = time.time()
        if self._is_offline(leg.platform_id):
            self._begin(leg.platform_id, lambda: self._welcome(leg.platform_id))

    def last_heard(self, platform_id: str) -> float:
        """When this node last heard of a platform (epoch seconds); 0 for never."""
        return self._heard.get(platform_id, 0.0)

    async def note(self) -> None:
        """Write to the store whom this node has heard of since the last time. Raises StoreUnavailable."""
        began = time.time()
        if began < self._noted_at:  # the clock was set back: whoever was heard of since is news
            self._noted_at = 0.0
        news = {platform_id: at for platform_id, at in self._heard.items() if at >= self._noted_at}
        if news:
            async with self._core.store.write() as connection:
                await liveness.heard(connection, news)
        self._noted_at = began
        known = self._core.picture.directory.platforms
        self._heard = {platform_id: at for platform_id, at in self._heard.items() if platform_id in known}

    async def look(self) -> None:
        """Ask every platform that is silent or offline, unless another node just does. Raises StoreUnavailable."""
        now = time.time()
        silent_since = now - self._core.settings.liveness.idle_s
        async with self._core.store.read() as connection:
            due = await liveness.to_check(connection, silent_since, now)
        every_s = self._core.settings.liveness.interval_s * 0.9  # looks are never exactly that far apart
        for number, platform_id in enumerate(due, start=1):
            if number % SLICE == 0:
                await asyncio.sleep(0)
            is_alive = silent_since <= self.last_heard(platform_id) <= now + liveness.AHEAD_S
            if self._is_offline(platform_id) or not is_alive:
                self._begin(platform_id, partial(self._check, platform_id, every_s))

    async def close(self) -> None:
        """Stop asking, and note what is known."""
        self._is_closed = True
        checks = list(self._checks.values())
        for task in checks:
            task.cancel()
        await asyncio.gather(*checks, return_exceptions=True)
        try:
            await self.note()
        except StoreUnavailable as error:
            log.warning("store unavailable", while_doing="noting who was heard of", reason=str(error))

    # --- one platform ------------------------------------------------------------------------------------------------

    def _suspect(self, platform_id: str) -> None:
        """A request to it failed: that is one failure; the next is found out at once, not by the next caller."""
        if not self._is_offline(platform_id):
            every_s = min(SUSPICION_S, self._core.settings.liveness.interval_s)
            self._begin(platform_id, partial(self._check, platform_id, every_s, failures=1))

    def _begin(self, platform_id: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Work for a platform, unless there is some under way."""
        if platform_id in self._checks or self._is_closed:
            return
        task = self._checks[platform_id] = asyncio.create_task(work(), name=f"liveness of {platform_id}")
        task.add_done_callback(lambda _: self._checks.pop(platform_id, None))

    async def _check(self, platform_id: str, every_s: float, failures: int = 0) -> None:
        """Ask a platform, a second time where need be, and say what that makes of it."""
        try:
            async with self._slots:
                began = time.time()
                if self._askable(platform_id) is None:  # this node may not know it yet: then another asks
                    return
                async with self._core.store.write() as connection:
                    is_mine = await claims.claim(connection, f"alive {platform_id}", now=time.time(), every_s=every_s)
                failure = await self._ask(platform_id) if is_mine else None
                while failure is not None and not self._is_enough(platform_id, failures := failures + 1, failure):
                    await asyncio.sleep(PAUSE_S)
                    failure = await self._ask(platform_id)
                if failure is not None and not self._is_offline(platform_id):
                    await self._give_up(platform_id, failure)
                elif self._is_offline(platform_id) and self.last_heard(platform_id) > began:
                    await self._welcome(platform_id)
        except StoreUnavailable as error:
            log.warning("store unavailable", while_doing="checking who is alive", reason=str(error))
        except Exception as error:  # the next look asks again; without this nobody would know why this one did not
            log.error("check failed", platform=platform_id, exc_info=error)

    def _is_enough(self, platform_id: str, failures: int, failure: Failure) -> bool:
        return failure.is_rejection or failures >= ENOUGH or self._is_offline(platform_id)

    async def _ask(self, platform_id: str) -> Failure | None:
        """GET versions, with the hub's token: None where the platform is alive, or cannot be asked (any more)."""
        platform = self._askable(platform_id)
        if platform is None or not (platform.token_out and platform.versions_url):
            return None
        failure = await self._call(platform, platform.versions_url, platform.token_out)
        if failure is not None and failure.is_rejection:
            picture = self._core.picture
            renewed = await with_new_token(platform, lambda: picture.directory, picture.look_again)
            if renewed is not None and renewed.token_out and renewed.versions_url:
                failure = await self._call(renewed, renewed.versions_url, renewed.token_out)
        if failure is None:
            self._heard[platform_id] = time.time()
        self.results["alive" if failure is None else "rejected" if failure.is_rejection else "failed"] += 1
        return failure

    def _askable(self, platform_id: str) -> Platform | None:
        """The platform, if it can be asked."""
        platform = self._core.picture.directory.platforms.get(platform_id)
        is_askable = platform is not None and platform.status in ASKED and platform.token_out and platform.versions_url
        return platform if is_askable else None

    async def _call(self, platform: Platform, url: str, token: str) -> Failure | None:
        try:
            answer = await self._core.courier.call(
                "GET",
                url,
                token=token,
                encode_token=platform.encodes_token,
                headers={REQUEST_ID: new_request_id(), CORRELATION_ID: new_request_id()},
                timeout_s=min(ASK_S, self._core.settings.routing.party_timeout_s),
                platform_id=platform.id,
            )
        except OcpiError as error:
            return Failure(error.message)
        if answer.http in REJECTED:
            return Failure(f"HTTP {answer.http}: the platform rejects the hub's token", is_rejection=True)
        return Failure(f"HTTP {answer.http}") if answer.http >= 500 else None

    async def _give_up(self, platform_id: str, failure: Failure) -> None:
        """The platform is OFFLINE, and the admin reads why."""
        error = {"at": time.time(), "step": STILL_ALIVE, "expected": "HTTP 200", "came": failure.came}
        async with self._core.store.write() as connection:
            is_new = await liveness.went_offline(connection, platform_id, error)
        if is_new:
            severity = log.error if failure.is_rejection else log.warning
            severity("platform offline", platform=platform_id, reason=failure.came)
            await self._core.picture.refresh()

    async def _welcome(self, platform_id: str) -> None:
        """The platform is CONNECTED again."""
        try:
            async with self._core.store.write() as connection:
                is_new = await liveness.came_back(connection, platform_id, time.time())
            await self._core.picture.refresh()
        except StoreUnavailable as error:  # it stays OFFLINE until it is heard of again
            log.warning("store unavailable", while_doing="welcoming a platform back", reason=str(error))
            return
        if is_new:
            log.info("platform back", platform=platform_id)
            for tell in self.came_back:
                tell(platform_id)

    def _is_offline(self, platform_id: str) -> bool:
        platform = self._core.picture.directory.platforms.get(platform_id)
        return platform is not None and platform.status is ConnectionStatus.OFFLINE


@asynccontextmanager
async def watching(core: Core) -> AsyncIterator[Liveness]:
    """Listen, and ask, until the end."""
    watch = Liveness(core)
    interval_s = core.settings.liveness.interval_s
    chores = (
        Chore("noting who was heard of", min(NOTE_S, interval_s), watch.note),
        Chore("checking who is alive", interval_s, watch.look),
    )
    async with doing(*chores):
        try:
            yield watch
        finally:
            await watch.close()
