"""Leave a course, or every course of a Specialization that allows it (F11)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from backend.operations.base import Candidate, Done, Operation, Work
from backend.policy.facts import Account
from backend.store.world_models import EnrollmentRow


class Unenroll(Operation):
    """Target: an enrolment's id, or a Specialization's id."""

    name = "unenroll"

    def candidates(self, account: Account, as_of: datetime) -> list[Candidate]:
        """The courses one is in, the newest first, and the Specializations with two or more of them."""
        running = sorted(
            (enr for enr in account.enrollments if enr.is_running), key=lambda enr: enr.since, reverse=True
        )
        found = [Candidate(enr.id, account.catalog.title_of(enr.course), "", (enr.course,)) for enr in running]
        courses = {enr.course for enr in running}
        for spec in account.catalog.specializations.values():
            if len(courses & set(spec.courses)) > 1:
                found.append(Candidate(spec.id, spec.title, "the whole Specialization", ("whole specialization",)))
        return found

    async def carry_out(self, work: Work) -> Done:
        granted = work.decision.reasons[0].values
        query = select(EnrollmentRow).where(
            EnrollmentRow.learner_id == work.learner.id,
            EnrollmentRow.id.in_(granted["enrollments"]),
            EnrollmentRow.ended_at.is_(None),
        )
        for row in (await work.session.scalars(query)).all():
            row.ended_at = max(work.now, row.since)
        return Done({"titles": granted.get("titles") or [granted["title"]], "title": granted["title"]})
