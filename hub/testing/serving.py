"""How a fake party serves: a real server on a port of its own, what is at each address, and its faults."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from hub.testing import calling
from hub.testing.exchange import Seen
from hub.testing.samples import now
from hub.testing.shelf import Served
from routing.catalogue import MODULES, module_key
from routing.ocpi import VERSIONS, Interface

if TYPE_CHECKING:
    from hub.testing.party import FakeParty

HOST: Final = "127.0.0.1"
BACKLOG: Final = 256
UNKNOWN_TOKEN: Final = Served(401, 2000, message="unknown token")
NOTHING_HERE: Final = Served(404, 2000, message="nothing is at this address")
CONFIGURATION: Final = ("versions", "credentials")


class Serving:
    """The server side of one fake party."""

    def __init__(self, party: FakeParty, port: int) -> None:
        self._party = party
        self.port = port
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None
        self._reserved: socket.socket | None = None
        self._coming_back: socket.socket | None = None
        """Listening again, but not served yet."""

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    def url(self, version: str, *segments: str) -> str:
        """An address of its own; 2.1.1 knows no interface roles, so a CPO's addresses are apart from an eMSP's."""
        row = VERSIONS[version]
        base = f"{self.base_url}/ocpi/" + (
            version if row.endpoints_have_role else f"{self._party.role.lower()}/{version}"
        )
        return "/".join((base, *segments))

    async def start(self) -> None:
        """Listen; again on the same port, where it did before."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", r"/{path:[\s\S]*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen(socket.create_server((HOST, self.port), backlog=BACKLOG))

    async def stop(self) -> None:
        """Stop listening: connections are refused."""
        for open_socket in (self._listener, self._reserved, self._coming_back):
            if open_socket is not None:
                open_socket.close()
        runner, self._runner, self._listener, self._reserved = self._runner, None, None, None
        self._coming_back = None
        if runner is not None:
            await runner.cleanup()

    def pause(self) -> None:
        """Go offline at once: hang up, refuse connections, and keep the port reserved."""
        if self._listener is None or self._runner is None:
            return
        self._listener.close()
        self._listener = None
        for connection in self._runner.server.connections if self._runner.server else ():
            if connection.transport is not None:
                connection.transport.abort()
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind((HOST, self.port))  # bound, but not listening: the system refuses connections

    def resume(self) -> None:
        """Be back on the same port at once."""
        listener, self._reserved = self._reserved, None
        if listener is not None:
            self._coming_back = listener
            listener.listen(BACKLOG)
            self._party.afterwards.start(self._listen(listener))

    async def _listen(self, listener: socket.socket) -> None:
        assert self._runner is not None
        assert self._runner.server is not None
        self.port = listener.getsockname()[1]
        self._listener = await asyncio.get_running_loop().create_server(
            self._runner.server, sock=listener, backlog=BACKLOG
        )
        self._coming_back = None

    # --- addresses ---------------------------------------------------------------------------------------------------

    def versions(self) -> Served:
        """What it answers to GET versions."""
        return Served(data=[{"version": number, "url": self.url(number)} for number in self._party.offers])

    def details(self, version: str) -> Served:
        """What it answers to GET version details."""
        slash = "/" if self._party.mischief.is_on("trailing-slash") else ""
        rows = [{"identifier": "credentials", "role": "SENDER", "url": self.url(version, "credentials")}]
        for name, interface in self._interfaces(version):
            where = (interface.lower(), name) if VERSIONS[version].endpoints_have_role else (name,)
            url = self._party.elsewhere.get((module_key(name), interface)) or self.url(version, *where) + slash
            rows.append({"identifier": name, "role": interface, "url": url})
        if not VERSIONS[version].endpoints_have_role:
            rows = [{key: value for key, value in row.items() if key != "role"} for row in rows]
        return Served(data={"version": version, "endpoints": rows})

    def _interfaces(self, version: str) -> list[tuple[str, Interface]]:
        """The modules it has, custom ones on both interfaces."""
        only = self._party.modules
        found = [
            (module.identifier, interface)
            for module in MODULES.values()
            for interface in Interface
            if version in module.versions and any(role in module.roles(interface) for _, role in self._party.roles)
        ]
        found += [row for row in self._party.extra if row not in found]
        if VERSIONS[version].has_routing_headers:
            found.append(("hubclientinfo", Interface.RECEIVER))
        wanted = None if only is None else {module_key(name) for name in only}
        found = [row for row in found if wanted is None or module_key(row[0]) in wanted]
        custom = [name for name in only or () if module_key(name) not in {*MODULES, "hubclientinfo"}]
        return found + [(name, interface) for name in custom for interface in Interface]

    def _seen(self, request: web.Request, body: bytes) -> Seen | None:
        """The request by what its address means; None where nothing is there."""
        path, _, query = request.raw_path.partition("?")
        found = self._meaning(path.split("/"))
        if found is None:
            return None
        version, interface, module, tail = found
        below = "".join(f"/{part}" for part in tail)
        return Seen(
            request.method,
            module_key(module),
            interface,
            below,
            query,
            request.raw_path,
            request.headers,
            body,
            version,
        )

    def _meaning(self, segments: list[str]) -> tuple[str, str, str, list[str]] | None:
        """Version, interface and module of an address, and the segments below."""
        offers, side = self._party.offers, self._party.role.lower()
        match segments:
            case ["", "ocpi", "versions", *_]:
                return self._party.version.number, "", "versions", []
            case ["", "ocpi", version] | ["", "ocpi", version, ""] if version in offers:
                return version, "", "versions", [version]
            case ["", "ocpi", version, "credentials", *_] if version in offers:
                return version, "", "credentials", []
            case ["", "ocpi", version, "results", *tail] if version in offers:
                return version, Interface.SENDER, "results", tail
            case ["", "ocpi", version, "sender" | "receiver" as interface, module, *tail] if version in offers:
                return version, interface.upper(), module, tail
            case ["", "ocpi", name, version, *tail] if name == side and version in offers:
                if not tail or tail[0] in ("", "credentials", "results"):
                    return self._meaning(["", "ocpi", version, *tail])
                return version, self._interface_of(tail[0]), tail[0], tail[1:]
            case _:
                return None

    def _interface_of(self, module: str) -> Interface:
        """Which side it has of a module, where addresses do not say so (2.1.1)."""
        row = MODULES.get(module_key(module))
        return Interface.SENDER if row is not None and self._party.role in row.sender_roles else Interface.RECEIVER

    # --- answers -----------------------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        seen = self._seen(request, await request.read())
        if seen is None:
            return self._respond(NOTHING_HERE)
        await self._party.memory.add(seen)
        token = self._party.handshakes.token_of(request.headers.get("Authorization", ""), self._token_form())
        if token is None or (self._party.handshakes.is_invitation(token) and seen.module not in CONFIGURATION):
            is_quirky = self._party.mischief.is_on("bad-token-3000")
            return self._respond(Served(code=3000) if is_quirky else UNKNOWN_TOKEN, seen)
        path, mark, query = seen.raw_path.partition("?")
        if not path.endswith("/") and self._wants_slash(seen):
            return web.Response(status=307, headers={"Location": f"{self.base_url}{path}/{mark}{query}"})

        async def answer() -> web.StreamResponse:
            return self._respond(await self._answer(seen, token), seen)

        if self._is_strangers(seen):
            return self._respond(NOTHING_HERE, seen)
        struck = self._party.mischief.first_answer(seen)
        if struck is not None and struck.fault.answer is not None:
            return await struck.fault.answer(request, answer, struck.seconds)
        return await answer()

    def _token_form(self) -> str:
        """In which form alone a token is accepted; empty for both."""
        is_on = self._party.mischief.is_on
        return "raw" if is_on("only-raw-token") else "base64" if is_on("only-base64-token") else ""

    def _wants_slash(self, seen: Seen) -> bool:
        """Whether an address without a slash at its end is redirected."""
        is_on = self._party.mischief.is_on
        return is_on("slash-everywhere") or (bool(seen.interface) and is_on("trailing-slash"))

    def _is_strangers(self, seen: Seen) -> bool:
        """Whether an object is one of a party that it did not register with, and that matters to it."""
        if seen.interface != Interface.RECEIVER or len(seen.segments) < 3:
            return False
        mine = self._party.peer.credentials
        known = (mine.get("country_code"), mine.get("party_id"))
        return seen.segments[:2] != known and self._party.mischief.is_on("strict-paths")

    async def _answer(self, seen: Seen, token: str) -> Served:
        match seen.module:
            case "versions":
                return self.details(seen.version) if seen.segments else self.versions()
            case "credentials":
                return await self._party.handshakes.serve(seen, token)
            case "results":
                return self._party.results.take(seen)
            case _:
                return await self._party.respond(seen)

    def _respond(self, served: Served, seen: Seen | None = None) -> web.Response:
        """The envelope, with the headers that lead the answer back."""
        document: Any = {"status_code": served.code, "timestamp": now()}
        document |= {} if served.data is None else {"data": served.data}
        document |= {"status_message": served.message} if served.message else {}
        headers: dict[str, str | None] = {"Content-Type": "application/json", **served.headers}
        if seen is not None:
            for fault in self._party.mischief.in_body(seen):
                document = fault.body(document) if fault.body else document
            headers |= calling.answer_headers(self._party, seen)
        spelled = calling.spelled(self._party, seen.module if seen else "", headers)
        return web.Response(status=served.http, body=served.body or json.dumps(document).encode(), headers=spelled)
