"""Whose fault it was that a leg failed"""

import sqlalchemy as sa
from alembic import op

revision = "0004_fault"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # in place: a journal of millions of legs must not be copied
    op.add_column("legs", sa.Column("fault", sa.String(length=8), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("legs", "fault")
