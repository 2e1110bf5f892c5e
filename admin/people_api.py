"""Users and sessions through the API: each function is one call."""

from __future__ import annotations

import time
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from admin import sessions, users
from admin.journal_json import iso
from admin.keys import AdminRole
from admin.login import PASSWORDS
from admin.problems import not_found
from admin.registry_api import part_of
from admin.route import Call
from admin.users import MAX_PASSWORD, MIN_PASSWORD, password_problem
from admin.words import Given, Moment, Name, Told
from hub.store import sessions as stored_sessions
from hub.store import users as stored_users
from hub.store.users import UserRow


def _good(password: SecretStr) -> SecretStr:
    if wrong := password_problem(password.get_secret_value()):
        raise ValueError(wrong)
    return password


Password = Annotated[
    SecretStr,
    AfterValidator(_good),
    Field(
        description=f"{MIN_PASSWORD} to {MAX_PASSWORD} characters.", min_length=MIN_PASSWORD, max_length=MAX_PASSWORD
    ),
]


class NewUser(Given):
    """A person to be let in."""

    name: Name
    role: AdminRole
    password: Password


class UserChange(Given):
    """What is left out stays. A new password ends the user's sessions."""

    role: AdminRole | None = None
    password: Password | None = None


class UserJson(Told):
    """A person; never with a password."""

    id: str
    name: str
    role: AdminRole
    has_password: bool
    identity: str | None = Field(description="Issuer and subject at the OpenID provider.")
    created_at: Moment
    last_login: Moment | None


class UserList(Told):
    """Users in the order they were made."""

    items: list[UserJson]
    next: str | None


class SessionJson(Told):
    """Somebody who is logged in to the web view."""

    id: str
    name: str
    user: str | None = Field(description="The user's id; null for whoever showed a key.")
    address: str
    agent: str
    created_at: Moment
    last_seen: Moment
    expires_at: Moment


class SessionList(Told):
    """Sessions, oldest first."""

    items: list[SessionJson]
    next: str | None


async def list_users(call: Call) -> UserList:
    """Every user, in the order they were made."""
    async with call.hub.store.read() as connection:
        rows = await stored_users.every(connection)
    part, cursor = part_of(rows, lambda row: (f"{row.created_at:020.6f}", row.id), call.query)
    return UserList(items=[user_json(row) for row in part], next=cursor)


async def add_user(call: Call) -> UserJson:
    """Let somebody in, with a name and a password."""
    wanted: NewUser = call.body
    password = await call.request.app[PASSWORDS].hashed(wanted.password.get_secret_value())
    row = await users.create(call.hub.store, name=wanted.name, role=wanted.role, password=password, by=call.admin.name)
    return user_json(row)


async def change_user(call: Call) -> UserJson:
    """Another role or password. The last owner keeps the role."""
    wanted: UserChange = call.body
    password = None
    if wanted.password is not None:
        password = await call.request.app[PASSWORDS].hashed(wanted.password.get_secret_value())
    row = await users.change(call.hub.store, call.ids["id"], role=wanted.role, password=password, by=call.admin.name)
    if row is None:
        raise not_found(f"there is no user {call.ids['id']}")
    return user_json(row)


async def remove_user(call: Call) -> None:
    """Let somebody in no more; their sessions end. The last owner stays."""
    if not await users.remove(call.hub.store, call.ids["id"], by=call.admin.name):
        raise not_found(f"there is no user {call.ids['id']}")


async def list_sessions(call: Call) -> SessionList:
    """Who is logged in to the web view."""
    idle_s = call.hub.settings.admin.session_idle_s
    async with call.hub.store.read() as connection:
        rows = await stored_sessions.every(connection, now=time.time(), idle_s=idle_s)
    part, cursor = part_of(rows, lambda row: (f"{row.created_at:020.6f}", row.id), call.query)
    items = [
        SessionJson(
            id=row.id,
            name=sessions.holder_name(call.hub, row) or "",
            user=row.user_id,
            address=row.address,
            agent=row.agent,
            created_at=iso(row.created_at),
            last_seen=iso(row.seen_at),
            expires_at=iso(row.expires_at),
        )
        for row in part
    ]
    return SessionList(items=items, next=cursor)


async def end_session(call: Call) -> None:
    """Log somebody out."""
    if not await sessions.end(call.hub, call.ids["id"], by=call.admin.name):
        raise not_found(f"there is no session {call.ids['id']}")


def user_json(row: UserRow) -> UserJson:
    """A user as it is told."""
    return UserJson(
        id=row.id,
        name=row.name,
        role=AdminRole(row.role),
        has_password=row.password is not None,
        identity=row.identity,
        created_at=iso(row.created_at),
        last_login=iso(row.last_login_at) if row.last_login_at else None,
    )
