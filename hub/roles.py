"""Which parties a platform is told of in the hub's credentials: from 2.3.0 on a hub lists all that can be reached.

OCPI 2.3.0, Credentials, Credentials object. A platform is told again when they change, but in batches, since each
time renews its tokens (`hub.renewal`); how they are connected is never said here, but by HubClientInfo.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from hub.core import Core
from hub.slices import slices
from hub.store import StoreUnavailable, roles_told
from hub.versions import listed, played_roles
from routing.client_info import speaks_payments
from routing.directory import Directory, Party, Platform
from routing.ocpi import ConnectionStatus, PartyId, Role
from routing.reach import Reached, Reaches, concerned, reached

log = structlog.get_logger(__name__)

SLICE: Final = 100
"""Platforms that are looked at in a stretch, before requests get their turn."""

Lines = frozenset[str]
"""What credentials say of a party: a line for each of its roles."""
Others = Mapping[PartyId, Lines | None]


@dataclass(slots=True)
class _Usual:
    """What is listed for everybody with the same roles."""

    lines: Mapping[PartyId, Lines]
    in_order: list[str]
    digests: dict[frozenset[tuple[PartyId, Lines | None]], str] = field(default_factory=dict)
    """Of what is listed, by what is not as usual in it."""


class Listed:
    """What credentials would list. It is the same for many platforms, and looked at anew where it may be another."""

    def __init__(self) -> None:
        self._directory: Directory | None = None
        self._others: dict[str, Others] = {}
        self._usual: dict[tuple[frozenset[Role], bool], _Usual] = {}

    async def digest(self, directory: Directory, viewer: Platform) -> str:
        """The digest of what the viewer's credentials would list, taking turns with requests."""
        if viewer.counterpart is not None:
            return digest_of({"roles": played_roles(directory, viewer, viewer.counterpart)})
        self._follow(directory)
        found = _found(directory, viewer, self._others.get(viewer.id))
        self._others[viewer.id] = found.others
        usual = self._usual_of(viewer, found.usual)
        unusual = frozenset(row for row in found.others.items() if found.usual.get(row[0]) != row[1])
        if unusual not in usual.digests:
            lines = _with(usual, unusual) or [f"{Role.OTHER} {directory.hub.folded}"]  # the hub lists itself
            usual.digests[unusual] = _digest_of(lines)
            await asyncio.sleep(0)
        return usual.digests[unusual]

    def _follow(self, directory: Directory) -> None:
        before, self._directory = self._directory, directory
        if before is not None and before is not directory:
            for platform_id in concerned(before, directory):
                self._others.pop(platform_id, None)

    def _usual_of(self, viewer: Platform, lines: Mapping[PartyId, Lines]) -> _Usual:
        key = frozenset(party.role for party in _acting(viewer)), speaks_payments(viewer)
        known = self._usual.get(key)
        if known is None or known.lines is not lines:
            known = self._usual[key] = _Usual(lines, sorted(line for row in lines.values() for line in row))
        return known


def _found(directory: Directory, viewer: Platform, others: Others | None) -> Reached[Lines]:
    def find(party: PartyId, reaches: Reaches) -> Lines | None:
        rows = listed(viewer, filter(reaches, directory.parties.get(party, ())))
        return frozenset(f"{role} {row.folded}" for row, role in rows) or None

    return reached(directory, ("listed", speaks_payments(viewer)), _acting(viewer), None, find, others)


def _acting(viewer: Platform) -> list[Party]:
    return [party for party in viewer.parties if not party.is_suspended]


def _with(usual: _Usual, unusual: Iterable[tuple[PartyId, Lines | None]]) -> list[str]:
    """The lines for a viewer for whom not all is as usual."""
    left_out = {line for party, _ in unusual for line in usual.lines.get(party, ())}
    return [line for line in usual.in_order if line not in left_out] + [
        line for _, lines in unusual for line in lines or ()
    ]


def digest_of(credentials: Mapping[str, Any]) -> str:
    """Credentials are told again when this is another: their parties and roles, in any order and spelling."""
    return _digest_of(f"{row['role']} {row['country_code']}{row['party_id']}" for row in credentials["roles"])


def _digest_of(roles: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(role.upper() for role in roles)).encode()).hexdigest()


async def note_told(core: Core, platform_id: str, credentials: Mapping[str, Any]) -> None:
    """These credentials were just given to a platform. Where that cannot be noted, it is told of its parties again."""
    if "roles" not in credentials:
        return
    try:
        async with core.store.write() as connection:
            await roles_told.note(connection, platform_id, digest_of(credentials))
    except StoreUnavailable as error:
        log.warning("store unavailable", while_doing="noting which roles were told", reason=str(error))


async def with_news(core: Core, known: Listed) -> list[Platform]:
    """The connected platforms whose credentials would list other parties now than they did."""
    directory = core.picture.directory
    told_roles = (
        row
        for row in directory.platforms.values()
        if row.status is ConnectionStatus.CONNECTED and row.version and row.version.has_hub_party_id
    )
    digests: dict[str, str] = {}
    for some in slices(told_roles, SLICE):
        for platform in some:
            digests[platform.id] = await known.digest(directory, platform)
        await asyncio.sleep(0)
    async with core.store.write() as connection:
        told = await roles_told.every(connection)
        await roles_told.expect(connection, digests.keys() - told.keys())
    platforms = core.picture.directory.platforms
    changed = [name for name, digest in digests.items() if name in told and told[name] != digest]
    return [platforms[name] for name in changed if name in platforms]
