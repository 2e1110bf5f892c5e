"""`ocpi-hub health`, as a container asks it: over what the admin door speaks, plain, TLS or mutual TLS."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from typer.testing import CliRunner

from admin.app import office
from hub.cli import app
from hub.lifecycle import running
from hub.vault import new_key
from tests.authority import Authority
from tests.stories.nodes import MakeSettings


async def told(port: int, *arguments: str, **files: Path) -> tuple[int, str]:
    """Exit code and words of the command on the machine of a hub with this admin door."""
    named = {f"OCPI_HUB_ADMIN__{key.upper()}": str(file) for key, file in files.items()}
    environment = {"OCPI_HUB_ADMIN__HOST": "0.0.0.0", "OCPI_HUB_ADMIN__PORT": str(port), **named}  # noqa: S104
    done = await asyncio.to_thread(CliRunner().invoke, app, ["health", *arguments], env=environment)
    return done.exit_code, done.output


async def test_whether_the_hub_serves_is_asked_over_whatever_its_door_speaks(
    settings: MakeSettings, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue("hub.example", file="door")
    one = new_key()
    shown = {"tls_cert": cert, "tls_key": key}
    of_its_own = {"tls_client_ca": authority.file}
    of_others = {"tls_client_ca": Authority(tmp_path, "Another CA").file}
    for files, can_say_ready in (({}, True), (shown, True), (shown | of_its_own, True), (shown | of_others, False)):
        async with (
            running(settings(admin={"port": 0, **files}, security={"master_key": one})) as hub,
            office(hub) as url,
        ):
            port = urlsplit(url).port or 0
            assert (await told(port, **files))[0] == 0, files
            assert (await told(port, "--ready", **files))[0] == (0 if can_say_ready else 1), files
    code, words = await told(port)
    assert code == 1
    assert "does not answer" in words


async def test_a_door_that_says_no_fails_with_its_reason() -> None:
    async def says_no(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 14\r\n\r\nno store today")
        writer.close()

    server = await asyncio.start_server(says_no, "127.0.0.1", 0)
    assert await told(server.sockets[0].getsockname()[1], "--ready") == (1, "no store today\n")
    server.close()
