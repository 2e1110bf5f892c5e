"""How a fake party serves: a real server on a port of its own, what is at each address, and its faults."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from hub.testing.exchange import Seen
from hub.testing.faults import FAULTS, Stage, Struck
from hub.testing.samples import now
from hub.testing.shelf import Served
from routing.catalogue import MODULES
from routing.ocpi import VERSIONS, Interface

if TYPE_CHECKING:
    from hub.testing.party import FakeParty


class Serving:
    """The server side of one fake party."""

    def __init__(self, party: FakeParty, port: int) -> None:
        self._party = party
        self.port = port
        self._struck: list[Struck] = []
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen; again on the same port, where it did before."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        sock = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self.port = sock.getsockname()[1]
        await web.SockSite(self._runner, sock).start()

    async def stop(self) -> None:
        """Stop listening: connections are refused."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def endpoint_rows(self, version: str) -> list[dict[str, str]]:
        """What its version details say."""
        slash = "/" if self.is_struck("trailing-slash") else ""
        base = f"{self.base_url}/ocpi/{version}"
        rows = [{"identifier": "credentials", "role": "SENDER", "url": f"{base}/credentials{slash}"}]
        for name, interface in self._interfaces(version):
            rows.append({"identifier": name, "role": interface, "url": f"{base}/{interface.lower()}/{name}{slash}"})
        if VERSIONS[version].endpoints_have_role:
            return rows
        return [{key: value for key, value in row.items() if key != "role"} for row in rows]

    def _interfaces(self, version: str) -> list[tuple[str, Interface]]:
        only = self._party.modules
        found = []
        for module in MODULES.values():
            for interface in Interface:
                is_ours = self._party.role in module.roles(interface) and version in module.versions
                if is_ours and (only is None or module.identifier in only):
                    found.append((module.identifier, interface))
        if VERSIONS[version].has_routing_headers and (
            self._party.modules is None or "hubclientinfo" in self._party.modules
        ):
            found.append(("hubclientinfo", Interface.RECEIVER))
        known = {module.identifier for module in MODULES.values()} | {"hubclientinfo"}
        found += [(name, interface) for name in only or () if name not in known for interface in Interface]
        return found

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        segments = path.split("/")
        if self.is_struck("trailing-slash") and len(segments) > 4 and not path.endswith("/"):
            return web.Response(status=307, headers={"Location": self.base_url + path + "/"})
        if not self._party.handshakes.accepts(request.headers.get("Authorization", "")):
            return _respond(Served(401, 2000))
        match segments:
            case ["", "ocpi", "versions" | "versions/"]:
                return _respond(self._party.handshakes.versions())
            case ["", "ocpi", number]:
                return _respond(self._party.handshakes.details(number))
            case ["", "ocpi", number, "credentials"] | ["", "ocpi", number, "credentials", ""]:
                return _respond(await self._party.handshakes.serve(number, request.method, await request.read()))
            case ["", "ocpi", _, "results", key]:
                return _respond(await self._party.take_result(key, request))
            case ["", "ocpi", _, "sender" | "receiver" as side, module, *rest]:
                return await self._serve_module(request, side.upper(), module, "".join(f"/{part}" for part in rest))
            case _:
                return _respond(Served(404, 2000))

    async def _serve_module(self, request: web.Request, interface: str, module: str, path: str) -> web.StreamResponse:
        raw_query = request.raw_path.partition("?")[2]
        seen = Seen(
            request.method, module, interface, path, raw_query, request.raw_path, request.headers, await request.read()
        )
        await self._party.memory.add(seen)

        async def answer() -> web.StreamResponse:
            return _respond(self._party.respond(seen), self._body_faults(module))

        for struck in self._struck:
            if struck.fault.stage is not Stage.ANSWER or not struck.applies(module):
                continue
            if struck.fault.answer is not None:
                return await struck.fault.answer(request, answer, struck.seconds)
            if struck.fault.name == "patch-unsupported" and request.method == "PATCH":
                return web.Response(status=405, headers={"Allow": "GET, PUT"})
            if struck.fault.name == "empty-link":
                response = await answer()
                response.headers.setdefault("Link", "")
                return response
        return await answer()

    def _body_faults(self, module: str) -> list[Callable[[dict[str, Any]], Any]]:
        return [
            struck.fault.body
            for struck in self._struck
            if struck.fault.stage is Stage.BODY and struck.fault.body and struck.applies(module)
        ]

    # --- misbehaving -------------------------------------------------------------------------------------------------

    def strike(self, name: str, module: str | None, times: int | None, seconds: float) -> None:
        """Switch a fault on. Raises KeyError for one that does not exist."""
        self._struck.append(Struck(FAULTS[name], module, times, seconds))

    def heal(self) -> None:
        """Switch every fault off."""
        self._struck.clear()

    def is_struck(self, name: str) -> bool:
        """Whether a fault is on."""
        return any(struck.fault.name == name for struck in self._struck)


def _respond(served: Served, faults: list[Callable[[dict[str, Any]], Any]] | None = None) -> web.Response:
    document: Any = {} if served.data is None else {"data": served.data}
    document |= {"status_code": served.code, "timestamp": now()}
    for fault in faults or ():
        document = fault(document)
    return web.Response(
        status=served.http,
        body=json.dumps(document).encode(),
        headers={"Content-Type": "application/json", **served.headers},
    )
