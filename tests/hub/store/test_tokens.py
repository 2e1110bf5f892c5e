"""The tokens that platforms may present: each opens what it was given for, until it is told to end, and no other's."""

from __future__ import annotations

import time

import pytest

from hub.store import Store, tokens
from routing.directory import Scope
from tests.hub.store.test_registry import CPO_ROLE, EMSP_ROLE, add, read


async def access(store: Store, platform_id: str) -> dict[bytes, tuple[Scope, float | None]]:
    """What opens what, until when."""
    found = (await read(store, platform_id)).access
    return {fingerprint: (row.scope, row.expires_at) for fingerprint, row in found.items()}


async def test_tokens_open_what_they_were_given_for_and_end_when_told(store: Store) -> None:
    """OCPI 2.2.1, Credentials, PUT: both tokens are new; the old one ends, an invitation or another's does not."""
    await add(store, "a", CPO_ROLE)
    await add(store, "b", EMSP_ROLE)
    now = time.time()
    async with store.write() as connection:
        await tokens.add(connection, "a", b"invite", Scope.REGISTRATION)
        await tokens.add(connection, "a", b"ended", Scope.FULL, now - 1)
        await tokens.add(connection, "a", b"ending", Scope.FULL, now + 30)
        await tokens.add(connection, "a", b"old", Scope.FULL)
        await tokens.add(connection, "b", b"other", Scope.FULL)
        await tokens.add(connection, "b", b"other's, ended", Scope.FULL, now - 1)
        await tokens.expire(connection, "a", now + 60)
        await tokens.add(connection, "a", b"new", Scope.REGISTRATION, now + 90)
        await tokens.add(connection, "a", b"next", Scope.REGISTRATION, now + 90)
        await tokens.widen(connection, b"new")
    assert await access(store, "a") == {
        b"invite": (Scope.REGISTRATION, None),
        b"ending": (Scope.FULL, now + 30),
        b"old": (Scope.FULL, now + 60),
        b"new": (Scope.FULL, None),
        b"next": (Scope.REGISTRATION, now + 90),
    }
    assert await access(store, "b") == {b"other": (Scope.FULL, None), b"other's, ended": (Scope.FULL, now - 1)}


async def test_one_token_is_dropped_alone(store: Store) -> None:
    await add(store, "a", CPO_ROLE)
    async with store.write() as connection:
        for fingerprint in (b"one", b"two"):
            await tokens.add(connection, "a", fingerprint, Scope.FULL)
        await tokens.drop(connection, b"one")
    assert set(await access(store, "a")) == {b"two"}


@pytest.mark.parametrize(("scope", "left"), [(None, set()), (Scope.FULL, {b"a"}), (Scope.REGISTRATION, {b"c"})])
async def test_tokens_are_dropped_by_scope(store: Store, scope: Scope | None, left: set[bytes]) -> None:
    await add(store, "a", CPO_ROLE)
    await add(store, "b", EMSP_ROLE)
    async with store.write() as connection:
        await tokens.add(connection, "a", b"a", Scope.REGISTRATION)
        await tokens.add(connection, "a", b"c", Scope.FULL)
        await tokens.add(connection, "b", b"other", Scope.FULL)
        await tokens.drop_all(connection, "a", scope=scope)
    assert set(await access(store, "a")) == left
    assert set(await access(store, "b")) == {b"other"}
