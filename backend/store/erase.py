"""Erases a learner's personal data everywhere it is kept (D50). Payment and audit records keep ids only.

Rasa's tracker store needs nothing: it holds neither words nor who somebody is (see `bot/tracker_store.py`), and the
session names that led there are replaced here.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.ids import new_id
from backend.store.desk_models import (
    AuditRow,
    ButtonRow,
    CaseRow,
    ConfirmationRow,
    ConversationRow,
    MessageRow,
    NoteRow,
    OutboxRow,
    ProposalRow,
    RatingRow,
    SignInCodeRow,
    TurnRow,
    UnansweredRow,
)
from backend.store.help_models import TranscriptMailRow
from backend.store.live_models import DraftRow
from backend.store.world_models import EnrollmentRow, LearnerRow, PromotionRow, SignInRow

ERASED = "[erased]"


async def erase_learner(session: AsyncSession, learner_id: str, now: datetime) -> None:
    """Everything in the caller's transaction. The learner's row stays, without anything that says who it was."""
    await session.execute(
        update(LearnerRow)
        .where(LearnerRow.id == learner_id)
        .values(
            name="Deleted account",
            email=f"deleted-account-{new_id('x')[2:]}@deleted.invalid",
            country=None,
            password_hash=None,
            sso_organisation=None,
            sso_linked=False,
            status="deleted",
            tokens_void_before=now,
        )
    )
    await session.execute(delete(SignInRow).where(SignInRow.learner_id == learner_id))
    await session.execute(delete(PromotionRow).where(PromotionRow.learner_id == learner_id))
    running = select(EnrollmentRow).where(EnrollmentRow.learner_id == learner_id, EnrollmentRow.ended_at.is_(None))
    for row in (await session.scalars(running)).all():
        row.ended_at = max(now, row.since)
    await _erase_conversations(session, learner_id)
    await session.execute(update(CaseRow).where(CaseRow.learner_id == learner_id).values(details={}, reason=None))
    await session.execute(update(AuditRow).where(AuditRow.learner_id == learner_id).values(record={}))
    await session.execute(delete(OutboxRow).where(OutboxRow.learner_id == learner_id, OutboxRow.kind == "email"))


async def _erase_conversations(session: AsyncSession, learner_id: str) -> None:
    """What was said goes; that something was said, when, and what was decided about which id, stays countable."""
    rows = await session.scalars(select(ConversationRow).where(ConversationRow.learner_id == learner_id))
    conversations = rows.all()
    ids = [row.id for row in conversations]
    for row in conversations:
        row.learner_id, row.page, row.agenda, row.rasa_session = None, None, {}, new_id("dlg")
    mails = select(TranscriptMailRow.outbox_id).where(TranscriptMailRow.conversation_id.in_(ids))
    await session.execute(delete(OutboxRow).where(OutboxRow.id.in_(mails)))  # also those sent while still a guest
    for model in (DraftRow, TranscriptMailRow, NoteRow, RatingRow, UnansweredRow, SignInCodeRow, ButtonRow):
        await session.execute(delete(model).where(model.conversation_id.in_(ids)))
    await session.execute(update(MessageRow).where(MessageRow.conversation_id.in_(ids)).values(text=ERASED, extras={}))
    await session.execute(
        update(TurnRow).where(TurnRow.conversation_id.in_(ids)).values(text=None, understood=None, press=None)
    )
    await session.execute(
        update(ProposalRow).where(ProposalRow.learner_id == learner_id).values(details={}, decision={}, on_behalf=None)
    )
    proposals = select(ProposalRow.id).where(ProposalRow.learner_id == learner_id)
    await session.execute(update(ConfirmationRow).where(ConfirmationRow.proposal_id.in_(proposals)).values(result={}))
