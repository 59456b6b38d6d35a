"""Who is asking: identities the platform signs, tokens that open one conversation, guests who sign in."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from sqlalchemy import select

from backend.store.desk_models import ConversationRow, SignInCodeRow
from backend.store.world_models import RefundRow
from tests.backend.everywhere import assert_error
from tests.backend.running import NOW, SECRET, Desk


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """An identity of Ana's; a claim of None is left out, an instant becomes a number."""
    fitting = {"sub": "ana", "aud": "lectern", "iat": NOW, "exp": NOW + timedelta(minutes=30)}
    all_claims = {name: value for name, value in {**fitting, **claims}.items() if value is not None}
    numbers = {k: v.timestamp() if isinstance(v, datetime) else v for k, v in all_claims.items()}
    return jwt.encode(numbers, secret, algorithm=algorithm)


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


CLAIMS = {"sub": "ana", "aud": "lectern", "exp": (NOW + timedelta(minutes=30)).timestamp()}
FORGED = {
    "another secret": signed(secret="some other secret, also long enough"),
    "an empty secret": unsigned({"alg": "HS256", "typ": "JWT"}, CLAIMS),
    "alg none": unsigned({"alg": "none", "typ": "JWT"}, CLAIMS),
    "alg None in capitals": unsigned({"alg": "NONE"}, CLAIMS),
    "another algorithm": signed(algorithm="HS512"),
    "a key of its own": unsigned({"alg": "HS256", "jwk": {"kty": "oct", "k": "AA"}}, CLAIMS, b"x"),
    "no algorithm": unsigned({}, CLAIMS),
    "another audience": signed(aud="elsewhere"),
    "no audience": signed(aud=None),
    "no subject": signed(sub=None),
    "an empty subject": signed(sub=""),
    "a subject with a NUL": signed(sub="ana\x00"),
    "no expiry": signed(exp=None),
    "an expiry that is no number": signed(exp="tomorrow"),
    "an expiry without end": signed(exp=1e300),
    "expired": signed(exp=NOW - timedelta(seconds=31)),
    "longer than an hour": signed(exp=NOW + timedelta(hours=1, seconds=31)),
    "not valid yet": signed(nbf=NOW + timedelta(minutes=5)),
    "nobody": signed(sub="nobody"),
    "half of one": signed()[:-20],
    "not one at all": "hello",
    "only dots": "..",
    "odd characters": "é\x00.\u202e.☃",
}


async def test_a_forged_or_worn_out_identity_opens_nothing(each_desk: Desk) -> None:
    guest = await each_desk.open()
    for why, identity in FORGED.items():
        answer = await each_desk.call("POST", "/api/v1/conversations", {"channel": "web", "identity": identity})
        assert answer.status == 401, (why, answer)
        assert_error(answer, 401)
        assert answer.code in ("bad_identity", "identity_expired")
        assert_error(await guest.post("identity", {"identity": identity}), 401)
    assert "learner" not in (await guest.get()).body
    assert await each_desk.count(ConversationRow) == 1


async def test_a_subject_that_is_no_text_is_nobody(desk: Desk) -> None:
    for subject in (["ana"], {"id": "ana"}, True):
        identity = jwt.encode({**CLAIMS, "sub": subject}, SECRET, algorithm="HS256")
        assert_error(await desk.call("POST", "/api/v1/conversations", {"identity": identity}), 401)


async def test_an_empty_identity_is_a_guests(desk: Desk) -> None:
    answer = await desk.call("POST", "/api/v1/conversations", {"channel": "web", "identity": ""})
    assert answer.status == 201
    assert await desk.count(ConversationRow, ConversationRow.learner_id.is_(None)) == 1


async def test_an_identity_of_any_length_is_refused_without_an_effect(desk: Desk) -> None:
    for length, status in ((4096, 401), (4097, 400), (60_000, 400)):
        answer = await desk.call("POST", "/api/v1/conversations", {"channel": "web", "identity": "x" * length})
        assert_error(answer, status)
    assert await desk.count(ConversationRow) == 0


async def test_clocks_may_differ_by_half_a_minute(desk: Desk) -> None:
    for claims in (
        {"exp": NOW - timedelta(seconds=30)},
        {"exp": NOW + timedelta(hours=1, seconds=30)},
        {"nbf": NOW + timedelta(seconds=30)},
        {"iat": None},
    ):
        answer = await desk.call("POST", "/api/v1/conversations", {"channel": "web", "identity": signed(**claims)})
        assert answer.status == 201, claims


async def test_an_unknown_channel_is_refused(desk: Desk) -> None:
    for channel in ("", "slack", "WEB", "desktop"):
        assert_error(await desk.call("POST", "/api/v1/conversations", {"channel": channel}), 400)


# --- a guest signs in ------------------------------------------------------------------------------------------------


async def test_a_guests_request_is_kept_and_taken_up_again_once_signed_in(each_desk: Desk) -> None:
    talk = await each_desk.open()
    asked = await talk.say("refund please for machine learning basics")
    assert asked.kinds == ["article", "clarify"]
    assert "sign in" in asked.texts[-1]
    answer = await talk.post("identity", {"identity": each_desk.identity("ana")})
    assert answer.kinds == ["decision"]
    assert answer.body["messages"][0]["decision"] | {"reasons": [], "notes": []} == {
        "operation": "refund",
        "target": "pay-1",
        "outcome": "granted",
        "reasons": [],
        "notes": [],
    }
    await talk.press("Refund .*79")
    assert await each_desk.count(RefundRow, RefundRow.learner_id == "ana") == 1


async def test_signing_in_without_a_request_is_welcomed_and_does_nothing(desk: Desk) -> None:
    talk = await desk.open()
    answer = await talk.post("identity", {"identity": desk.identity("ana")})
    assert answer.kinds == ["smalltalk"]
    assert (await talk.get()).body["learner"] == {"name": "Ana Silva"}


async def test_signing_in_again_as_the_same_learner_says_nothing_twice(desk: Desk) -> None:
    talk = await desk.open()
    await talk.post("identity", {"identity": desk.identity("ana")})
    again = await talk.post("identity", {"identity": desk.identity("ana")})
    assert (again.status, again.body["messages"]) == (200, [])


async def test_a_second_learner_cannot_take_over_a_conversation(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    before = await talk.transcript()
    answer = await talk.post("identity", {"identity": each_desk.identity("ben")})
    assert_error(answer, 409)
    assert answer.code == "other_learner"
    assert (await talk.get()).body["learner"] == {"name": "Ana Silva"}
    assert await talk.transcript() == before


async def test_nobody_elses_records_can_be_named(each_desk: Desk) -> None:
    """Ben has pay-2 and an Introduction to User Experience; Ana has not, whatever she types."""
    talk = await each_desk.open("ana")
    for text in (
        "refund pay-2",
        "refund introduction to user experience",
        "refund ben's ux course",
        "refund ben okafor",
    ):
        await talk.say(text)
    said = str([message for message in await talk.transcript() if message["author"] != "learner"])
    said = re.sub(r"\b[a-z]+_[\w-]{22}", "", said)  # what our own ids are made of is chance
    assert "59" not in said
    assert "Ben" not in said
    assert await each_desk.count(RefundRow) == 0


async def test_a_guest_can_only_do_what_needs_no_account(desk: Desk) -> None:
    talk = await desk.open()
    for text in ("refund please", "cancel my subscription", "delete my account", "yes"):
        await talk.say(text)
    assert await desk.count(RefundRow) == 0
    assert (await desk.learner("ana"))["status"] == "active"


async def test_resetting_a_password_never_tells_whether_there_is_an_account(desk: Desk) -> None:
    answers = []
    for address in ("ana@example.org", "nobody@example.org"):
        talk = await desk.open()
        await talk.say("reset my password")
        answers.append((await talk.say(address)).texts[0].replace(address, "…"))
    assert answers[0] == answers[1]
    assert [mail["payload"]["to"] for mail in await desk.owed()] == ["ana@example.org"]


# --- a deleted learner -----------------------------------------------------------------------------------------------


async def deleted(desk: Desk, learner: str = "ana") -> tuple[str, Any]:
    """Ana deletes her account; the identity she had, and her conversation."""
    identity, talk = desk.identity(learner), await desk.open(learner)
    await talk.say("delete my account")
    await talk.press("delete")
    assert (await talk.post("reauthenticate", {"password": "correct horse"})).status == 200
    await talk.say("DELETE")
    assert (await desk.learner(learner))["status"] == "deleted"
    return identity, talk


async def test_a_deleted_learners_identity_is_void_and_a_new_one_is_nobodys(each_desk: Desk) -> None:
    identity, talk = await deleted(each_desk)
    each_desk.wait(minutes=1)
    for old_or_new in (identity, each_desk.identity("ana")):
        body = {"channel": "web", "identity": old_or_new}
        assert_error(await each_desk.call("POST", "/api/v1/conversations", body), 401)
        assert_error(await talk.post("identity", {"identity": old_or_new}), 401)


async def test_nothing_of_a_deleted_learner_is_left_in_any_conversation(each_desk: Desk) -> None:
    other = await each_desk.open("ana")
    await other.say("hello, my name is Ana Silva")
    _identity, talk = await deleted(each_desk)
    for left in (other, talk):
        assert "Silva" not in str(await left.transcript())
        assert "learner" not in (await left.get()).body
    learner = await each_desk.learner("ana")
    assert "Silva" not in str({**learner, "emails": []})
    assert [mail["subject"] for mail in learner["emails"]] == [
        mail["subject"] for mail in learner["emails"] if "delete" in mail["subject"].lower()
    ]


async def test_deleting_needs_the_password_and_the_typed_word_even_when_the_yes_comes_twice(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("delete my account")
    button = talk.button("delete")
    for _ in range(2):
        await talk.press_id(button)
    assert (await each_desk.learner("ana"))["status"] == "active"
    assert_error(await talk.post("reauthenticate", {"password": "wrong"}), 401)
    assert_error(await talk.post("reauthenticate", {"code": "123456"}), 401)
    await talk.say("DELETE")
    assert (await each_desk.learner("ana"))["status"] == "active"
    await talk.post("reauthenticate", {"password": "correct horse"})
    for text in ("delete", "yes", "DELETE it", "delete my account now"):
        await talk.say(text)
    assert (await each_desk.learner("ana"))["status"] == "active"


# --- signing in again inside a conversation --------------------------------------------------------------------------


async def test_nothing_asked_means_nothing_to_sign_in_again_for(desk: Desk) -> None:
    for learner in ("ana", None):
        talk = await desk.open(learner)
        assert_error(await talk.post("reauthenticate", {"password": "correct horse"}), 409)


async def test_tries_at_a_password_are_limited(desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("delete my account")
    await talk.press("delete")
    answers = [await talk.post("reauthenticate", {"password": f"guess {number}"}) for number in range(11)]
    assert [answer.status for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_an_odd_password_is_only_a_wrong_one(each_desk: Desk) -> None:
    talk = await each_desk.open("ana")
    await talk.say("delete my account")
    await talk.press("delete")
    for password in ("", "\x00", "\ud800", "x" * 1024):
        assert_error(await talk.post("reauthenticate", {"password": password}), 401)


async def asked_for_a_code(desk: Desk) -> tuple[Any, str]:
    """Cleo, who has no password, is asked for a code; the code her mail names."""
    talk = await desk.open("cleo")
    await talk.say("delete my account")
    asked = await talk.press("delete")
    step = next(message["step"] for message in asked.body["messages"] if "step" in message)
    assert step == {"kind": "reauthenticate", "method": "code"}
    mail = (await desk.learner("cleo"))["emails"][-1]
    digits = [word.strip(".,") for word in mail["body"].split() if word.strip(".,").isdigit() and len(word) >= 6]
    return talk, digits[0]


async def test_who_has_no_password_signs_in_again_with_a_code_that_is_good_once(each_desk: Desk) -> None:
    talk, code = await asked_for_a_code(each_desk)
    answer = await talk.post("reauthenticate", {"code": code})
    assert answer.status == 200
    assert answer.body["messages"][0]["step"]["kind"] == "type_to_confirm"
    assert_error(await talk.post("reauthenticate", {"code": code}), 409)
    assert await each_desk.count(SignInCodeRow) == 0


@pytest.mark.parametrize(("seconds", "status"), [(600, 200), (601, 401)])
async def test_a_code_is_good_for_ten_minutes(desk: Desk, seconds: int, status: int) -> None:
    talk, code = await asked_for_a_code(desk)
    desk.wait(seconds=seconds)
    assert (await talk.post("reauthenticate", {"code": code})).status == status


@pytest.mark.parametrize(("wrong", "status"), [(4, 200), (5, 401)])
async def test_a_code_stands_five_tries(desk: Desk, wrong: int, status: int) -> None:
    talk, code = await asked_for_a_code(desk)
    for number in range(wrong):
        guess = f"{(int(code) + number + 1) % 10**6:06d}"
        assert_error(await talk.post("reauthenticate", {"code": guess}), 401)
    assert (await talk.post("reauthenticate", {"code": code})).status == status


async def test_a_code_is_stored_as_a_hash_only(desk: Desk) -> None:
    _talk, code = await asked_for_a_code(desk)
    async with desk.services.store.read() as session:
        row = await session.scalar(select(SignInCodeRow))
    assert row is not None
    assert code not in row.code_hash
