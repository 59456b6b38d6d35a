"""What the staff's console keeps beside the conversations: each time people had one, for waiting times and figures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.store.base import Base


class HandoffRow(Base):
    """One time people had a conversation: from joining the queue, or being taken from the bot, to leaving them.

    `queued_at` is null where somebody took it unasked: nobody waited. A return to the queue ends one and begins the
    next. `left_at` is null while it lasts, which it does once at most for each conversation.
    """

    __tablename__ = "handoffs"
    __table_args__ = (
        CheckConstraint("queued_at IS NOT NULL OR claimed_at IS NOT NULL", name="began"),
        CheckConstraint("(claimed_at IS NULL) = (claimed_by IS NULL)", name="claimed_by_somebody"),
        CheckConstraint("(left_at IS NULL) = (outcome IS NULL)", name="left_somehow"),
        CheckConstraint("outcome IN ('left_queue', 'released', 'requeued', 'closed')", name="outcome"),
        Index(
            "ix_handoffs_open",
            "conversation_id",
            unique=True,
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
        Index("ix_handoffs_conversation", "conversation_id"),
        Index("ix_handoffs_began", "began_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    began_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    why: Mapped[str] = mapped_column(String(60))
    urgency: Mapped[int] = mapped_column(default=0)
    claimed_at: Mapped[datetime | None]
    # Who claimed it first; whose it was later is in the transcript.
    claimed_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    first_reply_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(12))
    # What whoever closed it called the outcome.
    closed_as: Mapped[str | None] = mapped_column(String(60))
