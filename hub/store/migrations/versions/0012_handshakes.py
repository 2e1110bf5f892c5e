"""How far each handshake came"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0021_client_info"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handshakes",
        sa.Column("platform_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_outgoing", sa.Boolean(), nullable=False),
        sa.Column("versions_url", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.Float(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("platform_id", name=op.f("pk_handshakes")),
    )


def downgrade() -> None:
    op.drop_table("handshakes")
