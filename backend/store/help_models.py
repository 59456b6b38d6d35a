"""Tables of the help page and the chat: what readers said of a page, and which conversations were mailed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.store.base import Base


class PageFeedbackRow(Base):
    """Whether a page helped. Nothing says who it was."""

    __tablename__ = "page_feedback"
    __table_args__ = (Index("ix_page_feedback_page", "page", "section"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    page: Mapped[str] = mapped_column(String(100))
    section: Mapped[str | None] = mapped_column(String(100))
    helpful: Mapped[bool]
    at: Mapped[datetime] = mapped_column(index=True)


class TranscriptMailRow(Base):
    """A conversation that was mailed, to count by.

    `to_hash` stands for an address a guest typed, as a keyed hash; null for a learner's own.
    """

    __tablename__ = "transcript_mails"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    to_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    outbox_id: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(index=True)
