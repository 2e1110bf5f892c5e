"""A fake party's side of the handshake, in both directions, in every version."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from typing import TYPE_CHECKING, Any

from hub.testing.exchange import Exchange
from hub.testing.shelf import Served
from routing.catalogue import module_key
from routing.ocpi import VERSIONS, Role, Version

if TYPE_CHECKING:
    from hub.testing.party import FakeParty


class RegistrationFailed(Exception):
    """A step of the handshake was not answered as OCPI asks."""


class Handshakes:
    """The tokens on both sides, and what was learnt from the peer."""

    def __init__(self, party: FakeParty) -> None:
        self._party = party
        self.tokens_in: set[str] = set()
        """Tokens that it accepts."""
        self.token_out = ""
        """The token that its peer accepts."""
        self.peer_versions_url = ""
        self.peer_credentials: dict[str, Any] = {}
        self.endpoints: dict[tuple[str, str], str] = {}

    # --- as Sender ---------------------------------------------------------------------------------------------------

    async def register(self, versions_url: str, token: str) -> None:
        """GET versions, GET details, POST credentials."""
        self.peer_versions_url, self.token_out = versions_url, token
        await self._learn()
        await self._exchange("POST")

    async def update(self) -> None:
        """The same with PUT."""
        await self._learn()
        await self._exchange("PUT")

    async def unregister(self) -> None:
        """DELETE credentials; both tokens are gone then."""
        answer = await self._call("DELETE", self.endpoints["credentials", "SENDER"])
        _data(answer, "DELETE credentials", needs_data=False)
        self.tokens_in.clear()
        self.token_out = ""

    async def _learn(self) -> None:
        version = self._party.version
        rows = _data(await self._call("GET", self.peer_versions_url), "GET versions")
        url = next((row["url"] for row in rows if row["version"] == version.number), None)
        if url is None:
            raise RegistrationFailed(f"choose version: the peer does not offer {version}")
        details = _data(await self._call("GET", url), "GET version details")
        self.endpoints = {}
        for row in details["endpoints"]:
            self.endpoints[module_key(row["identifier"]), row.get("role", "")] = row["url"]
            if row["identifier"] == "credentials":
                self.endpoints["credentials", "SENDER"] = row["url"]

    async def _exchange(self, method: str) -> None:
        own = secrets.token_hex(16)
        self.tokens_in.add(own)
        body = json.dumps(self.own_credentials(self._party.version, own)).encode()
        answer = await self._call(method, self.endpoints["credentials", "SENDER"], body)
        try:
            self.peer_credentials = _data(answer, f"{method} credentials")
        except RegistrationFailed:
            self.tokens_in.discard(own)
            raise
        self.tokens_in = {own}
        self.token_out = self.peer_credentials["token"]

    async def _call(self, method: str, url: str, body: bytes = b"") -> Exchange:
        headers = {**self._party.authorization(), **({"Content-Type": "application/json"} if body else {})}
        return await self._party.call(method, url, headers, body)

    # --- as Receiver -------------------------------------------------------------------------------------------------

    def invite(self) -> str:
        """A token for whoever shall register here."""
        token = secrets.token_hex(16)
        self.tokens_in.add(token)
        return token

    def accepts(self, header: str) -> bool:
        """Whether the token in an Authorization header is one of those given out, in Base64 or as it is."""
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "token":
            return False
        try:
            decoded = base64.b64decode(value, validate=True).decode().strip()
        except (binascii.Error, UnicodeDecodeError):
            decoded = value
        return decoded in self.tokens_in or value in self.tokens_in

    def versions(self) -> Served:
        """What it answers to GET versions."""
        base = f"{self._party.base_url}/ocpi"
        return Served(data=[{"version": number, "url": f"{base}/{number}"} for number in self._party.offers])

    def details(self, number: str) -> Served:
        """What it answers to GET version details."""
        if number not in self._party.offers:
            return Served(404, 2000)
        return Served(data={"version": number, "endpoints": self._party.serving.endpoint_rows(number)})

    async def serve(self, number: str, method: str, body: bytes) -> Served:
        """Its own credentials endpoint."""
        version = VERSIONS[number]
        if method == "GET":
            return Served(data=self.own_credentials(version, next(iter(self.tokens_in), "")))
        if method == "DELETE":
            self.tokens_in.clear()
            return Served()
        credentials = json.loads(body)
        self._party.version = version
        self.peer_versions_url, self.token_out = credentials["url"], credentials["token"]
        try:
            await self._learn()
        except RegistrationFailed:
            return Served(code=3001)
        self.peer_credentials = credentials
        own = secrets.token_hex(16)
        self.tokens_in = {own}
        return Served(data=self.own_credentials(version, own))

    def own_credentials(self, version: Version, token: str) -> dict[str, Any]:
        """What it says about itself."""
        party = self._party
        head = {"token": token, "url": party.versions_url}
        business = {"name": party.name}
        if version.credentials_are_flat:
            first = party.parties[0]
            return {
                **head,
                "business_details": business,
                "country_code": first.country_code,
                "party_id": first.party_id,
            }
        roles = [
            {
                "role": party.role if party.role is not Role.HUB else Role.OTHER,
                "business_details": business,
                "country_code": row.country_code,
                "party_id": row.party_id,
            }
            for row in party.parties
        ]
        return {**head, "roles": roles}


def _data(answer: Exchange, step: str, *, needs_data: bool = True) -> Any:
    if not answer.is_success or (needs_data and answer.data is None):
        raise RegistrationFailed(
            f"{step}: HTTP {answer.http}, OCPI {answer.status_code} {answer.status_message or answer.body[:100]!r}"
        )
    return answer.data
