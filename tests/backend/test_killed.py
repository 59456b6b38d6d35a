"""Killed in the middle of carrying out: afterwards all of it is done or none of it, and a restart finishes it once.

A process of its own (`killable.py`) takes a learner's yes on a real database and is killed with SIGKILL at every
statement in turn, and before and after every commit. Each time another one is then sent the same `client_id`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from backend.store.desk_models import (
    AuditRow,
    ConfirmationRow,
    ConversationRow,
    MessageRow,
    OutboxRow,
    ProposalRow,
    TurnRow,
)
from backend.store.world_models import EnrollmentRow, PaymentRow, RefundRow
from tests.backend.running import Desk

# More moments than a turn has: beyond the last one nothing is killed, and the test ends there.
MOST = {"statement": 80, "before_commit": 6, "after_commit": 6}
ALL = {
    "payment": "refunded",
    "ended": 1,
    "refunds": 1,
    "audit": 1,
    "mails": 1,
    "confirmations": 1,
    "offer": "confirmed",
}
NOTHING = {
    "payment": "completed",
    "ended": 0,
    "refunds": 0,
    "audit": 0,
    "mails": 0,
    "confirmations": 0,
    "offer": "open",
}


def world(learners: int) -> dict[str, Any]:
    """Learners alike, one for each moment to be killed at."""
    when = "2026-03-01T09:00:00Z"
    return {
        "now": "2026-03-10T12:00:00Z",
        "catalog": {"courses": [{"id": "ml-basics", "title": "Machine Learning Basics", "price": "79.00 USD"}]},
        "learners": [
            {
                "id": f"ana-{number}",
                "name": "Ana Silva",
                "email": f"ana{number}@example.org",
                "enrollments": [{"id": "enr-1", "course": "ml-basics", "mode": "paid", "since": when}],
                "payments": [{"id": "pay-1", "kind": "course", "item": "ml-basics", "amount": "79.00 USD", "at": when}],
            }
            for number in range(learners)
        ],
    }


class Killable:
    """The process that takes turns and can be killed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def take(self, **asked: Any) -> dict[str, Any]:
        """What became of a turn: `{"killed": true}`, or `{"answer": …, "statements": …}`."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        await self._process.stdin.drain()
        line = await asyncio.wait_for(self._process.stdout.readline(), 60)
        assert line, "the process went away"
        return dict(json.loads(line))


@pytest.fixture
async def killable(root: Path) -> AsyncIterator[Killable]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.backend.killable", cwd=root, stdin=-1, stdout=-1
    )
    yield Killable(process)
    assert process.stdin
    process.stdin.close()
    await process.wait()


async def state(desk: Desk, learner: str, conversation: str) -> dict[str, Any]:
    """What the database shows of the refund."""
    mine = PaymentRow.learner_id == learner
    async with desk.services.store.read() as session:

        async def count(model: Any, *where: Any) -> int:
            return int(await session.scalar(select(func.count()).select_from(model).where(*where)) or 0)

        offer = await session.scalar(select(ProposalRow).where(ProposalRow.conversation_id == conversation))
        assert offer is not None
        return {
            "payment": await session.scalar(select(PaymentRow.status).where(mine)),
            "ended": await count(
                EnrollmentRow, EnrollmentRow.learner_id == learner, EnrollmentRow.ended_at.is_not(None)
            ),
            "refunds": await count(RefundRow, RefundRow.learner_id == learner),
            "audit": await count(AuditRow, AuditRow.learner_id == learner, AuditRow.operation == "refund"),
            "mails": await count(OutboxRow, OutboxRow.learner_id == learner),
            "confirmations": await count(ConfirmationRow, ConfirmationRow.proposal_id == offer.id),
            "offer": offer.state,
        }


async def transcript_is_whole(desk: Desk, conversation: str) -> None:
    """Numbers without gaps, the last one known, one turn for each client_id, one answer to the yes."""
    async with desk.services.store.read() as session:
        rows = await session.scalars(
            select(MessageRow).where(MessageRow.conversation_id == conversation).order_by(MessageRow.seq)
        )
        messages = rows.all()
        row = await session.get(ConversationRow, conversation)
        turns = (await session.scalars(select(TurnRow).where(TurnRow.conversation_id == conversation))).all()
    assert row is not None
    assert [message.seq for message in messages] == list(range(1, len(messages) + 1))
    assert row.last_seq == len(messages)
    assert [message.author for message in messages] == ["bot", "learner", "bot", "learner", "bot"]
    assert len(turns) == 2
    assert all(turn.finished_at for turn in turns)


async def kill_at_every(desk: Desk, killable: Killable, point: str) -> list[bool]:
    """Kill at the first, the second, … `point` of a turn until there are no more; whether each was done by then."""
    url = desk.services.settings.database
    await desk.load(world(MOST[point]))
    done_by_then = []
    for number in range(MOST[point]):
        talk = await desk.open(f"ana-{number}")
        await talk.say("refund please")
        button = talk.button("Refund .*79")
        turn = {"url": url, "conversation": talk.id, "client_id": "yes", "press": button}
        outcome = await killable.take(**turn, kill={point: number + 1})
        found = await state(desk, f"ana-{number}", talk.id)
        assert found in (ALL, NOTHING), (point, number, found)
        if not outcome.get("killed"):
            assert found == ALL, outcome
            return done_by_then
        done_by_then.append(found == ALL)
        again = [await talk.press_id(button, "yes"), await talk.press_id(button, "yes")]
        assert [answer.kinds for answer in again] == [["result"], ["result"]]
        assert "Done" in again[0].texts[0]
        assert again[0].body == again[1].body
        assert await state(desk, f"ana-{number}", talk.id) == ALL
        await transcript_is_whole(desk, talk.id)
    raise AssertionError(f"a turn has more than {MOST[point]} moments of this kind")


async def test_killed_at_any_statement_all_of_it_is_done_or_none_and_a_restart_finishes_it_once(
    each_desk: Desk, killable: Killable
) -> None:
    done_by_then = await kill_at_every(each_desk, killable, "statement")
    # The yes takes effect when the last statement is committed: nothing of it before.
    assert done_by_then == [False] * len(done_by_then)
    assert len(done_by_then) > 15
    await deliver_everything(each_desk)


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
async def test_killed_around_any_commit_all_of_it_is_done_or_none(
    each_desk: Desk, killable: Killable, point: str
) -> None:
    done_by_then = await kill_at_every(each_desk, killable, point)
    assert done_by_then == ([False, False] if point == "before_commit" else [False, True])


async def deliver_everything(desk: Desk) -> None:
    """The courier of a desk that was started again delivers each mail that is owed, once."""
    owed = await desk.owed()
    assert owed
    sent: list[str] = []

    class Mailer:
        async def send(self, to: str, subject: str, body: str, message_id: str) -> None:
            sent.append(to)

    desk.services.courier._mailer = Mailer()
    while await desk.services.courier.deliver_due():
        pass
    assert sorted(sent) == sorted(mail["payload"]["to"] for mail in owed)
    assert len(set(sent)) == len(sent)
    assert await desk.owed() == []
