"""Who may make which call of the admin API."""

from __future__ import annotations

from admin.keys import AdminRole
from admin.routes import ROUTES
from tests.admin.door import BOOTSTRAP, PROBLEM, Door
from tests.admin.stores import one_store

store_kind = one_store

NAMES = {route.function.__name__ for route in ROUTES}
VIEWERS = {"list_platforms", "show_platform", "list_agreements", "list_parties", "list_changes", "list_findings"}
OWNERS = {"list_keys", "add_key", "revoke_key"}
OWNERS |= {"list_users", "add_user", "change_user", "remove_user", "list_sessions", "end_session"}


def test_who_may_make_a_call_is_written_down_twice() -> None:
    for route in ROUTES:
        if route.function.__name__ in VIEWERS or route.path.startswith(("/journal", "/checks")):
            assert (route.role, route.method) == (AdminRole.VIEWER, "GET")
        elif route.function.__name__ in OWNERS:
            assert route.role is AdminRole.OWNER
        else:
            assert route.role is AdminRole.OPERATOR
            assert route.method != "GET"


async def test_each_call_is_for_its_role_and_those_above(door: Door) -> None:
    for route in ROUTES:
        for role in AdminRole:
            answer = await door.call(route.method, route.path.replace("{id}", "nobody"), b"", role=role)
            assert (answer.status == 403) is not role.includes(route.role), (route.path, role, answer.body)
            assert answer.status not in (401, 405), (route.path, role)
            assert answer.status < 500, (route.path, role)


async def test_no_call_is_made_without_a_key(door: Door) -> None:
    paths = [(route.method, "/api/v1" + route.path.replace("{id}", "nobody")) for route in ROUTES]
    paths += [
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/api/v1/nothing/here"),
        ("GET", "/api/v1"),
        ("PUT", "/api/v1/keys"),
    ]
    for method, path in paths:
        answer = await door.raw(method, path)
        assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (401, PROBLEM), path
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_what_is_no_key_opens_nothing(door: Door) -> None:
    for header in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        f"Basic {BOOTSTRAP}",
        f"Token {BOOTSTRAP}",
        BOOTSTRAP,
        f"Bearer {BOOTSTRAP}x",
        f"Bearer {BOOTSTRAP[:-1]}",
        "Bearer ключ",
    ]:
        assert (await door.raw("GET", "/api/v1/platforms", headers={"Authorization": header})).status == 401


async def test_the_bootstrap_key_is_an_owners(door: Door) -> None:
    answer = await door.call("POST", "/keys", {"name": "first", "role": "viewer"}, key=BOOTSTRAP)
    assert answer.status == 201
    assert (await door.audit())[0] == ("bootstrap key", "key created", answer.json["id"])


async def test_a_key_opens_until_it_is_revoked(door: Door) -> None:
    made = (await door.call("POST", "/keys", {"name": "ann", "role": "operator"})).json
    assert (await door.call("GET", "/platforms", key=made["key"])).status == 200
    assert (await door.call("DELETE", f"/keys/{made['id']}")).status == 204
    assert (await door.call("GET", "/platforms", key=made["key"])).status == 401
    assert (await door.call("DELETE", f"/keys/{made['id']}")).status == 404


async def test_a_token_of_a_platform_opens_nothing_here(door: Door) -> None:
    invited = await door.invite()
    assert (await door.call("GET", "/platforms", key=invited["token"])).status == 401


async def test_health_needs_no_key(door: Door) -> None:
    assert (await door.raw("GET", "/healthz")).json == {"status": "ok"}
    assert (await door.raw("GET", "/readyz")).status == 200
    metrics = await door.raw("GET", "/metrics")
    assert metrics.headers["Content-Type"].startswith("text/plain")
    assert b"ocpi_hub_" in metrics.body
