"""The live console: who is there, what is being written, who was named, and replies to use again.

Why: agents see each other and the queue live, from whichever backend, and a claim is lost by silence. New tables only,
so the previous release's code does not notice them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_INSTANT = sa.DateTime(timezone=True)


def _of(table: str, column: str, other: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [other], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)


def _id(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length=40), nullable=nullable)


# A revision works with the previous release's code: add, backfill, switch and drop are separate releases.
def upgrade() -> None:
    op.create_table(
        "presence",
        _id("id"),
        _id("staff_id"),
        _id("conversation_id", nullable=True),
        sa.Column("typing_until", _INSTANT, nullable=True),
        sa.Column("seen_at", _INSTANT, nullable=False),
        _of("presence", "staff_id", "staff.id"),
        _of("presence", "conversation_id", "conversations.id", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presence")),
    )
    op.create_index("ix_presence_conversation", "presence", ["conversation_id", "seen_at"], unique=False)
    op.create_index(op.f("ix_presence_staff_id"), "presence", ["staff_id"], unique=False)
    op.create_table(
        "staff_seen",
        _id("staff_id"),
        sa.Column("seen_at", _INSTANT, nullable=False),
        _of("staff_seen", "staff_id", "staff.id"),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_seen")),
    )
    op.create_table(
        "activity",
        _id("conversation_id"),
        _id("staff_id"),
        sa.Column("at", _INSTANT, nullable=False),
        _of("activity", "conversation_id", "conversations.id"),
        _of("activity", "staff_id", "staff.id"),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_activity")),
    )
    op.create_table(
        "drafts",
        _id("conversation_id"),
        _id("staff_id"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        _of("drafts", "conversation_id", "conversations.id"),
        _of("drafts", "staff_id", "staff.id"),
        sa.PrimaryKeyConstraint("conversation_id", "staff_id", name=op.f("pk_drafts")),
    )
    op.create_table(
        "mentions",
        _id("note_id"),
        _id("staff_id"),
        sa.Column("seen_at", _INSTANT, nullable=True),
        _of("mentions", "note_id", "notes.id"),
        _of("mentions", "staff_id", "staff.id"),
        sa.PrimaryKeyConstraint("note_id", "staff_id", name=op.f("pk_mentions")),
    )
    op.create_index(op.f("ix_mentions_staff_id"), "mentions", ["staff_id"], unique=False)
    op.create_table(
        "saved_replies",
        _id("id"),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("shortcut", sa.String(length=30), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        _id("staff_id", nullable=True),
        sa.Column("at", _INSTANT, nullable=False),
        _of("saved_replies", "staff_id", "staff.id", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_replies")),
        sa.UniqueConstraint("shortcut", name=op.f("uq_saved_replies_shortcut")),
    )


# Indexes go with their tables.
def downgrade() -> None:
    for table in ("saved_replies", "mentions", "drafts", "activity", "staff_seen", "presence"):
        op.drop_table(table)
