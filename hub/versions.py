"""What the hub tells about itself: its versions, their endpoints, and its credentials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hub.core import Core
from routing.catalogue import MODULES
from routing.client_info import CLIENT_INFO, role_for, speaks_payments
from routing.directory import Directory, Party, Platform
from routing.links import base_of
from routing.ocpi import Interface, PartyId, Role, Version
from routing.reach import Reached, Reaches, reached

CREDENTIALS = "credentials"
Listing = Mapping[tuple[PartyId, Role], Party]
"""Parties, by what credentials say of them: each is there once."""


def base_url(core: Core, caller: Platform | None) -> str:
    """Where the hub's addresses begin for this caller."""
    return base_url_as(core, caller.counterpart if caller else None)


def base_url_as(core: Core, counterpart: PartyId | None) -> str:
    """Where they begin on a connection with one counterpart, which has its own; None: on any other."""
    return base_of(core.settings.public_url, counterpart)


def version_list(core: Core, caller: Platform) -> list[dict[str, str]]:
    """The versions on offer (OCPI 2.2.1, Versions)."""
    base = base_url(core, caller)
    return [{"version": number, "url": f"{base}/{number}"} for number in core.settings.hub.versions]


def version_details(core: Core, version: Version, caller: Platform) -> dict[str, Any]:
    """The endpoints of one version (OCPI 2.2.1, Version details): every module on both interfaces.

    2.1.1 names no interface: there the caller is shown the one that its role calls.
    """
    base = f"{base_url(core, caller)}/{version.number}"
    if not version.endpoints_have_role:
        return {"version": version.number, "endpoints": list(_without_roles(core, base, version, caller))}
    endpoints = [{"identifier": CREDENTIALS, "role": Interface.SENDER, "url": f"{base}/{CREDENTIALS}"}]
    if caller.counterpart is None:
        endpoints.append({"identifier": CLIENT_INFO, "role": Interface.SENDER, "url": f"{base}/{CLIENT_INFO}"})
    played = _played_roles(core.picture.directory, caller)
    for module in MODULES.values():
        for interface in Interface if version.number in module.versions else ():
            if played is None or played & module.roles(interface):
                url = f"{base}/{interface.lower()}/{module.identifier}"
                endpoints.append({"identifier": module.identifier, "role": interface, "url": url})
    for name in core.settings.hub.custom_modules:
        for interface in Interface:
            endpoints.append({"identifier": name, "role": interface, "url": f"{base}/{interface.lower()}/{name}"})
    return {"version": version.number, "endpoints": endpoints}


def _played_roles(directory: Directory, caller: Platform) -> frozenset[Role] | None:
    """The roles that the hub plays on a connection with one counterpart; None on any other.

    A counterpart that is not connected yet has the role that the caller deals with.
    """
    if caller.counterpart is None:
        return None
    known = frozenset(row.role for row in directory.reachable(caller, (caller.counterpart,)))
    is_cpo = any(party.role is Role.CPO for party in caller.parties)
    return known or frozenset({Role.EMSP if is_cpo else Role.CPO})


def _without_roles(core: Core, base: str, version: Version, caller: Platform) -> Iterator[dict[str, str]]:
    yield {"identifier": CREDENTIALS, "url": f"{base}/{CREDENTIALS}"}
    roles = {party.role for party in caller.parties}
    for module in MODULES.values():
        if version.number not in module.versions:
            continue
        # who implements one interface of a module calls the other
        calls = Interface.RECEIVER if roles & module.sender_roles else Interface.SENDER
        yield {"identifier": module.identifier, "url": f"{base}/{calls.lower()}/{module.identifier}"}
    for name in core.settings.hub.custom_modules:
        yield {"identifier": name, "url": f"{base}/{Interface.RECEIVER.lower()}/{name}"}


def own_credentials(core: Core, version: Version, token: str, viewer: Platform) -> dict[str, Any]:
    """The hub's credentials object for a platform (OCPI, Credentials object).

    2.1.1: one party, flat. 2.2.1: the hub reports only itself, as HUB. 2.3.0: `hub_party_id`, and the parties that
    the viewer reaches through the hub. On a connection with one counterpart the hub is exactly that partner.
    """
    head = {"token": token, "url": f"{base_url(core, viewer)}/versions"}
    directory = core.picture.directory
    if version.credentials_are_flat:
        party = viewer.counterpart or directory.hub
        return {**head, **_named(party), "business_details": _details(core, directory, viewer)}
    if viewer.counterpart is not None:
        return {**head, "roles": played_roles(directory, viewer, viewer.counterpart)}
    if version.hub_is_a_role:
        return {**head, "roles": [_hub_role(core, Role.HUB)]}
    roles = _reachable_roles(directory, viewer) or [_hub_role(core, Role.OTHER)]
    return {**head, "hub_party_id": directory.hub.folded, "roles": roles}


def _hub_role(core: Core, role: Role) -> dict[str, Any]:
    return {"role": role, "business_details": _business(core), **_named(core.settings.hub.party)}


def played_roles(directory: Directory, viewer: Platform, counterpart: PartyId) -> list[dict[str, Any]]:
    """The roles of a counterpart; of one that is not connected yet, those that it is expected to have."""
    found = listed(viewer, directory.reachable(viewer, (counterpart,)))
    if found:
        return [_role(role, party) for (_, role), party in found.items()]
    details = {"business_details": {"name": str(counterpart)}, **_named(counterpart)}
    return [{"role": role, **details} for role in sorted(_played_roles(directory, viewer) or ())]


def _reachable_roles(directory: Directory, viewer: Platform) -> list[dict[str, Any]]:
    """The parties that the viewer may reach, each once."""
    return [_role(role, row) for found in _everybody(directory, viewer).every() for (_, role), row in found.items()]


def _role(role: Role, party: Party) -> dict[str, Any]:
    return {"role": role, "business_details": {"name": party.name or str(party.id)}, **_named(party.id)}


def _everybody(directory: Directory, viewer: Platform) -> Reached[Listing]:
    ours = [party for party in viewer.parties if not party.is_suspended]

    def find(party: PartyId, reaches: Reaches) -> Listing | None:
        return listed(viewer, filter(reaches, directory.parties.get(party, ()))) or None

    return reached(directory, ("credentials", speaks_payments(viewer)), ours, None, find)


def listed(viewer: Platform, rows: Iterable[Party]) -> Listing:
    """Whom credentials list, of those that the viewer reaches, in the roles that it knows."""
    there = (row for row in rows if not row.is_suspended and row.role is not Role.HUB)
    return {(row.id, role_for(viewer, row.role)): row for row in there}


def _details(core: Core, directory: Directory, viewer: Platform) -> dict[str, Any]:
    played: tuple[Party, ...] = directory.parties.get(viewer.counterpart, ()) if viewer.counterpart else ()
    return {"name": played[0].name or str(played[0].id)} if played else _business(core)


def _business(core: Core) -> dict[str, Any]:
    website = core.settings.hub.website
    return {"name": core.settings.hub.name, **({"website": website} if website else {})}


def _named(party: PartyId) -> dict[str, str]:
    return {"country_code": party.country_code, "party_id": party.party_id}
