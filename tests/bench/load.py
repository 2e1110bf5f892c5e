"""The load generator and the upstream party: raw protocols, which cost little beside what is measured."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

SPIN_S = 0.002
"""Event loops wake up to a millisecond late: for the rest of the wait the generator, on a core of its own, spins."""


@dataclass(slots=True)
class Measured:
    """What a run of requests took: seconds each, and the wall clock of all."""

    latencies_s: list[float] = field(default_factory=list)
    wall_s: float = 0.0
    failures: int = 0
    statuses: Counter[int] = field(default_factory=Counter)

    def quantile(self, share: float) -> float:
        """Seconds below which this share of the requests was answered."""
        return quantile(self.latencies_s, share)

    def took(self, status: int, seconds: float) -> None:
        """One request was answered."""
        self.latencies_s.append(seconds)
        self.statuses[status] += 1
        self.failures += status >= 400


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


class Connection(asyncio.Protocol):
    """One kept connection that sends one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._answered: asyncio.Future[int] | None = None
        self.head = b""
        """Of the last answer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, _ = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        lowered = bytes(head).lower()
        position = lowered.find(b"content-length:")
        length = int(lowered[position + 15 :].split(b"\r\n", 1)[0]) if position >= 0 else 0
        if len(self._buffer) < len(head) + 4 + length:
            return
        status = int(self._buffer[9:12])
        self.head = lowered
        del self._buffer[: len(head) + 4 + length]
        self.answered(status)

    def answered(self, status: int) -> None:
        """The whole answer came."""
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError())

    async def exchange(self, request: bytes) -> int:
        """Send, and wait for the whole answer; its HTTP status."""
        assert self._transport is not None
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    def send(self, data: bytes) -> None:
        """Bytes that belong to no exchange: what is left of a request that was answered early."""
        assert self._transport is not None
        self._transport.write(data)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    @property
    def secured(self) -> ssl.SSLObject:
        """Its side of TLS."""
        assert self._transport is not None
        return cast(ssl.SSLObject, self._transport.get_extra_info("ssl_object"))


Caller = TypeVar("Caller", bound=Connection)


async def connect(port: int, count: int, tls: ssl.SSLContext | None = None) -> list[Connection]:
    """Open kept connections to a local port."""
    return await connect_as(Connection, port, count, tls)


async def connect_as(
    kind: Callable[[], Caller], port: int, count: int, tls: ssl.SSLContext | None = None
) -> list[Caller]:
    """The same, for another kind of caller."""
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(kind, "127.0.0.1", port, ssl=tls))[1] for _ in range(count)]


async def closed_loop(
    port: int, requests: Sequence[bytes], *, connections: int, total: int, tls: ssl.SSLContext | None = None
) -> Measured:
    """As many requests as can be carried: every connection sends the next when it has its answer."""
    measured = Measured()
    opened = await connect(port, connections, tls)
    left = iter(range(total))

    async def one(connection: Connection) -> None:
        for number in left:
            started = time.perf_counter()
            status = await connection.exchange(requests[number % len(requests)])
            measured.took(status, time.perf_counter() - started)

    started = time.perf_counter()
    await asyncio.gather(*(one(connection) for connection in opened))
    measured.wall_s = time.perf_counter() - started
    for connection in opened:
        connection.close()
    return measured


async def open_loop(port: int, requests: Sequence[bytes], *, rate: float, seconds: float, connections: int) -> Measured:
    """Requests at a fixed rate whatever the answers do; a request's time begins when it was due."""
    measured = Measured()
    idle = await connect(port, connections)
    everybody = list(idle)
    running: set[asyncio.Task[None]] = set()

    async def one(number: int, due: float) -> None:
        connection = idle.pop() if idle else (await connect(port, 1))[0]
        status = await connection.exchange(requests[number % len(requests)])
        measured.took(status, time.perf_counter() - due)
        idle.append(connection)

    started = time.perf_counter()
    for number in range(int(rate * seconds)):
        due = started + number / rate
        await until(due)
        task = asyncio.create_task(one(number, due))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    measured.wall_s = time.perf_counter() - started
    for connection in {*everybody, *idle}:
        connection.close()
    return measured


async def until(due: float) -> None:
    """Wait for this moment (of `time.perf_counter`), and be there in time."""
    while (left := due - time.perf_counter()) > 0:  # noqa: ASYNC110 - nobody can signal a moment
        await asyncio.sleep(max(0.0, left - SPIN_S))


class Upstream(asyncio.Protocol):
    """A party that answers every request with the same envelope, at once."""

    ANSWER = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 55\r\n\r\n"
        b'{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}'
    )
    answered = 0
    """By all connections together."""
    opened = 0
    """Connections that were ever opened."""
    resumed = 0
    """Of these, how many continued a TLS session."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so
        secured = transport.get_extra_info("ssl_object")
        Upstream.opened += 1
        Upstream.resumed += bool(secured is not None and secured.session_reused)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._buffer[:end]).lower()
            position = head.find(b"content-length:")
            length = int(head[position + 15 :].split(b"\r\n", 1)[0]) if position >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            body = bytes(self._buffer[end + 4 : end + 4 + length])
            self.handle(bytes(self._buffer[:end]), body)
            del self._buffer[: end + 4 + length]
            self.answer()

    def answer(self) -> None:
        """Say that all is well."""
        assert self._transport is not None
        self._transport.write(self.ANSWER)
        Upstream.answered += 1

    def handle(self, head: bytes, body: bytes) -> None:
        """A whole request came; a party that looks at it is another class."""


class HangsUp(Upstream):
    """A party that keeps no connection."""

    ANSWER = Upstream.ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

    def answer(self) -> None:
        """And goodbye."""
        super().answer()
        assert self._transport is not None
        self._transport.close()


async def start_upstream(
    tls: ssl.SSLContext | None = None, party: type[Upstream] = Upstream
) -> tuple[asyncio.Server, int]:
    """A party on a free local port."""
    server = await asyncio.get_running_loop().create_server(party, "127.0.0.1", 0, ssl=tls, backlog=1024)
    return server, int(server.sockets[0].getsockname()[1])
