"""Alerts and the digest: each once."""

from __future__ import annotations

import asyncio

from backend.store.desk_models import OutboxRow
from tests.slack.double import text_of
from tests.slack.office import SUPPORT, running_office

ALERTS = "C0ALERTS"


def _texts(office, channel: str = SUPPORT) -> list[str]:
    return [text_of(root) for root in office.slack.roots(channel)]


async def test_an_urgent_conversation_calls_whoever_is_there(office) -> None:
    ana = await office.desk.open("ana")
    await ana.say("I can't go on like this")
    await office.settle()
    alerts = [text for text in _texts(office) if "can't wait" in text]
    assert len(alerts) == 1 and "<!here>" in alerts[0] and "in distress" in alerts[0]
    await office.settle()
    assert len([text for text in _texts(office) if "can't wait" in text]) == 1


async def test_a_long_queue_is_told_once_and_once_more_when_it_is_over(sqlite_url, quick_parts) -> None:
    async with running_office(sqlite_url, slack_queue_limit=1, slack_alert_channel=ALERTS) as office:
        office.slack.channels[ALERTS] = []
        talks = [await office.desk.open(learner) for learner in ("ana", "ben")]
        for talk in talks:
            await talk.say("a person please")
            await office.settle()
            await office.settle()
        assert [text.count("queue is long") for text in _texts(office, ALERTS)] == [2]
        await talks[0].press("assistant instead")
        await office.settle()
        await office.settle()
        assert "within its limit again" in _texts(office, ALERTS)[1]
        assert len(_texts(office, ALERTS)) == 2


async def test_failing_deliveries_are_told(office) -> None:
    now = office.desk.services.clock.now()
    async with office.desk.services.store.write() as session:
        session.add(OutboxRow(id="out_1", kind="webhook", payload={}, created_at=now, next_attempt_at=now, attempts=5))
    await office.settle()
    await office.settle()
    assert len([text for text in _texts(office) if "Deliveries fail" in text]) == 1


async def test_the_digest_comes_once_a_day_at_its_hour(database_url, quick_parts) -> None:
    async with running_office(database_url, slack_digest_hour=13) as office:
        ana = await office.desk.open("ana")
        for text in ("How long do refunds take?", "asdf what", "Asdf  what", "a person please"):
            await ana.say(text)
        await office.settle()
        assert not [text for text in _texts(office) if "The day up to" in text]
        office.desk.wait(hours=1, minutes=5)
        async with running_office(database_url, office.slack, slack_digest_hour=13) as other:
            other.desk.services.clock.set(office.desk.services.clock.now())
            await asyncio.gather(office.settle(), other.settle())
        digests = [text for text in _texts(office) if "The day up to" in text]
        assert len(digests) == 1
        assert "*1* conversations" in digests[0] and "*1* handed over" in digests[0]
        assert "asdf what (2 times)" in digests[0]
        office.desk.wait(days=1)
        await office.settle()
        assert len([text for text in _texts(office) if "The day up to" in text]) == 2
