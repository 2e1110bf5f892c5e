"""The hub registers itself with a platform, rotates both tokens, and takes its leave (hub as Sender).

OCPI 2.2.1, Credentials, Use cases. No call is made inside a transaction; what fails leaves everything as it was.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

import structlog

from hub.core import Core
from hub.credentials import OVERLAP_S
from hub.owed import Owed
from hub.payloads import Credentials, read_credentials, role_agreed
from hub.peer import Learnt, OutcomeUnknown, Peer, StepFailed, check_endpoints, check_role_known, newest
from hub.progress import STORE, Progress, mark_done
from hub.roles import note_told
from hub.store import StoreUnavailable, audit, registration, registry, tokens
from hub.store.registry import RoleRow, RoleTaken, new_id
from hub.store.secrets import token_row
from hub.vault import new_token
from hub.versions import own_credentials
from routing.directory import Platform, Scope
from routing.errors import OcpiError
from routing.ocpi import PartyId, Version

log = structlog.get_logger(__name__)

HANDSHAKE_S: Final = 300.0
"""How long the token that is being exchanged opens anything, should this node die in between."""


class Registration:
    """The handshakes that the hub begins."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._under_way: dict[str, asyncio.Event] = {}
        self._owed = Owed()

    async def close(self, within_s: float) -> None:
        """Give what could not be written down yet a last moment."""
        await self._owed.close(within_s)

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
        platform_id: str | None = None,
    ) -> str:
        """Register with the platform at this versions URL; the id of the new platform, which may be given.

        Raises StepFailed, RoleTaken or ForbiddenAddress; then there is no new platform.
        """
        url = self._core.checked(versions_url)
        platform_id, own_token = platform_id or new_id(), new_token()
        await self._add(platform_id, name, roles, counterpart, own_token)
        self._under_way[platform_id] = asyncio.Event()
        try:
            await self._core.picture.refresh()
            await self._progress(platform_id).begin(name, is_outgoing=True, versions_url=url)
            await self._handshake(by, platform_id, roles, Peer(self._core, url, token), own_token)
        except BaseException as error:
            reason = error  # the other name ends with this block, and it may be taken back later
            await self._owed.tidy("taking back", lambda: self._take_back(by, platform_id, name, reason))
            raise
        finally:
            await self._core.picture.catch_up()
            self._under_way.pop(platform_id).set()
        return platform_id

    async def rotate(self, platform: Platform, *, by: str) -> None:
        """Renew both tokens by PUT credentials, on the newest version that both offer.

        Raises StepFailed; then the old tokens still work (and the new one too, where the outcome is unknown). Raises
        RoleTaken where the platform now has a role of another's; then its roles stay, with the new tokens. Raises
        StoreUnavailable; tokens that the platform exchanged already are kept when the store is there again.
        """
        peer = Peer(self._core, platform.versions_url or "", platform.token_out or "", platform.encodes_token)
        own_token = new_token()
        fingerprint = self._core.fingerprints.of(own_token)
        async with self._core.store.write() as connection:
            await registry.touch(connection, platform.id)
            await tokens.add(connection, platform.id, fingerprint, Scope.FULL)
        await self._core.picture.refresh()
        try:
            learnt, credentials = await self._exchange(peer, "PUT", own_token, platform)
        except OutcomeUnknown as failure:
            await self._note(platform.id, failure)
            raise
        except BaseException as error:
            await self._owed.tidy("dropping a token", lambda: self._drop(platform.id, fingerprint))
            if isinstance(error, StepFailed):
                await self._note(platform.id, error)
            raise
        try:
            await self._owed.settle(
                "keeping exchanged tokens",
                lambda: self._keep_tokens(by, platform.id, peer, learnt, credentials, fingerprint),
            )
        finally:
            await self._core.picture.catch_up()

    async def forget_abandoned(self, now: float) -> None:
        """Take back what a node that died was registering with, where its time was over at `now` (epoch seconds)."""
        async with self._core.store.write() as connection:
            for platform_id, name in await registration.abandoned(connection, now):
                await registration.remove_platform(connection, platform_id)
                after = {"name": name, "reason": "the hub stopped in the middle of the handshake"}
                await audit.record(connection, actor="hub", action="connect failed", subject=platform_id, after=after)

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

    async def _handshake(self, by: str, platform_id: str, roles: Sequence[RoleRow], peer: Peer, own_token: str) -> None:
        platform = self._core.picture.directory.platforms[platform_id]
        learnt, credentials = await self._exchange(peer, "POST", own_token, platform)
        fingerprint = self._core.fingerprints.of(own_token)
        try:
            rows = credentials.parties(self._core.picture.directory.hub)
            await self._progress(platform_id).done("POST credentials")
            _check_agreed(roles, rows)
            await self._progress(platform_id).done("check roles")
            await self._keep(by, platform_id, "connected", peer, learnt, credentials, rows, fingerprint)
        except (StepFailed, RoleTaken, StoreUnavailable):
            await self._withdraw(peer, learnt, credentials)
            raise

    async def _withdraw(self, peer: Peer, learnt: Learnt, credentials: Credentials) -> None:
        """Unregister again: the platform believes in a registration that the hub does not keep."""
        known = Peer(self._core, peer.versions_url, credentials.token, peer.encodes_token)
        try:
            await known.goodbye(learnt.url_of("credentials") or "")
        except StepFailed as failure:
            log.warning("platform was not told", reason=str(failure))

    async def _exchange(
        self, peer: Peer, method: str, own_token: str, platform: Platform
    ) -> tuple[Learnt, Credentials]:
        """Versions, details, and the exchange of credentials itself."""
        progress = self._progress(platform.id)
        offered = await peer.versions()
        await progress.done("GET versions")
        version = newest(self._core, offered)
        check_role_known(version, platform)
        await progress.done("choose version")
        peer.encodes_token = bool(platform.quirks.get("encode_token", peer.encodes_token))
        learnt = await peer.details(offered, version)
        await progress.done("GET version details")
        check_endpoints(learnt)
        await progress.done("check endpoints")
        own = own_credentials(self._core, version, own_token, platform)
        url = learnt.url_of("credentials") or ""
        try:
            answer = await peer.exchange(method, url, own)
        except OutcomeUnknown:
            # the answer was lost: whoever did the exchange lets it be repeated with the same token
            answer = await peer.exchange(method, url, own)
        credentials = _read(method, version, answer, platform)
        await note_told(self._core, platform.id, own)
        return learnt, credentials

    async def _keep_tokens(
        self, by: str, platform_id: str, peer: Peer, learnt: Learnt, credentials: Credentials, fingerprint: bytes
    ) -> None:
        """What a rotation brought. Tokens that were exchanged count, even where the roles that came along cannot."""
        try:
            rows = credentials.parties(self._core.picture.directory.hub)
            await self._keep(by, platform_id, "rotated", peer, learnt, credentials, rows, fingerprint)
        except RoleTaken as error:
            await self._keep(by, platform_id, "rotated", peer, learnt, credentials, None, fingerprint)
            await self._note(platform_id, StepFailed("check roles", "roles that are free", str(error)))
            raise

    async def _keep(
        self,
        by: str,
        platform_id: str,
        action: str,
        peer: Peer,
        learnt: Learnt,
        credentials: Credentials,
        roles: Sequence[RoleRow] | None,
        fingerprint: bytes,
    ) -> None:
        """Everything of the exchange in one transaction; without `roles` they stay as they are. Raises RoleTaken."""
        async with self._core.store.write() as connection:
            before = await registry.row_to_change(connection, platform_id)
            rows = [row for row in before.roles if not row.is_suspended] if roles is None and before else roles or ()
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
            await registration.write_down(connection, action, platform_id, before, by=by)
            await mark_done(connection, platform_id, STORE)

    def _progress(self, platform_id: str) -> Progress:
        return Progress(self._core.store, platform_id)

    async def _take_back(self, by: str, platform_id: str, name: str, error: BaseException) -> None:
        failure = _as_step(error)
        await self._progress(platform_id).failed(failure.step, failure.expected, failure.came)
        async with self._core.store.write() as connection:
            await registration.remove_platform(connection, platform_id)
            after = {"name": name, "reason": str(error) or type(error).__name__}
            await audit.record(connection, actor=by, action="connect failed", subject=platform_id, after=after)

    async def _drop(self, platform_id: str, fingerprint: bytes) -> None:
        async with self._core.store.write() as connection:
            await registry.touch(connection, platform_id)
            await tokens.drop(connection, fingerprint)

    async def _note(self, platform_id: str, failure: StepFailed) -> None:
        error = {"at": time.time(), "step": failure.step, "expected": failure.expected, "came": failure.came}
        async with self._core.store.write() as connection:
            await registry.note(connection, platform_id, last_error=error)


def _as_step(error: BaseException) -> StepFailed:
    """The step that an error ended, for whoever follows the handshake."""
    match error:
        case StepFailed():
            return error
        case RoleTaken():
            return StepFailed("check roles", "roles that are free", str(error))
        case asyncio.CancelledError():
            return StepFailed(STORE, "time to finish", "the hub was stopped")
        case _:
            return StepFailed(STORE, "a hub that can keep it", str(error) or type(error).__name__)


def _check_agreed(agreed: Sequence[RoleRow], rows: Sequence[RoleRow]) -> None:
    """Raises StepFailed where a role that the admin named is not among those of the platform."""
    held = {(row.id, row.role) for row in rows}
    missing = [f"{row.role} {row.id}" for row in agreed if (row.id, row.role) not in held]
    if missing:
        came = ", ".join(f"{row.role} {row.id}" for row in rows) or "none"
        raise StepFailed("check roles", f"the roles {', '.join(missing)}", came)


def _read(method: str, version: Version, answer: Any, platform: Platform) -> Credentials:
    """Raises OutcomeUnknown for what is no credentials object: the platform did accept the hub's."""
    try:
        return read_credentials(version, answer, role_agreed(platform.parties))
    except OcpiError as error:
        raise OutcomeUnknown(f"{method} credentials", "a credentials object", error.message) from None
