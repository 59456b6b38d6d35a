"""Honors on a certificate (F26), and the way into a capstone (F03, F10, F38)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from backend.policy.access import Access, access_to, causes, seat_in
from backend.policy.decision import Finding
from backend.policy.draft import read
from backend.policy.facts import Account, Course, Request, Specialization
from backend.policy.findings import fine, info, problem, question
from backend.policy.parameters import Parameters
from backend.policy.work import course_meant, work_in


@question("honors_recognition")
def diagnose_honors_recognition(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """Whether honors are on the certificate (F26). Target: a course's or an enrolment's id."""
    course = course_meant(account, target)
    if course is None:
        yield info("target_unknown", target=target) if target else info("target_missing")
        return
    honors = [work for work in work_in(account, course) if work.assignment.honors]
    if not honors:
        about = read("about_honors", "honors-assignments/what-they-are")
        yield info("no_honors_assignments", "F26", about, title=course.title)
        return
    to_do = [work.title for work in honors if not work.is_passed]
    if to_do:
        how = read("get_recognition", "honors-assignments/honors-recognition")
        yield problem("honors_assignment_not_passed", "F26", how, title=course.title, titles=to_do)
    else:
        yield fine("honors_assignments_passed", "F26", titles=[work.title for work in honors])
    yield from _certificate_with_honors(account, course, bool(to_do), as_of, params)


def _certificate_with_honors(
    account: Account, course: Course, is_to_do: bool, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """F26: paid, certificate earned, every honors assignment passed; without a certificate the page shows honors."""
    certificate, seat = account.certificate_for(course.id), seat_in(account, course.id)
    if certificate and is_to_do:
        yield fine("certificate_earned", "F26", title=course.title, earned_at=certificate.earned_at)
    elif certificate:
        yield fine("honors_on_certificate", "F26", title=course.title, earned_at=certificate.earned_at)
    elif not is_to_do and seat and seat.completed_at:
        page = read("accomplishments_page", "honors-assignments/honors-recognition")
        yield problem("honors_without_certificate", "F26", page, title=course.title)
    else:
        why = read("how_to_get_certificate", "certificate-problems/no-certificate")
        yield problem("certificate_not_earned", "F26", why, title=course.title)
    if not certificate and not access_to(account, course.id, as_of, params).is_paid:
        yield info(
            "not_paid", "F26", read("upgrade", "enrollment-options/upgrade", title=course.title), title=course.title
        )


@question("capstone_access")
def diagnose_capstone_access(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """What opens a capstone (F03, F10, F38). Target: the capstone's course, or its Specialization; none: one's own."""
    found = list(_capstones(account, target))
    for spec, course in found:
        yield from _capstone(account, spec, course, as_of, params)
    if not found:
        about = read("about_capstones", "capstone-projects/what-it-is")
        title = account.catalog.title_of(target) if target else None
        yield info("no_separate_capstone", "F03 F38", about, title=title)


def _capstones(account: Account, target: str | None) -> Iterator[tuple[Specialization | None, Course]]:
    """Capstones with the Specialization they end: the one named, or those of Specializations one is in."""
    course = course_meant(account, target) if target else None
    if course and course.capstone:
        specs = account.catalog.specializations_with(course.id)
        yield from ((spec, course) for spec in specs) if specs else [(None, course)]
        return
    held = {enr.course for enr in account.enrollments if enr.is_running} | {
        cert.course for cert in account.certificates
    }
    for spec in account.catalog.specializations.values():
        is_meant = spec.id == target or (course and course.id in spec.courses)
        if is_meant or (target is None and held & set(spec.courses)):
            courses = (account.catalog.courses.get(id) for id in spec.courses)
            yield from ((spec, capstone) for capstone in courses if capstone and capstone.capstone)


def _capstone(
    account: Account, spec: Specialization | None, course: Course, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    others = [id for id in (spec.courses if spec else ()) if id != course.id]
    missing = [account.catalog.title_of(id) for id in others if account.certificate_for(id) is None]
    name = spec.title if spec else None
    if course.capstone == "open":  # conflict 10
        yield fine("capstone_is_open", "F38", title=course.title, specialization=name)
    elif missing:
        how = read("cannot_enroll_in_capstone", "capstone-projects/cannot-enroll")
        yield problem("certificates_missing", "F03 F38", how, title=course.title, specialization=name, titles=missing)
    else:
        yield fine("all_certificates_earned", "F03 F38", title=course.title, specialization=name)
    yield from _capstone_payment(account, course, others, access_to(account, course.id, as_of, params))
    yield info("no_audit_for_capstone", "F38", title=course.title)


def _capstone_payment(account: Account, course: Course, others: list[str], access: Access) -> Iterator[Finding]:
    """F38: in a prepayment it is included; paid by course, it is paid for like one; F10: free after completing."""
    pay = read("pay_for_capstone", "capstone-projects/payment", title=course.title)
    kinds = {way.kind: way for way in access.open_ways}
    if "capstone" in kinds and not kinds.keys() & {"payment", "prepayment", "aid", "subscription", "plus"}:
        yield info("capstone_free_until", "F10", title=course.title, until=kinds["capstone"].until)
    elif access.is_paid:
        way = access.open_ways[0]
        yield fine("capstone_included", "F38", title=course.title, by=way.title, until=way.until)
    elif any(payment.kind == "course" and payment.item in others for payment in account.payments):
        yield problem("capstone_paid_separately", "F38", pay, title=course.title, price=course.price)
    elif access.ways:
        yield from causes(access)
    else:
        yield info("capstone_paid_separately", "F38", pay, title=course.title, price=course.price)
