"""Reports go to a person as a case with what is needed to look into them (F19, F37, F12)."""

from __future__ import annotations

from datetime import datetime

from backend.policy.decision import Decision
from backend.policy.draft import Draft, because, outside, read, rule
from backend.policy.facts import Account, Request
from backend.policy.parameters import Parameters

# What is reported, the article that says it goes to support, and where it can be flagged on the site as well.
KINDS = {
    "course_problem": ("F19", read("flag_on_the_site", "report-a-problem/flag")),
    "honor_code": ("F37", read("about_honor_code", "academic-integrity/report-violation")),
    "plagiarism": ("F37", read("flag_plagiarism", "academic-integrity/report-plagiarism")),
    "abuse": ("F12", read("about_code_of_conduct", "code-of-conduct/report-abuse")),
}


@rule("report_problem")
def decide_report_problem(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Decision:
    """A report becomes a case (F19: what happened, and links to it). Target: the course, if one is meant.

    `details`: `kind` (of KINDS, a course problem unless said), `text`, and `link`: an empty one means there is none.
    """
    draft = Draft("report_problem", target, as_of, params)
    kind = request.details.get("kind") or "course_problem"
    source, flag = KINDS.get(kind, KINDS["course_problem"])
    missing = [
        name
        for name, is_missing in (
            ("text", not str(request.details.get("text") or "").strip()),
            ("link", request.details.get("link") is None),
        )
        if is_missing
    ]
    if draft.holds("something F19 asks for is missing", bool(missing), "F19", missing=missing):
        return draft.needs(because("report_details_missing", "F19", missing=missing))
    title = account.catalog.title_of(target) if target else None
    course = account.catalog.courses.get(target or "")
    if course and draft.holds("it is a degree course", course.program == "degree", "F44"):
        draft.instead(outside("degree_support", title=course.title))
    draft.instead(flag)
    draft.then(because("case_opened", source, kind=kind, title=title))
    return draft.referred(because("report_goes_to_person", source, kind=kind, title=title))
