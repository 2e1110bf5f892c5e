"""The public OCPI door: its addresses on one screen.

Built on aiohttp's server without its application layer: a request is routed by OCPI's own words, and an address
must stay percent-encoded as it was sent, which a URL dispatcher would undo.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.clientinfo import ClientInfo
from hub.core import Core
from hub.credentials import CredentialsModule
from hub.door import Caller, Guard, Visit, answer, busy, envelope_response
from hub.http import Request, Response
from hub.limits import Limits
from hub.refusals import Refusal, glance, refusal_of
from hub.registration import Registration
from hub.relay import Relay
from hub.versions import CREDENTIALS, version_details, version_list
from routing.answers import envelope
from routing.client_info import CLIENT_INFO
from routing.directory import Scope
from routing.errors import MalformedBody, MethodNotAllowed, ReceiverNotConnected, Unauthorized, UnknownPath
from routing.journey import OnLeg, timestamp
from routing.links import LinkKind
from routing.message import parse_json
from routing.ocpi import AUTHORIZATION, SUCCESS, VERSIONS, ConnectionStatus, Interface, Version

HANDSHAKE_WAIT_S: Final = 5.0
INTERFACES: Final[Mapping[str, Interface]] = {interface.lower(): interface for interface in Interface}
KINDS: Final[Mapping[str, LinkKind]] = {kind.value: kind for kind in LinkKind}


class OcpiDoor:
    """Answers every request to the public port."""

    def __init__(
        self,
        core: Core,
        relay: Relay,
        credentials: CredentialsModule,
        handshakes: Registration,
        client_info: ClientInfo,
        on_leg: OnLeg,
    ) -> None:
        self._on_leg = on_leg
        self._core = core
        self._guard = Guard(core)
        self._limits = Limits(core.settings.server.trusted_proxies)
        self._relay = relay
        self._credentials = credentials
        self._handshakes = handshakes
        self._client_info = client_info
        self._versions = {number: VERSIONS[number] for number in core.settings.hub.versions}

    async def __call__(self, request: Request) -> Response:
        if self._limits.is_crowded and (refused := self._refused(request)) is not None:
            return refused
        return await answer(request, self._serve, self._core.picture.directory.hub, self._on_leg)

    @property
    def turned_away(self) -> int:
        """Requests that were refused unread because the hub was busy."""
        return self._limits.turned_away

    async def close(self) -> None:
        """Finish what was begun beside requests."""
        await self._guard.close()

    async def _serve(self, visit: Visit) -> Response:
        caller = await self._guard.caller(visit.request)
        visit.platform = caller.platform
        await self._limits.check(caller.platform, visit.request)
        self._limits.enter(caller.platform)
        try:
            return await self._at(visit, caller)
        finally:
            self._limits.leave(caller.platform)

    def _refused(self, request: Request) -> Response | None:
        """The answer to one request too many. It is counted, and no more: a journal of refusals would cost what is
        needed to deliver.
        """
        return busy(request) if self._is_one_too_many(request.headers.get(AUTHORIZATION, "")) else None

    def refuse(self, data: bytes) -> Refusal | None:
        """The same to a request that was not even parsed; None for one that is to be served, or to be looked at."""
        if not self._limits.is_crowded:
            return None
        seen = glance(data, self._core.settings.routing.max_body_bytes)
        return refusal_of(seen) if seen is not None and self._is_one_too_many(seen.header(b"authorization")) else None

    def _is_one_too_many(self, authorization: str) -> bool:
        platform = self._guard.platform(authorization)
        if platform is None or self._limits.has_room_for(platform):
            return False
        self._limits.turned_away += 1
        return True

    async def _at(self, visit: Visit, caller: Caller) -> Response:
        """What is at this address."""
        path, _, query = _target(visit.request).partition("?")
        segments = path.split("/")
        if segments[1:3] == ["ocpi", "as"]:
            del segments[2:4]  # the caller's connection says which partner the hub plays, the path only looks it
        visit.version = segments[2] if len(segments) > 2 and segments[2] in self._versions else ""
        match segments:
            case ["", "ocpi", number, side, module, *rest] if side in INTERFACES and module:  # nearly every request
                caller = await self._full(visit, caller)
                below = "/" + "/".join(rest) if rest else ""
                version = self._version(number)
                return await self._relay.module(visit, caller, version, INTERFACES[side], module, below, query)
            case ["", "ocpi", "versions"] | ["", "ocpi", "versions", ""]:
                await self._credentials.looked(caller.platform, caller.scope, at_details=False)
                return self._config(visit, version_list(self._core, caller.platform))
            case ["", "ocpi", number] | ["", "ocpi", number, ""]:
                details = version_details(self._core, self._version(number), caller.platform)
                await self._credentials.looked(caller.platform, caller.scope, at_details=True)
                return self._config(visit, details)
            case ["", "ocpi", number, name] | ["", "ocpi", number, name, ""] if name == CREDENTIALS:
                return await self._serve_credentials(visit, caller, self._version(number))
            case ["", "ocpi", number, name] | ["", "ocpi", number, name, ""] if name == CLIENT_INFO:
                return await self._serve_client_info(
                    visit, await self._full(visit, caller), self._version(number), query
                )
            case ["", "ocpi", number, module, kind, link_id] | ["", "ocpi", number, module, kind, link_id, ""] if (
                kind in KINDS
            ):
                caller = await self._full(visit, caller)
                return await self._relay.link(visit, caller, self._version(number), module, KINDS[kind], link_id)
            case _:
                await self._full(visit, caller)  # CREDENTIALS_TOKEN_A opens nothing but versions and credentials
                raise UnknownPath()

    def _version(self, number: str) -> Version:
        version = self._versions.get(number)
        if version is None:
            raise UnknownPath(f"this hub does not offer OCPI {number[:16]}")
        return version

    async def _full(self, visit: Visit, caller: Caller) -> Caller:
        """Raises Unauthorized for a token that opens versions and credentials only.

        A platform that the hub is just registering with may use its token before the hub has read the answer.
        """
        if caller.scope is Scope.FULL:
            return caller
        if await self._handshakes.finished(caller.platform.id, HANDSHAKE_WAIT_S):
            caller = await self._guard.caller(visit.request)
        if caller.scope is not Scope.FULL:
            raise Unauthorized("this token opens versions and credentials only: register first")
        return caller

    # --- modules that the hub itself answers -------------------------------------------------------------------------

    def _config(self, visit: Visit, data: Any) -> Response:
        visit.module = "versions"
        if visit.request.method != "GET":
            raise MethodNotAllowed(headers={"Allow": "GET"})
        return _success(data)

    async def _serve_client_info(self, visit: Visit, caller: Caller, version: Version, query: str) -> Response:
        """Who is there (OCPI 2.2.1, HubClientInfo, Sender Interface); 2.1.1 has no such module."""
        if not version.has_routing_headers:
            raise UnknownPath(f"this hub has no module {CLIENT_INFO} in {version}")
        visit.module, visit.interface = CLIENT_INFO, Interface.SENDER
        if visit.request.method != "GET":
            raise MethodNotAllowed(headers={"Allow": "GET"})
        if caller.platform.status is ConnectionStatus.SUSPENDED:
            raise ReceiverNotConnected("your platform is suspended")
        page = await self._client_info.list(version, caller.platform, query)
        return _success(page.data, page.headers)

    async def _serve_credentials(self, visit: Visit, caller: Caller, version: Version) -> Response:
        visit.module = CREDENTIALS
        match visit.request.method:
            case "GET":
                return _success(self._credentials.show(version, caller.platform, caller.token))
            case "POST":
                document = await _document(visit.request)
                return _success(await self._credentials.register(version, caller.platform, caller.scope, document))
            case "PUT":
                document = await _document(visit.request)
                return _success(await self._credentials.update(version, caller.platform, caller.scope, document))
            case "DELETE":
                await self._credentials.unregister(caller.platform, caller.scope)
                return _success(None)
            case _:
                raise MethodNotAllowed(headers={"Allow": "GET, POST, PUT, DELETE"})


def _target(request: Request) -> str:
    """The request target as it was sent, from its first slash; a proxy's form with scheme and host is accepted.

    A fragment is no part of it (RFC 9112, 3.2): some would cut it off, so that another object is meant than was said.
    """
    raw = request.target
    if "#" in raw:
        raise UnknownPath("an address with a # leads nowhere: in an id it is written %23")
    return raw if raw.startswith("/") else "/" + raw.partition("://")[2].partition("/")[2]


def _success(data: Any, headers: Mapping[str, str] | None = None) -> Response:
    return envelope_response(200, envelope(SUCCESS, None, timestamp(), data), headers or {})


async def _document(request: Request) -> Any:
    try:
        return parse_json(await request.body())
    except ValueError as error:
        raise MalformedBody(f"the body is not valid JSON: {error}") from None
