"""The journal's writer: what it takes, what it may drop and counts, and what survives a store that goes away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from hub import journal as module
from hub.door import Visit
from hub.journal import MAX_STRANGERS_PER_S, MAX_WAITING, Journal, keeping
from hub.store import Store
from hub.store import journal as stored
from hub.store.journal import Journey, Wanted
from routing.bridge.receipt import What, loss
from routing.journey import Direction, Outcome, journey_id_at, new_journey_id
from tests.hub.legs import leg

SECRET = b'{"uid": "CARD-012345", "status_code": 2001, "status_message": "card CARD-012345 is unknown"}'


async def eventually(holds: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - what is waited for is counted, not signalled
            await asyncio.sleep(0.01)


async def journeys(store: Store, **wanted: Any) -> list[Journey]:
    """What the journal has."""
    async with store.read() as connection:
        return (await stored.journeys(connection, Wanted(**wanted)))[0]


async def test_legs_are_written_within_a_moment(store: Store) -> None:
    async with keeping(Journal(store), within_s=5) as journal:
        journal.record(leg())
        await eventually(lambda: journal.written == 1)
        assert [journey.first.correlation_id for journey in await journeys(store)] == ["correlation-1"]


async def test_what_is_left_is_written_on_close(store: Store) -> None:
    async with keeping(Journal(store), within_s=10) as journal:
        for _ in range(1000):
            journal.record(leg(journey_id=new_journey_id()))
    assert journal.written == 1000
    assert len(await journeys(store, limit=2000)) == 1000


def test_a_journey_is_found_since_the_moment_that_is_shown_and_not_before_it() -> None:
    """`since` and `until` are asked of the id; the moment is shown to the millisecond."""
    for _ in range(5000):
        visit = Visit(cast(Any, None), "request", "correlation")
        assert journey_id_at(visit.at) <= visit.journey_id


async def test_more_than_the_journal_can_hold_is_dropped_and_counted(store: Store) -> None:
    journal = Journal(store)
    for _ in range(MAX_WAITING + 7):
        journal.record(leg())
    assert journal.waiting == MAX_WAITING
    assert journal.dropped["full"] == 7


async def test_requests_without_a_token_cannot_fill_the_journal(store: Store) -> None:
    journal = Journal(store)
    for second in (1.0, 2.0):
        for _ in range(MAX_STRANGERS_PER_S + 5):
            journal.record(leg(platform_id="", at=second))
    journal.record(leg(at=2.0))
    assert journal.waiting == 2 * MAX_STRANGERS_PER_S + 1
    assert journal.dropped["stranger"] == 10


async def test_bodies_in_memory_are_bounded_while_their_legs_are_kept(store: Store) -> None:
    journal = Journal(store, bodies="all")
    body = b"x" * (8 * 1024 * 1024)
    for _ in range(100):
        journal.record(leg(request_body=body))
    assert journal.waiting == 100
    assert sum(len(leg.request_body) for leg in journal._take()) <= module.MAX_WAITING_BYTES


async def test_a_store_that_was_away_gets_what_happened_meanwhile(tmp_path: Any) -> None:
    file = tmp_path / "hub.db"
    store = Store(f"sqlite:///{file}")
    await store.migrate()
    await store.close()
    away = file.rename(tmp_path / "away.db")
    file.mkdir()  # a store that cannot be opened
    store = Store(f"sqlite:///{file}")
    async with keeping(Journal(store), within_s=10) as journal:
        with capture_logs() as lines:
            journal.record(leg())
            await eventually(lambda: any(line["event"] == "store unavailable" for line in lines))
        assert journal.waiting == 1
        file.rmdir()
        away.rename(file)
    assert journal.written == 1
    assert len(await journeys(store)) == 1
    await store.close()


async def test_a_store_that_stays_away_does_not_hold_up_the_end(tmp_path: Any) -> None:
    store = Store(f"sqlite:///{tmp_path}")
    with capture_logs() as lines:
        started = time.monotonic()
        async with keeping(Journal(store), within_s=0.3) as journal:
            journal.record(leg())
    assert time.monotonic() - started < 3
    assert journal.dropped["closed"] == 1
    assert {"event": "journal incomplete", "dropped": 1, "log_level": "error"} in lines
    await store.close()


async def test_rows_that_the_store_refuses_are_counted_and_the_journal_goes_on(store: Store) -> None:
    async with keeping(Journal(store), within_s=5) as journal:
        with capture_logs():
            journal.record(leg())
            journal.record(leg(http="not a number" if not store.is_sqlite else [1]))
            journal.record(leg(ms=1, version="9" * 5000))
            journal.record(leg())
            await eventually(lambda: journal.waiting == 0)
        journal.record(leg())
        await eventually(lambda: journal.waiting == 0)
    assert (journal.written, journal.dropped["unwritable"]) == ((3, 2) if not store.is_sqlite else (4, 1))


@pytest.mark.parametrize(
    ("bodies", "outcome", "is_kept"),
    [
        ("off", Outcome.REFUSED, False),
        ("errors", Outcome.REFUSED, True),
        ("errors", Outcome.DELIVERED, False),
        ("all", Outcome.DELIVERED, True),
    ],
)
async def test_bodies_are_kept_as_configured_and_never_unmasked(
    store: Store, bodies: Any, outcome: Outcome, is_kept: bool
) -> None:
    async with keeping(Journal(store, bodies=bodies), within_s=5) as journal:
        journal.record(leg(outcome=outcome, request_body=SECRET, answer_body=SECRET, direction=Direction.OUT))
    (journey,) = await journeys(store)
    (row,) = journey.legs
    assert (row.request_body is not None, row.answer_body is not None) == (is_kept, is_kept)
    assert "CARD" not in str(row)


async def test_a_refusal_is_told_in_the_partys_words_without_what_is_personal(store: Store) -> None:
    async with keeping(Journal(store), within_s=5) as journal:
        journal.record(
            leg(direction=Direction.OUT, outcome=Outcome.REFUSED, ocpi=2001, request_body=SECRET, answer_body=SECRET)
        )
    assert (await journeys(store))[0].reason == "card *** is unknown"


async def test_what_translation_lost_is_kept_with_the_leg(store: Store) -> None:
    lost = (loss("Token", "contract_id", What.DROPPED, "NL-TNM-C00012345-X", None, "2.1.1 has none"),)
    async with keeping(Journal(store), within_s=5) as journal:
        journal.record(leg(receipt=lost))
    (told,) = (await journeys(store))[0].first.losses
    assert (told["object"], told["field"], told["what"]) == ("Token", "contract_id", "dropped")
    assert "C00012345" not in str(told)


async def test_a_failed_journey_is_logged_and_a_good_one_is_not(store: Store) -> None:
    with capture_logs() as lines:
        async with keeping(Journal(store), within_s=5) as journal:
            journal.record(leg())
            journal.record(leg(outcome=Outcome.FAILED, correlation_id="c-lost", reason="too late", path="/SECRET"))
    (line,) = [line for line in lines if line["event"] == "journey failed"]
    assert (line["correlation_id"], line["reason"], line["receiver"]) == ("c-lost", "too late", "NL*TNM")


async def test_a_storm_of_failures_is_not_a_storm_of_lines(store: Store) -> None:
    with capture_logs() as lines:
        async with keeping(Journal(store), within_s=5) as journal:
            for _ in range(100):
                journal.record(leg(outcome=Outcome.FAILED))
    assert sum(line["event"] == "journey failed" for line in lines) == module.MAX_LOGGED
    assert [line["count"] for line in lines if line["event"] == "more journeys failed"] == [100 - module.MAX_LOGGED]


async def test_legs_can_be_followed_as_they_are_written(store: Store) -> None:
    async with keeping(Journal(store), within_s=5) as journal:
        with journal.follow() as following:
            journal.record(leg(module="tokens", interface="SENDER", path="/CARD-012345/authorize"))
            async with asyncio.timeout(5):
                row = await anext(following)
        assert row.path == "/***/authorize"
        journal.record(leg())
        await eventually(lambda: journal.written == 2)


async def test_who_follows_too_slowly_misses_the_oldest_and_knows(store: Store) -> None:
    async with keeping(Journal(store), within_s=10) as journal:
        with journal.follow() as following:
            for number in range(module.FOLLOWED + 3):
                journal.record(leg(request_id=str(number)))
            await eventually(lambda: journal.waiting == 0)
            assert following.missed == 3
            assert (await anext(following)).request_id == "3"


async def test_old_journeys_are_forgotten_and_young_ones_stay(store: Store) -> None:
    now = time.time()
    async with keeping(Journal(store, retention_days=30), within_s=5) as journal:
        for days in range(25, 35):
            at = now - days * module.DAY_S - 5
            for _ in range(120):
                journal.record(leg(at=at, journey_id=journey_id_at(at) + "a"))
        await eventually(lambda: journal.waiting == 0)
        assert await journal.forget_before(now - 30 * module.DAY_S) == 5 * 120
        assert len(await journeys(store)) == 5
