"""What an admin does with platforms and agreements. Each change is in the audit trail, in the same transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import structlog

from hub.core import Core
from hub.peer import StepFailed
from hub.progress import mark_begun
from hub.registration import Registration
from hub.store import agreements, audit, claims, handshakes, registration, registry, tokens
from hub.store.registry import PlatformRow, RoleRow, new_id
from hub.vault import new_token
from hub.versions import base_url_as
from routing.agreements import Agreement
from routing.directory import Platform, Scope
from routing.ocpi import ConnectionStatus, PartyId

log = structlog.get_logger(__name__)

CHANGEABLE = ("name", "quirks", "allowed_networks", "rate_limit", "client_certificates", "renew_days")


class UnknownPlatform(Exception):
    """There is no platform of this id."""


class WrongState(Exception):
    """The platform is not in a state in which this can be done."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a partner needs to register: CREDENTIALS_TOKEN_A, shown this once, and where to begin."""

    platform_id: str
    token: str = field(repr=False)
    versions_url: str
    row: PlatformRow = field(repr=False)


class Platforms:
    """The registry as an admin changes it. `by` names the admin. What is done is told with the row as it was left: the
    store may be gone when it is asked for that again.
    """

    def __init__(self, core: Core, handshakes: Registration) -> None:
        self._core = core
        self._handshakes = handshakes
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def invite(
        self, *, by: str, name: str, roles: Sequence[RoleRow], counterpart: PartyId | None = None
    ) -> Invitation:
        """Expect a platform with these roles: PLANNED, with a token to register with. Raises RoleTaken."""
        platform_id, token = new_id(), new_token()
        async with self._core.store.write() as connection:
            await registration.add_platform(
                connection, platform_id=platform_id, name=name, roles=roles, counterpart=counterpart
            )
            await tokens.add(connection, platform_id, self._core.fingerprints.of(token), Scope.REGISTRATION)
            after = {"name": name, "roles": [f"{row.role} {row.id}" for row in roles]}
            after |= {"counterpart": str(counterpart)} if counterpart else {}
            await audit.record(connection, actor=by, action="invited", subject=platform_id, after=after)
            await mark_begun(connection, platform_id, name, is_outgoing=False)
            row = await _row(connection, platform_id)
        await self._core.picture.catch_up()
        return self._invitation(row, token)

    async def connect(
        self,
        *,
        by: str,
        name: str,
        roles: Sequence[RoleRow],
        versions_url: str,
        token: str,
        counterpart: PartyId | None = None,
        platform_id: str | None = None,
    ) -> str:
        """Register the hub with a platform; its id, which may be given, so that its handshake can be followed.

        Raises StepFailed, RoleTaken or ForbiddenAddress.
        """
        async with self._turn(versions_url):
            return await self._handshakes.connect(
                by=by,
                name=name,
                roles=roles,
                versions_url=versions_url,
                token=token,
                counterpart=counterpart,
                platform_id=platform_id,
            )

    async def invite_again(self, platform_id: str, *, by: str) -> Invitation:
        """A fresh token for a platform that is not registered. Raises UnknownPlatform, WrongState."""
        token = new_token()
        async with self._core.store.write() as connection:
            row = await _row_to_change(connection, platform_id)
            if row.version is not None:
                raise WrongState(f"platform {row.name} is registered; remove it, or let it unregister first")
            if row.status is ConnectionStatus.SUSPENDED:
                raise WrongState(f"platform {row.name} is suspended; resume it first")
            await tokens.drop_all(connection, platform_id)
            await tokens.add(connection, platform_id, self._core.fingerprints.of(token), Scope.REGISTRATION)
            await registry.touch(connection, platform_id, last_error=None)
            await audit.record(connection, actor=by, action="invited again", subject=platform_id)
            await mark_begun(connection, platform_id, row.name, is_outgoing=False)
        await self._core.picture.catch_up()
        return self._invitation(row, token)

    async def rotate(self, platform_id: str, *, by: str) -> None:
        """Renew both tokens by PUT credentials. Raises UnknownPlatform, WrongState, StepFailed."""
        async with self._turn(platform_id):
            platform = await self._platform(platform_id)
            if platform.token_out is None:
                raise WrongState(f"platform {platform.name} is not registered: there is nothing to rotate")
            if platform.status is ConnectionStatus.SUSPENDED:
                raise WrongState(f"platform {platform.name} is suspended; resume it first")
            await self._handshakes.rotate(platform, by=by)

    async def suspend(self, platform_id: str, *, by: str) -> PlatformRow:
        """Stop all traffic of a platform. Raises UnknownPlatform, WrongState."""
        return await self._set_status(platform_id, ConnectionStatus.SUSPENDED, "suspended", by)

    async def resume(self, platform_id: str, *, by: str) -> PlatformRow:
        """Take a suspension back: the operator's override, SUSPENDED to PLANNED (OCPI, HubClientInfo).

        Where the exchange of credentials still holds, PLANNED to CONNECTED follows at once, and traffic flows again.
        Raises UnknownPlatform, WrongState.
        """
        return await self._set_status(platform_id, None, "resumed", by)

    async def change(self, platform_id: str, *, by: str, changes: Mapping[str, Any]) -> PlatformRow:
        """Change name, quirks (see `with_quirks`), allowed networks or rate limit. Raises UnknownPlatform."""
        values = {name: changes[name] for name in CHANGEABLE if name in changes}
        async with self._core.store.write() as connection:
            row = await _row_to_change(connection, platform_id)
            if "quirks" in values:
                values["quirks"] = with_quirks(row.quirks, values["quirks"])
            before = {name: getattr(row, name) for name in values}
            await registry.touch(connection, platform_id, **values)
            await audit.record(connection, actor=by, action="changed", subject=platform_id, before=before, after=values)
            after = await _row(connection, platform_id)
        await self._core.picture.catch_up()
        return after

    async def remove(self, platform_id: str, *, by: str) -> None:
        """Unregister at the partner, where it can be reached, and forget the platform. Raises UnknownPlatform."""
        platform = await self._platform(platform_id)
        try:
            await self._handshakes.take_leave(platform)
        except StepFailed as failure:
            log.warning("platform was not told", platform=platform_id, reason=str(failure))
        async with self._core.store.write() as connection:
            row = await _row_to_change(connection, platform_id)
            before = {"name": row.name, "roles": [f"{role.role} {role.id}" for role in row.roles]}
            await registration.remove_platform(connection, platform_id)
            await handshakes.forget(connection, platform_id)
            await claims.forget(connection, f"alive {platform_id}")
            await audit.record(connection, actor=by, action="removed", subject=platform_id, before=before)
        await self._core.picture.catch_up()

    async def allow(self, agreement: Agreement, *, by: str) -> None:
        """Record an agreement, to allow or to deny."""
        async with self._core.store.write() as connection:
            await agreements.add(connection, agreement)
            await audit.record(connection, actor=by, action="agreed", subject=agreement.id, after=_in_words(agreement))
        await self._core.picture.catch_up()

    async def disallow(self, agreement_id: str, *, by: str) -> bool:
        """Forget an agreement; False for an unknown one."""
        async with self._core.store.write() as connection:
            known = await agreements.one(connection, agreement_id)
            if known is None or not await agreements.remove(connection, agreement_id):
                return False
            before = _in_words(known)
            await audit.record(connection, actor=by, action="agreement removed", subject=agreement_id, before=before)
        await self._core.picture.catch_up()
        return True

    # --- in common ---------------------------------------------------------------------------------------------------

    def _turn(self, partner: str) -> asyncio.Lock:
        """One exchange of credentials at a time, whoever asks for it: two would each undo what the other agreed."""
        return self._turns.setdefault(partner, asyncio.Lock())

    def _invitation(self, row: PlatformRow, token: str) -> Invitation:
        return Invitation(row.id, token, f"{base_url_as(self._core, row.counterpart)}/versions", row)

    async def _platform(self, platform_id: str) -> Platform:
        await self._core.picture.refresh()
        platform = self._core.picture.directory.platforms.get(platform_id)
        if platform is None:
            raise UnknownPlatform(f"there is no platform {platform_id}")
        return platform

    async def _set_status(self, platform_id: str, wanted: ConnectionStatus | None, action: str, by: str) -> PlatformRow:
        """`wanted` None: what the platform is when nobody suspends it."""
        async with self._core.store.write() as connection:
            row = await _row_to_change(connection, platform_id)
            is_suspended = row.status is ConnectionStatus.SUSPENDED
            if is_suspended is (wanted is ConnectionStatus.SUSPENDED):
                raise WrongState(f"platform {row.name} is {row.status}")
            status = wanted or (ConnectionStatus.CONNECTED if row.version else ConnectionStatus.PLANNED)
            await registry.touch(connection, platform_id, status=status)
            await audit.record(
                connection,
                actor=by,
                action=action,
                subject=platform_id,
                before={"status": row.status},
                after={"status": status},
            )
            after = await _row(connection, platform_id)
        await self._core.picture.catch_up()
        return after


def with_quirks(known: Mapping[str, Any], change: Mapping[str, Any] | None) -> dict[str, Any]:
    """The quirks after a change, in which None takes one away, and no mapping at all takes away each."""
    changed = {} if change is None else {**known, **change}
    return {name: value for name, value in changed.items() if value is not None}


async def _row_to_change(connection: Any, platform_id: str) -> PlatformRow:
    return _known(await registry.row_to_change(connection, platform_id), platform_id)


async def _row(connection: Any, platform_id: str) -> PlatformRow:
    return _known(await registry.platform_row(connection, platform_id), platform_id)


def _known(row: PlatformRow | None, platform_id: str) -> PlatformRow:
    if row is None:
        raise UnknownPlatform(f"there is no platform {platform_id}")
    return row


def _in_words(agreement: Agreement) -> dict[str, Any]:
    return {
        "cpo": str(agreement.cpo),
        "emsp": str(agreement.emsp),
        "modules": sorted(agreement.modules),
        "effect": "allow" if agreement.is_allowed else "deny",
    }
