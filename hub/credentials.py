"""The hub's own credentials module: platforms register with it, change, rotate and unregister (hub as Receiver).

OCPI 2.2.1, Credentials. What is learnt from a platform is fetched outside any transaction and written in one; a
step that fails leaves everything as it was, and is noted for the admin.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakValueDictionary

import structlog

from hub.core import Core
from hub.payloads import Credentials, read_credentials, role_agreed
from hub.peer import Learnt, Peer, StepFailed, check_endpoints
from hub.progress import READS_DETAILS, READS_VERSIONS, STORE, Progress, mark_done
from hub.roles import note_told
from hub.store import registration, registry, tokens
from hub.store.registry import RoleRow, RoleTaken
from hub.store.secrets import token_row
from hub.vault import new_token
from hub.versions import own_credentials
from routing.addresses import ForbiddenAddress
from routing.directory import Platform, Scope
from routing.errors import (
    ClientApiUnusable,
    EndpointsMissing,
    InvalidMessage,
    MethodNotAllowed,
    OcpiError,
    ReceiverNotConnected,
    VersionNotSupported,
)
from routing.ocpi import ConnectionStatus, PartyId, Version

log = structlog.get_logger(__name__)

OVERLAP_S: Final = 60.0
"""How long an old token stays valid after a rotation, for requests that are on their way."""


class CredentialsModule:
    """Answers GET, POST, PUT and DELETE on the hub's credentials endpoint."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def show(self, version: Version, caller: Platform, token: str) -> dict[str, Any]:
        """GET: the hub's credentials, with the token that the caller just presented."""
        return own_credentials(self._core, version, token, caller)

    async def looked(self, caller: Platform, scope: Scope, *, at_details: bool) -> None:
        """A platform that is expected read the versions, or the details of one: the first steps of its handshake."""
        if scope is Scope.REGISTRATION:
            await self._progress(caller).done(READS_DETAILS if at_details else READS_VERSIONS)

    async def register(self, version: Version, caller: Platform, scope: Scope, document: Any) -> dict[str, Any]:
        """POST: the first exchange; the hub's credentials come back with the caller's new token.

        CREDENTIALS_TOKEN_A stays usable until the new token was used, so that an exchange whose answer was lost can
        be repeated. Raises MethodNotAllowed for a platform that is registered, else as `_learn`.
        """
        if scope is not Scope.REGISTRATION:
            raise MethodNotAllowed("already registered: use PUT to update", headers={"Allow": "GET, PUT, DELETE"})
        _check_not_suspended(caller)
        async with self._turn(caller):
            return await self._exchange("registered", version, caller, document)

    async def update(self, version: Version, caller: Platform, scope: Scope, document: Any) -> dict[str, Any]:
        """PUT: new endpoints, roles, version or token; the caller's token is replaced.

        Raises MethodNotAllowed for a platform that is not registered, else as `_learn`.
        """
        if scope is not Scope.FULL:
            raise MethodNotAllowed("not registered yet: use POST first", headers={"Allow": "GET, POST"})
        _check_not_suspended(caller)
        async with self._turn(caller):
            return await self._exchange("updated", version, caller, document)

    async def unregister(self, caller: Platform, scope: Scope) -> None:
        """DELETE: both tokens and all endpoints are forgotten. Raises MethodNotAllowed where there is nothing to."""
        if scope is not Scope.FULL:
            raise MethodNotAllowed("not registered", headers={"Allow": "GET, POST"})
        async with self._core.store.write() as connection:
            before = await registry.row_to_change(connection, caller.id)
            await registration.disconnected(connection, caller.id)
            await registration.write_down(connection, "unregistered", caller.id, before, by=f"platform {caller.name}")
        await self._core.picture.catch_up()

    # --- the exchange ------------------------------------------------------------------------------------------------

    def _turn(self, caller: Platform) -> asyncio.Lock:
        """One exchange at a time for a platform."""
        return self._turns.setdefault(caller.id, asyncio.Lock())

    async def _exchange(self, action: str, version: Version, caller: Platform, document: Any) -> dict[str, Any]:
        step = "read credentials"
        try:
            credentials = read_credentials(version, document, role_agreed(caller.parties))
            step = "check roles"
            await self._progress(caller).done("read credentials")
            credentials.check_unique()
            roles = _agreed_roles(version, caller, credentials, self._core.picture.directory.hub)
            await self._check_free(caller, roles)
            await self._progress(caller).done(step)
            learnt = await self._learn(version, credentials, self._progress(caller))
            step = STORE
            token = await self._keep(action, caller, credentials, learnt, roles)
        except StepFailed as failure:
            await self._note(caller, failure.step, failure.expected, failure.came)
            raise _as_ocpi(failure) from failure
        except RoleTaken as error:
            await self._note(caller, step, "roles that are free", str(error))
            raise InvalidMessage(str(error)) from None
        except OcpiError as error:
            await self._note(caller, step, "valid credentials", error.message)
            raise
        await self._core.picture.catch_up()
        own = own_credentials(self._core, version, token, self._core.picture.directory.platforms[caller.id])
        await note_told(self._core, caller.id, own)
        return own

    async def _learn(self, version: Version, credentials: Credentials, progress: Progress) -> Learnt:
        """Read versions and details with the token that the platform just gave.

        Raises StepFailed, which answers 3001 where they cannot be read, 3002 where this version is not among them,
        3003 where endpoints are missing.
        """
        try:
            url = self._core.checked(credentials.url)
        except ForbiddenAddress as error:
            raise StepFailed("read credentials", "a URL that the hub may call", str(error)) from None
        peer = Peer(self._core, url, credentials.token, version.encodes_token)
        offered = await peer.versions()
        await progress.done("GET versions")
        if all(row.version != version.number for row in offered):
            theirs = ", ".join(row.version for row in offered) or "none"
            raise StepFailed("choose version", f"{version} among the versions offered", theirs)
        await progress.done("choose version")
        learnt = await peer.details(offered, version)
        await progress.done("GET version details")
        check_endpoints(learnt)
        await progress.done("check endpoints")
        return learnt

    async def _check_free(self, caller: Platform, roles: Sequence[RoleRow]) -> None:
        async with self._core.store.read() as connection:
            await registration.check_roles_free(connection, caller.id, roles, caller.counterpart)

    async def _keep(
        self, action: str, caller: Platform, credentials: Credentials, learnt: Learnt, roles: Sequence[RoleRow]
    ) -> str:
        """Everything of the exchange in one transaction; the token that the platform uses from now on."""
        token = new_token()
        async with self._core.store.write() as connection:
            before = await registry.row_to_change(connection, caller.id)
            if action == "registered":
                # an exchange repeated because its answer was lost: nobody has the token of the first
                await tokens.drop_all(connection, caller.id, scope=Scope.FULL)
            else:
                await tokens.expire(connection, caller.id, time.time() + OVERLAP_S)
            await tokens.add(connection, caller.id, self._core.fingerprints.of(token), Scope.FULL)
            await registration.connected(
                connection,
                caller.id,
                version=learnt.version.number,
                versions_url=credentials.url,
                versions_offered=[row.model_dump() for row in learnt.offered],
                token_out=self._core.vault.seal(credentials.token, token_row(caller.id)),
                is_hub=credentials.is_hub,
                quirks=learnt.quirks(before.quirks if before else {}),
                roles=roles,
                endpoint_rows=learnt.endpoints,
            )
            await registration.write_down(connection, action, caller.id, before, by=f"platform {caller.name}")
            await mark_done(connection, caller.id, STORE)
        return token

    async def _note(self, caller: Platform, step: str, expected: str, came: str) -> None:
        """Keep for the admin which step failed, and how."""
        log.warning("handshake failed", platform=caller.id, step=step, expected=expected, came=came)
        error = {"at": time.time(), "step": step, "expected": expected, "came": came}
        async with self._core.store.write() as connection:
            await registry.note(connection, caller.id, last_error=error)
        await self._progress(caller).failed(step, expected, came)

    def _progress(self, caller: Platform) -> Progress:
        return Progress(self._core.store, caller.id)


def _check_not_suspended(caller: Platform) -> None:
    """A platform that the admin suspended does not come back by registering."""
    if caller.status is ConnectionStatus.SUSPENDED:
        raise ReceiverNotConnected("your platform is suspended")


def _agreed_roles(version: Version, caller: Platform, credentials: Credentials, own: PartyId) -> Sequence[RoleRow]:
    """The roles of the credentials object. Raises InvalidMessage where one that was invited is not among them;
    VersionNotSupported (3002) where they are several and the version has room for one.
    """
    rows = credentials.parties(own)
    if caller.status is ConnectionStatus.PLANNED:  # never registered: its parties are those that the admin invited
        held = {(row.id, row.role) for row in credentials.role_rows()}  # a hub may be invited as that
        missing = [f"{party.role} {party.id}" for party in caller.parties if (party.id, party.role) not in held]
        if missing:
            raise InvalidMessage(f"credentials: the hub expects the roles {', '.join(missing)}")
    elif version.credentials_are_flat and sum(not party.is_suspended for party in caller.parties) > 1:
        raise VersionNotSupported(f"OCPI {version} tells of one role, and your platform has several: drop them first")
    return rows


def _as_ocpi(failure: StepFailed) -> OcpiError:
    match failure.step:
        case "choose version":
            return VersionNotSupported(str(failure))
        case "check endpoints":
            return EndpointsMissing(str(failure))
        case _:
            return ClientApiUnusable(str(failure))
