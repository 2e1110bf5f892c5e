"""Commands that are used wrongly: 2 where the words are wrong, 1 where they are good and it could not be done.

interfaces.md, section 1: 0 done, 1 the work failed, 2 wrong use or wrong configuration.
"""

from __future__ import annotations

import pytest

from hub.testing import FakeCpo
from tests.hub.cli.terminal import Terminal, joined

WRONG = {
    "journal --outcome lost": "outcome: one of delivered, refused, failed",
    "journal --party nobody": "party: a party is written like NL*TNM",
    "journal --export pdf": "format: Input should be 'csv' or 'jsonl'",
    "journal --since yesterday": "30m for how long ago, not yesterday",
    "journal --since 999999d": "30m for how long ago, not 999999d",
    "journal --until 0001-01-01T00:00:00+14:00": "30m for how long ago, not 0001",
    "party invite X": "roles: at least one role",
    "party invite X --role HUB:NL*TNM": "roles.0.role",
    "party invite X --role CPO:NL*HUB": "is the hub itself",
    "party connect X --versions-url ftp://x --token t": "versions_url",
    "party change NL*TNM": "nothing to change",
    "party change NL*TNM --quirk flies=true": "quirk",
    "party change NL*TNM --rate -1": "rate_limit",
    "agreement allow nobody DE*ABC": "cpo: a party is written like NL*TNM",
    "party list --url 127.0.0.1:8081": "an admin door has a URL like http://127.0.0.1:8081, not 127.0.0.1:8081",
    "party list --key clé": "an admin key is ASCII text",
    "admin-key create ann --role king": "role must be one of viewer, operator, owner, not king",
    "admin-user create ann --role king": "role must be one of",
}
NOT_DONE = {
    "party list --url http://127.0.0.1:1": "cannot be reached",
    "party list --url http://hub:hunter2@127.0.0.1:1": "at http://127.0.0.1:1 cannot be reached",
    "party list --key wrong": "unauthorized",
    "party show nobody": "there is no platform nobody",
    "party show FR*XYZ": "there is no platform with the party FR*XYZ",
    "party show ../keys": "there is nothing of this id",
    "party remove a?b": "there is nothing of this id",
    "journal --id ../../platforms": "there is nothing of this id",
    "agreement remove a/b": "there is nothing of this id",
    "admin-key revoke a/b": "there is nothing of this id",
    "party invite X --role CPO:NL*TNM": "role taken",
    "party resume NL*TNM": "not in this state",
}


async def test_what_is_wrong_is_said_and_told_from_what_could_not_be_done(terminal: Terminal) -> None:
    async with joined(terminal, FakeCpo("NL*TNM")):
        for code, lines in ((2, WRONG), (1, NOT_DONE)):
            for line, expected in lines.items():
                done = await terminal.run(*line.split())
                assert (done.code, expected in done.err) == (code, True), f"{line}: {done.code} {done.err}"
        assert "hunter2" not in (await terminal.run("party", "list", "--url", "http://u:hunter2@127.0.0.1:1")).err
        assert (await terminal.run("party", "show", "NL*TNM")).code == 0, "nothing was changed"


async def test_the_door_of_the_parties_is_said_to_be_no_admin_door(terminal: Terminal) -> None:
    done = await terminal.run("party", "list", "--url", terminal.hub.settings.public_url)
    assert (done.code, "is not an admin door: HTTP 401" in done.err) == (1, True)


@pytest.mark.parametrize("id", ["NL*TNM", "NL-TNM", "NLTNM", "nl*tnm", "nl-tnm", "nltnm"])
async def test_a_party_may_be_written_in_several_ways(terminal: Terminal, id: str) -> None:
    await terminal.run("party", "invite", "TNM", "--role", f"cpo:{id}")
    assert "CPO NL*TNM" in (await terminal.run("party", "show", "NL*TNM")).out
    assert (await terminal.run("party", "show", id, "--json")).json["roles"][0]["party_id"] == "TNM"


async def test_a_party_on_several_platforms_stands_for_none_of_them(terminal: Terminal) -> None:
    """One that cannot name a receiver has a connection for each partner (README): which is meant?"""
    one, other = [
        (await terminal.run("party", "invite", "Old", "--role", "EMSP:NL*OLD", "--counterpart", partner, "--json")).json
        for partner in ("NL*TNM", "DE*CPO")
    ]
    for command in ("show", "suspend", "remove"):
        done = await terminal.run("party", command, "NL*OLD")
        assert (done.code, one["id"] in done.err, other["id"] in done.err) == (2, True, True)
    gone = await terminal.run("party", "remove", other["id"], "--json")
    assert (gone.code, gone.out) == (0, "")
    assert (await terminal.run("party", "show", "NL*OLD", "--json")).json["id"] == one["id"]


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "two\nlines"])
@pytest.mark.parametrize("command", ["admin-key", "admin-user"])
async def test_a_name_is_taken_as_the_api_takes_it(terminal: Terminal, command: str, name: str) -> None:
    done = await terminal.run(command, "create", name, "--role", "viewer")
    assert (done.code, "the name cannot be used" in done.err) == (2, True)
