"""A fake party: a real OCPI server on a free port that registers with any hub or peer, and records what it sees."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, ClassVar, Literal, Self

import aiohttp
from yarl import URL

from hub.testing import calling
from hub.testing.exchange import Exchange, Memory, Seen, proxy
from hub.testing.faults import with_nulls
from hub.testing.handshake import Handshakes, Peer
from hub.testing.mischief import Mischief
from hub.testing.results import Afterwards, Results
from hub.testing.serving import Serving
from hub.testing.shelf import Served, Shelf
from routing.catalogue import module_key
from routing.links import next_page
from routing.ocpi import VERSIONS, Interface, PartyId, Role, Version

CALL_TIMEOUT_S = 40.0


class FakeParty:
    """One platform with one or several parties. Use it as an async context manager.

    `version` is the OCPI version it speaks, `versions` all that it offers, of which a handshake chooses;
    `token_encoding` is by version if not given; `port` 0 takes a free one; `modules` limits what it advertises,
    and names custom ones; `role` is for roles that have no class of their own. `also` are more parties on the same
    platform, by role; `extra` are interfaces of modules that its roles have not usually.
    """

    usual_role: ClassVar[Role] = Role.OTHER

    def __init__(
        self,
        *parties: str,
        version: str | None = None,
        versions: Sequence[str] = (),
        token_encoding: Literal["base64", "raw"] | None = None,
        port: int = 0,
        modules: Sequence[str] | None = None,
        role: Role | None = None,
        name: str | None = None,
        also: Mapping[str, Role] | None = None,
        extra: Sequence[tuple[str, Interface]] = (),
    ) -> None:
        self.parties = tuple(PartyId.parse(party) for party in parties)
        self.role = role or self.usual_role
        self.also = tuple((PartyId.parse(party), role) for party, role in (also or {}).items())
        self.extra = tuple(extra)
        self.offers = tuple(versions) or (version or "2.2.1",)
        newest = max((VERSIONS[number] for number in self.offers), key=lambda row: row.rank)
        self.version: Version = VERSIONS[version] if version else newest
        self.token_encoding = token_encoding
        self.modules = modules
        self.name = name or f"Fake {self.role} {self.parties[0]}"
        self.shelf = Shelf()
        self.memory = Memory()
        self.handshakes = Handshakes(self)
        self.results = Results()
        self.mischief = Mischief()
        self.afterwards = Afterwards()
        self.answers: dict[str, Callable[[Seen], Served]] = {}
        """What is answered to a module instead of what is on the shelf, by module key."""
        self.elsewhere: dict[tuple[str, str], str] = {}
        """Addresses that it advertises instead of its own, by module key and SENDER or RECEIVER."""
        self.serving = Serving(self, port)
        self._session: aiohttp.ClientSession | None = None
        self.stock()

    async def __aenter__(self) -> Self:
        await self.start()
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT_S),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.afterwards.end()
        await self.stop()
        if self._session is not None:
            await self._session.close()

    @property
    def roles(self) -> Sequence[tuple[PartyId, Role]]:
        """Everybody on the platform, as its credentials tell; whoever changes `parties` tells it with an update."""
        return (*((party, self.role) for party in self.parties), *self.also)

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return self.serving.base_url

    @property
    def versions_url(self) -> str:
        """Where a hub begins that registers with it."""
        return f"{self.base_url}/ocpi/versions"

    @property
    def encodes_token(self) -> bool:
        """Whether it sends its token in Base64."""
        return self.version.encodes_token if self.token_encoding is None else self.token_encoding == "base64"

    @property
    def peer(self) -> Peer:
        """The hub or peer it registered with: its endpoints, its credentials, the token for it."""
        return self.handshakes.peer

    @property
    def seen(self) -> Sequence[Seen]:
        """Every request so far, in order."""
        return self.memory.seen

    @property
    def knows(self) -> Mapping[str, str]:
        """What a hub pushed of others (HubClientInfo): status by party and role, written `NL*TNM CPO`."""
        told = (seen.document for seen in self.seen if (seen.method, seen.module) == ("PUT", "hubclientinfo"))
        return {f"{row['country_code']}*{row['party_id']} {row['role']}": row["status"] for row in told}

    async def start(self) -> None:
        """Listen; again on the same port, where it did before."""
        await self.serving.start()

    async def stop(self) -> None:
        """Stop listening: connections are refused."""
        await self.serving.stop()

    def speak(self, version: str) -> None:
        """Go on in this version, with objects to begin with in its words."""
        if version != self.version.number:
            self.version = VERSIONS[version]
            self.stock()

    def stock(self) -> None:
        """Put objects to begin with on the shelf; a role has its own."""

    async def respond(self, seen: Seen) -> Served:
        """What is answered to a request: as ordered in `answers`, else by the shelf."""
        if seen.module in self.answers:
            return self.answers[seen.module](seen)
        try:
            return self.shelf.serve(seen, self.base_url + seen.raw_path.partition("?")[0].removesuffix(seen.path))
        except ValueError:
            return Served(400, 2001, message="the body is not JSON")

    # --- misbehaving -------------------------------------------------------------------------------------------------

    def misbehave(
        self,
        name: str,
        *,
        module: str | None = None,
        times: int | None = None,
        seconds: float = 3,
        when: Callable[[Seen], bool] | None = None,
    ) -> None:
        """Switch a fault on (see FAULTS): for one module, so many times, under a condition. Raises KeyError."""
        fault = self.mischief.add(name, module=module, times=times, seconds=seconds, when=when)
        if fault.name == "offline":
            self.serving.pause()
        self.shelf.appends_periods |= fault.name == "append-periods"

    def behave(self) -> None:
        """Switch every fault off."""
        self.mischief.clear()
        self.shelf.appends_periods = False
        self.serving.resume()

    # --- registering -------------------------------------------------------------------------------------------------

    def invite(self) -> str:
        """A CREDENTIALS_TOKEN_A with which a hub may register here."""
        return self.handshakes.invite()

    async def register(self, versions_url: str, token: str) -> None:
        """Register with a hub or peer, in the newest mutual version. Raises RegistrationFailed naming the step."""
        await self.handshakes.register(versions_url, token)

    async def update_credentials(self, version: str | None = None) -> None:
        """PUT credentials, perhaps in another version: both tokens are new then. Raises RegistrationFailed."""
        await self.handshakes.update(version)

    async def unregister(self) -> None:
        """DELETE credentials. Raises RegistrationFailed."""
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
        query: str | Mapping[str, str] = "",
        headers: Mapping[str, str | None] | None = None,
        url: str | None = None,
    ) -> Exchange:
        """One request to the hub or peer, to a module's endpoint or a whole `url`; bytes as `body` go as they are.

        `to` and `from_` are written NL*TNM; `from_` is its first party if not said, none where it is empty.
        A header that is None is left out, whatever would be sent otherwise.
        """
        asked = str(URL.build(query=query))[1:] if isinstance(query, Mapping) else query
        where = url or self.peer.address(module, interface) + path
        where += f"{'&' if '?' in where else '?'}{asked}" if asked else ""
        if isinstance(body, dict) and self.mischief.strikes("sent-nulls", module_key(module)):
            body = with_nulls(body)
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return await self.call(method, where, self._headers(module_key(module), to, from_, content, headers), content)

    def _headers(
        self, module: str, to: str | None, from_: str | None, content: bytes, more: Mapping[str, str | None] | None
    ) -> dict[str, str]:
        headers: dict[str, str | None] = {
            **calling.authorization(self, self.peer.token_out, module),
            **calling.message_ids(self),
            **calling.routing_headers(self, module, to, str(self.parties[0]) if from_ is None else from_),
            **({"Content-Type": "application/json"} if content else {}),
        }
        return calling.spelled(self, module, headers | dict(more or {}))

    async def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Exchange:
        """One HTTP request, the URL as it is, redirects not followed."""
        assert self._session is not None, "use the party as a context manager"
        started = time.perf_counter()
        async with self._session.request(
            method, URL(url, encoded=True), headers=headers, data=body or None, allow_redirects=False
        ) as answer:
            content = await answer.read()
            ms = (time.perf_counter() - started) * 1000
            return Exchange(answer.status, content, answer.headers, proxy(headers), ms, method, url, body)

    async def pages(
        self, module: str, path: str = "", *, to: str | None = None, query: str | Mapping[str, str] = ""
    ) -> AsyncIterator[Exchange]:
        """Every page of a list, following `Link` (OCPI, Pagination)."""
        page = await self.send("GET", module, path, to=to, interface="sender", query=query)
        yield page
        while following := next_page(page.headers.get("Link", ""), page.url):
            page = await self.send("GET", module, to=to, interface="sender", url=following)
            yield page

    async def list(
        self, module: str, path: str = "", *, to: str | None = None, query: str | Mapping[str, str] = ""
    ) -> AsyncIterator[Any]:
        """Every object of a list, page by page; ends at the first page that is no success."""
        async for page in self.pages(module, path, to=to, query=query):
            for item in page.data or () if page.is_success else ():
                yield item

    # --- waiting -----------------------------------------------------------------------------------------------------

    def expect_result(self) -> tuple[str, asyncio.Future[Any]]:
        """A response_url of its own, and the result that will be posted there."""
        key, result = self.results.expect()
        return self.serving.url(self.version.number, "results", key), result

    async def saw(
        self,
        *,
        method: str | None = None,
        module: str | None = None,
        count: int = 1,
        timeout_s: float = 5,
        after: int = 0,
        when: Callable[[Seen], bool] | None = None,
    ) -> Sequence[Seen]:
        """Wait until it saw so many requests after the first `after`. Raises TimeoutError naming what came instead."""
        key = module and module_key(module)

        def matches(seen: Seen) -> bool:
            return method in (None, seen.method) and key in (None, seen.module) and (when is None or when(seen))

        return await self.memory.wait_for(matches, count, timeout_s, after)
