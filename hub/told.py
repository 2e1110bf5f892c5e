"""The directory as it was last told by HubClientInfo, and since when each thing in it is so, in this node's memory.

It says for everybody what would otherwise be a row for each viewer and party: when a party changed for all who see it,
since when a viewer is there, and when the rules changed. `hub.store.told` keeps it; `hub.untold` finds what is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from hub.store.client_info import TICK_S, InfoRow
from hub.store.told import Kind, ToldRow
from routing.agreements import Agreement, Pair
from routing.client_info import View, hidden, is_suspended, listens
from routing.directory import Directory, Party, Platform
from routing.ocpi import VERSIONS, ConnectionStatus, Interface, PartyId, Role, party_named

BACK_S: Final = 60.0
"""A clock that was set back further than this is believed again at once; else times go on from the last one."""

Times = Mapping[tuple[str, Role], float]
"""When a party (folded), in a role of its own, changed."""


class Told:
    """What was told. It only learns: from the store, or what was just written there."""

    def __init__(self, hub: PartyId) -> None:
        self.directory = Directory(hub)
        """The essentials of each platform (`routing.client_info`)."""
        self.revision = -1
        """The revision of the directory that this was when something was last told."""
        self.turn = 0
        self.edition = 0
        """Another one whenever something was learnt."""
        self.since: dict[str, float] = {}
        """Since when each platform is told of others."""
        self.times: dict[tuple[str, Role], float] = {}
        self.policy_at = 0.0
        self.listeners: set[str] = set()
        """Who had changes pushed to it."""
        self.removed: dict[str, Platform] = {}
        """What platforms were that are gone."""
        self._newest = 0.0

    def at(self, viewer: str, key: str, word: Role) -> float:
        """When what a viewer is told of a party changed, but for what is of this viewer alone."""
        return max(time_of(self.times, key, word) or 0.0, self.since.get(viewer, 0.0), self.policy_at)

    def next_time(self, now: float) -> float:
        """The time of what is told next."""
        following = round(self._newest + TICK_S, 3)
        return following if now < following < now + BACK_S else now

    def shown(self, viewer: Platform, seen: View) -> Iterator[InfoRow]:
        """What a viewer sees, and since when."""
        for (party, role), shown in seen.items():
            at = self.at(viewer.id, party.folded, role)
            yield InfoRow(viewer.id, shown.party, role, shown.status, shown.platform_id, at)

    def gone(self, viewer: Platform) -> Iterator[InfoRow]:
        """Who went for everybody while this viewer was there."""
        directory = self.directory
        if self.removed:  # as if they were still there
            directory = directory.changed(self.removed.values(), revision=self.revision)
        rows = (row for rows in directory.parties.values() for row in rows)
        parties = [row for row in rows if row.platform_id in self.removed or is_suspended(directory, row)]
        for row in self.shown(viewer, hidden(directory, viewer, parties, self.removed)):
            if (time_of(self.times, row.party.folded, row.role) or 0.0) >= self.since[viewer.id]:
                yield replace(row, is_gone=True)

    def learn(self, rows: Iterable[ToldRow]) -> None:
        """Take in what was told, by whatever node."""
        platforms: list[Platform] = []
        gone: list[str] = []
        pairs: dict[Pair, tuple[Agreement, ...]] = {}
        needs_agreement = self.directory.needs_agreement
        for row in rows:
            match row.kind:
                case Kind.PLATFORM if row.gone_at is None:
                    platforms.append(self._platform(row))
                case Kind.PLATFORM:
                    gone.append(row.name)
                    self._gone(row)
                case Kind.PAIR:
                    pairs |= _agreed_of(row)
                case Kind.STATE:
                    needs_agreement = row.said["needs_agreement"]
                    self.revision, self.policy_at = row.said["revision"], row.said["policy_at"]
                    self._newest = max(self._newest, self.policy_at)
        changed = self.directory.changed(platforms, forgotten=gone, pairs=pairs, revision=self.revision)
        self.directory = replace(changed, needs_agreement=needs_agreement)
        self.edition += 1

    def _platform(self, row: ToldRow) -> Platform:
        platform = self._read(row)
        self.since[platform.id] = row.said["since"]
        self._newest = max(self._newest, row.said["since"])
        self.removed.pop(platform.id, None)
        if listens(platform):
            self.listeners.add(platform.id)
        else:
            self.listeners.discard(platform.id)
        return platform

    def _gone(self, row: ToldRow) -> None:
        self.removed[row.name] = self._read(row)
        self.since.pop(row.name, None)
        self.listeners.discard(row.name)

    def _read(self, row: ToldRow) -> Platform:
        said = row.said
        parties = []
        for country_code, party_id, role, was_dropped, at in said["parties"]:
            party = Party(PartyId(country_code, party_id), Role(role), row.name, "", None, was_dropped)
            place = party.id.folded, party.role
            self.times[place] = max(at, self.times.get(place, 0.0))
            self._newest = max(self._newest, at)
            parties.append(party)
        return Platform(
            id=row.name,
            name="",
            status=ConnectionStatus(said["status"]),
            version=VERSIONS.get(said["version"] or ""),
            endpoints={(module, Interface(side)): "" for module, side in said["endpoints"]},
            parties=tuple(parties),
            counterpart=PartyId.parse(said["counterpart"]) if said["counterpart"] else None,
        )


def time_of(times: Times, key: str, word: Role) -> float | None:
    """When a party changed, by the word that a viewer has for its role: to most, a PTP is an OTHER."""
    found = times.get((key, word))
    as_ptp = times.get((key, Role.PTP)) if word is Role.OTHER else None
    return max(found, as_ptp) if found is not None and as_ptp is not None else found if as_ptp is None else as_ptp


def later(now: float, known: float | None) -> float:
    """The time of a change now; two changes of one thing have two times."""
    return now if known is None else max(now, round(known + TICK_S, 3))


def platform_row(platform: Platform, since: float, times: Times, gone_at: float | None = None) -> ToldRow:
    """The essentials of a platform, to be kept."""
    said: dict[str, Any] = {
        "status": platform.status,
        "version": platform.version.number if platform.version else None,
        "counterpart": platform.counterpart.text if platform.counterpart else None,
        "endpoints": sorted(platform.endpoints),
        "parties": [
            [row.id.country_code, row.id.party_id, row.role, row.is_suspended, times[row.id.folded, row.role]]
            for row in platform.parties
        ],
        "since": since,
    }
    return ToldRow(Kind.PLATFORM, platform.id, said, gone_at)


def pair_row(pair: Pair, agreements: Iterable[Agreement], now: float) -> ToldRow:
    """The agreements of a pair, to be kept."""
    said = [[row.id, row.is_allowed, sorted(row.modules)] for row in agreements]
    return ToldRow(Kind.PAIR, f"{pair[0].folded} {pair[1].folded}", said, None if said else now)


def state_row(revision: int, *, needs_agreement: bool, policy_at: float) -> ToldRow:
    """What is of the directory as a whole, to be kept."""
    said = {"revision": revision, "needs_agreement": needs_agreement, "policy_at": policy_at}
    return ToldRow(Kind.STATE, "", said)


def _agreed_of(row: ToldRow) -> Mapping[Pair, tuple[Agreement, ...]]:
    cpo, emsp = (party_named(key[:2], key[2:]) for key in row.name.split())
    rows = (Agreement(name, cpo, emsp, is_allowed, frozenset(modules)) for name, is_allowed, modules in row.said)
    return {(cpo, emsp): tuple(rows)}
