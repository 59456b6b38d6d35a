"""Which function decides what: one name an operation, the same in every layer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from backend.policy.draft import Rule
from backend.policy.refund import decide_refund

DECISIONS: Mapping[str, Rule] = MappingProxyType(
    {
        "refund": decide_refund,
    }
)
