"""HTTP request -> Message; Reply -> HTTP response. One way for every functional module of every version."""

from __future__ import annotations

from dataclasses import replace

from hub.core import Core
from hub.door import Caller, Visit, addressed, envelope_response
from hub.http import Request, Response
from hub.inspection import enforce
from routing import calls, links
from routing.catalogue import Operation, module_key, module_named
from routing.decide import check_path, sender_of
from routing.directory import Platform
from routing.errors import InvalidMessage, MalformedBody, MethodNotAllowed, SenderSuspended, UnknownPath
from routing.lead_back import LeadBack
from routing.links import LinkKind
from routing.message import Message, Reply, check_json
from routing.ocpi import (
    FROM_COUNTRY_CODE,
    FROM_PARTY_ID,
    TO_COUNTRY_CODE,
    TO_PARTY_ID,
    ConnectionStatus,
    Interface,
    PartyId,
    Version,
    party_named,
)
from routing.router import Router

OPTIONAL_BODY = frozenset({"TOK-S2"})
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


class Relay:
    """Carries requests from the door to the router, and answers back."""

    def __init__(self, core: Core, router: Router, lead_back: LeadBack) -> None:
        self._core = core
        self._router = router
        self._lead_back = lead_back
        self._custom = {name.lower() for name in core.settings.hub.custom_modules}

    async def module(
        self, visit: Visit, caller: Caller, version: Version, interface: Interface, module: str, path: str, query: str
    ) -> Response:
        """A request to a module: `path` and `query` still percent-encoded, `path` empty or with a leading slash."""
        visit.module, visit.interface = module, interface
        self._check_module(version, module)
        check_path(path)
        message = await self._message(visit, caller, version, interface, module, path, query)
        if message.operation is not None or message.receiver != self._core.picture.directory.hub:
            calls.check_listed(message)
        enforce(message)
        return self._response(visit, await self._router.route(message))

    async def link(
        self, visit: Visit, caller: Caller, version: Version, module: str, kind: LinkKind, link_id: str
    ) -> Response:
        """A request to an address that the hub gave out: a response_url, a next page, or a Location."""
        method = visit.request.method
        wanted = "POST" if kind is LinkKind.CALLBACK else "GET"
        if method != wanted:
            raise MethodNotAllowed(headers={"Allow": wanted})
        visit.module = module
        found = await self._lead_back.find(module, kind, link_id, caller.platform)
        visit.interface = found.interface
        message = await self._message(visit, caller, version, found.interface, module, "", "", sender=found.user)
        if kind is LinkKind.CALLBACK and not message.body:
            raise MalformedBody("a result is expected as body")
        message = visit.message = replace(message, is_followed=True, parent=found.journey_id)
        enforce(message)
        return self._response(visit, await self._router.follow(found, message))

    # --- in ----------------------------------------------------------------------------------------------------------

    def _check_module(self, version: Version, identifier: str) -> None:
        known = module_named(identifier)
        is_offered = version.number in known.versions if known else identifier.lower() in self._custom
        if not is_offered:
            raise UnknownPath(f"this hub has no module {identifier} in {version}")

    async def _message(
        self,
        visit: Visit,
        caller: Caller,
        version: Version,
        interface: Interface,
        module: str,
        path: str,
        query: str,
        sender: PartyId | None = None,
    ) -> Message:
        """The message of a request; `sender` is who it is from where no OCPI-from headers say so.

        Raises the OcpiError that answers what is wrong with it.
        """
        request, platform = visit.request, caller.platform
        if request.method not in METHODS:
            raise MethodNotAllowed(headers={"Allow": ", ".join(sorted(METHODS))})
        body = await request.body()
        _check_json(body)
        visit.sender, receiver = _between(request, platform, version, sender)
        query, routed_to = links.take_route(query)
        query, began = links.take_list(query) if routed_to else (query, "")
        key = module_key(module)
        operation, path = calls.read(key, interface, request.method, path)
        _check_body(operation, body)
        visit.message = Message(
            version=version,
            module=key,
            interface=interface,
            method=request.method,
            path=path,
            query=query,
            body=body,
            caller=platform,
            sender=visit.sender,
            receiver=receiver or routed_to or platform.counterpart,
            request_id=visit.request_id,
            correlation_id=visit.correlation_id,
            operation=operation,
            journey_id=visit.journey_id,
            parent=began,
        )
        return visit.message

    # --- out ---------------------------------------------------------------------------------------------------------

    def _response(self, visit: Visit, reply: Reply) -> Response:
        visit.code, visit.receipt = reply.code, reply.receipt
        headers = {**reply.headers, **addressed(visit, reply.sender or self._core.picture.directory.hub)}
        return envelope_response(reply.http, reply.body, headers)


def _check_json(body: bytes) -> None:
    if not body:
        return
    try:
        check_json(body)
    except ValueError as error:
        raise MalformedBody(f"the body is not valid JSON: {error}") from None


def _check_body(operation: Operation | None, body: bytes) -> None:
    if operation is not None and operation.object_name and not body and operation.id not in OPTIONAL_BODY:
        raise MalformedBody(f"a {operation.object_name} object is expected as body")


def _between(
    request: Request, platform: Platform, version: Version, sender: PartyId | None
) -> tuple[PartyId, PartyId | None]:
    """Who a request is from and, where it says so, for whom; `sender` where no OCPI-from headers name anybody."""
    if platform.status is ConnectionStatus.SUSPENDED:
        raise SenderSuspended()
    if not version.has_routing_headers:
        return sender_of(platform, sender), None
    named = _party(request, FROM_COUNTRY_CODE, FROM_PARTY_ID)
    receiver = _party(request, TO_COUNTRY_CODE, TO_PARTY_ID)
    return sender_of(platform, named or sender), receiver


def _party(request: Request, country_header: str, party_header: str) -> PartyId | None:
    """The party that a pair of routing headers names; None where neither is there."""
    country_code, party_id = _only(request, country_header), _only(request, party_header)
    if country_code is None and party_id is None:
        return None
    if country_code is None or party_id is None:
        raise InvalidMessage(f"{country_header} and {party_header} belong together")
    try:
        return party_named(country_code, party_id)
    except ValueError as error:
        raise InvalidMessage(f"{country_header}, {party_header}: {error}") from None


def _only(request: Request, header: str) -> str | None:
    """What a header says, None where it is not there. Said twice it must be the same: which one counts is no guess."""
    values = request.headers.getall(header, ())
    if len(values) > 1 and len(set(values)) > 1:
        raise InvalidMessage(f"{header} says different things")
    return values[0] if values else None
