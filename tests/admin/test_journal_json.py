"""How journeys are asked for and shown by the API: filters, the list, one journey, and exports."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest
from pydantic_core import to_json

from admin.journal_export import EXPORT_PAGE, exported
from admin.journal_filters import BadFilter, epoch_of, wanted_of
from admin.journal_json import iso, one, page, summary
from hub.store import Store, journal
from hub.store.journal import Journey, LegRow, Wanted
from routing.journey import Direction, Outcome, journey_id_at
from tests.admin.stores import one_store
from tests.hub.legs import row

store_kind = one_store

NOON = 1_700_000_000.0


def pair(number: int, **changes: Any) -> list[LegRow]:
    """Both legs of a request, `number` seconds after noon."""
    at = NOON + number
    common = {"journey_id": journey_id_at(at) + "abcdef000001", "correlation_id": f"c{number}", **changes}
    out = {"direction": Direction.OUT, "platform_id": "p-cpo", "at": at + 0.001, "ms": 10.0}
    return [row(at=at, **common), row(**{**common, **out})]


async def write(store: Store, *pairs: list[LegRow]) -> None:
    async with store.write() as connection:
        await journal.add(connection, [leg for legs in pairs for leg in legs])


async def text_of(store: Store, wanted: Wanted, style: str) -> str:
    """A whole export."""
    return b"".join([chunk async for chunk in exported(store, wanted, style)]).decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, Wanted()),
        ({"party": "nl-tnm"}, Wanted(party="NL*TNM")),
        ({"module": "Bookings", "outcome": "failed"}, Wanted(module="booking", outcome="failed")),
        ({"since": "2023-11-14T22:13:20Z"}, Wanted(since=NOON)),
        ({"until": "2023-11-15T00:13:20+02:00"}, Wanted(until=NOON)),
        ({"until": "2023-11-15T00:13:20 02:00"}, Wanted(until=NOON)),  # + that was not percent-encoded
        ({"since": "2023-11-14T22:13:20"}, Wanted(since=NOON)),
        ({"since": "2023-11-14 22:13"}, Wanted(since=NOON - 20)),
        ({"limit": "500", "cursor": "0192aa"}, Wanted(limit=500, before="0192aa")),
        ({"platform": "p1", "correlation_id": " c-1 ", "party": ""}, Wanted(platform_id="p1", correlation_id="c-1")),
    ],
)
def test_a_query_string_is_a_question(query: dict[str, str], expected: Wanted) -> None:
    assert wanted_of(query) == expected


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"party": "nobody"}, {"party"}),
        ({"outcome": "lost", "limit": "0"}, {"outcome", "limit"}),
        ({"limit": "501"}, {"limit"}),
        ({"limit": "٣"}, {"limit"}),
        ({"limit": "9" * 5000}, {"limit"}),
        ({"since": "yesterday"}, {"since"}),
        ({"until": "0001-01-01T00:00:00+23:59"}, {"until"}),
        ({"cursor": "%"}, {"cursor"}),
        ({"correlation_id": "x" * 129}, {"correlation_id"}),
        ({"module": "a\0b"}, {"module"}),
        ({"sender": "NL*TNM"}, {"sender"}),
    ],
)
def test_each_filter_that_cannot_be_read_is_named(query: dict[str, str], fields: set[str]) -> None:
    with pytest.raises(BadFilter) as caught:
        wanted_of(query)
    assert set(caught.value.errors) == fields


async def test_the_list_tells_each_journey_in_a_line_and_leads_on(store: Store) -> None:
    await write(store, pair(1), pair(2, outcome=Outcome.REFUSED, ocpi=2001))
    first = await page(store, Wanted(limit=1))
    second = await page(store, Wanted(limit=1, before=first.next or ""))
    (item,) = first.items
    assert (item.sender, item.receiver, item.outcome, item.ocpi) == ("DE*ABC", "NL*TNM", "refused", 2001)
    assert (item.at, item.legs, item.parent) == ("2023-11-14T22:13:22.000Z", 2, None)
    assert (second.items[0].correlation_id, second.next) == ("c1", None)


async def test_a_journey_is_shown_with_its_legs_and_those_that_belong_to_it(store: Store) -> None:
    command = pair(1, module="commands")
    await write(store, command, pair(2, parent=command[0].journey_id, module="commands"))
    shown = await one(store, command[0].journey_id)
    assert shown is not None
    assert [leg.direction for leg in shown.legs] == ["in", "out"]
    assert [linked.correlation_id for linked in shown.linked] == ["c2"]
    assert {"from", "to"} <= set(json.loads(to_json(shown)))
    assert await one(store, "unknown") is None


LOST = {"http": None, "ocpi": None, "outcome": Outcome.FAILED, "reason": "the receiver does not accept connections"}


@pytest.mark.parametrize(
    ("legs", "fault", "words"),
    [
        ([{}, {}], None, "Delivered: NL*TNM answered with success."),
        (
            [{"ocpi": 2001, "outcome": Outcome.REFUSED, "fault": "caller", "reason": "the path is wrong."}],
            "caller",
            "The caller: the hub refused what DE*ABC sent (HTTP 200, OCPI 2001): the path is wrong.",
        ),
        (
            [{"http": 401, "ocpi": 2000, "outcome": Outcome.REFUSED, "fault": "caller", "sender": ""}],
            "caller",
            "The caller: the hub refused what an unknown caller sent (HTTP 401, OCPI 2000).",
        ),
        (
            [{"ocpi": 2004, "outcome": Outcome.REFUSED, "fault": "caller"}] * 2,
            "caller",
            "The caller: NL*TNM refused what DE*ABC sent (HTTP 200, OCPI 2004).",
        ),
        (
            [{"ocpi": 3000, "outcome": Outcome.REFUSED, "fault": "receiver"}] * 2,
            "receiver",
            "The receiver: NL*TNM did not do its part (HTTP 200, OCPI 3000).",
        ),
        (
            [{"ocpi": 4003, "outcome": Outcome.FAILED, "fault": "receiver", "reason": "receiver NL*TNM is OFFLINE"}],
            "receiver",
            "The receiver: NL*TNM could not be served (HTTP 200, OCPI 4003): receiver NL*TNM is OFFLINE.",
        ),
        (
            [{"ocpi": 4003, "outcome": Outcome.FAILED, "fault": "network"}, {**LOST, "fault": "network"}],
            "network",
            "The network: the hub could not reach NL*TNM: the receiver does not accept connections.",
        ),
        # an answer of success does not make a lost copy good
        (
            [{}, {}, {**LOST, "fault": "network", "receiver": "BE*BEC"}],
            "network",
            "The network: the hub could not reach BE*BEC: the receiver does not accept connections.",
        ),
        (
            [{"ocpi": 4000, "outcome": Outcome.FAILED, "fault": "hub", "reason": "cannot be translated"}],
            "hub",
            "The hub: it could not do its part (HTTP 200, OCPI 4000): cannot be translated.",
        ),
    ],
)
async def test_whose_fault_it_was_is_told_in_a_sentence(
    legs: list[dict[str, Any]], fault: str | None, words: str
) -> None:
    directions = [Direction.IN, *[Direction.OUT] * (len(legs) - 1)]
    rows = [row(direction=side, **changes) for side, changes in zip(directions, legs, strict=True)]
    told = summary(Journey("1", tuple(rows)))
    assert (told.fault, told.verdict) == (fault, words)


async def test_an_export_has_every_journey_whatever_their_number(store: Store) -> None:
    pairs = [pair(number) for number in range(EXPORT_PAGE * 2 + 5)]
    await write(store, *pairs)
    lines = (await text_of(store, Wanted(limit=1), "jsonl")).splitlines()
    assert [json.loads(line)["correlation_id"] for line in lines] == [
        f"c{number}" for number in reversed(range(len(pairs)))
    ]
    rows = list(csv.DictReader((await text_of(store, Wanted(), "csv")).splitlines()))
    assert len(rows) == 2 * len(pairs)
    assert (rows[0]["sender"], rows[0]["at"]) == ("DE*ABC", iso(NOON + len(pairs) - 1))


async def test_no_cell_of_an_export_is_run_as_a_formula(store: Store) -> None:
    await write(store, pair(1, correlation_id='=HYPERLINK("https://evil.example")', path="/a,b\r\nc"))
    (first, _) = csv.DictReader((await text_of(store, Wanted(), "csv")).splitlines(keepends=True))
    assert first["correlation_id"] == '\'=HYPERLINK("https://evil.example")'
    assert first["path"] == "/a,b\r\nc"


def test_a_moment_reads_as_it_is_written() -> None:
    assert epoch_of(iso(NOON + 0.25)) == NOON + 0.25
