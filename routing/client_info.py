"""What a platform is told of others by HubClientInfo: who is there for it, and how they are connected. Pure.

OCPI 2.2.1 and 2.3.0, HubClientInfo. It asks the one rule of who may reach whom: whoever is unknown to a viewer in
routing is not told of here either, but for those with whom only an agreement is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from routing.directory import Directory, Party, Platform, Relation
from routing.ocpi import ConnectionStatus, Interface, PartyId, Role

CLIENT_INFO: Final = "hubclientinfo"

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
    if party.role is Role.HUB and not (viewer.version is not None and viewer.version.hub_is_a_role):
        return None
    status = platform.status_of(party)
    relations = {directory.relation(own, party) for own in ours}
    if Relation.AGREED in relations:
        return status
    is_planned = Relation.PLANNED in relations and status is not ConnectionStatus.SUSPENDED
    return ConnectionStatus.PLANNED if is_planned else None


def can_ask(viewer: Platform) -> bool:
    """Whether the platform's version has the module; who is not registered yet is expected to speak one that does."""
    return viewer.version is None or viewer.version.has_routing_headers


def listens(viewer: Platform) -> bool:
    """Whether changes are pushed to the platform: it is connected, and implements the Receiver interface."""
    return viewer.status is ConnectionStatus.CONNECTED and address_of(viewer) is not None


def address_of(viewer: Platform) -> str | None:
    """Where changes are pushed to."""
    return viewer.endpoint(CLIENT_INFO, Interface.RECEIVER) if can_ask(viewer) else None


def role_for(viewer: Platform, role: Role) -> Role:
    """A role in the viewer's words: PTP is one only of those who speak the Payments module."""
    if role is not Role.PTP or any(module == "payments" for module, _ in viewer.endpoints):
        return role
    return Role.OTHER


def new_to_each_other(before: Directory, after: Directory) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Which viewers are to learn now that parties of a platform are there: viewer, platform, folded parties.

    Until a viewer knows of a party, it may refuse its objects (HubClientInfo, CONNECTED).
    """
    if not before.revision:
        return  # the first picture of a node: nobody is new in it
    is_agreed_anew = before.agreements != after.agreements
    listeners = [viewer for viewer in after.platforms.values() if listens(viewer) and _listened(viewer, before)]
    for platform in after.platforms.values():
        old = before.platforms.get(platform.id)
        if old is platform or platform.status is not ConnectionStatus.CONNECTED:
            continue
        if not is_agreed_anew and old is not None and (old.status, old.parties) == (platform.status, platform.parties):
            continue
        for viewer in listeners:
            if new := frozenset(_new_parties(before, after, viewer, platform)):
                yield viewer.id, platform.id, new


def _listened(viewer: Platform, before: Directory) -> bool:
    old = before.platforms.get(viewer.id)
    return old is not None and listens(old)


def _new_parties(before: Directory, after: Directory, viewer: Platform, platform: Platform) -> Iterator[str]:
    """The parties whose objects the viewer has never had reason to expect: they were not connected for it."""
    seen = (ConnectionStatus.CONNECTED, ConnectionStatus.OFFLINE)
    old_viewer = before.platforms[viewer.id]
    for party in platform.parties:
        was = (shown(before, old_viewer, row) for row in before.parties.get(party.id, ()))
        if shown(after, viewer, party) is ConnectionStatus.CONNECTED and not any(status in seen for status in was):
            yield party.id.folded
