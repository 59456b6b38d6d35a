"""Delete an account (D50): personal data goes everywhere, ids stay for the records that name them."""

from __future__ import annotations

from backend.operations.base import Done, Email, Operation, Work
from backend.store.erase import erase_learner


class DeleteAccount(Operation):
    """Permanent: a yes needs signing in again and the typed word besides."""

    name = "delete_account"
    has_target = False
    steps = ("reauthenticate", "type_to_confirm")

    async def carry_out(self, work: Work) -> Done:
        learner = work.learner
        values = {"name": learner.name, "email": learner.email, "at": work.now}
        await erase_learner(work.session, learner.id, work.now)
        return Done({}, [Email("email_delete_account", values, learner.email)])
