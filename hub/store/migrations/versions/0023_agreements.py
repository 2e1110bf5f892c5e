"""When each agreement was made, or removed, as a revision of the directory: a node reads only what is new"""

import sqlalchemy as sa
from alembic import op

revision = "0023_agreements"
down_revision = "0022_told"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agreements", sa.Column("revision", sa.Integer(), nullable=True))
    op.execute("UPDATE agreements SET revision = 0")  # only what nodes of the version before write from now on has none
    op.create_index(op.f("ix_agreements_revision"), "agreements", ["revision"])
    op.create_table(
        "agreements_removed",
        sa.Column("cpo", sa.String(length=5), nullable=False),
        sa.Column("emsp", sa.String(length=5), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("cpo", "emsp", name=op.f("pk_agreements_removed")),
    )
    op.create_index(op.f("ix_agreements_removed_revision"), "agreements_removed", ["revision"])


def downgrade() -> None:
    op.drop_table("agreements_removed")
    op.drop_index(op.f("ix_agreements_revision"), "agreements")
    op.drop_column("agreements", "revision")
