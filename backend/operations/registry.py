"""The operations there are. Adding one: a module here, a rule in `policy`, a folder in `data/` (CONTRIBUTING)."""

from __future__ import annotations

from backend.operations.account import ChangeName, ResendConfirmation, ResetPassword, UnlinkLogin
from backend.operations.aid import ApplyForAid
from backend.operations.base import Operation
from backend.operations.delete_account import DeleteAccount
from backend.operations.refund import Refund
from backend.operations.reports import ReportEmailChange, ReportProblem
from backend.operations.subscriptions import CancelSubscription, CancelTrial
from backend.operations.unenroll import Unenroll

OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        Refund(),
        CancelSubscription(),
        CancelTrial(),
        Unenroll(),
        DeleteAccount(),
        UnlinkLogin(),
        ResendConfirmation(),
        ResetPassword(),
        ChangeName(),
        ApplyForAid(),
        ReportProblem(),
        ReportEmailChange(),
    )
}
