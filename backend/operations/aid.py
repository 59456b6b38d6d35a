"""Apply for financial aid (F04): three texts and a pledge, collected in the chat, sent after a yes."""

from __future__ import annotations

from datetime import datetime

from backend.ids import new_id
from backend.operations.base import Candidate, Done, Email, Field, Operation, Work
from backend.policy.aid import TEXTS
from backend.policy.decision import Decision
from backend.policy.facts import Account
from backend.store.desk_models import CaseRow
from backend.store.world_models import AidApplicationRow


class ApplyForAid(Operation):
    """Target: a course's id. The catalogue is public, so any course may be named; one's own come first."""

    name = "apply_for_aid"
    any_course = True
    fields = (*(Field(name) for name in TEXTS), Field("pledge", "pledge"))
    exceeds = "aid.min_words"

    def candidates(self, account: Account, as_of: datetime) -> list[Candidate]:
        """Courses one is in or has applied for."""
        mine = dict.fromkeys([aid.course for aid in account.aid] + [enr.course for enr in account.enrollments])
        courses = [course for course in mine if course in account.catalog.courses]
        return [Candidate(course, account.catalog.title_of(course)) for course in courses]

    def to_add_to(self, decision: Decision) -> str | None:
        return TEXTS[-1] if decision.codes == ("application_too_short",) else None

    async def carry_out(self, work: Work) -> Done:
        promised = {consequence.code: consequence.values for consequence in work.decision.consequences}
        submitted, decided = promised["application_submitted"], promised["decision_by"]
        application = AidApplicationRow(
            learner_id=work.learner.id,
            id=new_id("aid"),
            course_id=work.decision.target,
            submitted_at=work.now,
            words=submitted["words"],
            status="submitted",
        )
        texts = {name: work.request.details[name] for name in TEXTS}
        case = CaseRow(
            id=new_id("case"),
            learner_id=work.learner.id,
            conversation_id=work.conversation_id,
            kind="aid_review",
            about=application.id,
            details=texts,
            opened_at=work.now,
        )
        work.session.add_all([application, case])
        values = {"title": submitted["title"], **decided, "name": work.learner.name}
        return Done(values, [Email("email_apply_for_aid", values, work.learner.email)], case.id)
