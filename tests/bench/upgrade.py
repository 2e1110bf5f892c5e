"""An older hub and this one on one PostgreSQL, as while nodes are upgraded: `python -m tests.bench.upgrade COMMIT`.

The older one starts first, on its own schema; this one migrates it; then the older one is started anew, alone.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import subprocess
import tarfile
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from hub.testing import FakeCpo, FakeEmsp
from tests.bench.kills import stored
from tests.stories.served import ROOT, Served

START = {
    "response_url": "",
    "token": {
        "country_code": "DE",
        "party_id": "ABC",
        "uid": "1",
        "type": "RFID",
        "contract_id": "DE-ABC-C1",
        "issuer": "ABC",
        "valid": True,
        "whitelist": "NEVER",
        "last_updated": "2026-01-01T00:00:00Z",
    },
    "location_id": "LOC1",
}


def unpack(commit: str, folder: Path) -> Path:
    """The hub of a commit in a folder of its own."""
    packed = subprocess.run(
        ["git", "archive", commit, "hub", "routing", "admin"], cwd=ROOT, capture_output=True, check=True
    )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


async def upgraded(folder: Path, storage_url: str, older: Path) -> None:
    """Do with each node what both must be able to do. AssertionError where one cannot."""
    new, old = Served(folder, storage_url), Served(folder, storage_url, tree=older)
    old.environment["SECURITY__MASTER_KEY"] = new.environment["SECURITY__MASTER_KEY"]
    address = f"http://127.0.0.1:{new.port}"
    new.environment["HUB__PUBLIC_URL"] = old.environment["HUB__PUBLIC_URL"] = address
    async with AsyncExitStack() as stack:
        cpo, emsp, late = [await stack.enter_async_context(p) for p in (FakeCpo(), FakeEmsp(), FakeEmsp("FR*NEW"))]
        for node in (old, new):
            stack.push_async_callback(end, node)
            await node.start()
        await new.join(cpo)
        await old.join(emsp)
        await traffic(cpo, emsp)
        print("both nodes run, parties are invited by either")
        await end(new)
        await end(old)
        old.environment["SERVER__PORT"] = str(new.port)  # it is the one that parties come to
        await old.start()
        await traffic(cpo, emsp)
        await old.join(late)
        assert (await late.push_token("NL*TNM")).status_code == 1000
        await administer(old)
        print("the older one serves parties and admins on the newer schema")


async def end(node: Served) -> None:
    """Stop it, if it runs; in order."""
    if node.process.returncode is None:
        assert await node.terminate() == 0
        wrong = [
            line for line in node.log.read_text().splitlines() if '"level": "error"' in line or "Traceback" in line
        ]
        assert not wrong, wrong[0][:1000]


async def traffic(cpo: FakeCpo, emsp: FakeEmsp) -> None:
    """A session, a token, a broadcast, and a command, which needs the store."""
    start = {**START, "response_url": f"{emsp.versions_url}/callback"}
    for sent in (
        await cpo.push_session("DE*ABC", emsp.parties[0]),
        await emsp.push_token("NL*TNM"),
        await cpo.push_location("NL*HUB"),
        await emsp.send("POST", "commands", "/START_SESSION", to="NL*TNM", body=start),
    ):
        assert sent.status_code == 1000, sent


async def administer(node: Served) -> None:
    """What an admin does."""
    status, listed = await node.admin("GET", "/api/v1/platforms")
    ids = [platform["id"] for platform in listed["items"]]
    assert (status, len(ids)) == (200, 3)
    for method, path in (
        ("POST", f"platforms/{ids[0]}/suspend"),
        ("POST", f"platforms/{ids[0]}/resume"),
        ("GET", f"platforms/{ids[0]}"),
        ("DELETE", f"platforms/{ids[0]}"),
        ("GET", "parties"),
        ("GET", "journal"),
        ("GET", "audit"),
    ):
        status, answer = await node.admin(method, f"/api/v1/{path}")
        assert status in (200, 204), (method, path, answer)


def main() -> None:
    """Try it with a commit."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.upgrade", description=__doc__)
    parser.add_argument("commit", help="of the older hub: one whose schema is older, too")
    commit = parser.parse_args().commit
    with tempfile.TemporaryDirectory(prefix="ocpi-hub-upgrade-") as name, stored("postgresql", Path(name)) as url:
        asyncio.run(upgraded(Path(name), url, unpack(commit, Path(name, "older"))))


if __name__ == "__main__":
    main()
