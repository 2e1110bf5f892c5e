"""What is wrong with the objects that parties send, counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_findings"
down_revision = "0004_fault"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "findings",
        sa.Column("platform_id", sa.String(length=32), nullable=False),
        sa.Column("module", sa.String(length=64), nullable=False),
        sa.Column("object_name", sa.String(length=40), nullable=False),
        sa.Column("field", sa.String(length=200), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("party", sa.String(length=6), nullable=False),
        sa.Column("version", sa.String(length=8), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.Float(), nullable=False),
        sa.Column("last_at", sa.Float(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("example", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint(
            "platform_id", "module", "object_name", "field", "rule", "party", "version", name=op.f("pk_findings")
        ),
    )


def downgrade() -> None:
    op.drop_table("findings")
