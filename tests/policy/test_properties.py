"""What holds for any account: an answer with reasons, the same one twice, and no yes beside a fact that refuses."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.policy import facts, rules
from backend.policy.decision import Outcome
from backend.policy.lists import Lists
from backend.policy.money import Money
from backend.policy.parameters import Parameters

from .tables import words

PARAMS = Parameters.load()
RULES = rules.build(Lists.load())
NOW = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)
COURSES, SPECS = ("basics", "advanced", "capstone"), ("path", "short")
PROFILE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Reasons that refuse: never beside a yes.
REFUSING = words("""
    refund_window_closed certificate_already_earned subscription_payment_not_refundable no_charge_during_trial
    test_charge_returned_automatically paid_through_apple paid_through_marketplace already_refunded
    payment_not_completed refund_needs_website no_partial_refunds started_through_apple already_cancelled
    not_active completed_with_certificate paid_and_not_refundable aid_older_than_two_weeks old_platform
    program_managed not_enrolled active_subscription organisation_managed only_sign_in_method not_linked
    email_already_confirmed id_verification_locks_name only_capitalisation_differs name_not_verified_yet
    course_offers_no_aid application_too_short pledge_missing aid_needs_website_on_a_computer
    application_under_review aid_already_active trial_blocks_aid too_late_for_degree_course
""")

# Instants near the edges the rules know, to the second.
instants = st.builds(
    lambda days, seconds: NOW - timedelta(days=days, seconds=seconds),
    st.sampled_from([-30, -15, -7, 0, 1, 7, 14, 15, 28, 90, 180, 365, 400]),
    st.sampled_from([-1, 0, 1]),
)
maybe_instants = st.none() | instants
vias = st.sampled_from(["web", "ios_app", "android_app", "marketplace:Learnhub"])
money = st.builds(Money, st.integers(0, 100_000), st.sampled_from(["USD", "INR", "JPY"]))


def sampled(*values: object) -> st.SearchStrategy:
    return st.sampled_from(values)


assignments = st.builds(
    facts.Assignment,
    id=sampled("a1", "a2", "a3"),
    title=st.just("Work"),
    weight=sampled(0.0, 0.3, 0.7),
    passing=sampled(None, 0.5, 0.8),
    required=st.booleans(),
    honors=st.booleans(),
    opens_after=sampled(None, "a1"),
    locked_by_staff=st.booleans(),
    peer_reviews_needed=sampled(0, 3),
    reviews_to_give=sampled(0, 2),
)


def courses(id: str) -> st.SearchStrategy[facts.Course]:
    return st.builds(
        facts.Course,
        id=st.just(id),
        title=st.just(id.title()),
        partner=sampled(None, "Duke University", "IBM", "Acme"),
        price=st.none() | money,
        starts_at=maybe_instants,
        offers=st.builds(facts.Offers, st.booleans(), st.booleans(), st.booleans(), st.booleans()),
        verification=sampled("name", "id"),
        program=sampled("none", "degree", "mastertrack", "professional_certificate", "business"),
        platform=sampled("new", "old"),
        passing_threshold=sampled(None, 0.7),
        access_days=sampled(None, 30),
        capstone=sampled(None, "open", "closed") if id == "capstone" else st.none(),
        assignments=st.lists(assignments, max_size=3, unique_by=lambda item: item.id).map(tuple),
    )


catalogs = st.builds(
    lambda basics, advanced, capstone: facts.Catalog(
        {course.id: course for course in (basics, advanced, capstone)},
        {
            "path": facts.Specialization("path", "Path", COURSES, monthly_price=Money(4900, "USD")),
            "short": facts.Specialization("short", "Short", ("basics",)),
        },
    ),
    *(courses(id) for id in COURSES),
)


def listed(made: type, prefix: str, /, **known: st.SearchStrategy) -> st.SearchStrategy[tuple]:
    """Up to three of a kind, with ids of their own."""
    built = st.lists(st.fixed_dictionaries(known), max_size=3)
    return built.map(lambda items: tuple(made(id=f"{prefix}-{n}", **item) for n, item in enumerate(items, 1)))


accounts = st.builds(
    facts.Account,
    id=st.just("ana"),
    name=st.just("Ana Silva"),
    email=sampled("ana@example.org", "deleted-account-1@example.org"),
    country=sampled(None, "DE", "IN"),
    email_confirmed=st.booleans(),
    sign_ins=st.lists(sampled("password", "facebook", "google"), min_size=1, unique=True).map(tuple),
    sso_organisation=sampled(None, "Acme"),
    sso_linked=st.booleans(),
    name_verification=sampled("none", "pending", "approved"),
    id_verification=sampled("none", "pending", "approved", "denied"),
    enrollments=listed(
        facts.Enrollment,
        "enr",
        course=st.sampled_from(COURSES),
        mode=sampled("paid", "subscription", "plus", "trial", "aid", "audit", "full_no_certificate", "preenrolled"),
        since=instants,
        completed_at=maybe_instants,
        ended_at=maybe_instants,
    ),
    payments=listed(
        facts.Payment,
        "pay",
        kind=sampled("course", "specialization_prepay", "subscription", "plus", "trial_hold"),
        item=st.sampled_from((*COURSES, *SPECS, "plus")),
        amount=money,
        at=instants,
        via=vias,
        status=sampled("pending", "completed", "completed", "completed", "failed", "refunded"),
        promotion=sampled(None, "SPRING"),
        refunded_at=sampled(None, None, NOW - timedelta(days=7)),
    ),
    subscriptions=listed(
        facts.Subscription,
        "sub",
        item=st.sampled_from((*SPECS, "plus")),
        plan=sampled("monthly", "yearly"),
        status=sampled("trialing", "active", "cancelled", "inactive"),
        since=instants,
        period_ends_at=maybe_instants,
        trial_ends_at=maybe_instants,
        via=vias,
        cancelled_at=maybe_instants,
        cancel_reason=sampled(None, "learner", "staff", "payment_failed", "completed"),
    ),
    certificates=st.lists(st.builds(facts.Certificate, st.sampled_from(COURSES), instants), max_size=2).map(tuple),
    aid=listed(
        facts.AidApplication,
        "aid",
        course=st.sampled_from(COURSES),
        submitted_at=instants,
        words=st.integers(0, 300),
        status=sampled("submitted", "approved", "denied", "cancelled"),
        decided_at=maybe_instants,
        reason=sampled(None, "too vague"),
    ),
    submissions=st.lists(
        st.builds(
            facts.Submission,
            st.sampled_from(COURSES),
            sampled("a1", "a2", "a3"),
            sampled("draft", "submitted", "graded"),
            sampled(None, 0.2, 0.8),
            sampled(0, 3),
            sampled(0, 2),
        ),
        max_size=4,
    ).map(tuple),
    promotions=st.lists(
        st.builds(facts.Promotion, sampled("SPRING", "COOK"), st.just(20), sampled((), ("basics",)), maybe_instants),
        max_size=2,
    ).map(tuple),
    refunds=st.sampled_from([(), (facts.Refund("ref-1", "pay-1", Money(1, "USD"), NOW, NOW + timedelta(days=7)),)]),
    catalog=catalogs,
)
targets = st.none() | st.sampled_from(
    sorted(
        words(
            """pay-1 pay-2 sub-1 sub-2 enr-1 aid-1 basics capstone path plus a1 basics/a2 facebook password SPRING
            nothing"""
        )
    )
)
details = st.fixed_dictionaries(
    {},
    optional={
        "part": st.booleans(),
        "name": sampled("Ana Silva", "ANA SILVA", "Ana Souza", ""),
        "provider": sampled("facebook", "google"),
        "education": sampled("", "word " * 60),
        "goals": sampled("", "word " * 60),
        "circumstances": sampled("", "word " * 60),
        "pledge": st.booleans(),
        "text": sampled("", "is duke in plus", "can i pay with paypal in germany"),
        "link": sampled("", "https://example.org/1"),
        "kind": sampled("course_problem", "abuse", "unheard of"),
    },
)
requests = st.builds(facts.Request, channel=sampled("web", "mobile", "slack"), details=details)
# Before 2020-01-01 no parameter is in force.
moments = st.sampled_from([NOW, NOW, NOW, NOW + timedelta(seconds=1), datetime(2019, 6, 1, tzinfo=timezone.utc)])


@PROFILE
@given(accounts, targets, requests, moments)
def test_every_decision_is_reasoned_repeatable_and_consistent(account, target, request, as_of) -> None:
    for name, decide in RULES.decisions.items():
        decision = decide(account, target, request, as_of, PARAMS)
        assert decision.reasons, name
        assert decision == decide(account, target, request, as_of, PARAMS)
        assert decision.outcome is not Outcome.GRANTED or not set(decision.codes) & REFUSING, decision.codes
        assert decision.outcome is not Outcome.REFUSED or decision.remedies, (name, decision.codes)
        assert decision.is_actionable or not decision.consequences
        assert decision.same_effect_as(json.loads(json.dumps(decision.to_record())))
        assert "no_rule_in_force" not in decision.codes or decision.outcome is Outcome.REFER_TO_AGENT


@PROFILE
@given(accounts, targets, requests, moments)
def test_every_diagnosis_finds_something_and_the_same_twice(account, target, request, as_of) -> None:
    for name, diagnose in RULES.diagnoses.items():
        diagnosis = diagnose(account, target, request, as_of, PARAMS)
        assert diagnosis.findings, name
        assert diagnosis == diagnose(account, target, request, as_of, PARAMS)
        assert {finding.status for finding in diagnosis.findings} <= {"problem", "ok", "info"}
        json.dumps(diagnosis.to_json())


@PROFILE
@given(accounts, requests)
def test_a_granted_refund_has_no_fact_against_it(account, request) -> None:
    for payment in account.payments:
        decision = RULES.decisions["refund"](account, payment.id, request, NOW, PARAMS)
        if decision.outcome is Outcome.GRANTED:
            assert payment.status == "completed" and payment.refunded_at is None
            assert payment.kind in ("course", "specialization_prepay") and payment.via in ("web", "android_app")
            assert decision.deadline >= NOW and decision.deadline - payment.at >= timedelta(days=14)
            assert request.channel != "mobile" and not request.details.get("part")


@PROFILE
@given(accounts)
def test_a_refund_once_refused_for_its_window_stays_refused(account) -> None:
    for payment in account.payments:
        refused = RULES.decisions["refund"](account, payment.id, facts.Request(), NOW, PARAMS)
        if "refund_window_closed" in refused.codes:
            later = RULES.decisions["refund"](account, payment.id, facts.Request(), NOW + timedelta(days=1), PARAMS)
            assert "refund_window_closed" in later.codes


def test_a_guest_is_never_refused_for_want_of_an_account() -> None:
    for name, decide in RULES.decisions.items():
        decision = decide(None, None, facts.Request(), NOW, PARAMS)
        assert decision.outcome is not Outcome.REFUSED or decision.remedies, name
        assert decision.reasons
    for diagnose in RULES.diagnoses.values():
        assert diagnose(None, None, facts.Request(), NOW, PARAMS).findings
