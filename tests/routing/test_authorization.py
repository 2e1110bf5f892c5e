"""Of several eMSPs that are asked for a token, the first ALLOWED wins, else the best answer in time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from routing.answers import envelope
from routing.authorization import MAX_ASKED, authorized
from routing.bridge import UnknownToken
from routing.decide import Delivery
from routing.errors import NoAnswerInTime, OcpiError
from routing.message import Reply
from routing.ocpi import PartyId
from tests.routing.scene import market

PLATFORM = market().platforms["emsp"]
FOREVER = 3600.0


def said(allowed: Any, *, http: int = 200, code: int = 1000) -> Reply:
    return Reply(http, envelope(code, None, "2026-01-01T00:00:00Z", {"allowed": allowed}), None, code=code)


NOTHING_SAID = Reply(200, envelope(1000, None, "2026-01-01T00:00:00Z"), None)
NO_SUCH_TOKEN = Reply(404, envelope(2004, None, "2026-01-01T00:00:00Z"), None, code=2004)
WHERE = Reply(200, envelope(2002, None, "2026-01-01T00:00:00Z"), None, code=2002)
FAILS = NoAnswerInTime()


class Emsps:
    """Answers in the order in which they come; None for one that never answers."""

    def __init__(self, answers: Sequence[Reply | OcpiError | None]) -> None:
        self.answers = answers
        self.asked: list[int] = []
        self.cancelled: list[int] = []
        self.deliveries = [Delivery(PLATFORM, PartyId("DE", f"{number:03}"), "") for number in range(len(answers))]

    async def ask(self, delivery: Delivery) -> Reply:
        number = int(delivery.receiver.party_id)
        self.asked.append(number)
        answer = self.answers[number]
        try:
            if answer is None:
                await asyncio.sleep(FOREVER)
            for _ in range(number):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise
        if isinstance(answer, Reply):
            return answer
        assert answer is not None
        raise answer


@pytest.mark.parametrize(
    ("answers", "best"),
    [
        pytest.param([said("ALLOWED")], 0, id="one"),
        pytest.param([NO_SUCH_TOKEN, said("ALLOWED")], 1, id="the one that knows it"),
        pytest.param([said("BLOCKED"), said("ALLOWED")], 1, id="ALLOWED before anything else"),
        pytest.param([FAILS, said("BLOCKED"), NO_SUCH_TOKEN], 1, id="whoever knows it before who does not"),
        pytest.param(
            [said("NOT_ALLOWED"), said("BLOCKED"), said("EXPIRED"), said("NO_CREDIT")], 3, id="what helps most"
        ),
        pytest.param([WHERE, said("NOT_ALLOWED")], 1, id="an answer before a question"),
        pytest.param([NO_SUCH_TOKEN, WHERE], 1, id="a question before nothing"),
        pytest.param([said("ALLOWED", http=404, code=2004), said("BLOCKED")], 1, id="an error is no permission"),
        pytest.param([said("MAYBE"), WHERE], 1, id="what no version knows comes last"),
        pytest.param([said(["ALLOWED"]), NO_SUCH_TOKEN], 0, id="but is passed on"),
        pytest.param([NOTHING_SAID, said(None), said("MAYBE")], 2, id="a success that says nothing is no answer"),
    ],
)
async def test_the_best_answer_wins(answers: list[Reply | OcpiError], best: int) -> None:
    emsps = Emsps(answers)
    assert await authorized(emsps.deliveries, emsps.ask) is answers[best]
    assert len(emsps.asked) == len(answers)


@pytest.mark.parametrize("answers", [[], [NO_SUCH_TOKEN], [FAILS], [FAILS, NO_SUCH_TOKEN, FAILS], [NOTHING_SAID]])
async def test_a_token_that_nobody_knows_is_unknown(answers: list[Reply | OcpiError]) -> None:
    """HTTP 404 with OCPI 2004 (OCPI 2.2.1, tokens, POST)."""
    emsps = Emsps(answers)
    with pytest.raises(UnknownToken) as refused:
        await authorized(emsps.deliveries, emsps.ask)
    assert (refused.value.http, refused.value.code) == (404, 2004)


async def test_the_first_allowed_ends_the_other_calls() -> None:
    emsps = Emsps([None, said("ALLOWED"), None])
    assert await authorized(emsps.deliveries, emsps.ask, FOREVER) is emsps.answers[1]
    assert sorted(emsps.cancelled) == [0, 2]


async def test_the_time_is_bounded_and_what_came_in_it_counts() -> None:
    emsps = Emsps([None, said("BLOCKED"), None])
    assert await authorized(emsps.deliveries, emsps.ask, 0.05) is emsps.answers[1]
    assert sorted(emsps.cancelled) == [0, 2]
    nobody = Emsps([None])
    with pytest.raises(UnknownToken):
        await authorized(nobody.deliveries, nobody.ask, 0.05)


async def test_the_number_is_bounded() -> None:
    emsps = Emsps([NO_SUCH_TOKEN] * 50)
    with pytest.raises(UnknownToken):
        await authorized(emsps.deliveries, emsps.ask)
    assert emsps.asked == list(range(MAX_ASKED))


async def test_a_fault_of_the_hub_is_not_taken_for_an_answer_and_ends_the_calls() -> None:
    emsps = Emsps([None, said("BLOCKED")])

    async def ask(delivery: Delivery) -> Reply:
        if delivery.receiver.party_id == "001":
            raise ZeroDivisionError
        return await emsps.ask(delivery)

    with pytest.raises(ZeroDivisionError):
        await authorized(emsps.deliveries, ask, FOREVER)
    assert emsps.cancelled == [0]


async def test_a_caller_that_hangs_up_ends_the_calls() -> None:
    emsps = Emsps([None, None])
    waiting = asyncio.create_task(authorized(emsps.deliveries, emsps.ask, FOREVER))
    while len(emsps.asked) < 2:  # noqa: ASYNC110 - a step of the loop at a time
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert sorted(emsps.cancelled) == [0, 1]
