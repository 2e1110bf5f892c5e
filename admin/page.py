"""A page of the web view as one row: where it is, who may see it, what draws it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp_jinja2
import jinja2
from aiohttp import web

from admin import shown
from admin.access import Admin
from admin.guard import ROLES, SESSION, is_secure
from admin.keys import AdminRole
from admin.problems import Handler, Problem
from admin.route import HUB, NO_STORE, ids_of
from admin.sessions import Session
from admin.written import in_utf8
from hub.lifecycle import Hub

TEMPLATES: Final = Path(__file__).with_name("templates")
STATIC: Final = Path(__file__).with_name("static")
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
MENU: Final = (
    ("/", "Overview"),
    ("/platforms", "Platforms"),
    ("/onboard", "Onboard"),
    ("/check", "Check"),
    ("/agreements", "Agreements"),
    ("/journal", "Journal"),
    ("/audit", "Audit"),
    ("/people", "Keys and users"),
)


DONE: Final = {
    "changed": "The settings were saved.",
    "suspended": "The platform is suspended: nothing is delivered to it, and nothing accepted from it.",
    "resumed": "The platform may send and receive again.",
    "rotated": "Both tokens were renewed.",
    "removed": "The platform was removed.",
    "findings-forgotten": "The findings were cleared; what is wrong from now on is counted anew.",
    "agreement-removed": "The agreement was removed.",
    "key-revoked": "The key opens nothing any more.",
    "user-created": "The user can log in now.",
    "user-changed": "The user was changed.",
    "user-removed": "The user can not log in any more.",
    "session-ended": "The session was ended.",
}
"""What a page says after a form was done, by the word that its address has."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody looks at a page, or sends its form."""

    hub: Hub
    request: web.Request
    ids: Mapping[str, str]
    form: Mapping[str, str]
    session: Session | None = None

    @property
    def admin(self) -> Admin:
        """Who it is. Only for pages that need a role."""
        if self.session is None:
            raise Problem(401, "unauthorized", "log in first")
        return self.session.admin

    @property
    def query(self) -> Mapping[str, str]:
        """What was asked for in the address."""
        return self.request.query

    @property
    def is_part(self) -> bool:
        """Whether htmx asks for a part of the page only."""
        return "HX-Request" in self.request.headers and "HX-History-Restore-Request" not in self.request.headers


@dataclass(frozen=True, slots=True)
class Shown:
    """A template with what it shows."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


Function = Callable[[Visit], Awaitable[Shown | web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Page:
    """A row of the table; a role of None is open to everybody."""

    method: str
    path: str
    role: AdminRole | None
    function: Function


def set_up(app: web.Application) -> None:
    """Templates that escape whatever they are given, and headers that a browser obeys on every answer."""
    aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        filters=shown.FILTERS,
    )
    app.on_response_prepare.append(_protect)


def showing(page: Page) -> Handler:
    """The row as aiohttp serves it. Who may see it was checked by `admin.guard`."""

    async def handle(request: web.Request) -> web.StreamResponse:
        form = {} if request.method == "GET" else await request.post()
        visit = Visit(
            hub=request.app[HUB],
            request=request,
            ids=ids_of(request),
            form={name: value for name, value in form.items() if isinstance(value, str)},
            session=request.get(SESSION),
        )
        answer = await page.function(visit)
        return drawn(request, answer) if isinstance(answer, Shown) else answer

    return handle


def drawn(request: web.Request, page: Shown) -> web.Response:
    """The template, filled in."""
    context = _common(request) | dict(page.values)
    text = aiohttp_jinja2.render_string(page.template, request, context)
    body, headers = in_utf8(text), NO_STORE
    return web.Response(status=page.status, body=body, content_type="text/html", charset="utf-8", headers=headers)


def problem_page(request: web.Request, problem: Problem) -> web.Response:
    """A problem as a person reads it."""
    response = drawn(request, Shown("problem.html", {"problem": problem}, problem.status))
    response.headers.update(problem.headers)
    return response


def moved(path: str, **query: str) -> web.Response:
    """Look there now: what every form answers when it was done, so that a reload does not do it again."""
    target = f"{path}?{urlencode(query)}" if query else path
    return web.Response(status=303, headers={"Location": target} | NO_STORE)


# --- what every template knows ---------------------------------------------------------------------------------------


def _common(request: web.Request) -> dict[str, Any]:
    hub = request.app[HUB]
    session = request.get(SESSION)
    roles = request.app[ROLES]

    def may(method: str, path: str) -> bool:
        """Whether whoever is here may do what this row does: nobody is offered what would be refused."""
        if (method, path) not in roles:
            return False
        needed = roles[method, path]
        return needed is None or (session is not None and session.admin.role.includes(needed))

    return {
        "hub_name": hub.settings.hub.name,
        "hub_party": hub.settings.hub.party,
        "me": None if session is None else session.admin,
        "csrf": "" if session is None else session.csrf,
        "menu": [(path, name) for path, name in MENU if ("GET", path) in roles and may("GET", path)],
        "here": request.path,
        "query": request.query,
        "may": may,
        "done": DONE.get(request.query.get("done", ""), ""),
        "now": time.time(),
        "static": _static,
    }


@lru_cache
def _static(name: str) -> str:
    """A file with its content in its address, so that a browser may keep it."""
    return f"/static/{name}?{hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


async def _protect(request: web.Request, response: web.StreamResponse) -> None:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"  # with none at all, a browser hides the origin of our own forms, too
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if is_secure(request):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.path.startswith("/static/"):
        headers["Cache-Control"] = "public, max-age=31536000, immutable" if request.query_string else "no-cache"
    else:
        headers.setdefault("Cache-Control", "no-store")
