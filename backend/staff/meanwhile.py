"""What was done in a conversation while a person had it, from the audit."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.policy.decision import Outcome
from backend.staff.summary import title_of
from backend.store.accounts import load_account
from backend.store.console_models import HandoffRow
from backend.store.desk_models import AuditRow, ConversationRow
from backend.wording import Wording

# What an audit row has to say for something to have been done.
DONE = (Outcome.GRANTED.value, Outcome.REFER_TO_AGENT.value)


async def done_meanwhile(session: AsyncSession, wording: Wording, row: ConversationRow) -> list[str]:
    """Each thing that was done since somebody claimed the conversation, in words, the oldest first."""
    claimed = await session.scalar(
        select(func.max(HandoffRow.claimed_at)).where(
            HandoffRow.conversation_id == row.id, HandoffRow.left_at.is_(None)
        )
    )
    if claimed is None:
        return []
    query = select(AuditRow).where(
        AuditRow.conversation_id == row.id, AuditRow.at >= claimed, AuditRow.outcome.in_(DONE)
    )
    audited = (await session.scalars(query.order_by(AuditRow.id))).all()
    account = await load_account(session, row.learner_id) if row.learner_id and audited else None
    done = []
    for each in audited:
        key = f"button_{each.operation}"
        words = wording.say(key) if wording.has(key) else each.operation.replace("_", " ")
        title = title_of(account, each.target)
        done.append(f"{words} ({title})" if title else words)
    return list(dict.fromkeys(done))
