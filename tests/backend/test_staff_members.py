"""The members of staff: everybody sees them, only an admin makes and changes them, and it is on record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pyotp
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from sqlalchemy import select

from backend.conversations import presence
from backend.errors import StoreUnavailable, Unauthorized
from backend.staff.accounts import TRIES, Member
from backend.staff.returning import LEFT, Returning
from backend.store.console_models import HandoffRow
from backend.store.desk_models import AuditRow, OwnershipRow, StaffRow
from tests.backend.everywhere import assert_error
from tests.backend.running import PATIENCE, Answer, Console, Desk, Talk
from tests.backend.test_staff_live import line_of, watching
from tests.backend.test_stream import next_event, stream

KIM = {"email": "kim@desk.example", "name": "Kim", "role": "agent", "password": "another password"}


@pytest.fixture
async def ada(each_desk: Desk) -> AsyncIterator[Console]:
    console = await each_desk.staff("Ada", "admin")
    yield console
    await console.http.close()


async def change(ada: Console, staff_id: str, **body: Any) -> Answer:
    return await ada.call("PATCH", f"members/{staff_id}", body)


async def all_of(socket: ClientWebSocketResponse) -> AsyncIterator[dict[str, Any]]:
    """Everything that has come until nothing more comes."""
    with suppress(asyncio.TimeoutError):
        while True:
            yield await socket.receive_json(timeout=0.2)


async def claimed(desk: Desk, console: Console) -> Talk:
    talk = await desk.open("ana")
    await talk.say("a person please")
    assert (await console.act(talk, "claim")).status == 200
    return talk


async def test_a_page_loaded_anew_gets_the_sessions_token_again(each_sam: Console, each_desk: Desk) -> None:
    told = (await each_sam.get("session")).body
    assert told["csrf"] == each_sam.csrf
    assert told["settings"] == {"name": "Lectern", "idle_minutes": each_desk.services.settings.agent_idle_minutes}
    talk = await each_desk.open("ana")
    each_sam.csrf = told["csrf"]
    assert (await each_sam.act(talk, "claim")).status == 200


async def test_everybody_sees_who_there_is(each_sam: Console, ada: Console) -> None:
    members = (await each_sam.get("members")).body["members"]
    shown = [(member["name"], member["role"], member["active"], member["totp"]) for member in members]
    assert shown == [("Ada", "admin", True, False), ("Sam", "agent", True, False)]
    assert {"id", "email", "name", "role", "active", "totp", "online"} <= set(members[0])
    assert not any("password" in key or "salt" in key for key in members[0])


async def test_who_has_a_console_open_is_there(each_desk: Desk, each_sam: Console, ada: Console) -> None:
    async def there() -> dict[str, bool]:
        return {member["name"]: member["online"] for member in (await ada.get("members")).body["members"]}

    assert await there() == {"Ada": False, "Sam": False}
    now = each_desk.services.clock.now()
    async with each_desk.services.store.write() as session:
        await presence.arrived(session, "console-1", each_sam.id, now)
    assert await there() == {"Ada": False, "Sam": True}
    await change(ada, each_sam.id, active=False)
    assert await there() == {"Ada": False, "Sam": False}


async def test_an_admin_makes_a_member_who_can_sign_in(each_desk: Desk, ada: Console) -> None:
    answer = await ada.call("POST", "members", KIM)
    assert answer.status == 200, answer
    made = answer.body["member"]
    assert (made["name"], made["role"], made["active"]) == ("Kim", "agent", True)
    assert await each_desk.services.members.sign_in(KIM["email"], KIM["password"]) is not None


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"email": "nowhere"}, 400, "email"),
        ({"role": "owner"}, 400, "role"),
        ({"password": "123456789"}, 400, "password"),
        ({"name": "  "}, 400, "name"),
        ({"email": "ADA@desk.example"}, 409, None),
    ],
)
async def test_a_member_that_cannot_be_is_not_made(
    each_desk: Desk, ada: Console, changes: dict[str, str], status: int, field: str | None
) -> None:
    answer = await ada.call("POST", "members", KIM | changes)
    assert_error(answer, status)
    assert answer.body["error"].get("field") == field
    assert await each_desk.count(StaffRow) == 1
    assert await each_desk.count(AuditRow) == 0


@pytest.mark.parametrize("role", ["agent", "supervisor"])
async def test_nobody_but_an_admin_makes_or_changes_members(each_desk: Desk, ada: Console, role: str) -> None:
    kim = await each_desk.staff("Kim", role)
    answers = [
        await kim.call("POST", "members", KIM | {"email": "new@desk.example"}),
        await change(kim, ada.id, role="agent"),
        await change(kim, kim.id, role="admin"),
    ]
    await kim.http.close()
    for answer in answers:
        assert_error(answer, 403)
        assert answer.code == "admins_only"
    async with each_desk.services.store.read() as session:
        roles = dict((await session.execute(select(StaffRow.name, StaffRow.role))).all())
    assert roles == {"Ada": "admin", "Kim": role}


async def test_an_admin_cannot_change_themselves_so_one_is_always_left(each_desk: Desk, ada: Console) -> None:
    for body in ({"role": "agent"}, {"active": False}, {"password": "another password"}):
        answer = await change(ada, ada.id, **body)
        assert_error(answer, 403)
        assert answer.code == "own_account"
    assert (await ada.get("session")).body["staff"]["role"] == "admin"


async def test_a_new_role_counts_from_the_next_request(ada: Console, each_sam: Console) -> None:
    assert (await change(ada, each_sam.id, role="supervisor")).body["member"]["role"] == "supervisor"
    assert (await each_sam.get("session")).body["staff"]["role"] == "supervisor"
    assert_error(await change(ada, each_sam.id, role="owner"), 400)
    assert (await each_sam.get("session")).body["staff"]["role"] == "supervisor"


async def test_who_is_shut_out_is_out_at_once_until_let_in_again(
    each_desk: Desk, ada: Console, each_sam: Console
) -> None:
    assert (await change(ada, each_sam.id, active=False)).body["member"]["active"] is False
    assert_error(await each_sam.get("session"), 401)
    assert await each_desk.services.members.sign_in("sam@desk.example", "a long password") is None
    assert (await change(ada, each_sam.id, active=True)).body["member"]["active"] is True
    assert_error(await each_sam.get("session"), 401)
    assert await each_desk.services.members.sign_in("sam@desk.example", "a long password") is not None


async def test_a_new_password_ends_sessions_and_a_lock(each_desk: Desk, ada: Console, each_sam: Console) -> None:
    members = each_desk.services.members
    for _ in range(TRIES):
        assert await members.sign_in("sam@desk.example", "wrong") is None
    assert_error(await change(ada, each_sam.id, password="short"), 400)
    assert (await each_sam.get("session")).status == 200
    assert (await change(ada, each_sam.id, password="another password")).status == 200
    assert_error(await each_sam.get("session"), 401)
    assert await members.sign_in("sam@desk.example", "a long password") is None
    assert await members.sign_in("sam@desk.example", "another password") is not None


async def test_an_admin_turns_codes_off_for_a_lost_phone_but_never_on(
    each_desk: Desk, ada: Console, each_sam: Console
) -> None:
    secret = (await each_sam.call("POST", "session/totp")).body["secret"]
    code = pyotp.TOTP(secret).at(int(each_desk.services.clock.now().timestamp()))
    assert (await each_sam.call("POST", "session/totp/confirm", {"code": code})).status == 200
    assert (await change(ada, each_sam.id, totp=False)).body["member"]["totp"] is False
    assert await each_desk.services.members.sign_in("sam@desk.example", "a long password") is not None
    assert_error(await change(ada, each_sam.id, totp=True), 400)


async def test_nobody_that_does_not_exist_is_changed(ada: Console) -> None:
    for staff_id in ("nobody", "%00"):
        assert_error(await change(ada, staff_id, role="agent"), 404)


async def test_what_an_admin_did_is_on_record_without_names(each_desk: Desk, ada: Console, each_sam: Console) -> None:
    made = (await ada.call("POST", "members", KIM)).body["member"]
    await change(ada, each_sam.id, role="supervisor", active=False, password="another password")
    async with each_desk.services.store.read() as session:
        rows = (await session.scalars(select(AuditRow).order_by(AuditRow.id))).all()
    assert {row.actor for row in rows} == {f"staff:{ada.id}"}
    assert [(row.operation, row.target, row.reasons) for row in rows] == [
        ("staff_account", made["id"], ["member_made"]),
        ("staff_account", each_sam.id, ["role_supervisor"]),
        ("staff_account", each_sam.id, ["deactivated"]),
        ("staff_account", each_sam.id, ["password_set"]),
    ]
    assert all(row.learner_id is None and row.record == {} for row in rows)


# --- whoever is shut out leaves nobody alone --------------------------------------------------------------------------


async def test_the_conversations_of_who_is_shut_out_go_back_to_the_queue_at_once(
    each_desk: Desk, ada: Console, each_sam: Console
) -> None:
    kim = await each_desk.staff("Kim")
    waiting, answered, closed, of_kim = [await claimed(each_desk, console) for console in (*(each_sam,) * 3, kim)]
    await each_sam.act(closed, "close")
    each_desk.wait(minutes=5)
    await each_sam.write(answered, "Which course is it?")
    async with watching(ada) as console, stream(waiting) as learner:
        await next_event(learner, "state")
        assert (await change(ada, each_sam.id, active=False)).status == 200
        await line_of(console, waiting, state="queued", why=LEFT)
        # Asked for again, nothing happens again.
        assert (await change(ada, each_sam.id, active=False)).status == 200
        assert await each_desk.services.silence.round() == 0
        heard = [event async for event in all_of(learner)]
    assert [event["message"]["author"] for event in heard if event["type"] == "message"] == ["system"]
    # Once by its own change, once as the other one joined the queue behind it.
    assert [event for event in heard if event["type"] == "state"] == [
        {"type": "state", "state": "queued", "position": 1}
    ] * 2
    states = [(await talk.get()).body["state"] for talk in (waiting, answered, closed, of_kim)]
    assert states == ["queued", "queued", "closed", "agent"]
    for talk in (waiting, answered):
        told = [one for one in await talk.transcript() if "could not go on" in one["text"]]
        assert [(one["author"], "Sam" in one["text"]) for one in told] == [("system", True)]
        assert (await talk.press_id(told[0]["buttons"][0]["id"])).body["state"] == "bot"
    lines = (await kim.get("conversations?state=agent")).body["conversations"]
    assert [line["id"] for line in lines] == [of_kim.id]
    async with each_desk.services.store.read() as session:
        rows = (await session.scalars(select(HandoffRow).order_by(HandoffRow.id))).all()
    of_waiting = [(row.why, row.outcome) for row in rows if row.conversation_id == waiting.id]
    assert of_waiting == [("asked", "requeued"), (LEFT, "left_queue")]
    await kim.http.close()


async def test_who_waited_for_somebody_who_left_goes_before_those_who_came_later(
    each_desk: Desk, ada: Console, each_sam: Console
) -> None:
    waiting, answered = [await claimed(each_desk, each_sam) for _ in range(2)]
    each_desk.wait(minutes=5)
    await each_sam.write(answered, "Which course is it?")
    other = await each_desk.open("ben")
    await other.say("a person please")
    each_desk.wait(minutes=5)
    await change(ada, each_sam.id, active=False)
    lines = (await ada.get("conversations?state=queued")).body["conversations"]
    waits = [(line["id"], line["waiting_seconds"] // 60) for line in lines]
    assert waits == [(waiting.id, 10), (other.id, 5), (answered.id, 0)]


async def test_a_claim_at_the_same_time_leaves_nothing_behind(each_desk: Desk, ada: Console, each_sam: Console) -> None:
    talks = [await each_desk.open(learner) for learner in ("ana", "ben", "cleo", None)]
    for talk in talks:
        await talk.say("a person please")
    claims = (each_sam.act(talk, "claim") for talk in talks)
    changed, *answers = await asyncio.gather(change(ada, each_sam.id, active=False), *claims)
    assert changed.status == 200
    assert {answer.status for answer in answers} <= {200, 401}
    assert [(await talk.get()).body["state"] for talk in talks] == ["queued"] * 4
    kim = await each_desk.staff("Kim")
    await kim.act(talks[0], "claim")
    assert_error(await kim.act(talks[0], "transfer", {"to": each_sam.id}), 404)
    # The member's request was let in before they were shut out.
    with pytest.raises(Unauthorized):
        await each_desk.services.staff.claim(Member(each_sam.id, "Sam", "sam@desk.example", "agent"), talks[1].id)
    await kim.http.close()


async def test_what_could_not_be_returned_at_once_is_returned_by_the_next_round(
    each_desk: Desk, ada: Console, each_sam: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = await claimed(each_desk, each_sam)

    async def is_away(*_: object) -> int:
        raise StoreUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(Returning, "of_those_who_left", is_away)
        assert (await change(ada, each_sam.id, active=False)).body["member"]["active"] is False
    assert (await talk.get()).body["state"] == "agent"
    assert await each_desk.services.silence.round() == 1
    assert (await talk.get()).body["state"] == "queued"


@pytest.mark.parametrize("body", [{"active": False}, {"password": "another password"}])
async def test_the_open_consoles_of_who_is_shut_out_are_closed_at_once_and_no_others(
    each_desk: Desk, ada: Console, each_sam: Console, body: dict[str, Any]
) -> None:
    async with watching(each_sam) as sams, watching(each_sam) as second, watching(ada) as adas:
        await change(ada, each_sam.id, **body)
        for socket in (sams, second):
            while (frame := await socket.receive(timeout=PATIENCE)).type is WSMsgType.TEXT:
                assert json.loads(frame.data)["type"] != "signed_out"
            assert (frame.type, frame.data) == (WSMsgType.CLOSE, 1008)
        await adas.send_json({"type": "ping"})
        while (event := await adas.receive_json(timeout=PATIENCE))["type"] != "pong":
            assert event["type"] != "signed_out"


async def test_who_may_sign_in_keeps_their_conversations(each_desk: Desk, ada: Console, each_sam: Console) -> None:
    talk = await claimed(each_desk, each_sam)
    await change(ada, each_sam.id, active=True, role="supervisor", password="another password")
    assert (await talk.get()).body["state"] == "agent"
    assert await each_desk.count(OwnershipRow, OwnershipRow.staff_id == each_sam.id) == 1
