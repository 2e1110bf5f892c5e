"""What is due to be pulled: only of whom it can be pulled now, however long others are overdue."""

from __future__ import annotations

from sqlalchemy import update

from hub.store import Store, pulls, registration, tables
from hub.store.pulls import Source
from routing.ocpi import ConnectionStatus, PartyId

LIMIT = 4


async def test_platforms_that_are_away_or_busy_do_not_stand_in_the_way_of_others(store: Store) -> None:
    """They are the longest overdue, and more than are looked at in one go."""
    away = [f"away-{number}" for number in range(2 * LIMIT)]
    async with store.write() as connection:
        for number, name in enumerate([*away, "busy", "there"]):
            await registration.add_platform(connection, platform_id=name, name=name, roles=())
            status = ConnectionStatus.OFFLINE if name in away else ConnectionStatus.CONNECTED
            row = tables.platforms.c.id == name
            await connection.execute(update(tables.platforms).where(row).values(status=status))
            sources = [
                Source("tokens", PartyId("DE", f"{number:02}{many}"), name, "2.2.1")
                for many in range(2 * LIMIT if name == "busy" else 1)
            ]
            await pulls.expect(connection, [(source, float(number)) for source in sources])
        found = await pulls.due(connection, 1000.0, LIMIT, latest=2000.0, busy={"busy"})
    assert [row.source.platform_id for row in found] == ["there"]
