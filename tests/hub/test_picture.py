"""The picture follows the store: whatever node made a change, every node has it, whole."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
from sqlalchemy import delete, insert

from hub.picture import LOOK_AGAIN_S, Picture
from hub.store import Store, StoreUnavailable, agreements, registration, registry, tables, tokens
from hub.store.registry import RoleRow
from hub.store.secrets import token_row
from hub.vault import KEY_BYTES, Vault
from routing.agreements import Agreement
from routing.directory import Directory, Scope
from routing.ocpi import VERSIONS, ConnectionStatus, Interface, PartyId, Role

HUB, CPO, EMSP = PartyId("NL", "HUB"), PartyId("NL", "TNM"), PartyId("DE", "MSP")
OTHER = PartyId("BE", "BEC")
CPO_ROLE = RoleRow(CPO, Role.CPO, {"name": "TheNewMotion", "website": "https://tnm.example"})


@pytest.fixture
def picture(store: Store, vault: Vault) -> Picture:
    """A node's picture, not drawn yet."""
    return Picture(store, vault, HUB, needs_agreement=False)


async def add(store: Store, vault: Vault, platform_id: str = "cpo", role: RoleRow = CPO_ROLE, **more: Any) -> None:
    values: dict[str, Any] = {
        "version": "2.2.1",
        "versions_url": "https://cpo.example/versions",
        "versions_offered": [],
        "token_out": vault.seal("secret", token_row(platform_id)),
        "is_hub": False,
        "quirks": {"encode_token": False},
        "roles": [role],
        "endpoint_rows": [("Locations", Interface.SENDER, "https://cpo.example/locations")],
    }
    async with store.write() as connection:
        await registration.add_platform(connection, platform_id=platform_id, name=platform_id, roles=[role])
        await registration.connected(connection, platform_id, **(values | more))
        await tokens.add(connection, platform_id, platform_id.encode(), Scope.FULL)


async def test_a_platform_is_drawn_with_all_that_routing_needs(store: Store, vault: Vault, picture: Picture) -> None:
    await add(store, vault)
    assert await picture.refresh()
    drawn = picture.directory.platforms["cpo"]
    assert (drawn.status, drawn.version, drawn.token_out) == (ConnectionStatus.CONNECTED, VERSIONS["2.2.1"], "secret")
    assert drawn.endpoint("locations", Interface.SENDER) == "https://cpo.example/locations"
    assert drawn.encodes_token is False
    (party,) = picture.directory.parties[CPO]
    assert (party.role, party.name, party.website) == (Role.CPO, "TheNewMotion", "https://tnm.example")
    assert picture.directory.access[b"cpo"].platform_id == "cpo"


async def test_a_picture_that_is_up_to_date_stays_the_same(store: Store, vault: Vault, picture: Picture) -> None:
    await add(store, vault)
    await picture.refresh()
    before = picture.directory
    assert not await picture.refresh()
    assert picture.directory is before


async def test_only_what_changed_is_drawn_again(store: Store, vault: Vault, picture: Picture) -> None:
    await add(store, vault)
    await add(store, vault, "emsp", RoleRow(EMSP, Role.EMSP))
    await picture.refresh()
    before = picture.directory
    async with store.write() as connection:
        await registry.touch(connection, "emsp", status=ConnectionStatus.SUSPENDED)
    assert await picture.refresh()
    assert picture.directory.platforms["cpo"] is before.platforms["cpo"]
    assert picture.directory.platforms["emsp"].status is ConnectionStatus.SUSPENDED
    assert before.platforms["emsp"].status is ConnectionStatus.CONNECTED


async def test_what_is_removed_or_agreed_is_followed(store: Store, vault: Vault, picture: Picture) -> None:
    await add(store, vault)
    await picture.refresh()
    async with store.write() as connection:
        await agreements.add(connection, Agreement("1", CPO, EMSP, is_allowed=False))
        await registration.remove_platform(connection, "cpo")
    await picture.refresh()
    assert picture.directory.platforms == {}
    assert picture.directory.access == {}
    assert list(picture.directory.agreements) == [(CPO, EMSP)]


async def test_only_agreements_of_pairs_that_changed_are_read_again(
    store: Store, vault: Vault, picture: Picture
) -> None:
    other = PartyId("FR", "EMP")
    made = [Agreement(str(number), CPO, emsp, number > 1) for number, emsp in enumerate((EMSP, EMSP, other))]
    async with store.write() as connection:
        for agreement in made:
            await agreements.add(connection, agreement)
    await picture.refresh()
    before = picture.directory.agreements
    assert before == {(CPO, EMSP): (made[0], made[1]), (CPO, other): (made[2],)}
    await add(store, vault)
    await picture.refresh()
    assert picture.directory.agreements is before
    async with store.write() as connection:
        await agreements.remove(connection, "0")
        await agreements.add(connection, Agreement("3", EMSP, CPO, is_allowed=True))
    await picture.refresh()
    after = picture.directory.agreements
    assert after == {
        (CPO, EMSP): (made[1],),
        (CPO, other): (made[2],),
        (EMSP, CPO): (Agreement("3", EMSP, CPO, is_allowed=True),),
    }
    assert after[CPO, other] is before[CPO, other]
    async with store.write() as connection:
        await agreements.remove(connection, "2")
    await picture.refresh()
    assert picture.directory.agreements.keys() == {(CPO, EMSP), (EMSP, CPO)}
    assert before.keys() == {(CPO, EMSP), (CPO, other)}, "whoever routes on the old picture keeps it"


async def test_agreements_that_a_node_of_the_version_before_makes_or_removes_are_followed(
    store: Store, picture: Picture
) -> None:
    async with store.write() as connection:
        await agreements.add(connection, Agreement("1", CPO, EMSP, is_allowed=False))
    await picture.refresh()
    values = {"modules": [], "is_allowed": True, "created_at": 1.0}
    old = (
        insert(tables.agreements).values(id="2", cpo="NLTNM", emsp="FREMP", **values),
        delete(tables.agreements).where(tables.agreements.c.id == "1"),
        delete(tables.agreements).where(tables.agreements.c.id == "2"),
    )
    for statement, expected in zip(old, (["1", "2"], ["2"], []), strict=True):
        async with store.write() as connection:
            await registry.bump(connection)
            await connection.execute(statement)
        await picture.refresh()
        known = [row.id for rows in picture.directory.agreements.values() for row in rows]
        assert sorted(known) == expected
        async with store.write() as connection:
            await agreements.add(connection, Agreement("new", OTHER, EMSP, is_allowed=False))
        await picture.refresh()
        known = [row.id for rows in picture.directory.agreements.values() for row in rows]
        assert sorted(known) == [*expected, "new"]
        async with store.write() as connection:
            await agreements.remove(connection, "new")
        before = picture.directory.agreements
        await picture.refresh()
        assert picture.directory.agreements.changed_since(before).keys() == {(OTHER, EMSP)}, (
            "the rest is not read again"
        )


async def test_a_token_that_does_not_open_stops_one_platform_only(store: Store, vault: Vault, picture: Picture) -> None:
    await add(store, vault, token_out=Vault([os.urandom(KEY_BYTES)]).seal("secret", token_row("cpo")))
    await add(store, vault, "emsp", RoleRow(EMSP, Role.EMSP))
    await picture.refresh()
    assert picture.directory.platforms["cpo"].token_out is None
    assert picture.directory.platforms["emsp"].token_out == "secret"


async def test_a_sealed_token_moved_to_another_row_does_not_open(store: Store, vault: Vault, picture: Picture) -> None:
    await add(store, vault, token_out=vault.seal("secret", token_row("another")))
    await picture.refresh()
    assert picture.directory.platforms["cpo"].token_out is None


async def test_a_miss_right_after_another_look_still_finds_what_is_new(
    store: Store, vault: Vault, picture: Picture
) -> None:
    """A party that registered on one node calls the other at once, while strangers knock there."""
    await add(store, vault)
    assert await picture.look_again()
    await add(store, vault, "emsp", RoleRow(EMSP, Role.EMSP))
    assert await picture.look_again()
    assert EMSP in picture.directory.parties
    assert not await picture.look_again()


async def test_a_thousand_who_miss_at_once_share_a_look(store: Store, vault: Vault, picture: Picture) -> None:
    await add(store, vault)
    async with asyncio.timeout(1000 * LOOK_AGAIN_S / 2):  # a look each would take twice that
        assert all(await asyncio.gather(*(picture.look_again() for _ in range(1000))))


async def test_whoever_waits_for_a_look_that_is_cut_off_looks_for_himself(
    store: Store, vault: Vault, picture: Picture
) -> None:
    """An eMSP's call is cut off when another is faster, also while it looks for a new token."""
    is_followed, may_go_on = asyncio.Event(), asyncio.Event()

    async def slowly(before: Directory, after: Directory) -> None:
        is_followed.set()
        await may_go_on.wait()

    picture.follow(slowly)
    await add(store, vault)
    drawing = asyncio.create_task(picture.refresh())
    await is_followed.wait()
    await add(store, vault, "emsp", RoleRow(EMSP, Role.EMSP))
    cut_off, waiting = (asyncio.create_task(picture.look_again()) for _ in range(2))
    await asyncio.sleep(2 * LOOK_AGAIN_S)
    cut_off.cancel()
    may_go_on.set()
    assert await waiting
    await drawing
    with pytest.raises(asyncio.CancelledError):
        await cut_off


async def test_many_who_miss_at_once_draw_one_picture(store: Store, vault: Vault, picture: Picture) -> None:
    await add(store, vault)
    drawn = await asyncio.gather(*(picture.refresh() for _ in range(10)))
    assert sorted(drawn) == [False] * 9 + [True]


async def test_a_store_that_is_gone_leaves_the_picture_as_it_is(vault: Vault) -> None:
    """And whoever is not in the picture is not told that it does not exist."""
    lost = Store("postgresql://nobody@127.0.0.1:1/none")
    picture = Picture(lost, vault, HUB, needs_agreement=False)
    looks = await asyncio.gather(*(picture.look_again() for _ in range(10)), return_exceptions=True)
    assert all(isinstance(look, StoreUnavailable) for look in looks)
    assert picture.directory.platforms == {}
    await lost.close()
