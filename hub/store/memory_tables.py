"""The schema of the hub's memory. Times are epoch seconds; owners are folded country code and party id."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table, Text

from hub.store.tables import metadata

facts = Table(
    "facts",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("owner", String(5), primary_key=True),
    Column("other", String(5), nullable=False),
    Column("value", Text, nullable=False),
    Column("expires_at", Float),
    sqlite_with_rowid=False,
)
"""Who owns what, and with whom (`routing.memory.Kind`). Keys are folded, `other` is empty for nobody."""

Index(
    "ix_facts_expires_at",
    facts.c.expires_at,
    sqlite_where=facts.c.expires_at.is_not(None),
    postgresql_where=facts.c.expires_at.is_not(None),
)


def _copies(name: str) -> Table:
    """The hub's copies of one module's objects. `seq` is the order of creation; `audience` is empty for everybody."""
    table = Table(
        f"copies_{name}",
        metadata,
        Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("owner", String(5), nullable=False),
        Column("key", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("audience", String(5), nullable=False),
        Column("version", String(8), nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("last_updated", Float, nullable=False),
        Column("arrived_at", Float, nullable=False),
        Column("changed_at", Float, nullable=False),
        Column("pulled_at", Float, nullable=False),
        Column("contract", Text, nullable=False),
    )
    Index(f"uq_copies_{name}", table.c.key, table.c.owner, table.c.kind, table.c.audience, unique=True)
    public, private = table.c.audience == "", table.c.audience != ""
    Index(f"ix_copies_{name}_owner_seq", table.c.owner, table.c.seq, sqlite_where=public, postgresql_where=public)
    Index(f"ix_copies_{name}_changed_at", table.c.changed_at, sqlite_where=public, postgresql_where=public)
    Index(f"ix_copies_{name}_arrived_at", table.c.arrived_at, sqlite_where=private, postgresql_where=private)
    if name == "tokens":
        known = table.c.contract != ""
        Index("ix_copies_tokens_contract", table.c.contract, sqlite_where=known, postgresql_where=known)
    return table


copies = {
    "locations": _copies("locations"),
    "tariffs": _copies("tariffs"),
    "tokens": _copies("tokens"),
    "sessions": _copies("sessions"),
    "booking": _copies("booking"),
}
"""By module key. `changed_at` is the later of `last_updated` and `arrived_at`."""

copy_counts = Table(
    "copy_counts",
    metadata,
    Column("module", String(16), primary_key=True),
    Column("owner", String(5), primary_key=True),
    Column("number", BigInteger, nullable=False),
)
"""How many published copies there are of each owner, kept by whoever writes them: counting millions takes long."""

pulls = Table(
    "pulls",
    metadata,
    Column("module", String(16), primary_key=True),
    Column("owner", String(5), primary_key=True),
    Column("platform_id", String(32), nullable=False),
    Column("version", String(8), nullable=False),
    Column("due_at", Float, nullable=False, index=True),
    Column("claimed_until", Float, nullable=False),
    Column("full_at", Float),
    Column("since", Float),
    Column("failures", Integer, nullable=False),
    Column("reason", Text, nullable=False),
)
"""What the hub pulls of which party, and when next: whoever sets `claimed_until` does it. `since` is where the next
pull continues; `full_at` when the last whole one began."""
