"""Everything stored about a learner, for that learner and nobody else."""

from __future__ import annotations

from tests.backend.everywhere import assert_error
from tests.backend.running import Answer, Desk


async def ask(desk: Desk, learner: str, identity: str | None) -> Answer:
    headers = {"Authorization": f"Bearer {identity}"} if identity is not None else {}
    return await desk.call("GET", f"/api/v1/learners/{learner}/data", headers=headers)


async def test_a_learner_gets_their_account_and_every_conversation(each_desk: Desk) -> None:
    first, second = await each_desk.open("ana"), await each_desk.open("ana")
    await first.say("refund please")
    await first.press("Refund .*79")
    await first.post("rating", {"score": 5, "comment": "quick"})
    await second.say("my card is 4111 1111 1111 1111")
    other = await each_desk.open("ben")
    await other.say("something of ben's")
    data = (await ask(each_desk, "ana", each_desk.identity("ana"))).body
    assert data["account"]["payments"][0]["status"] == "refunded"
    assert {talk["id"] for talk in data["conversations"]} == {first.id, second.id}
    refunded = next(talk for talk in data["conversations"] if talk["id"] == first.id)
    assert [message["author"] for message in refunded["messages"]] == ["bot", "learner", "bot", "learner", "bot"]
    assert [proposal["state"] for proposal in refunded["proposals"]] == ["confirmed"]
    assert refunded["rating"] == {"score": 5, "comment": "quick"}
    told = str(data)
    for foreign in ("ben", "4111 1111", "correct horse", "password_hash", "token_hash"):
        assert foreign not in told


async def test_nobody_elses_data_can_be_had(desk: Desk) -> None:
    talk = await desk.open("ana")
    assert_error(await ask(desk, "ben", desk.identity("ana")), 401, 403, 404)
    for wrong in (None, "", "wrong", talk.token, desk.identity("nobody")):
        assert_error(await ask(desk, "ana", wrong), 401)
    for learner in ("nobody", "%00"):
        assert_error(await ask(desk, learner, desk.identity("ana")), 401, 403, 404)


async def test_a_deleted_learner_has_no_data_any_more(desk: Desk) -> None:
    identity, talk = desk.identity("ana"), await desk.open("ana")
    await talk.say("delete my account")
    await talk.press("delete")
    await talk.post("reauthenticate", {"password": "correct horse"})
    await talk.say("DELETE")
    desk.wait(minutes=1)
    for old_or_new in (identity, desk.identity("ana")):
        assert_error(await ask(desk, "ana", old_or_new), 401)
