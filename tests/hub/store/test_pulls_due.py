"""What is due to be pulled: only of whom it can be pulled now, by one node at a time, each source by itself."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import update

from hub.store import Store, pulls, registration, tables
from hub.store.pulls import PullRow, Source
from routing.ocpi import ConnectionStatus, PartyId

LIMIT = 4
NOW, LATER, LATEST = 1000.0, 1100.0, 2000.0
ONE, TWO = PartyId("DE", "ONE"), PartyId("DE", "TWO")
TOKENS, TARIFFS = Source("tokens", ONE, "a", "2.2.1"), Source("tariffs", ONE, "a", "2.2.1")
OTHERS, ELSEWHERE = Source("tokens", TWO, "a", "2.2.1"), Source("tokens", PartyId("DE", "FAR"), "b", "2.2.1")
SOURCES = (TOKENS, TARIFFS, OTHERS, ELSEWHERE)


async def expected(store: Store, due_at: float = NOW) -> None:
    """Two platforms that are connected, and what is pulled of them."""
    async with store.write() as connection:
        for name in ("a", "b"):
            await registration.add_platform(connection, platform_id=name, name=name, roles=())
        await connection.execute(update(tables.platforms).values(status=ConnectionStatus.CONNECTED))
        await pulls.expect(connection, [(source, due_at) for source in SOURCES])


async def rows(store: Store) -> dict[Source, PullRow]:
    """How it stands with all."""
    async with store.read() as connection:
        assert await pulls.owners(connection) == {ONE, TWO, ELSEWHERE.owner}
        found = await pulls.of_owners(connection, ("tokens", "tariffs"), (ONE, TWO, ELSEWHERE.owner))
    return {row.source: row for row in found}


async def due(store: Store, now: float) -> set[Source]:
    """What may be pulled."""
    async with store.read() as connection:
        return {row.source for row in await pulls.due(connection, now, 10, latest=LATEST)}


async def test_a_source_is_claimed_by_one_node_until_its_time_is_over(store: Store) -> None:
    await expected(store)
    assert await due(store, NOW - 1) == set()
    assert await due(store, NOW) == set(SOURCES)
    async with store.write() as connection:
        assert await pulls.claim(connection, TOKENS, NOW, LATER, latest=LATEST)
        assert not await pulls.claim(connection, TOKENS, NOW, LATER, latest=LATEST)
        assert not await pulls.claim(connection, replace(TARIFFS, version="2.3.0"), NOW, LATER, latest=LATEST)
        assert not await pulls.claim(connection, replace(TARIFFS, platform_id="b"), NOW, LATER, latest=LATEST)
    assert await due(store, LATER) == {*SOURCES} - {TOKENS}
    assert await due(store, LATER + 1) == set(SOURCES)
    async with store.write() as connection:
        await pulls.extend(connection, TOKENS, LATER + 1)
    assert await due(store, LATER + 1) == {*SOURCES} - {TOKENS}
    async with store.write() as connection:
        await pulls.extend(connection, TOKENS, LATEST + 1)
    assert await due(store, LATER + 1) == set(SOURCES), "whoever claims for so long had a wrong clock"


async def test_what_became_of_a_pull_is_kept_with_its_source_alone(store: Store) -> None:
    await expected(store)
    before = await rows(store)
    async with store.write() as connection:
        await pulls.went_well(connection, TOKENS, due_at=LATER, since=NOW, full_at=NOW)
        await pulls.went_well(connection, TARIFFS, due_at=LATER, since=NOW, full_at=None)
        await pulls.failed(connection, OTHERS, due_at=LATER + 1, reason="no")
        await pulls.failed(connection, OTHERS, due_at=LATER + 2, reason="no " * 1000)
        await pulls.failed(connection, replace(ELSEWHERE, version="2.3.0"), due_at=LATER, reason="another")
    done = before | {
        TOKENS: PullRow(TOKENS, LATER, NOW, NOW, 0, ""),
        TARIFFS: PullRow(TARIFFS, LATER, None, NOW, 0, ""),
        OTHERS: PullRow(OTHERS, LATER + 2, None, None, 2, ("no " * 1000)[:500]),
    }
    assert await rows(store) == done
    async with store.write() as connection:
        await pulls.went_well(connection, OTHERS, due_at=LATER, since=LATER, full_at=None)
        await pulls.hurry(connection, "b", LATER - 9)
    done[OTHERS] = PullRow(OTHERS, LATER, None, LATER, 0, "")
    done[ELSEWHERE] = replace(done[ELSEWHERE], due_at=LATER - 9)
    assert await rows(store) == done
    async with store.read() as connection:
        assert [row.source for row in await pulls.of_owners(connection, ["tariffs"], [ONE])] == [TARIFFS]


async def test_a_source_on_another_platform_or_in_another_version_is_pulled_anew(store: Store) -> None:
    await expected(store)
    async with store.write() as connection:
        for source in SOURCES:
            await pulls.went_well(connection, source, due_at=LATER, since=NOW, full_at=NOW)
    done = await rows(store)
    moved, renewed = replace(TOKENS, platform_id="b"), replace(TARIFFS, version="2.3.0")
    async with store.write() as connection:
        await pulls.expect(connection, [(source, NOW) for source in (moved, renewed, OTHERS)])
    del done[TOKENS], done[TARIFFS]
    anew = {source: PullRow(source, NOW, None, None, 0, "") for source in (moved, renewed)}
    assert await rows(store) == done | anew, "another node may be pulling the third: its row stays"
    async with store.write() as connection:
        await pulls.forget(connection, TOKENS)
    assert await rows(store) == done | anew, "it is of another platform by now"


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
