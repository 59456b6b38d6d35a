"""Questions nobody could answer, grouped by meaning: what staff should write next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rapidfuzz import fuzz, utils

from backend.knowledge_service import KnowledgeService
from backend.policy.decision import to_plain
from backend.store.desk_models import UnansweredRow

# Two wordings of one question share most of their telling words; below this they are about different things.
ALIKE = 62


def grouped(rows: Sequence[UnansweredRow], knowledge: KnowledgeService) -> list[dict[str, Any]]:
    """Groups, the largest first: their questions newest first, why they were kept, and the section that comes nearest.

    A question joins the group it resembles most. Those an answer did not help group by the section that was answered.
    """
    groups: list[list[UnansweredRow]] = []
    for row in rows:
        best = max(groups, key=lambda group: _alike(group, row), default=None)
        if best is not None and _alike(best, row) >= ALIKE:
            best.append(row)
        else:
            groups.append([row])
    groups.sort(key=lambda group: (-len(group), -group[0].at.timestamp()))
    return [_group(group, knowledge.near) for group in groups]


def _alike(group: Sequence[UnansweredRow], row: UnansweredRow) -> float:
    first = group[0]
    if first.section and first.section == row.section:
        return 100.0
    return fuzz.token_sort_ratio(first.text, row.text, processor=utils.default_process)


def _group(group: Sequence[UnansweredRow], near: Callable[..., list[Any]]) -> dict[str, Any]:
    first = group[0]
    sections = near(first.text, limit=1)
    return {
        "id": first.id,
        "count": len(group),
        "question": first.text,
        "section": first.section,
        "nearest": sections[0].id if sections else None,
        "questions": [
            {
                "id": row.id,
                "text": row.text,
                "why": row.why,
                "section": row.section,
                "at": to_plain(row.at),
                "conversation": row.conversation_id,
            }
            for row in group
        ],
    }
