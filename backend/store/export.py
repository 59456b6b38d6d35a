"""Everything stored about a learner, for the learner."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.policy.decision import to_plain
from backend.store.accounts import learner_view
from backend.store.desk_models import ConversationRow, MessageRow, ProposalRow, RatingRow
from backend.store.desk_view import desk_view


async def export_learner(session: AsyncSession, learner_id: str) -> dict[str, Any]:
    """The account, what was done, and every conversation with its messages and offers. Raises NotFound."""
    account = {**await learner_view(session, learner_id), **await desk_view(session, learner_id)}
    rows = await session.scalars(
        select(ConversationRow).where(ConversationRow.learner_id == learner_id).order_by(ConversationRow.created_at)
    )
    return {"account": account, "conversations": [await _conversation(session, row) for row in rows.all()]}


async def _conversation(session: AsyncSession, row: ConversationRow) -> dict[str, Any]:
    messages = await session.scalars(
        select(MessageRow).where(MessageRow.conversation_id == row.id).order_by(MessageRow.seq)
    )
    proposals = await session.scalars(
        select(ProposalRow).where(ProposalRow.conversation_id == row.id).order_by(ProposalRow.created_at)
    )
    rating = await session.get(RatingRow, row.id)
    return {
        "id": row.id,
        "channel": row.channel,
        "page": row.page,
        "created_at": to_plain(row.created_at),
        "messages": [
            {
                "seq": message.seq,
                "at": to_plain(message.at),
                "author": message.author,
                "text": message.text,
                "decision": (message.extras or {}).get("record") or (message.extras or {}).get("decision"),
            }
            for message in messages.all()
        ],
        "proposals": [
            {
                "operation": proposal.operation,
                "target": proposal.target,
                "details": proposal.details,
                "on_behalf": proposal.on_behalf,
                "decision": proposal.decision,
                "state": proposal.state,
                "created_at": to_plain(proposal.created_at),
                "closed_at": to_plain(proposal.closed_at),
            }
            for proposal in proposals.all()
        ],
        "rating": {"score": rating.score, "comment": rating.comment} if rating else None,
    }
