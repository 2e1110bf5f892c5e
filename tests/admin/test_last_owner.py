"""Two owners who take each other's role at the same moment, on two nodes: one of them stays an owner."""

from __future__ import annotations

import asyncio

import pytest

from admin import users
from admin.keys import AdminRole
from admin.users import LastOwner
from hub.store import Store
from hub.store import users as stored
from tests.hub.store.test_turns_of_changes import somebody_waits


@pytest.mark.parametrize("store_kind", ["postgresql"], indirect=True)
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
