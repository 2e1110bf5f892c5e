"""Broadcast to receivers that fail: what is lost, why, and how they are tried again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from routing.broadcast import Bounds, Broadcast
from routing.errors import (
    ConnectionFailed,
    HubRejected,
    InvalidAnswer,
    NoAnswerInTime,
    OcpiError,
    ReceiverNotConnected,
    ReceiverOverloaded,
    Refused,
    Untranslatable,
)
from routing.mailbox import Copy
from routing.receivers import Receiver
from tests.routing.test_broadcast import ONE, OTHER, Post, location, settled, until


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Refused(), "refused"),
        (ReceiverNotConnected(), "not connected"),
        (Untranslatable(), "untranslatable"),
        (NoAnswerInTime(), "no answer"),
        (ConnectionFailed(), "no connection"),
        (HubRejected(), "token rejected"),
        (InvalidAnswer(), "no OCPI answer"),
        (ReceiverOverloaded(), "overloaded"),
        (OcpiError(), "failed"),
    ],
)
async def test_what_did_not_arrive_is_not_sent_again_and_says_why(error: OcpiError, reason: str) -> None:
    """OCPI 2.2.1, transport and format, Offline behaviour: no retries."""
    calls = 0

    async def refuse(copy: Copy, receiver: Receiver) -> None:
        nonlocal calls
        calls += 1
        raise error

    broadcast = Broadcast(refuse, Bounds(pause_s=0))
    broadcast.push(location(), [ONE])
    await settled(broadcast)
    assert calls == 1
    assert broadcast.given_up == {reason: 1}
    assert broadcast.delivered == 0


async def test_what_waits_for_a_dead_receiver_is_given_up_at_once_when_patience_ends() -> None:
    async def fail(copy: Copy, receiver: Receiver) -> None:
        raise NoAnswerInTime

    broadcast = Broadcast(fail, Bounds(calls=4, patience_s=0, pause_s=3600))
    for number in range(1000):
        broadcast.push(location(number), [ONE])
    await settled(broadcast)
    given_up = broadcast.tallies[ONE].given_up
    assert given_up["not answering"] >= 1000 - 4
    assert sum(given_up.values()) == 1000


async def test_a_failing_receiver_is_tried_one_copy_at_a_time_and_loses_no_more_than_those() -> None:
    fails = True

    async def act(copy: Copy, receiver: Receiver) -> None:
        if fails:
            raise ConnectionFailed

    post = Post(act)
    broadcast = Broadcast(post, Bounds(calls=4, patience_s=3600, pause_s=0.001))
    for number in range(30):
        broadcast.push(location(number), [ONE])
    await until(lambda: broadcast.given_up["no connection"] >= 8)
    post.most.clear()
    fails = False
    await settled(broadcast)
    lost = broadcast.given_up["no connection"]
    assert len(post.arrived) == 30 - lost
    assert lost < 30
    assert broadcast.given_up == {"no connection": lost}


async def test_an_answer_ends_the_failure() -> None:
    late = NoAnswerInTime()
    outcomes: list[OcpiError | None] = [late, Refused(), late, None, late, None]

    async def act(copy: Copy, receiver: Receiver) -> None:
        if (error := outcomes.pop(0)) is not None:
            raise error

    broadcast = Broadcast(act, Bounds(calls=1, patience_s=1e-9, pause_s=0))
    for number in range(6):
        broadcast.push(location(number), [ONE])
    await settled(broadcast)
    assert broadcast.given_up == {"no answer": 3, "refused": 1}
    assert broadcast.delivered == 2


async def test_a_receiver_that_failed_last_is_tried_one_copy_at_a_time_though_all_was_given_up() -> None:
    async def fail(copy: Copy, receiver: Receiver) -> None:
        raise ConnectionFailed

    post = Post(fail)
    broadcast = Broadcast(post, Bounds(calls=4, pause_s=0))
    broadcast.push(location(), [ONE])
    await settled(broadcast)
    for number in range(10):
        broadcast.push(location(number), [ONE])
    await settled(broadcast)
    assert post.most == {ONE: 1}
    assert broadcast.given_up == {"no connection": 11}


@pytest.mark.parametrize("error", [ConnectionFailed(), NoAnswerInTime(), HubRejected(), ReceiverOverloaded()])
async def test_whoever_fails_or_asks_to_slow_down_is_left_alone_for_a_moment(error: OcpiError) -> None:
    """A party's 429, or none at all, is no reason to send it the next object at once (RFC 6585, 4)."""

    async def fail(copy: Copy, receiver: Receiver) -> None:
        if receiver == ONE:
            raise error

    post = Post(fail)
    broadcast = Broadcast(post, Bounds(calls=1, pause_s=3600))
    for number in range(3):
        broadcast.push(location(number), [ONE])
    await until(lambda: sum(broadcast.given_up.values()) == 1)
    for number in range(100):
        broadcast.push(location(number), [OTHER])
    await until(lambda: len(post.at(OTHER)) == 100)
    assert broadcast.waiting_for() == {ONE: 2}
    await broadcast.close(0)


async def test_a_fault_of_the_hub_loses_one_copy_and_is_not_hidden() -> None:
    said: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context["exception"]))

    async def act(copy: Copy, receiver: Receiver) -> None:
        if copy.message.path.endswith("/3"):
            raise ZeroDivisionError

    post = Post(act)
    broadcast = Broadcast(post)
    for number in range(10):
        broadcast.push(location(number), [ONE])
    await settled(broadcast)
    assert len(post.arrived) == 9
    assert broadcast.given_up == {"failed": 1}
    assert [type(error) for error in said] == [ZeroDivisionError]
