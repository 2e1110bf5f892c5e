"""Conformance checks of platforms"""

import sqlalchemy as sa
from alembic import op

revision = "0006_checks"
down_revision = "0005_findings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checks",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("platform_id", sa.String(length=32), nullable=False),
        sa.Column("platform_name", sa.Text(), nullable=False),
        sa.Column("party", sa.String(length=6), nullable=False),
        sa.Column("version", sa.String(length=8), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("topics", sa.Integer(), nullable=False),
        sa.Column("topics_done", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platforms.id"], name=op.f("fk_checks_platform_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checks")),
    )
    op.create_index(op.f("ix_checks_platform_id_started_at"), "checks", ["platform_id", "started_at"])


def downgrade() -> None:
    op.drop_table("checks")
