"""A platform fails to register or to update (hub as Receiver): nothing changes, and the admin can read why.

OCPI 2.2.1, Credentials module; Status codes, 3xxx.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.lifecycle import Hub, running
from hub.store.registry import RoleRow
from hub.testing import FakeCpo, FakeEmsp, FakeParty
from hub.testing.exchange import Exchange, Seen
from routing.ocpi import PartyId, Role
from tests.stories.market import QUICK, MakeSettings, invite, join, last_error, platform_of, registry_rows


def versions(seen: Seen) -> bool:
    """Whether the list of versions is asked for."""
    return seen.module == "versions" and not seen.segments


def details(seen: Seen) -> bool:
    """Whether the details of a version are asked for."""
    return seen.module == "versions" and bool(seen.segments)


@dataclass(frozen=True, slots=True)
class Case:
    """One way to fail: what the party does, what it is told, and what the admin reads."""

    name: str
    code: int
    step: str
    came: str
    fault: str = ""
    at: Callable[[Seen], bool] | None = None
    body: dict[str, Any] = field(default_factory=dict)
    modules: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return self.name


BREAKS = {
    "silent": "did not answer in time",
    "garbage": "HTTP 200 with 22 bytes that are not an OCPI envelope",
    "truncated": "broke off",
    "closed": "broke off",
    "empty": "HTTP 200 without a body",
    "redirect": "HTTP 307",
    "drip": "did not answer in time",
    "http-401": "HTTP 401 without a body",
    "http-500": "HTTP 500",
    "ocpi-2000": "OCPI 2000",
    "wrapped-list": "data is not an object",
}

CASES = [
    *(
        Case(f"{fault} at {step}", 3001, step, came, fault, at)
        for fault, came in BREAKS.items()
        for step, at in (("GET versions", versions), ("GET version details", details))
        if fault != "wrapped-list" or at is details
    ),
    Case("nobody there", 3001, "GET versions", "does not accept connections", body={"url": "http://127.0.0.1:9/v"}),
    Case("an address that is none", 3001, "read credentials", "gopher://x/v must begin with https:// or http://", body={
        "url": "gopher://x/v",
    }),
    Case("another version", 3002, "choose version", "2.3.0", body={"url": "{other}"}),
    Case("no modules", 3003, "check endpoints", "credentials", modules=()),
    Case("a module that nobody can name", 3001, "GET version details", "identifier", modules=("locations", "a\0b")),
    Case("no token", 2001, "read credentials", "credentials.token is not a string", body={"token": None}),
    Case("no roles", 2001, "read credentials", "credentials.roles is empty", body={"roles": []}),
    Case("the hub itself", 2001, "check roles", "is the hub itself", body={
        "roles": [
            {"role": "CPO", "country_code": "NL", "party_id": "TNM", "business_details": {"name": "x"}},
            {"role": "EMSP", "country_code": "nl", "party_id": "Hub", "business_details": {"name": "x"}},
        ]
    }),
    Case("the same role twice", 2001, "check roles", "CPO NL*TNM is there twice", body={
        "roles": 2 * [{"role": "CPO", "country_code": "NL", "party_id": "TNM", "business_details": {"name": "x"}}]
    }),
    Case("a role of another platform", 2001, "check roles", "is held by another platform", body={
        "roles": [
            {"role": "CPO", "country_code": "NL", "party_id": "TNM", "business_details": {"name": "x"}},
            {"role": "EMSP", "country_code": "de", "party_id": "abc", "business_details": {"name": "x"}},
        ]
    }),
]  # fmt: skip


async def send_credentials(
    method: str, hub: Hub, party: FakeParty, token: str, case: Case, other: FakeParty
) -> Exchange:
    """POST or PUT credentials as the case has them, with a token that the hub may read the party's versions with."""
    own = party.handshakes.own_credentials(party.version, party.invite())
    body = own | {
        name: value.format(other=other.versions_url) if name == "url" else value for name, value in case.body.items()
    }
    if case.body.get("url") == "{other}":
        body["token"] = other.invite()
    url = f"{hub.settings.public_url}/ocpi/2.2.1/credentials"
    return await party.send(method, "credentials", url=url, body=body, headers={"Authorization": f"Token {token}"})


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_handshake_that_fails_changes_nothing(settings: MakeSettings, method: str) -> None:
    async with (
        running(settings(routing=QUICK)) as hub,
        FakeCpo() as cpo,
        FakeEmsp() as emsp,
        FakeEmsp("FR*NEW", version="2.3.0") as other,
    ):
        await join(hub, emsp)
        invitation = await invite(hub, cpo)
        if method == "PUT":
            await cpo.register(invitation.versions_url, invitation.token)
            assert (await cpo.push_location("DE*ABC")).is_success  # the first use of its token ends the invitation
        token = invitation.token if method == "POST" else cpo.peer.token_out
        failed = []
        for case in CASES:
            try:
                await fail(method, hub, cpo, token, case, other)
            except AssertionError as error:  # each case is told, not only the first
                failed.append(f"{case}: {str(error)[:500]}")
        assert not failed, "\n".join(failed)
        # and it goes on where it was: unregistered with its invitation, or registered with both its tokens
        if method == "POST":
            await cpo.register(invitation.versions_url, invitation.token)
        assert (await cpo.push_location("DE*ABC")).is_success
        assert (await emsp.push_token("NL*TNM")).is_success


async def fail(method: str, hub: Hub, cpo: FakeCpo, token: str, case: Case, other: FakeParty) -> None:
    """One handshake that fails: what the party is told, that nothing changed, and what the admin reads."""
    before = await registry_rows(hub)
    cpo.modules = case.modules
    if case.fault:
        cpo.misbehave(case.fault, when=case.at)
    answer = await send_credentials(method, hub, cpo, token, case, other)
    cpo.behave()
    cpo.modules = None
    assert (answer.http, answer.status_code) == (200, case.code), answer.status_message
    assert await registry_rows(hub) == before
    error = await last_error(hub, platform_of(hub, cpo))
    assert error["step"] == case.step
    assert error["expected"]
    assert case.came in error["came"]


async def test_an_address_inside_the_hub_s_own_network_is_not_called(settings: MakeSettings) -> None:
    closed = settings(security={"allow_private_parties": False, "master_key": None, "master_key_file": None})
    async with running(settings(security=closed.security.model_dump() | {"master_key": None})) as hub, FakeCpo() as cpo:
        invitation = await invite(hub, cpo)
        before = await registry_rows(hub)
        for url in ("http://127.0.0.1/v", "https://127.0.0.1/v", "https://localhost/v", "https://u:p@example.com/v"):
            case = Case("inside", 3001, "read credentials", "", body={"url": url})
            answer = await send_credentials("POST", hub, cpo, invitation.token, case, cpo)
            assert answer.status_code == 3001
        assert not cpo.seen
        assert await registry_rows(hub) == before


async def test_what_is_not_json_is_http_400_and_changes_nothing(settings: MakeSettings) -> None:
    async with running(settings()) as hub, FakeCpo() as cpo:
        invitation = await invite(hub, cpo)
        before = await registry_rows(hub)
        url = f"{hub.settings.public_url}/ocpi/2.2.1/credentials"
        for body in (b"{", b"", b"\xff", b'{"token": NaN}'):
            headers = {"Authorization": f"Token {invitation.token}"}
            answer = await cpo.call("POST", url, headers, body)
            assert (answer.http, answer.status_code) == (400, 2001)
        assert await registry_rows(hub) == before


async def test_a_role_that_was_invited_must_be_there(settings: MakeSettings) -> None:
    async with running(settings()) as hub, FakeCpo("NL*OTH") as cpo:
        roles = [RoleRow(PartyId("NL", "TNM"), Role.CPO)]
        invitation = await hub.platforms.invite(by="test", name="TNM", roles=roles)
        before = await registry_rows(hub)
        answer = await send_credentials("POST", hub, cpo, invitation.token, Case("", 2001, "", ""), cpo)
        assert answer.status_code == 2001
        assert "CPO NL*TNM" in answer.status_message
        assert await registry_rows(hub) == before


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_who_was_suspended_comes_back_by_no_exchange(settings: MakeSettings, method: str) -> None:
    """SUSPENDED is for the admin to end (OCPI 2.2.1, HubClientInfo, ConnectionStatus)."""
    async with running(settings()) as hub, FakeCpo() as cpo:
        invitation = await invite(hub, cpo)
        if method == "PUT":
            await cpo.register(invitation.versions_url, invitation.token)
            assert (await cpo.push_location("NL*HUB")).is_success  # the first use of its token ends the invitation
        token = invitation.token if method == "POST" else cpo.peer.token_out
        await hub.platforms.suspend(invitation.platform_id, by="test")
        before, seen = await registry_rows(hub), len(cpo.seen)
        answer = await send_credentials(method, hub, cpo, token, Case("", 4003, "", ""), cpo)
        assert (answer.http, answer.status_code) == (200, 4003)
        assert await registry_rows(hub) == before
        assert len(cpo.seen) == seen, "it is not even asked"


async def test_methods_that_do_not_fit_the_state_are_405(settings: MakeSettings) -> None:
    async with running(settings()) as hub, FakeCpo() as cpo:
        invitation = await invite(hub, cpo)
        before = await registry_rows(hub)
        url = f"{hub.settings.public_url}/ocpi/2.2.1/credentials"
        for method in ("PUT", "DELETE", "PATCH"):
            answer = await cpo.call(method, url, {"Authorization": f"Token {invitation.token}"}, b"{}")
            assert (answer.http, answer.status_code) == (405, 2000), method
            allowed = answer.headers["Allow"].split(", ")
            assert "POST" in allowed, "RFC 9110, 15.5.6"
            assert method not in allowed
        assert await registry_rows(hub) == before
        await cpo.register(invitation.versions_url, invitation.token)
        before = await registry_rows(hub)
        for method in ("POST", "PATCH"):
            answer = await cpo.send(method, "credentials", url=url, body={})
            assert (answer.http, answer.status_code) == (405, 2000), method
            allowed = answer.headers["Allow"].split(", ")
            assert "PUT" in allowed
            assert method not in allowed
        assert {**await registry_rows(hub), "tokens": ()} == {**before, "tokens": ()}


async def test_a_token_that_nobody_gave_out_is_401_everywhere(settings: MakeSettings) -> None:
    async with running(settings()) as hub, FakeCpo() as cpo:
        await invite(hub, cpo)
        before = await registry_rows(hub)
        for path in (
            "versions",
            "2.2.1",
            "2.2.1/credentials",
            "2.2.1/receiver/cdrs",
            "nonsense",
            "2.2.1/cdrs/object/x",
        ):
            for method in ("GET", "POST", "PUT", "DELETE"):
                for headers in ({}, {"Authorization": "Token Z3Vlc3NlZA=="}, {"Authorization": "Bearer guessed"}):
                    answer = await cpo.call(method, f"{hub.settings.public_url}/ocpi/{path}", headers)
                    assert (answer.http, answer.status_code) == (401, 2000), (method, path)
                    assert answer.headers["WWW-Authenticate"] == "Token", "RFC 9110, 15.5.2"
        assert await registry_rows(hub) == before


async def test_an_invitation_opens_versions_and_credentials_only(settings: MakeSettings) -> None:
    async with running(settings()) as hub, FakeCpo() as cpo:
        invitation = await invite(hub, cpo)
        headers = {"Authorization": f"Token {invitation.token}"}
        base = f"{hub.settings.public_url}/ocpi"
        for path in ("versions", "2.2.1", "2.2.1/credentials"):
            assert (await cpo.call("GET", f"{base}/{path}", headers)).is_success
        for path in ("2.2.1/receiver/cdrs", "2.2.1/hubclientinfo", "2.2.1/cdrs/r/x"):
            answer = await cpo.call("GET", f"{base}/{path}", headers)
            assert (answer.http, answer.status_code) == (401, 2000), path


async def test_the_store_is_free_while_a_partner_hangs(settings: MakeSettings) -> None:
    """On SQLite, where whoever holds the one transaction would keep everybody else waiting."""
    async with running(settings()) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        invitation = await invite(hub, cpo)
        cpo.misbehave("silent", module="versions")
        registering = asyncio.create_task(cpo.register(invitation.versions_url, invitation.token))
        await cpo.saw(module="versions", timeout_s=30)
        await join(hub, emsp)  # writes to the store, several times
        assert not registering.done()
        registering.cancel()
        await asyncio.gather(registering, return_exceptions=True)
