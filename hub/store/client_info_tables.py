"""The schema, continued: what platforms were told of each other, and work that one node does for all."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table

from hub.store.tables import metadata

client_info = Table(
    "client_info",
    metadata,
    Column("viewer", ForeignKey("platforms.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(5), primary_key=True),
    Column("role", String(8), primary_key=True),
    Column("country_code", String(2), nullable=False),
    Column("party_id", String(3), nullable=False),
    Column("status", String(12), nullable=False),
    Column("platform_id", String(32), nullable=False, index=True),
    Column("updated_at", Float, nullable=False),
    Column("is_gone", Boolean, nullable=False),
    Index(None, "key"),
)
"""When what a platform is told of one other changed for that platform alone: by an agreement, or by its own roles. A
party that is gone for it stays, SUSPENDED, for those who ask what is new. Up to 0.1 there was a row of everybody here.
"""

client_info_told = Table(
    "client_info_told",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("said", JSON, nullable=False),
    Column("turn", Integer, nullable=False, index=True),
    Column("gone_at", Float),
)
"""The directory as it was last told by HubClientInfo: a row for each platform, each pair with agreements, and one for
the whole. `turn` counts the changes, so that each node can read what others told."""

client_info_pushes = Table(
    "client_info_pushes",
    metadata,
    Column("viewer", ForeignKey("platforms.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(5), primary_key=True),
    Column("role", String(8), primary_key=True),
    Column("country_code", String(2), nullable=False),
    Column("party_id", String(3), nullable=False),
    Column("status", String(12), nullable=False),
    Column("platform_id", String(32), nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("is_gone", Boolean, nullable=False),
    Column("claimed_until", Float, nullable=False),
    Index(None, "key"),
)
"""What is still to be pushed, whatever node does it; written in the transaction that changes `client_info_told`."""

client_info_outbox = Table(
    "client_info_outbox",
    metadata,
    Column("viewer", ForeignKey("platforms.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(5), primary_key=True),
    Column("role", String(8), primary_key=True),
    Column("updated_at", Float, nullable=False),
    Column("claimed_until", Float, nullable=False),
)
client_info_viewers = Table(
    "client_info_viewers",
    metadata,
    Column("viewer", ForeignKey("platforms.id", ondelete="CASCADE"), primary_key=True),
)
"""These two serve nodes of the version before, while nodes are upgraded one by one."""

claims = Table(
    "claims",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("at", Float, nullable=False),
)
"""Work that one node does for all, and when it was last begun."""

roles_told = Table(
    "roles_told",
    metadata,
    Column("platform_id", ForeignKey("platforms.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", String(64), nullable=False),
)
"""Which parties the hub's credentials listed when a platform was last given them (2.3.0)."""
