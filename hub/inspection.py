"""The check of what parties send against OCPI's objects, beside the route: it never delays a message.

Legs wait in a small queue, a few of each kind, so that under load every kind of message of every platform is still
looked at now and then. The check takes a fixed small share of the time; what it leaves out is counted.
With the quirk `check` = enforce, the body of a request is checked on its way, and refused.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog

from hub.masking import Mask, plain
from hub.models import Finding, findings
from hub.sent_objects import ENVELOPE, Sent, envelope_mistakes, object_in, objects_of, sender_of
from hub.store import Store, StoreUnavailable
from hub.store import findings as stored
from hub.store.findings import FindingRow, Mistake
from routing.bridge import write_json
from routing.catalogue import module_key
from routing.directory import Directory
from routing.errors import InvalidMessage
from routing.journey import Direction, Leg
from routing.message import Message
from routing.quirks import CHECK

log = structlog.get_logger(__name__)

MAX_WAITING: Final = 500
MAX_OF_A_KIND: Final = 4
"""Legs of one platform, method and module that may wait."""
MAX_BYTES: Final = 256 * 1024
"""Longer bodies are left out: checking one would hold up the requests of others."""
SHARE: Final = 0.01
"""Of the time, what the check may take: whoever asks meanwhile waits for it."""
AHEAD_S: Final = 0.25
"""What it may take at once after a time with little to do."""
WRITE_S: Final = 1.0
MAX_KEPT: Final = 2000
"""Mistakes that wait to be written, each counted."""
MAX_EXAMPLE: Final = 2000
"""Characters of an example."""
MAX_OF_ONE: Final = 50
"""Mistakes in one object that are looked at."""
_INDEX: Final = re.compile(r"\[\d+\]")

Kind = tuple[str, str, str, str]


class Inspection:
    """Takes legs with a put on a queue, and keeps what is wrong with what parties sent. Opened by `inspecting`."""

    def __init__(self, store: Store, directory: Callable[[], Directory]) -> None:
        self.left_out: Counter[str] = Counter(full=0, too_long=0, unwritable=0)
        """Legs that were not looked at, by reason."""
        self.checked = 0
        """Objects that were looked at."""
        self.found: Counter[str] = Counter()
        """Mistakes by module."""
        self._store = store
        self._directory = directory
        self._waiting: deque[tuple[Kind, Leg]] = deque()
        self._of_a_kind: Counter[Kind] = Counter()
        self._kept: dict[Mistake, FindingRow] = {}
        self._written_at = 0.0
        self._woken = asyncio.Event()
        self._is_busy = False
        self._credit_s, self._credited_at = AHEAD_S, time.perf_counter()

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits to be looked at or written."""
        return not self._waiting and not self._kept and not self._is_busy

    def observe(self, leg: Leg) -> None:
        """Take a leg, if there is anything to look at. Never waits, never fails."""
        body = leg.request_body if leg.direction is Direction.IN else leg.answer_body
        if not body or not leg.interface:
            return
        platform = self._directory().platforms.get(leg.platform_id)
        if platform is None or platform.quirks.get(CHECK) == "off":
            return
        kind = (leg.platform_id, leg.direction, leg.method, leg.module)
        if len(body) > MAX_BYTES:
            self.left_out["too_long"] += 1
        elif len(self._waiting) >= MAX_WAITING or self._of_a_kind[kind] >= MAX_OF_A_KIND:
            self.left_out["full"] += 1
        else:
            self._of_a_kind[kind] += 1
            self._waiting.append((kind, leg))
            self._woken.set()

    async def work(self) -> None:
        """Look at what comes, and write what was found, until cancelled."""
        while True:
            if self._waiting:
                await self._look(*self._waiting.popleft())
            else:
                self._woken.clear()
                await self._wait()
            if self._kept and time.monotonic() - self._written_at >= WRITE_S:
                await self.write()

    async def write(self) -> None:
        """Write what was found so far; what the store does not take now is kept for later, up to a limit."""
        self._written_at, self._is_busy = time.monotonic(), True
        rows, self._kept = self._kept, {}
        try:
            async with self._store.write() as connection:
                await stored.add(connection, list(rows.values()))
        except StoreUnavailable as error:
            log.warning("store unavailable", while_doing="writing findings", reason=str(error))
            for row in rows.values():
                self._keep(row)
        except Exception as error:  # the check must live on, whatever one batch holds
            self.left_out["unwritable"] += len(rows)
            log.error("findings refused", rows=len(rows), exc_info=error)
        finally:
            self._is_busy = False

    async def _wait(self) -> None:
        """For something to do: a leg, or the time to write."""
        try:
            async with asyncio.timeout(WRITE_S if self._kept else None):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _look(self, kind: Kind, leg: Leg) -> None:
        started, self._is_busy = time.perf_counter(), True
        try:
            for row in examined(leg):
                self.found[row.mistake.module] += 1
                self._keep(row)
            self.checked += 1
        except Exception as error:  # one leg that cannot be read must not cost the others
            self.left_out["unwritable"] += 1
            log.error("leg unreadable", correlation_id=leg.correlation_id, exc_info=error)
        finally:
            self._is_busy = False
            self._of_a_kind[kind] -= 1
            if not self._of_a_kind[kind]:
                del self._of_a_kind[kind]
        await asyncio.sleep(self._spent(started))

    def _spent(self, started: float) -> float:
        """Take the time since then from what the check may take; how long to wait until there is some again."""
        now = time.perf_counter()
        self._credit_s = min(self._credit_s + (now - self._credited_at) * SHARE, AHEAD_S) - (now - started)
        self._credited_at = now
        return max(-self._credit_s / SHARE, 0.0)

    def _keep(self, row: FindingRow) -> None:
        known = self._kept.get(row.mistake)
        if known is not None:
            self._kept[row.mistake] = known.plus(row)
        elif len(self._kept) < MAX_KEPT:
            self._kept[row.mistake] = row
        else:
            self.left_out["full"] += 1


@asynccontextmanager
async def inspecting(inspection: Inspection) -> AsyncIterator[Inspection]:
    """The check beside the server; at the end, what was found is written."""
    worker = asyncio.create_task(inspection.work(), name="inspection")
    try:
        yield inspection
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        await inspection.write()


def enforce(message: Message) -> None:
    """Refuse a request whose object breaks the specification, where the admin wants that of its platform.

    Raises InvalidMessage (2001) naming the field.
    """
    if message.caller.quirks.get(CHECK) != "enforce":
        return
    name = object_in(message)
    if name is None:
        return
    found = findings(message.version.number, name, message.document, partial=message.method == "PATCH")
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise InvalidMessage(f"{name}: {found[0].field or 'the object'} {found[0].message}{more}")


def examined(leg: Leg) -> list[FindingRow]:
    """What is wrong with what a platform sent on this leg, each mistake once with an example. Pure."""
    rows: dict[Mistake, FindingRow] = {}
    for sent in objects_of(leg):
        for item in sent.items:
            for finding in _findings(leg.version, sent, item)[:MAX_OF_ONE]:
                row = _row(leg, sent, item, finding)
                rows.setdefault(row.mistake, row)
    return list(rows.values())


def _findings(version: str, sent: Sent, item: Any) -> list[Finding]:
    if sent.name == ENVELOPE:
        return [Finding(*mistake) for mistake in envelope_mistakes(item)]
    return findings(version, sent.name, item, partial=sent.is_partial)


def _row(leg: Leg, sent: Sent, item: Any, finding: Finding) -> FindingRow:
    module = module_key(leg.module)
    mistake = Mistake(
        platform_id=leg.platform_id,
        module=plain(module, 64),
        object_name=sent.name,
        field=_INDEX.sub("[]", finding.field)[:200],
        rule=finding.rule,
        party=sender_of(leg).upper(),
        version=leg.version,
    )
    example = {"field": finding.field, "journey": leg.journey_id, "object": _example(module, item, finding.field)}
    return FindingRow(mistake, 1, leg.at, leg.at, finding.message, example)


def _example(module: str, item: Any, field: str) -> str:
    """The innermost object around the field, as JSON with everything personal covered."""
    around = Mask(module).document(item)
    for step in re.findall(r"\[(\d+)\]|([^.\[\]]+)", field)[:-1]:
        index, name = step
        inner = around[int(index)] if index and isinstance(around, list) else None
        inner = around.get(name) if name and isinstance(around, dict) else inner
        if not isinstance(inner, dict | list):
            break
        around = inner
    text = write_json(around).decode("utf-8", "replace")
    return plain(text if len(text) <= MAX_EXAMPLE else text[:MAX_EXAMPLE] + "…", MAX_EXAMPLE + 1)
