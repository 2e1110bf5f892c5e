"""The one place where it is decided who may do what at the admin door, for the API and for pages alike.

Programs show a key, people have a session. What a row of the tables needs is looked up here and nowhere else.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from aiohttp import web

from admin.access import admitted
from admin.keys import AdminRole
from admin.problems import Handler, Problem, wants_page
from admin.route import ADMIN, API, HUB
from admin.sessions import Session, session_of
from hub.config import Settings
from hub.limits import Limits

Place = tuple[str, str]
"""Method and path of a row, as it is written in its table."""

ROLES: Final = web.AppKey("roles", Mapping[Place, AdminRole | None])
"""What each row needs; None is open to everybody. What is not here is open to nobody."""
LIMITS: Final = web.AppKey("limits", Limits)
SESSION: Final = web.RequestKey("session", Session)
SAFE: Final = frozenset({"GET", "HEAD"})
CSRF_FIELD: Final = "_csrf"
CSRF_HEADER: Final = "X-CSRF-Token"
POLL_HEADER: Final = "X-Poll"
"""On requests that a page makes by itself: they do not keep a session alive."""


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nobody learns or does anything here that their role does not allow."""
    if request.path == API or request.path.startswith(f"{API}/"):
        request[ADMIN] = await admitted(request.app[HUB], request)
        _check_role(request)
        return await handler(request)
    session = await current(request)
    if session is not None:
        request[SESSION], request[ADMIN] = session, session.admin
    if request.match_info.http_exception is not None:
        return await handler(request)
    if request.method not in SAFE:
        check_same_site(request)
    if _needed(request) is not None:
        if session is None:
            return to_login(request)
        if request.method not in SAFE:
            await _check_form(request, session)
        _check_role(request)
    return await handler(request)


async def current(request: web.Request) -> Session | None:
    """The session of the browser that asks."""
    secret = secret_of(request)
    is_click = POLL_HEADER not in request.headers
    return await session_of(request.app[HUB], secret, is_click=is_click) if secret else None


def to_login(request: web.Request) -> web.StreamResponse:
    """Where somebody without a session is sent; back again afterwards, if it was only to look."""
    wanted = request.path_qs if request.method in SAFE and request.path_qs != "/" else ""
    target = f"/login?next={quote(wanted, safe='')}" if wanted else "/login"
    if "HX-Request" in request.headers:
        return web.Response(status=401, headers={"HX-Redirect": "/login"})
    if not wants_page(request):
        raise Problem(401, "unauthorized", "log in to the web view, or use the API with an admin key")
    return web.Response(status=303, headers={"Location": target})


# --- the session's cookie --------------------------------------------------------------------------------------------


def is_secure(request: web.Request) -> bool:
    """Whether the browser speaks https to us, or to the proxy before us."""
    settings = request.app[HUB].settings
    if request.scheme == "https" or (settings.admin.public_url or "").startswith("https://"):
        return True
    is_proxied = request.app[LIMITS].is_trusted(request.remote)
    return is_proxied and request.headers.get("X-Forwarded-Proto", "").lower() == "https"


def cookie_name(request: web.Request, what: str = "session") -> str:
    """`__Host-` makes the browser refuse a cookie of that name that was not set by exactly this host, over https."""
    return f"__Host-ocpi-hub-{what}" if is_secure(request) else f"ocpi-hub-{what}"


def secret_of(request: web.Request) -> str:
    """The secret that the browser presents; empty where it has none."""
    return request.cookies.get(cookie_name(request), "")


# --- requests of other sites -----------------------------------------------------------------------------------------


def check_same_site(request: web.Request) -> None:
    """Raises Problem (403) for what a page of another site makes a browser send."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site not in (None, "same-origin", "none") or (origin is not None and not _is_own(request, origin)):
        raise Problem(403, "forbidden", "this was sent by a page of another site; set admin.public_url if it was not")


def _is_own(request: web.Request, origin: str) -> bool:
    settings: Settings = request.app[HUB].settings
    if settings.admin.public_url is not None:
        wanted = urlsplit(settings.admin.public_url)
        if origin == f"{wanted.scheme}://{wanted.netloc}":
            return True
    return urlsplit(origin).netloc == request.host


async def _check_form(request: web.Request, session: Session) -> None:
    """Raises Problem (403) for a form that was not drawn for this session."""
    token = request.headers.get(CSRF_HEADER)
    if token is None:
        token = str((await request.post()).get(CSRF_FIELD, ""))
    if not hmac.compare_digest(token.encode(), session.csrf.encode()):
        raise Problem(403, "forbidden", "this form is not of your session any more: load the page again")


# --- roles -----------------------------------------------------------------------------------------------------------


def place_of(request: web.Request) -> Place:
    """The row that a request belongs to."""
    resource = request.match_info.route.resource
    return request.method, "" if resource is None else resource.canonical


def _needed(request: web.Request) -> AdminRole | None:
    """What the row needs. Raises Problem (403) for a row that nobody wrote down."""
    roles, place = request.app[ROLES], place_of(request)
    if place not in roles:
        raise Problem(403, "forbidden", "nobody may do this")
    return roles[place]


def _check_role(request: web.Request) -> None:
    if request.match_info.http_exception is None and (role := _needed(request)) is not None:
        request[ADMIN].require(role)
