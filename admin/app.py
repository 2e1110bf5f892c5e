"""The admin door: a port of its own with the API, the web view, and what tells a machine whether the hub lives."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Final

from aiohttp import web

from admin.background import BACKGROUND, Background
from admin.garbage import Runner
from admin.guard import LIMITS, ROLES, guarded
from admin.keys import AdminRole
from admin.login import PASSWORDS
from admin.openapi import described
from admin.page import STATIC, problem_page, set_up, showing
from admin.pages.table import PAGES
from admin.problems import AS_PAGE, AsPage, Handler, Problem, problems
from admin.route import API, HUB, serving
from admin.routes import ROUTES
from admin.users import Passwords
from hub.lifecycle import ADMIN_SHARE, Hub
from hub.limits import Limits
from hub.metrics import CONTENT_TYPE
from hub.server import accepting, bind

MAX_BODY_BYTES: Final = 1024 * 1024


def make_app(hub: Hub) -> web.Application:
    """Everything that the admin door serves."""
    app = web.Application(middlewares=[problems, guarded], client_max_size=MAX_BODY_BYTES)
    app[HUB] = hub
    app[LIMITS] = Limits(hub.settings.server.trusted_proxies)
    app[PASSWORDS] = Passwords()
    app[BACKGROUND] = Background()
    app.on_cleanup.append(_end_background)
    app[AS_PAGE] = AsPage(problem_page)
    set_up(app)
    roles: dict[tuple[str, str], AdminRole | None] = {}

    def add(method: str, path: str, role: AdminRole | None, handler: Handler) -> None:
        app.router.add_route(method, path, handler)
        roles[method, path] = role

    for path, handler in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics)):
        add("GET", path, None, handler)
        add("HEAD", path, None, handler)
    app.router.add_static("/static", STATIC)
    roles["GET", "/static"] = roles["HEAD", "/static"] = None
    add("GET", f"{API}/openapi.json", AdminRole.VIEWER, openapi)
    for route in ROUTES:
        add(route.method, API + route.path, route.role, serving(route))
    for page in PAGES:
        add(page.method, page.path, page.role, showing(page))
    app[ROLES] = roles
    return app


@asynccontextmanager
async def office(hub: Hub) -> AsyncIterator[str]:
    """Open the admin door of a running hub; its URL. Raises OSError for a port that is taken."""
    settings = hub.settings
    sock = bind(settings.admin.host, settings.admin.port)
    shutdown_s = settings.server.shutdown_s * ADMIN_SHARE / 2  # aiohttp waits so long twice
    runner = Runner(make_app(hub), access_log=None, shutdown_timeout=shutdown_s)
    certificates = settings.admin.certificates
    try:
        async with accepting(runner, sock, certificates):
            host, port = sock.getsockname()[:2]
            scheme = "https" if certificates else "http"
            yield f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    finally:
        sock.close()


async def _end_background(app: web.Application) -> None:
    await app[BACKGROUND].close()


@cache
def _description() -> bytes:
    """Written when somebody first asks for it: that takes longer than opening the door."""
    return json.dumps(described(ROUTES)).encode()


async def openapi(_request: web.Request) -> web.Response:
    """What the API is, in the words of OpenAPI 3.1."""
    return web.Response(body=_description(), content_type="application/json")


async def healthz(_request: web.Request) -> web.Response:
    """The process serves."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """Parties can be served; else 503 with the reason."""
    reason = await request.app[HUB].not_ready()
    if reason is not None:
        raise Problem(503, "not ready", reason)
    return web.json_response({"status": "ready"})


async def metrics(request: web.Request) -> web.Response:
    """What Prometheus asks for."""
    return web.Response(body=request.app[HUB].metrics.rendered(), headers={"Content-Type": CONTENT_TYPE})
