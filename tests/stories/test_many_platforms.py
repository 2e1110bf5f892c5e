"""HubClientInfo in a hub of many platforms: what is written is what changed, never each viewer with each party."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, func, insert, select

from hub.lifecycle import Hub, running
from hub.store import Store, registry
from hub.store.client_info_tables import client_info, client_info_pushes, client_info_told
from hub.store.tables import endpoints, parties, platforms
from hub.testing import FakeCpo, FakeEmsp
from routing.ocpi import ConnectionStatus, Interface, PartyId, Role
from tests.stories.market import MakeSettings, join, platform_of
from tests.stories.test_client_info import ABC, hears, listed, pushes, updated
from tests.stories.waiting import all_told

CPOS, EMSPS, LISTENERS = 200, 100, 3
NOBODY = "http://127.0.0.1:1/hci"


async def add_many(store: Store) -> None:
    """Platforms of one party each, written straight into the store: handshakes would take a minute."""
    rows: dict[Any, list[dict[str, Any]]] = {platforms: [], parties: [], endpoints: []}
    async with store.write() as connection:
        revision = await registry.bump(connection)
        for number in range(CPOS + EMSPS):
            role = Role.CPO if number < CPOS else Role.EMSP
            name = f"{role}{number}"
            shared = {"version": "2.2.1", "versions_offered": [], "is_hub": False, "quirks": {}, "allowed_networks": []}
            told = {"created_at": 0.0, "updated_at": 0.0, "status": ConnectionStatus.CONNECTED, "revision": revision}
            rows[platforms].append({"id": name, "name": name, **shared, **told})
            party = PartyId("FR", f"{number:03}")
            who = {"key": party.folded, "country_code": "FR", "party_id": party.party_id, "business_details": {}}
            rows[parties].append({"platform_id": name, "role": role, **who, "is_suspended": False, "updated_at": 0.0})
        for number in range(CPOS, CPOS + LISTENERS):
            what = {"module": "hubclientinfo", "interface": Interface.RECEIVER, "url": NOBODY}
            rows[endpoints].append({"platform_id": f"EMSP{number}", **what})
        for table, values in rows.items():
            await connection.execute(insert(table), values)


@contextmanager
def written(store: Store) -> Iterator[Counter[str]]:
    """How many rows are inserted meanwhile, by table."""
    found: Counter[str] = Counter()

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if statement.startswith("INSERT INTO "):
            found[statement.split()[2]] += len(parameters) if executemany else 1

    event.listen(store._writer.sync_engine, "before_cursor_execute", note)
    yield found
    event.remove(store._writer.sync_engine, "before_cursor_execute", note)


async def count(hub: Hub, table: Any) -> int:
    async with hub.store.read() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


async def test_hundreds_of_platforms_cost_a_row_each_and_a_change_what_it_means(settings: MakeSettings) -> None:
    mine = settings(routing={"policy": "open"})
    store = Store(mine.storage.url)
    await add_many(store)
    await store.close()
    async with running(mine) as hub:
        kept = await count(hub, client_info_told)
        assert CPOS + EMSPS < kept < CPOS + EMSPS + 10, "a row for each platform"
        with written(hub.store) as rows:
            await hub.platforms.suspend("CPO1", by="test")
            await all_told(hub)
        assert rows["client_info_pushes"] == LISTENERS, "whoever is not pushed to costs nothing"
        assert rows["client_info_told"] == 2, "the platform, and the state of the whole"
        assert await count(hub, client_info) == await count(hub, client_info_pushes) == 0
        async with FakeEmsp() as emsp:
            await join(hub, emsp)
            seen = await listed(emsp)
            assert len(seen) == CPOS
            assert seen["FR*001 CPO"] == "SUSPENDED"
        assert await count(hub, client_info) == 0
    async with running(mine) as hub:
        with written(hub.store) as rows:
            await hub.picture.refresh()
            await all_told(hub)
        assert not rows.keys() & {"client_info_told", "client_info_pushes", "client_info"}


async def test_a_hub_that_starts_with_another_policy_tells_whose_view_that_changes(settings: MakeSettings) -> None:
    mine = settings()
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        async with running(mine) as hub:
            await join(hub, cpo, emsp)
            await hears(cpo, ABC, "CONNECTED")
            before = await updated(cpo)
        routing = mine.routing.model_copy(update={"policy": "agreements"})
        async with running(mine.model_copy(update={"routing": routing})) as hub:
            await hears(cpo, ABC, "PLANNED")
            assert await updated(cpo) > before
            assert await listed(cpo) == {ABC: "PLANNED"}
            platform_id = platform_of(hub, emsp)
            await hub.platforms.suspend(platform_id, by="test")
            await hears(cpo, ABC, "SUSPENDED")
            assert await listed(cpo) == {}, "only an agreement was missing: it is planned no more"
            window = "date_from=2020-01-01T00:00:00Z"
            assert await listed(cpo, window) == {ABC: "SUSPENDED"}
            await hub.platforms.remove(platform_id, by="test")
            assert await listed(cpo, window) == {ABC: "SUSPENDED"}
        async with running(mine.model_copy(update={"routing": routing})) as hub:
            assert await listed(cpo, window) == {ABC: "SUSPENDED"}, "it is kept"
            await all_told(hub)
        assert [status for _, status in pushes(cpo)] == ["PLANNED", "CONNECTED", "PLANNED", "SUSPENDED"]
