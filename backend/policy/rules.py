"""Which function decides or explains what: one name, the same in every layer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from backend.policy.charges import diagnose_double_charge, diagnose_refund_status
from backend.policy.draft import Rule
from backend.policy.findings import Question
from backend.policy.refund import decide_refund
from backend.policy.wishes import WISHES

DECISIONS: Mapping[str, Rule] = MappingProxyType(
    {
        "refund": decide_refund,
        **WISHES,
    }
)

DIAGNOSES: Mapping[str, Question] = MappingProxyType(
    {
        "refund_status": diagnose_refund_status,
        "double_charge": diagnose_double_charge,
    }
)
