"""Logging in and out: with a password, or with an admin key. Whoever guesses is slowed down by user and by address."""

from __future__ import annotations

import ipaddress
import time
from typing import Final

import structlog
from aiohttp import web

from admin.access import admin_of
from admin.guard import LIMITS, cookie_name, is_secure, secret_of
from admin.page import Shown, Visit, drawn, moved
from admin.sessions import Browser, begin, end
from admin.users import Passwords, logged_in
from hub.limits import forwarded_for
from hub.store import sessions, users
from hub.store.users import folded

log = structlog.get_logger(__name__)

PASSWORDS: Final = web.AppKey("passwords", Passwords)
WITHIN_S: Final = 900.0
MAX_AS_USER_FROM_THERE: Final = 5
MAX_FROM_THERE: Final = 20
MAX_AS_USER: Final = 50
"""From everywhere: higher, so that a stranger does not easily lock out somebody else."""
WITH_KEY: Final = "(key)"
"""In place of a name, where somebody tries keys."""


async def login_page(visit: Visit) -> Shown | web.StreamResponse:
    """Where everybody begins."""
    if visit.session is not None:
        return moved("/")
    return await form_of(visit)


async def log_in(visit: Visit) -> Shown | web.StreamResponse:
    """Look at what was given. The session's secret is new with each login, whatever the browser brought along."""
    key, name = visit.form.get("key", "").strip(), visit.form.get("name", "").strip()
    browser = browser_of(visit.request)
    who, there = WITH_KEY if key else folded(name), _network_of(browser.address)
    if await _is_too_often(visit, who, there):
        text = f"Too many attempts. Try again in {WITHIN_S / 60:.0f} minutes."
        answer = drawn(visit.request, await form_of(visit, text, 429))
        answer.headers["Retry-After"] = f"{WITHIN_S:.0f}"
        return answer
    known = await _with_key(visit, key) if key else await _with_password(visit, name, visit.form.get("password", ""))
    if known is None:
        log.warning("login refused", name=who, address=browser.address)
        return await form_of(visit, "This key is not known." if key else "Name or password is wrong.", 401)
    user_id, holder = known
    async with visit.hub.store.write() as connection:
        await sessions.forget_attempts(connection, name=who, address=there)
    return await enter(visit, browser, user_id=user_id, key=key or None, name=holder)


async def enter(
    visit: Visit, browser: Browser, *, user_id: str | None = None, key: str | None = None, name: str
) -> web.Response:
    """Begin a session, and look at what was wanted."""
    secret = await begin_session(visit, browser, user_id=user_id, key=key, name=name)
    answer = moved(safe_path(visit.form.get("next", "")))
    set_cookie(visit.request, answer, "session", secret, samesite="Strict")
    return answer


async def begin_session(
    visit: Visit, browser: Browser, *, user_id: str | None = None, key: str | None = None, name: str
) -> str:
    """A session in place of the one that the browser had; its secret."""
    old = secret_of(visit.request)
    return await begin(visit.hub, browser, user_id=user_id, key=key, name=name, instead_of=old or None)


async def log_out(visit: Visit) -> web.Response:
    """End the session, here and in the store."""
    if visit.session is not None:
        await end(visit.hub, visit.session.id, by=visit.session.admin.name, action="logged out")
    answer = moved("/login")
    set_cookie(visit.request, answer, "session", "", samesite="Strict", max_age=0)
    return answer


def browser_of(request: web.Request) -> Browser:
    """Where a request comes from."""
    address = request.app[LIMITS].address_of(request.remote, forwarded_for(request.headers))
    return Browser(str(address or ""), request.headers.get("User-Agent", ""))


def set_cookie(
    request: web.Request,
    answer: web.StreamResponse,
    what: str,
    value: str,
    *,
    samesite: str,
    max_age: int | None = None,
) -> None:
    """A cookie that no script reads, and that goes to this host alone."""
    answer.set_cookie(
        cookie_name(request, what),
        value,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite=samesite,
        max_age=max_age,
    )


async def form_of(visit: Visit, error: str = "", status: int = 200) -> Shown:
    """The login page, with what went wrong."""
    async with visit.hub.store.read() as connection:
        has_users = await users.count(connection) > 0
    wanted = visit.form.get("next", visit.query.get("next", ""))
    values = {
        "error": error,
        "next": safe_path(wanted),
        "has_users": has_users,
        "name": visit.form.get("name", ""),
        "provider": visit.hub.settings.admin.oidc.name if visit.hub.settings.admin.oidc.issuer else "",
    }
    return Shown("login.html", values, status)


async def _with_key(visit: Visit, key: str) -> tuple[None, str] | None:
    admin = await admin_of(visit.hub, key)
    return None if admin is None else (None, admin.name)


async def _with_password(visit: Visit, name: str, password: str) -> tuple[str, str] | None:
    async with visit.hub.store.read() as connection:
        user = await users.by_name(connection, name) if name else None
    if not await visit.request.app[PASSWORDS].holds(user, password) or user is None:
        return None
    await logged_in(visit.hub.store, user.id)
    return user.id, user.name


async def _is_too_often(visit: Visit, who: str, address: str) -> bool:
    """Whether one more attempt is too much; else it is noted, before anything is compared."""
    now = time.time()
    async with visit.hub.store.write() as connection:
        made = await sessions.attempts(connection, name=who, address=address, since=now - WITHIN_S)
        is_over = (
            made.as_user_from_there >= MAX_AS_USER_FROM_THERE
            or made.from_there >= MAX_FROM_THERE
            or (made.as_user >= MAX_AS_USER and who != WITH_KEY)
        )
        if not is_over:
            await sessions.attempt(connection, name=who, address=address, at=now, forget_before=now - WITHIN_S)
    return is_over


def _network_of(address: str) -> str:
    """Of IPv6 the network: whoever has one address there has them all."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else address


def safe_path(wanted: str) -> str:
    """A path of our own; everything else leads to the first page."""
    is_own = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable()
    return wanted if is_own and not wanted.startswith("/login") else "/"
