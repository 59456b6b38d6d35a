"""Codes at the sign-in: asked for once confirmed, good for one sign-in, and not to be guessed."""

from __future__ import annotations

import asyncio

import pyotp
import pytest
from sqlalchemy import select, update

from backend.errors import Unauthorized
from backend.staff import codes
from backend.staff.accounts import LOCK, TRIES
from backend.store.desk_models import AuditRow, StaffRow, StaffSessionRow
from tests.backend.everywhere import assert_error
from tests.backend.running import NOW, Answer, Console, Desk

PASSWORD, EMAIL = "a long password", "sam@desk.example"


class Phone:
    """An authenticator app that was given a secret."""

    def __init__(self, desk: Desk, secret: str) -> None:
        self.desk, self.totp = desk, pyotp.TOTP(secret)

    def code(self, seconds: int = 0) -> str:
        """What it shows, its clock being `seconds` ahead."""
        return self.totp.at(int(self.desk.services.clock.now().timestamp()) + seconds)

    def wrong(self) -> str:
        right = {self.code(seconds) for seconds in (-60, -30, 0, 30, 60)}
        return next(code for number in range(9) if (code := f"{number:06d}") not in right)


@pytest.fixture
async def phone(each_desk: Desk, each_sam: Console) -> Phone:
    """Codes are on; the next is a fresh one."""
    phone = Phone(each_desk, (await each_sam.call("POST", "session/totp")).body["secret"])
    answer = await each_sam.call("POST", "session/totp/confirm", {"code": phone.code()})
    assert answer.body["staff"]["totp"] is True
    each_desk.wait(seconds=60)
    return phone


async def sign_in(desk: Desk, code: str | None, password: str = PASSWORD) -> str:
    """What becomes of it, past the limit on tries from one address."""
    try:
        return "in" if await desk.services.members.sign_in(EMAIL, password, code) else "out"
    except Unauthorized as error:
        return error.code


async def over_http(each_sam: Console, **body: str) -> Answer:
    return await each_sam.call("POST", "session", {"email": EMAIL, "password": PASSWORD, **body})


async def test_codes_are_asked_for_only_once_one_was_confirmed(each_desk: Desk, each_sam: Console) -> None:
    begun = (await each_sam.call("POST", "session/totp")).body
    assert begun["uri"].startswith("otpauth://totp/Lectern:sam%40desk.example?")
    assert begun["secret"] in begun["uri"]
    assert await sign_in(each_desk, None) == "in"
    phone = Phone(each_desk, begun["secret"])
    wrong = await each_sam.call("POST", "session/totp/confirm", {"code": phone.wrong()})
    assert (wrong.status, wrong.code) == (400, "wrong_code")
    assert await sign_in(each_desk, None) == "in"
    assert (await each_sam.get("session")).body["staff"]["totp"] is False
    confirmed = await each_sam.call("POST", "session/totp/confirm", {"code": phone.code()})
    assert confirmed.body["staff"]["totp"] is True
    assert (await each_sam.get("session")).body["staff"]["totp"] is True
    assert await sign_in(each_desk, None) == "code_needed"


async def test_a_secret_begun_anew_replaces_the_one_nobody_confirmed(each_desk: Desk, each_sam: Console) -> None:
    first, second = [Phone(each_desk, (await each_sam.call("POST", "session/totp")).body["secret"]) for _ in range(2)]
    assert first.code() != second.code()
    assert (await each_sam.call("POST", "session/totp/confirm", {"code": first.code()})).status == 400
    assert (await each_sam.call("POST", "session/totp/confirm", {"code": second.code()})).status == 200


async def test_nothing_begun_or_on_already_is_a_conflict(each_sam: Console, each_desk: Desk) -> None:
    answer = await each_sam.call("POST", "session/totp/confirm", {"code": "123456"})
    assert (answer.status, answer.code) == (409, "totp_not_begun")
    answer = await each_sam.call("DELETE", "session/totp", {"password": PASSWORD})
    assert (answer.status, answer.code) == (409, "totp_not_on")
    phone = Phone(each_desk, (await each_sam.call("POST", "session/totp")).body["secret"])
    await each_sam.call("POST", "session/totp/confirm", {"code": phone.code()})
    for path, body, code in (("", None, "totp_on"), ("/confirm", {"code": phone.code()}, "totp_not_begun")):
        answer = await each_sam.call("POST", f"session/totp{path}", body)
        assert (answer.status, answer.code) == (409, code)


async def test_the_right_code_signs_in_and_a_wrong_one_is_a_wrong_password(each_sam: Console, phone: Phone) -> None:
    for body in ({}, {"code": ""}, {"code": "  "}):
        answer = await over_http(each_sam, **body)
        assert_error(answer, 401)
        assert answer.code == "code_needed"
    answer = await over_http(each_sam, code=phone.wrong())
    assert (answer.status, answer.code) == (401, "wrong_credentials")
    answer = await over_http(each_sam, code=phone.code())
    assert (answer.status, answer.body["staff"]["totp"]) == (200, True)


async def test_without_the_right_password_nobody_learns_that_codes_are_on(each_desk: Desk, phone: Phone) -> None:
    assert await sign_in(each_desk, None, "wrong") == "out"
    assert await sign_in(each_desk, phone.code(), "wrong") == "out"
    assert await sign_in(each_desk, phone.code()) == "in", "a wrong password used the code up"


async def test_a_code_is_good_once(each_desk: Desk, phone: Phone) -> None:
    code = phone.code()
    assert await sign_in(each_desk, code) == "in"
    assert await sign_in(each_desk, code) == "out"
    each_desk.wait(seconds=29)
    assert await sign_in(each_desk, code) == "out"


async def test_the_code_that_confirmed_signs_nobody_in(each_desk: Desk, each_sam: Console) -> None:
    phone = Phone(each_desk, (await each_sam.call("POST", "session/totp")).body["secret"])
    code = phone.code()
    await each_sam.call("POST", "session/totp/confirm", {"code": code})
    assert await sign_in(each_desk, code) == "out"
    assert await sign_in(each_desk, phone.code(30)) == "in"


async def test_after_a_code_an_older_one_is_good_no_more(each_desk: Desk, phone: Phone) -> None:
    before = phone.code(-30)
    assert await sign_in(each_desk, phone.code()) == "in"
    assert await sign_in(each_desk, before) == "out"


@pytest.mark.parametrize(("ahead", "becomes"), [(-60, "out"), (-30, "in"), (0, "in"), (30, "in"), (60, "out")])
async def test_a_phones_clock_may_be_one_step_off(each_desk: Desk, phone: Phone, ahead: int, becomes: str) -> None:
    each_desk.wait(seconds=120)
    assert await sign_in(each_desk, phone.code(ahead)) == becomes


async def test_guessing_codes_locks_the_account_like_guessing_passwords(each_desk: Desk, phone: Phone) -> None:
    for _ in range(TRIES - 1):
        assert await sign_in(each_desk, phone.wrong()) == "out"
        assert await sign_in(each_desk, None) == "code_needed", "asking for a code began the count anew"
    assert await sign_in(each_desk, phone.wrong()) == "out"
    each_desk.wait(seconds=LOCK.total_seconds() - 1)
    assert await sign_in(each_desk, phone.code()) == "out"
    assert await sign_in(each_desk, None) == "out", "a locked account tells that the password is right"
    each_desk.wait(seconds=1)
    assert await sign_in(each_desk, phone.code()) == "in"


def in_digits_from(first: int, code: str) -> str:
    """The same number in other digits, of which `first` is the zero."""
    return "".join(chr(first + int(digit)) for digit in code)


async def test_only_the_six_digits_are_the_code(each_desk: Desk, phone: Phone) -> None:
    code = phone.code()
    for odd in (
        code[:5],
        f"{code}0",
        f"-{code}",
        f"{code}\x00",
        in_digits_from(0xFF10, code),
        in_digits_from(0x660, code),
    ):
        assert await sign_in(each_desk, odd) == "out", odd
        async with each_desk.services.store.write() as session:
            await session.execute(update(StaffRow).values(failed_sign_ins=0))
    assert await sign_in(each_desk, code) == "in"


async def test_a_code_may_be_typed_with_a_space(each_desk: Desk, phone: Phone) -> None:
    code = phone.code()
    assert await sign_in(each_desk, f" {code[:3]} {code[3:]} ") == "in"


async def test_turning_codes_off_needs_the_password_which_cannot_be_guessed_there(
    each_desk: Desk, each_sam: Console, phone: Phone
) -> None:
    for _ in range(TRIES):
        answer = await each_sam.call("DELETE", "session/totp", {"password": "wrong"})
        assert (answer.status, answer.code) == (401, "wrong_credentials")
    assert (await each_sam.call("DELETE", "session/totp", {"password": PASSWORD})).status == 401, "not locked"
    each_desk.wait(seconds=LOCK.total_seconds())
    answer = await each_sam.call("DELETE", "session/totp", {"password": PASSWORD})
    assert (answer.status, answer.body["staff"]["totp"]) == (200, False)
    assert await sign_in(each_desk, None) == "in"


async def test_a_stolen_database_makes_no_codes(each_desk: Desk, each_sam: Console) -> None:
    secret = (await each_sam.call("POST", "session/totp")).body["secret"]
    async with each_desk.services.store.read() as session:
        row = await session.scalar(select(StaffRow).where(StaffRow.id == each_sam.id))
    assert row is not None and row.totp_salt
    kept = " ".join(str(getattr(row, column.key)) for column in StaffRow.__mapper__.column_attrs)
    assert secret not in kept
    assert codes.secret_of("another desk's secret", row.id, row.totp_salt) != secret


async def test_turning_codes_on_and_off_is_on_record(each_desk: Desk, each_sam: Console, phone: Phone) -> None:
    await each_sam.call("DELETE", "session/totp", {"password": PASSWORD})
    async with each_desk.services.store.read() as session:
        rows = (await session.scalars(select(AuditRow).order_by(AuditRow.id))).all()
    assert [(row.actor, row.operation, row.target, row.reasons) for row in rows] == [
        (f"staff:{each_sam.id}", "staff_account", each_sam.id, ["totp_on"]),
        (f"staff:{each_sam.id}", "staff_account", each_sam.id, ["totp_off"]),
    ]


async def test_two_sign_ins_with_one_code_at_the_same_time_leave_one_in(each_desk: Desk, phone: Phone) -> None:
    before, code = await each_desk.count(StaffSessionRow), phone.code()
    results = await asyncio.gather(*(sign_in(each_desk, code) for _ in range(4)))
    assert sorted(results) == ["in", "out", "out", "out"]
    assert await each_desk.count(StaffSessionRow) == before + 1


def test_the_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, SHA-1: at 59 s the secret `1234…` shows 94287082; apps show its last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    at = NOW.fromtimestamp(59, NOW.tzinfo)
    assert codes.step_of(secret, "287082", at, None) == 1
    assert codes.step_of(secret, "287083", at, None) is None
    assert codes.step_of(secret, "287082", at, 1) is None
