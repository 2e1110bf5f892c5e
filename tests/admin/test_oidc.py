"""Logging in with an OpenID provider: OpenID Connect Core 1.0, section 3.1.3.7, and what must not be believed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from admin import users
from admin.app import office
from admin.keys import AdminRole
from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.store import users as stored
from tests.admin.idp import CLIENT, SECRET, FakeProvider, new_key, provider
from tests.admin.stores import one_store
from tests.admin.visitor import Look, Visitor, visitor

store_kind = one_store

NOW = int(time.time())


@dataclass(frozen=True, slots=True)
class Gate:
    """A hub that trusts a provider, and somebody before it."""

    hub: Hub
    idp: FakeProvider
    someone: Visitor

    async def come_back(self, path: str = "/oidc/start") -> Look:
        """Begin, log in at the provider, and come back."""
        return await self.someone.get(await self.way_back(path))

    async def way_back(self, path: str = "/oidc/start") -> str:
        """Where the provider sends the browser, as a path of the hub."""
        sent = await self.someone.get(path)
        assert (sent.status, sent.location.startswith(f"{self.idp.issuer}/authorize?")) == (303, True), sent.words
        async with (
            aiohttp.ClientSession() as session,
            session.get(sent.location, allow_redirects=False) as answer,
        ):
            return answer.headers["Location"].removeprefix(self.someone.url)


@pytest.fixture
async def gate(store_url: str, settings: Callable[..., Settings]) -> AsyncIterator[Gate]:
    """The provider's `boss` is an owner, its `desk` an operator, its `guest` a viewer."""
    async with provider() as idp:
        oidc: dict[str, Any] = {
            "issuer": idp.issuer,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "owners": ["boss"],
            "operators": ["desk"],
            "viewers": ["guest"],
        }
        chosen = settings(store_url, server={"shutdown_s": 1}, admin={"port": 0, "oidc": oidc})
        async with running(chosen) as hub, office(hub) as url, visitor(url) as someone:
            yield Gate(hub, idp, someone)


async def test_a_person_logs_in_and_has_the_role_that_the_provider_says(gate: Gate) -> None:
    assert "Log in with single sign-on" in (await gate.someone.get("/login")).words
    done = await gate.come_back("/oidc/start?next=/audit")
    assert (done.status, 'content="0;url=/audit"' in done.text) == (200, True)
    assert "SameSite=Strict" in done.cookies["ocpi-hub-session"]
    page = await gate.someone.get("/people")
    assert (page.status, "ann" in page.words) == (200, True)


async def test_a_role_follows_the_provider_with_each_login(gate: Gate) -> None:
    await gate.come_back()
    for given, role in ((["desk", "other"], AdminRole.OPERATOR), ("guest", AdminRole.VIEWER)):
        gate.idp.claims["roles"] = given
        assert (await gate.come_back()).status == 200
        async with gate.hub.store.read() as connection:
            (user,) = await stored.every(connection)
        assert (user.name, user.role, user.password) == ("ann", role, None)


async def test_who_has_no_role_here_stays_outside(gate: Gate) -> None:
    for roles in [[], ["nobody"], "", None, 7, {"boss": True}, [["boss"]]]:
        gate.idp.claims["roles"] = roles
        look = await gate.come_back()
        assert (look.status, "have no role here" in look.words) == (403, True)
        assert "ocpi-hub-session" not in look.cookies


async def test_a_name_of_the_hubs_own_user_is_not_taken_over(gate: Gate) -> None:
    await users.create(gate.hub.store, name="Ann", role=AdminRole.VIEWER, password="x", by="test")
    await gate.come_back()
    async with gate.hub.store.read() as connection:
        found = {user.name: user.role for user in await stored.every(connection)}
    assert found == {"Ann": AdminRole.VIEWER, "ann (1)": AdminRole.OWNER}


@pytest.mark.parametrize(
    "twist",
    [
        {"iss": "https://evil.example"},
        {"aud": "another client"},
        {"aud": [CLIENT, "other"], "azp": "other"},
        {"exp": NOW - 3600},
        {"exp": None},
        {"iat": NOW + 3600},
        {"sub": None},
        {"nonce": "of another login"},
        {"nonce": None},
        {"discovered": "https://evil.example"},
    ],
)
async def test_a_token_that_is_not_whole_lets_nobody_in(gate: Gate, twist: dict[str, Any]) -> None:
    if "discovered" in twist:
        back = await gate.way_back()
        gate.idp.twist = twist
        look = await gate.someone.get(back)
    else:
        gate.idp.twist = twist
        look = await gate.come_back()
    assert (look.status, "cannot be believed" in look.words) == (502, True), look.words
    assert (await gate.someone.get("/")).status == 303


@pytest.mark.parametrize("algorithm", ["RS256", "HS256", "none"])
async def test_a_token_signed_by_somebody_else_lets_nobody_in(gate: Gate, algorithm: str) -> None:
    keys: dict[str, Any] = {"RS256": new_key(), "HS256": SECRET * 3, "none": None}
    gate.idp.algorithm, gate.idp.key = algorithm, keys[algorithm]
    look = await gate.come_back()
    assert look.status == 502
    assert (await gate.someone.get("/")).status == 303


async def test_only_an_answer_to_a_login_that_this_browser_began_is_looked_at(gate: Gate) -> None:
    back = await gate.way_back()
    async with visitor(gate.someone.url) as victim:
        assert (await victim.get(back)).status == 400, "a login that somebody else began"
    assert (await gate.someone.get(back.replace("state=", "state=x"))).status == 400
    assert (await gate.someone.get(back)).status == 400, "after a refusal it begins anew"
    back = await gate.way_back()
    assert (await gate.someone.get(f"{back}&iss=https://evil.example")).status == 400
    assert (await gate.come_back()).status == 200


async def test_a_code_is_good_once(gate: Gate) -> None:
    back = await gate.way_back()
    cookie = {cookie.key: cookie.value for cookie in gate.someone.session.cookie_jar}["ocpi-hub-oidc"]
    assert (await gate.someone.get(back)).status == 200
    async with visitor(gate.someone.url) as thief:
        assert (await thief.get(back, Cookie=f"ocpi-hub-oidc={cookie}")).status == 502


async def test_a_provider_that_says_no_or_is_away_is_told_in_words(gate: Gate) -> None:
    gate.idp.error = "access_denied"
    assert (await gate.come_back()).status == 401
    gate.idp.twist = {"discovered": "https://evil.example"}
    look = await gate.someone.get("/oidc/start")
    assert (look.status, "cannot be used" in look.words) == (502, True)


async def test_without_a_provider_there_is_nothing_to_log_in_with(
    store_url: str, settings: Callable[..., Settings]
) -> None:
    chosen = settings(store_url, server={"shutdown_s": 1}, admin={"port": 0})
    async with running(chosen) as hub, office(hub) as url, visitor(url) as someone:
        assert "sign-on" not in (await someone.get("/login")).words
        assert (await someone.get("/oidc/start")).status == 404
        assert (await someone.get("/oidc/callback?code=x&state=y")).status == 404
        assert hub.settings.admin.oidc.issuer is None
