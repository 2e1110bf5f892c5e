"""A fake party: a real OCPI server on a free port that registers with any hub or peer, and records what it sees."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from types import TracebackType
from typing import Any, ClassVar, Self

import aiohttp
from aiohttp import web
from yarl import URL

from hub.testing.exchange import Exchange, Memory, Seen, proxy
from hub.testing.handshake import Handshakes
from hub.testing.serving import Serving
from hub.testing.shelf import Served, Shelf
from routing.catalogue import module_key
from routing.links import next_page
from routing.ocpi import VERSIONS, Interface, PartyId, Role, Version


class FakeParty:
    """One platform with one or several parties. Use it as an async context manager.

    `version` is the OCPI version it speaks, `versions` all that it offers; `encode_token` is by version if not
    given; `port` 0 takes a free one; `modules` limits what it advertises.
    """

    role: ClassVar[Role] = Role.OTHER

    def __init__(
        self,
        *parties: str,
        version: str = "2.2.1",
        versions: tuple[str, ...] = (),
        encode_token: bool | None = None,
        port: int = 0,
        modules: tuple[str, ...] | None = None,
        name: str | None = None,
    ) -> None:
        self.parties = tuple(PartyId.parse(party) for party in parties)
        self.version: Version = VERSIONS[version]
        self.offers = versions or (version,)
        self.encode_token = self.version.encodes_token if encode_token is None else encode_token
        self.modules = modules
        self.name = name or f"Fake {self.role} {self.parties[0]}"
        self.shelf = Shelf()
        self.memory = Memory()
        self.handshakes = Handshakes(self)
        self.results: dict[str, asyncio.Future[Any]] = {}
        self.answers: dict[str, Callable[[Seen], Served]] = {}
        """What is answered to a module instead of what is on the shelf, by module."""
        self.serving = Serving(self, port)
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.stop()
        if self._session is not None:
            await self._session.close()

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return self.serving.base_url

    @property
    def versions_url(self) -> str:
        """Where a hub begins that registers with it."""
        return f"{self.base_url}/ocpi/versions"

    @property
    def seen(self) -> list[Seen]:
        """Every request so far, in order."""
        return self.memory.seen

    async def start(self) -> None:
        """Listen; again on the same port, where it did before."""
        await self.serving.start()

    async def stop(self) -> None:
        """Stop listening: connections are refused."""
        await self.serving.stop()

    def respond(self, seen: Seen) -> Served:
        """What is answered to a request: as ordered in `answers`, else by the shelf."""
        if seen.module in self.answers:
            return self.answers[seen.module](seen)
        url = f"{self.base_url}/ocpi/{self.version}/{seen.interface.lower()}/{seen.module}"
        if seen.interface == Interface.SENDER:
            served = self.shelf.serve_own(seen.method, seen.module, seen.path, seen.query, url)
            if served is not None:
                return served
        return self.shelf.serve_received(seen.method, seen.module, seen.path, seen.document, url)

    # --- misbehaving -------------------------------------------------------------------------------------------------

    def misbehave(self, name: str, *, module: str | None = None, times: int | None = None, seconds: float = 3) -> None:
        """Switch a fault on (see FAULTS): for one module, so many times, if said. Raises KeyError for no fault."""
        self.serving.strike(name, module, times, seconds)

    def behave(self) -> None:
        """Switch every fault off."""
        self.serving.heal()

    # --- registering -------------------------------------------------------------------------------------------------

    def invite(self) -> str:
        """A CREDENTIALS_TOKEN_A with which a hub may register here."""
        return self.handshakes.invite()

    async def register(self, versions_url: str, token: str) -> None:
        """Register with a hub or peer. Raises RegistrationFailed naming the step."""
        await self.handshakes.register(versions_url, token)

    async def update_credentials(self) -> None:
        """PUT credentials: both tokens are new then."""
        await self.handshakes.update()

    async def unregister(self) -> None:
        """DELETE credentials."""
        await self.handshakes.unregister()

    # --- sending -----------------------------------------------------------------------------------------------------

    async def send(
        self,
        method: str,
        module: str,
        path: str = "",
        *,
        to: str | None = None,
        from_: str | None = None,
        interface: str = "receiver",
        body: Any = None,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        url: str | None = None,
    ) -> Exchange:
        """One request to the hub or peer, to a module's endpoint or a whole `url`; bytes as `body` go as they are.

        `to` and `from_` are written NL*TNM; `from_` is its first party if not said, none where it is empty.
        """
        where = url or self._address(module, interface) + path
        if query:
            where += ("&" if "?" in where else "?") + query
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {**self._headers(to, str(self.parties[0]) if from_ is None else from_), **(headers or {})}
        if content:
            sent.setdefault("Content-Type", "application/json")
        return await self.call(method, where, sent, content)

    async def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Exchange:
        """One HTTP request, the URL as it is."""
        assert self._session is not None, "use the party as a context manager"
        started = time.perf_counter()
        async with self._session.request(
            method, URL(url, encoded=True), headers=headers, data=body or None, allow_redirects=False
        ) as answer:
            content = await answer.read()
            ms = (time.perf_counter() - started) * 1000
            return Exchange(answer.status, content, answer.headers, proxy(headers), ms)

    async def pages(self, module: str, *, to: str | None = None, query: str = "") -> AsyncIterator[Exchange]:
        """Every page of a list, following `Link` (OCPI, Pagination)."""
        page = await self.send("GET", module, to=to, interface="sender", query=query)
        yield page
        asked = self._address(module, "sender")
        while following := next_page(page.headers.get("Link", ""), asked):
            page = await self.send("GET", module, to=to, interface="sender", url=following)
            yield page

    def _address(self, module: str, interface: str) -> str:
        endpoints = self.handshakes.endpoints
        found = endpoints.get((module_key(module), interface.upper())) or endpoints.get((module_key(module), ""))
        if found is None:
            raise LookupError(f"{self.name} knows no endpoint for {module} {interface}")
        return found.rstrip("/")

    def authorization(self, token: str | None = None) -> dict[str, str]:
        """The Authorization header for its peer."""
        secret = token or self.handshakes.token_out
        if self.serving.is_struck("wrong-token"):
            secret = "never-agreed"
        is_encoded = self.encode_token and not self.serving.is_struck("raw-token")
        value = base64.b64encode(secret.encode()).decode() if is_encoded else secret
        return {"Authorization": f"Token {value}"}

    def _headers(self, to: str | None, from_: str) -> dict[str, str]:
        headers = self.authorization()
        if self.version.has_routing_headers:
            headers |= {"X-Request-ID": str(uuid.uuid4()), "X-Correlation-ID": str(uuid.uuid4())}
            if not self.serving.is_struck("no-routing-headers"):
                for direction, party in (("to", to), ("from", from_)):
                    if party:
                        named = PartyId.parse(party)
                        headers[f"OCPI-{direction}-country-code"] = named.country_code
                        headers[f"OCPI-{direction}-party-id"] = named.party_id
        if self.serving.is_struck("lowercase-headers"):
            headers = {name.lower(): value for name, value in headers.items()}
        return headers

    # --- results that come later -------------------------------------------------------------------------------------

    def expect_result(self) -> tuple[str, asyncio.Future[Any]]:
        """A response_url of its own, and the result that will be posted there."""
        key = secrets.token_hex(8)
        self.results[key] = asyncio.get_running_loop().create_future()
        return f"{self.base_url}/ocpi/{self.version}/results/{key}", self.results[key]

    async def take_result(self, key: str, request: web.Request) -> Served:
        """A result that was posted to one of its response_urls."""
        expected = self.results.get(key)
        body = await request.read()
        await self.memory.add(
            Seen(request.method, "results", "SENDER", f"/{key}", "", request.raw_path, request.headers, body)
        )
        if expected is None:
            return Served(404, 2001)
        if not expected.done():
            expected.set_result(json.loads(body))
        return Served()

    def later(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something after the answer went out; it ends with the party."""

        async def run() -> None:
            await work

        task = asyncio.create_task(run(), name=f"{self.name} later")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def saw(
        self, *, method: str | None = None, module: str | None = None, count: int = 1, timeout_s: float = 5
    ) -> list[Seen]:
        """Wait until it saw so many requests. Raises TimeoutError naming what came instead."""

        def matches(seen: Seen) -> bool:
            return method in (None, seen.method) and module in (None, seen.module)

        return await self.memory.wait_for(matches, count, timeout_s)
