"""What is measured: processes on a core of their own, the requests they understand, and what those cost them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hub.testing import samples
from routing.ocpi import PartyId

CPO = PartyId("NL", "TNM")
LOCATION_PATH = "/ocpi/2.2.1/receiver/locations/NL/TNM/"
MOST_RESTS = 60
"""Half seconds that it may be busy beside requests, before it is measured all the same."""
VARIANTS = 997
"""Requests that are sent in turn: each of another object, with another correlation id."""
NGINX = """
daemon off; master_process off; error_log stderr crit; pid {folder}/nginx.pid;
events {{ worker_connections 2048; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    keepalive_requests 10000000;
    upstream party {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 10000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://party; proxy_http_version 1.1; proxy_set_header Connection "";
            client_body_buffer_size 64k;
        }}
    }}
}}
"""


@dataclass(slots=True)
class Target:
    """Something to measure; without a `pid` it is the party itself, whose costs are not looked at."""

    name: str
    port: int
    requests: list[bytes] = field(repr=False)
    pid: int | None = None

    def cpu_s(self) -> float:
        """Seconds of CPU that the process used so far, all its threads together."""
        return float("nan") if self.pid is None else cpu_s_of(self.pid)

    def rss_mb(self) -> float:
        """Memory that the process holds."""
        if self.pid is None:
            return float("nan")
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def files(self) -> int:
        """Open file descriptors."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    async def rests(self) -> None:
        """Wait until what it does beside requests is done: journal and memory are written in batches."""
        before = float("-inf")
        for _ in range(MOST_RESTS):
            if self.pid is None or (now := self.cpu_s()) - before <= 0.02:
                return
            before = now
            await asyncio.sleep(0.5)


def cpu_s_of(pid: int) -> float:
    """Seconds of CPU that a process used so far: the kernel has a clock for each (clock_getcpuclockid)."""
    return time.clock_gettime((~pid << 3) | 2)


def cores() -> tuple[int, int]:
    """The core of what is measured, and the one of whoever measures."""
    found = sorted(os.sched_getaffinity(0))
    return found[0], found[-1]


MEASURED_ON, MEASURED_FROM = cores()


@contextmanager
def process(*arguments: str, first_line: bool = True) -> Iterator[tuple[str, int]]:
    """A measured Python process; its first line of output, and its pid."""
    with command([sys.executable, *arguments]) as running:
        assert running.stdout is not None
        yield running.stdout.readline() if first_line else "", running.pid


@contextmanager
def command(arguments: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A process on the core of what is measured."""
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as running:
        os.sched_setaffinity(running.pid, {MEASURED_ON})
        try:
            yield running
        finally:
            running.kill()


def location(location_id: str, evses: int = 10) -> bytes:
    """A location as parties send it, by default of 3 KB."""
    made = samples.location("2.2.1", CPO, location_id)
    made["evses"] = [{**made["evses"][0], "uid": f"{location_id}-{number}"} for number in range(evses)]
    return json.dumps(made).encode()


def put(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """A PUT as it goes over the wire."""
    lines = [
        f"PUT {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode() + body


def routing_headers(to: str, token: str) -> dict[str, str]:
    """What a party sends with a request."""
    return {
        "Authorization": f"Token {token}",
        "X-Request-ID": "6b0c5ac8-1d3c-4c43-8a05-1b5d1bd2b9d4",
        "X-Correlation-ID": "6b0c5ac8-1d3c-4c43-8a05-1b5d1bd2b9d5",
        "OCPI-from-country-code": CPO.country_code,
        "OCPI-from-party-id": CPO.party_id,
        "OCPI-to-country-code": to[:2],
        "OCPI-to-party-id": to[-3:],
    }


def requests_to(to: str, token: str, count: int = VARIANTS, evses: int = 10) -> list[bytes]:
    """Locations for a receiver, each another one."""
    return [
        put(
            f"{LOCATION_PATH}LOC{number}",
            {**routing_headers(to, token), "X-Correlation-ID": f"correlation-{number:024}"},
            location(f"LOC{number}", evses),
        )
        for number in range(count)
    ]


TOKEN = f"token-{CPO}"
DIRECT = requests_to("DE000", TOKEN)


def direct(upstream_port: int) -> Target:
    """The party itself."""
    return Target("direct", upstream_port, DIRECT)


def bare_proxy(stack: ExitStack, upstream_port: int) -> Target:
    """The baseline."""
    line, pid = stack.enter_context(process("-m", "tests.bench.bare_proxy", str(upstream_port)))
    return Target("bare aiohttp proxy", int(line), DIRECT, pid)


def nginx(stack: ExitStack, upstream_port: int) -> Target | None:
    """nginx as a proxy, where it is installed."""
    if shutil.which("nginx") is None:
        return None
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = Path(folder, "nginx.conf")
    settings.write_text(NGINX.format(folder=folder, port=port, upstream=upstream_port))
    running = stack.enter_context(command(["nginx", "-c", str(settings), "-p", folder]))
    return Target("nginx", port, DIRECT, running.pid)


def hub(
    stack: ExitStack, upstream_port: int, name: str = "hub", platforms: int = 10, emsps: int = 1, **options: object
) -> Target:
    """The hub with everything on; `options` are those of `hub_process`."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    places = [folder, *map(str, (upstream_port, platforms, emsps))]
    wanted = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
    line, pid = stack.enter_context(process("-m", "tests.bench.hub_process", *places, *wanted))
    return Target(name, json.loads(line)["port"], DIRECT, pid)
