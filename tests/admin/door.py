"""An admin door that is open, and somebody at it: calls through a real socket, with a key of each role."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from admin.keys import AdminRole
from hub.lifecycle import Hub

BOOTSTRAP: Final = "a-bootstrap-key-of-the-tests"
PROBLEM: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def fields(self) -> set[str]:
        """The fields that a problem finds fault with."""
        return {error["field"] for error in self.json.get("errors", ())}


@dataclass(frozen=True, slots=True)
class Door:
    """A hub that runs with its admin door, and a key for each role."""

    hub: Hub
    url: str
    session: aiohttp.ClientSession
    keys: Mapping[AdminRole, str]

    async def call(
        self, method: str, path: str, body: Any = None, *, role: AdminRole = AdminRole.OWNER, key: str | None = None
    ) -> Answer:
        """One call of the API; bytes as body go as they are. Without `key` it is that of the role."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.keys[role] if key is None else key}"}
        return await self.raw(method, f"/api/v1{path}", content, headers)

    async def raw(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request, exactly as given."""
        content = None if body is None else io.BytesIO(body)
        async with self.session.request(method, self.url + path, data=content, headers=headers) as answer:
            return Answer(answer.status, dict(answer.headers), await answer.read())

    async def invite(self, name: str = "TNM", *parties: str, role: str = "CPO") -> dict[str, Any]:
        """A platform that is expected; parties like NLTNM."""
        roles = [
            {"role": role, "country_code": party[:2], "party_id": party[2:], "name": name}
            for party in parties or ("NLTNM",)
        ]
        answer = await self.call("POST", "/platforms", {"name": name, "roles": roles})
        assert answer.status == 201, answer.body
        invited: dict[str, Any] = answer.json
        return invited

    async def audit(self) -> list[tuple[str, str, str]]:
        """The audit trail, newest first: who did what to which subject."""
        items = (await self.call("GET", "/audit?limit=500")).json["items"]
        return [(item["who"], item["action"], item["subject"]) for item in items]
