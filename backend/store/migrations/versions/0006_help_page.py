"""The help page and the chat: what readers said of a page, and which conversations were mailed.

Why: whether a page helps was only written to the log; and mails of conversations have to be counted so that nobody can
use the desk to write to others. New tables only, so the previous release's code does not notice them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "page_feedback",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("page", sa.String(length=100), nullable=False),
        sa.Column("section", sa.String(length=100), nullable=True),
        sa.Column("helpful", sa.Boolean(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_feedback")),
    )
    op.create_index(op.f("ix_page_feedback_at"), "page_feedback", ["at"], unique=False)
    op.create_index("ix_page_feedback_page", "page_feedback", ["page", "section"], unique=False)
    op.create_table(
        "transcript_mails",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.String(length=40), nullable=False),
        sa.Column("to_hash", sa.String(length=64), nullable=True),
        sa.Column("outbox_id", sa.String(length=40), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_transcript_mails_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcript_mails")),
    )
    for column in ("at", "conversation_id", "to_hash"):
        op.create_index(op.f(f"ix_transcript_mails_{column}"), "transcript_mails", [column], unique=False)


# Indexes go with their tables.
def downgrade() -> None:
    op.drop_table("transcript_mails")
    op.drop_table("page_feedback")
