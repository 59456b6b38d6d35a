"""Staff: signing in, what only who is signed in may see and do, lists, decisions on trial, cases."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select, update

from backend.conversations import transcript
from backend.errors import BadInput, Conflict
from backend.staff import accounts
from backend.staff.accounts import LOCK, LONGEST_LOCK, SESSION_LASTS, TRIES
from backend.store.desk_models import AuditRow, StaffRow, StaffSessionRow
from tests.backend.everywhere import assert_error
from tests.backend.running import NOW, Console, Desk, running_desk


async def try_password(desk: Desk, password: str, email: str = "sam@desk.example") -> bool:
    """Whether it signs in; past the limit on tries from one address, which is held below."""
    return await desk.services.members.sign_in(email, password) is not None


# --- signing in ------------------------------------------------------------------------------------------------------


async def test_signing_in_gives_a_cookie_no_script_can_read_and_a_token_no_cookie_carries(desk: Desk) -> None:
    console = await desk.staff("Sam")
    answer = await console.sign_in("SAM@desk.example ", "a long password")
    await console.http.close()
    assert answer.body["staff"] == {
        "id": console.id,
        "name": "Sam",
        "email": "sam@desk.example",
        "role": "agent",
        "totp": False,
    }
    cookie = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={int(SESSION_LASTS.total_seconds())}"):
        assert part in cookie
    assert "Secure" not in cookie
    assert answer.body["csrf"] not in cookie


async def test_behind_https_the_cookie_never_travels_without(sqlite_url: str, quick_parts: None) -> None:
    async with running_desk(sqlite_url, public_url="https://help.example.org") as desk:
        console = await desk.staff("Sam")
        answer = await console.sign_in("sam@desk.example", "a long password")
        await console.http.close()
        assert "Secure" in answer.headers["Set-Cookie"]


async def test_wrong_passwords_and_unknown_addresses_get_the_same_answer(desk: Desk, sam: Console) -> None:
    answers = [
        await sam.call("POST", "session", {"email": email, "password": password})
        for email, password in (
            ("sam@desk.example", "wrong"),
            ("sam@desk.example", ""),
            ("nobody@desk.example", "a long password"),
            ("", "a long password"),
            ("' OR 1=1 --", "a long password"),
        )
    ]
    for answer in answers:
        assert_error(answer, 401)
        assert answer.body["error"] | {"request_id": ""} == answers[0].body["error"] | {"request_id": ""}


async def test_an_odd_address_or_password_is_refused_and_breaks_nothing(each_desk: Desk) -> None:
    for odd in ("\x00", "\ud800", "x" * 200, "\uff05", "sam@desk.example\n"):
        for body in ({"email": odd, "password": "x"}, {"email": "sam@desk.example", "password": odd}):
            assert_error(await each_desk.call("POST", "/api/v1/staff/session", body), 400, 401)


async def test_after_five_wrong_passwords_the_account_is_locked_longer_each_time(desk: Desk, sam: Console) -> None:
    for _ in range(TRIES - 1):
        assert not await try_password(desk, "wrong")
    assert await try_password(desk, "a long password"), "locked too early"
    for _ in range(TRIES):
        assert not await try_password(desk, "wrong")
    for times in range(9):
        lock = min(LONGEST_LOCK, LOCK * 2**times)
        desk.wait(seconds=lock.total_seconds() - 1)
        assert not await try_password(desk, "a long password"), f"open {times} locks early"
        desk.wait(seconds=1)
        assert not await try_password(desk, "wrong")
    desk.wait(seconds=LONGEST_LOCK.total_seconds())
    assert await try_password(desk, "a long password")
    assert not await try_password(desk, "wrong")
    assert await try_password(desk, "a long password"), "a right password did not begin anew"


async def test_tries_while_locked_do_not_keep_the_owner_out_for_longer(desk: Desk, sam: Console) -> None:
    for _ in range(TRIES + 20):
        await try_password(desk, "wrong")
    desk.wait(seconds=LOCK.total_seconds())
    assert await try_password(desk, "a long password")


async def test_ten_tries_a_minute_from_one_address(desk: Desk) -> None:
    body = {"email": "nobody@desk.example", "password": "x"}
    answers = [await desk.call("POST", "/api/v1/staff/session", body) for _ in range(11)]
    assert [answer.status for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_a_session_ends_after_its_time_with_the_account_and_with_signing_out(desk: Desk, sam: Console) -> None:
    assert (await sam.get("session")).body["staff"]["name"] == "Sam"
    desk.wait(seconds=SESSION_LASTS.total_seconds())
    assert (await sam.get("session")).status == 200
    desk.wait(seconds=1)
    assert_error(await sam.get("session"), 401)
    await sam.sign_in("sam@desk.example", "a long password")
    async with desk.services.store.write() as session:
        await session.execute(update(StaffRow).values(active=False))
    assert_error(await sam.get("session"), 401)
    assert not await try_password(desk, "a long password")
    async with desk.services.store.write() as session:
        await session.execute(update(StaffRow).values(active=True))
    assert (await sam.call("DELETE", "session")).status == 200
    assert_error(await sam.get("session"), 401)


async def test_a_stolen_database_opens_no_session(desk: Desk, sam: Console) -> None:
    async with desk.services.store.read() as session:
        kept = await session.scalar(select(StaffSessionRow))
        row = await session.scalar(select(StaffRow))
    assert kept is not None and row is not None
    assert "a long password" not in row.password_hash
    cookies = {"lectern_staff": kept.token_hash}
    assert_error(await desk.call("GET", "/api/v1/staff/session", cookies=cookies), 401)


CHANGING = [
    ("POST", "conversations/{id}/claim", {}),
    ("POST", "conversations/{id}/messages", {"client_id": "1", "text": "hi"}),
    ("POST", "conversations/{id}/notes", {"text": "hi"}),
    ("POST", "conversations/{id}/close", {}),
    ("POST", "learners/ana/decide", {"operation": "refund", "target": "pay-1"}),
    ("DELETE", "session", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGING)
async def test_without_the_sessions_token_nothing_is_changed(
    desk: Desk, sam: Console, method: str, path: str, body: Any
) -> None:
    talk = await desk.open("ana")
    for token in ("", "wrong", "☃"):
        answer = await sam.call(method, path.format(id=talk.id), body, headers={"X-CSRF-Token": token})
        assert_error(answer, 403)
        assert answer.code == "csrf"
    assert (await sam.get("session")).status == 200
    assert (await talk.get()).body["state"] == "bot"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", "file://"])
async def test_a_foreign_page_cannot_act_for_staff(desk: Desk, sam: Console, origin: str) -> None:
    talk = await desk.open("ana")
    answer = await sam.call("POST", f"conversations/{talk.id}/claim", {}, headers={"Origin": origin})
    assert_error(answer, 403)
    assert answer.code == "foreign_origin"


async def test_another_members_token_is_not_this_sessions(desk: Desk, sam: Console) -> None:
    kim, talk = await desk.staff("Kim"), await desk.open("ana")
    await kim.http.close()
    assert_error(await sam.call("POST", f"conversations/{talk.id}/claim", {}, headers={"X-CSRF-Token": kim.csrf}), 403)


@pytest.mark.parametrize(
    ("email", "name", "role", "password", "error"),
    [
        ("no address", "Sam", "agent", "a long password", BadInput),
        ("x@" + "y" * 200, "Sam", "agent", "a long password", BadInput),
        ("kim@desk.example", " ", "agent", "a long password", BadInput),
        ("kim@desk.example", "Kim", "owner", "a long password", BadInput),
        ("kim@desk.example", "Kim", "agent", "123456789", BadInput),
        ("SAM@desk.example", "Sam", "agent", "a long password", Conflict),
    ],
)
async def test_an_account_that_cannot_be_is_not_made(
    desk: Desk, sam: Console, email: str, name: str, role: str, password: str, error: type[Exception]
) -> None:
    async with desk.services.store.write() as session:
        with pytest.raises(error):
            await accounts.create(session, email, name, role, password, NOW)
    assert await desk.count(StaffRow) == 1


# --- seeing ----------------------------------------------------------------------------------------------------------


async def listed(console: Console, query: str = "") -> list[dict[str, Any]]:
    answer = await console.get(f"conversations{query}")
    assert answer.status == 200, answer
    return list(answer.body["conversations"])


async def test_conversations_are_listed_the_urgent_and_the_longest_waiting_first(each_sam: Console) -> None:
    desk, ids = each_sam.desk, {}
    said = {"second": "a person please", "third": "a person please", "first": "i can't go on", "last": "hello"}
    for name, text in said.items():
        desk.wait(seconds=1)
        talk = await desk.open("ana")
        await talk.say(text)
        ids[talk.id] = name
    lines = await listed(each_sam)
    assert [ids[line["id"]] for line in lines] == ["first", "second", "third", "last"]
    assert [line["urgent"] for line in lines] == [True, False, False, False]
    assert lines[0]["learner"] == {"id": "ana", "name": "Ana Silva"}
    assert lines[0]["last_message"]["text"] == "i can't go on"


async def test_the_list_is_narrowed_by_state_and_by_whose_it_is(desk: Desk, sam: Console) -> None:
    kim = await desk.staff("Kim")
    talks = [await desk.open("ana") for _ in range(4)]
    await talks[1].say("a person please")
    await sam.act(talks[2], "claim")
    await kim.act(talks[3], "claim")
    await kim.http.close()

    async def ids(query: str) -> set[int]:
        known = [talk.id for talk in talks]
        return {known.index(line["id"]) for line in await listed(sam, query)}

    assert await ids("?state=bot") == {0}
    assert await ids("?state=queued") == {1}
    assert await ids("?state=agent") == {2, 3}
    assert await ids("?state=closed") == set()
    assert await ids("?assignee=me") == {2}
    assert await ids(f"?assignee={kim.id}") == {3}
    assert await ids("?assignee=me&state=queued") == set()


async def test_words_are_searched_as_they_are_typed(each_sam: Console) -> None:
    desk, known = each_sam.desk, []
    for text in ("100% sure", "a_b", "to be #1!", "back\\slash", "the learner's", "Snow white"):
        talk = await desk.open("ana")
        known.append(talk.id)
        async with desk.services.store.write() as session:
            await transcript.append(session, talk.id, NOW, author="learner", text=text)
    everywhere = {0, 1, 2, 3, 4, 5}
    # Everybody's name and the greeting, which has a quotation mark and an exclamation mark, are in all of them.
    for words, found in (
        ("100%", {0}),
        ("%", {0}),
        ("_", {1}),
        ("a_b", {1}),
        ("#1!", {2}),
        ("\\", {3}),
        ("er's", {4}),
        ("SNOW", {5}),
        ("snow%", set()),
        ("!", everywhere),
        ("'", everywhere),
        ("ana silva", everywhere),
        ("nobody said this", set()),
    ):
        lines = await listed(each_sam, f"?q={quote(words)}")
        assert {known.index(line["id"]) for line in lines} == found, words


async def test_a_conversation_shows_transcript_context_decisions_and_the_trace_only_staff_may_see(
    each_sam: Console,
) -> None:
    desk = each_sam.desk
    talk = await desk.open("ana", page="/help/request-a-refund")
    await talk.say("refund please")
    await each_sam.act(talk, "claim")
    await each_sam.act(talk, "notes", {"text": "looks fine"})
    shown = (await each_sam.get(f"conversations/{talk.id}")).body
    assert shown["page"] == "/help/request-a-refund"
    assert shown["learner"]["payments"][0]["id"] == "pay-1"
    assert "password" not in str(shown["learner"]).replace("['password']", "")
    assert shown["summary"]["asked"] == ["refund please"]
    assert shown["decisions"][0]["reasons"][0]["code"] == "within_refund_window"
    assert [(note["staff"], note["text"]) for note in shown["notes"]] == [(each_sam.id, "looks fine")]
    assert any("record" in message for message in shown["messages"])
    assert not any("record" in message for message in await talk.transcript())
    assert "looks fine" not in str(await talk.transcript())


async def test_what_does_not_exist_is_not_found(desk: Desk, sam: Console) -> None:
    for path in ("conversations/conv_nothing", "conversations/%00"):
        assert_error(await sam.get(path), 404)
    for learner, operation in (("nobody", "refund"), ("ana", "teleport"), ("%00", "refund")):
        answer = await sam.call("POST", f"learners/{learner}/decide", {"operation": operation})
        assert_error(answer, 404)


async def test_deciding_on_trial_tells_the_rule_and_changes_nothing(each_sam: Console) -> None:
    desk = each_sam.desk
    before = await desk.learner("ana")
    body = {"operation": "refund", "target": "pay-1"}
    answer = await each_sam.call("POST", "learners/ana/decide", body)
    assert answer.body["outcome"] == "granted"
    assert [reason["code"] for reason in answer.body["reasons"]] == ["within_refund_window"]
    assert answer.body["trace"]
    assert await desk.learner("ana") == before
    assert await desk.count(AuditRow) == 0


async def test_staff_cannot_open_a_learners_door_and_a_learner_cannot_open_the_staffs(desk: Desk, sam: Console) -> None:
    talk = await desk.open("ana")
    answer = await sam.desk.call("GET", talk.path, headers={"Authorization": f"Bearer {sam.csrf}"})
    assert_error(answer, 404)
    for path in ("conversations", f"conversations/{talk.id}", "unanswered", "cases", "stats", "session"):
        assert_error(await desk.call("GET", f"/api/v1/staff/{path}", headers=talk.bearer), 401)
