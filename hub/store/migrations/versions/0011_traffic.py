"""Traffic by the minute"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COUNTS = ("requests", "requests_refused", "requests_failed", "calls", "calls_refused", "calls_failed")


def upgrade() -> None:
    op.create_table(
        "traffic_minutes",
        sa.Column("platform_id", sa.String(length=32), nullable=False),
        sa.Column("minute", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.PrimaryKeyConstraint("platform_id", "minute", name=op.f("pk_traffic_minutes")),
    )
    op.create_index(op.f("ix_traffic_minutes_minute"), "traffic_minutes", ["minute"])


def downgrade() -> None:
    op.drop_table("traffic_minutes")
