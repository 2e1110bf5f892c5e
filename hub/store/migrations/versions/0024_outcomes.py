"""Of the journal's outcomes only those are indexed that are looked for: nearly all legs are delivered"""

import sqlalchemy as sa
from alembic import op

revision = "0024_outcomes"
down_revision = "0023_agreements"
branch_labels = None
depends_on = None

NOT_DELIVERED = sa.text("outcome != 'delivered'")


def upgrade() -> None:
    op.create_index(
        "ix_legs_not_delivered",
        "legs",
        ["outcome", "journey_id"],
        sqlite_where=NOT_DELIVERED,
        postgresql_where=NOT_DELIVERED,
    )
    op.drop_index(op.f("ix_legs_outcome_journey_id"), "legs")


def downgrade() -> None:
    op.create_index(op.f("ix_legs_outcome_journey_id"), "legs", ["outcome", "journey_id"])
    op.drop_index("ix_legs_not_delivered", "legs", sqlite_where=NOT_DELIVERED, postgresql_where=NOT_DELIVERED)
