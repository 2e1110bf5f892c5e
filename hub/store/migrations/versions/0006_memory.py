"""The hub's memory: who owns what, copies of what is published, and what is pulled when"""

import sqlalchemy as sa
from alembic import op

revision = "0006_memory"
down_revision = "0006_checks"
branch_labels = None
depends_on = None

MODULES = ("locations", "tariffs", "tokens", "sessions", "booking")


def upgrade() -> None:
    op.create_table(
        "facts",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=5), nullable=False),
        sa.Column("other", sa.String(length=5), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "key", "owner", name="pk_facts"),
        sqlite_with_rowid=False,
    )
    _index("ix_facts_expires_at", "facts", ["expires_at"], "expires_at IS NOT NULL")
    for module in MODULES:
        _create_copies(module)
    _index("ix_copies_tokens_contract", "copies_tokens", ["contract"], "contract != ''")
    op.create_table(
        "copy_counts",
        sa.Column("module", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=5), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("module", "owner", name="pk_copy_counts"),
    )
    op.create_table(
        "pulls",
        sa.Column("module", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=5), nullable=False),
        sa.Column("platform_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=8), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("claimed_until", sa.Float(), nullable=False),
        sa.Column("full_at", sa.Float(), nullable=True),
        sa.Column("since", sa.Float(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("module", "owner", name="pk_pulls"),
    )
    op.create_index("ix_pulls_due_at", "pulls", ["due_at"])


def downgrade() -> None:
    for table in ("pulls", "copy_counts", *(f"copies_{module}" for module in MODULES), "facts"):
        op.drop_table(table)


def _create_copies(module: str) -> None:
    table = f"copies_{module}"
    op.create_table(
        table,
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("owner", sa.String(length=5), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("audience", sa.String(length=5), nullable=False),
        sa.Column("version", sa.String(length=8), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("last_updated", sa.Float(), nullable=False),
        sa.Column("arrived_at", sa.Float(), nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.Column("pulled_at", sa.Float(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=f"pk_{table}"),
    )
    op.create_index(f"uq_{table}", table, ["key", "owner", "kind", "audience"], unique=True)
    _index(f"ix_{table}_owner_seq", table, ["owner", "seq"], "audience = ''")
    _index(f"ix_{table}_changed_at", table, ["changed_at"], "audience = ''")
    _index(f"ix_{table}_arrived_at", table, ["arrived_at"], "audience != ''")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
