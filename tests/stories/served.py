"""A hub as its users run it: `ocpi-hub serve` as a process of its own, told everything by its environment."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import resource
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from hub.testing import FakeParty
from hub.vault import new_key, new_token
from tests.conftest import free_port

ROOT = Path(__file__).parents[2]


class Served:
    """The process; `environment` has its settings, `outside` what else is in its environment, `tree` its program."""

    def __init__(self, folder: Path, storage_url: str | None = None, *, tree: Path = ROOT, **environment: str) -> None:
        self._tree = tree
        self.port, self.admin_port, self.key = free_port(), free_port(), new_token()
        self.log = folder / f"serve-{self.port}.log"
        self.environment = {
            "SERVER__PORT": str(self.port),
            "ADMIN__PORT": str(self.admin_port),
            "ADMIN__BOOTSTRAP_KEY": self.key,
            "STORAGE__URL": storage_url or f"sqlite:///{folder / 'hub.db'}",
            "SECURITY__MASTER_KEY": new_key(),
            "SECURITY__ALLOW_PRIVATE_PARTIES": "true",
            "LOG__FORMAT": "json",
            **environment,
        }
        self.outside: dict[str, str] = {}
        self._process: asyncio.subprocess.Process | None = None

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The process that runs now, or ran last."""
        assert self._process is not None, "start it first"
        return self._process

    async def start(self) -> None:
        """Start, and wait until it is ready."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("OCPI_HUB_")}
        told = {f"OCPI_HUB_{name}": value for name, value in self.environment.items()}
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "hub",
                "serve",
                cwd=self._tree,
                env=plain | self.outside | told,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(60):
            while (await self.admin("GET", "/readyz"))[0] != 200:
                assert self.process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """kill -9: it does not get to say goodbye."""
        self.process.kill()
        await self.process.wait()

    async def terminate(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        async with asyncio.timeout(60):
            return await self.process.wait()

    def let_files_grow(self, allowed: bool) -> None:
        """Whether the process may write to any file at all: as on a full disk, the system refuses."""
        hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (hard if allowed else 1, hard))

    async def admin(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A call to the admin door: HTTP status and JSON; 0 where nobody listens."""
        return await asyncio.to_thread(self._admin, method, path, body)

    def _admin(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.admin_port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                content = answer.read()
                return answer.status, json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")
        except (http.client.HTTPException, OSError):  # URLError is one, and so is a connection that breaks off
            return 0, None

    async def invite(self, party: FakeParty) -> dict[str, Any]:
        """Invite a fake party: what the admin API answers."""
        roles = [
            {"role": party.role, "country_code": row.country_code, "party_id": row.party_id} for row in party.parties
        ]
        status, invitation = await self.admin("POST", "/api/v1/platforms", {"name": party.name, "roles": roles})
        assert status == 201, invitation
        return dict(invitation)

    async def join(self, party: FakeParty) -> str:
        """Invite a fake party, and let it register; the platform's id."""
        invitation = await self.invite(party)
        await party.register(invitation["versions_url"], invitation["token"])
        return str(invitation["id"])


@asynccontextmanager
async def served(
    folder: Path, storage_url: str | None = None, *, outside: Mapping[str, str] | None = None, **environment: str
) -> AsyncIterator[Served]:
    """A hub that is ready; killed at the end, if it still runs."""
    hub = Served(folder, storage_url, **environment)
    hub.outside.update(outside or {})
    await hub.start()
    try:
        yield hub
    finally:
        if hub.process.returncode is None:
            await hub.kill()
