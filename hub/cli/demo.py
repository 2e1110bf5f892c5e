"""`ocpi-hub demo`: a hub, fake parties as real servers, real handshakes, and a roaming story through the hub."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from hub import log
from hub.cli.receipts import print_receipt
from hub.cli.serve import both_doors
from hub.cli.terminal import FAILED, WRONG_USE, give_up, out, row, table, visible
from hub.config import only
from hub.lifecycle import Hub
from hub.loop import until_stopped
from hub.store.registry import RoleRow
from hub.testing import FAULTS, FakeCpo, FakeEmsp, FakeParty
from hub.testing.hub_story import able, counted, hub_story
from hub.testing.steps import Step
from hub.testing.story import roaming_story
from hub.vault import new_token
from routing.ocpi import VERSIONS, PartyId

CPO_IDS = ("NL*TNM", "BE*CPO", "FR*BOR", "AT*LAD", "CH*STR")
EMSP_IDS = ("DE*ABC", "NL*MSP", "FR*MOB", "BE*EMO", "AT*FAH")
EACH = "one for each version, if not said"


def demo(
    once: Annotated[bool, typer.Option("--once", help="Exit when the story is told: 0 if all went well.")] = False,
    versions: Annotated[str, typer.Option(help="OCPI versions of the parties, spread over them.")] = "2.2.1",
    cpos: Annotated[int | None, typer.Option(min=1, max=len(CPO_IDS), help=f"How many fake CPOs; {EACH}.")] = None,
    emsps: Annotated[int | None, typer.Option(min=1, max=len(EMSP_IDS), help=f"How many fake eMSPs; {EACH}.")] = None,
    fault: Annotated[str | None, typer.Option(help="How the first eMSP misbehaves, as in `fake --fault`.")] = None,
) -> None:
    """A hub, fake CPOs and fake eMSPs on this machine, and a full roaming story through the hub between each two."""
    spoken = tuple(version.strip() for version in versions.split(","))
    unknown = [version for version in spoken if version not in VERSIONS]
    if fault not in (None, *FAULTS):
        give_up(f"there is no fault {fault}; choose from {', '.join(FAULTS)}", WRONG_USE)
    if unknown:
        give_up(f"--versions: choose from {', '.join(VERSIONS)}, not {', '.join(unknown)}", WRONG_USE)
    log.set_up("error", "console")
    with tempfile.TemporaryDirectory(prefix="ocpi-hub-demo-") as folder:
        story = _demo(Path(folder), spoken, cpos or len(spoken), emsps or len(spoken), fault, once=once)
        if not asyncio.run(until_stopped(story)):
            raise typer.Exit(FAILED)


async def _demo(folder: Path, versions: Sequence[str], cpos: int, emsps: int, fault: str | None, *, once: bool) -> bool:
    key = new_token()
    settings = only(
        server={"port": 0},
        admin={"port": 0, "bootstrap_key": key},
        storage={"url": f"sqlite:///{folder / 'hub.db'}"},
        security={"allow_private_parties": True},
    )
    async with AsyncExitStack() as stack:
        hub, admin_url = await stack.enter_async_context(both_doors(settings))
        where = f"The hub listens on {hub.settings.public_url}, its admin door on {admin_url}.\n"
        out.print(where, highlight=False)
        parties = _parties(versions, cpos, emsps)
        for party in parties:
            await stack.enter_async_context(party)
        is_good = await _register(hub, parties)
        if fault:
            next(party for party in parties if isinstance(party, FakeEmsp)).misbehave(fault)
        for cpo, emsp in _pairs(parties):
            is_good = await _tell(hub, cpo, emsp) and is_good
        is_good = await _tell_of_all(hub, parties) and is_good
        verdict = "[green]Every step did what OCPI asks.[/]" if is_good else "[red]Some steps went wrong.[/]"
        out.print(f"\n{verdict}")
        if not once:
            await _stay(admin_url, key)
    return is_good


def _parties(versions: Sequence[str], cpos: int, emsps: int) -> list[FakeParty]:
    """The parties, with the versions spread so that neighbours in the story differ where they can."""
    made: list[FakeParty] = [
        FakeCpo(party, version=versions[number % len(versions)]) for number, party in enumerate(CPO_IDS[:cpos])
    ]
    for number, party in enumerate(EMSP_IDS[:emsps]):
        made.append(FakeEmsp(party, version=versions[(number + 1) % len(versions)]))
    return made


async def _register(hub: Hub, parties: Sequence[FakeParty]) -> bool:
    """Each party registers by the credentials handshake; whether all did."""
    grid = table("Handshakes", "party", "role", "OCPI", "ms", "")
    is_good = True
    for party in parties:
        started = asyncio.get_running_loop().time()
        problem = ""
        try:
            roles = [RoleRow(row, party.role) for row in party.parties]
            invitation = await hub.platforms.invite(
                by="demo", name=party.name, roles=roles, counterpart=_counterpart(party, parties)
            )
            await party.register(invitation.versions_url, invitation.token)
        except Exception as error:  # whatever went wrong is the finding
            problem, is_good = f"{type(error).__name__}: {error}", False
        ms = (asyncio.get_running_loop().time() - started) * 1000
        row(grid, str(party.parties[0]), party.role, str(party.version), f"{ms:.0f}", _verdict(problem))
    out.print(grid)
    out.print()
    return is_good


def _pairs(parties: Sequence[FakeParty]) -> list[tuple[FakeCpo, FakeEmsp]]:
    """Who meets whom: everybody has a story."""
    cpos = [party for party in parties if isinstance(party, FakeCpo)]
    emsps = [party for party in parties if isinstance(party, FakeEmsp)]
    count = max(len(cpos), len(emsps))
    return [(cpos[number % len(cpos)], emsps[number % len(emsps)]) for number in range(count)]


def _counterpart(party: FakeParty, parties: Sequence[FakeParty]) -> PartyId | None:
    """Whom the hub plays for a party that cannot name a receiver, where it meets one partner only."""
    others = [pair for pair in _pairs(parties) if party in pair]
    if party.version.has_routing_headers or len(others) != 1:
        return None
    return next(other.parties[0] for other in others[0] if other is not party)


async def _tell(hub: Hub, cpo: FakeCpo, emsp: FakeEmsp) -> bool:
    """The story between a CPO and an eMSP, and what their versions cost them."""
    grid = _steps(f"{cpo.parties[0]} (OCPI {cpo.version}) and {emsp.parties[0]} (OCPI {emsp.version})")
    is_good = await roaming_story(cpo, emsp, lambda step: _add(grid, step))
    out.print(grid)
    out.print()
    if cpo.version is not emsp.version:
        await print_receipt(hub, str(cpo.parties[0]), str(emsp.parties[0]))
    return is_good


async def _tell_of_all(hub: Hub, parties: Sequence[FakeParty]) -> bool:
    """What the hub does for all of them, if there is somebody on each side who can name it (OCPI 2.2 and newer)."""
    cpos = able([party for party in parties if isinstance(party, FakeCpo)])
    emsps = able([party for party in parties if isinstance(party, FakeEmsp)])
    if not cpos or not emsps:
        return True
    grid = _steps(f"Everybody: {counted(len(cpos), 'CPO')} and {counted(len(emsps), 'eMSP')} around the hub")
    is_good = await hub_story(cpos, emsps, lambda step: _add(grid, step), str(hub.picture.directory.hub))
    out.print(grid)
    return is_good


def _steps(title: str) -> Table:
    grid = table(title, "step", "from", "to", "request", "HTTP", "OCPI", "ms", "")
    grid.columns[-2].justify = "right"
    return grid


def _add(grid: Table, step: Step) -> None:
    row(
        grid,
        step.name,
        step.sender,
        step.receiver,
        step.request,
        str(step.http_status or "-"),
        str(step.ocpi_code or "-"),
        f"{step.duration_ms:.1f}",
        _verdict(step.detail, step.note),
    )


def _verdict(problem: str, note: str = "") -> Text:
    if problem:
        return Text(visible(problem), "red")
    return Text.assemble(("ok", "green"), (f" {visible(note)}" if note else "", "dim"))


async def _stay(admin_url: str, key: str) -> None:
    out.print(f"\nadmin view  {admin_url}/", highlight=False)
    out.print(f"admin key   {key}", highlight=False)
    out.print("Ctrl-C ends it.")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
