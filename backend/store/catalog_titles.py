"""The titles of the public catalogue, and whether a text names one."""

from __future__ import annotations

from rapidfuzz import fuzz, process, utils
from sqlalchemy import literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from backend.store.world_models import CourseRow, SpecializationRow

# High enough that every word of the title has to be there, low enough for a typo in one.
CLOSE = 90


_ALL = union_all(select(CourseRow.title, literal(True)), select(SpecializationRow.title, literal(False)))


async def all_titles(session: AsyncSession) -> tuple[list[str], list[str]]:
    """Of courses, and of Specializations."""
    found = (await session.execute(_ALL)).all()
    return [title for title, is_course in found if is_course], [title for title, is_course in found if not is_course]


async def names_a_title(session: AsyncSession, text: str) -> bool:
    """True when all of some title's words stand in the text. Titles of one word are left out: they are also words."""
    courses, specializations = await all_titles(session)
    telling = [title for title in (*courses, *specializations) if len(title.split()) > 1]
    found = process.extractOne(
        text, telling, scorer=fuzz.token_set_ratio, processor=utils.default_process, score_cutoff=CLOSE
    )
    return found is not None and len(utils.default_process(text).split()) >= len(found[0].split())
