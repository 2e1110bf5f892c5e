"""Every token of a whole story is looked for in everything that the hub keeps, writes or tells afterwards."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from hub.testing import FakeCpo, FakeEmsp, FakeParty, RegistrationFailed
from hub.testing.story import roaming_story
from tests.stories.served import Served as Hub
from tests.stories.served import served


class Purse:
    """Every token that anybody had at any time, on either side, by what it was for."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}

    def add(self, **tokens: str) -> None:
        """Remember tokens, by what they were for."""
        self.tokens |= {token: what for what, token in tokens.items() if token}

    def look_into(self, *parties: FakeParty) -> None:
        """The tokens that parties have now, were told in bodies, or were called with."""
        for party in parties:
            self.add(the_hub_checks=party.handshakes.token_out, the_hub_presents=party.handshakes.token_in)
            self.add(told=str(party.peer.credentials.get("token", "")))
            for seen in party.seen:
                _, _, value = seen.headers.get("Authorization", "").partition(" ")
                self.add(called_with=decoded(value))
                if seen.module == "credentials" and seen.body:
                    self.add(sent=seen.document["token"])

    def spellings(self) -> Iterator[tuple[str, bytes]]:
        """Each token as it is and as it is sent; and its plain hash, which a guess would be tried on."""
        for token, what in self.tokens.items():
            hashed = hashlib.sha256(token.encode())
            yield what, token.encode()
            yield what, base64.b64encode(token.encode())
            yield f"hash of {what}", hashed.digest()
            yield f"hash of {what}", hashed.hexdigest().encode()


def decoded(value: str) -> str:
    """A token as it is, where it was sent in Base64; a wrong one of a check is not."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:
        return value


async def fails_to_register(hub: Hub, purse: Purse, cpo: FakeCpo) -> None:
    """A handshake that fails at each step, and one whose answer is lost."""
    invitation = await hub.invite(cpo)
    purse.add(invitation=invitation["token"])
    for fault, module in (("repeats-token", "versions"), ("garbage", "versions"), ("lost-answer", None)):
        cpo.misbehave(fault, module=module, times=1)
        with pytest.raises(RegistrationFailed):
            await cpo.register(invitation["versions_url"], invitation["token"])
        purse.look_into(cpo)
        cpo.behave()
    await cpo.register(invitation["versions_url"], invitation["token"])


async def fails_to_connect(hub: Hub, purse: Purse, emsp: FakeEmsp) -> str:
    """The hub registers itself, after it failed to; the platform's id."""
    token = emsp.invite()
    wanted = {"name": emsp.name, "versions_url": emsp.versions_url, "token": token}
    purse.add(invitation_of_the_hub=token)
    for fault, module in (("repeats-token", "versions"), ("repeats-token", "credentials"), ("http-500", "credentials")):
        emsp.misbehave(fault, module=module)
        assert (await hub.admin("POST", "/api/v1/platforms", wanted))[0] == 502
        emsp.behave()
    guessed = {**wanted, "token": "a-token-that-is-not-known-there"}
    purse.add(guessed=guessed["token"])
    assert (await hub.admin("POST", "/api/v1/platforms", guessed))[0] == 502
    status, platform = await hub.admin("POST", "/api/v1/platforms", wanted)
    assert status == 201
    return str(platform["id"])


async def trouble(purse: Purse, cpo: FakeCpo, emsp: FakeEmsp) -> None:
    """Requests that fail, in ways that might make somebody repeat what was sent."""
    for fault in ("http-401", "garbage", "closed", "repeats-token"):
        emsp.misbehave(fault, times=1)
        told = await cpo.push_session("DE*ABC", emsp.parties[0])
    assert told.status_message.startswith("cannot make anything of")
    assert emsp.handshakes.token_in not in told.status_message
    emsp.misbehave("repeats-token", module="tariffs")
    await cpo.push_tariff("NL*HUB")
    purse.add(wrong="a-token-that-nobody-gave-out")
    for form in ("Token {}", "Bearer {}", "{}"):
        headers = {"Authorization": form.format("a-token-that-nobody-gave-out")}
        assert (await cpo.send("PUT", "sessions", "/x", to="DE*ABC", body={}, headers=headers)).http == 401
    emsp.behave()


async def rotates(hub: Hub, purse: Purse, platform: str, cpo: FakeCpo, emsp: FakeEmsp) -> None:
    """Both sides renew their tokens, after it failed once."""
    purse.look_into(cpo, emsp)
    await cpo.update_credentials()
    for fault in ("http-500", "repeats-token", ""):
        if fault:
            emsp.misbehave(fault, module="credentials")
        status, _ = await hub.admin("POST", f"/api/v1/platforms/{platform}/rotate")
        assert status == (502 if fault else 200)
        emsp.behave()
    purse.look_into(cpo, emsp)


async def told_by(hub: Hub) -> dict[str, bytes]:
    """What the admin door answers to everything that may be asked there, journeys and checks one by one."""
    _, document = await hub.admin("GET", "/api/v1/openapi.json")
    told = {path: fetch(hub, path) for path in ("/metrics", "/healthz", "/readyz")}
    plain = [path for path, row in document["paths"].items() if "get" in row and "{" not in path]
    whole = "/api/v1/journal?limit=200"
    for path in (*plain, whole, "/api/v1/journal/export?format=csv"):
        told[path] = fetch(hub, path)
    for listing in ("/api/v1/platforms", whole):
        for item in json.loads(told[listing])["items"]:
            path = f"{listing.partition('?')[0]}/{item['id']}"
            told[path] = fetch(hub, path)
    return told


def fetch(hub: Hub, path: str) -> bytes:
    """One answer of the admin door, as it is."""
    request = Request(f"http://127.0.0.1:{hub.admin_port}{path}", headers={"Authorization": f"Bearer {hub.key}"})
    with urlopen(request, timeout=60) as answer:  # noqa: S310
        return bytes(answer.read())


def files_in(folder: Path) -> dict[str, bytes]:
    """Every byte that the hub wrote: its store with what belongs to it, and its log."""
    return {f"file {file.name}": file.read_bytes() for file in folder.iterdir() if file.is_file()}


async def test_no_token_of_a_whole_story_is_kept_written_or_told(tmp_path: Path) -> None:
    purse = Purse()
    environment = {"JOURNAL__BODIES": "all", "LOG__LEVEL": "debug", "ROUTING__PARTY_TIMEOUT_S": "5"}
    async with served(tmp_path, **environment) as hub, FakeCpo() as cpo, FakeEmsp() as emsp:
        await fails_to_register(hub, purse, cpo)
        platform = await fails_to_connect(hub, purse, emsp)
        assert await roaming_story(cpo, emsp, lambda _: None, timeout_s=20)
        await trouble(purse, cpo, emsp)
        await rotates(hub, purse, platform, cpo, emsp)
        assert (await cpo.push_location("DE*ABC")).is_success
        for action in ("check", "suspend", "resume"):
            assert (await hub.admin("POST", f"/api/v1/platforms/{platform}/{action}"))[0] < 300
        purse.look_into(cpo, emsp)
        kept = {f"told at {path}": content for path, content in (await told_by(hub)).items()}
        _, key = await hub.admin("POST", "/api/v1/keys", {"name": "k", "role": "viewer"})
        purse.add(admin_key=key["key"], bootstrap_key=hub.key, master_key=hub.environment["SECURITY__MASTER_KEY"])
        assert await hub.terminate() == 0
    kept |= files_in(tmp_path)
    assert len(purse.tokens) > 20
    for place, word in (
        ("file hub.db", b"Fake EMSP"),
        ("told at /api/v1/journal", b"***"),
        ("told at /metrics", b"ocpi"),
    ):
        assert word in kept[place]  # these are what they are taken for
    found = {(what, place) for what, text in purse.spellings() for place, content in kept.items() if text in content}
    assert not found, "\n".join(f"{what}: {place}" for what, place in sorted(found))
