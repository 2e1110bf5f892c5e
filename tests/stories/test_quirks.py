"""What particular platforms do differently: learnt in the handshake or in passing, or set by an admin."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hub.lifecycle import Hub
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from hub.testing.roles import owned_path
from hub.testing.samples import now, session
from tests.stories.onboarding import MakeSettings, connect, hub_with, join, quirks_of, set_quirks, until

Register = Callable[[Hub, FakeParty], Awaitable[str]]
BOTH_WAYS = pytest.mark.parametrize("register", [join, connect], ids=["the hub is asked", "the hub asks"])


# --- token encoding --------------------------------------------------------------------------------------------------


@BOTH_WAYS
@pytest.mark.parametrize(
    ("version", "fault", "encodes"), [("2.2.1", "only-raw-token", False), ("2.1.1", "only-base64-token", True)]
)
async def test_the_form_of_the_token_is_learnt_in_the_handshake(
    settings: MakeSettings, register: Register, version: str, fault: str, encodes: bool
) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp(version=version)
    async with hub_with(settings(), cpo) as hub, emsp:
        emsp.misbehave(fault)
        platform = await register(hub, emsp)
        assert await quirks_of(hub, platform) == {"encode_token": encodes}
        assert (await cpo.push_location("DE*ABC")).is_success


@BOTH_WAYS
async def test_a_token_refused_with_3000_is_learnt_in_the_handshake(settings: MakeSettings, register: Register) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), cpo) as hub, emsp:
        emsp.misbehave("only-raw-token")
        emsp.misbehave("bad-token-3000")
        platform = await register(hub, emsp)
        assert await quirks_of(hub, platform) == {"encode_token": False, "bad_token_3000": True}
        assert (await cpo.push_location("DE*ABC")).is_success


async def test_a_refused_token_in_disguise_is_no_answer_of_the_receiver(settings: MakeSettings) -> None:
    """HTTP 200 with 3000 would tell the caller that the receiver is broken, while it is the hub's token that is."""
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), cpo) as hub, emsp:
        platform = await join(hub, emsp)
        emsp.misbehave("bad-token-3000")
        emsp.handshakes.token_in = "another one"
        assert (await cpo.push_location("DE*ABC")).status_code == 3000
        await set_quirks(hub, platform, bad_token_3000=True)
        refused = await cpo.push_location("DE*ABC")
        assert (refused.http, refused.status_code) == (200, 4003)


# --- trailing slash --------------------------------------------------------------------------------------------------


@BOTH_WAYS
async def test_a_slash_that_is_demanded_everywhere_is_learnt_in_the_handshake(
    settings: MakeSettings, register: Register
) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), cpo) as hub, emsp:
        emsp.misbehave("slash-everywhere")
        platform = await register(hub, emsp)
        assert await quirks_of(hub, platform) == {"trailing_slash": True}
        before = len(emsp.seen)
        assert (await cpo.push_location("DE*ABC")).is_success
        assert [seen.path for seen in emsp.seen[before:]] == ["/NL/TNM/LOC1/"]


async def test_a_slash_that_modules_demand_is_learnt_with_the_first_message(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), cpo) as hub, emsp:
        emsp.misbehave("trailing-slash")
        platform = await join(hub, emsp)
        assert (await cpo.push_location("DE*ABC")).is_success
        assert [seen.path for seen in emsp.seen if seen.interface] == ["/NL/TNM/LOC1", "/NL/TNM/LOC1/"]

        async def is_learnt() -> bool:
            return await quirks_of(hub, platform) == {"trailing_slash": True}

        await until(is_learnt)
        await until(lambda: hub.picture.directory.platforms[platform].quirks)
        before = len(emsp.seen)
        assert (await cpo.push_session("DE*ABC", emsp.parties[0])).is_success
        assert [seen.path for seen in emsp.seen[before:]] == ["/NL/TNM/SES1/"]
        assert [row["uid"] async for row in cpo.list("tokens", to="DE*ABC", query="limit=1")] == ["012345678"]


async def test_no_other_redirect_is_followed(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), cpo) as hub, emsp:
        platform = await join(hub, emsp)
        emsp.misbehave("redirect")
        refused = await cpo.push_location("DE*ABC")
        assert (refused.http, refused.status_code) == (200, 4000)
        assert await quirks_of(hub, platform) == {}


async def test_what_an_admin_said_about_the_slash_stays(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), cpo) as hub, emsp:
        platform = await join(hub, emsp)
        assert (await cpo.push_location("DE*ABC")).is_success
        await set_quirks(hub, platform, trailing_slash=False)
        revision = hub.picture.directory.revision
        emsp.misbehave("trailing-slash")
        for _ in range(20):
            assert (await cpo.push_location("DE*ABC")).is_success
        assert await quirks_of(hub, platform) == {"trailing_slash": False}
        await hub.picture.refresh()
        assert hub.picture.directory.revision == revision, "nothing was learnt: the directory stays as it is"


async def test_whether_there_is_a_slash_is_for_the_receiver_to_say_not_for_the_caller(settings: MakeSettings) -> None:
    """The hub's own endpoints take one; what is forwarded has it where the receiver wants it (reference, 1.3)."""
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), cpo) as hub, emsp:
        await join(hub, emsp)
        told = await cpo.send("PUT", "locations", "/NL/TNM/LOC1/", to="DE*ABC", body={"id": "LOC1"})
        assert told.is_success
        assert [seen.path for seen in emsp.seen if seen.module == "locations"] == ["/NL/TNM/LOC1"]


# --- paths, lists, links ---------------------------------------------------------------------------------------------


async def test_a_strict_2_1_1_party_finds_only_the_hub_in_paths(settings: MakeSettings) -> None:
    """OCPI 2.1.1, transport and format, Client owned object push: 404 for a party other than the handshake's."""
    cpo, emsp = FakeCpo(), FakeEmsp(version="2.1.1")
    async with hub_with(settings(), cpo) as hub, emsp:
        platform = await join(hub, emsp)
        emsp.misbehave("strict-paths")
        assert (await cpo.push_location("DE*ABC")).http == 404
        await set_quirks(hub, platform, strict_paths=True)
        assert (await cpo.push_location("DE*ABC")).is_success
        assert emsp.seen[-1].path == "/NL/HUB/LOC1"


# --- charging periods ------------------------------------------------------------------------------------------------


async def test_a_2_1_1_party_that_appends_gets_new_periods_alone(settings: MakeSettings) -> None:
    """A PATCH replaces the list in 2.1.1 (transport and format, PATCH), but many add to it as later versions do."""
    cpo, emsp = FakeCpo(), FakeEmsp(version="2.1.1")
    async with hub_with(settings(), cpo) as hub, emsp:
        platform = await join(hub, emsp)
        emsp.misbehave("append-periods")
        path = owned_path(cpo.parties[0], "SES1")
        first, second, third = ({"start_date_time": f"2026-01-31T10:0{at}:00Z", "dimensions": []} for at in range(3))

        async def has_after(**changes: Any) -> list[str]:
            put = {**session("2.2.1", cpo.parties[0], emsp.parties[0]), "charging_periods": [first, second]}
            assert (await cpo.send("PUT", "sessions", path, to="DE*ABC", body=put)).is_success
            assert (await cpo.send("PATCH", "sessions", path, to="DE*ABC", body=changes)).is_success
            kept = emsp.shelf.received["sessions"]["NL", "TNM", "SES1"]["charging_periods"]
            return [row["start_date_time"][15:16] for row in kept]

        assert await has_after(charging_periods=[third], last_updated=now()) == ["0", "1", "0", "1", "2"]
        await set_quirks(hub, platform, patch_periods="append")
        assert await has_after(charging_periods=[third], last_updated=now()) == ["0", "1", "2"]


async def test_a_single_object_wrapped_in_a_list_is_unwrapped(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), emsp) as hub, cpo:
        platform = await join(hub, cpo)
        cpo.misbehave("wrapped-list")
        asked = await emsp.send("GET", "locations", "/LOC1", to="NL*TNM", interface="sender")
        assert isinstance(asked.data, list), "between equal versions nothing is touched unless an admin says so"
        await set_quirks(hub, platform, wrapped_object=True)
        asked = await emsp.send("GET", "locations", "/LOC1", to="NL*TNM", interface="sender")
        assert asked.data["id"] == "LOC1"
        listed = await emsp.send("GET", "locations", to="NL*TNM", interface="sender")
        assert [row["id"] for row in listed.data] == ["LOC1"]


async def test_a_single_object_wrapped_in_a_list_crosses_versions_too(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(version="2.1.1"), FakeEmsp(version="2.3.0")
    async with hub_with(settings(), emsp) as hub, cpo:
        platform = await join(hub, cpo)
        await set_quirks(hub, platform, wrapped_object=True)
        cpo.misbehave("wrapped-list")
        asked = await emsp.send("GET", "locations", "/LOC1", to="NL*TNM", interface="sender")
        assert (asked.data["id"], asked.data["publish"]) == ("LOC1", True)


async def test_an_empty_link_is_the_end_of_the_list(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), cpo, emsp):
        cpo.misbehave("empty-link")
        page = await emsp.send("GET", "locations", to="NL*TNM", interface="sender")
        assert [row["id"] for row in page.data] == ["LOC1"]
        assert "Link" not in page.headers


# --- headers ---------------------------------------------------------------------------------------------------------


async def test_lower_case_headers_are_read_like_any_others(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), cpo, emsp):
        cpo.misbehave("lowercase-headers")
        emsp.misbehave("lowercase-headers")
        sent = await cpo.send("PUT", "locations", owned_path(cpo.parties[0], "LOC1"), to="DE*ABC", body={"id": "LOC1"})
        assert sent.is_success
        assert sent.party("from") == "DE*ABC"


async def test_a_token_encoded_with_a_trailing_newline_is_accepted(settings: MakeSettings) -> None:
    """Test vector 10: the specification's own examples decode to a token with a newline at its end."""
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), cpo, emsp):
        encoded = base64.b64encode(f"{cpo.peer.token_out}\n".encode()).decode()
        headers = {"Authorization": f"Token {encoded}"}
        sent = await cpo.send("PUT", "locations", "/NL/TNM/LOC1", to="DE*ABC", body={"id": "LOC1"}, headers=headers)
        assert sent.is_success
