"""What a platform is told of others by HubClientInfo: who is there for it, and how they are connected. Pure.

OCPI 2.2.1 and 2.3.0, HubClientInfo. It asks the one rule of who may reach whom: whoever is unknown to a viewer in
routing is not told of here either, but for those with whom only an agreement is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from routing.directory import Directory, Party, Platform, Relation
from routing.ocpi import ConnectionStatus, Interface, PartyId, Role

CLIENT_INFO: Final = "hubclientinfo"
_PAYMENTS: Final = "payments"

_BEST_FIRST: Final[Mapping[ConnectionStatus, int]] = MappingProxyType(
    {
        ConnectionStatus.CONNECTED: 0,
        ConnectionStatus.OFFLINE: 1,
        ConnectionStatus.PLANNED: 2,
        ConnectionStatus.SUSPENDED: 3,
    }
)


@dataclass(frozen=True, slots=True)
class Shown:
    """How a party is connected in the eyes of one viewer, and the platform that it is on."""

    status: ConnectionStatus
    platform_id: str
    party: PartyId


View = Mapping[tuple[PartyId, Role], Shown]
"""Who one viewer is told of. A party with two roles is there twice."""


def view(directory: Directory, viewer: Platform, parties: Iterable[PartyId] | None = None) -> View:
    """Everybody (or those named) that this platform is told of, in the roles that it knows."""
    if not can_ask(viewer):
        return {}
    named = directory.parties.keys() if parties is None else parties
    found: dict[tuple[PartyId, Role], Shown] = {}
    for party in (row for name in named for row in directory.parties.get(name, ())):
        status = shown(directory, viewer, party)
        if status is None:
            continue
        place = (party.id, role_for(viewer, party.role))
        known = found.get(place)  # several platforms may have it, each for other partners: the best one counts
        if known is None or _BEST_FIRST[status] < _BEST_FIRST[known.status]:
            found[place] = Shown(status, party.platform_id, party.id)
    return found


def shown(directory: Directory, viewer: Platform, party: Party) -> ConnectionStatus | None:
    """How this party is connected in the eyes of the viewer; None where it is not to know of it.

    PLANNED too where nothing but an agreement between them is missing (OCPI, HubClientInfo, Another Party becomes
    PLANNED): then how it is connected is nothing to the viewer.
    """
    platform = directory.platform_of(party)
    ours = [own for own in viewer.parties if not own.is_suspended]
    if not _has_word(viewer, party):
        return None
    status = platform.status_of(party)
    relations = {directory.relation(own, party) for own in ours}
    if Relation.AGREED in relations:
        return status
    is_planned = Relation.PLANNED in relations and status is not ConnectionStatus.SUSPENDED
    return ConnectionStatus.PLANNED if is_planned else None


def hidden(directory: Directory, viewer: Platform, parties: Iterable[Party], removed: Collection[str]) -> View:
    """Those of these parties that are gone for the viewer: their platform was removed (the directory has it still), or
    was suspended while nothing but an agreement was missing.
    """
    if not can_ask(viewer):
        return {}
    ours = [own for own in viewer.parties if not own.is_suspended]
    found: dict[tuple[PartyId, Role], Shown] = {}
    for party in parties:
        known = {directory.relation(own, party) for own in ours} - {Relation.NONE}
        is_gone = party.platform_id in removed or (Relation.AGREED not in known and is_suspended(directory, party))
        if known and is_gone and _has_word(viewer, party):
            place = (party.id, role_for(viewer, party.role))
            found[place] = Shown(ConnectionStatus.SUSPENDED, party.platform_id, party.id)
    return found


def is_suspended(directory: Directory, party: Party) -> bool:
    """Whether it, or the platform that it is on, was suspended."""
    return directory.platform_of(party).status_of(party) is ConnectionStatus.SUSPENDED


def _has_word(viewer: Platform, party: Party) -> bool:
    """HUB is a role of 2.2.1 alone."""
    return party.role is not Role.HUB or _knows_hubs(viewer)


def can_ask(viewer: Platform) -> bool:
    """Whether the platform's version has the module; who is not registered yet is expected to speak one that does."""
    return viewer.version is None or viewer.version.has_routing_headers


def listens(viewer: Platform) -> bool:
    """Whether changes are pushed to the platform: it is connected, and implements the Receiver interface."""
    return viewer.status is ConnectionStatus.CONNECTED and address_of(viewer) is not None


def address_of(viewer: Platform) -> str | None:
    """Where changes are pushed to."""
    return viewer.endpoint(CLIENT_INFO, Interface.RECEIVER) if can_ask(viewer) else None


def speaks_payments(viewer: Platform) -> bool:
    """Whether the platform has the Payments module."""
    return any(module == _PAYMENTS for module, _ in viewer.endpoints)


def role_for(viewer: Platform, role: Role) -> Role:
    """A role in the viewer's words: PTP is one only of those who speak the Payments module."""
    if role is not Role.PTP or speaks_payments(viewer):
        return role
    return Role.OTHER


# --- what a change means ---------------------------------------------------------------------------------------------


def essentials(platform: Platform) -> Platform:
    """What of a platform decides what it is told, and what others are told of it; all the rest is left out."""
    return Platform(
        id=platform.id,
        name="",
        status=platform.status,
        version=platform.version,
        endpoints={place: "" for place in platform.endpoints if place[0] in (CLIENT_INFO, _PAYMENTS)},
        parties=tuple(replace(party, name="", website=None) for party in platform.parties),
        counterpart=platform.counterpart,
    )


def newly_seen(directories: Iterable[Directory], before: Platform, after: Platform) -> frozenset[PartyId] | None:
    """Of which parties a platform may be told something else because it changed itself; None: of any."""
    if (before.counterpart, _acting(before)) != (after.counterpart, _acting(after)):
        return None
    changed = {
        role
        for role, is_known in ((Role.HUB, _knows_hubs), (Role.PTP, speaks_payments))
        if is_known(before) is not is_known(after)
    }
    if not changed:
        return frozenset()
    rows = (row for directory in directories for rows in directory.parties.values() for row in rows)
    return frozenset(row.id for row in rows if row.role in changed)


def _acting(platform: Platform) -> frozenset[tuple[PartyId, Role]]:
    return frozenset((party.id, party.role) for party in platform.parties if not party.is_suspended)


def _knows_hubs(viewer: Platform) -> bool:
    return viewer.version is not None and viewer.version.hub_is_a_role


def newly_connected(before: Directory, after: Directory) -> list[Platform]:
    """The platforms that somebody may hear of for the first time now: they are connected, and were not as they are."""
    if not before.revision:
        return []  # the first picture of a node: nobody is new in it
    old = before.platforms
    changed = [row for row in after.platforms.values() if old.get(row.id) is not row]
    connected = [row for row in changed if row.status is ConnectionStatus.CONNECTED]
    if not connected or before.agreements is not after.agreements:
        return connected
    return [
        row
        for row in connected
        if row.id not in old or (old[row.id].status, old[row.id].parties) != (row.status, row.parties)
    ]


def new_to(before: Directory, after: Directory, viewer_id: str, platform_id: str) -> frozenset[str]:
    """The parties of a platform (folded) that a viewer is to learn of now: they were not connected for it.

    Until a viewer knows of a party, it may refuse its objects (HubClientInfo, CONNECTED).
    """
    old, viewer, platform = (
        before.platforms.get(viewer_id),
        after.platforms.get(viewer_id),
        after.platforms.get(platform_id),
    )
    if old is None or viewer is None or platform is None or not (listens(old) and listens(viewer)):
        return frozenset()
    seen = (ConnectionStatus.CONNECTED, ConnectionStatus.OFFLINE)
    return frozenset(
        party.id.folded
        for party in platform.parties
        if shown(after, viewer, party) is ConnectionStatus.CONNECTED
        and not any(shown(before, old, row) in seen for row in before.parties.get(party.id, ()))
    )
