"""What staff do in the console: each time people had a conversation, and codes at their sign-in.

Why: waiting times and hand-overs are counted from a record of each, as the owner alone forgets what was before; and a
password is not enough for who can move money. Additions only: the previous release's code does not notice them, and
conversations that people have at this moment get their record here.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_INSTANT = sa.DateTime(timezone=True)
_OPEN = sa.text("left_at IS NULL")
BACKFILL = """
    INSERT INTO handoffs (conversation_id, began_at, queued_at, why, urgency, claimed_at, claimed_by)
    SELECT conversation_id, since, queued_at, COALESCE(why, 'taken'), urgency,
        CASE WHEN state = 'agent' THEN since END, staff_id
    FROM ownership WHERE state IN ('queued', 'agent')
"""


def upgrade() -> None:
    op.create_table(
        "handoffs",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.String(length=40), nullable=False),
        sa.Column("began_at", _INSTANT, nullable=False),
        sa.Column("queued_at", _INSTANT, nullable=True),
        sa.Column("why", sa.String(length=60), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("claimed_at", _INSTANT, nullable=True),
        sa.Column("claimed_by", sa.String(length=40), nullable=True),
        sa.Column("first_reply_at", _INSTANT, nullable=True),
        sa.Column("left_at", _INSTANT, nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("closed_as", sa.String(length=60), nullable=True),
        sa.CheckConstraint("queued_at IS NOT NULL OR claimed_at IS NOT NULL", name=op.f("ck_handoffs_began")),
        sa.CheckConstraint("(claimed_at IS NULL) = (claimed_by IS NULL)", name=op.f("ck_handoffs_claimed_by_somebody")),
        sa.CheckConstraint("(left_at IS NULL) = (outcome IS NULL)", name=op.f("ck_handoffs_left_somehow")),
        sa.CheckConstraint(
            "outcome IN ('left_queue', 'released', 'requeued', 'closed')", name=op.f("ck_handoffs_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_handoffs_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["claimed_by"], ["staff.id"], name=op.f("fk_handoffs_claimed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handoffs")),
    )
    op.create_index("ix_handoffs_conversation", "handoffs", ["conversation_id"], unique=False)
    op.create_index("ix_handoffs_began", "handoffs", ["began_at"], unique=False)
    op.create_index(
        "ix_handoffs_open",
        "handoffs",
        ["conversation_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.execute(BACKFILL)
    with op.batch_alter_table("proposals") as proposals:
        proposals.add_column(sa.Column("on_behalf", sa.JSON(), nullable=True))
    with op.batch_alter_table("staff") as staff:
        staff.add_column(sa.Column("totp_salt", sa.String(length=60), nullable=True))
        staff.add_column(sa.Column("totp_since", _INSTANT, nullable=True))
        staff.add_column(sa.Column("totp_step", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("staff") as staff:
        for name in ("totp_step", "totp_since", "totp_salt"):
            staff.drop_column(name)
    with op.batch_alter_table("proposals") as proposals:
        proposals.drop_column("on_behalf")
    op.drop_table("handoffs")
