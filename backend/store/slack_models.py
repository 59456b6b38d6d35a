"""What the desk keeps for Slack: what came in, what goes out, which message stands for what, and who is who there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.store.base import Base

INCOMING = ("event", "command", "interaction")


class Queued:
    """Work that survives the process: done once for each `key`, in order within a `lane`, again after a failure."""

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    lane: Mapped[str] = mapped_column(String(120))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(200))


class SlackIncomingRow(Queued, Base):
    """What Slack sent, kept before it is acknowledged. Its payload goes when the work is done; the key stays."""

    __tablename__ = "slack_incoming"
    __table_args__ = (
        CheckConstraint("kind IN ('event', 'command', 'interaction')", name="kind"),
        Index("ix_slack_incoming_due", "done_at", "next_attempt_at"),
        Index("ix_slack_incoming_lane", "lane", "id"),
    )

    kind: Mapped[str] = mapped_column(String(12))


class SlackOutgoingRow(Queued, Base):
    """A call of Slack's Web API that is owed. `about` names the post it makes, changes or answers (SlackPostRow)."""

    __tablename__ = "slack_outgoing"
    __table_args__ = (
        Index("ix_slack_outgoing_due", "done_at", "next_attempt_at"),
        Index("ix_slack_outgoing_lane", "lane", "id"),
    )

    method: Mapped[str] = mapped_column(String(40))
    about: Mapped[str | None] = mapped_column(String(80), index=True)
    # Where Slack put it, to change it or take it away later.
    channel: Mapped[str | None] = mapped_column(String(40))
    ts: Mapped[str | None] = mapped_column(String(40))


class SlackPostRow(Base):
    """A message of ours that stands for something: `conversation:…`, `case:…`, `alert:…`, `digest:…`.

    `shown_version`, `shown_seq` and `state` say what it shows (of a conversation: the owner's version and the last
    message), so that a difference is told once, by whichever process sees it first.
    """

    __tablename__ = "slack_posts"
    __table_args__ = (Index("ix_slack_posts_place", "channel", "ts"),)

    about: Mapped[str] = mapped_column(String(80), primary_key=True)
    learner_id: Mapped[str | None] = mapped_column(String(100), index=True)
    channel: Mapped[str] = mapped_column(String(40))
    ts: Mapped[str | None] = mapped_column(String(40))
    shown_version: Mapped[int] = mapped_column(default=0)
    shown_seq: Mapped[int] = mapped_column(default=0)
    state: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime]


class SlackMemberRow(Base):
    """Which member of staff a Slack user is. `by_hand`: linked by an admin, else by the verified e-mail address."""

    __tablename__ = "slack_members"

    user_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    by_hand: Mapped[bool] = mapped_column(default=False)
    checked_at: Mapped[datetime]


class SlackQuestionRow(Base):
    """A thread in which staff ask the knowledge: what was asked last, for follow-ups."""

    __tablename__ = "slack_questions"

    channel: Mapped[str] = mapped_column(String(40), primary_key=True)
    thread_ts: Mapped[str] = mapped_column(String(40), primary_key=True)
    question: Mapped[str] = mapped_column(Text)
    section: Mapped[str | None] = mapped_column(String(120))
    at: Mapped[datetime]
