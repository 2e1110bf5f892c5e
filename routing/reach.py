"""Whom somebody reaches, of ten thousand parties: by their roles, for all at once, and one by one only those for whom
something else holds. Pure.

What is found for each party is kept from picture to picture: a change costs what it changes, not a look at everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from routing.directory import Directory, Party, Relation, decided
from routing.ocpi import PartyId, Role

Found = TypeVar("Found")
Reaches = Callable[[Party], bool]
Find = Callable[[PartyId, Reaches], Found | None]
"""What is looked for of one party, among those of its roles that are reached; None where there is no such thing."""


class Reached(Mapping[PartyId, Found]):
    """What was found for each party: as for everybody with the same roles, but for some parties."""

    __slots__ = ("_length", "_others", "_usual")

    def __init__(self, usual: Mapping[PartyId, Found], others: Mapping[PartyId, Found | None]) -> None:
        """The usual, but for the `others` what is said there."""
        self._usual, self._others = usual, others
        was = sum(party in usual for party in others)
        self._length = len(usual) - was + sum(found is not None for found in others.values())

    @property
    def usual(self) -> Mapping[PartyId, Found]:
        """What is so for everybody with the same roles; the same object as long as it is."""
        return self._usual

    @property
    def others(self) -> Mapping[PartyId, Found | None]:
        """What was looked for one by one, though it may be as usual."""
        return self._others

    def every(self) -> Iterator[Found]:
        """What was found, of all parties."""
        for party, found in self._usual.items():
            if party not in self._others:
                yield found
        yield from (found for found in self._others.values() if found is not None)

    def __getitem__(self, party: PartyId) -> Found:
        found = self._others[party] if party in self._others else self._usual[party]
        if found is None:
            raise KeyError(party)
        return found

    def __iter__(self) -> Iterator[PartyId]:
        yield from (party for party in self._usual if party not in self._others)
        yield from (party for party, found in self._others.items() if found is not None)

    def __len__(self) -> int:
        return self._length


def reached(
    directory: Directory,
    question: tuple[object, ...],
    senders: Sequence[Party],
    module: str | None,
    find: Find[Found],
    others: Mapping[PartyId, Found | None] | None = None,
) -> Reached[Found]:
    """What is found for the parties that any of the senders, all of one platform, may reach for the module.

    What `find` finds for a party must be the same for everybody who asks the question, but for who is reached, and
    come from that party's rows, and from the platforms that these are on, alone. `others`, if it is known that they
    are as they were on a picture before (see `concerned`), need not be looked for.
    """
    platform = directory.platforms.get(senders[0].platform_id) if senders else None
    roles = frozenset(sender.role for sender in senders)
    theirs = {other for other in Role if any(directory.by_default(role, other) is Relation.AGREED for role in roles)}

    def by_role(row: Party) -> bool:
        return row.role in theirs and directory.platforms[row.platform_id].counterpart is None

    def may_reach(row: Party) -> bool:
        return any(directory.may_reach(sender, row, module) for sender in senders)

    if platform is None:
        return Reached({}, {})
    if platform.counterpart is not None:
        return Reached({}, {platform.counterpart: find(platform.counterpart, may_reach)})
    usual = by_party(directory, (*question, roles), lambda party: find(party, by_role))
    if others is None:
        parties = {row.id for row in platform.parties}
        for name in {sender.id for sender in senders}:
            parties.update(_particular(directory, name, module))
        others = {party: find(party, may_reach) for party in parties}
    return Reached(usual, others)


def concerned(before: Directory, after: Directory) -> set[str]:
    """The platforms that may find anything else one by one than on the picture before; for all others only what is
    usual may have changed.
    """
    new = [row for row in after.platforms.values() if before.platforms.get(row.id) is not row]
    old = [row for row in before.platforms.values() if after.platforms.get(row.id) is not row]
    names = {name for pair in after.agreements.changed_since(before.agreements) for name in pair}
    for party in {party.id for platform in (*new, *old) for party in platform.parties}:
        names.add(party)
        for there in (before, after):
            names.update(there.agreements.partners(party), _counterparts(there, party) or ())
    theirs = {row.platform_id for name in names for row in after.parties.get(name, ())}
    return theirs | {platform.id for platform in (*new, *old)}


def _particular(directory: Directory, name: PartyId, module: str | None) -> Iterator[PartyId]:
    """For whom something else holds than for others of their roles: by an agreement, or a connection of their own."""
    by_default = Relation.PLANNED if directory.needs_agreement else Relation.AGREED
    agreements = directory.agreements
    for other in agreements.partners(name):
        found = (agreements.get(pair) for pair in ((name, other), (other, name)))
        if any(rows and decided(rows, module, by_default) is not by_default for rows in found):
            yield other
    ways = by_party(directory, ("counterparts",), lambda party: _counterparts(directory, party))
    yield from (party for party, played in ways.items() if name in played)


def _counterparts(directory: Directory, party: PartyId) -> frozenset[PartyId] | None:
    """The partners that have a connection of their own to a party."""
    rows = directory.parties.get(party, ())
    return frozenset(filter(None, (directory.platform_of(row).counterpart for row in rows))) or None


def by_party(
    directory: Directory, question: tuple[object, ...], find: Callable[[PartyId], Found | None]
) -> Mapping[PartyId, Found]:
    """What is found for each party, looked for anew only where a platform of it changed since the picture before."""
    nobody: tuple[Mapping[PartyId, Any], Iterable[PartyId]] = (MappingProxyType({}), directory.parties)
    known, changed = directory.found.get(question, nobody)
    fresh = {party: found for party in changed if (found := find(party)) != known.get(party)}
    if fresh:
        known = {**known, **fresh}
        for party in (party for party, found in fresh.items() if found is None):
            del known[party]
    directory.found[question] = known, frozenset()
    return known
