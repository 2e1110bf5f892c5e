"""The clock of the machine is set ahead and back while a hub runs: nothing breaks, and nothing is forgotten for it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from hub.testing import FakeCpo, FakeEmsp
from tests.conftest import missing
from tests.stories.served import Served, served

LIBRARY: Final = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


class MadeUpTime:
    """What a process takes for the time of day, as libfaketime tells it; how long things take stays true."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.jump(0)

    @property
    def environment(self) -> dict[str, str]:
        """What such a process is started with."""
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # else threads that wait for each other spin
            "NO_FAKE_STAT": "1",
        }

    def jump(self, days: int) -> None:
        """Within a second it is so many days later (or earlier) than it is."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{days:+}d\n")
        new.replace(self._file)  # never a moment without a time


async def believes(cpo: FakeCpo, days: int) -> None:
    """Wait until the hub takes it for so many days later than it is."""
    async with asyncio.timeout(60):
        while True:
            told = (await cpo.push_location("XX*XXX")).envelope["timestamp"]
            if abs(datetime.fromisoformat(told) - datetime.now(UTC) - timedelta(days=days)) < timedelta(days=1):
                return


async def becomes(hub: Served, platform_id: str, status: str) -> None:
    """Wait until the hub takes a platform for this."""
    async with asyncio.timeout(60):
        while (await hub.admin("GET", f"/api/v1/platforms/{platform_id}"))[1]["status"] != status:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def goes_on(hub: Served, cpo: FakeCpo, emsp: FakeEmsp, platform_id: str) -> None:
    """Everything that looks at a clock, once."""
    assert (await hub.admin("GET", "/readyz"))[0] == 200
    pushed = await cpo.push_session("DE*ABC", emsp.parties[0])
    assert pushed.status_code == 1000
    ordered = await emsp.stop_session("NL*TNM")
    assert (await ordered.result(20))["result"] == "ACCEPTED"
    await emsp.update_credentials()
    assert (await emsp.push_token("NL*TNM")).status_code == 1000

    before = len(cpo.seen)
    await hub.admin("POST", f"/api/v1/platforms/{platform_id}/suspend")
    assert (await cpo.push_session("DE*ABC", emsp.parties[0])).status_code == 4003
    await told_of(cpo, "SUSPENDED", before)  # else it is told once, what is true by then
    await hub.admin("POST", f"/api/v1/platforms/{platform_id}/resume")
    _, trail = await hub.admin("GET", "/api/v1/audit?limit=2")
    assert [row["action"] for row in trail["items"]] == ["resumed", "suspended"]
    told: list[Any] = [seen.document["status"] for seen in await told_of(cpo, "CONNECTED", before)]
    assert told == ["SUSPENDED", "CONNECTED"]

    before = len(cpo.seen)
    emsp.misbehave("offline")
    await becomes(hub, platform_id, "OFFLINE")
    emsp.behave()
    await becomes(hub, platform_id, "CONNECTED")
    await told_of(cpo, "CONNECTED", before)  # which is not to be taken for news of the next time
    correlation_id = pushed.sent["X-Correlation-ID"]
    _, found = await hub.admin("GET", f"/api/v1/journal?correlation_id={correlation_id}")
    assert len(found["items"]) == 1


async def told_of(cpo: FakeCpo, status: str, after: int) -> Any:
    """What a party hears of others, up to this."""
    await cpo.saw(
        module="hubclientinfo", after=after, timeout_s=30, when=lambda seen: seen.document["status"] == status
    )
    return await cpo.saw(module="hubclientinfo", after=after)


async def test_a_clock_that_is_set_ahead_and_back_breaks_nothing(tmp_path: Path) -> None:
    if LIBRARY is None:
        missing("no libfaketime: the Debian package faketime has it")
    made_up = MadeUpTime(tmp_path / "time")
    alert = {"LIVENESS__IDLE_S": "1", "LIVENESS__INTERVAL_S": "0.3", "MIRROR__PULL_INTERVAL_S": "0"}
    async with (
        served(tmp_path, outside=made_up.environment, **alert) as hub,
        FakeCpo() as cpo,
        FakeEmsp() as emsp,
    ):
        await hub.join(cpo)
        platform_id = await hub.join(emsp)
        posted = await cpo.push_cdr("DE*ABC", emsp.parties[0])
        for days in (3, -30, 400, 0):
            made_up.jump(days)
            await believes(cpo, days)
            await goes_on(hub, cpo, emsp, platform_id)
        # a link is kept for months, and months are over only where it is true
        assert (await cpo.send("GET", "cdrs", url=posted.headers["Location"])).data["id"] == "CDR1"
        log = hub.log.read_text()
        assert '"level": "error"' not in log
        assert await hub.terminate() == 0
