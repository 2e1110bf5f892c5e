"""Who is calling, and what they are told: request ids, authentication, and every failure as an OCPI envelope."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import structlog
from aiohttp.web import RequestPayloadError

from hub import refusals
from hub.claims import Address, address_of, parties_of
from hub.core import Core
from hub.http import Request, Response
from hub.limits import Busy
from hub.store import StoreUnavailable, registry, tokens
from routing.answers import envelope
from routing.bridge import code_of, in_words
from routing.directory import Platform, Scope
from routing.errors import HubFailure, MalformedBody, NotWanted, OcpiError, Unauthorized
from routing.journey import (
    ABOUT,
    Direction,
    Leg,
    OnLeg,
    fault_of,
    new_journey_id,
    outcome_of,
    timestamp,
)
from routing.message import Message
from routing.ocpi import (
    AUTHORIZATION,
    CORRELATION_ID,
    FROM_COUNTRY_CODE,
    FROM_PARTY_ID,
    REQUEST_ID,
    SUCCESS,
    TO_COUNTRY_CODE,
    TO_PARTY_ID,
    VERSIONS,
    PartyId,
)

log = structlog.get_logger(__name__)

RETIRE_S: Final = 1.0
"""How long a request waits until the token it was registered with is forgotten."""
MAX_HEADERS: Final = 4096
"""How many Authorization headers are remembered with their hashes."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who presented a valid token, and what the token opens."""

    platform: Platform
    scope: Scope
    token: str = field(repr=False)


@dataclass(slots=True)
class Visit:
    """One request at the door: its ids, and, as it goes on, who it is from and what the answer names."""

    request: Request
    request_id: str
    correlation_id: str
    sender: PartyId | None = None
    """The party that the answer is addressed to; None where there are no routing headers (config modules)."""
    platform: Platform | None = None
    version: str = ""
    module: str = ""
    interface: str = ""
    message: Message | None = None
    """What the relay made of it, where it got that far."""
    at: float = field(default_factory=time.time)
    journey_id: str = field(default_factory=new_journey_id)  # after `at`: what began since a moment is found by it
    code: int = SUCCESS
    reason: str = ""
    fault: str = ""
    receipt: tuple[object, ...] = ()
    started: float = field(default_factory=time.perf_counter)


Serve = Callable[[Visit], Awaitable[Response]]


async def answer(request: Request, serve: Serve, hub: PartyId, on_leg: OnLeg) -> Response:
    """Serve one request. Whatever happens, the caller gets an OCPI envelope and its own ids back."""
    visit = Visit(request, *ids_of(request))
    ABOUT.set(visit.correlation_id)
    try:
        response = await serve(visit)
    except Exception as error:
        response = _failed(visit, error, hub)
    except asyncio.CancelledError:
        _failed(visit, NotWanted("the hub stopped before the answer came"), hub)
        leg = _leg(visit, Response(0, b"", {}))
        leg.http = leg.ocpi = None
        on_leg(leg)  # whoever gets no answer will ask what became of it
        raise
    on_leg(_leg(visit, response))
    response.headers[REQUEST_ID] = visit.request_id
    response.headers[CORRELATION_ID] = visit.correlation_id
    ABOUT.set("")  # the connection lives on
    return response


def _failed(visit: Visit, error: Exception, hub: PartyId) -> Response:
    """The answer to a request that failed.

    The error has no other name where it was caught: its traceback holds that frame, and request and body would wait for
    the garbage collector.
    """
    failure = _as_ocpi(error)
    visit.code, visit.reason, visit.fault = failure.code, failure.message, failure.fault
    return refusal(failure, addressed(visit, hub), visit.version)


def _as_ocpi(error: Exception) -> OcpiError:
    match error:
        case OcpiError():
            return error
        case StoreUnavailable():
            log.error("store unavailable", reason=str(error))
            return HubFailure("the hub cannot reach its store right now")
        case ConnectionError() | RequestPayloadError():
            return MalformedBody("the body broke off")
        case _:
            log.error("request failed", exc_info=error)
            return HubFailure()


def _leg(visit: Visit, response: Response) -> Leg:
    message = visit.message
    if message is not None:
        address = Address(path=message.path)
        sender, receiver = visit.sender.text if visit.sender else "", message.receiver.text if message.receiver else ""
    else:
        address = address_of(visit.request)
        sender, receiver = parties_of(visit.request, visit.platform)
    return Leg(
        journey_id=visit.journey_id,
        direction=Direction.IN,
        at=visit.at,
        ms=(time.perf_counter() - visit.started) * 1000,
        platform_id=visit.platform.id if visit.platform else "",
        sender=sender,
        receiver=receiver,
        version=visit.version or address.version,
        module=visit.module or address.module,
        interface=visit.interface or address.interface,
        method=visit.request.method,
        path=address.path,
        request_id=visit.request_id,
        correlation_id=visit.correlation_id,
        http=response.status,
        ocpi=visit.code,
        outcome=outcome_of(visit.code),
        reason=visit.reason,
        fault=visit.fault or fault_of(visit.code),
        parent=message.parent if message else "",
        bytes_in=len(message.body) if message else 0,
        bytes_out=len(response.body),
        request_body=message.body if message else b"",
        answer_body=response.body,
        receipt=visit.receipt,
    )


def refusal(error: OcpiError, headers: Mapping[str, str] | None = None, version: str = "") -> Response:
    """An error as OCPI tells it, to a caller of this version: 2.1.1 has fewer codes, and reads of them in words."""
    code = code_of(error, version) if version else error.code
    message = error.message if code == error.code else in_words(error.message, error.code)
    body = envelope(code, message, timestamp())
    return envelope_response(error.http, body, {**error.headers, **(headers or {})})


def busy(request: Request) -> Response:
    """What is said to one request too many, before anything else of it is looked at."""
    said = refusals.busy()
    request_id, correlation_id = ids_of(request)
    return Busy(said.status, said.body, {**said.headers, REQUEST_ID: request_id, CORRELATION_ID: correlation_id})


def ids_of(request: Request) -> tuple[str, str]:
    """Request id and correlation id."""
    headers = request.headers
    return refusals.given_id(headers.get(REQUEST_ID)), refusals.given_id(headers.get(CORRELATION_ID))


def envelope_response(http: int, body: bytes, headers: Mapping[str, str]) -> Response:
    """An OCPI envelope as an HTTP response."""
    return Response(http, body, {"Content-Type": "application/json", **headers})


def addressed(visit: Visit, sender: PartyId) -> dict[str, str]:
    """The routing headers of a response: to who asked, from who answered; none where nobody is named, or in 2.1.1."""
    to = visit.sender
    if to is None or not VERSIONS[visit.version].has_routing_headers:
        return {}
    return {
        TO_COUNTRY_CODE: to.country_code,
        TO_PARTY_ID: to.party_id,
        FROM_COUNTRY_CODE: sender.country_code,
        FROM_PARTY_ID: sender.party_id,
    }


class Guard:
    """Knows every token that the hub accepts."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._read = lru_cache(maxsize=MAX_HEADERS)(self._fingerprints)
        self._retiring: dict[str, asyncio.Task[None]] = {}

    async def caller(self, request: Request) -> Caller:
        """Whose token this is. An unknown one is looked up once more before that is believed. Raises Unauthorized."""
        presented = self._read(request.headers.get(AUTHORIZATION, ""))
        found = self._find(presented)
        if found is None and presented and await self._core.picture.look_again():
            found = self._find(presented)
        if found is None:
            raise Unauthorized()
        if found.scope is Scope.FULL and _opens_registration(found.platform):
            await self._retire_registration_token(found.platform)
        return found

    def platform(self, authorization: str) -> Platform | None:
        """Whose token this header shows, as far as the picture knows."""
        found = self._find(self._read(authorization))
        return found.platform if found else None

    async def close(self) -> None:
        """Wait for what is being written."""
        await asyncio.gather(*self._retiring.values())

    def _fingerprints(self, header: str) -> tuple[tuple[str, bytes], ...]:
        """The tokens that an Authorization header may mean, each with its hash: the same few come all the time."""
        return tuple((token, self._core.fingerprints.of(token)) for token in _presented(header))

    def _find(self, presented: tuple[tuple[str, bytes], ...]) -> Caller | None:
        directory = self._core.picture.directory
        for token, fingerprint in presented:
            access = directory.access.get(fingerprint)
            if access is not None and (access.expires_at is None or access.expires_at > time.time()):
                return Caller(directory.platforms[access.platform_id], access.scope, token)
        return None

    async def _retire_registration_token(self, platform: Platform) -> None:
        """CREDENTIALS_TOKEN_A ends when the token it was exchanged for is used for the first time.

        A store that is away or slow costs the caller no answer: the next request tries again.
        """
        task = self._retiring.get(platform.id)
        if task is None:
            task = self._retiring[platform.id] = asyncio.create_task(self._retire(platform.id), name="retire token")
            task.add_done_callback(lambda _: self._retiring.pop(platform.id, None))
        await asyncio.wait({task}, timeout=RETIRE_S)

    async def _retire(self, platform_id: str) -> None:
        try:
            async with self._core.store.write() as connection:
                await registry.touch(connection, platform_id)
                await tokens.drop_all(connection, platform_id, scope=Scope.REGISTRATION)
            await self._core.picture.refresh()
        except StoreUnavailable as error:
            log.warning("store unavailable", while_doing="retiring a registration token", reason=str(error))


def _opens_registration(platform: Platform) -> bool:
    for access in platform.access.values():  # noqa: SIM110 - on the path of each request
        if access.scope is Scope.REGISTRATION and access.expires_at is None:
            return True
    return False


def _presented(header: str) -> tuple[str, ...]:
    """The token of an Authorization header, decoded and as it is: both are met in every version.

    The specification's own examples decode to a trailing newline. A token has no character beyond ASCII, and what
    came in bytes that are no UTF-8 could not even be hashed.
    """
    scheme, _, value = header.strip().partition(" ")
    value = value.strip()
    if scheme.lower() != "token" or not value or not value.isascii():
        return ()
    try:
        decoded = base64.b64decode(value, validate=True).decode("utf-8").strip()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return (value,)
    return (decoded, value) if decoded else (value,)
