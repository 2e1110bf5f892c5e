"""The command line against a hub that runs."""

from __future__ import annotations

import asyncio
import json

from admin import users
from admin.keys import AdminRole
from admin.sessions import Browser, begin
from hub.cli.terminal import visible
from hub.testing import FakeCpo, FakeEmsp
from tests.hub.cli.terminal import Terminal, joined, written


async def test_what_happened_to_a_lost_cdr_is_found_on_a_terminal(terminal: Terminal) -> None:
    cpo, emsp = FakeCpo("NL*TNM"), FakeEmsp("DE*ABC")
    async with joined(terminal, cpo), joined(terminal, emsp):
        await emsp.stop()
        sent = await cpo.push_cdr("DE*ABC", emsp.parties[0])
        await written(terminal.hub)
        correlation_id = sent.sent["X-Correlation-ID"]
        found = await terminal.run("journal", "--correlation-id", correlation_id)
        assert (found.code, found.err) == (0, "")
        for text in ("NL*TNM", "DE*ABC", "POST cdrs", "failed", correlation_id, "The network: the hub could not reach"):
            assert text in found.out, text
        journey = (await terminal.run("journal", "--correlation-id", correlation_id, "--json")).json["items"][0]["id"]
        one = await terminal.run("journal", "--id", journey)
        assert "The network: the hub could not reach DE*ABC" in one.out
        assert one.out.count("POST cdrs") == 2, "both legs"
        rows = (await terminal.run("journal", "--export", "csv", "--module", "cdrs", "--until", "0s")).out.splitlines()
        assert (rows[0].split(",")[0], len(rows)) == ("journey_id", 3)
        for filters in (["--party", "nl-tnm", "--module", "cdrs"], ["--outcome", "failed", "--since", "10m"]):
            items = (await terminal.run("journal", *filters, "--json")).json["items"]
            assert [item["correlation_id"] for item in items] == [correlation_id]
        assert (await terminal.run("journal", "--module", "tariffs", "--json")).json["items"] == []


async def test_the_journal_is_followed_as_it_is_written(terminal: Terminal) -> None:
    cpo, emsp = FakeCpo("NL*TNM"), FakeEmsp("DE*ABC")
    async with joined(terminal, cpo), joined(terminal, emsp):
        following = await terminal.start("journal", "--follow", "--json", "--party", "DE*ABC", "--since", "1h")
        assert following.stdout is not None
        told = []
        try:
            async with asyncio.timeout(60):
                for _ in range(2):
                    sent = await cpo.push_session("DE*ABC", emsp.parties[0])
                    while not told or told[-1]["correlation_id"] != sent.sent["X-Correlation-ID"]:
                        told.append(json.loads(await following.stdout.readline()))
        finally:
            following.terminate()
            assert await following.wait() == 0
        assert len({item["id"] for item in told}) == len(told)
        assert [item["at"] for item in told] == sorted(item["at"] for item in told)


async def test_a_check_prints_its_report_and_exits_by_its_verdict(terminal: Terminal) -> None:
    cpo = FakeCpo("NL*TNM", modules=["tariffs", "locations"])
    async with joined(terminal, cpo) as platform:
        good = await terminal.run("party", "check", "NL*TNM")
        assert (good.code, good.err) == (0, "")
        assert "list of locations" in good.out
        cpo.misbehave("http-500", module="tariffs")
        bad = await terminal.run("party", "check", platform, "--format", "markdown")
        assert bad.code == 1
        assert "fails with HTTP 500" in bad.out
        assert (await terminal.run("party", "check", platform, "--format", "pdf")).code == 2
        newest, first = (await terminal.run("party", "checks", "NL*TNM", "--json")).json["items"]
        assert (newest["verdict"], first["verdict"]) == ("fail", "pass")
        assert newest["id"] in (await terminal.run("party", "checks")).out
        assert "fails with HTTP 500" in (await terminal.run("party", "report", newest["id"])).out


async def test_mistakes_found_in_passing_are_listed_and_forgotten(terminal: Terminal) -> None:
    cpo, emsp = FakeCpo("NL*TNM"), FakeEmsp("DE*ABC")
    async with joined(terminal, cpo), joined(terminal, emsp):
        await cpo.push_location("DE*ABC", name="X" * 300)
        async with asyncio.timeout(20):
            while "Location" not in (found := await terminal.run("party", "findings", "NL*TNM")).out:
                assert found.code == 0
        assert (await terminal.run("party", "findings", "NL*TNM", "--clear")).code == 0
        assert (await terminal.run("party", "findings", "NL*TNM", "--json")).json["items"] == []


async def test_users_and_their_sessions_are_changed_and_ended(terminal: Terminal) -> None:
    hub = terminal.hub
    made = await users.create(hub.store, name="ann", role=AdminRole.VIEWER, password=None, by="test")
    await begin(hub, Browser("192.0.2.7", "a browser"), user_id=made.id, name="ann", instead_of=None)
    assert "192.0.2.7" in (await terminal.run("admin-user", "sessions")).out
    (session,) = (await terminal.run("admin-user", "sessions", "--json")).json["items"]
    assert (await terminal.run("admin-user", "end-session", session["id"])).code == 0
    assert (await terminal.run("admin-user", "sessions", "--json")).json["items"] == []
    assert "ann is operator" in (await terminal.run("admin-user", "change", made.id, "--role", "operator")).out
    assert (await terminal.run("admin-user", "change", made.id, "--password")).code == 0
    assert (await terminal.run("admin-user", "change", made.id)).code == 2
    (user,) = (await terminal.run("admin-user", "list", "--json")).json["items"]
    assert (user["role"], user["has_password"]) == ("operator", True)
    assert (await terminal.run("admin-user", "remove", made.id)).code == 0


async def test_a_platform_is_shown_changed_suspended_and_removed(terminal: Terminal) -> None:
    async with joined(terminal, FakeCpo("NL*TNM")) as platform:
        changed = await terminal.run(
            "party", "change", "NL*TNM", "--name", "New", "--quirk", "trailing_slash=true", "--rate", "5", "--json"
        )
        assert (changed.json["name"], changed.json["quirks"]["trailing_slash"]) == ("New", True)
        assert changed.json["rate_limit"]["requests_per_s"] == 5
        more = ("--burst", "9", "--rate", "5", "--network", "10.0.0.0/8", "--renew-days", "30", "--json")
        limited = (await terminal.run("party", "change", "NL*TNM", *more)).json
        assert (limited["allowed_networks"], limited["renew_days"]) == (["10.0.0.0/8"], 30)
        assert limited["rate_limit"] == {"requests_per_s": 5, "burst": 9}
        free = ("--network", "any", "--certificate", "none", "--renew-days", "0", "--json")
        opened = (await terminal.run("party", "change", "NL*TNM", *free)).json
        assert (opened["allowed_networks"], opened["client_certificates"], opened["renew_days"]) == ([], [], None)
        assert (await terminal.run("party", "change", "NL*TNM", "--burst", "9")).code == 2
        back = await terminal.run("party", "change", "NL*TNM", "--quirk", "trailing_slash=", "--rate", "0", "--json")
        assert (back.json["quirks"].get("trailing_slash"), back.json["rate_limit"]) == (None, None)
        assert (await terminal.run("party", "change", platform, "--quirk", "flies=true")).code == 2
        before = (await terminal.run("party", "rotate", "NL*TNM", "--json")).json
        assert before["status"] == "CONNECTED"
        assert "SUSPENDED" in (await terminal.run("party", "suspend", "NL*TNM")).out
        assert "CONNECTED" in (await terminal.run("party", "resume", "NL*TNM")).out
        assert "NL*TNM" in (await terminal.run("party", "parties")).out
        assert "New" in (await terminal.run("party", "list")).out
        assert (await terminal.run("party", "remove", "NL*TNM")).code == 0
        assert (await terminal.run("party", "show", platform)).code == 1


async def test_who_was_invited_can_be_invited_again(terminal: Terminal) -> None:
    first = (await terminal.run("party", "invite", "TNM", "--role", "cpo:nl-tnm", "--json")).json
    again = await terminal.run("party", "invite-again", "NL*TNM")
    assert again.code == 0
    assert "CREDENTIALS_TOKEN_A" in again.out
    assert first["token"] not in again.out


async def test_agreements_keys_and_the_audit_trail_are_at_hand(terminal: Terminal) -> None:
    allowed = (await terminal.run("agreement", "allow", "NL*TNM", "DE*ABC", "--module", "cdrs", "--json")).json
    assert (allowed["effect"], allowed["modules"]) == ("allow", ["cdrs"])
    assert (await terminal.run("agreement", "deny", "NL*TNM", "FR*XYZ")).code == 0
    listed = (await terminal.run("agreement", "list")).out
    assert all(text in listed for text in ("DE*ABC", "FR*XYZ", "deny", "cdrs"))
    assert (await terminal.run("agreement", "remove", allowed["id"])).code == 0
    assert (await terminal.run("agreement", "remove", allowed["id"])).code == 1
    assert len((await terminal.run("agreement", "list", "--json")).json["items"]) == 1
    audit = (await terminal.run("audit", "--limit", "2", "--json")).json["items"]
    assert [item["action"] for item in audit] == ["agreement removed", "agreed"]
    assert "agreement removed" in (await terminal.run("audit")).out
    assert (await terminal.run("admin-key", "list", "--json")).json["items"] == []
    assert (await terminal.run("admin-key", "revoke", "nobody")).code == 1


async def test_a_command_without_a_key_or_with_a_wrong_one_says_so(terminal: Terminal) -> None:
    wrong = await terminal.run("journal", "--key", "wrong")
    assert (wrong.code, "unauthorized" in wrong.err) == (1, True)
    missing = await terminal.run("audit", "--key", "")
    assert (missing.code, "admin key is needed" in missing.err) == (2, True)


def test_nothing_that_a_terminal_would_obey_is_printed() -> None:
    assert visible("plain é") == "plain é"
    assert visible("a\x1b[2Jb\nc\x9b1m") == "a\\u001b[2Jb\\u000ac\\u009b1m"


async def test_a_party_cannot_draw_on_the_admins_terminal(terminal: Terminal) -> None:
    nasty = "[bold]x[/nope] \x1b[2J\nforged line"
    async with joined(terminal, FakeCpo("NL*TNM")), joined(terminal, FakeEmsp("DE*ABC")):
        emsp = FakeEmsp("FR*XYZ", name=nasty)
        async with emsp:
            invited = (await terminal.run("party", "invite", "XYZ", "--role", "emsp:fr-xyz", "--json")).json
            await emsp.register(invited["versions_url"], invited["token"])
            for command in (["party", "parties"], ["party", "show", "FR*XYZ"], ["journal"], ["audit"]):
                done = await terminal.run(*command)
                assert done.code == 0, done.err
                assert "\x1b" not in done.out
                assert not any(line.startswith("forged line") for line in done.out.splitlines())
            assert "[bold]x[/nope]" in (await terminal.run("party", "parties")).out


async def test_a_partner_cannot_draw_on_the_admins_terminal_by_what_it_refuses_with(terminal: Terminal) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        refusal = rb'{"status_code": 2001, "status_message": "no \u001b[2J half \ud83d"}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(refusal), refusal))
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as partner:
        url = f"http://127.0.0.1:{partner.sockets[0].getsockname()[1]}/versions"
        done = await terminal.run("party", "connect", "TNM", "--versions-url", url, "--token", "t")
    assert (done.code, "no \\u001b[2J half" in done.err, "\x1b" in done.err) == (1, True, False)
