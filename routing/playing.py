"""Who plays a role: of ten thousand platforms, those that a decision is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from routing.directory import Directory, Platform
from routing.ocpi import Role


def playing(directory: Directory, roles: Iterable[Role]) -> Iterable[Platform]:
    """The platforms with a party of one of these roles; all are looked through once for each picture, not each time."""
    known = directory.decided.get(("playing",))
    if not isinstance(known, dict):
        known = directory.decided[("playing",)] = _by_role(directory)
    return {platform.id: platform for role in sorted(roles) for platform in known.get(role, ())}.values()


def _by_role(directory: Directory) -> dict[Role, list[Platform]]:
    found: dict[Role, list[Platform]] = {}
    for platform in directory.platforms.values():
        for role in {party.role for party in platform.parties}:
            found.setdefault(role, []).append(platform)
    return found
