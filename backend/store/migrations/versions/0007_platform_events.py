"""The platform's events: which deliveries were taken.

Why: what follows from them by itself must follow once, however often a delivery is sent.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


# A revision works with the previous release's code: add, backfill, switch and drop are separate releases.
def upgrade() -> None:
    op.create_table(
        "platform_events",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("learner_id", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_events")),
    )
    op.create_index(op.f("ix_platform_events_learner_id"), "platform_events", ["learner_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_platform_events_learner_id"), table_name="platform_events")
    op.drop_table("platform_events")
