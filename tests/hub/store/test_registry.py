"""The registry: what is stored comes back whole, a role belongs to one platform, every change moves the revision."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store import Store, agreements, audit, registration, registry, tokens
from hub.store.registry import PlatformRow, RoleRow, RoleTaken
from routing.agreements import Agreement, by_pair
from routing.directory import Scope
from routing.ocpi import ConnectionStatus, Interface, PartyId, Role

CPO, EMSP = PartyId("NL", "TNM"), PartyId("DE", "MSP")
DETAILS = {"name": "TheNewMotion", "website": "https://tnm.example", "logo": {"url": "https://tnm.example/é.png"}}
CPO_ROLE, EMSP_ROLE = RoleRow(CPO, Role.CPO, DETAILS), RoleRow(EMSP, Role.EMSP)
ENDPOINTS = (
    ("locations", Interface.SENDER, "https://p.example/s"),
    ("locations", Interface.RECEIVER, "https://p.example/r"),
)


async def add(store: Store, platform_id: str, *roles: RoleRow, counterpart: PartyId | None = None) -> None:
    async with store.write() as connection:
        await registration.add_platform(
            connection, platform_id=platform_id, name=f"platform {platform_id}", roles=roles, counterpart=counterpart
        )


async def connect(store: Store, platform_id: str, *roles: RoleRow, **more: Any) -> None:
    values: dict[str, Any] = {
        "version": "2.2.1",
        "versions_url": "https://p.example/versions",
        "versions_offered": [{"version": "2.2.1", "url": "https://p.example/2.2.1"}],
        "token_out": b"sealed",
        "is_hub": False,
        "quirks": {"encode_token": False},
        "endpoint_rows": ENDPOINTS,
    }
    async with store.write() as connection:
        await registration.connected(connection, platform_id, roles=roles, **(values | more))


async def read(store: Store, platform_id: str) -> PlatformRow:
    async with store.read() as connection:
        row = await registry.platform_row(connection, platform_id)
    assert row is not None
    return row


async def revision(store: Store) -> int:
    async with store.read() as connection:
        return await registry.directory_revision(connection)


async def test_an_invited_platform_is_planned_and_known_by_its_roles(store: Store) -> None:
    await add(store, "a", CPO_ROLE, EMSP_ROLE, counterpart=PartyId("BE", "BEC"))
    row = await read(store, "a")
    assert (row.name, row.status, row.version, row.token_out) == ("platform a", ConnectionStatus.PLANNED, None, None)
    assert [(role.id, role.role, role.is_suspended) for role in row.roles] == [
        (EMSP, Role.EMSP, False),
        (CPO, Role.CPO, False),
    ]
    assert row.roles[1].business_details == DETAILS
    assert row.counterpart == PartyId("BE", "BEC")


async def test_what_a_handshake_learnt_comes_back_whole(store: Store) -> None:
    await add(store, "a", CPO_ROLE)
    await connect(store, "a", CPO_ROLE)
    row = await read(store, "a")
    assert (row.status, row.version, row.versions_url) == (
        ConnectionStatus.CONNECTED,
        "2.2.1",
        "https://p.example/versions",
    )
    assert row.token_out == b"sealed"
    assert row.quirks == {"encode_token": False}
    assert row.versions_offered == [{"version": "2.2.1", "url": "https://p.example/2.2.1"}]
    assert set(row.endpoints) == set(ENDPOINTS)
    assert row.last_seen_at == pytest.approx(time.time(), abs=30)
    assert "sealed" not in repr(row)


async def test_of_an_endpoint_given_twice_the_last_counts(store: Store) -> None:
    await add(store, "a", CPO_ROLE)
    await connect(store, "a", CPO_ROLE, endpoint_rows=[*ENDPOINTS, ("locations", Interface.SENDER, "https://new")])
    assert {(module, side): url for module, side, url in (await read(store, "a")).endpoints} == {
        ("locations", Interface.SENDER): "https://new",
        ("locations", Interface.RECEIVER): "https://p.example/r",
    }


async def test_a_disconnected_platform_is_offline_and_keeps_only_its_parties(store: Store) -> None:
    await add(store, "a", CPO_ROLE)
    await connect(store, "a", CPO_ROLE)
    async with store.write() as connection:
        await tokens.add(connection, "a", b"f", Scope.FULL)
        await registration.disconnected(connection, "a")
    row = await read(store, "a")
    assert (row.status, row.version, row.token_out) == (ConnectionStatus.OFFLINE, None, None)
    assert (row.endpoints, row.access) == ((), {})
    assert [role.id for role in row.roles] == [CPO]


async def test_a_removed_platform_is_gone_and_remembered_as_forgotten(store: Store) -> None:
    await add(store, "a", CPO_ROLE)
    await connect(store, "a", CPO_ROLE)
    before = await revision(store)
    async with store.write() as connection:
        await tokens.add(connection, "a", b"f", Scope.FULL)
        await registration.remove_platform(connection, "a")
    async with store.read() as connection:
        assert await registry.platform_row(connection, "a") is None
        assert await registry.platforms_since(connection, 0) == []
        assert await registry.forgotten_since(connection, before) == ["a"]
        assert await registry.forgotten_since(connection, before + 1) == []
    await add(store, "b", CPO_ROLE)  # its role is free again


# --- roles -----------------------------------------------------------------------------------------------------------


async def test_a_role_belongs_to_one_platform(store: Store) -> None:
    await add(store, "a", CPO_ROLE)
    with pytest.raises(RoleTaken, match=r"CPO nl\*tnm"):
        await add(store, "b", RoleRow(PartyId("nl", "tnm"), Role.CPO))
    async with store.read() as connection:
        assert await registry.platform_row(connection, "b") is None


async def test_the_same_party_may_have_another_role_elsewhere(store: Store) -> None:
    await add(store, "a", CPO_ROLE)
    await add(store, "b", RoleRow(CPO, Role.EMSP))
    assert [role.role for role in (await read(store, "b")).roles] == [Role.EMSP]


async def test_the_same_role_may_be_there_once_for_each_counterpart(store: Store) -> None:
    await add(store, "a", CPO_ROLE, counterpart=EMSP)
    await add(store, "b", CPO_ROLE, counterpart=PartyId("FR", "EMP"))
    with pytest.raises(RoleTaken):
        await add(store, "c", CPO_ROLE, counterpart=EMSP)


async def test_of_two_nodes_that_take_a_role_one_gets_it(store: Store, store_url: str) -> None:
    other = Store(store_url)
    try:
        done = await asyncio.gather(add(store, "a", CPO_ROLE), add(other, "b", CPO_ROLE), return_exceptions=True)
    finally:
        await other.close()
    assert sorted(type(each) for each in done if each is not None) == [RoleTaken]


async def test_a_role_that_is_dropped_is_suspended_and_may_come_back(store: Store) -> None:
    await add(store, "a", CPO_ROLE, EMSP_ROLE)
    await connect(store, "a", CPO_ROLE)
    assert {role.role: role.is_suspended for role in (await read(store, "a")).roles} == {
        Role.CPO: False,
        Role.EMSP: True,
    }
    await connect(store, "a", CPO_ROLE, EMSP_ROLE)
    assert not any(role.is_suspended for role in (await read(store, "a")).roles)


async def test_what_a_platform_drops_or_takes_over_is_that_role_of_that_party(store: Store) -> None:
    """OCPI 2.2.1, Credentials, CredentialsRole: a role is of a party, and the same party may have several."""
    also, for_one = RoleRow(CPO, Role.EMSP, {"name": "TNM drives"}), RoleRow(PartyId("NL", "ONE"), Role.CPO)
    await add(store, "a", CPO_ROLE, also, for_one, EMSP_ROLE)
    await add(store, "played", CPO_ROLE, also, counterpart=EMSP)

    async def held(platform_id: str) -> dict[tuple[PartyId, Role], tuple[bool, object]]:
        roles = (await read(store, platform_id)).roles
        return {(role.id, role.role): (role.is_suspended, role.business_details) for role in roles}

    before, played = await held("a"), await held("played")
    await connect(store, "a", RoleRow(CPO, Role.EMSP, {"name": "new"}), for_one, EMSP_ROLE)
    dropped, changed = {(CPO, Role.CPO): (True, DETAILS)}, {(CPO, Role.EMSP): (False, {"name": "new"})}
    assert await held("a") == before | dropped | changed
    assert await held("played") == played
    await connect(store, "a", EMSP_ROLE)
    await connect(store, "played", also)
    before, played = await held("a"), await held("played")
    await add(store, "b", CPO_ROLE)
    del before[CPO, Role.CPO]
    assert await held("a") == before, "it moved to b, and nothing else"
    assert await held("played") == played, "which is another side's"


async def test_a_failed_handshake_leaves_everything_as_it_was(store: Store) -> None:
    await add(store, "a", CPO_ROLE)
    await add(store, "b", EMSP_ROLE)
    before, at = await read(store, "b"), await revision(store)
    with pytest.raises(RoleTaken):
        await connect(store, "b", EMSP_ROLE, CPO_ROLE)
    assert await read(store, "b") == before
    assert await revision(store) == at


# --- the revision ----------------------------------------------------------------------------------------------------

Change = Callable[[AsyncConnection], Awaitable[object]]


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        pytest.param(lambda c: registry.touch(c, "a", name="new"), True, id="touch"),
        pytest.param(lambda c: registration.disconnected(c, "a"), True, id="disconnected"),
        pytest.param(lambda c: registration.remove_platform(c, "a"), True, id="removed"),
        pytest.param(lambda c: agreements.add(c, Agreement("2", CPO, EMSP, is_allowed=True)), True, id="agreement"),
        pytest.param(lambda c: agreements.remove(c, "1"), True, id="agreement removed"),
        pytest.param(lambda c: registry.note(c, "a", last_seen_at=1.0), False, id="note"),
    ],
)
async def test_what_changes_the_directory_moves_its_revision(store: Store, change: Change, moves: bool) -> None:
    await add(store, "a", CPO_ROLE)
    async with store.write() as connection:
        await agreements.add(connection, Agreement("1", CPO, EMSP, is_allowed=True))
    before = await revision(store)
    async with store.write() as connection:
        await change(connection)
    assert (await revision(store) > before) is moves


async def test_only_what_changed_since_is_read(store: Store) -> None:
    await add(store, "a", CPO_ROLE)
    at = await revision(store)
    await add(store, "b", EMSP_ROLE)
    async with store.read() as connection:
        assert [row.id for row in await registry.platforms_since(connection, at)] == ["b"]
        assert [row.id for row in await registry.platforms_since(connection, 0)] == ["a", "b"]


async def test_platforms_are_read_page_by_page_in_the_order_they_came(store: Store) -> None:
    for number in range(5):
        await add(store, f"p{number}", RoleRow(PartyId("NL", f"P0{number}"), Role.CPO))
    seen: list[str] = []
    after = (0.0, "")
    async with store.read() as connection:
        while page := await registry.platform_page(connection, after, 2):
            seen += [row.id for row in page]
            after = (page[-1].created_at, page[-1].id)
    assert seen == [f"p{number}" for number in range(5)]


# --- agreements and the audit trail ----------------------------------------------------------------------------------


async def test_agreements_come_back_as_they_were_made(store: Store) -> None:
    made = [
        Agreement("1", CPO, EMSP, is_allowed=True),
        Agreement("2", CPO, EMSP, is_allowed=False, modules=frozenset({"cdrs", "tokens"})),
        Agreement("3", EMSP, CPO, is_allowed=False),
        Agreement("4", CPO, PartyId("FR", "EMP"), is_allowed=True),
        Agreement("5", PartyId("BE", "BEC"), EMSP, is_allowed=True),
    ]
    async with store.write() as connection:
        for row in made:
            await agreements.add(connection, row)
    async with store.write() as connection:
        assert await agreements.every(connection) == made
        assert [await agreements.one(connection, row.id) for row in made] == made
        assert await agreements.one(connection, "6") is None
        for pair, rows in by_pair(made).items():
            assert await agreements.of_pair(connection, *pair) == rows
        assert await agreements.remove(connection, "1")
        assert not await agreements.remove(connection, "1")
        assert await agreements.every(connection) == made[1:]


async def test_the_audit_trail_is_read_newest_first_page_by_page(store: Store) -> None:
    async with store.write() as connection:
        for number in range(3):
            await audit.record(connection, actor="ann", action="changed", subject=f"{number}", after={"n": number})
    async with store.read() as connection:
        first = await audit.page(connection, None, 2)
        rest = await audit.page(connection, first[-1]["id"], 2)
    assert [row["subject"] for row in (*first, *rest)] == ["2", "1", "0"]
    assert (first[0]["actor"], first[0]["after"], first[0]["before"]) == ("ann", {"n": 2}, None)
