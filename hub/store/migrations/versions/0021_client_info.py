"""What each platform is told of others, what is still to be pushed of it, and work that one node does for all"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0021_client_info"
down_revision = "0011"
branch_labels = None
depends_on = None


def _viewer() -> list[sa.Column[Any]]:
    return [
        sa.Column("viewer", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=5), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
    ]


def _of_platform(table: str, column: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], ["platforms.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "client_info",
        *_viewer(),
        sa.Column("country_code", sa.String(length=2), nullable=False),
        sa.Column("party_id", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("platform_id", sa.String(length=32), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("is_gone", sa.Boolean(), nullable=False),
        _of_platform("client_info", "viewer"),
        sa.PrimaryKeyConstraint("viewer", "key", "role", name=op.f("pk_client_info")),
    )
    op.create_index(op.f("ix_client_info_key"), "client_info", ["key"])
    op.create_index(op.f("ix_client_info_platform_id"), "client_info", ["platform_id"])
    op.create_table(
        "client_info_outbox",
        *_viewer(),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("claimed_until", sa.Float(), nullable=False),
        _of_platform("client_info_outbox", "viewer"),
        sa.PrimaryKeyConstraint("viewer", "key", "role", name=op.f("pk_client_info_outbox")),
    )
    op.create_table(
        "client_info_viewers",
        sa.Column("viewer", sa.String(length=32), nullable=False),
        _of_platform("client_info_viewers", "viewer"),
        sa.PrimaryKeyConstraint("viewer", name=op.f("pk_client_info_viewers")),
    )
    op.create_table(
        "claims",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_claims")),
    )
    op.create_table(
        "roles_told",
        sa.Column("platform_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        _of_platform("roles_told", "platform_id"),
        sa.PrimaryKeyConstraint("platform_id", name=op.f("pk_roles_told")),
    )


def downgrade() -> None:
    for table in ("roles_told", "claims", "client_info_viewers", "client_info_outbox", "client_info"):
        op.drop_table(table)
