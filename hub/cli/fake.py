"""`ocpi-hub fake`: a fake party as a real OCPI server, to try a hub with."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from hub.cli.terminal import WRONG_USE, give_up, out
from hub.loop import until_stopped
from hub.testing import FAULTS, FakeCpo, FakeEmsp, FakeParty, RegistrationFailed
from routing.ocpi import VERSIONS, PartyId

DEFAULT_IDS = {"cpo": "NL*TNM", "emsp": "DE*ABC"}


def fake(
    kind: Annotated[str, typer.Argument(metavar="cpo|emsp", help="What to be.")],
    versions_url: Annotated[str | None, typer.Option(help="Register with the hub at this versions URL.")] = None,
    token: Annotated[str | None, typer.Option(help="The CREDENTIALS_TOKEN_A to register with.")] = None,
    party_id: Annotated[str | None, typer.Option("--id", help="Who to be, like NL*TNM.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 0,
    fault: Annotated[
        list[str] | None, typer.Option(help=f"Misbehave once registered; may be repeated: {', '.join(FAULTS)}.")
    ] = None,
    version: Annotated[str, typer.Option(help="OCPI version to speak.")] = "2.2.1",
) -> None:
    """A fake party as a real OCPI server; given a versions URL and a token it registers there. Ctrl-C ends it."""
    if kind not in DEFAULT_IDS:
        give_up(f"be a cpo or an emsp, not {kind}", WRONG_USE)
    if (versions_url is None) != (token is None):
        give_up("--versions-url and --token belong together", WRONG_USE)
    if version not in VERSIONS:
        give_up(f"--version must be one of {', '.join(VERSIONS)}", WRONG_USE)
    for name in fault or ():
        if name not in FAULTS:
            give_up(f"there is no fault {name}; choose from {', '.join(FAULTS)}", WRONG_USE)
    try:
        party = str(PartyId.parse(party_id or DEFAULT_IDS[kind]))
    except ValueError as error:
        give_up(str(error), WRONG_USE)
    server = (FakeCpo if kind == "cpo" else FakeEmsp)(party, version=version, port=port)
    try:
        asyncio.run(until_stopped(_run(server, versions_url, token, fault or [])))
    except OSError as error:
        give_up(f"port {port} cannot be listened on: {error.strerror or error}")
    except RegistrationFailed as error:
        give_up(f"registration failed: {error}")


async def _run(party: FakeParty, versions_url: str | None, token: str | None, faults: list[str]) -> None:
    async with party:
        if versions_url is not None and token is not None:
            await party.register(versions_url, token)
            out.print(f"Registered with {versions_url}.", markup=False, highlight=False)
        else:
            out.print(f"versions URL         {party.versions_url}", markup=False, highlight=False)
            out.print(f"CREDENTIALS_TOKEN_A  {party.invite()}", markup=False, highlight=False)
        for name in faults:
            party.misbehave(name)
        out.print(f"{party.parties[0]} listens on {party.base_url}; Ctrl-C ends it.", markup=False, highlight=False)
        await asyncio.get_running_loop().create_future()
