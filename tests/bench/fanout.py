"""`python -m tests.bench.fanout`: what a broadcast to 200 receivers costs, of which 10 never answer.

Each round pushes every object anew, as fast as the hub accepts it. The receivers that answer must end with the newest
state of every object; what the hub holds must not grow with the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.load import Upstream, closed_loop
from tests.bench.targets import Target, put, routing_headers

MARK = b'"x_round":'
PADDING = "x" * 1000


@dataclass(slots=True)
class Party:
    """A receiver: how many copies it got, and the newest round that it has of each object."""

    newest: dict[bytes, int] = field(default_factory=dict)
    in_round: tuple[int, int] = (0, 0)
    """The newest round it heard of, and how many objects it has of that."""
    copies: int = 0

    def take(self, head: bytes, body: bytes) -> None:
        """One copy; going backwards would be a fault of the hub."""
        place = head.split(b" ", 2)[1]
        (number,) = body.split(MARK, 1)[1].split(b"}", 1)[:1]
        if int(number) < self.newest.get(place, 0):
            raise SystemExit(f"{place!r} went back from round {self.newest[place]} to {int(number)}")
        if int(number) > self.newest.get(place, 0):
            newest, objects = self.in_round
            self.in_round = (max(int(number), newest), 1 if int(number) > newest else objects + (int(number) == newest))
        self.newest[place] = int(number)
        self.copies += 1


class Receiving(Upstream):
    """The connection of a receiver that answers at once."""

    def __init__(self, party: Party) -> None:
        super().__init__()
        self._party = party

    def handle(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"PUT "):
            self._party.take(head, body)


class Silent(asyncio.Protocol):
    """The connection of a receiver that accepts everything and never answers."""


async def start_parties(count: int, silent: int) -> tuple[list[Party], list[int]]:
    """Receivers on free ports, the silent ones among them; the others, and all the ports."""
    loop = asyncio.get_running_loop()
    parties: list[Party] = []
    ports = []
    for number in range(count):
        if number % (count // silent) == 0 and number // (count // silent) < silent:
            server = await loop.create_server(Silent, "127.0.0.1", 0)
        else:
            party = Party()
            parties.append(party)
            server = await loop.create_server(lambda party=party: Receiving(party), "127.0.0.1", 0)
        ports.append(int(server.sockets[0].getsockname()[1]))
    return parties, ports


def push(token: str, number: int, round_: int) -> bytes:
    """A PUT of one location to everybody."""
    id = f"LOC{number}"
    body = {"id": id, "country_code": "NL", "party_id": "TNM", "text": PADDING, "x_round": round_}
    headers = {**routing_headers("NLHUB", token), "X-Correlation-ID": f"{number}-{round_}"}
    return put(f"/ocpi/2.2.1/receiver/locations/NL/TNM/{id}", headers, json.dumps(body).encode())


def peak_mb(pid: int) -> float:
    """The most memory that a process ever held."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM"))


@contextmanager
def hub_for(ports: list[int]) -> Iterator[subprocess.Popen[str]]:
    """The measured process, on the first core."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.bench.fanout_hub", folder, ",".join(map(str, ports))]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as hub:
            os.sched_setaffinity(hub.pid, {0})
            try:
                yield hub
            finally:
                hub.kill()


async def measure(arguments: argparse.Namespace) -> None:
    """Push round after round, and tell what each cost."""
    os.sched_setaffinity(0, {1})
    parties, ports = await start_parties(arguments.receivers, arguments.silent)
    with hub_for(ports) as hub:
        assert hub.stdout is not None
        said = json.loads(hub.stdout.readline())
        target = Target("hub", said["port"], [], hub.pid)
        print(f"{len(ports)} receivers, {arguments.silent} of them silent, {arguments.objects} objects of 1.1 kB;")
        print(f"the hub holds {target.rss_mb():.0f} MB before the first push")
        for round_ in range(1, arguments.rounds + 1):
            await one_round(round_, arguments.objects, parties, target, said["token"], hub)


async def one_round(
    round_: int, objects: int, parties: list[Party], target: Target, token: str, hub: subprocess.Popen[str]
) -> None:
    """Push every object, wait until every receiver that answers has it, and tell what it took."""
    before_s, before_cpu_s = time.perf_counter(), target.cpu_s()
    before_copies = sum(party.copies for party in parties)
    requests = [push(token, number, round_) for number in range(objects)]
    pushed = await closed_loop(target.port, requests, connections=8, total=objects)
    async with asyncio.timeout(600):
        while any(party.in_round != (round_, objects) for party in parties):  # noqa: ASYNC110 - counted, not signalled
            await asyncio.sleep(0.05)
    took_s, cpu_s = time.perf_counter() - before_s, target.cpu_s() - before_cpu_s
    copies = sum(party.copies for party in parties) - before_copies
    counters = await asyncio.to_thread(counted, hub)
    print(
        f"round {round_}: pushed in {pushed.wall_s:.1f} s ({pushed.failures} failed), "
        f"all have it after {took_s:.1f} s; {copies} copies, {copies / took_s:.0f}/s, "
        f"{cpu_s / copies * 1e6:.0f} us of CPU each; {target.rss_mb():.0f} MB, peak {peak_mb(hub.pid):.0f}; "
        f"waiting {counters['waiting']} ({counters['waiting_bytes'] / 1e6:.1f} MB), "
        f"replaced {counters['replaced']}, given up {counters['given_up']}",
        flush=True,
    )


def counted(hub: subprocess.Popen[str]) -> dict[str, Any]:
    """What the hub says of its mailboxes."""
    assert hub.stdin is not None
    assert hub.stdout is not None
    hub.stdin.write("\n")
    return dict(json.loads(hub.stdout.readline()))


def main() -> None:
    """Measure, and print a line a round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--receivers", type=int, default=200)
    parser.add_argument("--silent", type=int, default=10)
    parser.add_argument("--objects", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
