"""Whether a text names a course or Specialization of the public catalogue."""

from __future__ import annotations

from rapidfuzz import fuzz, process, utils
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.store.world_models import CourseRow, SpecializationRow

# High enough that every word of the title has to be there, low enough for a typo in one.
CLOSE = 90


async def names_a_title(session: AsyncSession, text: str) -> bool:
    """True when all of some title's words stand in the text. Titles of one word are left out: they are also words."""
    titles = [
        *(await session.scalars(select(CourseRow.title))),
        *(await session.scalars(select(SpecializationRow.title))),
    ]
    telling = [title for title in titles if len(title.split()) > 1]
    found = process.extractOne(
        text, telling, scorer=fuzz.token_set_ratio, processor=utils.default_process, score_cutoff=CLOSE
    )
    return found is not None and len(utils.default_process(text).split()) >= len(found[0].split())
