"""The members of staff: everybody sees them, only an admin makes and changes them, and it is on record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pyotp
import pytest
from sqlalchemy import select

from backend.conversations import presence
from backend.staff.accounts import TRIES
from backend.store.desk_models import AuditRow, StaffRow
from tests.backend.everywhere import assert_error
from tests.backend.running import Answer, Console, Desk

KIM = {"email": "kim@desk.example", "name": "Kim", "role": "agent", "password": "another password"}


@pytest.fixture
async def ada(each_desk: Desk) -> AsyncIterator[Console]:
    console = await each_desk.staff("Ada", "admin")
    yield console
    await console.http.close()


@pytest.fixture
async def sam(each_desk: Desk) -> AsyncIterator[Console]:
    console = await each_desk.staff("Sam")
    yield console
    await console.http.close()


async def change(ada: Console, staff_id: str, **body: Any) -> Answer:
    return await ada.call("PATCH", f"members/{staff_id}", body)


async def test_a_page_loaded_anew_gets_the_sessions_token_again(sam: Console, each_desk: Desk) -> None:
    told = (await sam.get("session")).body
    assert told["csrf"] == sam.csrf
    assert told["settings"] == {"name": "Lectern", "idle_minutes": each_desk.services.settings.agent_idle_minutes}
    talk = await each_desk.open("ana")
    sam.csrf = told["csrf"]
    assert (await sam.act(talk, "claim")).status == 200


async def test_everybody_sees_who_there_is(sam: Console, ada: Console) -> None:
    members = (await sam.get("members")).body["members"]
    shown = [(member["name"], member["role"], member["active"], member["totp"]) for member in members]
    assert shown == [("Ada", "admin", True, False), ("Sam", "agent", True, False)]
    assert {"id", "email", "name", "role", "active", "totp", "online"} <= set(members[0])
    assert not any("password" in key or "salt" in key for key in members[0])


async def test_who_has_a_console_open_is_there(each_desk: Desk, sam: Console, ada: Console) -> None:
    async def there() -> dict[str, bool]:
        return {member["name"]: member["online"] for member in (await ada.get("members")).body["members"]}

    assert await there() == {"Ada": False, "Sam": False}
    now = each_desk.services.clock.now()
    async with each_desk.services.store.write() as session:
        await presence.arrived(session, "console-1", sam.id, now)
    assert await there() == {"Ada": False, "Sam": True}
    await change(ada, sam.id, active=False)
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


async def test_a_new_role_counts_from_the_next_request(ada: Console, sam: Console) -> None:
    assert (await change(ada, sam.id, role="supervisor")).body["member"]["role"] == "supervisor"
    assert (await sam.get("session")).body["staff"]["role"] == "supervisor"
    assert_error(await change(ada, sam.id, role="owner"), 400)
    assert (await sam.get("session")).body["staff"]["role"] == "supervisor"


async def test_who_is_shut_out_is_out_at_once_until_let_in_again(each_desk: Desk, ada: Console, sam: Console) -> None:
    assert (await change(ada, sam.id, active=False)).body["member"]["active"] is False
    assert_error(await sam.get("session"), 401)
    assert await each_desk.services.members.sign_in("sam@desk.example", "a long password") is None
    assert (await change(ada, sam.id, active=True)).body["member"]["active"] is True
    assert_error(await sam.get("session"), 401)
    assert await each_desk.services.members.sign_in("sam@desk.example", "a long password") is not None


async def test_a_new_password_ends_sessions_and_a_lock(each_desk: Desk, ada: Console, sam: Console) -> None:
    members = each_desk.services.members
    for _ in range(TRIES):
        assert await members.sign_in("sam@desk.example", "wrong") is None
    assert_error(await change(ada, sam.id, password="short"), 400)
    assert (await sam.get("session")).status == 200
    assert (await change(ada, sam.id, password="another password")).status == 200
    assert_error(await sam.get("session"), 401)
    assert await members.sign_in("sam@desk.example", "a long password") is None
    assert await members.sign_in("sam@desk.example", "another password") is not None


async def test_an_admin_turns_codes_off_for_a_lost_phone_but_never_on(
    each_desk: Desk, ada: Console, sam: Console
) -> None:
    secret = (await sam.call("POST", "session/totp")).body["secret"]
    code = pyotp.TOTP(secret).at(int(each_desk.services.clock.now().timestamp()))
    assert (await sam.call("POST", "session/totp/confirm", {"code": code})).status == 200
    assert (await change(ada, sam.id, totp=False)).body["member"]["totp"] is False
    assert await each_desk.services.members.sign_in("sam@desk.example", "a long password") is not None
    assert_error(await change(ada, sam.id, totp=True), 400)


async def test_nobody_that_does_not_exist_is_changed(ada: Console) -> None:
    for staff_id in ("nobody", "%00"):
        assert_error(await change(ada, staff_id, role="agent"), 404)


async def test_what_an_admin_did_is_on_record_without_names(each_desk: Desk, ada: Console, sam: Console) -> None:
    made = (await ada.call("POST", "members", KIM)).body["member"]
    await change(ada, sam.id, role="supervisor", active=False, password="another password")
    async with each_desk.services.store.read() as session:
        rows = (await session.scalars(select(AuditRow).order_by(AuditRow.id))).all()
    assert {row.actor for row in rows} == {f"staff:{ada.id}"}
    assert [(row.operation, row.target, row.reasons) for row in rows] == [
        ("staff_account", made["id"], ["member_made"]),
        ("staff_account", sam.id, ["role_supervisor"]),
        ("staff_account", sam.id, ["deactivated"]),
        ("staff_account", sam.id, ["password_set"]),
    ]
    assert all(row.learner_id is None and row.record == {} for row in rows)
