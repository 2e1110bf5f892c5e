"""How long the journal takes to answer with a million journeys in it: `python -m tests.bench.journal [COUNT]`."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from hub.store import Store, journal
from hub.store.journal import LegRow, Wanted
from routing.journey import Direction, Outcome, journey_id_at
from tests.hub.legs import row

JOURNEYS = 1_000_000
LIMIT_S = 0.5
BATCH = 250
START = 1_700_000_000.0
EVERY_S = 2.0
MODULES = ("sessions", "cdrs", "tokens", "commands", "locations", "tariffs", "credentials", "chargingprofiles")
MODULE_WEIGHTS = (500, 100, 80, 50, 250, 18, 1, 1)
OUTCOMES = (Outcome.DELIVERED, Outcome.REFUSED, Outcome.FAILED)
RARE = "XX*RAR"


def journeys(count: int) -> Iterator[LegRow]:
    """The legs of so many journeys among 200 parties, some large and most small, one of them hardly ever heard."""
    chance = random.Random(1)
    parties = [f"{country}*{number:03}" for number in range(50) for country in ("NL", "DE", "FR", "BE")]
    weights = [1 / (place + 1) for place in range(len(parties))]
    base = row()
    values = base._asdict()
    for number in range(count):
        at = START + number * EVERY_S
        sender, receiver = chance.choices(parties, weights, k=2)
        (outcome,) = chance.choices(OUTCOMES, (970, 25, 5))
        (module,) = chance.choices(MODULES, MODULE_WEIGHTS)
        values |= {
            "journey_id": f"{journey_id_at(at)}abcdef{number & 0xFFFFFF:06x}",
            "at": at,
            "sender": RARE if number % 100_000 == 7 else sender,
            "receiver": receiver,
            "module": module,
            "outcome": outcome,
            "path": f"/{number}",
            "correlation_id": f"{chance.getrandbits(128):032x}",
            "parent": "" if number % 20 else f"{journey_id_at(at - EVERY_S)}abcdef{(number - 1) & 0xFFFFFF:06x}",
        }
        yield LegRow(**{**values, "direction": Direction.IN, "platform_id": f"p-{sender}", "ms": 14.0})
        yield LegRow(**{**values, "direction": Direction.OUT, "platform_id": f"p-{receiver}", "at": at + 0.001})


def questions(count: int) -> dict[str, Wanted]:
    """Each filter of the view, the pairs of them that meet least, and pages deep inside."""
    end = START + count * EVERY_S
    middle = START + count * EVERY_S / 2
    return {
        "newest": Wanted(),
        "a large party": Wanted(party="NL*000"),
        "a rare party": Wanted(party=RARE),
        "an unknown party": Wanted(party="ZZ*ZZZ"),
        "a platform": Wanted(platform_id="p-NL*000"),
        "a platform, rare outcome": Wanted(platform_id="p-NL*000", outcome="failed", module="credentials"),
        "a correlation id that is unknown": Wanted(correlation_id="0" * 32),
        "a large party, correlation id unknown": Wanted(party="NL*000", correlation_id="0" * 32),
        "a common module": Wanted(module="sessions"),
        "a rare module": Wanted(module="credentials"),
        "delivered": Wanted(outcome="delivered"),
        "failed": Wanted(outcome="failed"),
        "an hour": Wanted(since=middle, until=middle + 3600),
        "since the start": Wanted(since=START),
        "nothing after the end": Wanted(since=end + 3600),
        "a large party, failed": Wanted(party="NL*000", outcome="failed"),
        "a large party, failed, rare module": Wanted(party="NL*000", outcome="failed", module="chargingprofiles"),
        "a common module, failed": Wanted(module="sessions", outcome="failed"),
        "a module nobody has": Wanted(module="payments"),
        "a large party, module nobody has": Wanted(party="NL*000", module="payments"),
        "deep inside": Wanted(before=journey_id_at(START + 3600)),
        "a large party, deep inside": Wanted(party="NL*000", before=journey_id_at(middle)),
        "a large party, failed, a day": Wanted(
            party="NL*000", outcome="failed", module="cdrs", since=middle, until=middle + 86_400
        ),
    }


async def fill(store: Store, count: int) -> None:
    """Write the journeys as the journal does, but more at a time."""
    rows = journeys(count)
    while batch := list(islice(rows, BATCH * 40)):
        async with store.write() as connection:
            for place in range(0, len(batch), BATCH):
                await journal.add(connection, batch[place : place + BATCH])


async def ask(store: Store, wanted: Wanted) -> tuple[float, int]:
    """Seconds and journeys of one question."""
    started = time.perf_counter()
    async with store.read() as connection:
        found, _ = await journal.journeys(connection, wanted)
    return time.perf_counter() - started, len(found)


async def main(count: int) -> int:
    """Fill a store and ask; 1 where any answer took longer than it may."""
    slow = 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "journal.db"
        store = Store(f"sqlite:///{file}")
        await store.migrate()
        started = time.perf_counter()
        await fill(store, count)
        filled_s = time.perf_counter() - started
        size_mb = file.stat().st_size / 1e6
        print(f"{count} journeys, {2 * count} legs, {size_mb:.0f} MB, {filled_s / count / 2 * 1e6:.0f} us a leg")
        for name, wanted in questions(count).items():
            first_s, found = await ask(store, wanted)
            again_s, _ = await ask(store, wanted)
            slow += first_s > LIMIT_S
            print(f"{name:40} {first_s * 1000:8.1f} ms, again {again_s * 1000:8.1f} ms, {found:3} journeys")
        started = time.perf_counter()
        async with store.write() as connection:
            await journal.forget_before(connection, START + 3600, at_most=500)
        print(f"{'one step of retention':40} {(time.perf_counter() - started) * 1000:8.1f} ms")
        await store.close()
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else JOURNEYS)))
