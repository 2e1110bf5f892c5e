"""`kill -9` in the middle, and a start after it: what was confirmed is there, what was not leaves nothing behind."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from hub.testing import FakeCpo, FakeEmsp, FakeParty, RegistrationFailed
from tests.bench.kills import corruption
from tests.stories.served import Served, served
from tests.stories.torture import torture

STEPS = {
    "GET versions": lambda seen: seen.module == "versions" and not seen.segments,
    "GET version details": lambda seen: seen.module == "versions" and bool(seen.segments),
    "POST credentials": lambda seen: seen.module == "credentials",
}


async def killed_while(hub: Served, party: FakeParty, step: str, work: asyncio.Task[Any]) -> None:
    """Kill the hub while a party lets it wait in this step, and start it again."""
    await party.saw(when=STEPS[step], timeout_s=20, after=len(party.seen))
    assert not work.done()
    await hub.kill()
    await asyncio.gather(work, return_exceptions=True)
    party.misbehave("offline")  # it hangs up on the one who is gone
    party.behave()
    await hub.start()


async def platforms(hub: Served) -> dict[str, str]:
    """Every platform with its status."""
    _, listed = await hub.admin("GET", "/api/v1/platforms")
    return {item["name"]: item["status"] for item in listed["items"]}


async def test_a_registration_that_was_cut_off_can_be_done_again(tmp_path: Path) -> None:
    async with served(tmp_path) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await hub.join(emsp)
        invitation = await hub.invite(cpo)
        for step in ("GET versions", "GET version details"):
            cpo.misbehave("silent", when=STEPS[step])
            registering = asyncio.create_task(cpo.register(invitation["versions_url"], invitation["token"]))
            await killed_while(hub, cpo, step, registering)
            assert await platforms(hub) == {cpo.name: "PLANNED", emsp.name: "CONNECTED"}
        assert (await emsp.push_token("NL*TNM")).status_code == 4003
        cpo.misbehave("lost-answer", times=1)
        with pytest.raises(RegistrationFailed):
            await cpo.register(invitation["versions_url"], invitation["token"])
        await hub.kill()
        await hub.start()
        assert await platforms(hub) == {cpo.name: "CONNECTED", emsp.name: "CONNECTED"}
        await cpo.register(invitation["versions_url"], invitation["token"])
        assert (await emsp.push_token("NL*TNM")).is_success


async def test_a_connection_that_the_hub_began_leaves_nothing_behind(tmp_path: Path) -> None:
    async with served(tmp_path) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await hub.join(emsp)
        invited = await hub.invite(FakeEmsp("FR*INV"))
        token = cpo.invite()
        role = {"role": "CPO", "country_code": "NL", "party_id": "TNM", "name": "TNM"}
        wanted = {"name": cpo.name, "versions_url": cpo.versions_url, "token": token, "roles": [role]}
        for step, asked in STEPS.items():
            cpo.misbehave("silent", when=asked)
            connecting = asyncio.create_task(hub.admin("POST", "/api/v1/platforms", wanted))
            await killed_while(hub, cpo, step, connecting)
            assert await platforms(hub) == {emsp.name: "CONNECTED", invited["name"]: "PLANNED"}
        status, answer = await hub.admin("POST", "/api/v1/platforms", wanted)  # its role is free, the token still good
        assert (status, answer["status"]) == (201, "CONNECTED")
        assert (await emsp.push_token("NL*TNM")).is_success
        _, trail = await hub.admin("GET", "/api/v1/audit")
        assert [row["action"] for row in trail["items"]][:4] == ["connected", *(["connect failed"] * 3)]


async def test_what_was_confirmed_is_there_after_the_very_next_moment(tmp_path: Path) -> None:
    async with served(tmp_path) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        for party in (cpo, emsp):
            await hub.join(party)
            await hub.kill()
            await hub.start()
        await cpo.update_credentials()
        await hub.kill()
        await hub.start()
        assert (await cpo.push_location("DE*ABC")).is_success
        assert (await emsp.push_token("NL*TNM")).is_success
        await cpo.unregister()
        await hub.kill()
        await hub.start()
        assert (await platforms(hub))[cpo.name] == "OFFLINE"
        assert (await emsp.push_token("NL*TNM")).status_code == 4003


async def test_addresses_that_were_given_out_outlive_the_hub(tmp_path: Path) -> None:
    async with served(tmp_path) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await hub.join(cpo)
        await hub.join(emsp)
        cpo.misbehave("silent", module="commands")
        response_url, result = emsp.expect_result()
        body = {"response_url": response_url, "session_id": "SES1"}
        command = asyncio.create_task(emsp.send("POST", "commands", "/STOP_SESSION", to="NL*TNM", body=body))
        (seen,) = await cpo.saw(module="commands", timeout_s=20)
        await hub.kill()
        assert isinstance((await asyncio.gather(command, return_exceptions=True))[0], Exception)
        await hub.start()
        told = await cpo.send("POST", "commands", url=seen.document["response_url"], body={"result": "ACCEPTED"})
        assert told.is_success
        assert await result == {"result": "ACCEPTED"}
        posted = await cpo.push_cdr("DE*ABC", emsp.parties[0])
        await hub.kill()
        await hub.start()
        read = await cpo.send("GET", "cdrs", url=posted.headers["Location"])
        assert (read.is_success, read.data["id"]) == (True, "CDR1")


async def test_nothing_that_was_confirmed_is_lost_when_a_hub_is_killed_under_load(
    store_url: str, tmp_path: Path
) -> None:
    """Registrations, rotations, links, admin changes, the audit of them; `tests.bench.kills` does it 50 times."""
    chance = random.Random()  # the moment is another one each time
    async with served(tmp_path, store_url) as hub, torture(hub) as scene:
        for _ in range(2):
            await scene.round(1.5, chance)
            assert corruption(store_url) == []
        assert scene.tally.broken == []
        assert scene.tally.refused == []
        assert {"Location", "response_url"} <= scene.tally.confirmed.keys()
