"""A fake party's side of the handshake, in both directions, in every version.

A handshake that fails leaves tokens, endpoints and version exactly as they were.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import aiohttp

from hub.testing import calling
from hub.testing.exchange import Exchange, Seen
from hub.testing.shelf import Served
from routing.catalogue import module_key
from routing.ocpi import VERSIONS, PartyId, Version

if TYPE_CHECKING:
    from hub.testing.party import FakeParty


class RegistrationFailed(Exception):
    """A step of the handshake was not answered as OCPI asks; `code` is what a Receiver says to it."""

    def __init__(self, message: str, code: int = 3001) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Peer:
    """What a party knows of the hub or peer it registered with."""

    versions_url: str = ""
    token_out: str = ""
    """The token that the peer accepts."""
    version: str = ""
    endpoints: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """URL by module key and SENDER or RECEIVER; the latter is empty where the version has no such thing."""
    credentials: Mapping[str, Any] = field(default_factory=dict)

    def address(self, module: str, interface: str = "") -> str:
        """Where a module is, without a slash at its end. Raises LookupError."""
        key = module_key(module)
        found = self.endpoints.get((key, interface.upper())) or self.endpoints.get((key, ""))
        if found is None:
            known = ", ".join(f"{name} {side}".strip() for name, side in self.endpoints) or "nothing"
            raise LookupError(f"no endpoint for {module} {interface}; known: {known}")
        return found.rstrip("/")

    @property
    def credentials_url(self) -> str:
        """Its credentials endpoint, whatever role it is published with."""
        return next(url for (module, _), url in self.endpoints.items() if module == "credentials")


class Handshakes:
    """The tokens on both sides, and what was learnt from the peer."""

    def __init__(self, party: FakeParty) -> None:
        self._party = party
        self.peer = Peer()
        self.token_in = ""
        """The token with which the peer calls; empty where there is none registered."""
        self._pending = ""
        """A token that the peer was just told, in a handshake that is not over."""
        self._invitations: set[str] = set()

    @property
    def token_out(self) -> str:
        """The token that the peer accepts."""
        return self.peer.token_out

    # --- as Sender ---------------------------------------------------------------------------------------------------

    async def register(self, versions_url: str, token: str) -> None:
        """GET versions, GET details, POST credentials. Raises RegistrationFailed naming the step."""
        await self._exchange("POST", await self._learn(versions_url, token, self._party.offers))

    async def update(self, version: str | None = None) -> None:
        """The same with PUT, perhaps in another version; both tokens are new then. Raises RegistrationFailed."""
        wanted = (version or self._party.version.number,)
        await self._exchange("PUT", await self._learn(self.peer.versions_url, self.token_out, wanted))

    async def unregister(self) -> None:
        """DELETE credentials; both tokens are gone then. Raises RegistrationFailed."""
        await self._call("DELETE", self.peer.credentials_url, self.token_out, "DELETE credentials", needs_data=False)
        self._forget()

    async def _learn(self, versions_url: str, token: str, wanted: tuple[str, ...]) -> Peer:
        rows = await self._call("GET", versions_url, token, "GET versions")
        with _step("GET versions"):
            offered = {row["version"]: row["url"] for row in rows}
        mutual = [VERSIONS[number] for number in wanted if number in offered]
        if not mutual:
            raise RegistrationFailed(f"choose version: the peer offers {sorted(offered)}, not {wanted}", 3002)
        number = max(mutual, key=lambda version: version.rank).number
        details = await self._call("GET", offered[number], token, "GET version details")
        with _step("GET version details"):
            endpoints = {
                (module_key(row["identifier"]), row.get("role", "")): row["url"] for row in details["endpoints"]
            }
        if not any(module == "credentials" for module, _ in endpoints):
            raise RegistrationFailed("GET version details: no credentials endpoint", 3003)
        return Peer(versions_url, token, number, endpoints)

    async def _exchange(self, method: str, peer: Peer) -> None:
        self._pending = own = secrets.token_hex(16)
        body = json.dumps(self.own_credentials(VERSIONS[peer.version], own)).encode()
        try:
            told = await self._call(method, peer.credentials_url, peer.token_out, f"{method} credentials", body)
            if self._party.mischief.strikes("lost-answer", "credentials"):
                raise RegistrationFailed(f"{method} credentials: the answer was lost")
            with _step(f"{method} credentials"):
                self._settle(replace(peer, credentials=told, token_out=told["token"]), own)
        finally:
            self._pending = ""

    async def _call(
        self, method: str, url: str, token: str, step: str, body: bytes = b"", *, needs_data: bool = True
    ) -> Any:
        """The data of the answer. Raises RegistrationFailed for whatever is not one."""
        module = "credentials" if "credentials" in step else "versions"
        headers = calling.authorization(self._party, token, module) | calling.message_ids(self._party)
        headers |= {"Content-Type": "application/json"} if body else {}
        try:
            answer = await self._party.call(method, url, calling.spelled(self._party, module, headers), body)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise RegistrationFailed(f"{step}: {type(error).__name__} {error}") from error
        if not answer.is_success or (needs_data and answer.data is None):
            raise RegistrationFailed(f"{step}: {_told(answer)}", answer.status_code or 3001)
        return answer.data

    # --- as Receiver -------------------------------------------------------------------------------------------------

    def invite(self) -> str:
        """A CREDENTIALS_TOKEN_A for whoever shall register here."""
        token = secrets.token_hex(16)
        self._invitations.add(token)
        return token

    def token_of(self, header: str, form: str = "") -> str | None:
        """The token in an Authorization header, where it is one of those given out: in Base64 or as it is.

        `form` is `base64` or `raw` where it is accepted in that form alone.
        """
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "token":
            return None
        try:
            decoded = base64.b64decode(value, validate=True).decode().strip()
        except (binascii.Error, UnicodeDecodeError):
            decoded = ""
        known = self._invitations | {self.token_in, self._pending} - {""}
        forms = {"base64": decoded, "raw": value}
        accepted = [forms[form]] if form else forms.values()
        return next((token for token in accepted if token in known), None)

    def is_invitation(self, token: str) -> bool:
        """Whether it is a CREDENTIALS_TOKEN_A, good for versions and credentials only."""
        return token in self._invitations

    async def serve(self, seen: Seen, token: str) -> Served:
        """The credentials endpoint, called with this token."""
        is_registered = bool(self.token_in)
        match seen.method:
            case "GET":
                return Served(data=self.own_credentials(VERSIONS[seen.version], token))
            case "POST" if not is_registered:
                return await self._accept(seen)
            case "PUT" if is_registered and not self.is_invitation(token):
                return await self._accept(seen)
            case "DELETE" if is_registered and not self.is_invitation(token):
                self._forget()
                return Served()
            case _:
                return Served(405, 2000, headers={"Allow": "GET, PUT, DELETE" if is_registered else "GET, POST"})

    async def _accept(self, seen: Seen) -> Served:
        version = VERSIONS[seen.version]
        try:
            credentials = seen.document
        except ValueError:
            return Served(400, 2001, message="the body is not JSON")
        needed = {"token", "url"} | ({"party_id", "country_code"} if version.credentials_are_flat else {"roles"})
        if not isinstance(credentials, dict) or not needed <= credentials.keys():
            return Served(code=2001, message=f"credentials have {', '.join(sorted(needed))}")
        try:
            peer = await self._learn(credentials["url"], credentials["token"], (version.number,))
        except RegistrationFailed as failure:
            return Served(code=failure.code if failure.code in (3002, 3003) else 3001, message=str(failure))
        own = secrets.token_hex(16)
        self._settle(replace(peer, credentials=credentials), own)
        return Served(data=self.own_credentials(version, own))

    # --- both --------------------------------------------------------------------------------------------------------

    def _settle(self, peer: Peer, token_in: str) -> None:
        self.peer, self.token_in = peer, token_in
        self._invitations.clear()
        self._party.speak(peer.version)

    def _forget(self) -> None:
        self.peer, self.token_in = Peer(), ""

    def own_credentials(self, version: Version, token: str) -> dict[str, Any]:
        """What it says about itself: one party in 2.1.1, all its roles from 2.2 on."""
        party = self._party
        head = {"token": token, "url": party.versions_url}
        business = {"business_details": {"name": party.name}}
        if version.credentials_are_flat:
            return {**head, **business, **_named(party.parties[0])}
        return {**head, "roles": [{"role": role, **business, **_named(row)} for row, role in party.roles]}


@contextmanager
def _step(name: str) -> Iterator[None]:
    """Whatever is missing from an answer fails this step of the handshake."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise RegistrationFailed(f"{name}: the answer is not what OCPI asks for ({error!r})") from error


def _named(party: PartyId) -> dict[str, str]:
    return {"country_code": party.country_code, "party_id": party.party_id}


def _told(answer: Exchange) -> str:
    return f"HTTP {answer.http}, OCPI {answer.status_code} {answer.status_message or answer.body[:100]!r}"
