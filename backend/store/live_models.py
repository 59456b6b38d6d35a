"""What the live console keeps: who is there and looks at what, drafts, mentions and saved replies."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.store.base import Base
from backend.store.desk_models import CONVERSATION

STAFF = "staff.id"


class PresenceRow(Base):
    """An open console, in whichever backend: what it shows, and when that backend last said that it is open."""

    __tablename__ = "presence"
    __table_args__ = (Index("ix_presence_conversation", "conversation_id", "seen_at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey(STAFF, ondelete="CASCADE"), index=True)
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey(CONVERSATION, ondelete="SET NULL"))
    typing_until: Mapped[datetime | None]
    seen_at: Mapped[datetime]


class StaffSeenRow(Base):
    """When a member's console was last open. It outlives the console, so that a reloaded page is no absence."""

    __tablename__ = "staff_seen"

    staff_id: Mapped[str] = mapped_column(ForeignKey(STAFF, ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[datetime]


class ActivityRow(Base):
    """When the owner of a conversation last did something in it: a claim is lost by silence."""

    __tablename__ = "activity"

    conversation_id: Mapped[str] = mapped_column(ForeignKey(CONVERSATION, ondelete="CASCADE"), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey(STAFF, ondelete="CASCADE"))
    at: Mapped[datetime]


class DraftRow(Base):
    """What a member has begun to write in a conversation."""

    __tablename__ = "drafts"

    conversation_id: Mapped[str] = mapped_column(ForeignKey(CONVERSATION, ondelete="CASCADE"), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey(STAFF, ondelete="CASCADE"), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class MentionRow(Base):
    """A member named in a note; it goes with the note."""

    __tablename__ = "mentions"

    note_id: Mapped[str] = mapped_column(ForeignKey("notes.id", ondelete="CASCADE"), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey(STAFF, ondelete="CASCADE"), primary_key=True, index=True)
    seen_at: Mapped[datetime | None]


class SavedReplyRow(Base):
    """A reply every member can use, with placeholders in braces. `shortcut` is what is typed to find it."""

    __tablename__ = "saved_replies"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    shortcut: Mapped[str | None] = mapped_column(String(30), unique=True)
    text: Mapped[str] = mapped_column(Text)
    # Null: it came with the desk.
    staff_id: Mapped[str | None] = mapped_column(ForeignKey(STAFF, ondelete="SET NULL"))
    at: Mapped[datetime]
