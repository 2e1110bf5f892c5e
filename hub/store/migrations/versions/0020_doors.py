"""Client certificates of platforms, and tokens renewed by schedule"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0006_memory"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("platforms", sa.Column("client_certificates", sa.JSON(), nullable=True))
    op.add_column("platforms", sa.Column("renew_days", sa.Integer(), nullable=True))
    op.add_column("platforms", sa.Column("renewed_at", sa.Float(), nullable=True))


def downgrade() -> None:
    for column in ("renewed_at", "renew_days", "client_certificates"):
        op.drop_column("platforms", column)
