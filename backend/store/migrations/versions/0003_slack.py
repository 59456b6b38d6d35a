"""Slack: what came in and what goes out, which message stands for what, who is who.

Why: staff use the desk from Slack. New tables only, so the previous release's code does not notice them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _queued(*also: sa.Column) -> list[sa.Column]:
    """The columns of work that survives the process."""
    return [
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("lane", sa.String(length=120), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        *also,
    ]


# A revision works with the previous release's code: add, backfill, switch and drop are separate releases.
def upgrade() -> None:
    op.create_table(
        "slack_incoming",
        *_queued(sa.Column("kind", sa.String(length=12), nullable=False)),
        sa.CheckConstraint("kind IN ('event', 'command', 'interaction')", name=op.f("ck_slack_incoming_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_incoming")),
        sa.UniqueConstraint("key", name=op.f("uq_slack_incoming_key")),
    )
    op.create_index("ix_slack_incoming_due", "slack_incoming", ["done_at", "next_attempt_at"], unique=False)
    op.create_index("ix_slack_incoming_lane", "slack_incoming", ["lane", "id"], unique=False)
    op.create_table(
        "slack_outgoing",
        *_queued(
            sa.Column("method", sa.String(length=40), nullable=False),
            sa.Column("about", sa.String(length=80), nullable=True),
            sa.Column("channel", sa.String(length=40), nullable=True),
            sa.Column("ts", sa.String(length=40), nullable=True),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_outgoing")),
        sa.UniqueConstraint("key", name=op.f("uq_slack_outgoing_key")),
    )
    op.create_index("ix_slack_outgoing_due", "slack_outgoing", ["done_at", "next_attempt_at"], unique=False)
    op.create_index("ix_slack_outgoing_lane", "slack_outgoing", ["lane", "id"], unique=False)
    op.create_index(op.f("ix_slack_outgoing_about"), "slack_outgoing", ["about"], unique=False)
    op.create_table(
        "slack_posts",
        sa.Column("about", sa.String(length=80), nullable=False),
        sa.Column("learner_id", sa.String(length=100), nullable=True),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("ts", sa.String(length=40), nullable=True),
        sa.Column("shown_version", sa.Integer(), nullable=False),
        sa.Column("shown_seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("about", name=op.f("pk_slack_posts")),
    )
    op.create_index("ix_slack_posts_place", "slack_posts", ["channel", "ts"], unique=False)
    op.create_index(op.f("ix_slack_posts_learner_id"), "slack_posts", ["learner_id"], unique=False)
    op.create_table(
        "slack_questions",
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("thread_ts", sa.String(length=40), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("section", sa.String(length=120), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "thread_ts", name=op.f("pk_slack_questions")),
    )
    op.create_table(
        "slack_members",
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("staff_id", sa.String(length=40), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_slack_members_staff_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_slack_members")),
    )
    op.create_index(op.f("ix_slack_members_staff_id"), "slack_members", ["staff_id"], unique=False)


# Indexes go with their tables.
def downgrade() -> None:
    op.drop_table("slack_members")
    op.drop_table("slack_questions")
    op.drop_table("slack_posts")
    op.drop_table("slack_outgoing")
    op.drop_table("slack_incoming")
