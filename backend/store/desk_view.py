"""What the desk holds about a learner, and forgetting it when a world replaces them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.policy.decision import to_plain
from backend.store.desk_models import AuditRow, CaseRow, OutboxRow, ProposalRow


async def desk_view(session: AsyncSession, learner_id: str) -> dict[str, Any]:
    """`emails`, `cases` and `audit` in the testing surface's shape (contracts §5), oldest first."""
    owed = select(OutboxRow).where(OutboxRow.learner_id == learner_id).order_by(OutboxRow.created_at, OutboxRow.id)
    cases = select(CaseRow).where(CaseRow.learner_id == learner_id).order_by(CaseRow.opened_at, CaseRow.id)
    audit = select(AuditRow).where(AuditRow.learner_id == learner_id).order_by(AuditRow.id)
    return {
        "emails": [
            {**{key: row.payload[key] for key in ("to", "subject", "body")}, "at": to_plain(row.created_at)}
            for row in await session.scalars(owed)
            if row.kind == "email"
        ],
        "cases": [
            {
                "id": row.id,
                "kind": row.kind,
                "status": row.status,
                "about": row.about,
                "opened_at": to_plain(row.opened_at),
            }
            for row in await session.scalars(cases)
        ],
        "audit": [
            {
                "at": to_plain(row.at),
                "actor": row.actor,
                "operation": row.operation,
                "target": row.target,
                "outcome": row.outcome,
                "reasons": row.reasons,
            }
            for row in await session.scalars(audit)
        ],
    }


async def undelivered(session: AsyncSession) -> list[dict[str, Any]]:
    """E-mails and webhooks still owed, oldest first."""
    query = select(OutboxRow).where(OutboxRow.delivered_at.is_(None)).order_by(OutboxRow.created_at)
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "learner": row.learner_id,
            "payload": row.payload,
            "attempts": row.attempts,
            "created_at": to_plain(row.created_at),
            "next_attempt_at": to_plain(row.next_attempt_at),
            "last_error": row.last_error,
        }
        for row in await session.scalars(query)
    ]


async def forget(session: AsyncSession, learner_ids: list[str]) -> None:
    """Take away what hangs on learners that are about to be replaced. Their conversations stay theirs."""
    for model in (ProposalRow, CaseRow, OutboxRow, AuditRow):
        await session.execute(delete(model).where(model.learner_id.in_(learner_ids)))
