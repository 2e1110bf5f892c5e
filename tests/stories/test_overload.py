"""More than the hub can carry: the rest is refused at once, and when there is room all is as before."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest

from hub.connection import AT_ONCE
from hub.lifecycle import running
from hub.limits import MAX_IN_FLIGHT_OF_ONE
from hub.refusals import glance
from hub.turns import REFUSED_IN_A_TURN, Turns
from tests.bench import targets
from tests.bench.hub_process import fill
from tests.bench.load import Connection, Upstream, connect, start_upstream
from tests.stories.nodes import MakeSettings
from tests.stories.waiting import until

TOO_MANY = 80


class Waits(Upstream):
    """A party that answers when it is told to."""

    waiting: ClassVar[list[Waits]] = []
    is_awake = False

    def answer(self) -> None:
        """Now, or later."""
        if Waits.is_awake:
            super().answer()
        else:
            Waits.waiting.append(self)

    @classmethod
    def wake(cls) -> None:
        """Answer all, from now on at once."""
        cls.is_awake = True
        for connection in cls.waiting:
            Upstream.answer(connection)


async def test_requests_beyond_the_bound_are_refused_at_once_and_welcome_afterwards(settings: MakeSettings) -> None:
    party, upstream_port = await start_upstream(party=Waits)
    async with running(settings(server={"port": 0})) as hub:
        await fill(hub.core, [upstream_port], 2, 1)
        callers = await connect(hub.settings.server.port, MAX_IN_FLIGHT_OF_ONE + TOO_MANY)
        calls = [
            asyncio.create_task(caller.exchange(request))
            for caller, request in zip(callers, targets.DIRECT, strict=False)
        ]
        await until(lambda: sum(call.done() for call in calls) == TOO_MANY)
        refused = [caller for caller, call in zip(callers, calls, strict=True) if call.done()]
        assert {call.result() for call in calls if call.done()} == {429}
        assert all(b"\r\nretry-after: 1" in caller.head for caller in refused)
        assert all(b"\r\nx-correlation-id: correlation-" in caller.head for caller in refused)
        # whoever does not wait is told again, in its turn
        again = await asyncio.gather(*(caller.exchange(targets.DIRECT[0]) for caller in refused))
        assert set(again) == {429}
        assert f'ocpi_hub_turned_away_total{{why="busy"}} {2 * TOO_MANY:.1f}'.encode() in hub.metrics.rendered()
        assert await answers_to_many(hub.settings.server.port) == AT_ONCE, "the loop is for others, too"
        assert await in_pieces(refused[0]) == [429] * 5, "what is left of a refused request is no request"
        Waits.wake()
        delivered = await asyncio.gather(*(call for call in calls if not call.done()))
        assert delivered == [200] * MAX_IN_FLIGHT_OF_ONE
        assert [await caller.exchange(targets.DIRECT[0]) for caller in refused[:3]] == [200] * 3
        for caller in callers:
            caller.close()
    party.close()


async def answers_to_many(port: int) -> int:
    """How many of many requests that are sent together are refused before the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = targets.DIRECT[0].partition(b"Content-Length")[0]
    rest = targets.routing_headers("DE000", targets.TOKEN)
    one = head + "".join(f"{name}: {value}\r\n" for name, value in rest.items()).encode() + b"\r\n"
    writer.write(one * 3 * AT_ONCE)
    answered = await reader.read()
    writer.close()
    return answered.count(b"HTTP/1.1 429 ")


async def in_pieces(caller: Connection) -> list[int]:
    """Requests whose end is still to come when they are answered, or cannot be seen; what each is answered."""
    whole = targets.DIRECT[0]
    body_at = whole.index(b"\r\n\r\n") + 4
    statuses = []
    for seen in (body_at, body_at + 10, len(whole) - 1):
        statuses.append(await caller.exchange(whole[:seen]))
        caller.send(whole[seen:])
    chunked = whole[:body_at].replace(b"Content-Length: %d" % (len(whole) - body_at), b"Transfer-Encoding: chunked")
    statuses.append(await caller.exchange(chunked + b"2\r\n{}\r\n0\r\n\r\n"))
    caller.send(whole[:50])
    statuses.append(await caller.exchange(whole[50:]))
    return statuses


HEAD = b"PUT / HTTP/1.1\r\nHost: hub\r\nAuthorization:  Token t \r\n"


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (HEAD + b"\r\n", len(HEAD) + 2),
        (HEAD + b"content-LENGTH: 5\r\n\r\n{}", len(HEAD) + 21 + 5),
        (HEAD, None),
        (HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n", None),
        (HEAD + b"Content-Length : 5\r\n\r\n", None),
        (HEAD + b"Content-Length: +5\r\n\r\n", None),
        (HEAD + b"Content-Length: 5, 5\r\n\r\n", None),
        (HEAD + b"Content-Length: 101\r\n\r\n", None),
        (HEAD + b"Content-Length: 5\r\nTransfer-Encoding : chunked\r\n\r\n", None),
        (HEAD + b"X: 1\nContent-Length: 5\r\n\r\n", None),
        (HEAD + b"X: 1\r\n Content-Length: 5\r\n\r\n", None),
        (HEAD + b"X: 1\rContent-Length: 5\r\n\r\n", None),
        (HEAD + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", None),
        (HEAD + b"Connection:Close\r\n\r\n", None),
        (HEAD.replace(b"1.1", b"1.0") + b"\r\n", None),
        (HEAD.replace(b"PUT", b"HEAD") + b"\r\n", None),
        (b"\r\n" + HEAD + b"\r\n", None),
    ],
)
def test_the_end_of_a_request_is_seen_only_where_there_is_no_doubt(data: bytes, size: int | None) -> None:
    seen = glance(data, 100)
    assert (seen.size if seen else None) == size
    assert seen is None or seen.header(b"authorization") == "Token t"


class Held:
    """A connection that may be held."""

    is_held = False

    def hold(self) -> None:
        self.is_held = True

    def go_on(self) -> None:
        self.is_held = False


async def test_those_who_were_refused_are_heard_in_turn_as_there_is_room() -> None:
    room = 10
    turns = Turns(lambda: room)
    crowd = [Held() for _ in range(10 * REFUSED_IN_A_TURN)]
    for caller in crowd:
        turns.wait(caller)
    assert all(caller.is_held for caller in crowd)
    await until(lambda: len(turns) < len(crowd))
    heard = [caller for caller in crowd if not caller.is_held]
    assert heard == crowd[: len(heard)]
    assert len(heard) % (room + REFUSED_IN_A_TURN) == 0
    turns.gone(crowd[-1])
    turns.close()
    assert [caller for caller in crowd if caller.is_held] == [crowd[-1]]
