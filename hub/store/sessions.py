"""Who is logged in to the web view, and who tried. Every function works inside a transaction of the caller's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.store.tables import admin_keys, admin_sessions, admin_users, login_attempts


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session with the name and role that its user or key has now: none where that is gone. Times epoch seconds."""

    id: str
    user_id: str | None
    key_fingerprint: bytes | None = field(repr=False)
    created_at: float
    seen_at: float
    expires_at: float
    address: str
    agent: str
    name: str | None = None
    role: str | None = None


async def add(connection: AsyncConnection, fingerprint: bytes, row: SessionRow) -> None:
    """Somebody logged in. Sessions that ended are forgotten on the way."""
    await connection.execute(delete(admin_sessions).where(admin_sessions.c.expires_at < row.created_at))
    values = {
        name: getattr(row, name)
        for name in ("id", "user_id", "key_fingerprint", "created_at", "seen_at", "expires_at", "address", "agent")
    }
    await connection.execute(insert(admin_sessions).values(fingerprint=fingerprint, **values))


async def by_fingerprint(connection: AsyncConnection, fingerprint: bytes) -> SessionRow | None:
    """The session of this secret."""
    found = (await connection.execute(_joined().where(admin_sessions.c.fingerprint == fingerprint))).one_or_none()
    return _row(found) if found else None


async def by_id(connection: AsyncConnection, session_id: str) -> SessionRow | None:
    """The session of this id."""
    found = (await connection.execute(_joined().where(admin_sessions.c.id == session_id))).one_or_none()
    return _row(found) if found else None


async def every(connection: AsyncConnection, *, now: float, idle_s: float) -> Sequence[SessionRow]:
    """The sessions that are open, the latest first."""
    is_open = and_(admin_sessions.c.expires_at > now, admin_sessions.c.seen_at > now - idle_s)
    query = _joined().where(is_open).order_by(admin_sessions.c.created_at.desc(), admin_sessions.c.id)
    return [_row(row) for row in await connection.execute(query)]


async def seen(connection: AsyncConnection, session_id: str, at: float) -> None:
    """Somebody clicked."""
    await connection.execute(update(admin_sessions).where(admin_sessions.c.id == session_id).values(seen_at=at))


async def end(connection: AsyncConnection, session_id: str) -> bool:
    """End a session; False for one that had ended."""
    gone = await connection.execute(delete(admin_sessions).where(admin_sessions.c.id == session_id))
    return gone.rowcount > 0


async def end_all_of(connection: AsyncConnection, user_id: str) -> None:
    """End every session of a user."""
    await connection.execute(delete(admin_sessions).where(admin_sessions.c.user_id == user_id))


def _joined() -> Select[Any]:
    keys = and_(admin_keys.c.fingerprint == admin_sessions.c.key_fingerprint, admin_keys.c.revoked_at.is_(None))
    return (
        select(
            admin_sessions,
            func.coalesce(admin_users.c.name, admin_keys.c.name).label("holder"),
            func.coalesce(admin_users.c.role, admin_keys.c.role).label("role"),
        )
        .outerjoin(admin_users, admin_users.c.id == admin_sessions.c.user_id)
        .outerjoin(admin_keys, keys)
    )


def _row(row: Any) -> SessionRow:
    return SessionRow(
        id=row.id,
        user_id=row.user_id,
        key_fingerprint=row.key_fingerprint,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        address=row.address,
        agent=row.agent,
        name=row.holder,
        role=row.role,
    )


# --- attempts to log in ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often somebody tried to log in lately."""

    as_user_from_there: int
    as_user: int
    from_there: int


async def attempts(connection: AsyncConnection, *, name: str, address: str, since: float) -> Attempts:
    """How many attempts there were that did not succeed."""
    is_user, is_there = login_attempts.c.name == name, login_attempts.c.address == address
    query = select(login_attempts.c.name, login_attempts.c.address)
    rows = (await connection.execute(query.where(login_attempts.c.at >= since, or_(is_user, is_there)))).all()
    return Attempts(
        sum(row.name == name and row.address == address for row in rows),
        sum(row.name == name for row in rows),
        sum(row.address == address for row in rows),
    )


async def attempt(connection: AsyncConnection, *, name: str, address: str, at: float, forget_before: float) -> None:
    """Note an attempt, before it is looked at."""
    await connection.execute(delete(login_attempts).where(login_attempts.c.at < forget_before))
    await connection.execute(insert(login_attempts).values(name=name, address=address, at=at))


async def forget_attempts(connection: AsyncConnection, *, name: str, address: str) -> None:
    """The attempt was a success."""
    await connection.execute(
        delete(login_attempts).where(login_attempts.c.name == name, login_attempts.c.address == address)
    )
