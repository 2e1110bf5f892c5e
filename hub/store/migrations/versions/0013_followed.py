"""Which platforms rows of client info are kept for: not only those that changes are pushed to"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client_info_viewers", sa.Column("listens", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    op.drop_column("client_info_viewers", "listens")
