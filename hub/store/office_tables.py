"""The tables of the office: people, their sessions, traffic by the minute, how far handshakes came."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

admin_users = Table(
    "admin_users",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("folded", String(100), nullable=False, unique=True),
    Column("role", String(8), nullable=False),
    Column("password", Text),
    Column("identity", Text, unique=True),
    Column("created_at", Float, nullable=False),
    Column("last_login_at", Float),
)
"""People. `password` is argon2id, `identity` the issuer and subject of OpenID Connect; one of them may be missing."""

admin_sessions = Table(
    "admin_sessions",
    metadata,
    Column("fingerprint", LargeBinary(32), primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("user_id", ForeignKey("admin_users.id", ondelete="CASCADE"), index=True),
    Column("key_fingerprint", LargeBinary(32), index=True),
    Column("created_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
    Column("address", String(64), nullable=False),
    Column("agent", Text, nullable=False),
)
"""Who is logged in to the web view: a user, or whoever showed a key. The session's secret is with the browser only."""

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False, index=True),
    Column("name", String(100), nullable=False, index=True),
    Column("address", String(64), nullable=False, index=True),
)

traffic_minutes = Table(
    "traffic_minutes",
    metadata,
    Column("platform_id", String(32), primary_key=True),
    Column("minute", BigInteger, primary_key=True, autoincrement=False),
    Column("requests", Integer, nullable=False),
    Column("requests_refused", Integer, nullable=False),
    Column("requests_failed", Integer, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("calls_refused", Integer, nullable=False),
    Column("calls_failed", Integer, nullable=False),
    Index(None, "minute"),
)
"""How much went through, by minute since the epoch: of each platform, and of the hub where the platform is empty."""

handshakes = Table(
    "handshakes",
    metadata,
    Column("platform_id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("is_outgoing", Boolean, nullable=False),
    Column("versions_url", Text, nullable=False),
    Column("begun_at", Float, nullable=False),
    Column("state", String(12), nullable=False),
    Column("steps", JSON, nullable=False),
)
"""The latest handshake with each platform, step by step. It outlives a platform that the hub failed to connect to."""
