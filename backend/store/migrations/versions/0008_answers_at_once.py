"""Turns keep no draft of their answer any more.

Why: an action writes the answer into the transcript in the transaction in which it acts. No release has used the
column.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


# A revision works with the previous release's code: add, backfill, switch and drop are separate releases.
def upgrade() -> None:
    op.drop_column("turns", "draft")


def downgrade() -> None:
    op.add_column("turns", sa.Column("draft", sa.JSON(), nullable=True))
