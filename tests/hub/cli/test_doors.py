"""`ocpi-hub serve` that cannot open a door: it says which file or address it is."""

from __future__ import annotations

import pytest

from tests.authority import Authority
from tests.hub.cli.shell import Shell


@pytest.mark.parametrize("door", ["SERVER", "ADMIN"])
async def test_the_file_that_a_door_cannot_be_opened_with_is_named(shell: Shell, door: str) -> None:
    authority = Authority(shell.folder)
    cert, key = authority.issue(file="door")
    other, missing = authority.issue(file="other")[1], shell.folder / "none.pem"
    for files, expected in (
        ((missing, key), f"{missing}: No such file or directory"),
        ((cert, missing), f"{missing}: No such file or directory"),
        ((cert, other), f"{cert} and {other} cannot be used: "),
        ((cert, key, key), f"{key} cannot be used: "),
    ):
        shell.environment = {"OCPI_HUB_SERVER__PORT": "0", "OCPI_HUB_ADMIN__PORT": "0"}
        for name, file in zip(("CERT", "KEY", "CLIENT_CA"), files, strict=False):
            shell.environment[f"OCPI_HUB_{door}__TLS_{name}"] = str(file)
        said = await shell.run("serve", code=1)
        assert f"a door cannot be opened: {expected}" in said, said


async def test_an_address_that_is_none_is_named(shell: Shell) -> None:
    shell.environment = {"OCPI_HUB_SERVER__HOST": "no.such.host.invalid"}
    said = await shell.run("serve", code=1)
    assert "a door cannot be opened: no.such.host.invalid port 8080: " in said
