"""Which function decides or explains what: one name, the same in every layer.

`build(lists)` gives all of them; the two questions about lists, and aid under Coursera Plus, need these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from backend.policy.account import (
    decide_change_name,
    decide_delete_account,
    decide_report_email_change,
    decide_resend_confirmation,
    decide_reset_password,
    decide_unlink_login,
)
from backend.policy.aid import aid_rule, diagnose_aid_status
from backend.policy.certificates import diagnose_id_verification_status, diagnose_why_no_certificate
from backend.policy.charges import diagnose_double_charge, diagnose_refund_status
from backend.policy.coursework import diagnose_final_grade, diagnose_why_assignment_locked, diagnose_why_no_grade
from backend.policy.draft import Rule
from backend.policy.enrollments import diagnose_audit_option, diagnose_missing_course, diagnose_promotion
from backend.policy.findings import Question, question
from backend.policy.lists import Lists
from backend.policy.payment_methods import look_at_payment_method
from backend.policy.payments import diagnose_payment_status, diagnose_why_asked_to_pay_again
from backend.policy.plus import look_in_plus
from backend.policy.recognition import diagnose_capstone_access, diagnose_honors_recognition
from backend.policy.refund import decide_refund
from backend.policy.reports import decide_report_problem
from backend.policy.sign_in import diagnose_sign_in
from backend.policy.subscription_status import diagnose_subscription_status
from backend.policy.subscriptions import decide_cancel_subscription, decide_cancel_trial
from backend.policy.unenrol import decide_unenroll
from backend.policy.wishes import WISHES


@dataclass(frozen=True)
class Rules:
    """Every decision (operations and wishes) and every diagnosis by name."""

    decisions: Mapping[str, Rule]
    diagnoses: Mapping[str, Question]


# Those that need no list.
DECISIONS: Mapping[str, Rule] = MappingProxyType(
    {
        "refund": decide_refund,
        "cancel_subscription": decide_cancel_subscription,
        "cancel_trial": decide_cancel_trial,
        "unenroll": decide_unenroll,
        "delete_account": decide_delete_account,
        "unlink_login": decide_unlink_login,
        "resend_confirmation": decide_resend_confirmation,
        "reset_password": decide_reset_password,
        "change_name": decide_change_name,
        "report_email_change": decide_report_email_change,
        "apply_for_aid": aid_rule(),
        "report_problem": decide_report_problem,
        **WISHES,
    }
)

DIAGNOSES: Mapping[str, Question] = MappingProxyType(
    {
        "why_no_certificate": diagnose_why_no_certificate,
        "why_assignment_locked": diagnose_why_assignment_locked,
        "why_no_grade": diagnose_why_no_grade,
        "final_grade": diagnose_final_grade,
        "payment_status": diagnose_payment_status,
        "why_asked_to_pay_again": diagnose_why_asked_to_pay_again,
        "id_verification_status": diagnose_id_verification_status,
        "missing_course": diagnose_missing_course,
        "capstone_access": diagnose_capstone_access,
        "honors_recognition": diagnose_honors_recognition,
        "promotion": diagnose_promotion,
        "audit_option": diagnose_audit_option,
        "sign_in": diagnose_sign_in,
        "refund_status": diagnose_refund_status,
        "subscription_status": diagnose_subscription_status,
        "double_charge": diagnose_double_charge,
        "aid_status": diagnose_aid_status,
    }
)


def build(lists: Lists) -> Rules:
    """All rules, those that read the lists bound to these."""
    decisions = {**DECISIONS, "apply_for_aid": aid_rule(lists)}
    with_lists = {
        "in_plus": question("in_plus", guests=True)(partial(look_in_plus, lists=lists)),
        "payment_method": question("payment_method", guests=True)(partial(look_at_payment_method, lists=lists)),
    }
    return Rules(MappingProxyType(decisions), MappingProxyType({**DIAGNOSES, **with_lists}))
