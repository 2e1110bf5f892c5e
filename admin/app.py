"""The admin door: a port of its own with the API, and what tells a machine whether the hub lives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from admin.openapi import described
from admin.problems import Handler, Problem, problems
from admin.route import API, HUB, Route, guarded, serving
from admin.routes import ROUTES
from hub.lifecycle import ADMIN_SHARE, Hub
from hub.metrics import CONTENT_TYPE
from hub.server import accepting, bind

MAX_BODY_BYTES: Final = 1024 * 1024


def make_app(hub: Hub) -> web.Application:
    """Everything that the admin door serves."""
    app = web.Application(middlewares=[problems, guarded], client_max_size=MAX_BODY_BYTES)
    app[HUB] = hub
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    app.router.add_get(f"{API}/openapi.json", _openapi(ROUTES))
    for route in ROUTES:
        app.router.add_route(route.method, API + route.path, serving(route))
    return app


@asynccontextmanager
async def office(hub: Hub) -> AsyncIterator[str]:
    """Open the admin door of a running hub; its URL. Raises OSError for a port that is taken."""
    settings = hub.settings
    sock = bind(settings.admin.host, settings.admin.port)
    shutdown_s = settings.server.shutdown_s * ADMIN_SHARE
    runner = web.AppRunner(make_app(hub), access_log=None, shutdown_timeout=shutdown_s)
    certificates = settings.admin.certificates
    try:
        async with accepting(runner, sock, certificates):
            host, port = sock.getsockname()[:2]
            scheme = "https" if certificates else "http"
            yield f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    finally:
        sock.close()


def _openapi(routes: Sequence[Route]) -> Handler:
    document = described(routes)

    async def openapi(_request: web.Request) -> web.Response:
        return web.json_response(document)

    return openapi


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
