"""The hub as it is measured: everything on, in a process of its own, with parties written straight into its store."""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
from contextlib import AsyncExitStack
from itertools import cycle
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert

from hub import log
from hub.cli.serve import both_doors
from hub.config import Settings
from hub.core import Core
from hub.lifecycle import _core
from hub.loop import hurry, run, settle
from hub.store.registry import bump
from hub.store.secrets import token_row
from hub.store.tables import endpoints, parties, platforms, tokens
from routing.directory import Scope
from routing.ocpi import ConnectionStatus, Interface, PartyId, Role

MODULES = ("locations", "tariffs", "sessions", "cdrs", "tokens", "commands")
COPIES = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
INSERT INTO copies_locations
    (owner, key, kind, audience, version, body, last_updated, arrived_at, changed_at, pulled_at, contract)
SELECT 'fr000', 'remembered' || n, '', '', '2.2.1', zeroblob(300), n, n, n, n, '' FROM numbers
"""
FACTS = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
INSERT INTO facts (kind, key, owner, other, value) SELECT 'location', 'remembered' || n, 'fr000', '', '' FROM numbers
"""


def settings_of(arguments: argparse.Namespace) -> Settings:
    """As `config.toml` would have it."""
    tls = {"tls_cert": arguments.tls_cert, "tls_key": arguments.tls_key} if arguments.tls_cert else {}
    return Settings.model_validate(
        {
            "server": {"port": 0, **tls},
            "admin": {"port": 0},
            "storage": {"url": f"sqlite:///{arguments.folder / 'hub.db'}"},
            "security": {"allow_private_parties": True},
            "mirror": {"pull_interval_s": 0},  # the party has no lists to be pulled
            "log": {"level": "error", "format": "json"},
        }
    )


async def main(arguments: argparse.Namespace) -> None:
    """Serve on a free port; print the port and the CPO's token as JSON."""
    settings = settings_of(arguments)
    log.set_up(settings.log.level, settings.log.format)
    async with AsyncExitStack() as stack:  # before it starts: parties do not come by the thousand in one moment
        core = await _core(settings, stack)
        remember(arguments.folder / "hub.db", arguments.objects)
        ports = [arguments.upstream_port, *arguments.more_ports]
        token = await fill(core, ports, arguments.platforms, arguments.emsps, arguments.upstream_scheme)
    hurry()
    async with both_doors(settings) as (hub, _):
        settle()
        print(json.dumps({"port": hub.settings.server.port, "token": token}), flush=True)
        await asyncio.Event().wait()


def remember(store: Path, objects: int) -> None:
    """As if so many objects had passed: copies of locations, and who owns them."""
    if objects:
        with sqlite3.connect(store) as connection:
            for statement in (COPIES, FACTS):
                connection.execute(statement, [objects])
        connection.close()


async def fill(core: Core, ports: list[int], platforms: int, emsps: int, scheme: str = "http") -> str:
    """One CPO, `emsps` eMSPs, and as many more CPOs as make `platforms`, connected, each on the next of these ports;
    the first CPO's token.
    """
    upstreams = [f"{scheme}://127.0.0.1:{port}" for port in ports]
    async with core.store.write() as connection:
        revision = await bump(connection)
        others = [f"F{chr(65 + number // 46656)}*{base36(number % 46656)}" for number in range(platforms - emsps - 1)]
        everybody = [
            ("NL*TNM", Role.CPO),
            *((f"DE*{base36(number)}", Role.EMSP) for number in range(emsps)),
            *((party, Role.CPO) for party in others),
        ]
        for table, rows in rows_of(core, upstreams, everybody, revision).items():
            await connection.execute(insert(table), rows)
    await core.picture.refresh()
    return "token-NL*TNM"


async def add(connection: Any, core: Core, upstream_port: int, party: str, role: Role) -> None:
    """One connected platform."""
    rows = rows_of(core, [f"http://127.0.0.1:{upstream_port}"], [(party, role)], await bump(connection))
    for table, values in rows.items():
        await connection.execute(insert(table), values)


def rows_of(
    core: Core, upstreams: list[str], everybody: list[tuple[str, Role]], revision: int
) -> dict[Table, list[Any]]:
    """Connected platforms of one party each, whose tokens are `token-` and the party: thousands of them at once."""
    rows: dict[Table, list[Any]] = {platforms: [], parties: [], tokens: [], endpoints: []}
    shared = {
        "status": ConnectionStatus.CONNECTED,
        "version": "2.2.1",
        "versions_offered": [],
        "is_hub": False,
        "quirks": {},
        "allowed_networks": [],
        "created_at": 0.0,
        "updated_at": 0.0,
        "revision": revision,
    }
    for (text, role), upstream in zip(everybody, cycle(upstreams), strict=False):
        party = PartyId.parse(text)
        token_out = core.vault.seal("token", token_row(text))
        mine = {"platform_id": text}
        rows[platforms].append(
            {**shared, "id": text, "name": text, "versions_url": f"{upstream}/versions", "token_out": token_out}
        )
        rows[parties].append(
            {
                **mine,
                "key": party.folded,
                "role": role,
                "country_code": party.country_code,
                "party_id": party.party_id,
                "business_details": {"name": text},
                "is_suspended": False,
                "updated_at": 0.0,
            }
        )
        fingerprint = core.fingerprints.of(f"token-{text}")
        rows[tokens].append({**mine, "fingerprint": fingerprint, "scope": Scope.FULL, "created_at": 0.0})
        rows[endpoints] += [
            {**mine, "module": module, "interface": side, "url": f"{upstream}/{text}/{side}/{module}"}
            for module in MODULES
            for side in Interface
        ]
    return rows


def base36(number: int) -> str:
    """Three characters of a party id."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return digits[number // 1296] + digits[number // 36 % 36] + digits[number % 36]


def wanted() -> argparse.Namespace:
    """What to serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("upstream_port", type=int)
    parser.add_argument("platforms", type=int, nargs="?", default=10)
    parser.add_argument("emsps", type=int, nargs="?", default=1)
    parser.add_argument("--more-ports", type=json.loads, default=[], help="a JSON list: parties are spread over all")
    parser.add_argument("--objects", type=int, default=0)
    parser.add_argument("--upstream-scheme", default="http")
    parser.add_argument("--tls-cert", type=Path)
    parser.add_argument("--tls-key", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    run(main(wanted()))
