"""Who gets into the web view, how long, and what other sites cannot make a browser do there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from admin import users
from admin.app import office
from admin.guard import ROLES
from admin.keys import AdminRole
from admin.page import TEMPLATES
from hub.config import Settings
from hub.lifecycle import running
from hub.store import sessions as stored_sessions
from tests.admin.door import BOOTSTRAP, Door
from tests.admin.stores import one_store
from tests.admin.visitor import PASSWORD, Visitor, visitor, with_users

store_kind = one_store

COOKIE = "ocpi-hub-session"


@pytest.fixture
async def guest(door: Door) -> AsyncIterator[Visitor]:
    """A browser at a door that knows a user of each role."""
    await with_users(door.hub)
    async with visitor(door.url) as someone:
        yield someone


# --- getting in ------------------------------------------------------------------------------------------------------


async def test_whoever_is_not_logged_in_is_sent_to_the_login_and_back(guest: Visitor) -> None:
    look = await guest.get("/?search=tnm")
    assert (look.status, look.location) == (303, "/login?next=%2F%3Fsearch%3Dtnm")
    form = await guest.get(look.location)
    assert 'name="next" value="/?search=tnm"' in form.text
    done = await guest.post_raw("/login", {"name": "viewer", "password": PASSWORD, "next": "/?search=tnm"})
    assert (done.status, done.location) == (303, "/?search=tnm")


async def test_the_login_leads_nowhere_else(guest: Visitor) -> None:
    for wanted in ["//evil.example/", "https://evil.example/", "/\\evil.example", "\t//evil.example"]:
        done = await guest.post_raw("/login", {"name": "viewer", "password": PASSWORD, "next": wanted})
        assert (done.status, done.location) == (303, "/")


async def test_a_user_logs_in_with_name_and_password_and_a_program_key_does_as_well(guest: Visitor, door: Door) -> None:
    assert (await guest.log_in("OWNER")).status == 303
    assert "owner" in (await guest.get("/")).words
    async with visitor(door.url) as other:
        assert (await other.log_in_with_key(door.keys[AdminRole.VIEWER])).status == 303
        assert "the viewer" in (await other.get("/")).words
    async with visitor(door.url) as third:
        assert (await third.log_in_with_key(BOOTSTRAP)).status == 303
        assert "bootstrap key" in (await third.get("/")).words


@pytest.mark.parametrize(
    "form",
    [
        {"name": "owner", "password": "wrong"},
        {"name": "owner", "password": ""},
        {"name": "nobody", "password": PASSWORD},
        {"name": "", "password": PASSWORD},
        {"key": "nonsense"},
        {"key": "ключ"},
        {},
    ],
)
async def test_who_cannot_prove_it_stays_outside(guest: Visitor, form: dict[str, str]) -> None:
    look = await guest.post_raw("/login", form)
    assert (look.status, look.cookies) == (401, {})
    assert (await guest.get("/")).location == "/login"


async def test_a_user_of_the_openid_provider_has_no_password_to_guess(door: Door, guest: Visitor) -> None:
    await users.create(
        door.hub.store, name="ann", role=AdminRole.OWNER, password=None, identity="https://id.example ann", by="test"
    )
    for password in ("", "None", "the password of nobody"):
        assert (await guest.post_raw("/login", {"name": "ann", "password": password})).status == 401


async def test_passwords_are_kept_as_argon2id_and_sessions_as_a_hash(door: Door, guest: Visitor) -> None:
    done = await guest.log_in("owner")
    secret = done.cookies[COOKIE].split(";")[0].partition("=")[2]
    async with door.hub.store.read() as connection:
        (row,) = await stored_sessions.every(connection, now=0, idle_s=1e12)
        assert await stored_sessions.by_fingerprint(connection, door.hub.fingerprints.of(secret)) == row
        assert await stored_sessions.by_fingerprint(connection, secret.encode()) is None
        user = await users.stored.by_name(connection, "owner")
    assert user is not None
    assert user.password is not None
    assert user.password.startswith("$argon2id$")
    assert PASSWORD not in user.password


async def test_guessing_is_slowed_down_for_the_user_and_for_the_address(door: Door, guest: Visitor) -> None:
    wrong = [(await guest.post_raw("/login", {"name": "owner", "password": "x"})).status for _ in range(7)]
    assert wrong == [401] * 5 + [429] * 2
    blocked = await guest.post_raw("/login", {"name": "Owner", "password": PASSWORD})
    assert (blocked.status, blocked.cookies) == (429, {})
    assert int(blocked.headers["Retry-After"]) > 0
    assert (await guest.post_raw("/login", {"name": "viewer", "password": PASSWORD})).status == 303
    for number in range(15):
        assert (await guest.post_raw("/login", {"name": f"n{number}", "password": "x"})).status == 401
    for form in ({"name": "operator", "password": PASSWORD}, {"key": BOOTSTRAP}):
        assert (await guest.post_raw("/login", form)).status == 429
    assert (await door.call("GET", "/platforms")).status == 200, "keys of programs go on"


# --- sessions --------------------------------------------------------------------------------------------------------


async def test_the_cookie_is_of_this_host_alone_and_out_of_reach_for_scripts(guest: Visitor) -> None:
    cookie = (await guest.log_in("owner")).cookies[COOKIE]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert "Secure" not in cookie, "on plain http a browser would not send it back"


async def test_behind_a_proxy_that_does_tls_the_cookie_is_secure(
    store_url: str, settings: Callable[..., Settings]
) -> None:
    chosen = settings(store_url, server={"trusted_proxies": ["127.0.0.0/8"], "shutdown_s": 1}, admin={"port": 0})
    async with running(chosen) as hub, office(hub) as url, visitor(url) as someone:
        await with_users(hub)
        done = await someone.post_raw(
            "/login", {"name": "owner", "password": PASSWORD}, X_Forwarded_Proto="https", X_Forwarded_For="192.0.2.7"
        )
        cookie = done.cookies[f"__Host-{COOKIE}"]
        assert "Secure" in cookie
        assert done.headers["Strict-Transport-Security"]
        async with hub.store.read() as connection:
            (row,) = await stored_sessions.every(connection, now=0, idle_s=1e12)
        assert row.address == "192.0.2.7"


async def test_a_session_that_somebody_else_prepared_is_not_taken_over(door: Door, guest: Visitor) -> None:
    """Session fixation: the secret after a login is none that was there before."""
    guest.session.cookie_jar.update_cookies({COOKIE: "prepared"}, response_url=aiohttp.client.URL(door.url))
    first = (await guest.log_in("viewer")).cookies[COOKIE]
    assert "prepared" not in first
    second = (await guest.log_in("owner")).cookies[COOKIE]
    assert first.split(";")[0] != second.split(";")[0]
    async with visitor(door.url) as thief:
        for secret in ("prepared", first.split(";")[0].partition("=")[2]):
            assert (await thief.get("/", Cookie=f"{COOKIE}={secret}")).location == "/login"


async def test_after_logging_out_the_secret_opens_nothing(door: Door, guest: Visitor) -> None:
    cookie = (await guest.log_in("owner")).cookies[COOKIE].split(";")[0]
    assert (await guest.post("/logout")).location == "/login"
    async with visitor(door.url) as thief:
        assert (await thief.get("/", Cookie=cookie)).location == "/login"


async def test_a_session_ends_with_its_user_its_password_and_its_key(door: Door, guest: Visitor) -> None:
    await guest.log_in("operator")
    async with door.hub.store.read() as connection:
        user = await users.stored.by_name(connection, "operator")
    assert user is not None
    await users.change(door.hub.store, user.id, password="$argon2id$other", by="test")
    assert (await guest.get("/")).location == "/login"
    await guest.log_in("viewer")
    async with door.hub.store.read() as connection:
        user = await users.stored.by_name(connection, "viewer")
    assert user is not None
    await users.remove(door.hub.store, user.id, by="test")
    assert (await guest.get("/")).location == "/login"
    made = (await door.call("POST", "/keys", {"name": "k", "role": "owner"})).json
    await guest.log_in_with_key(made["key"])
    assert (await guest.get("/")).status == 200
    await door.call("DELETE", f"/keys/{made['id']}")
    assert (await guest.get("/")).location == "/login"


async def test_who_loses_a_role_loses_it_in_the_middle_of_a_session(door: Door, guest: Visitor) -> None:
    await guest.log_in("operator")
    async with door.hub.store.read() as connection:
        user = await users.stored.by_name(connection, "operator")
    assert user is not None
    await users.change(door.hub.store, user.id, role=AdminRole.VIEWER, by="test")
    assert "viewer" in (await guest.get("/")).words


@pytest.mark.parametrize("limit", ["session_s", "session_idle_s"])
async def test_a_session_ends_by_itself(store_url: str, settings: Callable[..., Settings], limit: str) -> None:
    chosen = settings(store_url, server={"shutdown_s": 1}, admin={"port": 0, limit: 0.001})
    async with running(chosen) as hub, office(hub) as url, visitor(url) as someone:
        await with_users(hub)
        assert (await someone.log_in("owner")).status == 303
        assert (await someone.get("/")).location == "/login"


# --- other sites -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
async def test_what_another_site_sends_is_refused(guest: Visitor, headers: dict[str, str]) -> None:
    login = await guest.post_raw("/login", {"name": "owner", "password": PASSWORD}, **headers)
    assert (login.status, login.cookies) == (403, {})
    await guest.log_in("owner")
    assert (await guest.post("/logout", **headers)).status == 403
    assert (await guest.get("/")).status == 200


async def test_a_form_without_the_token_of_the_session_is_refused(door: Door, guest: Visitor) -> None:
    await guest.log_in("owner")
    async with visitor(door.url) as other:
        await other.log_in("owner")
        foreign = other.csrf
    for form in ({}, {"_csrf": ""}, {"_csrf": "x" * 64}, {"_csrf": foreign}):
        assert (await guest.post_raw("/logout", form)).status == 403
    assert (await guest.post("/logout")).status == 303


async def test_a_key_in_a_header_does_not_open_pages_and_a_cookie_does_not_open_the_api(
    door: Door, guest: Visitor
) -> None:
    assert (await guest.get("/", Authorization=f"Bearer {BOOTSTRAP}")).location == "/login"
    await guest.log_in("owner")
    assert (await guest.get("/api/v1/platforms")).status == 401


# --- every answer ----------------------------------------------------------------------------------------------------


async def test_every_answer_tells_the_browser_what_it_may_not_do(guest: Visitor) -> None:
    async def seen() -> None:
        for path in ("/", "/login", "/nothing", "/static/app.css", "/static/none", "/healthz", "/api/v1/platforms"):
            look = await guest.get(path)
            policy = look.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy, path
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert look.headers["X-Content-Type-Options"] == "nosniff"
            assert look.headers["Referrer-Policy"] == "same-origin"
            assert path.startswith("/static/") or look.headers["Cache-Control"] == "no-store", path

    await seen()
    await guest.log_in("owner")
    await seen()


def test_no_template_needs_what_the_policy_forbids() -> None:
    for file in set(TEMPLATES.rglob("*.html")) - {TEMPLATES / "check_report.html"}:  # a document that leaves the hub
        text = file.read_text(encoding="utf-8")
        assert not re.search(r'\sstyle="|<style|\son\w+=|javascript:|<script(?![^>]*\ssrc=)|hx-on|\|\s*safe', text), (
            file
        )
        assert not re.search(r"""(src|href)=["']?(https?:)?//""", text), f"{file}: from another host"


async def test_what_is_in_no_table_is_open_to_nobody(door: Door) -> None:
    from admin.app import make_app

    app = make_app(door.hub)
    for route in app.router.routes():
        assert route.resource is not None
        assert (route.method, route.resource.canonical) in app[ROLES]
    is_open = {path for (_, path), role in app[ROLES].items() if role is None}
    assert is_open == {"/healthz", "/readyz", "/metrics", "/static", "/login", "/oidc/start", "/oidc/callback"}


def test_htmx_is_shipped_with_its_licence() -> None:
    folder = Path(TEMPLATES).with_name("static")
    assert (folder / "htmx.min.js").stat().st_size > 10_000
    assert "Zero-Clause BSD" in (folder / "README.md").read_text(encoding="utf-8")
