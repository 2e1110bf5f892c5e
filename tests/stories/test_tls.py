"""TLS and mutual TLS on both doors, certificates renewed while connections stay, clients bound to their certificate."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives import serialization
from structlog.testing import capture_logs

from admin.app import office
from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.platforms import Invitation
from hub.store.registry import RoleRow
from hub.tls import Certificates, Renewal
from routing.ocpi import PartyId, Role
from tests.authority import Authority, fingerprint
from tests.stories.served import ROOT

MakeSettings = Callable[..., Settings]
ROLE = RoleRow(PartyId("NL", "TNM"), Role.CPO, {"name": "TNM"})


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def door(authority: Authority, *, mutual: bool = False) -> dict[str, Any]:
    """Settings of a door with TLS."""
    cert, key = authority.issue(file="door")
    return {"tls_cert": cert, "tls_key": key, "tls_client_ca": authority.file if mutual else None}


@asynccontextmanager
async def secured(settings: Settings) -> AsyncIterator[tuple[Hub, Invitation]]:
    """A hub, and a platform that is invited."""
    async with running(settings) as hub:
        yield hub, await hub.platforms.invite(by="test", name="TNM", roles=[ROLE])


async def versions(invitation: Invitation, context: ssl.SSLContext) -> tuple[int, int]:
    """GET versions over a connection of its own: HTTP and OCPI status."""
    headers = {"Authorization": f"Token {invitation.token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(invitation.versions_url, headers=headers, ssl=context) as answer,
    ):
        return answer.status, (await answer.json())["status_code"]


async def test_the_public_door_speaks_tls_and_hands_out_https(authority: Authority, settings: MakeSettings) -> None:
    async with secured(settings(server={"port": 0, **door(authority)})) as (_, invitation):
        assert invitation.versions_url.startswith("https://127.0.0.1:")
        assert await versions(invitation, authority.client()) == (200, 1000)
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await versions(invitation, ssl.create_default_context())


async def test_with_a_client_ca_nobody_comes_in_without_a_certificate(
    authority: Authority, settings: MakeSettings, tmp_path: Path
) -> None:
    async with secured(settings(server={"port": 0, **door(authority, mutual=True)})) as (_, invitation):
        assert await versions(invitation, authority.client(authority.issue("tnm", file="tnm"))) == (200, 1000)
        stranger = Authority(tmp_path, "Another CA").issue("tnm", file="stranger")
        for context in (authority.client(), authority.client(stranger)):
            with pytest.raises(aiohttp.ClientError):
                await versions(invitation, context)


async def test_a_platform_comes_in_only_with_the_certificate_it_is_bound_to(
    authority: Authority, settings: MakeSettings
) -> None:
    own, other = authority.issue("tnm", file="own"), authority.issue("abc", file="other")
    async with secured(settings(server={"port": 0, **door(authority, mutual=True)})) as (hub, invitation):
        bound = {"client_certificates": [fingerprint(own[0])]}
        await hub.platforms.change(invitation.platform_id, by="ann", changes=bound)
        assert await versions(invitation, authority.client(own)) == (200, 1000)
        assert await versions(invitation, authority.client(other)) == (403, 2000)


async def test_the_admin_door_has_tls_of_its_own(authority: Authority, settings: MakeSettings) -> None:
    mine = settings(admin={"port": 0, "bootstrap_key": "k" * 20, **door(authority, mutual=True)})
    async with running(mine) as hub, office(hub) as url, aiohttp.ClientSession() as session:
        assert url.startswith("https://")
        shown = authority.client(authority.issue("ann", file="ann"))
        async with session.get(f"{url}/healthz", ssl=shown) as answer:
            assert answer.status == 200
        with pytest.raises(aiohttp.ClientError):
            async with session.get(f"{url}/healthz", ssl=authority.client()):
                pass


async def shown_by(port: int, authority: Authority) -> str:
    """The fingerprint of the certificate that a door shows to a new connection."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=authority.client())
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return hashlib.sha256(shown).hexdigest()


async def test_a_renewed_certificate_is_shown_without_a_connection_lost(
    authority: Authority, settings: MakeSettings
) -> None:
    async with secured(settings(server={"port": 0, **door(authority)})) as (hub, invitation):
        port = hub.settings.server.port
        before = await shown_by(port, authority)
        kept = await asyncio.open_connection("127.0.0.1", port, ssl=authority.client())
        assert await ask(kept, invitation) == 1000
        cert, key = authority.issue(file="renewed")
        os.replace(key, authority.folder / "door.key")
        os.replace(cert, authority.folder / "door.pem")
        async with asyncio.timeout(20):
            while await shown_by(port, authority) == before:  # noqa: ASYNC110 - seen from outside only
                await asyncio.sleep(0.1)
        assert await ask(kept, invitation) == 1000
        kept[1].close()


async def ask(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], invitation: Invitation) -> int:
    """GET versions on a connection that stays open; the OCPI status code."""
    reader, writer = connection
    path = invitation.versions_url.partition("127.0.0.1")[2].partition("/")[2]
    writer.write(f"GET /{path} HTTP/1.1\r\nHost: hub\r\nAuthorization: Token {invitation.token}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    return int(json.loads(await reader.readexactly(length))["status_code"])


async def test_files_that_do_not_fit_leave_the_door_as_it_is(authority: Authority) -> None:
    """A key that is written before its certificate is such a moment."""
    cert, key = authority.issue(file="door")
    used: list[ssl.SSLContext] = []
    renewal = Renewal(Certificates(cert, key), used.append)
    assert not await renewal.look()
    new_cert, new_key = authority.issue(file="renewed")
    os.replace(new_key, key)
    assert not await renewal.look()
    cert.unlink()
    assert not await renewal.look()
    os.replace(new_cert, cert)
    assert await renewal.look()
    assert len(used) == 1
    assert not await renewal.look()


async def test_what_is_wrong_with_files_is_told_once(authority: Authority) -> None:
    """They are looked at each second, perhaps until somebody comes on Monday."""
    cert, key = authority.issue(file="door")

    used: list[ssl.SSLContext] = []
    renewal = Renewal(Certificates(cert, key), used.append)
    with capture_logs() as told:
        for wrong in (b"", b"", b"nonsense"):
            key.write_bytes(wrong)
            for _ in range(3):
                assert not await renewal.look()
        key.unlink()
        for _ in range(3):
            assert not await renewal.look()
    assert not used
    assert [row["event"] for row in told] == ["certificate unusable"] * len({row["reason"] for row in told})
    assert len(told) in (2, 3)


ASKS = """
import os, pty, sys
from pathlib import Path
from hub.tls import Certificates
child, terminal = pty.fork()
if not child:
    try:
        Certificates(*map(Path, sys.argv[1:])).context()
    except OSError:
        os._exit(0)
    os._exit(1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_key_with_a_password_asks_nobody_for_it(authority: Authority) -> None:
    """OpenSSL would ask on the terminal, and the whole hub would wait for somebody to type."""
    cert, key = authority.issue(file="door")
    opened = serialization.load_pem_private_key(key.read_bytes(), None)
    how = serialization.BestAvailableEncryption(b"secret")
    key.write_bytes(opened.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how))
    subprocess.run([sys.executable, "-c", ASKS, cert, key], check=True, timeout=20, cwd=ROOT)
