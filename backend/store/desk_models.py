"""The desk's own tables: conversations, what was proposed and done, what is owed to the outside, and staff."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.store.base import Base

CONVERSATION = "conversations.id"
STATES = ("bot", "queued", "agent", "closed")
AUTHORS = ("learner", "bot", "agent", "system")
PROPOSAL_STATES = ("open", "confirmed", "declined", "expired", "superseded")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class ConversationRow(Base):
    """A conversation, bound to a learner (or a guest: null) by this row alone."""

    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64))
    learner_id: Mapped[str | None] = mapped_column(ForeignKey("learners.id"), index=True)
    channel: Mapped[str] = mapped_column(String(20))
    page: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime] = mapped_column(index=True)
    last_seq: Mapped[int] = mapped_column(default=0)
    # Rasa's tracker is rotated: its id is this row's session number, never this row's id or a learner's.
    rasa_session: Mapped[str] = mapped_column(String(40))
    rasa_turns: Mapped[int] = mapped_column(default=0)
    rasa_seen_at: Mapped[datetime | None]
    # What was asked last, the topic, requests kept for later: see conversations/agenda.py.
    agenda: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    read_by_learner: Mapped[int] = mapped_column(default=0)
    read_by_agent: Mapped[int] = mapped_column(default=0)


class OwnershipRow(Base):
    """Who answers in a conversation. Changed only by compare-and-set on `version`."""

    __tablename__ = "ownership"
    __table_args__ = (
        CheckConstraint(_one_of("state", STATES), name="state"),
        CheckConstraint("(state = 'agent') = (staff_id IS NOT NULL)", name="agent_has_a_name"),
        CheckConstraint("(state = 'queued') = (queued_at IS NOT NULL)", name="queued_since"),
        Index("ix_ownership_queue", "state", "urgency", "queued_at"),
    )

    conversation_id: Mapped[str] = mapped_column(ForeignKey(CONVERSATION, ondelete="CASCADE"), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    queued_at: Mapped[datetime | None]
    urgency: Mapped[int] = mapped_column(default=0)
    why: Mapped[str | None] = mapped_column(String(60))
    since: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class TurnRow(Base):
    """One thing a learner sent. `client_id` makes it happen once; `press` is what a button meant."""

    __tablename__ = "turns"
    __table_args__ = (UniqueConstraint("conversation_id", "client_id"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey(CONVERSATION, ondelete="CASCADE"))
    client_id: Mapped[str] = mapped_column(String(100))
    text: Mapped[str | None] = mapped_column(Text)
    press: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    understood: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    failure: Mapped[str | None] = mapped_column(String(60))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class MessageRow(Base):
    """One line of the transcript. `seq` has no gaps within a conversation; `extras` is the contract's optional part."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        CheckConstraint(_one_of("author", AUTHORS), name="author"),
        Index("ix_messages_turn", "turn_id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey(CONVERSATION, ondelete="CASCADE"))
    turn_id: Mapped[str | None] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"))
    seq: Mapped[int]
    at: Mapped[datetime]
    author: Mapped[str] = mapped_column(String(10))
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    text: Mapped[str] = mapped_column(Text)
    extras: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class ButtonRow(Base):
    """A button the desk issued. What it means stays here; the learner holds only the id."""

    __tablename__ = "buttons"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey(CONVERSATION, ondelete="CASCADE"), index=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    press: Mapped[dict[str, Any]] = mapped_column(JSON)
    used_by: Mapped[str | None] = mapped_column(ForeignKey("turns.id", ondelete="SET NULL"))


class ProposalRow(Base):
    """What was shown before the yes: the decision whole, with an expiry."""

    __tablename__ = "proposals"
    __table_args__ = (
        CheckConstraint(_one_of("state", PROPOSAL_STATES), name="state"),
        Index("ix_proposals_open", "conversation_id", "state"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey(CONVERSATION, ondelete="CASCADE"))
    learner_id: Mapped[str] = mapped_column(ForeignKey("learners.id"), index=True)
    operation: Mapped[str] = mapped_column(String(40))
    target: Mapped[str | None] = mapped_column(String(100))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    decision: Mapped[dict[str, Any]] = mapped_column(JSON)
    proposed_by: Mapped[str] = mapped_column(String(60))
    # What a member of staff put down who acted for the learner: `yes`, and for an overruled refusal `overruled`
    # (its codes) and `reason`.
    on_behalf: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    state: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class ConfirmationRow(Base):
    """The one yes of a proposal and what it did. The primary key is what makes a second yes impossible."""

    __tablename__ = "confirmations"

    proposal_id: Mapped[str] = mapped_column(ForeignKey("proposals.id", ondelete="CASCADE"), primary_key=True)
    turn_id: Mapped[str | None] = mapped_column(ForeignKey("turns.id", ondelete="SET NULL"))
    actor: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]
    result: Mapped[dict[str, Any]] = mapped_column(JSON)


class AuditRow(Base):
    """Every decision that was acted on, forever; ids only, no personal data."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(60))
    learner_id: Mapped[str | None] = mapped_column(String(100), index=True)
    conversation_id: Mapped[str | None] = mapped_column(String(40))
    proposal_id: Mapped[str | None] = mapped_column(String(40))
    operation: Mapped[str] = mapped_column(String(40))
    target: Mapped[str | None] = mapped_column(String(100))
    outcome: Mapped[str] = mapped_column(String(20))
    reasons: Mapped[list[Any]] = mapped_column(JSON)
    record: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class OutboxRow(Base):
    """What is owed to the outside, written in the same transaction as its cause and delivered afterwards."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint(_one_of("kind", ("email", "webhook")), name="kind"),
        Index("ix_outbox_due", "delivered_at", "next_attempt_at"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    learner_id: Mapped[str | None] = mapped_column(String(100), index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    delivered_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(200))


class CaseRow(Base):
    """Work for a person that outlives the conversation."""

    __tablename__ = "cases"
    __table_args__ = (CheckConstraint(_one_of("status", ("open", "approved", "declined", "done")), name="status"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    learner_id: Mapped[str | None] = mapped_column(String(100), index=True)
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey(CONVERSATION, ondelete="SET NULL"))
    kind: Mapped[str] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(10), default="open")
    about: Mapped[str | None] = mapped_column(String(100))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    urgent: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str | None] = mapped_column(Text)


class StaffRow(Base):
    """A member of staff. Made by the command line or an admin, never by signing up."""

    __tablename__ = "staff"
    __table_args__ = (CheckConstraint(_one_of("role", ("agent", "supervisor", "admin")), name="role"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    email: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(12))
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    # Codes at the sign-in: what the secret is made from together with the desk's own (the secret itself is nowhere),
    # since when they are asked for, and the last step of time a code was taken for, so that none is taken twice.
    totp_salt: Mapped[str | None] = mapped_column(String(60))
    totp_since: Mapped[datetime | None]
    totp_step: Mapped[int | None]
    created_at: Mapped[datetime]


class StaffSessionRow(Base):
    """A staff member's signed-in browser; the cookie's value is stored only as a hash."""

    __tablename__ = "staff_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class NoteRow(Base):
    """A private note of staff on a conversation."""

    __tablename__ = "notes"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey(CONVERSATION, ondelete="CASCADE"), index=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)


class RatingRow(Base):
    """How the learner rated the conversation, 1 to 5; the last one counts."""

    __tablename__ = "ratings"
    __table_args__ = (CheckConstraint("score BETWEEN 1 AND 5", name="score"),)

    conversation_id: Mapped[str] = mapped_column(ForeignKey(CONVERSATION, ondelete="CASCADE"), primary_key=True)
    score: Mapped[int]
    comment: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime]


class FeedbackRow(Base):
    """Whether one answer helped."""

    __tablename__ = "feedback"

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    helpful: Mapped[bool]
    at: Mapped[datetime]


class UnansweredRow(Base):
    """A question the desk could not answer, or whose answer did not help (`why`)."""

    __tablename__ = "unanswered"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey(CONVERSATION, ondelete="CASCADE"), index=True)
    turn_id: Mapped[str | None] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(String(30))
    section: Mapped[str | None] = mapped_column(String(120))
    at: Mapped[datetime]


class SignInCodeRow(Base):
    """A code e-mailed to a learner without a password, to sign in again; stored only as a hash."""

    __tablename__ = "sign_in_codes"

    conversation_id: Mapped[str] = mapped_column(ForeignKey(CONVERSATION, ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)


class PlatformEventRow(Base):
    """A delivery of the platform's that was taken: what it said stands in the account, here is only that it came."""

    __tablename__ = "platform_events"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    learner_id: Mapped[str] = mapped_column(String(100), index=True)
    at: Mapped[datetime]


class DeskStateRow(Base):
    """A few facts about the desk itself that outlive a restart, such as the instant set for tests."""

    __tablename__ = "desk_state"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(JSON)
