"""The operations there are. Adding one: a module here, a rule in `policy`, a folder in `data/` (CONTRIBUTING)."""

from __future__ import annotations

from backend.operations.base import Operation
from backend.operations.refund import Refund

OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in (Refund(),)}
