"""What is shipped to run several nodes: nginx takes its configuration, and the hub its settings."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from hub.config import ENV_PREFIX, Settings
from hub.testing import FakeCpo, FakeEmsp
from tests.conftest import free_port, missing
from tests.stories.served import Served
from tests.stories.test_serve_process import listens
from tests.stories.waiting import until

COMPOSE = yaml.safe_load((Path(__file__).parents[1] / "compose.yaml").read_text())
STRANGERS = 40


def test_every_setting_in_compose_yaml_is_one() -> None:
    for service in ("hub1", "hub2"):
        for name in COMPOSE["services"][service]["environment"]:
            section, key = name.removeprefix(ENV_PREFIX).lower().split("__")
            assert key in type(getattr(Settings(), section)).model_fields, name


@pytest.mark.parametrize("store_kind", ["postgresql"], indirect=True)
async def test_two_hubs_behind_nginx_as_compose_yaml_has_them(blank_store_url: str, tmp_path: Path) -> None:
    key_file = tmp_path / "key" / "ocpi-hub.key"
    key_file.parent.mkdir()
    make_key(key_file)
    ports = [free_port() for _ in range(2)]
    public_url = f"http://127.0.0.1:{ports[0]}"
    hubs = [as_in_compose(tmp_path, service, blank_store_url, public_url, key_file) for service in ("hub1", "hub2")]
    try:
        await asyncio.gather(*(hub.start() for hub in hubs))  # both find an empty database
        async with nginx(tmp_path, ports, hubs), FakeCpo() as cpo, FakeEmsp() as emsp:
            await hubs[0].join(cpo)
            await hubs[1].join(emsp)
            begun = served_by(hubs)
            for _ in range(6):
                assert (await cpo.push_session("DE*ABC", emsp.parties[0])).status_code == 1000
            pushes = [now - before for before, now in zip(begun, served_by(hubs), strict=True)]
            assert sorted(pushes) == [0, 6], "what one platform pushes stays in order"
            for number in range(STRANGERS):
                assert await asyncio.to_thread(status, f"{public_url}/ocpi/versions", f"Token stranger{number}") == 401
            crowd = [now - before for before, now in zip(begun, served_by(hubs), strict=True)]
            assert min(crowd) > 0, "and the work is shared"
            assert sum(crowd) == 6 + STRANGERS
            assert await asyncio.to_thread(status, f"http://127.0.0.1:{ports[1]}/readyz") == 200
            pushing = asyncio.create_task(pushed_until(over := asyncio.Event(), cpo, emsp))
            for hub in hubs:  # as while they are upgraded, one right after the other
                assert await hub.terminate() == 0
                await hub.start()
            over.set()
            assert set(await pushing) == {1000}
            await hubs[pushes.index(6)].kill()
            assert (await cpo.push_session("DE*ABC", emsp.parties[0])).status_code == 1000
            assert (await emsp.push_token("NL*TNM")).status_code == 1000
    finally:
        for hub in hubs:
            if hub.process.returncode is None:
                await hub.terminate()


async def pushed_until(over: asyncio.Event, cpo: FakeCpo, emsp: FakeEmsp) -> list[int | None]:
    """What everybody is answered meanwhile."""
    codes = []
    while not over.is_set():
        codes.append((await cpo.push_session("DE*ABC", emsp.parties[0])).status_code)
        codes.append((await emsp.push_token("NL*TNM")).status_code)
        await asyncio.sleep(0.02)
    return codes


def make_key(file: Path) -> None:
    """What the service `key` does."""
    service = COMPOSE["services"]["key"]
    command = [*service["entrypoint"], *service["command"]]
    assert command[0] == "python"
    command[-1] = command[-1].replace("/key/ocpi-hub.key", str(file))
    subprocess.run([sys.executable, *command[1:]], check=True, cwd=Path(__file__).parents[1])
    assert file.exists()


def as_in_compose(folder: Path, service: str, storage_url: str, public_url: str, key_file: Path) -> Served:
    """One of the hubs, with what is in its environment there."""
    told = {name.removeprefix(ENV_PREFIX): text for name, text in COMPOSE["services"][service]["environment"].items()}
    assert told["STORAGE__URL"].startswith("postgresql://")
    assert told["SECURITY__MASTER_KEY_FILE"] == "/key/ocpi-hub.key"
    told |= {"STORAGE__URL": storage_url, "HUB__PUBLIC_URL": public_url, "SECURITY__MASTER_KEY_FILE": str(key_file)}
    hub = Served(folder, **told)
    del hub.environment["SECURITY__MASTER_KEY"]
    return hub


@asynccontextmanager
async def nginx(folder: Path, ports: list[int], hubs: list[Served]) -> AsyncIterator[None]:
    """The service `door` on these ports: one for parties, one for admins."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        missing("no nginx: the Debian package nginx-light has it")
    content = COMPOSE["configs"]["nginx"]["content"].replace("$$", "$")
    for number, hub in enumerate(hubs, start=1):
        content = content.replace(f"hub{number}:8080", f"127.0.0.1:{hub.port}")
        content = content.replace(f"hub{number}:8081", f"127.0.0.1:{hub.admin_port}")
    for taken, port in zip((8080, 8081), ports, strict=True):
        content = content.replace(f"listen {taken};", f"listen 127.0.0.1:{port};")
    own = "".join(
        f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"pid {folder}/pid; daemon off; master_process off;\n{content.replace('http {', 'http { ' + own, 1)}"
    )
    running = await asyncio.create_subprocess_exec(program, "-e", "stderr", "-c", str(file))
    try:
        await until(lambda: listens(ports[0]) and listens(ports[1]))
        yield
    finally:
        running.terminate()
        await running.wait()


def served_by(hubs: list[Served]) -> list[int]:
    """How many requests each of them answered."""
    found = []
    for hub in hubs:
        with urllib.request.urlopen(f"http://127.0.0.1:{hub.admin_port}/metrics", timeout=60) as answer:
            counted = re.findall(rb"^ocpi_hub_requests_total\{.*\} ([0-9.]+)$", answer.read(), re.MULTILINE)
        found.append(int(sum(map(float, counted))))
    return found


def status(url: str, authorization: str = "") -> int:
    """What a GET is answered with."""
    request = urllib.request.Request(url, headers={"Authorization": authorization} if authorization else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
