"""A hub that is killed under load, again and again, and a list of all that it confirmed: it must be there afterwards.

Used by `test_killed.py`, and at length by `python -m tests.bench.kills`.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp

from hub.testing import FakeCpo, FakeEmsp, RegistrationFailed
from hub.testing.exchange import Exchange, Seen
from hub.testing.shelf import Served as Answer
from tests.stories.served import Served

TO_CPO, TO_EMSP = "NL*TNM", "DE*ABC"
WORKERS = {"pushes": 3, "orders": 3, "invoices": 2, "registers": 2, "rotates": 1, "administers": 1}
"""How many do each kind of work at the same time."""


class Gone(Exception):
    """The hub was killed before it answered: it promised nothing."""


@dataclass(frozen=True, slots=True)
class Promise:
    """Something that was confirmed, and how to see whether it is so."""

    kind: str
    what: str
    is_kept: Callable[[], Awaitable[bool]]


@dataclass(slots=True)
class Tally:
    """What happened so far."""

    kills: int = 0
    ready_s: list[float] = field(default_factory=list)
    """How long each start took until the hub was ready."""
    confirmed: Counter[str] = field(default_factory=Counter)
    cut_off: int = 0
    """Pieces of work that a kill ended."""
    broken: list[str] = field(default_factory=list)
    """Promises that were not kept."""
    refused: list[str] = field(default_factory=list)
    """What a living hub refused, though nothing was wrong with it."""


class Torture:
    """The load, the kills, and the promises."""

    def __init__(self, hub: Served, cpo: FakeCpo, emsp: FakeEmsp, rotating: FakeEmsp) -> None:
        self.hub = hub
        self.tally = Tally()
        self._cpo, self._emsp, self._rotating = cpo, emsp, rotating
        self._rotating_id = ""
        self._is_rotated = True
        self._promises: list[Promise] = []
        self._audited: Counter[tuple[str, str]] = Counter()
        """What the audit trail must hold: actions by subject."""
        self._newcomers: dict[str, FakeEmsp] = {}
        self._agreements: dict[str, bool] = {}
        """Every agreement that was confirmed: whether it still stands."""
        self._counts = {name: itertools.count() for name in WORKERS}
        self._response_urls: dict[str, str] = {}
        self._is_over = False
        cpo.answers["commands"] = self._take_order

    async def begin(self) -> None:
        """Everybody registers."""
        for party in (self._cpo, self._emsp):
            await self.hub.join(party)
        self._rotating_id = await self.hub.join(self._rotating)

    async def round(self, window_s: float, chance: random.Random) -> None:
        """Load, a kill at a random moment, a start, and a look at every promise."""
        self._is_over = False
        work = [
            asyncio.create_task(self._again_and_again(name)) for name, count in WORKERS.items() for _ in range(count)
        ]
        await asyncio.sleep(chance.uniform(0.3, 1) * window_s)
        await self.hub.kill()
        self._is_over = True
        await asyncio.gather(*work)
        self.tally.kills += 1
        began = time.perf_counter()
        await self.hub.start()
        self.tally.ready_s.append(time.perf_counter() - began)
        await self._check()

    async def end(self) -> None:
        """Whoever is still there leaves."""
        for party in self._newcomers.values():
            await party.__aexit__(None, None, None)

    # --- promises ----------------------------------------------------------------------------------------------------

    def _promise(self, kind: str, what: str, is_kept: Callable[[], Awaitable[bool]]) -> None:
        self.tally.confirmed[kind] += 1
        self._promises.append(Promise(kind, what, is_kept))

    async def _check(self) -> None:
        """See whether every promise is kept; whoever registered leaves again, so that the town does not grow."""
        if not self._is_rotated:  # nothing was promised; the token before still lets it be done again
            await self._rotating.update_credentials()
            self._is_rotated = True
        promises, self._promises = self._promises, []
        for promise in promises:
            if why := await _broken(promise):
                self.tally.broken.append(f"{promise.kind} {promise.what}: {why}")
        trail = Counter([(row["action"], row["subject"]) for row in await self._every("audit")])
        missing = {row: count for row, count in self._audited.items() if trail[row] < count}
        self.tally.broken += [f"audit of {action} {subject}" for action, subject in missing]
        standing = {row["id"] for row in await self._every("agreements")}
        self.tally.broken += [
            f"agreement {id}" for id, stands in self._agreements.items() if stands != (id in standing)
        ]
        for platform_id, party in self._newcomers.items():
            await self._admin("DELETE", f"/api/v1/platforms/{platform_id}", "removed", platform_id)
            await party.__aexit__(None, None, None)
            self._promise("removal", platform_id, partial(self._is_gone, platform_id))
        self._newcomers.clear()
        for party in (self._cpo, self._emsp, self._rotating):
            party.memory.seen.clear()

    async def _every(self, what: str) -> list[dict[str, Any]]:
        """A whole list of the admin API."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            status, page = await self.hub.admin("GET", f"/api/v1/{what}?limit=500{cursor}")
            assert status == 200, page
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    async def _is_gone(self, platform_id: str) -> bool:
        return (await self.hub.admin("GET", f"/api/v1/platforms/{platform_id}"))[0] == 404

    # --- work --------------------------------------------------------------------------------------------------------

    async def _again_and_again(self, name: str) -> None:
        """One kind of work until the hub is gone; what is cut off promised nothing."""
        work = getattr(self, f"_{name}")
        while not self._is_over:
            try:
                await work()
            except (Gone, aiohttp.ClientError, RegistrationFailed, TimeoutError) as error:
                if self.hub.process.returncode is None:  # perhaps it is only just not known to be gone
                    await asyncio.sleep(0.2)
                if self.hub.process.returncode is None:
                    self.tally.refused.append(f"{name}: {error}")
                self.tally.cut_off += 1
                return

    async def _pushes(self) -> None:
        await self._accepted(self._cpo.push_session(TO_EMSP, self._emsp.parties[0]))
        await self._accepted(self._emsp.push_token(TO_CPO))

    async def _orders(self) -> None:
        """A command: its result must find the way back, however late it comes."""
        session_id = f"S{next(self._counts['orders'])}"
        url, result = self._emsp.expect_result()
        body = {"response_url": url, "session_id": session_id}
        await self._accepted(self._emsp.send("POST", "commands", "/STOP_SESSION", to=TO_CPO, body=body))
        back = self._response_urls.pop(session_id)

        async def is_kept() -> bool:
            told = await self._cpo.send("POST", "commands", url=back, body={"result": "ACCEPTED", "id": session_id})
            return told.is_success and result.done() and result.result()["id"] == session_id

        self._promise("response_url", back, is_kept)

    async def _invoices(self) -> None:
        """A CDR, which is read again at its Location."""
        cdr_id = f"C{next(self._counts['invoices'])}"
        posted = await self._accepted(self._cpo.push_cdr(TO_EMSP, self._emsp.parties[0], cdr_id))
        location = posted.headers["Location"]

        async def is_kept() -> bool:
            read = await self._cpo.send("GET", "cdrs", url=location)
            return read.is_success and read.data["id"] == cdr_id

        self._promise("Location", location, is_kept)

    async def _registers(self) -> None:
        """A newcomer; where it is invited and not registered yet, its invitation is good afterwards."""
        party = FakeEmsp(f"FI*{next(self._counts['registers']) % 4096:03X}")
        role = {"role": "EMSP", "country_code": "FI", "party_id": party.parties[0].party_id}
        invited = await self._admin("POST", "/api/v1/platforms", "invited", None, {"name": party.name, "roles": [role]})
        await party.__aenter__()
        self._newcomers[invited["id"]] = party
        is_registered = False
        try:
            await party.register(invited["versions_url"], invited["token"])
            is_registered = True
            self._audited["registered", invited["id"]] += 1
        finally:

            async def is_kept() -> bool:
                if not is_registered:
                    await party.register(invited["versions_url"], invited["token"])
                return (await party.push_token(TO_CPO)).is_success

            self._promise("registration" if is_registered else "invitation", party.name, is_kept)

    async def _rotates(self) -> None:
        """New tokens, for the party's or for the admin's wish; the newest open everything."""
        self._is_rotated = False
        if next(self._counts["rotates"]) % 2:
            await self._rotating.update_credentials()
            self._audited["updated", self._rotating_id] += 1
        else:
            await self._admin("POST", f"/api/v1/platforms/{self._rotating_id}/rotate", "rotated", self._rotating_id)
        self._is_rotated = True

        async def is_kept() -> bool:
            there = await self._cpo.push_session(str(self._rotating.parties[0]), self._rotating.parties[0])
            return (await self._rotating.push_token(TO_CPO)).is_success and there.is_success

        self._promise("rotation", self._rotating.name, is_kept)

    async def _administers(self) -> None:
        """An agreement between strangers; most are taken back at once."""
        number = next(self._counts["administers"])
        wanted = {"cpo": f"BE*{number % 1000:03}", "emsp": "LU*XYZ", "effect": "deny"}
        agreed = await self._admin("POST", "/api/v1/agreements", "agreed", None, wanted)
        self._agreements[agreed["id"]] = True
        if number % 5:
            del self._agreements[agreed["id"]]  # until it is confirmed it may be gone, or not
            await self._admin("DELETE", f"/api/v1/agreements/{agreed['id']}", "agreement removed", agreed["id"])
            self._agreements[agreed["id"]] = False
        self.tally.confirmed["agreements"] += 1

    # --- in common ---------------------------------------------------------------------------------------------------

    async def _accepted(self, sent: Awaitable[Exchange]) -> Exchange:
        answer = await sent
        if not answer.is_success:
            raise Gone(f"HTTP {answer.http} {answer.body!r}")
        return answer

    async def _admin(self, method: str, path: str, action: str, subject: str | None, body: Any = None) -> Any:
        """A change of the admin's that was confirmed: it is in the audit trail. Raises Gone."""
        status, answer = await self.hub.admin(method, path, body)
        if not 200 <= status < 300:
            raise Gone(f"{method} {path}: {status} {answer}")
        self._audited[action, subject or answer["id"]] += 1
        return answer

    def _take_order(self, seen: Seen) -> Answer:
        """The CPO accepts, and keeps for later where the result goes."""
        self._response_urls[seen.document["session_id"]] = seen.document["response_url"]
        return Answer(data={"result": "ACCEPTED", "timeout": 30})


async def _broken(promise: Promise) -> str:
    """Why a promise is not kept; empty where it is."""
    try:
        return "" if await promise.is_kept() else "it is not so"
    except (Gone, aiohttp.ClientError, RegistrationFailed, TimeoutError) as error:
        return f"{type(error).__name__} {error}"


@asynccontextmanager
async def torture(hub: Served) -> AsyncIterator[Torture]:
    """Parties at a hub that runs, ready for it to be killed."""
    async with FakeCpo() as cpo, FakeEmsp() as emsp, FakeEmsp("FR*ROT") as rotating:
        scene = Torture(hub, cpo, emsp, rotating)
        await scene.begin()
        try:
            yield scene
        finally:
            await scene.end()
