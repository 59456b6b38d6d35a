"""Financial aid: applying for it and what became of an application (F04, F49).

Target: a course's id; for a Specialization's the first course of it without a certificate, as one application is for
one course.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from backend.policy.decision import Decision, Finding, Reason, Remedy
from backend.policy.draft import Draft, Rule, because, offer, person, read, rule, window_end
from backend.policy.facts import Account, AidApplication, Course, Request
from backend.policy.findings import fine, info, problem, question
from backend.policy.ledger import offer_cancelling, running_subscriptions
from backend.policy.lists import Lists
from backend.policy.parameters import Parameters
from backend.policy.plus import is_included

TEXTS = ("education", "goals", "circumstances")


def aid_rule(lists: Lists | None = None) -> Rule:
    """The rule on applying; with the lists, Coursera Plus counts for what it includes."""

    @rule("apply_for_aid")
    def decide_apply_for_aid(
        account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
    ) -> Decision:
        """Whether an application for aid can be sent (F04): refusals first, then what is still to be told."""
        return _decide(account, request, Draft("apply_for_aid", target, as_of, params), lists)

    return decide_apply_for_aid


def _decide(account: Account, request: Request, draft: Draft, lists: Lists | None) -> Decision:
    if draft.target is None:
        return draft.needs(because("target_missing"))
    course = _course(account, draft)
    if course is None:
        return draft.needs(because("target_unknown", target=draft.target))
    draft.target = course.id
    _check_course(course, draft)
    _check_channel(request, draft)
    _check_applications(account, course, draft)
    _check_subscriptions(account, course, draft, lists)
    words = _check_texts(request, draft)
    if request.details.get("pledge") is False:
        draft.reasons.append(_pledge_missing(draft))
    if any(reason.code != "pledge_missing" for reason in draft.reasons):
        return draft.refused()
    if draft.reasons:  # the pledge was refused, and nothing else stands in the way
        return draft.needs()
    missing = [name for name in TEXTS if not str(request.details.get(name) or "").strip()]
    if draft.holds("a text is missing", bool(missing), "F04", missing=missing):
        least = draft.param("aid.min_words").value
        values = {"missing": missing, "title": course.title, "min_words": least}
        return draft.needs(because("application_incomplete", "F04", **values))
    if request.details.get("pledge") is not True:
        return draft.needs(_pledge_missing(draft))
    return _grant(account, course, draft, words)


def _course(account: Account, draft: Draft) -> Course | None:
    """F04: aid for a Specialization is applied for course by course, the first one first."""
    catalog = account.catalog
    spec = catalog.specializations.get(draft.target or "")
    if spec is None:
        return catalog.courses.get(draft.target or "")
    ahead = [id for id in spec.courses if id in catalog.courses and account.certificate_for(id) is None]
    if not ahead:
        return None
    first = catalog.courses[ahead[0]]
    draft.note(because("one_application_for_each_course", "F04", specialization=spec.title, title=first.title))
    return first


def _check_course(course: Course, draft: Draft) -> None:
    if not draft.holds("the course offers aid", course.offers.aid, "F04", course=course.id):
        remedy = read("audit_instead", "enrollment-options/how-to-audit", title=course.title)
        draft.refuse(
            because("course_offers_no_aid", "F04", title=course.title),
            remedy if course.offers.audit else read("other_ways_to_enroll", "enrollment-options/overview"),
        )
    if course.program != "degree" or course.starts_at is None:
        return
    lead = draft.param("aid.degree_lead_days")
    apply_by = course.starts_at - timedelta(days=lead.value)
    if draft.holds(
        "a degree course that starts too soon",
        draft.as_of > apply_by,
        "F04",
        parameter=lead.name,
        starts_at=course.starts_at,
        apply_by=apply_by,
    ):
        values = {"title": course.title, "starts_at": course.starts_at, "apply_by": apply_by, "days": lead.value}
        draft.refuse(
            because("too_late_for_degree_course", "F04", **values),
            read("about_degrees", "financial-aid/degree-courses"),
        )
    draft.deadline = apply_by


def _check_channel(request: Request, draft: Draft) -> None:
    is_elsewhere = request.channel in ("mobile", "slack")
    if draft.holds("asked from Slack or a phone app", is_elsewhere, "F04", channel=request.channel):
        draft.refuse(because("aid_needs_website_on_a_computer", "F04"), read("use_website", "financial-aid/apply"))


def _check_applications(account: Account, course: Course, draft: Draft) -> None:
    """F04, F49: one application at a time; one that is approved holds for its time."""
    for application in account.aid:
        if application.course != course.id:
            continue
        if draft.holds("one is under review", application.status == "submitted", "F04", application=application.id):
            decision_by = decided_by(application, draft.as_of, draft.params)
            draft.refuse(
                because("application_under_review", "F04", title=course.title, decision_by=decision_by),
                read("audit_meanwhile", "financial-aid/review-time", title=course.title),
            )
        if application.status != "approved":
            continue
        until = valid_until(application, draft.as_of, draft.params)
        if draft.holds(
            "one is approved and not expired",
            draft.as_of <= until,
            "F49",
            parameter="aid.valid_days",
            application=application.id,
            until=until,
        ):
            draft.refuse(
                because("aid_already_active", "F49", title=course.title, until=until),
                read("about_approved_aid", "financial-aid/approved"),
            )
    denied = _newest(account, course.id)
    if denied and denied.status == "denied":
        draft.note(because("denied_before", "F04 F49", title=course.title, reason=denied.reason))


def _check_subscriptions(account: Account, course: Course, draft: Draft, lists: Lists | None) -> None:
    """F04, F49: a trial or subscription that includes the course; through Plus at least what is held through it."""
    held = {enr.course for enr in account.enrollments if enr.is_running and enr.mode in ("plus", "trial")}
    for subscription in running_subscriptions(account):
        through_it = subscription.item == "plus" and course.id in held
        includes = is_included(subscription, course.id, account.catalog, lists) or through_it
        if draft.holds("a subscription includes the course", includes, "F04 F49", subscription=subscription.id):
            title = account.catalog.title_of(subscription.item)
            draft.refuse(
                because(
                    "trial_blocks_aid", "F04 F49", title=course.title, subscription=title, status=subscription.status
                ),
                offer_cancelling(account, subscription),
            )


def _check_texts(request: Request, draft: Draft) -> int:
    """F04, conflict 3: more than so many words in the three texts together."""
    texts = [str(request.details.get(name) or "") for name in TEXTS]
    words = sum(len(text.split()) for text in texts)
    if not all(text.strip() for text in texts):
        return words
    least = draft.param("aid.min_words")
    if not draft.holds(
        "long enough", words > least.value, "F04", parameter=least.name, words=words, min_words=least.value
    ):
        draft.refuse(
            because("application_too_short", "F04", words=words, min_words=least.value),
            read("write_more", "financial-aid/application-length"),
        )
    return words


def _pledge_missing(draft: Draft) -> Reason:
    draft.holds("pledged to the Honor Code and the Code of Conduct", False, "F04")
    return because("pledge_missing", "F04")


def _grant(account: Account, course: Course, draft: Draft, words: int) -> Decision:
    days = draft.param("aid.review_days").value
    draft.then(
        because("application_submitted", "F04", title=course.title, words=words),
        because("confirmation_email", "F04", email=account.email),
        because("decision_by", "F04", decision_by=window_end(draft.as_of, days), days=days),
    )
    if course.offers.audit:
        draft.then(because("audit_meanwhile", "F04", title=course.title))
    return draft.granted(because("can_apply_for_aid", "F04", title=course.title, words=words))


def decided_by(application: AidApplication, as_of: datetime, params: Parameters) -> datetime:
    """By when a pending application is decided (conflict 1: the longer promise)."""
    return window_end(application.submitted_at, params.value("aid.review_days", as_of))


def valid_until(application: AidApplication, as_of: datetime, params: Parameters) -> datetime:
    """The last instant of approved aid (F49)."""
    return window_end(application.decided_at or application.submitted_at, params.value("aid.valid_days", as_of))


def _newest(account: Account, course: str) -> AidApplication | None:
    found = [application for application in account.aid if application.course == course]
    return max(found, key=lambda application: application.submitted_at, default=None)


@question("aid_status")
def diagnose_aid_status(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """What became of applications (F04, F49). Target: a course's or an application's id, or none for all courses."""
    asked = next((application.course for application in account.aid if application.id == target), target)
    courses = [asked] if asked else list(dict.fromkeys(application.course for application in account.aid))
    newest = [_newest(account, course) for course in courses]
    for course, application in zip(courses, newest, strict=True):
        if application is None:
            yield _nothing_on_record(account.catalog.title_of(course), course)
        else:
            yield _what_became(account, application, as_of, params)
    if not courses:
        yield _nothing_on_record(None, None)


def _nothing_on_record(title: str | None, course: str | None) -> Finding:
    """F49: no confirmation e-mail means it was never sent."""
    apply = offer("apply_again", "apply_for_aid", course, title=title)
    return problem(
        "no_application_on_record", "F49", apply, read("no_mail", "financial-aid-problems/no-confirmation"), title=title
    )


def _what_became(account: Account, application: AidApplication, as_of: datetime, params: Parameters) -> Finding:
    title = account.catalog.title_of(application.course)
    values = {"title": title, "application": application.id, "submitted_at": application.submitted_at}
    again = offer("apply_again", "apply_for_aid", application.course, title=title)
    if application.status == "submitted":
        decision_by = decided_by(application, as_of, params)
        if as_of > decision_by:
            late = person("aid_review_overdue", title=title, decision_by=decision_by)
            return problem("aid_review_overdue", "F04 F49", late, decision_by=decision_by, **values)
        meanwhile = read("audit_meanwhile", "financial-aid/review-time", title=title)
        return info("application_under_review", "F04 F49", meanwhile, decision_by=decision_by, **values)
    if application.status == "approved":
        until = valid_until(application, as_of, params)
        if as_of > until:
            return problem("aid_expired", "F49", again, expired_at=until, **values)
        return fine("aid_active", "F04 F49", until=until, approved_at=application.decided_at, **values)
    if application.status == "denied":
        remedies: tuple[Remedy, ...] = (again, read("fix_and_apply", "financial-aid-problems/denied"))
        return problem(
            "application_denied",
            "F04 F49",
            *remedies,
            reason=application.reason,
            decided_at=application.decided_at,
            **values,
        )
    trial = next(
        (sub for sub in running_subscriptions(account) if is_included(sub, application.course, account.catalog, None)),
        None,
    )
    remedy = offer_cancelling(account, trial) if trial else again
    return problem("cancelled_by_trial", "F04 F49", remedy, decided_at=application.decided_at, **values)
