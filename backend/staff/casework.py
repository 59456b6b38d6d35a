"""Cases as the console shows them: what is asked for, in words, and whether who looks may decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.operations.cases import asked_for_it, case_json
from backend.store.desk_models import CaseRow, StaffRow
from backend.store.world_models import LearnerRow
from backend.wording import Wording, spoken

# What a case keeps for the program, not for people.
_OURS = ("operation", "reasons", "requested_by")


async def worded_cases(
    session: AsyncSession, wording: Wording, staff_id: str, rows: Sequence[CaseRow]
) -> list[dict[str, Any]]:
    """Each with `title`, `text`, the learner's name, who asked and decided, and `can_decide` for this member."""
    learners = await _names(session, LearnerRow, {row.learner_id for row in rows})
    asked_by = {row.id: str(row.details.get("requested_by", "")).removeprefix("staff:") for row in rows}
    staff = await _names(session, StaffRow, {*asked_by.values(), *(row.decided_by for row in rows)})
    return [
        {
            **case_json(row),
            "title": wording.first(f"word_case_{row.kind}", "word_case_other", values={"kind": row.kind}),
            "text": "\n".join(_lines(row.details)),
            "learner_name": learners.get(row.learner_id or ""),
            "asked_by": staff.get(asked_by[row.id]),
            "decided_by_name": staff.get(row.decided_by or ""),
            "can_decide": row.status == "open" and not await asked_for_it(session, row, staff_id),
        }
        for row in rows
    ]


async def _names(session: AsyncSession, model: type[Any], ids: set[str | None]) -> dict[str, str]:
    query = select(model.id, model.name).where(model.id.in_({one for one in ids if one}))
    return dict((await session.execute(query)).all())


def _lines(details: Mapping[str, Any]) -> Iterator[str]:
    """What the case holds, a line each, one level deep."""
    for name, value in details.items():
        if isinstance(value, Mapping):
            yield from _lines(value)
        elif name not in _OURS and value not in (None, "", []):
            label = name.replace("_", " ")
            yield f"{label[:1].upper()}{label[1:]}: {spoken(value)}"
