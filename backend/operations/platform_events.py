"""The platform's events: what happened to an account is written down, and what the rules say follows is done, once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.errors import BadInput, NotFound
from backend.operations.automatic import Automatic
from backend.policy.decision import Reason
from backend.policy.facts import Account
from backend.store.accounts import load_account
from backend.store.base import Store
from backend.store.desk_models import PlatformEventRow
from backend.store.world import put_records

log = structlog.get_logger()
# Where the record of each event belongs in the world's shape.
_LISTS = {"subscription_started": "subscriptions", "charge_failed": "payments", "certificate_earned": "certificates"}


class PlatformEvents:
    """Takes one event in one transaction: the record, what follows from it, and that it was taken."""

    def __init__(self, store: Store, clock: Clock, automatic: Automatic) -> None:
        self._store = store
        self._clock = clock
        self._automatic = automatic

    async def take(self, delivery: str, kind: str, learner_id: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """`{"state": "done"|"already", "reasons": […]}`. Raises NotFound for nobody, BadInput for a record that does
        not fit."""
        now = self._clock.now()
        async with self._store.write() as session:
            # The learner's row first, as everything that changes an account does: two events take turns.
            if await load_account(session, learner_id, for_update=True) is None:
                raise NotFound("There is no such learner.", field="learner")
            if await session.get(PlatformEventRow, delivery) is not None:
                return {"state": "already", "reasons": []}
            if kind == "charge_failed" and record.get("status") != "failed":
                raise BadInput("Expected a payment with status 'failed'.", field="payment.status")
            session.add(PlatformEventRow(id=delivery, kind=kind, learner_id=learner_id, at=now))
            await put_records(session, learner_id, {_LISTS[kind]: [record]}, now=now)
            account = await load_account(session, learner_id)
            followed = await self._follow(session, kind, account, record) if account else ()
        log.info("platform.event", kind=kind, followed=[reason.code for reason in followed])
        return {"state": "done", "reasons": [reason.to_json() for reason in followed]}

    async def _follow(
        self, session: AsyncSession, kind: str, account: Account, record: Mapping[str, Any]
    ) -> tuple[Reason, ...]:
        now = self._clock.now()
        if kind == "subscription_started":
            return await self._automatic.subscription_started(session, account, record["id"], now)
        if kind == "charge_failed":
            return await self._automatic.charge_failed(session, account, record["item"], now)
        return await self._automatic.certificate_earned(session, account, record["course"], now)
