"""What changes the registry: platforms added, connected, disconnected and removed, and the roles they hold.

Every function works inside a transaction of the caller's.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store import audit, pulls
from hub.store.registry import PlatformRow, RoleRow, RoleTaken, bump, platform_row, row_to_change, touch
from hub.store.tables import endpoints, findings, forgotten, parties, platforms, tokens
from routing.directory import Scope
from routing.ocpi import ConnectionStatus, Interface, PartyId, Role


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
        await _take_over(connection, key, role, side)
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


async def _take_over(connection: AsyncConnection, key: str, role: Role, side: str) -> None:
    """Forget a party on the platform that dropped it, where there is one: it moved to another."""
    row = (parties.c.key == key, parties.c.role == role, parties.c.counterpart == side, parties.c.is_suspended)
    for platform_id in (await connection.scalars(select(parties.c.platform_id).where(*row))).all():
        await connection.execute(delete(parties).where(*row, parties.c.platform_id == platform_id))
        await touch(connection, platform_id)


async def check_roles_free(
    connection: AsyncConnection, platform_id: str, roles: Iterable[RoleRow], counterpart: PartyId | None = None
) -> None:
    """Raises RoleTaken where another platform holds one of these roles; one that it dropped it holds no more."""
    side = counterpart.folded if counterpart else ""
    for row in roles:
        holder = await connection.scalar(
            select(parties.c.platform_id).where(
                parties.c.key == row.id.folded,
                parties.c.role == row.role,
                parties.c.counterpart == side,
                parties.c.platform_id != platform_id,
                parties.c.is_suspended.is_(False),
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


async def connected(
    connection: AsyncConnection,
    platform_id: str,
    *,
    version: str,
    versions_url: str,
    versions_offered: Sequence[Mapping[str, str]],
    token_out: bytes,
    is_hub: bool,
    quirks: Mapping[str, Any],
    roles: Iterable[RoleRow],
    endpoint_rows: Iterable[tuple[str, Interface, str]],
) -> None:
    """Keep what a handshake learnt; the platform is CONNECTED, unless it is suspended: that is the admin's to end.

    Raises RoleTaken. `token_out` comes sealed.
    """
    row = await row_to_change(connection, platform_id)
    await touch(
        connection,
        platform_id,
        status=_unless_suspended(row, ConnectionStatus.CONNECTED),
        version=version,
        versions_url=versions_url,
        versions_offered=list(versions_offered),
        token_out=token_out,
        is_hub=is_hub,
        quirks=dict(quirks),
        last_seen_at=time.time(),
        last_error=None,
        renewed_at=time.time(),
    )
    if row is not None and row.status is ConnectionStatus.OFFLINE:
        await pulls.hurry(connection, platform_id, time.time())
    await set_roles(connection, platform_id, roles, row.counterpart if row else None)
    await set_endpoints(connection, platform_id, endpoint_rows)


def _unless_suspended(row: PlatformRow | None, status: ConnectionStatus) -> ConnectionStatus:
    return ConnectionStatus.SUSPENDED if row and row.status is ConnectionStatus.SUSPENDED else status


async def disconnected(connection: AsyncConnection, platform_id: str) -> None:
    """Forget what a handshake learnt; the parties stay known, and are OFFLINE (or SUSPENDED, if they were)."""
    status = _unless_suspended(await row_to_change(connection, platform_id), ConnectionStatus.OFFLINE)
    await touch(connection, platform_id, status=status, version=None, token_out=None)
    await set_endpoints(connection, platform_id, ())
    await connection.execute(delete(tokens).where(tokens.c.platform_id == platform_id))


async def write_down(
    connection: AsyncConnection, action: str, platform_id: str, before: PlatformRow | None, *, by: str
) -> None:
    """What an exchange of credentials made of a platform, in the audit trail."""
    after = await platform_row(connection, platform_id)
    changed = {"before": _in_words(before), "after": _in_words(after)}
    await audit.record(connection, actor=by, action=action, subject=platform_id, **changed)


def _in_words(row: PlatformRow | None) -> dict[str, Any] | None:
    """A registration; None where there is none."""
    if row is None or row.version is None:
        return None
    return {"version": row.version, "roles": [f"{role.role} {role.id}" for role in row.roles if not role.is_suspended]}


async def abandoned(connection: AsyncConnection, now: float) -> list[tuple[str, str]]:
    """Id and name of platforms that a node was registering with when it died: only their handshake's token is left.

    The token of a handshake ends, while an invitation does not.
    """
    ended = select(tokens.c.platform_id).where(tokens.c.scope == Scope.REGISTRATION, tokens.c.expires_at < now)
    others = select(tokens.c.platform_id).where(tokens.c.expires_at.is_(None) | (tokens.c.expires_at >= now))
    never = platforms.c.status == ConnectionStatus.PLANNED
    query = select(platforms.c.id, platforms.c.name).where(
        never, platforms.c.id.in_(ended), platforms.c.id.not_in(others)
    )
    return [(row.id, row.name) for row in await connection.execute(query)]


async def remove_platform(connection: AsyncConnection, platform_id: str) -> None:
    """Forget a platform with everything that hangs on it."""
    revision = await bump(connection)
    for table in (tokens, endpoints, parties, findings):
        await connection.execute(delete(table).where(table.c.platform_id == platform_id))
    await connection.execute(delete(platforms).where(platforms.c.id == platform_id))
    await connection.execute(insert(forgotten).values(platform_id=platform_id, revision=revision))
