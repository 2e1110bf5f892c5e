"""The journal in the store: what is written is found again, by every filter, newest first, and old rows go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from hub.store import Store, journal
from hub.store.journal import LegRow, Wanted
from routing.journey import Direction, Outcome, journey_id_at
from tests.hub.legs import LEG, row

NOON = 1_700_000_000.0


def id_at(at: float) -> str:
    """The id of a journey that began then."""
    return journey_id_at(at) + "aaaaaa000000"


def request(number: int, **changes: Any) -> list[LegRow]:
    """A request as it came and as it went on, `number` minutes after noon."""
    at = NOON + number * 60
    common = {"journey_id": id_at(at), "correlation_id": f"c{number}", **changes}
    out = {"direction": Direction.OUT, "platform_id": "p-cpo", "at": at + 0.001, "ms": 10.0}
    return [row(at=at, **common), row(**{**common, **out})]


async def write(store: Store, *rows: Sequence[LegRow]) -> None:
    async with store.write() as connection:
        await journal.add(connection, [leg for pair in rows for leg in pair])


async def found(store: Store, **wanted: Any) -> list[str]:
    async with store.read() as connection:
        journeys, _ = await journal.journeys(connection, Wanted(**wanted))
    return [journey.first.correlation_id for journey in journeys]


MARKET = (
    request(1),
    request(2, sender="FR*XYZ", module="cdrs", outcome=Outcome.FAILED, ocpi=None, http=None, reason="too late"),
    request(3, receiver="BE*BEC", module="Tariffs"),
    request(4, outcome=Outcome.REFUSED, ocpi=2001),
    request(5, sender="NL*TNM", receiver="DE*ABC", module="locations"),
)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, "c5 c4 c3 c2 c1"),
        ({"limit": 2}, "c5 c4"),
        ({"party": "FR*XYZ"}, "c2"),
        ({"party": "nl*tnm"}, "c5 c4 c2 c1"),
        ({"party": "NL*TNM", "outcome": "refused"}, "c4"),
        ({"party": "NL*TNM", "module": "sessions", "limit": 1}, "c4"),
        ({"party": "NL*TNM", "correlation_id": "c2"}, "c2"),
        ({"party": "XX*XXX"}, ""),
        ({"platform_id": "p-cpo", "module": "cdrs"}, "c2"),
        ({"correlation_id": "c3"}, "c3"),
        ({"module": "TARIFFS"}, "c3"),
        ({"outcome": "failed"}, "c2"),
        ({"outcome": "failed", "module": "locations"}, ""),
        ({"since": NOON + 180}, "c5 c4 c3"),
        ({"until": NOON + 180}, "c2 c1"),
        ({"since": NOON + 120, "until": NOON + 240, "party": "DE*ABC"}, "c3"),
        ({"before": id_at(NOON + 120)}, "c1"),
    ],
)
async def test_journeys_are_found_by_each_filter_newest_first(
    store: Store, wanted: dict[str, Any], expected: str
) -> None:
    await write(store, *MARKET)
    assert await found(store, **wanted) == expected.split()


async def test_the_cursor_leads_through_all_journeys_and_then_ends(store: Store) -> None:
    await write(store, *MARKET)
    pages, cursor = [], ""
    async with store.read() as connection:
        while True:
            journeys, cursor = await journal.journeys(connection, Wanted(limit=2, before=cursor))
            pages.append([journey.first.correlation_id for journey in journeys])
            if not cursor:
                break
    assert pages == [["c5", "c4"], ["c3", "c2"], ["c1"]]


async def test_a_leg_comes_back_as_it_was_written(store: Store) -> None:
    written = row(reason="Ünknown 充电", bytes_in=12)
    await write(store, [written])
    async with store.read() as connection:
        (journey,) = await journal.family(connection, LEG.journey_id)
    assert journey.legs == (written,)


async def test_a_journey_is_as_bad_as_its_worst_leg(store: Store) -> None:
    incoming, outgoing = request(1)
    lost = row(
        journey_id=incoming.journey_id,
        direction=Direction.OUT,
        receiver="BE*BEC",
        outcome=Outcome.FAILED,
        reason="the receiver does not accept connections",
    )
    await write(store, [incoming, outgoing, lost])
    assert await found(store, outcome="failed") == ["c1"]
    assert await found(store, outcome="delivered") == []
    async with store.read() as connection:
        (journey,) = await journal.family(connection, incoming.journey_id)
    assert journey.outcome is Outcome.FAILED
    assert journey.reason == "the receiver does not accept connections"


async def test_a_journey_tells_time_in_the_hub_from_time_at_the_party(store: Store) -> None:
    await write(store, request(1))
    async with store.read() as connection:
        (journey,) = (await journal.journeys(connection, Wanted()))[0]
    assert journey.party_ms == pytest.approx(10.0, abs=0.01)
    assert journey.hub_ms == pytest.approx(2.5, abs=0.01)


async def test_callbacks_and_pages_are_shown_with_what_they_belong_to(store: Store) -> None:
    command = request(1, module="commands")
    callback = request(2, module="commands", parent=command[0].journey_id)
    pages = [request(number, parent=id_at(NOON + (number - 1) * 60)) for number in range(11, 15)]
    await write(store, command, callback, request(10), *pages)
    async with store.read() as connection:
        for asked in (command, callback):
            family = await journal.family(connection, asked[0].journey_id)
            assert [journey.first.correlation_id for journey in family] == ["c1", "c2"]
        family = await journal.family(connection, pages[2][0].journey_id)
        assert [journey.first.correlation_id for journey in family] == ["c10", "c11", "c12", "c13", "c14"]
        assert await journal.family(connection, "nothing") == []


async def test_old_journeys_go_in_bounded_steps_and_whole(store: Store) -> None:
    await write(store, *MARKET)
    async with store.write() as connection:
        assert await journal.forget_before(connection, NOON + 240, at_most=4) == 4
    assert await found(store) == ["c5", "c4", "c3"]
    async with store.write() as connection:
        assert await journal.forget_before(connection, NOON + 240, at_most=4) == 2
        assert await journal.forget_before(connection, NOON + 240, at_most=4) == 0
    assert await found(store) == ["c5", "c4"]


async def test_a_filter_that_few_match_still_looks_past_those_that_do_not(store: Store) -> None:
    """A delivered call whose answer did not come over the bridge is a failed journey."""
    bad = [request(number) for number in range(10, 60)]
    for pair in bad:
        pair[0] = row(journey_id=pair[0].journey_id, at=pair[0].at, outcome=Outcome.FAILED, ocpi=3000)
    await write(store, request(1), *bad)
    assert await found(store, outcome="delivered", limit=5) == ["c1"]
