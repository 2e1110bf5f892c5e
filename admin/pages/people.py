"""Keys and users: who may do what at the admin door, and who is logged in now."""

from __future__ import annotations

import time
from typing import Any, Final

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from admin import keys, sessions, users
from admin.keys import AdminRole
from admin.login import PASSWORDS
from admin.page import Shown, Visit, moved
from admin.problems import Problem, bad_field, not_found, problem_of
from admin.users import LastOwner, password_problem
from admin.words import Name
from hub.store import keys as stored_keys
from hub.store import sessions as stored_sessions
from hub.store import users as stored_users
from hub.store.users import NameTaken

_NAME: Final = TypeAdapter(Name)


async def people_page(visit: Visit) -> Shown:
    """Everybody and every key."""
    return await _page(visit)


async def add_key(visit: Visit) -> Shown:
    """Make a key. The answer is the only page that shows it."""
    try:
        name, role = _name(visit), _role(visit)
    except Problem as problem:
        return await _page(visit, "key", problem)
    hub = visit.hub
    _, key = await keys.issue(hub.store, hub.fingerprints, name, role, by=visit.admin.name)
    return await _page(visit, made=(name, key))


async def revoke_key(visit: Visit) -> web.Response:
    """Stop accepting a key."""
    if not await keys.revoke(visit.hub.store, visit.ids["id"], by=visit.admin.name):
        raise not_found("This key is not in use any more.")
    return moved("/people", done="key-revoked")


async def add_user(visit: Visit) -> Shown | web.Response:
    """Let somebody in, with a password."""
    try:
        name, role = _name(visit), _role(visit)
        password = await _password(visit)
        await users.create(visit.hub.store, name=name, role=role, password=password, by=visit.admin.name)
    except (Problem, NameTaken) as error:
        return await _page(visit, "user", problem_of(error))
    return moved("/people", done="user-created")


async def change_user(visit: Visit) -> Shown | web.Response:
    """Another role, or another password."""
    try:
        role = _role(visit) if visit.form.get("role") else None
        password = await _password(visit) if visit.form.get("password") else None
        row = await users.change(visit.hub.store, visit.ids["id"], role=role, password=password, by=visit.admin.name)
    except (Problem, LastOwner) as error:
        return await _page(visit, "change", problem_of(error))
    if row is None:
        raise not_found("This user is not there any more.")
    return moved("/people", done="user-changed")


async def remove_user(visit: Visit) -> Shown | web.Response:
    """Let somebody in no more."""
    try:
        if not await users.remove(visit.hub.store, visit.ids["id"], by=visit.admin.name):
            raise not_found("This user is not there any more.")
    except LastOwner as error:
        return await _page(visit, "change", problem_of(error))
    return moved("/people", done="user-removed")


async def end_session(visit: Visit) -> web.Response:
    """Log somebody out."""
    if not await sessions.end(visit.hub, visit.ids["id"], by=visit.admin.name):
        raise not_found("This session had ended.")
    return moved("/people", done="session-ended")


async def _page(
    visit: Visit, sent: str = "", problem: Problem | None = None, made: tuple[str, str] | None = None
) -> Shown:
    now = time.time()
    async with visit.hub.store.read() as connection:
        key_rows = await stored_keys.every(connection)
        user_rows = await stored_users.every(connection)
        idle_s = visit.hub.settings.admin.session_idle_s
        session_rows = await stored_sessions.every(connection, now=now, idle_s=idle_s)
    values: dict[str, Any] = {
        "keys": sorted(key_rows, key=lambda row: (row.revoked_at is not None, -row.created_at)),
        "users": user_rows,
        "sessions": [
            (row, holder) for row in session_rows if (holder := sessions.holder_name(visit.hub, row)) is not None
        ],
        "own_session": visit.session.id if visit.session else "",
        "own_user": visit.session.user_id if visit.session else None,
        "roles": list(AdminRole),
        "sent": sent,
        "problem": problem,
        "form": visit.form,
        "made": made,
    }
    return Shown("people.html", values, 200 if problem is None else problem.status)


def _name(visit: Visit) -> str:
    try:
        return _NAME.validate_python(visit.form.get("name", ""))
    except ValidationError:
        raise bad_field("name", "a name of 1 to 100 characters is needed") from None


def _role(visit: Visit) -> AdminRole:
    try:
        return AdminRole(visit.form.get("role", ""))
    except ValueError:
        raise bad_field("role", f"choose from {', '.join(AdminRole)}") from None


async def _password(visit: Visit) -> str:
    password = visit.form.get("password", "")
    if wrong := password_problem(password):
        raise bad_field("password", wrong)
    return await visit.request.app[PASSWORDS].hashed(password)
