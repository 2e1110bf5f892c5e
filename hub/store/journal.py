"""The traffic journal in the store: rows of legs, and the questions that are asked of them.

Every function works inside a transaction of the caller's. What is personal was masked before it came here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Dialect, Select, delete, insert, literal_column, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables import legs
from routing.journey import Direction, Outcome, journey_id_at

MAX_FAMILY: Final = 200
"""How many journeys of one family (a list with its pages) are shown together."""
_ROUNDS: Final = 20
_WORST_FIRST: Final = (Outcome.FAILED, Outcome.REFUSED, Outcome.DELIVERED)


class LegRow(NamedTuple):
    """A leg as the journal keeps it: `routing.journey.Leg` with bodies and path masked, parties in upper case.

    A tuple, in the order of the table's columns: the driver takes it as it is.
    """

    journey_id: str
    direction: str
    at: float
    ms: float
    platform_id: str
    sender: str
    receiver: str
    version: str
    module: str
    interface: str
    method: str
    path: str
    request_id: str
    correlation_id: str
    http: int | None
    ocpi: int | None
    outcome: str
    reason: str
    fault: str
    parent: str
    bytes_in: int
    bytes_out: int
    request_body: str | None
    answer_body: str | None
    receipt: str | None

    @property
    def losses(self) -> list[Mapping[str, Any]]:
        """What translation lost or invented on this leg."""
        return json.loads(self.receipt) if self.receipt else []


@dataclass(frozen=True, slots=True)
class Journey:
    """One request to the hub (or one that the hub made of its own accord) with all its legs, in order of time."""

    id: str
    legs: tuple[LegRow, ...]

    @property
    def first(self) -> LegRow:
        """The leg that tells what it was: the inbound one, where there is one."""
        return next((leg for leg in self.legs if leg.direction == Direction.IN), self.legs[0])

    @property
    def receivers(self) -> list[str]:
        """Whom the hub called for it, each once."""
        return list(dict.fromkeys(leg.receiver for leg in self.legs if leg.direction == Direction.OUT and leg.receiver))

    @property
    def outcome(self) -> Outcome:
        """The worst of all its legs: an answer of success does not make a lost copy good."""
        found = {leg.outcome for leg in self.legs}
        return next((outcome for outcome in _WORST_FIRST if outcome in found), Outcome.FAILED)

    @property
    def reason(self) -> str:
        """Why it failed, in words; of the leg nearest to the failure."""
        told = [leg for leg in self.legs if leg.reason and leg.outcome == self.outcome]
        return next((leg.reason for leg in told if leg.direction == Direction.OUT), told[0].reason if told else "")

    @property
    def worst(self) -> LegRow | None:
        """The leg nearest to what went wrong: the call that failed, else the request; None where all went well."""
        if self.outcome is Outcome.DELIVERED:
            return None
        worst = [leg for leg in self.legs if leg.outcome == self.outcome]
        return next((leg for leg in worst if leg.direction == Direction.OUT), worst[0])

    @property
    def party_ms(self) -> float:
        """Milliseconds from the first call to a party until the last answer, while the caller waited."""
        end = self.first.at + self.first.ms / 1000
        out = [leg for leg in self.legs if leg.direction == Direction.OUT and leg.at <= end]
        if not out or self.first.direction == Direction.OUT:
            return sum(leg.ms for leg in out)
        waited = (max(leg.at + leg.ms / 1000 for leg in out) - min(leg.at for leg in out)) * 1000
        return min(waited, self.first.ms)

    @property
    def hub_ms(self) -> float:
        """Milliseconds in the hub."""
        return max(self.first.ms - self.party_ms, 0.0) if self.first.direction == Direction.IN else 0.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which journeys are asked for; an empty field asks for any. Times in epoch seconds."""

    party: str = ""
    """Sender or receiver of any leg, like `NL*TNM`."""
    platform_id: str = ""
    correlation_id: str = ""
    module: str = ""
    outcome: str = ""
    since: float | None = None
    until: float | None = None
    before: str = ""
    """The cursor: journeys older than this id."""
    limit: int = 50


async def add(connection: AsyncConnection, rows: Sequence[LegRow]) -> None:
    """Write many legs at once. Straight to the driver: SQLAlchemy's care for each value costs more than the row."""
    await connection.exec_driver_sql(_insertion(connection.dialect), list(rows))


@lru_cache(maxsize=8)
def _insertion(dialect: Dialect) -> str:
    """The statement for a row, in the store's words."""
    compiled = insert(legs).values(dict.fromkeys(LegRow._fields)).compile(dialect=dialect)
    return str(compiled)


async def journeys(connection: AsyncConnection, wanted: Wanted) -> tuple[list[Journey], str]:
    """Journeys newest first, and the cursor for those after them (empty at the end)."""
    found: list[Journey] = []
    before = wanted.before
    for _ in range(_ROUNDS):
        ids = list((await connection.execute(_ids(wanted, before))).scalars())
        for journey in await _with_legs(connection, ids):
            if len(found) == wanted.limit:
                return found, found[-1].id
            if not wanted.outcome or journey.outcome == wanted.outcome:
                found.append(journey)
        if len(ids) <= wanted.limit:
            return found, ""
        before = ids[-1]
    return found, before


async def family(connection: AsyncConnection, journey_id: str) -> list[Journey]:
    """A journey with all that belongs to it, in order of time: callbacks and their command, a list and its pages.

    Empty for an unknown journey.
    """
    known: set[str] = set()
    asked = {journey_id}
    while asked and len(known) < MAX_FAMILY:
        names = select(legs.c.journey_id, legs.c.parent)
        near = union(
            names.where(legs.c.journey_id.in_(asked)),
            # said again in so many words, for SQLite to take the index of those that have a parent
            names.where(legs.c.parent.in_(asked), legs.c.parent != literal_column("''")),
        )
        rows = (await connection.execute(near.limit(MAX_FAMILY * 4))).all()
        known |= asked
        asked = {name for row in rows for name in row if name} - known
    return sorted(await _with_legs(connection, known), key=lambda journey: (journey.first.at, journey.id))


async def forget_before(connection: AsyncConnection, at: float, *, at_most: int) -> int:
    """Delete legs of journeys that began before this time (epoch seconds), no more than so many; how many."""
    old = select(legs.c.id).where(legs.c.journey_id < journey_id_at(at)).order_by(legs.c.journey_id).limit(at_most)
    old = old.with_for_update(skip_locked=True)  # another node may be at it
    return (await connection.execute(delete(legs).where(legs.c.id.in_(old)))).rowcount


def _ids(wanted: Wanted, before: str) -> Select[Any]:
    """One more than the limit, so that the end shows."""
    size = wanted.limit + 1
    conditions = _conditions(wanted, before)
    if not wanted.party:
        return _walk(conditions).limit(size)
    party = wanted.party.upper()
    if wanted.correlation_id:  # so few legs that no other index is of use
        named = or_(*(column.concat("") == party for column in (legs.c.sender, legs.c.receiver)))
        return _walk([named, *conditions]).limit(size)
    walks = [
        select(_walk([column == party, *conditions]).limit(size).subquery().c.journey_id)
        for column in (legs.c.sender, legs.c.receiver)
    ]
    both = union(*walks).subquery()
    return select(both.c.journey_id).order_by(both.c.journey_id.desc()).limit(size)


def _walk(conditions: Iterable[ColumnElement[bool]]) -> Select[Any]:
    return select(legs.c.journey_id).where(*conditions).distinct().order_by(legs.c.journey_id.desc())


def _conditions(wanted: Wanted, before: str) -> list[ColumnElement[bool]]:
    """One index is walked, the most telling; the other columns are hidden from the choice of it, and read from it."""
    asked = [
        (legs.c.correlation_id, wanted.correlation_id),
        (legs.c.platform_id, wanted.platform_id),
        (legs.c.module, wanted.module.lower()),
    ]
    given = [(column, value) for column, value in asked if value]
    leads = not wanted.party or bool(wanted.correlation_id)
    found = [
        (column if not place and leads else column.concat("")) == value for place, (column, value) in enumerate(given)
    ]
    if wanted.outcome and (given or not leads or wanted.outcome == Outcome.DELIVERED):
        found.append(legs.c.outcome.concat("") == wanted.outcome)
    elif wanted.outcome:
        # said again in so many words, for the store to take the index of those that are not delivered
        found += [legs.c.outcome == wanted.outcome, legs.c.outcome != literal_column("'delivered'")]
    if wanted.since is not None:
        found.append(legs.c.journey_id >= journey_id_at(wanted.since))
    if wanted.until is not None:
        found.append(legs.c.journey_id < journey_id_at(wanted.until))
    if before:
        found.append(legs.c.journey_id < before)
    return found


async def _with_legs(connection: AsyncConnection, ids: Iterable[str]) -> list[Journey]:
    """Journeys of these ids, newest first."""
    columns = [legs.c[name] for name in LegRow._fields]
    query = select(*columns).where(legs.c.journey_id.in_(list(ids)))
    rows = (await connection.execute(query.order_by(legs.c.journey_id.desc(), legs.c.at, legs.c.id))).all()
    return [
        Journey(journey_id, tuple(LegRow(*row) for row in group))
        for journey_id, group in groupby(rows, key=lambda row: row.journey_id)
    ]
