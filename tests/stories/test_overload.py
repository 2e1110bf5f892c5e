"""More than the hub can carry: the rest is refused at once, and when there is room all is as before."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from hub.lifecycle import running
from hub.limits import MAX_IN_FLIGHT_OF_ONE
from hub.turns import REFUSED_IN_A_TURN, Turns
from tests.bench import targets
from tests.bench.hub_process import fill
from tests.bench.load import Upstream, connect, start_upstream
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
        Waits.wake()
        delivered = await asyncio.gather(*(call for call in calls if not call.done()))
        assert delivered == [200] * MAX_IN_FLIGHT_OF_ONE
        assert [await caller.exchange(targets.DIRECT[0]) for caller in refused[:3]] == [200] * 3
        for caller in callers:
            caller.close()
    party.close()


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
