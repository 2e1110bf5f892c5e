"""The hub registers itself with a platform, rotates both tokens, and takes its leave (hub as Sender).

OCPI 2.2.1, Credentials, Use cases. No call is made inside a transaction; what fails leaves everything as it was.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

from hub.core import Core
from hub.credentials import OVERLAP_S
from hub.payloads import Credentials, read_credentials
from hub.peer import Learnt, OutcomeUnknown, Peer, StepFailed, check_endpoints, newest
from hub.picture import token_row
from hub.store import audit, registration, registry, tokens
from hub.store.registry import RoleRow, new_id
from hub.vault import new_token
from hub.versions import own_credentials
from routing.directory import Platform, Scope
from routing.errors import OcpiError
from routing.ocpi import PartyId, Role, Version

HANDSHAKE_S: Final = 300.0
"""How long the token that is being exchanged opens anything, should this node die in between."""


class Registration:
    """The handshakes that the hub begins."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._under_way: dict[str, asyncio.Event] = {}

    async def finished(self, platform_id: str, timeout_s: float) -> bool:
        """Wait for a handshake of this platform that is under way; False where there is none, or it takes longer.

        A platform may use its new token before the hub has read the answer that tells so.
        """
        event = self._under_way.get(platform_id)
        if event is None:
            return False
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            return False
        return True

    async def connect(
        self,
        *,
        by: str,
        name: str,
        roles: Sequence[RoleRow],
        versions_url: str,
        token: str,
        counterpart: PartyId | None = None,
    ) -> str:
        """Register with the platform at this versions URL; the id of the new platform.

        Raises StepFailed, RoleTaken or ForbiddenAddress; then there is no new platform.
        """
        url = self._core.checked(versions_url)
        platform_id, own_token = new_id(), new_token()
        await self._add(platform_id, name, roles, counterpart, own_token)
        self._under_way[platform_id] = asyncio.Event()
        try:
            await self._handshake(by, platform_id, roles, Peer(self._core, url, token), own_token)
        except BaseException as error:
            await asyncio.shield(self._take_back(by, platform_id, name, error))
            raise
        finally:
            await self._core.picture.refresh()
            self._under_way.pop(platform_id).set()
        return platform_id

    async def rotate(self, platform: Platform, *, by: str) -> None:
        """Renew both tokens by PUT credentials, on the newest version that both offer.

        Raises StepFailed; then the old tokens still work (and the new one too, where the outcome is unknown).
        """
        peer = Peer(self._core, platform.versions_url or "", platform.token_out or "", platform.encodes_token)
        own_token = new_token()
        fingerprint = self._core.fingerprints.of(own_token)
        async with self._core.store.write() as connection:
            await tokens.add(connection, platform.id, fingerprint, Scope.FULL)
            await registry.touch(connection, platform.id)
        await self._core.picture.refresh()
        try:
            learnt, credentials = await self._exchange(peer, "PUT", own_token, platform)
            await self._keep(by, platform.id, "rotated", peer, learnt, credentials, None, fingerprint)
        except OutcomeUnknown as failure:
            await self._note(platform.id, failure)
            raise
        except BaseException:
            await asyncio.shield(self._drop(platform.id, fingerprint))
            raise
        finally:
            await self._core.picture.refresh()

    async def take_leave(self, platform: Platform) -> None:
        """DELETE credentials at the platform. Raises StepFailed where it did not understand."""
        endpoint = next((url for (module, _), url in platform.endpoints.items() if module == "credentials"), None)
        if endpoint is None or platform.token_out is None:
            return
        peer = Peer(self._core, platform.versions_url or "", platform.token_out, platform.encodes_token)
        await peer.goodbye(endpoint)

    # --- steps -------------------------------------------------------------------------------------------------------

    async def _add(
        self, platform_id: str, name: str, roles: Sequence[RoleRow], counterpart: PartyId | None, own_token: str
    ) -> None:
        """A platform that is not connected yet, so that it may read the hub's versions while it is being asked."""
        fingerprint = self._core.fingerprints.of(own_token)
        async with self._core.store.write() as connection:
            await registration.add_platform(
                connection, platform_id=platform_id, name=name, roles=roles, counterpart=counterpart
            )
            expires_at = time.time() + HANDSHAKE_S
            await tokens.add(connection, platform_id, fingerprint, Scope.REGISTRATION, expires_at)
        await self._core.picture.refresh()

    async def _handshake(self, by: str, platform_id: str, roles: Sequence[RoleRow], peer: Peer, own_token: str) -> None:
        platform = self._core.picture.directory.platforms[platform_id]
        learnt, credentials = await self._exchange(peer, "POST", own_token, platform)
        fingerprint = self._core.fingerprints.of(own_token)
        await self._keep(by, platform_id, "connected", peer, learnt, credentials, roles, fingerprint)

    async def _exchange(
        self, peer: Peer, method: str, own_token: str, platform: Platform
    ) -> tuple[Learnt, Credentials]:
        """Versions, details, and the exchange of credentials itself."""
        offered = await peer.versions()
        version = newest(self._core, offered)
        peer.encodes_token = bool(platform.quirks.get("encode_token", peer.encodes_token))
        learnt = await peer.details(offered, version)
        check_endpoints(learnt)
        own = own_credentials(self._core, version, own_token, platform)
        url = learnt.url_of("credentials") or ""
        try:
            answer = await peer.exchange(method, url, own)
        except OutcomeUnknown:
            # the answer was lost: whoever did the exchange lets it be repeated with the same token
            answer = await peer.exchange(method, url, own)
        return learnt, _read(method, version, answer, platform)

    async def _keep(
        self,
        by: str,
        platform_id: str,
        action: str,
        peer: Peer,
        learnt: Learnt,
        credentials: Credentials,
        agreed: Sequence[RoleRow] | None,
        fingerprint: bytes,
    ) -> None:
        """Everything of the exchange in one transaction. `agreed` roles are those the admin named, if any."""
        rows = [row for row in credentials.role_rows() if row.role is not Role.HUB]
        held = {(row.id, row.role) for row in rows}
        missing = [f"{row.role} {row.id}" for row in agreed or () if (row.id, row.role) not in held]
        if missing:
            came = ", ".join(f"{row.role} {row.id}" for row in rows) or "none"
            raise StepFailed("check roles", f"the roles {', '.join(missing)}", came)
        async with self._core.store.write() as connection:
            before = await registry.platform_row(connection, platform_id)
            await tokens.expire(connection, platform_id, time.time() + OVERLAP_S)
            await tokens.widen(connection, fingerprint)
            await registration.connected(
                connection,
                platform_id,
                version=learnt.version.number,
                versions_url=peer.versions_url,
                versions_offered=[row.model_dump() for row in learnt.offered],
                token_out=self._core.vault.seal(credentials.token, token_row(platform_id)),
                is_hub=credentials.is_hub,
                quirks=learnt.quirks(before.quirks if before else {}),
                roles=rows,
                endpoint_rows=learnt.endpoints,
            )
            after = {"version": learnt.version.number, "roles": [f"{row.role} {row.id}" for row in rows]}
            await audit.record(connection, actor=by, action=action, subject=platform_id, after=after)

    async def _take_back(self, by: str, platform_id: str, name: str, error: BaseException) -> None:
        async with self._core.store.write() as connection:
            await registration.remove_platform(connection, platform_id)
            after = {"name": name, "reason": str(error) or type(error).__name__}
            await audit.record(connection, actor=by, action="connect failed", subject=platform_id, after=after)

    async def _drop(self, platform_id: str, fingerprint: bytes) -> None:
        async with self._core.store.write() as connection:
            await tokens.drop(connection, fingerprint)
            await registry.touch(connection, platform_id)

    async def _note(self, platform_id: str, failure: StepFailed) -> None:
        error = {"at": time.time(), "step": failure.step, "expected": failure.expected, "came": failure.came}
        async with self._core.store.write() as connection:
            await registry.note(connection, platform_id, last_error=error)


def _read(method: str, version: Version, answer: Any, platform: Platform) -> Credentials:
    known_role = platform.parties[0].role if platform.parties else None
    try:
        return read_credentials(version, answer, known_role)
    except OcpiError as error:
        raise StepFailed(f"{method} credentials", "a credentials object", error.message) from None
