"""Fake parties register with each other as they would with a hub: each version, both directions, each failure."""

from __future__ import annotations

import base64

import pytest

from hub.testing import FakeCpo, FakeEmsp, RegistrationFailed

VERSIONS = ("2.1.1", "2.2.1", "2.3.0")


@pytest.mark.parametrize("version", VERSIONS)
async def test_two_parties_register_with_each_other(version: str) -> None:
    async with FakeCpo(version=version) as cpo, FakeEmsp(version=version) as emsp:
        await cpo.register(emsp.versions_url, emsp.invite())
        assert cpo.peer.token_out == emsp.handshakes.token_in
        assert emsp.peer.token_out == cpo.handshakes.token_in
        assert cpo.peer.address("locations", "receiver").startswith(emsp.base_url)
        assert emsp.peer.address("commands", "receiver").startswith(cpo.base_url)
        assert (await cpo.push_location("DE*ABC")).http == 201
        assert (await emsp.push_token("NL*TNM")).http == 201


@pytest.mark.parametrize("version", VERSIONS)
async def test_credentials_say_what_the_version_has(version: str) -> None:
    async with FakeCpo("NL*TNM", "NL*XYZ", version=version) as cpo, FakeEmsp(version=version) as emsp:
        await cpo.register(emsp.versions_url, emsp.invite())
        told = emsp.peer.credentials
        if version == "2.1.1":
            assert (told["country_code"], told["party_id"], "roles" in told) == ("NL", "TNM", False)
        else:
            assert [(row["role"], row["party_id"]) for row in told["roles"]] == [("CPO", "TNM"), ("CPO", "XYZ")]


async def test_addresses_of_2_1_1_have_no_interface_but_the_party_s_side() -> None:
    async with FakeCpo(version="2.1.1") as cpo, FakeEmsp(version="2.1.1") as emsp:
        await emsp.register(cpo.versions_url, cpo.invite())
        assert emsp.peer.endpoints["locations", ""] == f"{cpo.base_url}/ocpi/cpo/2.1.1/locations"
        assert ("chargingprofiles", "") not in emsp.peer.endpoints


async def test_the_newest_mutual_version_is_chosen_and_spoken() -> None:
    async with FakeCpo(versions=("2.1.1", "2.2.1", "2.3.0")) as cpo, FakeEmsp(versions=("2.1.1", "2.2.1")) as emsp:
        await emsp.register(cpo.versions_url, cpo.invite())
        assert str(cpo.version) == str(emsp.version) == "2.2.1"
        await emsp.update_credentials("2.1.1")
        assert str(cpo.version) == str(emsp.version) == "2.1.1"
        assert "type" in cpo.shelf.own["locations"]["LOC1"]


async def test_an_update_renews_both_tokens() -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        await cpo.register(emsp.versions_url, emsp.invite())
        before = {cpo.peer.token_out, emsp.peer.token_out}
        await cpo.update_credentials()
        assert before.isdisjoint({cpo.peer.token_out, emsp.peer.token_out})
        assert (await emsp.push_token("NL*TNM")).is_success
        assert (await cpo.push_location("DE*ABC")).is_success


async def test_who_unregistered_is_a_stranger_again() -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        await cpo.register(emsp.versions_url, emsp.invite())
        peer = cpo.peer
        await cpo.unregister()
        assert not emsp.handshakes.token_in
        answer = await cpo.send("GET", "tokens", url=peer.address("tokens", "sender"))
        assert (answer.http, answer.status_code) == (401, 2000)


async def test_a_registration_token_is_good_for_the_handshake_alone_and_once() -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        token = emsp.invite()
        headers = {"Authorization": f"Token {base64.b64encode(token.encode()).decode()}"}
        url = f"{emsp.base_url}/ocpi/2.2.1/sender/tokens"
        assert (await cpo.call("GET", url, headers)).http == 401
        await cpo.register(emsp.versions_url, token)
        with pytest.raises(RegistrationFailed, match="GET versions: HTTP 401"):
            await cpo.register(emsp.versions_url, token)
        with pytest.raises(RegistrationFailed, match="POST credentials: HTTP 405"):
            await cpo.register(emsp.versions_url, emsp.invite())


async def test_no_mutual_version_is_named() -> None:
    async with FakeCpo(version="2.3.0") as cpo, FakeEmsp(version="2.1.1") as emsp:
        with pytest.raises(RegistrationFailed, match="choose version"):
            await cpo.register(emsp.versions_url, emsp.invite())


@pytest.mark.parametrize("fault", ["garbage", "http-500", "closed", "truncated", "empty", "redirect"])
@pytest.mark.parametrize("module", ["versions", "credentials"])
async def test_a_handshake_that_fails_changes_nothing(fault: str, module: str) -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        await cpo.register(emsp.versions_url, emsp.invite())
        before = (cpo.peer, cpo.handshakes.token_in, emsp.peer, emsp.handshakes.token_in)
        emsp.misbehave(fault, module=module)
        with pytest.raises(RegistrationFailed, match=module):
            await cpo.update_credentials()
        assert (cpo.peer, cpo.handshakes.token_in, emsp.peer, emsp.handshakes.token_in) == before


async def test_a_receiver_that_cannot_read_the_sender_s_versions_says_3001() -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        cpo.misbehave("http-500", module="versions")
        token = emsp.invite()
        with pytest.raises(RegistrationFailed, match="OCPI 3001"):
            await cpo.register(emsp.versions_url, token)
        assert not emsp.handshakes.token_in
        cpo.behave()
        await cpo.register(emsp.versions_url, token)


@pytest.mark.parametrize(("body", "expected"), [(b"{", (400, 2001)), (b"{}", (200, 2001)), (b"[]", (200, 2001))])
async def test_credentials_that_are_none_are_refused(body: bytes, expected: tuple[int, int]) -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        headers = {"Authorization": f"Token {emsp.invite()}"}
        answer = await cpo.call("POST", f"{emsp.base_url}/ocpi/2.2.1/credentials", headers, body)
        assert (answer.http, answer.status_code) == expected


@pytest.mark.parametrize("encoding", ["base64", "raw"])
async def test_a_token_is_sent_as_said_and_taken_either_way(encoding: str) -> None:
    async with FakeCpo(token_encoding=encoding) as cpo, FakeEmsp() as emsp:  # type: ignore[arg-type]
        await cpo.register(emsp.versions_url, emsp.invite())
        await cpo.push_location("DE*ABC")
        sent = emsp.seen[-1].headers["Authorization"].removeprefix("Token ")
        assert (sent == cpo.peer.token_out) is (encoding == "raw")
