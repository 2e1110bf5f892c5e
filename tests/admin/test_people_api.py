"""Users and sessions through the API, and from the terminal of the hub's machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from admin.keys import AdminRole
from hub.cli import app
from hub.store import Store, users
from tests.admin.door import Door
from tests.admin.visitor import PASSWORD, visitor

NEW = {"name": "ann", "role": "operator", "password": PASSWORD}


async def test_a_user_is_made_changed_and_removed(door: Door) -> None:
    made = await door.call("POST", "/users", NEW)
    assert (made.status, made.json["name"], made.json["has_password"]) == (201, "ann", True)
    assert PASSWORD.encode() not in made.body
    assert (await door.call("POST", "/users", NEW | {"name": "Ann"})).status == 409
    path = f"/users/{made.json['id']}"
    async with visitor(door.url) as ann:
        assert (await ann.log_in("ann")).status == 303
        assert (await door.call("PATCH", path, {"role": "viewer"})).json["role"] == "viewer"
        assert (await ann.get("/onboard")).status == 403
        assert (await door.call("PATCH", path, {"password": "another long one"})).status == 200
        assert (await ann.get("/")).status == 303, "a new password ends the sessions"
        assert (await ann.log_in("ann", "another long one")).status == 303
        assert (await door.call("DELETE", path)).status == 204
        assert (await ann.get("/")).status == 303
    assert (await door.call("DELETE", path)).status == 404
    trail = [action for _, action, subject in await door.audit() if subject == made.json["id"]]
    assert trail == ["user removed", "password changed", "user changed", "user created"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name", "role", "password"}),
        (NEW | {"password": "short"}, {"password"}),
        (NEW | {"password": "x" * 201}, {"password"}),
        (NEW | {"role": "king"}, {"role"}),
        (NEW | {"name": " "}, {"name"}),
    ],
)
async def test_a_user_who_could_not_log_in_is_refused(door: Door, body: dict[str, str], fields: set[str]) -> None:
    answer = await door.call("POST", "/users", body)
    assert (answer.status, answer.fields) == (422, fields)
    assert body.get("password", "no password") not in answer.body.decode()
    assert (await door.call("GET", "/users")).json["items"] == []


async def test_the_last_owner_stays(door: Door) -> None:
    made = (await door.call("POST", "/users", NEW | {"role": "owner"})).json
    assert (await door.call("PATCH", f"/users/{made['id']}", {"role": "viewer"})).status == 409
    assert (await door.call("DELETE", f"/users/{made['id']}")).status == 409


async def test_a_session_is_listed_and_ended(door: Door) -> None:
    await door.call("POST", "/users", NEW)
    async with visitor(door.url) as ann:
        await ann.log_in("ann")
        (session,) = (await door.call("GET", "/sessions")).json["items"]
        assert (session["name"], session["address"]) == ("ann", "127.0.0.1")
        assert (await door.call("DELETE", f"/sessions/{session['id']}")).status == 204
        assert (await ann.get("/")).location == "/login"
        assert (await door.call("DELETE", f"/sessions/{session['id']}")).status == 404


def test_the_first_owner_is_made_on_the_machine(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/hub.db"

    def run(name: str, role: str, *, typed: str) -> tuple[int, str]:
        arguments = ["admin-user", "create", name, "--role", role]
        done = CliRunner().invoke(app, arguments, env={"OCPI_HUB_STORAGE__URL": url}, input=typed)
        return done.exit_code, done.output

    assert run("ann", "king", typed=PASSWORD)[0] == 2
    assert run("ann", "owner", typed="short\n")[0] == 2
    code, told = run("ann", "owner", typed=f"{PASSWORD}\n")
    assert (code, "ann can log in" in told, PASSWORD in told) == (0, True, False)
    assert run("Ann", "viewer", typed=f"{PASSWORD}\n")[0] == 1
    assert asyncio.run(_users(url)) == [("ann", AdminRole.OWNER)]


async def _users(url: str) -> list[tuple[str, str]]:
    store = Store(url)
    try:
        async with store.read() as connection:
            return [(row.name, row.role) for row in await users.every(connection)]
    finally:
        await store.close()
