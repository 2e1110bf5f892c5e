"""`python -m tests.bench.memory`: what the hub's copies cost on SQLite, at a tenth of the sizes to plan for.

A store is filled as pulls fill it, a hub is started on it, and asked as eMSPs ask.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hub.memory.stored import StoredMemory
from hub.store import Store
from hub.testing.samples import location, token
from routing.directory import Directory
from routing.lessons import change_of, evses_of
from routing.links import next_page
from routing.ocpi import PartyId, Role
from tests.bench.load import start_upstream
from tests.bench.memory_hub import parties
from tests.bench.targets import Target, routing_headers

LOCATIONS, EVSES, TOKENS, PARTIES = 300_000, 1_000_000, 10_000_000, 1_000
"""The sizes to plan for, on one hub."""
PAGE = {"locations": 100, "tokens": 500}
"""How many objects a pull has on a page."""
TRIES = 100

Documents = Iterator[tuple[PartyId, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is."""

    locations: int
    evses: int
    tokens: int
    parties: int


def locations(size: Size) -> Documents:
    """Locations of CPOs, large and small ones, with as many EVSEs as there should be in all, two connectors each."""
    chance = random.Random(1)
    owners = [PartyId.parse(party) for party in parties(size.parties // 2, Role.CPO)]
    weights = [1 / (place + 3) for place in range(len(owners))]
    for number in range(size.locations):
        (owner,) = chance.choices(owners, weights)
        made = location("2.2.1", owner, f"LOC{number:07}")
        more = size.evses * (number + 1) // size.locations - size.evses * number // size.locations
        made["evses"] = [evse(made["evses"][0], owner, number, place) for place in range(more)]
        yield owner, made


def evse(sample: dict[str, Any], owner: PartyId, number: int, place: int) -> dict[str, Any]:
    """One EVSE of a location."""
    connectors = [{**sample["connectors"][0], "id": id, "tariff_ids": ["TAR1"]} for id in ("1", "2")]
    return {
        **sample,
        "uid": f"{number:07}-{place}",
        "evse_id": f"{owner.country_code}*{owner.party_id}*E{number:07}{place}",
        "capabilities": ["RFID_READER", "REMOTE_START_STOP_CAPABLE", "UNLOCK_CAPABLE"],
        "physical_reference": str(place + 1),
        "connectors": connectors,
    }


def tokens(size: Size) -> Documents:
    """Cards of eMSPs, large and small ones."""
    chance = random.Random(2)
    owners = [PartyId.parse(party) for party in parties(size.parties // 2, Role.EMSP)]
    weights = [1 / (place + 3) for place in range(len(owners))]
    for number in range(size.tokens):
        (owner,) = chance.choices(owners, weights)
        yield owner, {**token("2.2.1", owner, f"04{number:012X}"), "visual_number": f"{number:012}"}


async def fill(memory: StoredMemory, module: str, documents: Documents) -> int:
    """Take them in page by page, as a pull does; how many bytes they were."""
    size, changes, facts = 0, [], []
    for owner, document in documents:
        body = json.dumps(document, separators=(",", ":")).encode()
        size += len(body)
        change = change_of(module, owner, document, version="2.2.1", body=body, at=time.time(), asked_at=time.time())
        assert change is not None
        changes.append(change)
        facts += evses_of(owner, document).facts() if module == "locations" else ()
        if len(changes) == PAGE[module]:
            await memory.take_in(changes, facts)
            changes, facts = [], []
    await memory.take_in(changes, facts)
    return size


async def fill_all(file: Path, size: Size) -> None:
    """Fill the store, and tell what it took."""
    store = Store(f"sqlite:///{file}")
    memory = StoredMemory(store, lambda: Directory(PartyId("NL", "HUB")))
    for module, count, documents in (("locations", size.locations, locations), ("tokens", size.tokens, tokens)):
        before_mb, started = megabytes(file), time.perf_counter()
        content = await fill(memory, module, documents(size))
        took_s = time.perf_counter() - started
        await store.close()  # what is in the log moves into the file
        print(
            f"{count} {module}, {content / 1e6:.0f} MB of JSON: {megabytes(file) - before_mb:.0f} MB on disk, "
            f"filled in {took_s:.0f} s ({count / took_s:.0f}/s)",
            flush=True,
        )
        store = memory._store = Store(f"sqlite:///{file}")
    await store.close()


def megabytes(file: Path) -> float:
    """The store with its log."""
    return sum(part.stat().st_size for part in file.parent.glob(f"{file.name}*") if part.suffix != ".key") / 1e6


# --- asking ----------------------------------------------------------------------------------------------------------


@contextmanager
def hub_on(folder: Path, upstream_port: int, count: int) -> Iterator[tuple[Target, subprocess.Popen[str], float]]:
    """A hub on this store in a process of its own, and how long it took to be ready."""
    command = [sys.executable, "-m", "tests.bench.memory_hub", str(folder), str(upstream_port), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as hub:
        assert hub.stdout is not None
        started = time.perf_counter()
        try:
            said = json.loads(hub.stdout.readline())
            yield Target("hub", said["port"], [], hub.pid), hub, time.perf_counter() - started
        finally:
            hub.kill()


@dataclass(slots=True)
class Answer:
    """What came back."""

    ms: float
    headers: dict[str, str]
    body: bytes


async def get(port: int, target: str, asking: str) -> Answer:
    """One GET of the hub itself, on a connection of its own."""
    country_code, party_id = asking.split("*")
    headers = {**routing_headers("NLHUB", f"token-{asking}"), "Connection": "close", "Host": "127.0.0.1"}
    headers |= {"OCPI-from-country-code": country_code, "OCPI-from-party-id": party_id}
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    started = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**26)
    writer.write("\r\n".join(lines).encode())
    content = await reader.read()
    ms = (time.perf_counter() - started) * 1000
    writer.close()
    head, _, body = content.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200") or b'"status_code":1000' not in body:
        raise SystemExit(f"{target}: {content[:500]!r}")
    rows = [line.partition(":") for line in head.decode().split("\r\n")[1:]]
    return Answer(ms, {name.lower(): value.strip() for name, _, value in rows}, body)


async def ask_lists(port: int, module: str, count: int, asking: str) -> None:
    """Pages of a list at several depths: by offset, and by the Link of the page before."""
    base = f"/ocpi/2.2.1/sender/{module}"
    for share in (0, 0.5, 0.99):
        offset = int(count * share)
        jump = await get(port, f"{base}?limit=100&offset={offset}", asking)
        following, steps = jump, []
        for _ in range(20):
            url = urlsplit(next_page(following.headers.get("link", ""), "http://127.0.0.1") or "")
            if not url.query:
                break
            following = await get(port, f"{url.path}?{url.query}", asking)
            steps.append(following.ms)
        print(
            f"{module} from {offset} of {jump.headers['x-total-count']}: by offset {jump.ms:.1f} ms; "
            f"by Link {told(steps)}; {len(following.body) / 1000:.0f} kB",
            flush=True,
        )


async def ask(target: Target, hub: subprocess.Popen[str], size: Size) -> None:
    """Everything that is asked, and how long each answer takes."""
    emsp, cpo, chance = parties(1, Role.EMSP)[0], parties(1, Role.CPO)[0], random.Random(3)
    await ask_lists(target.port, "locations", size.locations, emsp)
    await ask_lists(target.port, "tokens", size.tokens, cpo)
    recent = await get(target.port, "/ocpi/2.2.1/sender/locations?date_from=2030-01-01T00:00:00Z", emsp)
    print(f"what changed since yesterday, nothing: {recent.ms:.1f} ms")
    some = [chance.randrange(size.locations) for _ in range(TRIES)]
    found = [(await get(target.port, f"/ocpi/2.2.1/sender/locations/LOC{number:07}", emsp)).ms for number in some]
    print(f"one location of all: {told(found)}")
    questions = {
        "location": [[f"LOC{number:07}"] for number in some],
        "evse": [[f"{number:07}-0"] for number in some],
        "token": [[f"04{chance.randrange(size.tokens):012X}", "rfid"] for _ in range(TRIES)],
    }
    assert hub.stdin is not None
    assert hub.stdout is not None
    print(json.dumps(questions), file=hub.stdin)
    for kind, seconds in json.loads(await asyncio.to_thread(hub.stdout.readline)).items():
        print(f"who owns a {kind}: {told([second * 1000 for second in seconds])}")


def told(ms: Sequence[float]) -> str:
    """Median and worst."""
    return f"{statistics.median(ms):.1f} ms, at worst {max(ms):.1f}" if ms else "nothing"


async def main(size: Size) -> None:
    """Fill, start, ask."""
    server, upstream_port = await start_upstream()
    with tempfile.TemporaryDirectory() as folder:
        with hub_on(Path(folder), upstream_port, size.parties) as (target, _, ready_s):
            print(f"an empty hub with {size.parties} parties is ready in {ready_s:.1f} s, {target.rss_mb():.0f} MB")
        await fill_all(Path(folder) / "hub.db", size)
        os.sync()
        with hub_on(Path(folder), upstream_port, size.parties) as (target, hub, ready_s):
            print(f"started on it, it is ready in {ready_s:.1f} s, {target.rss_mb():.0f} MB", flush=True)
            await ask(target, hub, size)
            print(f"after all this: {target.rss_mb():.0f} MB")
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=0.1, help="of the sizes to plan for")
    share = parser.parse_args().share
    planned = (LOCATIONS, EVSES, TOKENS, PARTIES)
    asyncio.run(main(Size(*(int(count * share) for count in planned))))
