"""What two admins change at the same moment, on two nodes, is changed one after the other, and none of it is lost."""

from __future__ import annotations

import asyncio

import pytest

from admin import users
from admin.keys import AdminRole
from admin.users import LastOwner
from hub.store import Store
from hub.store import users as stored
from hub.store.registry import touch
from tests.admin.door import Door
from tests.hub.store.test_turns_of_changes import somebody_waits

pytestmark = pytest.mark.parametrize("store_kind", ["postgresql"], indirect=True)


async def test_a_quirk_that_is_set_leaves_those_that_another_node_just_sets(door: Door) -> None:
    platform_id = (await door.invite("TNM", "NLTNM"))["id"]
    async with door.hub.store.write() as connection:
        await touch(connection, platform_id, quirks={"patch_unsupported": True})
        quirks = {"quirks": {"trailing_slash": True}}
        changing = asyncio.create_task(door.call("PATCH", f"/platforms/{platform_id}", quirks))
        await somebody_waits(connection)
    assert (await changing).json["quirks"] == {"patch_unsupported": True, "trailing_slash": True}


async def test_the_last_owner_is_told_from_what_another_node_just_changes(store: Store) -> None:
    ann, bob = [
        await users.create(store, name=name, role=AdminRole.OWNER, password=None, by="test") for name in ("ann", "bob")
    ]
    async with store.write() as connection:
        await stored.change(connection, bob.id, role=AdminRole.VIEWER)
        removing = asyncio.create_task(users.remove(store, ann.id, by="bob"))
        await somebody_waits(connection)
    with pytest.raises(LastOwner):
        await removing
