"""The registry in the store: platforms with their parties, endpoints and tokens, and agreements.

Every function works inside a transaction of the caller's. Whatever changes who is connected bumps the directory's
revision and marks the platform with it, so that each node can draw just what is new.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables import agreements, counters, endpoints, forgotten, parties, platforms, tokens
from routing.directory import Access, Agreement, Scope
from routing.ocpi import ConnectionStatus, Interface, PartyId, Role

_DIRECTORY: Final = "directory"
_BATCH: Final = 500


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
    changed = await connection.execute(
        update(counters).where(counters.c.name == _DIRECTORY).values(value=counters.c.value + 1)
    )
    if changed.rowcount == 0:
        await connection.execute(insert(counters).values(name=_DIRECTORY, value=1))
    return await directory_revision(connection)


async def touch(connection: AsyncConnection, platform_id: str, **values: Any) -> None:
    """Change columns of a platform, as a change of the directory."""
    revision = await bump(connection)
    await connection.execute(
        update(platforms)
        .where(platforms.c.id == platform_id)
        .values(**values, updated_at=time.time(), revision=revision)
    )


async def note(connection: AsyncConnection, platform_id: str, **values: Any) -> None:
    """Change columns that only people look at (`last_seen_at`, `last_error`): the directory stays as it is."""
    await connection.execute(update(platforms).where(platforms.c.id == platform_id).values(**values))


async def add_platform(
    connection: AsyncConnection,
    *,
    platform_id: str,
    name: str,
    roles: Iterable[RoleRow],
    counterpart: PartyId | None = None,
) -> None:
    """A platform that was never connected: PLANNED. Raises RoleTaken."""
    now = time.time()
    revision = await bump(connection)
    await connection.execute(
        insert(platforms).values(
            id=platform_id,
            name=name,
            status=ConnectionStatus.PLANNED,
            versions_offered=[],
            is_hub=False,
            counterpart=counterpart.folded if counterpart else "",
            quirks={},
            allowed_networks=[],
            created_at=now,
            updated_at=now,
            revision=revision,
        )
    )
    await set_roles(connection, platform_id, roles, counterpart)


async def set_roles(
    connection: AsyncConnection, platform_id: str, roles: Iterable[RoleRow], counterpart: PartyId | None
) -> None:
    """Replace the parties of a platform. Those left out stay, suspended. Raises RoleTaken, and changes nothing then.

    OCPI has no removal of a party: others are told that it is SUSPENDED (HubClientInfo, Push model).
    """
    wanted = {(row.id.folded, row.role): row for row in roles}
    side = counterpart.folded if counterpart else ""
    await check_roles_free(connection, platform_id, wanted.values(), counterpart)
    known = {
        (row.key, Role(row.role)): row
        for row in await connection.execute(select(parties).where(parties.c.platform_id == platform_id))
    }
    for (key, role), row in wanted.items():
        values = {
            "country_code": row.id.country_code,
            "party_id": row.id.party_id,
            "business_details": dict(row.business_details),
            "is_suspended": False,
            "updated_at": time.time(),
        }
        if (key, role) in known:
            await connection.execute(
                update(parties)
                .where(parties.c.platform_id == platform_id, parties.c.key == key, parties.c.role == role)
                .values(**values)
            )
            continue
        try:
            await connection.execute(
                insert(parties).values(platform_id=platform_id, key=key, role=role, counterpart=side, **values)
            )
        except IntegrityError:
            raise RoleTaken(f"{role} {row.id} is held by another platform") from None
    for key, role in known.keys() - wanted.keys():
        await connection.execute(
            update(parties)
            .where(parties.c.platform_id == platform_id, parties.c.key == key, parties.c.role == role)
            .values(is_suspended=True, updated_at=time.time())
        )


async def check_roles_free(
    connection: AsyncConnection, platform_id: str, roles: Iterable[RoleRow], counterpart: PartyId | None = None
) -> None:
    """Raises RoleTaken where another platform holds one of these roles."""
    side = counterpart.folded if counterpart else ""
    for row in roles:
        holder = await connection.scalar(
            select(parties.c.platform_id).where(
                parties.c.key == row.id.folded,
                parties.c.role == row.role,
                parties.c.counterpart == side,
                parties.c.platform_id != platform_id,
            )
        )
        if holder is not None:
            raise RoleTaken(f"{row.role} {row.id} is held by another platform")


async def set_endpoints(
    connection: AsyncConnection, platform_id: str, rows: Iterable[tuple[str, Interface, str]]
) -> None:
    """Replace the endpoints learnt from a platform; of one given twice the last counts."""
    await connection.execute(delete(endpoints).where(endpoints.c.platform_id == platform_id))
    unique = {(module, interface): url for module, interface, url in rows}
    for (module, interface), url in unique.items():
        await connection.execute(
            insert(endpoints).values(platform_id=platform_id, module=module, interface=interface, url=url)
        )


async def add_token(
    connection: AsyncConnection,
    platform_id: str,
    fingerprint: bytes,
    scope: Scope,
    expires_at: float | None = None,
) -> None:
    """Accept a token of this platform from now on."""
    await connection.execute(
        insert(tokens).values(
            fingerprint=fingerprint,
            platform_id=platform_id,
            scope=scope,
            expires_at=expires_at,
            created_at=time.time(),
        )
    )


async def drop_tokens(connection: AsyncConnection, platform_id: str, *, scope: Scope | None = None) -> None:
    """Stop accepting the platform's tokens: all, or those of one scope."""
    where = tokens.c.platform_id == platform_id
    await connection.execute(delete(tokens).where(where if scope is None else where & (tokens.c.scope == scope)))


async def drop_token(connection: AsyncConnection, fingerprint: bytes) -> None:
    """Stop accepting one token."""
    await connection.execute(delete(tokens).where(tokens.c.fingerprint == fingerprint))


async def expire_tokens(connection: AsyncConnection, platform_id: str, expires_at: float) -> None:
    """Let the platform's full tokens end at a time (epoch seconds), for requests that are on their way."""
    await connection.execute(
        update(tokens)
        .where(tokens.c.platform_id == platform_id, tokens.c.scope == Scope.FULL, tokens.c.expires_at.is_(None))
        .values(expires_at=expires_at)
    )
    await connection.execute(
        delete(tokens).where(tokens.c.platform_id == platform_id, tokens.c.expires_at < time.time())
    )


async def remove_platform(connection: AsyncConnection, platform_id: str) -> None:
    """Forget a platform with everything that hangs on it."""
    revision = await bump(connection)
    for table in (tokens, endpoints, parties):
        await connection.execute(delete(table).where(table.c.platform_id == platform_id))
    await connection.execute(delete(platforms).where(platforms.c.id == platform_id))
    await connection.execute(insert(forgotten).values(platform_id=platform_id, revision=revision))


# --- agreements ------------------------------------------------------------------------------------------------------


async def all_agreements(connection: AsyncConnection) -> list[Agreement]:
    """Every agreement, oldest first."""
    found = await connection.execute(select(agreements).order_by(agreements.c.created_at, agreements.c.id))
    return [
        Agreement(row.id, PartyId.parse(row.cpo), PartyId.parse(row.emsp), row.is_allowed, frozenset(row.modules))
        for row in found
    ]


async def add_agreement(connection: AsyncConnection, agreement: Agreement) -> None:
    """Record what the admin decided for a pair."""
    await bump(connection)
    await connection.execute(
        insert(agreements).values(
            id=agreement.id,
            cpo=agreement.cpo.folded,
            emsp=agreement.emsp.folded,
            modules=sorted(agreement.modules),
            is_allowed=agreement.is_allowed,
            created_at=time.time(),
        )
    )


async def remove_agreement(connection: AsyncConnection, agreement_id: str) -> bool:
    """Forget an agreement; False for an unknown one."""
    await bump(connection)
    found = await connection.execute(delete(agreements).where(agreements.c.id == agreement_id))
    return found.rowcount > 0
