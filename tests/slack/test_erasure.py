"""When a learner's account is deleted, what Slack shows of them goes too."""

from __future__ import annotations

from backend.store.erase import erase_learner
from tests.slack.office import SUPPORT, Office


async def test_cards_and_threads_of_a_deleted_account_are_taken_away(office: Office) -> None:
    sam = await office.colleague("Sam")
    ana, ben = await office.desk.open("ana"), await office.desk.open("ben")
    for talk in (ana, ben):
        await talk.say("a person please")
        await office.settle()
        await sam.press(office.card("Waiting"), "lectern_claim")
    await ana.say("my secret")
    await office.settle()
    async with office.desk.services.store.write() as session:
        await erase_learner(session, "ana", office.desk.services.clock.now())
    await office.settle()
    left = str(office.slack.channels[SUPPORT])
    assert "Ana" not in left and "my secret" not in left
    assert "Ben" in left
