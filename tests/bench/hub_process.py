"""The hub as it is measured: everything on, in a process of its own, with parties written straight into its store."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from hub import log
from hub.config import Settings
from hub.core import Core
from hub.lifecycle import running
from hub.loop import run, settle
from hub.store import registration, tokens
from hub.store.registry import RoleRow
from hub.store.secrets import token_row
from routing.directory import Scope
from routing.ocpi import Interface, PartyId, Role

MODULES = ("locations", "tariffs", "sessions", "cdrs", "tokens", "commands")


async def main(folder: Path, upstream_port: int, platforms: int, emsps: int) -> None:
    """Serve on a free port; print the port and the CPO's token as JSON."""
    settings = Settings.model_validate(
        {
            "server": {"port": 0},
            "storage": {"url": f"sqlite:///{folder / 'hub.db'}"},
            "security": {"allow_private_parties": True},
            "log": {"level": "error", "format": "json"},
        }
    )
    log.set_up(settings.log.level, settings.log.format)
    async with running(settings) as hub:
        token = await fill(hub.core, upstream_port, platforms, emsps)
        settle()
        print(json.dumps({"port": hub.settings.server.port, "token": token}), flush=True)
        await asyncio.Event().wait()


async def fill(core: Core, upstream_port: int, platforms: int, emsps: int) -> str:
    """One CPO, `emsps` eMSPs, and as many more CPOs as make `platforms`, connected; the first CPO's token."""
    async with core.store.write() as connection:
        await add(connection, core, upstream_port, "NL*TNM", Role.CPO)
        for number in range(emsps):
            await add(connection, core, upstream_port, f"DE*{base36(number)}", Role.EMSP)
        for number in range(platforms - emsps - 1):
            await add(
                connection, core, upstream_port, f"F{chr(65 + number // 46656)}*{base36(number % 46656)}", Role.CPO
            )
    await core.picture.refresh()
    return "token-NL*TNM"


async def add(connection: Any, core: Core, upstream_port: int, party: str, role: Role) -> None:
    """One connected platform, whose token is `token-` and its party."""
    row = RoleRow(PartyId.parse(party), role, {"name": party})
    await registration.add_platform(connection, platform_id=party, name=party, roles=[row])
    await tokens.add(connection, party, core.fingerprints.of(f"token-{party}"), Scope.FULL)
    await registration.connected(
        connection,
        party,
        version="2.2.1",
        versions_url=f"http://127.0.0.1:{upstream_port}/versions",
        versions_offered=[],
        token_out=core.vault.seal("token", token_row(party)),
        is_hub=False,
        quirks={},
        roles=[row],
        endpoint_rows=[
            (module, interface, f"http://127.0.0.1:{upstream_port}/{party}/{interface}/{module}")
            for module in MODULES
            for interface in Interface
        ],
    )


def base36(number: int) -> str:
    """Three characters of a party id."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return digits[number // 1296] + digits[number // 36 % 36] + digits[number % 36]


if __name__ == "__main__":
    run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
