"""The hub registers itself with a platform (hub as Sender), through the admin API: what goes well, and what fails.

OCPI 2.2.1, Credentials module, Use cases.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from admin.app import office
from hub.config import Settings
from hub.lifecycle import Hub, running
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from hub.testing.exchange import Seen
from tests.stories.market import QUICK, MakeSettings, join, last_error, platform_of, registry_rows

KEY = "the-key-of-an-admin-in-a-story"


class Admin:
    """Somebody at the admin API."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """HTTP status and body of one call."""
        headers = {"Authorization": f"Bearer {KEY}"}
        async with self._session.request(method, f"{self._url}/api/v1{path}", json=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def connect(self, party: FakeParty, token: str, roles: list[dict[str, str]] | None = None) -> tuple[int, Any]:
        """Let the hub register with a party."""
        body = {"name": party.name, "versions_url": party.versions_url, "token": token}
        return await self.call("POST", "/platforms", body | ({"roles": roles} if roles else {}))


@asynccontextmanager
async def staffed(settings: Settings) -> AsyncIterator[tuple[Hub, Admin]]:
    """A hub with both doors open, and an admin."""
    async with running(settings) as hub, office(hub) as url, aiohttp.ClientSession() as session:
        yield hub, Admin(url, session)


@pytest.fixture
def chosen(settings: MakeSettings) -> Settings:
    """A hub whose partners may not be slow."""
    return settings(routing=QUICK, admin={"port": 0, "bootstrap_key": KEY})


def at_versions(seen: Seen) -> bool:
    """GET versions."""
    return seen.module == "versions" and not seen.segments


def at_details(seen: Seen) -> bool:
    """GET version details."""
    return seen.module == "versions" and bool(seen.segments)


def at_credentials(seen: Seen) -> bool:
    """POST or PUT credentials."""
    return seen.module == "credentials"


STEPS = {"GET versions": at_versions, "GET version details": at_details, "{} credentials": at_credentials}
BREAKS = ("silent", "garbage", "truncated", "closed", "empty", "redirect", "http-401", "http-500", "ocpi-2000")
LOST = ("silent", "truncated", "closed", "http-500")
"""After these nobody knows whether the platform did the exchange."""
REFUSALS = ("ocpi-3001", "ocpi-3002", "ocpi-3003")


def failures(step: str) -> tuple[str, ...]:
    """What may go wrong in a step."""
    return (*BREAKS, *REFUSALS) if step == "{} credentials" else BREAKS


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_the_hub_registers_and_parties_reach_each_other(
    settings: MakeSettings, store_url: str, version: str
) -> None:
    made = settings(store_url, admin={"port": 0, "bootstrap_key": KEY})
    async with (
        staffed(made) as (hub, admin),
        FakeCpo("NL*TNM", "BE*TNB", version=version) as cpo,
        FakeEmsp(version=version) as emsp,
    ):
        await join(hub, emsp)
        status, answer = await admin.connect(cpo, cpo.invite())
        assert (status, answer["status"], answer["version"]) == (201, "CONNECTED", version)
        assert {(row["role"], row["party_id"]) for row in answer["roles"]} == {("CPO", "TNM"), ("CPO", "TNB")}
        assert (await emsp.push_token("BE*TNB")).is_success
        assert (await cpo.push_location("DE*ABC")).is_success
        ordered = await emsp.start_session("NL*TNM")
        assert await ordered.result() == {"result": "ACCEPTED"}


async def test_the_newest_mutual_version_is_chosen(chosen: Settings) -> None:
    async with staffed(chosen) as (_, admin), FakeCpo(versions=("2.1.1", "2.2.1", "2.3.0")) as cpo:
        _, answer = await admin.connect(cpo, cpo.invite())
        assert answer["version"] == str(cpo.version) == "2.3.0"
        assert sorted(row["version"] for row in answer["versions"]) == ["2.1.1", "2.2.1", "2.3.0"]


@pytest.mark.parametrize("step", STEPS)
async def test_a_connection_that_fails_leaves_nothing_behind(chosen: Settings, step: str) -> None:
    async with staffed(chosen) as (hub, admin), FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, emsp)
        before, token = await registry_rows(hub), cpo.invite()
        for fault in failures(step):
            cpo.misbehave(fault, when=STEPS[step])
            status, problem = await admin.connect(cpo, token)
            assert (status, problem["step"]) == (502, step.format("POST")), fault
            assert problem["expected"]
            assert problem["came"]
            assert await registry_rows(hub) == before, fault
            _, trail = await admin.call("GET", "/audit")
            assert (trail["items"][0]["action"], trail["items"][0]["after"]["name"]) == ("connect failed", cpo.name)
            cpo.behave()
        # the invitation is still good
        assert (await admin.connect(cpo, token))[0] == 201
        assert (await emsp.push_token("NL*TNM")).is_success


@pytest.mark.parametrize(
    ("options", "step"),
    [
        ({"version": "2.3.0"}, "choose version"),
        ({"version": "2.1.1"}, "choose version"),  # OCPI 2.1.1, Credentials object: it names no role
        ({"modules": ()}, "check endpoints"),
    ],
    ids=["no mutual version", "no role that anybody tells", "no modules"],
)
async def test_nothing_is_posted_where_there_is_nothing_to_agree_on(
    settings: MakeSettings, options: dict[str, Any], step: str
) -> None:
    made = settings(admin={"port": 0, "bootstrap_key": KEY}, hub={"versions": ["2.1.1", "2.2.1"]})
    async with staffed(made) as (hub, admin), FakeCpo(**options) as cpo:
        before = await registry_rows(hub)
        status, problem = await admin.connect(cpo, cpo.invite())
        assert (status, problem["step"]) == (502, step)
        assert await registry_rows(hub) == before
        assert not [seen for seen in cpo.seen if seen.module == "credentials"]


async def test_a_platform_of_2_1_1_has_the_role_that_the_admin_names(chosen: Settings) -> None:
    async with staffed(chosen) as (_, admin), FakeCpo(version="2.1.1") as cpo:
        token = cpo.invite()
        status, problem = await admin.connect(cpo, token)
        assert (status, problem["came"]) == (502, "OCPI 2.1.1, and no role")
        # and the same token is still good
        status, answer = await admin.connect(cpo, token, [{"role": "CPO", "country_code": "NL", "party_id": "TNM"}])
        assert (status, answer["status"], answer["roles"][0]["role"]) == (201, "CONNECTED", "CPO")


@pytest.mark.parametrize(
    "why", ["a role of another platform", "a role that the admin named is missing", "the hub itself"]
)
async def test_a_platform_with_the_wrong_roles_is_told_goodbye(chosen: Settings, why: str) -> None:
    async with (
        staffed(chosen) as (hub, admin),
        FakeCpo() as first,
        FakeCpo("nl*hub" if "hub" in why else "nl*tnm") as second,
    ):
        roles = [{"role": "CPO", "country_code": "FR", "party_id": "BOR", "name": "x"}] if "missing" in why else None
        if roles is None:
            await join(hub, first)
        before = await registry_rows(hub)
        status, problem = await admin.connect(second, second.invite(), roles)
        assert (status, problem.get("step")) == ((502, "check roles") if roles else (409, None))
        assert await registry_rows(hub) == before
        # the partner did register the hub: it is not left with a token that opens nothing
        assert [seen.method for seen in second.seen if seen.module == "credentials"] == ["POST", "DELETE"]
        assert not second.handshakes.token_in


async def test_an_answer_that_is_lost_is_asked_for_again(chosen: Settings) -> None:
    async with staffed(chosen) as (hub, admin), FakeCpo() as cpo:
        cpo.misbehave("closed", when=at_credentials, times=1)
        assert (await admin.connect(cpo, cpo.invite()))[0] == 201
        cpo.misbehave("truncated", when=at_credentials, times=1)
        assert (await admin.call("POST", f"/platforms/{platform_of(hub, cpo)}/rotate"))[0] == 200
        assert (
            await cpo.send("GET", "credentials", url=f"{hub.settings.public_url}/ocpi/2.2.1/credentials")
        ).is_success


async def test_a_rotation_renews_both_tokens(chosen: Settings) -> None:
    async with staffed(chosen) as (hub, admin), FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, cpo, emsp)
        before = (cpo.peer.token_out, cpo.handshakes.token_in)
        status, answer = await admin.call("POST", f"/platforms/{platform_of(hub, cpo)}/rotate")
        assert (status, answer["status"]) == (200, "CONNECTED")
        assert not {cpo.peer.token_out, cpo.handshakes.token_in} & {*before}
        assert (await emsp.push_token("NL*TNM")).is_success
        assert (await cpo.push_location("DE*ABC")).is_success
        old = await cpo.send("GET", "sessions", interface="sender", headers={"Authorization": f"Token {before[0]}"})
        assert old.http != 401  # for a minute


@pytest.mark.parametrize("step", STEPS)
async def test_a_rotation_that_fails_changes_nothing(chosen: Settings, step: str) -> None:
    async with staffed(chosen) as (hub, admin), FakeCpo() as cpo, FakeEmsp() as emsp:
        await join(hub, cpo, emsp)
        assert (await cpo.push_location("DE*ABC")).is_success
        platform_id = platform_of(hub, cpo)
        for fault in failures(step):
            before = await registry_rows(hub)
            cpo.misbehave(fault, when=STEPS[step])
            status, problem = await admin.call("POST", f"/platforms/{platform_id}/rotate")
            assert (status, problem["step"]) == (502, step.format("PUT")), fault
            _, shown = await admin.call("GET", f"/platforms/{platform_id}")
            told = {name: problem[name] for name in ("step", "expected", "came")}
            assert told.items() <= shown["last_error"].items()
            after = await registry_rows(hub)
            if fault in LOST and step == "{} credentials":
                # the partner may use either of its tokens: the new one is accepted beside the old
                assert len(after["tokens"]) == len(before["tokens"]) + 1
                after["tokens"] = before["tokens"] = []
            assert after == before, fault
            cpo.behave()
            assert (await emsp.push_token("NL*TNM")).is_success
            assert (await cpo.push_location("DE*ABC")).is_success
        assert (await admin.call("POST", f"/platforms/{platform_id}/rotate"))[0] == 200
        assert (await emsp.push_token("NL*TNM")).is_success


async def test_tokens_that_were_exchanged_count_though_a_new_role_is_refused(chosen: Settings) -> None:
    async with staffed(chosen) as (hub, admin), FakeCpo() as cpo, FakeCpo("BE*TNB") as other, FakeEmsp() as emsp:
        await join(hub, cpo, other, emsp)
        cpo.parties = (*cpo.parties, *other.parties)
        status, problem = await admin.call("POST", f"/platforms/{platform_of(hub, emsp)}/rotate")
        assert status == 200
        status, problem = await admin.call("POST", f"/platforms/{platform_of(hub, cpo)}/rotate")
        assert (status, "BE*TNB" in problem["detail"]) == (409, True)
        assert "BE*TNB" in (await last_error(hub, platform_of(hub, cpo)))["came"]
        assert (await emsp.push_token("NL*TNM")).is_success
        assert (await cpo.push_location("DE*ABC")).is_success
        assert [party.id for party in hub.picture.directory.platforms[platform_of(hub, cpo)].parties] == [
            cpo.parties[0]
        ]


async def test_a_platform_that_is_removed_is_told(chosen: Settings) -> None:
    async with staffed(chosen) as (hub, admin), FakeCpo() as cpo:
        await join(hub, cpo)
        assert (await admin.call("DELETE", f"/platforms/{platform_of(hub, cpo)}"))[0] in (200, 204)
        assert cpo.seen[-1].method == "DELETE"
        assert not cpo.handshakes.token_in
        assert all(not rows for rows in (await registry_rows(hub)).values())


async def test_the_store_is_free_while_a_partner_hangs(settings: MakeSettings) -> None:
    """On SQLite, where whoever holds the one transaction would keep everybody else waiting."""
    async with staffed(settings(admin={"port": 0, "bootstrap_key": KEY})) as (hub, admin), FakeCpo() as cpo:
        token = cpo.invite()
        for number, is_there in enumerate(STEPS.values()):
            seen = len(cpo.seen)
            cpo.misbehave("silent", when=is_there)
            connecting = asyncio.create_task(admin.connect(cpo, token))
            await cpo.saw(when=is_there, after=seen, timeout_s=30)
            async with FakeEmsp(f"FR*EM{number}") as emsp:
                await join(hub, emsp)  # writes to the store, several times
            assert not connecting.done()
            cpo.misbehave("offline")  # hangs up
            assert (await connecting)[0] == 502
            cpo.behave()
