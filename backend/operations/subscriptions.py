"""Cancel a subscription (F10 F15) or a free trial (F42): it runs to its end and is not charged again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from backend.operations.base import Candidate, Done, Email, Operation, Work
from backend.policy.facts import Account, Subscription
from backend.store.world_models import SubscriptionRow

# Those a wish to cancel most likely means come first.
_ORDER = ("active", "trialing", "cancelled", "inactive")


class CancelSubscription(Operation):
    """Target: a subscription's id. Trials are candidates too: the rule sends each to its own operation."""

    name = "cancel_subscription"
    statuses = ("active", "trialing")

    def candidates(self, account: Account, as_of: datetime) -> list[Candidate]:
        """The running ones; only if there are none, those that ended."""
        ranked = sorted(account.subscriptions, key=lambda sub: (_ORDER.index(sub.status), -sub.since.timestamp()))
        running = [sub for sub in ranked if sub.status in self.statuses]
        return [self._candidate(account, sub) for sub in running or ranked]

    @staticmethod
    def _candidate(account: Account, subscription: Subscription) -> Candidate:
        words = ("plus", "coursera plus", "membership") if subscription.item == "plus" else ("specialization",)
        if subscription.status == "trialing":
            words += ("trial", "free trial")
        detail = {"trialing": "free trial", "active": f"{subscription.plan} subscription"}.get(
            subscription.status, subscription.status
        )
        return Candidate(subscription.id, account.catalog.title_of(subscription.item), detail, words)

    async def carry_out(self, work: Work) -> Done:
        learner = work.learner
        subscription = learner.subscription(work.decision.target or "")
        if subscription is None:
            raise LookupError(f"a granted cancellation has no subscription: {work.decision.target!r}")
        await work.session.execute(
            update(SubscriptionRow)
            .where(SubscriptionRow.learner_id == learner.id, SubscriptionRow.id == subscription.id)
            .values(status="cancelled", cancelled_at=max(work.now, subscription.since), cancel_reason="learner")
        )
        ends_at = subscription.trial_ends_at if subscription.status == "trialing" else subscription.period_ends_at
        values = {"title": learner.catalog.title_of(subscription.item), "ends_at": ends_at, "name": learner.name}
        return Done(values, [Email(f"email_{work.decision.operation}", values, learner.email)])


class CancelTrial(CancelSubscription):
    """The same for a trial; what differs is the rule and its words."""

    name = "cancel_trial"
    statuses = ("trialing",)

    def candidates(self, account: Account, as_of: datetime) -> list[Candidate]:
        """Trials; without one, whatever can be cancelled, as people call both by either name."""
        trials = [sub for sub in account.subscriptions if sub.status == "trialing"]
        return [self._candidate(account, sub) for sub in trials] or CancelSubscription().candidates(account, as_of)
