"""The registry in the store: platforms as they are kept, read whole.

Every function works inside a transaction of the caller's. Whatever changes who is connected bumps the directory's
revision and marks the platform with it, so that each node can draw just what is new.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables import counters, endpoints, forgotten, parties, platforms, tokens
from routing.directory import Access, Scope
from routing.ocpi import ConnectionStatus, Interface, PartyId, Role

_DIRECTORY: Final = "directory"
_BATCH: Final = 500
_FIRST: Final = text("INSERT INTO counters (name, value) VALUES ('directory', 0) ON CONFLICT DO NOTHING")
"""The very first change: two nodes may make it at the same moment."""


class RoleTaken(Exception):
    """Another platform holds this country code, party id and role."""


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A party in one role, with the business details it gave."""

    id: PartyId
    role: Role
    business_details: Mapping[str, Any] = field(default_factory=dict)
    is_suspended: bool = False
    updated_at: float = 0.0


@dataclass(frozen=True, slots=True)
class PlatformRow:
    """A platform as it is stored; `token_out` is sealed."""

    id: str
    name: str
    status: ConnectionStatus
    version: str | None
    versions_url: str | None
    versions_offered: Sequence[Mapping[str, str]]
    token_out: bytes | None = field(repr=False)
    is_hub: bool
    counterpart: PartyId | None
    quirks: Mapping[str, Any]
    allowed_networks: Sequence[str]
    rate_limit: Mapping[str, float] | None
    client_certificates: Sequence[str] | None
    renew_days: int | None
    renewed_at: float | None
    last_seen_at: float | None
    last_error: Mapping[str, Any] | None
    created_at: float
    updated_at: float
    revision: int
    roles: tuple[RoleRow, ...] = ()
    endpoints: tuple[tuple[str, Interface, str], ...] = ()
    access: Mapping[bytes, Access] = field(default_factory=dict, repr=False)


def new_id() -> str:
    """An id for a row of the hub's own."""
    return secrets.token_hex(8)


# --- reading ---------------------------------------------------------------------------------------------------------


async def directory_revision(connection: AsyncConnection) -> int:
    """The revision of who is connected."""
    found = await connection.scalar(select(counters.c.value).where(counters.c.name == _DIRECTORY))
    return int(found or 0)


async def platforms_since(connection: AsyncConnection, revision: int) -> list[PlatformRow]:
    """The platforms that changed after this revision."""
    return await _rows(connection, platforms.c.revision > revision)


async def forgotten_since(connection: AsyncConnection, revision: int) -> list[str]:
    """The ids of the platforms that were removed after this revision."""
    found = await connection.scalars(select(forgotten.c.platform_id).where(forgotten.c.revision > revision))
    return list(found)


async def platform_row(connection: AsyncConnection, platform_id: str) -> PlatformRow | None:
    """One platform; None for an unknown id."""
    found = await _rows(connection, platforms.c.id == platform_id)
    return found[0] if found else None


async def names(connection: AsyncConnection) -> dict[str, str]:
    """The name of each platform, by its id."""
    return {row.id: row.name for row in await connection.execute(select(platforms.c.id, platforms.c.name))}


async def platform_page(connection: AsyncConnection, after: tuple[float, str], limit: int) -> list[PlatformRow]:
    """Platforms in the order they were added, after the (created_at, id) of the last one seen."""
    created_at, platform_id = after
    later = or_(
        platforms.c.created_at > created_at, (platforms.c.created_at == created_at) & (platforms.c.id > platform_id)
    )
    return await _rows(connection, later, limit)


async def _rows(connection: AsyncConnection, where: ColumnElement[bool], limit: int | None = None) -> list[PlatformRow]:
    query = select(platforms).where(where).order_by(platforms.c.created_at, platforms.c.id).limit(limit)
    found = (await connection.execute(query)).all()
    complete: list[PlatformRow] = []
    for start in range(0, len(found), _BATCH):
        complete += await _with_details(connection, found[start : start + _BATCH])
    return complete


async def _with_details(connection: AsyncConnection, found: Sequence[Row[Any]]) -> list[PlatformRow]:
    ids = [row.id for row in found]
    roles: dict[str, list[RoleRow]] = {}
    for row in await connection.execute(
        select(parties).where(parties.c.platform_id.in_(ids)).order_by(parties.c.key, parties.c.role)
    ):
        party = PartyId(row.country_code, row.party_id)
        role = RoleRow(party, Role(row.role), row.business_details, row.is_suspended, row.updated_at)
        roles.setdefault(row.platform_id, []).append(role)
    urls: dict[str, list[tuple[str, Interface, str]]] = {}
    for row in await connection.execute(
        select(endpoints).where(endpoints.c.platform_id.in_(ids)).order_by(endpoints.c.module, endpoints.c.interface)
    ):
        urls.setdefault(row.platform_id, []).append((row.module, Interface(row.interface), row.url))
    access: dict[str, dict[bytes, Access]] = {}
    for row in await connection.execute(select(tokens).where(tokens.c.platform_id.in_(ids))):
        opened = Access(row.platform_id, Scope(row.scope), row.expires_at)
        access.setdefault(row.platform_id, {})[row.fingerprint] = opened
    return [
        _platform_row(row, tuple(roles.get(row.id, ())), tuple(urls.get(row.id, ())), access.get(row.id, {}))
        for row in found
    ]


def _platform_row(
    row: Row[Any],
    roles: tuple[RoleRow, ...],
    urls: tuple[tuple[str, Interface, str], ...],
    access: Mapping[bytes, Access],
) -> PlatformRow:
    values = dict(row._mapping)
    values["status"] = ConnectionStatus(values["status"])
    values["counterpart"] = PartyId.parse(values["counterpart"]) if values["counterpart"] else None
    return PlatformRow(**values, roles=roles, endpoints=urls, access=access)


# --- writing ---------------------------------------------------------------------------------------------------------


async def bump(connection: AsyncConnection) -> int:
    """The next revision of the directory; also what makes concurrent changes wait for each other."""
    one_more = update(counters).where(counters.c.name == _DIRECTORY).values(value=counters.c.value + 1)
    if (await connection.execute(one_more)).rowcount == 0:
        await connection.execute(_FIRST)
        await connection.execute(one_more)
    return await directory_revision(connection)


async def touch(connection: AsyncConnection, platform_id: str, **values: Any) -> None:
    """Change columns of a platform, as a change of the directory."""
    revision = await bump(connection)
    await connection.execute(
        update(platforms)
        .where(platforms.c.id == platform_id)
        .values(**values, updated_at=time.time(), revision=revision)
    )


async def row_to_change(connection: AsyncConnection, platform_id: str) -> PlatformRow | None:
    """One platform, which nobody else changes until this transaction ends; None for an unknown id.

    For whoever writes what follows from what it read, and before it writes anything else: who changes the directory
    has its revision first, so that two of them never wait for each other.
    """
    await bump(connection)
    return await platform_row(connection, platform_id)


async def note(connection: AsyncConnection, platform_id: str, **values: Any) -> None:
    """Change columns that only people look at (`last_seen_at`, `last_error`): the directory stays as it is."""
    await connection.execute(update(platforms).where(platforms.c.id == platform_id).values(**values))
