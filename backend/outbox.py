"""What is owed to the outside: written with its cause, delivered by a worker, retried until it is through."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.clock import Clock
from backend.ids import new_id, same
from backend.store.base import Store
from backend.store.desk_models import OutboxRow
from backend.tasks import Repeated
from backend.wording import Wording

log = structlog.get_logger()
# After the last of these waits the next ones stay an hour apart: an outage delays and never loses.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (2, 10, 30, 120, 600, 3600))
LEASE = timedelta(seconds=60)
SIGNED_FOR = 300


class Mailer(Protocol):
    """Sends one mail or raises."""

    async def send(self, to: str, subject: str, body: str, message_id: str) -> None: ...


class Webhook(Protocol):
    """Posts one signed event or raises."""

    async def post(self, body: bytes, headers: Mapping[str, str]) -> None: ...


class Outbox:
    """Writes what is owed. Without a webhook address none are owed."""

    def __init__(self, wording: Wording, *, webhooks: bool) -> None:
        self._wording = wording
        self._webhooks = webhooks

    def owe_email(
        self,
        session: AsyncSession,
        learner_id: str | None,
        to: str,
        wording: str,
        values: Mapping[str, Any],
        now: datetime,
    ) -> str:
        """A mail worded `utter_<wording>_subject` and `utter_<wording>_body`; its id."""
        payload = {
            "to": to,
            "subject": self._wording.say(f"{wording}_subject", values),
            "body": self._wording.say(f"{wording}_body", values),
        }
        row = _row("email", learner_id, payload, now)
        session.add(row)
        return row.id

    def owe_webhook(
        self, session: AsyncSession, learner_id: str | None, payload: Mapping[str, Any], now: datetime
    ) -> None:
        """An event for the platform."""
        if self._webhooks:
            session.add(_row("webhook", learner_id, dict(payload), now))


def _row(kind: str, learner_id: str | None, payload: dict[str, Any], now: datetime) -> OutboxRow:
    return OutboxRow(
        id=new_id("out"), kind=kind, learner_id=learner_id, payload=payload, created_at=now, next_attempt_at=now
    )


def sign_webhook(body: bytes, secret: str, delivery_id: str, at: int) -> dict[str, str]:
    """Headers of a webhook. The receiver recomputes HMAC-SHA256 over `<id>.<timestamp>.<body>` and compares."""
    signed = b".".join((delivery_id.encode(), str(at).encode(), body))
    return {
        "Content-Type": "application/json",
        "Lectern-Delivery": delivery_id,
        "Lectern-Timestamp": str(at),
        "Lectern-Signature": "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(),
    }


def signed_delivery(body: bytes, headers: Mapping[str, str], secret: str, now: datetime) -> str | None:
    """The delivery's id, if it was signed so within five minutes of now."""
    delivery, stamp = headers.get("Lectern-Delivery", ""), headers.get("Lectern-Timestamp", "")
    if not (delivery and len(delivery) <= 100 and delivery.isprintable() and stamp.isascii() and stamp.isdigit()):
        return None
    at = int(stamp[:12])
    expected = sign_webhook(body, secret, delivery, at)["Lectern-Signature"]
    is_signed = same(headers.get("Lectern-Signature", ""), expected)
    return delivery if is_signed and abs(now.timestamp() - at) <= SIGNED_FOR else None


class Courier:
    """Delivers the outbox in the background. Several may run: each row is leased before it is tried."""

    def __init__(
        self, store: Store, clock: Clock, mailer: Mailer, webhook: Webhook | None, secret: str, *, every: float = 1.0
    ) -> None:
        self._store = store
        self._clock = clock
        self._mailer = mailer
        self._webhook = webhook
        self._secret = secret
        self._task = Repeated("courier", lambda: self.deliver_due(), every)

    def start(self) -> None:
        self._task.start()

    async def stop(self) -> None:
        """What is not through by then stays owed."""
        await self._task.stop()

    async def deliver_due(self, limit: int = 20) -> int:
        """Try what is due now; how many got through.

        All at the same time: a batch takes as long as its slowest delivery, and so ends well within its lease.
        """
        tries = [self._try(row) for row in await self._lease(limit)]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return outcomes.count(True)

    async def _try(self, row: OutboxRow) -> bool:
        """Whether it got through."""
        try:
            await self._deliver(row)
        except Exception as error:  # whatever the other side does to us, the row stays owed
            await self._failed(row, error)
            return False
        await self._mark(row.id, delivered_at=self._clock.now(), last_error=None)
        return True

    async def _lease(self, limit: int) -> list[OutboxRow]:
        now = self._clock.now()
        due = [OutboxRow.delivered_at.is_(None), or_(OutboxRow.next_attempt_at <= now, OutboxRow.created_at > now)]
        if self._webhook is None:  # those of an address that is not set any more wait until there is one again
            due.append(OutboxRow.kind != "webhook")
        async with self._store.read() as session:
            if (await session.scalar(select(OutboxRow.id).where(*due).limit(1))) is None:
                return []
        async with self._store.write() as session:
            query = select(OutboxRow).where(*due).order_by(OutboxRow.created_at).limit(limit)
            rows = list((await session.scalars(query.with_for_update(skip_locked=True))).all())
            for row in rows:
                row.attempts += 1
                row.next_attempt_at = now + LEASE
        return rows

    async def _deliver(self, row: OutboxRow) -> None:
        if row.kind == "email":
            await self._mailer.send(row.payload["to"], row.payload["subject"], row.payload["body"], row.id)
        elif self._webhook is not None:
            body = json.dumps({"id": row.id, **row.payload}, ensure_ascii=False, separators=(",", ":")).encode()
            headers = sign_webhook(body, self._secret, row.id, int(self._clock.now().timestamp()))
            await self._webhook.post(body, headers)

    async def _failed(self, row: OutboxRow, error: Exception) -> None:
        wait = WAITS[min(row.attempts, len(WAITS)) - 1]
        name = type(error).__name__
        log.warning("outbox.delivery.failed", kind=row.kind, id=row.id, attempts=row.attempts, error=name)
        await self._mark(row.id, next_attempt_at=self._clock.now() + wait, last_error=name)

    async def _mark(self, row_id: str, **values: Any) -> None:
        async with self._store.write() as session:
            await session.execute(update(OutboxRow).where(OutboxRow.id == row_id).values(**values))
