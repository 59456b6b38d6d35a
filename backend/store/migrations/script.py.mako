"""${message}.

Why: TODO say why, and what the previous release's code does with it meanwhile.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


# Works with the previous release's code: add, backfill, switch and drop are separate releases. Long backfills do not
# belong here; on PostgreSQL build indexes on large tables with postgresql_concurrently in an autocommit block.
def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
