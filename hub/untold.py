"""What has changed since HubClientInfo was last told: the directory as it is against the one that was told.

The cost is that of what changed, times those who are pushed to; whoever only asks is worked out when it asks
(`hub.clientinfo`). It takes turns with requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from hub.slices import slices
from hub.store.client_info import InfoRow
from hub.store.told import ToldRow
from hub.told import Told, later, pair_row, platform_row, state_row, time_of
from routing.client_info import Shown, can_ask, essentials, listens, newly_seen, view
from routing.directory import Directory, Platform
from routing.ocpi import ConnectionStatus, PartyId, Role

SLICE: Final = 200
"""Parties that are looked at in a stretch, before requests get their turn."""


@dataclass(slots=True)
class Untold:
    """What is to be kept and told."""

    told: list[ToldRow] = field(default_factory=list)
    """Nothing is new without any."""
    alone: list[InfoRow] = field(default_factory=list)
    """What changed for one viewer alone."""
    news: list[InfoRow] = field(default_factory=list)
    """What is to be pushed."""


@dataclass(slots=True)
class _Change:
    told: Told
    picture: Directory
    now: float
    has_policy: bool
    moments: Mapping[str, float]
    fresh: list[Platform] = field(default_factory=list)
    removed: list[Platform] = field(default_factory=list)
    pairs: list[tuple[PartyId, PartyId]] = field(default_factory=list)
    times: dict[tuple[str, Role], float] = field(default_factory=dict)
    """Which parties changed for everybody who sees them, and when."""
    touched: set[PartyId] = field(default_factory=set)
    """The same parties."""


async def untold(
    told: Told,
    seen: Directory,
    picture: Directory,
    now: float,
    *,
    has_policy: bool,
    moments: Mapping[str, float] = MappingProxyType({}),
) -> Untold:
    """Compare. Platforms of which `seen` has the same object were compared before; `has_policy`: the rules changed.

    A platform that nothing was told of is as it is since its moment, or since now.
    """
    change = _Change(told, picture, now, has_policy, moments)
    found = Untold()
    pace = Pace()
    for platform in (row for row in picture.platforms.values() if seen.platforms.get(row.id) is not row):
        found.told += _platform(change, essentials(platform))
        await pace.spent(2)
    for platform in [row for row in told.directory.platforms.values() if row.id not in picture.platforms]:
        found.told.append(_removed(change, platform))
    found.told += _pairs(change, seen)
    if found.told or has_policy:
        needs_agreement = picture.needs_agreement if has_policy or not told.turn else told.directory.needs_agreement
        policy_at = now if has_policy else told.policy_at
        found.told.append(state_row(picture.revision, needs_agreement=needs_agreement, policy_at=policy_at))
        await _compare(change, found, pace)
    return found


class Pace:
    """Lets requests have their turn after so much work."""

    def __init__(self) -> None:
        self._left = SLICE

    async def spent(self, parties: int) -> None:
        """So many parties were looked at."""
        self._left -= parties
        if self._left <= 0:
            self._left = SLICE
            await asyncio.sleep(0)


# --- what is different in the directory ------------------------------------------------------------------------------


def _platform(change: _Change, new: Platform) -> Iterator[ToldRow]:
    """A platform, where it is not as it was told."""
    told, old = change.told, change.told.directory.platforms.get(new.id)
    if new == old:
        return
    change.fresh.append(new)
    was = {} if old is None else {(row.id, row.role): old.status_of(row) for row in old.parties}
    moved = old is not None and old.counterpart != new.counterpart
    now = change.now if old else min(change.now, change.moments.get(new.id, change.now))
    times = {}
    for row in new.parties:
        place = row.id.folded, row.role
        if moved or was.get((row.id, row.role)) is not new.status_of(row):
            change.times[place] = later(now, told.times.get(place))
            change.touched.add(row.id)
        times[place] = change.times[place] if place in change.times else told.times[place]
    is_known = old is not None and can_ask(old)
    yield platform_row(new, told.since[new.id] if is_known else now, times)


def _removed(change: _Change, old: Platform) -> ToldRow:
    change.removed.append(old)
    times = {}
    for row in old.parties:
        place = row.id.folded, row.role
        times[place] = change.times[place] = later(change.now, change.told.times.get(place))
        change.touched.add(row.id)
    return platform_row(old, change.told.since[old.id], times, change.now)


def _pairs(change: _Change, seen: Directory) -> Iterator[ToldRow]:
    """Whose agreements are not as they were told."""
    old, new = change.told.directory.agreements, change.picture.agreements
    changed = new.changed_since(seen.agreements)
    if len(old) + sum((pair in new) - (pair in old) for pair in changed) != len(new):
        changed |= dict.fromkeys({*old}.difference(new), ())  # told of by another node, and gone unseen by this one
    for pair, rows in changed.items():
        if old.get(pair, ()) != rows:
            change.pairs.append(pair)
            yield pair_row(pair, rows, change.now)


# --- what that means for viewers -------------------------------------------------------------------------------------


async def _compare(change: _Change, found: Untold, pace: Pace) -> None:
    """Who is pushed to, and what changed for one viewer alone."""
    before = change.told.directory
    gone = {row.id for row in change.removed}
    listening = change.told.listeners - gone - {row.id for row in change.fresh if not listens(row)}
    alone = _alone(change)
    everybody = None if change.has_policy else frozenset(change.touched)
    if not alone and (not listening or everybody == frozenset()):
        return
    pairs = {pair: change.picture.agreements.get(pair, ()) for pair in change.pairs}
    after = before.changed(change.fresh, forgotten=gone, pairs=pairs, revision=change.picture.revision)
    if change.has_policy:
        after = replace(after, needs_agreement=change.picture.needs_agreement)
    for viewer in sorted(listening | alone.keys()):
        keys = alone.get(viewer, frozenset())
        if viewer in listening:
            keys = None if keys is None or everybody is None else keys | everybody
        for some in slices({**before.parties, **after.parties} if keys is None else keys, SLICE):
            rows = _rows(change, before, after, viewer, some)
            found.alone += rows if viewer in alone else ()
            found.news += rows if viewer in listening else ()
            await pace.spent(len(some))


def _alone(change: _Change) -> dict[str, frozenset[PartyId] | None]:
    """Who may see parties in another way though those did not change; None: any party."""
    before = change.told.directory
    found: dict[str, frozenset[PartyId] | None] = {}
    for new in change.fresh:
        old = before.platforms.get(new.id)
        if old is not None and can_ask(old) and can_ask(new):  # who could not ask is new
            keys = newly_seen((before, change.picture), old, new)
            if keys is None or keys:
                found[new.id] = keys
    for pair in change.pairs:
        for own, other in (pair, pair[::-1]):
            for row in change.picture.parties.get(own, ()):
                known = found.get(row.platform_id, frozenset())
                if row.platform_id in before.platforms and known is not None:
                    found[row.platform_id] = known | {other}
    return found


def _rows(
    change: _Change, before: Directory, after: Directory, viewer: str, keys: Collection[PartyId]
) -> list[InfoRow]:
    """What one viewer sees in another way than before."""
    was = view(before, before.platforms[viewer], keys)
    now = view(after, after.platforms[viewer], keys)
    rows = []
    for party, role in was.keys() | now.keys():
        old, new = was.get((party, role)), now.get((party, role))
        if new is None:  # OCPI cannot delete: what is gone is SUSPENDED (HubClientInfo, Push model)
            gone = replace(was[party, role], status=ConnectionStatus.SUSPENDED)
            rows.append(_row(change, viewer, role, gone, is_gone=True))
        elif old is None or old.status is not new.status:
            rows.append(_row(change, viewer, role, new))
    return rows


def _row(change: _Change, viewer: str, role: Role, shown: Shown, *, is_gone: bool = False) -> InfoRow:
    key = shown.party.folded
    known, changed = change.told.at(viewer, key, role), time_of(change.times, key, role)
    at = later(change.now, known) if changed is None else max(changed, known)
    return InfoRow(viewer, shown.party, role, shown.status, shown.platform_id, at, is_gone)
