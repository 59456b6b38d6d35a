"""Which refusals a supervisor may overrule: those where the desk chose its own limit, never those that are facts.

Money that is not here, was given back, or was taken by somebody else is not a matter of goodwill; nor is what was
done already, what a program of somebody else decides, or who somebody is. What is not named here stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from backend.policy.decision import Decision, Outcome
from backend.policy.facts import Request

# By operation, the reasons that may be set aside.
MAY_BE_OVERRULED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        # F10 F16 F20: the window, the certificate and the monthly charge are the desk's own terms.
        "refund": frozenset(
            {"refund_window_closed", "certificate_already_earned", "subscription_payment_not_refundable"}
        ),
        # F04 F11: so are the terms of leaving a course.
        "unenroll": frozenset({"paid_and_not_refundable", "aid_older_than_two_weeks"}),
    }
)


def set_aside(operation: str, request: Request) -> frozenset[str]:
    """The codes a rule sets aside for this request: those that were overruled and may be."""
    return MAY_BE_OVERRULED.get(operation, frozenset()) & frozenset(request.overruled)


def what_stands(decision: Decision) -> tuple[str, ...]:
    """The reasons of a refusal that nobody may overrule."""
    may = MAY_BE_OVERRULED.get(decision.operation, frozenset())
    return tuple(code for code in decision.codes if code not in may)


def is_overrulable(decision: Decision) -> bool:
    """Whether a supervisor may overrule this: a refusal, for nothing but reasons that may be set aside."""
    return decision.outcome is Outcome.REFUSED and bool(decision.reasons) and not what_stands(decision)
