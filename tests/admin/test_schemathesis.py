"""The API against its own description: with each role, whatever is sent, no failure and no undocumented answer."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from admin import keys
from admin.app import office
from admin.keys import AdminRole
from admin.openapi import described
from admin.routes import ROUTES
from hub.config import Settings
from hub.lifecycle import running
from hub.vault import new_key
from tests.admin.door import BOOTSTRAP

EXAMPLES = 5
EXAMPLES_LESSER = 2
"""For roles of which most calls are refused before anything is read."""
CHECKS: Any = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NEEDED = {(row.method, f"/api/v1{row.path}"): row.role for row in ROUTES}
API = schemathesis.openapi.from_dict(described(ROUTES))
WITHOUT_EDGES = schemathesis.openapi.from_dict(described(ROUTES))
"""The same, without a case for each edge of each field: those are the same for every role."""
WITHOUT_EDGES.config.phases.coverage.enabled = False


def at_most(examples: int) -> settings:
    """So many examples of each call, the same in each run."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


class Office:
    """An admin door in a thread of its own, since schemathesis calls it without a loop."""

    def __init__(self, file: Path) -> None:
        self.url = ""
        self.keys: dict[AdminRole, str] = {}
        self.turns = itertools.count(1)
        self._file = file
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._over: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Office:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._over is not None
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(60)
        self._loop.close()

    def existing(self, collection: str) -> str:
        """The id of something that is there: a platform, an agreement, a key, a journey."""
        role = {"role": "CPO", "country_code": "NL", "party_id": "TNM"}
        match collection:
            case "platforms":
                found = self._call("GET", "/platforms").json()["items"]
                made = found or [self._call("POST", "/platforms", {"name": "TNM", "roles": [role]}).json()]
                return str(made[0]["id"])
            case "agreements":
                pair = {"cpo": "NL*TNM", "emsp": "DE*ABC", "effect": "deny"}
                return str(self._call("POST", "/agreements", pair).json()["id"])
            case "keys":
                return str(self._call("POST", "/keys", {"name": "spare", "role": "viewer"}).json()["id"])
            case _:
                return "unknown"

    def _call(self, method: str, path: str, body: Any = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {BOOTSTRAP}"}
        return requests.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=30)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        chosen = Settings.model_validate(
            {
                "server": {"port": 0, "shutdown_s": 1},
                "admin": {"port": 0, "bootstrap_key": BOOTSTRAP},
                "storage": {"url": f"sqlite:///{self._file}"},
                "security": {"master_key": new_key(), "allow_private_parties": True},
                "routing": {"connect_timeout_s": 0.2, "party_timeout_s": 0.5},
            }
        )
        async with running(chosen) as hub, office(hub) as self.url:
            for role in AdminRole:
                self.keys[role] = await keys.create(hub.store, hub.fingerprints, role, role, by="test")
            self._ready.set()
            await self._over.wait()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An admin door that is open as long as this module's tests run."""
    with Office(tmp_path_factory.mktemp("office") / "hub.db") as opened:
        yield opened


@API.parametrize()
@at_most(EXAMPLES)
def test_no_answer_to_an_owner_is_a_failure_or_undocumented(case: schemathesis.Case, desk: Office) -> None:
    check(case, desk, AdminRole.OWNER)


@WITHOUT_EDGES.parametrize()
@pytest.mark.parametrize("role", [AdminRole.VIEWER, AdminRole.OPERATOR])
@at_most(EXAMPLES_LESSER)
def test_no_answer_to_a_lesser_role_is_a_failure_or_undocumented(
    case: schemathesis.Case, desk: Office, role: AdminRole
) -> None:
    check(case, desk, role)


def check(case: schemathesis.Case, desk: Office, role: AdminRole) -> None:
    """One call: of something that is there or not, with the role's key or a wrong one."""
    turn, key = next(desk.turns), desk.keys[role]
    if turn % 2 and "id" in case.path_parameters:
        case.path_parameters["id"] = desk.existing(case.operation.path.split("/")[3])
    response = case.call(base_url=desk.url, headers={"Authorization": f"Bearer {key if turn % 5 else 'nobody'}"})
    case.validate_response(response, checks=CHECKS)
    assert key not in response.text
    needed = NEEDED.get((case.method, case.operation.path))
    if response.request.headers.get("Authorization") != f"Bearer {key}":  # schemathesis has ideas of its own
        assert response.status_code == 401
    elif needed is None:
        assert response.status_code == 405
    elif not role.includes(needed):
        assert response.status_code == 403
