"""The schema. Times are epoch seconds; a party's `key` is its folded country code and party id."""

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
    String,
    Table,
    Text,
)

from hub.store.office_tables import (
    admin_sessions,
    admin_users,
    handshakes,
    login_attempts,
    metadata,
    traffic_minutes,
)

__all__ = ["admin_sessions", "admin_users", "handshakes", "login_attempts", "metadata", "traffic_minutes"]

counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Integer, nullable=False),
)
"""`directory`: bumped by every change of who is connected, so that each node knows when to draw a new picture."""

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

platforms = Table(
    "platforms",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("status", String(12), nullable=False),
    Column("version", String(8)),
    Column("versions_url", Text),
    Column("versions_offered", JSON, nullable=False),
    Column("token_out", LargeBinary),
    Column("is_hub", Boolean, nullable=False),
    Column("counterpart", String(5), nullable=False, server_default=""),
    Column("quirks", JSON, nullable=False),
    Column("allowed_networks", JSON, nullable=False),
    Column("rate_limit", JSON),
    Column("client_certificates", JSON),
    Column("renew_days", Integer),
    Column("renewed_at", Float),
    Column("last_seen_at", Float),
    Column("last_error", JSON),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("revision", Integer, nullable=False, index=True),
)

forgotten = Table(
    "forgotten",
    metadata,
    Column("platform_id", String(32), primary_key=True),
    Column("revision", Integer, nullable=False, index=True),
)
"""Platforms that were removed, so that a node which still has them in its picture learns of it."""

parties = Table(
    "parties",
    metadata,
    Column("platform_id", ForeignKey("platforms.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("key", String(5), primary_key=True),
    Column("role", String(8), primary_key=True),
    Column("counterpart", String(5), primary_key=True, server_default=""),
    Column("country_code", String(2), nullable=False),
    Column("party_id", String(3), nullable=False),
    Column("business_details", JSON, nullable=False),
    Column("is_suspended", Boolean, nullable=False),
    Column("updated_at", Float, nullable=False),
)
"""The primary key is the promise that a country code, party id and role belong to one platform only."""

endpoints = Table(
    "endpoints",
    metadata,
    Column("platform_id", ForeignKey("platforms.id", ondelete="CASCADE"), primary_key=True),
    Column("module", String(64), primary_key=True),
    Column("interface", String(8), primary_key=True),
    Column("url", Text, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("fingerprint", LargeBinary(32), primary_key=True),
    Column("platform_id", ForeignKey("platforms.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("scope", String(12), nullable=False),
    Column("expires_at", Float),
    Column("created_at", Float, nullable=False),
)

agreements = Table(
    "agreements",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("cpo", String(5), nullable=False),
    Column("emsp", String(5), nullable=False),
    Column("modules", JSON, nullable=False),
    Column("is_allowed", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("revision", Integer, index=True),
    Index(None, "cpo", "emsp"),
)
"""Nodes of the version before leave the revision empty."""

agreements_removed = Table(
    "agreements_removed",
    metadata,
    Column("cpo", String(5), primary_key=True),
    Column("emsp", String(5), primary_key=True),
    Column("revision", Integer, nullable=False, index=True),
)
"""When an agreement of a pair was last removed, so that each node looks at the pair again."""

links = Table(
    "links",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("url", Text, nullable=False),
    Column("module", String(64), nullable=False),
    Column("interface", String(8), nullable=False),
    Column("owner_platform", String(32), nullable=False),
    Column("owner", String(5), nullable=False),
    Column("user_platform", String(32), nullable=False),
    Column("user", String(5), nullable=False),
    Column("journey_id", String(32), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, index=True),
)

admin_keys = Table(
    "admin_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", String(8), nullable=False),
    Column("fingerprint", LargeBinary(32), nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
    Column("last_used_at", Float),
    Column("revoked_at", Float),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", Text, nullable=False, index=True),
    Column("before", JSON),
    Column("after", JSON),
)

checks = Table(
    "checks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("platform_id", ForeignKey("platforms.id", ondelete="CASCADE"), nullable=False),
    Column("platform_name", Text, nullable=False),
    Column("party", String(6), nullable=False),
    Column("version", String(8), nullable=False),
    Column("actor", Text, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("status", String(12), nullable=False),
    Column("topics", Integer, nullable=False),
    Column("topics_done", Integer, nullable=False),
    Column("steps", Text, nullable=False),
    Index(None, "platform_id", "started_at"),
)

legs = Table(
    "legs",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("journey_id", String(32), nullable=False),
    Column("direction", String(3), nullable=False),
    Column("at", Float, nullable=False),
    Column("ms", Float, nullable=False),
    Column("platform_id", String(32), nullable=False),
    Column("sender", String(6), nullable=False),
    Column("receiver", String(6), nullable=False),
    Column("version", String(8), nullable=False),
    Column("module", String(64), nullable=False),
    Column("interface", String(8), nullable=False),
    Column("method", String(16), nullable=False),
    Column("path", Text, nullable=False),
    Column("request_id", String(128), nullable=False),
    Column("correlation_id", String(128), nullable=False),
    Column("http", Integer),
    Column("ocpi", Integer),
    Column("outcome", String(12), nullable=False),
    Column("reason", Text, nullable=False),
    Column("fault", String(8), nullable=False, server_default=""),
    Column("parent", String(32), nullable=False),
    Column("bytes_in", Integer, nullable=False),
    Column("bytes_out", Integer, nullable=False),
    Column("request_body", Text),
    Column("answer_body", Text),
    Column("receipt", Text),
    Index(None, "journey_id"),
    Index(None, "correlation_id", "journey_id"),
    Index(None, "sender", "journey_id", "module", "outcome"),
    Index(None, "receiver", "journey_id", "module", "outcome"),
    Index(None, "platform_id", "journey_id", "module", "outcome"),
    Index(None, "module", "journey_id", "outcome"),
)
"""The journal. A journey's id begins with its time, so each index is in the order of time, and holds what else is
asked of its rows. `receipt` is JSON, written and read as text."""

_IS_NOT_DELIVERED = legs.c.outcome != "delivered"
Index(
    "ix_legs_not_delivered",
    legs.c.outcome,
    legs.c.journey_id,
    sqlite_where=_IS_NOT_DELIVERED,
    postgresql_where=_IS_NOT_DELIVERED,
)
"""Nearly all legs are delivered: they are found without it."""

Index("ix_legs_parent", legs.c.parent, sqlite_where=legs.c.parent != "", postgresql_where=legs.c.parent != "")

findings = Table(
    "findings",
    metadata,
    Column("platform_id", String(32), primary_key=True),
    Column("module", String(64), primary_key=True),
    Column("object_name", String(40), primary_key=True),
    Column("field", String(200), primary_key=True),
    Column("rule", String(40), primary_key=True),
    Column("party", String(6), primary_key=True),
    Column("version", String(8), primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("first_at", Float, nullable=False),
    Column("last_at", Float, nullable=False),
    Column("message", Text, nullable=False),
    Column("example", JSON, nullable=False),
)
"""What is wrong with the objects that parties send: one row for each kind of mistake, counted."""
