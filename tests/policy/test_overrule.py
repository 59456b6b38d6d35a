"""What may be overruled: the desk's own terms and nothing else, and never more than was named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.policy import overrule, rules
from backend.policy.decision import Decision, Outcome
from backend.policy.facts import Request
from backend.policy.lists import Lists
from backend.policy.parameters import Parameters
from tests.policy.tables import Case, cases

PARAMS = Parameters.load()
RULES = rules.build(Lists.load())
# Facts, and matters of others: whoever adds one of these to what may be overruled breaks this.
STANDS = frozenset(
    """
    already_refunded payment_not_completed no_charge_during_trial test_charge_returned_automatically paid_through_apple
    paid_through_marketplace no_partial_refunds not_enrolled completed_with_certificate old_platform program_managed
    already_cancelled not_active started_through_apple active_subscription organisation_managed not_linked
    only_sign_in_method email_already_confirmed id_verification_locks_name
    """.split()
)


def decided(case: Case, **changes: object) -> Decision:
    request = replace(case.request, **changes)
    return RULES.decisions[case.rule](case.account, case.target, request, case.as_of, PARAMS)


REFUSED = [case for case in cases() if case.kind == "decide" and decided(case).outcome is Outcome.REFUSED]


def test_what_is_a_fact_or_somebody_elses_stands() -> None:
    may = frozenset().union(*overrule.MAY_BE_OVERRULED.values())
    assert may & STANDS == set()
    seen = {code for case in REFUSED for code in decided(case).codes}
    assert may | STANDS <= seen, "a code that no rule gives"


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in REFUSED])
def test_a_refusal_is_overruled_if_and_only_if_all_its_reasons_may_be(case: Case) -> None:
    before = decided(case, overruled=())
    after = decided(case, overruled=before.codes)
    if before.outcome is not Outcome.REFUSED:
        assert not overrule.is_overrulable(before)
        return
    stands = overrule.what_stands(before)
    assert overrule.is_overrulable(before) is (not stands)
    assert set(stands) <= set(after.codes), "something that stands was set aside"
    if stands:
        assert after.outcome is Outcome.REFUSED
    else:
        # A whole Specialization is not overruled in one go: then nothing is set aside at all. That the website is
        # needed is said only where nothing else stands in the way.
        nothing = (after.codes, after.notes) == (before.codes, before.notes)
        assert after.is_actionable or nothing or after.codes == ("refund_needs_website",)


def test_both_sides_are_there() -> None:
    able = [overrule.is_overrulable(decided(case, overruled=())) for case in REFUSED]
    assert able.count(True) > 5 and able.count(False) > 20


def test_what_is_granted_or_unknown_cannot_be_overruled() -> None:
    others = [case for case in cases() if case.kind == "decide" and case not in REFUSED]
    assert len(others) > 20
    assert not any(overrule.is_overrulable(decided(case)) for case in others)


def test_a_code_of_another_operation_sets_nothing_aside() -> None:
    request = Request(overruled=("refund_window_closed",))
    assert overrule.set_aside("refund", request) == {"refund_window_closed"}
    assert overrule.set_aside("unenroll", request) == frozenset()
    assert overrule.set_aside("delete_account", request) == frozenset()
