"""What a request that did not get far says of itself: where it went, from whom and to whom. For the journal only.

A request that was refused at the door is looked for afterwards like any other. Nothing here decides anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.http import Request
from routing.catalogue import module_named
from routing.directory import Platform
from routing.ocpi import (
    FROM_COUNTRY_CODE,
    FROM_PARTY_ID,
    TO_COUNTRY_CODE,
    TO_PARTY_ID,
    VERSIONS,
    Interface,
    party_named,
)

OWN: Final = frozenset({"credentials", "hubclientinfo"})
MAX_SEGMENTS: Final = 5
"""Segments of an address that is none of the hub's which are told: a card's uid may be further on."""
_SIDES: Final = {interface.lower(): interface for interface in Interface}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request went; what it does not say is empty."""

    version: str = ""
    module: str = ""
    interface: str = ""
    path: str = ""
    """Below the module, as for a message; of an address that is none of the hub's, the address up to its module."""


def address_of(request: Request) -> Address:
    """Where a request went, as far as its address tells."""
    segments = request.target.partition("?")[0].split("/")
    if segments[1:3] == ["ocpi", "as"]:
        del segments[2:4]
    version = next((segment for segment in segments if segment in VERSIONS), "")
    match segments:
        case ["", "ocpi", "versions", *_]:
            return Address(module="versions")
        case ["", "ocpi", name] | ["", "ocpi", name, ""] if name == version:
            return Address(version, "versions")
        case ["", "ocpi", name, own, *_] if name == version and own in OWN:
            return Address(version, own)
        case ["", "ocpi", name, side, module, *rest] if name == version and side in _SIDES and module:
            return Address(version, module, _SIDES[side], "".join(f"/{segment}" for segment in rest))
        case _:
            return _elsewhere(segments, version)


def parties_of(request: Request, platform: Platform | None) -> tuple[str, str]:
    """From whom and to whom a platform's request is, as its headers say; a stranger's are not to be believed."""
    if platform is None:
        return "", ""
    named, receiver = (
        _named(request, *headers) for headers in ((FROM_COUNTRY_CODE, FROM_PARTY_ID), (TO_COUNTRY_CODE, TO_PARTY_ID))
    )
    ours = {party.id.text for party in platform.parties}
    if named in ours or (named and platform.is_hub):
        return named, receiver
    return (next(iter(ours)) if len(ours) == 1 else ""), receiver


def _elsewhere(segments: list[str], version: str) -> Address:
    """An address that is none of the hub's, up to the module that it seems to mean."""
    for number, segment in enumerate(segments):
        module = module_named(segment)
        if module is not None and segment:
            return Address(version, module.identifier, "", "/".join(segments[: number + 1]))
    return Address(version, "", "", "/".join(segments[: MAX_SEGMENTS + 1]))


def _named(request: Request, country_header: str, party_header: str) -> str:
    try:
        return party_named(request.headers.get(country_header, ""), request.headers.get(party_header, "")).text
    except ValueError:
        return ""
