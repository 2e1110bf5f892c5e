"""What is shipped to run several nodes: nginx takes its configuration, and the hub its settings."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import yaml

from hub.config import ENV_PREFIX, Settings
from tests.conftest import missing

COMPOSE = yaml.safe_load((Path(__file__).parents[1] / "compose.yaml").read_text())


def test_every_setting_in_compose_yaml_is_one() -> None:
    for service in ("hub1", "hub2"):
        for name in COMPOSE["services"][service]["environment"]:
            section, key = name.removeprefix(ENV_PREFIX).lower().split("__")
            assert key in type(getattr(Settings(), section)).model_fields, name


def test_nginx_takes_the_configuration_of_compose_yaml(tmp_path: Path) -> None:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        missing("no nginx: the Debian package nginx-light has it")
    content = COMPOSE["configs"]["nginx"]["content"].replace("$$", "$")
    assert "hash $http_authorization consistent;" in content, "what one platform pushes stays in order"
    content = re.sub(r"\bhub[12]:", "127.0.0.1:", content)  # those names are known in compose's network only
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid;\nerror_log stderr;\n{content}")
    tried = subprocess.run(
        [nginx, "-t", "-e", "stderr", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True, check=False
    )
    assert tried.returncode == 0, tried.stderr
