"""What was agreed between CPOs and those who deal with them: one immutable table, a hundred thousand pairs long.

A change of it makes a new one, and copies only what is of the parties concerned; two of them are compared as quickly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeVar, overload

from routing.ocpi import PartyId

Default = TypeVar("Default")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the admin decided for one pair of a CPO and a party that deals with it, in the usual case an eMSP.

    Without modules it holds for all of them. Pairs without a CPO (such as eMSP and SCSP) need none and have none.
    """

    id: str
    cpo: PartyId
    emsp: PartyId
    is_allowed: bool
    modules: frozenset[str] = frozenset()


Pair = tuple[PartyId, PartyId]
"""A CPO, and a party that deals with it."""
Rows = tuple[Agreement, ...]
"""The agreements of a pair; never empty in a table."""
Table = Mapping[PartyId, Mapping[PartyId, Rows]]
_NONE: Final[Mapping[PartyId, Rows]] = MappingProxyType({})


class Agreements(Mapping[Pair, Rows]):
    """The agreements of each pair that has any."""

    __slots__ = ("_by_cpo", "_by_emsp", "_length")

    def __init__(self, pairs: Mapping[Pair, Rows] = MappingProxyType({}), base: Agreements | None = None) -> None:
        """Those of `base` with those of these pairs in their place."""
        self._by_cpo: Table = _replaced(base._by_cpo if base else {}, pairs)
        self._by_emsp: Table = _replaced(
            base._by_emsp if base else {}, {pair[::-1]: rows for pair, rows in pairs.items()}
        )
        was = sum(pair in base for pair in pairs) if base else 0
        self._length = (len(base) if base else 0) - was + sum(map(bool, pairs.values()))

    @classmethod
    def of(cls, agreements: Iterable[Agreement]) -> Agreements:
        """A table of all of these; those of a pair in this order."""
        return cls(by_pair(agreements))

    def changed(self, pairs: Mapping[Pair, Rows]) -> Agreements:
        """The table with the agreements of these pairs replaced; without any, those that have none now."""
        return Agreements(pairs, self) if pairs else self

    def partners(self, party: PartyId) -> Iterator[PartyId]:
        """With whom anything was agreed for a party, whichever of the two it is."""
        yield from self._by_cpo.get(party, ())
        yield from self._by_emsp.get(party, ())

    def changed_since(self, before: Agreements) -> dict[Pair, Rows]:
        """The pairs whose agreements may be others than in an earlier table, with those of now."""
        found: dict[Pair, Rows] = {}
        for cpo in () if self._by_cpo is before._by_cpo else {**before._by_cpo, **self._by_cpo}:
            was, now = before._by_cpo.get(cpo, _NONE), self._by_cpo.get(cpo, _NONE)
            for emsp in () if was is now else {**was, **now}:
                if was.get(emsp) is not now.get(emsp):
                    found[cpo, emsp] = now.get(emsp, ())
        return found

    @overload
    def get(self, pair: Pair, /) -> Rows | None: ...
    @overload
    def get(self, pair: Pair, default: Rows | Default, /) -> Rows | Default: ...
    def get(self, pair: Pair, default: Rows | Default | None = None, /) -> Rows | Default | None:
        """As of any mapping."""
        return self._by_cpo.get(pair[0], _NONE).get(pair[1], default)

    def __getitem__(self, pair: Pair) -> Rows:
        return self._by_cpo[pair[0]][pair[1]]

    def __iter__(self) -> Iterator[Pair]:
        return ((cpo, emsp) for cpo, row in self._by_cpo.items() for emsp in row)

    def __len__(self) -> int:
        return self._length


def by_pair(agreements: Iterable[Agreement]) -> dict[Pair, Rows]:
    """Agreements by what they are for."""
    pairs: dict[Pair, Rows] = {}
    for agreement in agreements:
        pair = (agreement.cpo, agreement.emsp)
        pairs[pair] = (*pairs.get(pair, ()), agreement)
    return pairs


def _replaced(table: Table, pairs: Mapping[Pair, Rows]) -> Table:
    """The table with these entries, keyed by whichever party comes first in them."""
    copied: dict[PartyId, dict[PartyId, Rows]] = {}
    for (one, other), rows in pairs.items():
        if one not in copied:
            copied[one] = dict(table.get(one, _NONE))
        if rows:
            copied[one][other] = rows
        else:
            copied[one].pop(other, None)
    found = {**table, **copied}
    for party in (party for party, row in copied.items() if not row):
        del found[party]
    return found
