"""Every party that is known, over all platforms: for people who look somebody up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables import parties, platforms
from routing.ocpi import ConnectionStatus, PartyId, Role

Place = tuple[str, str, str]
"""Where a party is in the list: its folded id, its role, and the counterpart of its platform."""


@dataclass(frozen=True, slots=True)
class PartyRow:
    """A party in one role, with the platform it is on. `last_seen_at` is epoch seconds."""

    id: PartyId
    role: Role
    name: str
    status: ConnectionStatus
    counterpart: PartyId | None
    platform_id: str
    platform_name: str
    last_seen_at: float | None

    @property
    def place(self) -> Place:
        """Where the list goes on after this party."""
        return self.id.folded, self.role, self.counterpart.folded if self.counterpart else ""


async def page(connection: AsyncConnection, after: Place, limit: int) -> Sequence[PartyRow]:
    """Parties by their id and role, those after a place. A party that its platform dropped is SUSPENDED."""
    order = (parties.c.key, parties.c.role, parties.c.counterpart)
    query = (
        select(parties, platforms.c.name, platforms.c.status, platforms.c.last_seen_at)
        .join(platforms, platforms.c.id == parties.c.platform_id)
        .where(tuple_(*order) > after)
        .order_by(*order)
        .limit(limit)
    )
    return [
        PartyRow(
            id=PartyId(row.country_code, row.party_id),
            role=Role(row.role),
            name=str(row.business_details.get("name", "")),
            status=ConnectionStatus.SUSPENDED if row.is_suspended else ConnectionStatus(row.status),
            counterpart=PartyId.parse(row.counterpart) if row.counterpart else None,
            platform_id=row.platform_id,
            platform_name=row.name,
            last_seen_at=row.last_seen_at,
        )
        for row in await connection.execute(query)
    ]
