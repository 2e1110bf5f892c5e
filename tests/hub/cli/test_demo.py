"""The demo as a person would start it: between parties of three versions, and with everything that makes it a hub."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


async def shown(folder: Path, *options: str) -> str:
    """What the demo prints; it must end well."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hub",
        "demo",
        "--once",
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    out, err = (text.decode() for text in await process.communicate())
    assert process.returncode == 0, out + err
    return out


@pytest.mark.timeout(180)
async def test_the_demo_tells_a_story_across_versions_with_its_receipts(tmp_path: Path) -> None:
    out = await shown(tmp_path, "--versions", "2.1.1,2.2.1,2.3.0")
    for pair in (("2.1.1", "2.2.1"), ("2.2.1", "2.3.0"), ("2.3.0", "2.1.1")):
        assert f"(OCPI {pair[0]}) and " in out
        assert f"(OCPI {pair[1]})" in out
    old, between, new = out.split("What ")[1:]
    assert "Location           time_zone" in old
    assert "nothing." in between
    assert "cdr_token" in new
    assert "012345678" not in new
    assert "Everybody: 2 CPOs and 2 eMSPs around the hub" in new, "without those who cannot name it"


@pytest.mark.timeout(180)
async def test_a_party_that_wants_a_slash_at_the_end_is_no_trouble(tmp_path: Path) -> None:
    assert "Every step did what OCPI asks." in await shown(tmp_path, "--fault", "trailing-slash")


HUB_STORY = """\
who is there|DE*ABC|NL*HUB|GET hubclientinfo|200|1000|ok 3 CPOs connected
broadcast: a location|NL*TNM|NL*HUB|PUT locations/MALL|200|1000|ok 5 of 5 eMSPs
broadcast: a location|BE*CPO|NL*HUB|PUT locations/MALL|200|1000|ok 5 of 5 eMSPs
broadcast: a location|FR*BOR|NL*HUB|PUT locations/MALL|200|1000|ok 5 of 5 eMSPs
broadcast: a charger taken|NL*TNM|NL*HUB|PATCH locations/MALL/MALL-1|200|1000|ok 5 of 5 eMSPs
GET All|DE*ABC|NL*HUB|GET locations?limit=2|200|1000|ok 3 to 9 locations, 3 CPOs
open authorization|FR*BOR|anybody|POST tokens/{uid}/authorize|200|1000|ok FR*MOB says ALLOWED
AT*FAH went offline|NL*TNM|AT*FAH|POST tokens/{uid}/authorize|200|4003|ok nobody answers there
everybody is told|NL*HUB|3 CPOs|PUT hubclientinfo/AT/FAH|-|-|ok OFFLINE
called while offline|NL*TNM|AT*FAH|POST tokens/{uid}/authorize|200|4003|ok at once: the hub knows
broadcast meanwhile|NL*TNM|NL*HUB|PUT locations/PIER|200|1000|ok 4 of 5 eMSPs
AT*FAH is back and pulls|AT*FAH|NL*HUB|GET locations?date_from=...|200|1000|ok it has PIER now
everybody is told|NL*HUB|3 CPOs|PUT hubclientinfo/AT/FAH|-|-|ok CONNECTED
called again|NL*TNM|AT*FAH|POST tokens/{uid}/authorize|200|1000|ok as before"""
"""Each row without its milliseconds, and without how long the copies of a broadcast took."""


@pytest.mark.timeout(180)
async def test_the_demo_shows_what_makes_it_a_hub(tmp_path: Path) -> None:
    out = await shown(tmp_path, "--cpos", "3", "--emsps", "5")
    _, _, table = out.partition("Everybody: 3 CPOs and 5 eMSPs around the hub\n")
    _, *rows = table.strip().splitlines()
    assert rows.pop() == "Every step did what OCPI asks."
    cells = [[cell.strip() for cell in row.split("  ") if cell.strip()] for row in rows if row]
    told = ["|".join([*row[:6], row[7].partition(" in ")[0]]) for row in cells]
    # beside what was pushed the hub has what it has pulled of each CPO by then: two on a page, however many
    found = re.search(r"ok (\d) locations, 3 CPOs, (\d) pages", told[5])
    assert found is not None, told[5]
    assert 3 <= int(found[1]) <= 9
    assert int(found[2]) == (int(found[1]) + 1) // 2
    told[5] = told[5].replace(found[0], "ok 3 to 9 locations, 3 CPOs")
    assert told == HUB_STORY.splitlines()
