"""A hub from nothing, as an operator sets it up: each command a process of its own, in a folder with a config.toml."""

from __future__ import annotations

import asyncio
import json
import re
import signal

from tests.conftest import free_port
from tests.hub.cli.shell import Shell, answers, ended


async def configured(shell: Shell) -> tuple[int, int]:
    """Write a config.toml, look whether it is valid, and make the store; the ports of both doors."""
    door, admin = free_port(), free_port()
    (shell.folder / "config.toml").write_text(
        f"server.port = {door}\nadmin.port = {admin}\nsecurity.allow_private_parties = true\nlog.format = 'json'\n"
    )
    (shell.folder / "wrong.toml").write_text("[routing]\nparty_timeouts = 3\nconnect_timeout_s = 'soon'\n")
    valid, invalid, migrated = await asyncio.gather(
        shell.run("check-config"), shell.run("check-config --config wrong.toml", code=2), shell.run("migrate")
    )
    assert f"port = {door}" in valid
    assert "wrong.toml: routing.party_timeouts = 3: is not a known setting" in invalid
    assert "wrong.toml: routing.connect_timeout_s = 'soon': " in invalid
    assert "sqlite:///ocpi-hub.db is at this version's schema" in migrated
    return door, admin


async def test_a_hub_is_configured_set_up_and_joined_by_fake_parties(shell: Shell) -> None:
    door, admin = await configured(shell)
    shell.environment = {
        "OCPI_HUB_ADMIN_URL": f"http://127.0.0.1:{admin}",
        "OCPI_HUB_ADMIN_KEY": (await shell.run("admin-key create ann --role owner")).strip(),
    }
    serving, cpo = await asyncio.gather(shell.start("serve"), shell.start("fake cpo"))
    versions_url = (await shell.says(cpo, r"versions URL +(\S+)"))[1]
    token = (await shell.says(cpo, r"CREDENTIALS_TOKEN_A +(\S+)"))[1]
    await answers(f"http://127.0.0.1:{admin}/readyz")
    invited, connected, taken, port_taken, nobody = await asyncio.gather(
        shell.run("party invite eMSP --role EMSP:DE*ABC --json"),
        shell.run(f"party connect CPO --versions-url {versions_url} --token {token}"),
        shell.run("serve", code=1),
        shell.run(f"fake emsp --port {door}", code=1),
        shell.run("party connect X --versions-url http://127.0.0.1:9/x --token x", code=1),
    )
    assert re.search(r"status +CONNECTED", connected)
    assert f"127.0.0.1 port {door}: Address already in use" in taken
    assert f"port {door} cannot be listened on: Address already in use" in port_taken
    assert "GET versions: expected an answer, came" in nobody

    invitation = json.loads(invited)
    where = f"--versions-url {invitation['versions_url']}"
    emsp = await shell.start(f"fake emsp {where} --token {invitation['token']}")
    await shell.says(emsp, f"Registered with {re.escape(invitation['versions_url'])}")
    listed, shown, refused = await asyncio.gather(
        shell.run("party list"),
        shell.run("party show NL*TNM"),
        shell.run(f"fake cpo --id FR*XYZ {where} --token guessed", code=1),
    )
    assert len(re.findall(r"CONNECTED +2\.2\.1 +(CPO NL\*TNM|EMSP DE\*ABC)", listed)) == 2
    assert versions_url in shown
    assert "registration failed: GET versions: HTTP 401" in refused
    for process, how in ((cpo, signal.SIGINT), (emsp, signal.SIGTERM), (serving, signal.SIGINT)):
        code, err = await ended(process, how)
        assert (code, "Traceback" in err) == (0, False), err


async def test_the_demo_ends_with_1_where_a_step_went_wrong_and_touches_nothing_else(shell: Shell) -> None:
    shell.environment = {"OCPI_HUB_STORAGE__URL": "sqlite:///precious.db", "OCPI_HUB_ADMIN__HOST": "not.an.address"}
    demo = await shell.start("demo --fault wrong-token")
    await shell.says(demo, r"CDR +NL\*TNM +DE\*ABC +POST cdrs +201 +1000 .* ok")
    await shell.says(demo, "Some steps went wrong")
    admin_url = (await shell.says(demo, r"admin view +(\S+)/"))[1]
    await answers(f"{admin_url}/readyz")
    code, err = await ended(demo, signal.SIGINT)
    assert (code, err) == (1, "")
    assert not list(shell.folder.iterdir()), "neither a store nor a folder of its own is left"


async def test_the_demo_prints_whatever_a_party_answers(shell: Shell) -> None:
    demo = await shell.start("demo --once --fault half-character")
    out, err = await demo.communicate()
    assert (demo.returncode, err) == (1, b"")
    assert b"2001 half " in out
    assert out.decode().endswith("Some steps went wrong.\n")
