"""HubClientInfo without a row for each viewer and party: what was told of each platform, and what is to be pushed"""

import sqlalchemy as sa
from alembic import op

revision = "0022_told"
down_revision = "0012"
branch_labels = None
depends_on = None

LEFT = """
INSERT INTO client_info_pushes
    (viewer, key, role, country_code, party_id, status, platform_id, updated_at, is_gone, claimed_until)
SELECT info.viewer, info.key, info.role, country_code, party_id, status, platform_id, info.updated_at, is_gone, 0
FROM client_info_outbox AS outbox
JOIN client_info AS info ON (info.viewer, info.key, info.role) = (outbox.viewer, outbox.key, outbox.role)
"""
"""What the version before left to be pushed."""


def upgrade() -> None:
    op.create_table(
        "client_info_told",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("gone_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_client_info_told")),
    )
    op.create_index(op.f("ix_client_info_told_turn"), "client_info_told", ["turn"])
    op.create_table(
        "client_info_pushes",
        sa.Column("viewer", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=5), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("country_code", sa.String(length=2), nullable=False),
        sa.Column("party_id", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("platform_id", sa.String(length=32), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("is_gone", sa.Boolean(), nullable=False),
        sa.Column("claimed_until", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["viewer"], ["platforms.id"], name=op.f("fk_client_info_pushes_viewer"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("viewer", "key", "role", name=op.f("pk_client_info_pushes")),
    )
    op.create_index(op.f("ix_client_info_pushes_key"), "client_info_pushes", ["key"])
    op.execute(LEFT)


def downgrade() -> None:
    for table in ("client_info_pushes", "client_info_told"):
        op.drop_table(table)
