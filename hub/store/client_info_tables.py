"""The schema, continued: what platforms were told of each other, and work that one node does for all."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, String, Table, true

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
"""What platforms are told of others (HubClientInfo). A party that is gone stays, SUSPENDED, for those who ask what
is new. `counters.client_info` is the revision of the directory that these rows are of."""

client_info_outbox = Table(
    "client_info_outbox",
    metadata,
    Column("viewer", ForeignKey("platforms.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(5), primary_key=True),
    Column("role", String(8), primary_key=True),
    Column("updated_at", Float, nullable=False),
    Column("claimed_until", Float, nullable=False),
)
"""What is still to be pushed, whatever node does it; written in the transaction that changes `client_info`."""

client_info_viewers = Table(
    "client_info_viewers",
    metadata,
    Column("viewer", ForeignKey("platforms.id", ondelete="CASCADE"), primary_key=True),
    Column("listens", Boolean, nullable=False, server_default=true()),
)
"""The platforms that `client_info` is kept for: those that ever asked for the list or that changes are pushed to. Of
all others nothing is kept, so that a large hub has no row for each two of its platforms. `listens`: changes were pushed
to it when `client_info` was last changed."""

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
