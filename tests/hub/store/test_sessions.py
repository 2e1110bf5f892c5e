"""Sessions of the web view and attempts to log in: each is of one person or key, and ends alone."""

from __future__ import annotations

import time

import pytest

from hub.store import Store, keys, sessions, users
from hub.store.sessions import Attempts, SessionRow

NOW = 1_000_000.0
IDLE_S = 600.0


async def opened(store: Store, name: str, user_id: str | None, *, key: bytes | None = None, at: float = NOW) -> None:
    """A session that began at a time, and lasts an hour."""
    row = SessionRow(name, user_id, key, at, at, at + 3600, "127.0.0.1", "browser")
    async with store.write() as connection:
        await sessions.add(connection, name.encode(), row)


async def left(store: Store, *, now: float = NOW) -> list[str]:
    async with store.read() as connection:
        return [row.id for row in await sessions.every(connection, now=now, idle_s=IDLE_S)]


async def person(store: Store, name: str, role: str = "viewer") -> str:
    async with store.write() as connection:
        return (await users.add(connection, name=name, role=role)).id


async def test_a_session_has_the_name_and_role_of_whoever_opened_it(store: Store) -> None:
    ann, bob = await person(store, "ann", "owner"), await person(store, "bob")
    async with store.write() as connection:
        await keys.add(connection, key_id="k1", name="deploy", role="operator", fingerprint=b"one")
        await keys.add(connection, key_id="k2", name="other", role="owner", fingerprint=b"two")
    await opened(store, "a", ann)
    await opened(store, "b", bob)
    await opened(store, "k", None, key=b"one")
    async with store.write() as connection:
        for secret, holder, role in ((b"a", "ann", "owner"), (b"b", "bob", "viewer"), (b"k", "deploy", "operator")):
            row = await sessions.by_fingerprint(connection, secret)
            assert row is not None
            assert (row.name, row.role) == (holder, role)
            assert await sessions.by_id(connection, row.id) == row
        assert await sessions.by_fingerprint(connection, b"c") is None
        assert await sessions.by_id(connection, "c") is None
        await keys.revoke(connection, "k1")
        row = await sessions.by_fingerprint(connection, b"k")
        assert row is not None
        assert (row.name, row.role) == (None, None), "a key that is revoked opens nothing, nor do its sessions"


async def test_sessions_are_listed_while_they_are_open_the_latest_first(store: Store) -> None:
    ann = await person(store, "ann")
    for name, at in (("ended", NOW - 3600), ("idle", NOW - IDLE_S), ("one", NOW - 9), ("two", NOW)):
        await opened(store, name, ann, at=at)
    assert await left(store) == ["two", "one"]
    async with store.write() as connection:
        await sessions.seen(connection, "idle", NOW)
        await sessions.seen(connection, "ended", NOW)
    assert await left(store) == ["two", "one", "idle"]
    assert await left(store, now=NOW + IDLE_S - 5) == ["two", "idle"]
    assert await left(store, now=NOW + IDLE_S) == []
    await opened(store, "next", ann, at=NOW + 1)
    async with store.read() as connection:
        assert await sessions.by_id(connection, "ended") is None, "it is forgotten"
        assert await sessions.by_id(connection, "idle") is not None


async def test_a_session_ends_alone_and_those_of_one_person_together(store: Store) -> None:
    ann, bob = await person(store, "ann"), await person(store, "bob")
    for name, user_id in (("a1", ann), ("a2", ann), ("a3", ann), ("b1", bob)):
        await opened(store, name, user_id)
    async with store.write() as connection:
        assert await sessions.end(connection, "a1")
        assert not await sessions.end(connection, "a1")
    assert await left(store) == ["a2", "a3", "b1"]
    async with store.write() as connection:
        await sessions.end_all_of(connection, ann)
    assert await left(store) == ["b1"]


async def test_attempts_are_counted_by_name_and_address_for_a_while(store: Store) -> None:
    there, elsewhere = "192.0.2.1", "192.0.2.2"
    async with store.write() as connection:
        for name, address, at in (
            ("ann", there, NOW - 100),
            ("ann", there, NOW),
            ("ann", there, NOW + 1),
            ("ann", elsewhere, NOW),
            ("bob", there, NOW),
            ("bob", elsewhere, NOW),
        ):
            await sessions.attempt(connection, name=name, address=address, at=at, forget_before=NOW - 200)
        found = await sessions.attempts(connection, name="ann", address=there, since=NOW)
        assert found == Attempts(as_user_from_there=2, as_user=3, from_there=3)
        before = await sessions.attempts(connection, name="ann", address=there, since=0.0)
        assert before.as_user == 4
        await sessions.attempt(connection, name="eve", address="192.0.2.3", at=NOW, forget_before=NOW)
        after = await sessions.attempts(connection, name="ann", address=there, since=0.0)
        assert after == found, "what is older is forgotten"
        await sessions.forget_attempts(connection, name="ann", address=there)
        after = await sessions.attempts(connection, name="ann", address=there, since=0.0)
        assert after == Attempts(as_user_from_there=0, as_user=1, from_there=1)


@pytest.mark.parametrize("key_id", ["k1", "k2"])
async def test_a_key_is_revoked_alone_and_once(store: Store, key_id: str) -> None:
    async with store.write() as connection:
        for name in ("k1", "k2"):
            await keys.add(connection, key_id=name, name=name, role="viewer", fingerprint=name.encode())
        await keys.used(connection, key_id)
        used = {row.id: row.last_used_at is not None for row in await keys.every(connection)}
        assert used == {name: name == key_id for name in ("k1", "k2")}
        before = time.time()
        assert await keys.revoke(connection, key_id) is not None
        assert await keys.revoke(connection, key_id) is None, "it was revoked before"
        assert await keys.revoke(connection, "k3") is None
        for name in ("k1", "k2"):
            found = await keys.by_fingerprint(connection, name.encode())
            assert (found is None) is (name == key_id)
        revoked = {row.id: row.revoked_at for row in await keys.every(connection)}
    assert before <= (revoked.pop(key_id) or 0.0) <= time.time()
    assert set(revoked.values()) == {None}
