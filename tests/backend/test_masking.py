"""Private things people type: masked before anything keeps, logs or passes them on; what only looks alike is left."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
import structlog
from sqlalchemy import inspect, text

from backend.conversations.masking import mask
from backend.store.base import Base
from tests.backend.running import Desk

CARD, IBAN, SSN, CPF = "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "536-90-4399", "390.533.447-05"

# (what is typed, what of it may be kept nowhere, the kind)
PRIVATE: list[tuple[str, str, str]] = [
    ("my card is 4111 1111 1111 1111", "1111 1111", "card"),
    ("4111111111111111", "4111111111111111", "card"),
    ("4111-1111-1111-1111 was charged twice", "4111-1111", "card"),
    ("4111.1111.1111.1111", "4111.1111", "card"),
    ("4111\u00a01111\u00a01111\u00a01111", "1111\u00a01111", "card"),
    ("4111\u20131111\u20131111\u20131111", "1111\u20131111", "card"),
    ("amex 3782 822463 10005", "822463", "card"),
    ("378282246310005", "378282246310005", "card"),
    ("mastercard:5555555555554444.", "5555555555554444", "card"),
    ("diners 30569309025904", "30569309025904", "card"),
    ("maestro 6759 6498 2643 8453 00", "6498 2643", "card"),
    ("card(4111111111111111)", "4111111111111111", "card"),
    ("card4111111111111111", "4111111111111111", "card"),
    ("two: 4111111111111111, 5555555555554444", "5555555555554444", "card"),
    ("4111 1111\n1111 1111", "1111\n1111", "card"),
    ("4111  1111  1111  1111", "1111  1111", "card"),
    ("4111 - 1111 - 1111 - 1111", "1111 - 1111", "card"),
    ("\uff14\uff11\uff11\uff11 " + " ".join(["\uff11" * 4] * 3), "\uff11\uff11", "card"),
    ("4111 1111 1111 1111 12/27 123", "12/27", "card"),
    ("4111111111111111 12/2027, 123", "123", "card"),
    ("4111111111111111 exp 12/27", "12/27", "card"),
    ("on 12 March 4111 1111 1111 1111 was charged 79", "1111 1111", "card"),
    ("it is 1 4111 1111 1111 1111", "1111 1111", "card"),
    ("4111 1111 1111 1111 5555 5555 5555 4444", "5555 5555", "card"),
    ("4111 1111 1111 1111 100 dollars", "1111 1111", "card"),
    ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "1 1 1 1", "card"),
    ("x4111111111111111y", "4111111111111111", "card"),
    ("cvv 123", "123", "card"),
    ("CVC: 4567", "4567", "card"),
    ("the security code is 987", "987", "card"),
    ("iban DE89 3704 0044 0532 0130 00", "0532 0130", "bank_account"),
    ("DE89370400440532013000", "DE89370400440532013000", "bank_account"),
    ("gb82 west 1234 5698 7654 32", "1234 5698", "bank_account"),
    ("please use DE89370400440532013000 is that ok", "370400", "bank_account"),
    ("iban de89 3704 0044 0532 0130 00 in my own name", "0532 0130", "bank_account"),
    ("FR1420041010050500013M02606 is my account", "05050001", "bank_account"),
    ("my ssn is 536-90-4399", "536-90-4399", "national_id"),
    ("SSN: 536904399", "536904399", "national_id"),
    ("social security number 536 90 4399", "536 90 4399", "national_id"),
    ("cpf 390.533.447-05", "390.533.447-05", "national_id"),
    ("39053344705", "39053344705", "national_id"),
    ("aadhaar 2341 2341 2346", "2341 2346", "national_id"),
    ("ABCPE1234F is my pan", "ABCPE1234F", "national_id"),
    ("dni 54362315K", "54362315K", "national_id"),
    ("nie X-2482300W", "2482300", "national_id"),
    ("my nino is AB 12 34 56 C", "12 34 56", "national_id"),
    ("RCCMNL83S18D969H", "RCCMNL83S18D969H", "national_id"),
    ("numéro 2 95 10 99 126 111 93", "99 126 111", "national_id"),
    ("my password is hunter2", "hunter2", "password"),
    ("password: hunter2", "hunter2", "password"),
    ("Password=hunter2", "hunter2", "password"),
    ("pwd: hunter2 and it fails", "hunter2", "password"),
    ("my password is 'correct horse battery'", "horse", "password"),
    ('the pass word was "correct horse"', "horse", "password"),
    ("my password for ana@example.org is s3cret!", "s3cret!", "password"),
    ("password -> s3cret!", "s3cret!", "password"),
    ("contraseña: abc123", "abc123", "password"),
    ("mein Passwort ist geheim77", "geheim77", "password"),
    ("mot de passe: secret77", "secret77", "password"),
    ("minha senha é segredo77", "segredo77", "password"),
    ("my password is now Tr0ub4dor&3", "Tr0ub4dor&3", "password"),
    ("my passcode is 482913", "482913", "password"),
    ("user ana password hunter2", "hunter2", "password"),
    ("login ana@example.org, pwd Tr0ub4dor!", "Tr0ub4dor!", "password"),
]
# What only looks alike, word for word.
LOOKALIKES = [
    "order 1234567890123456",
    "my order number is 4111111111111112",
    "payment 20260301090000123",
    "00000000000000000000",
    "1111 1111 1111 1111",
    "I paid $79.00 on 2026-03-01 09:00",
    "79.00, 79.00, 79.00 and 79.00",
    "call me at +49 30 901820 or +1 (555) 010-9999",
    "my number is 0044 20 7946 0958",
    "course v1:edX+2026_T1, week 12 34 56",
    "version 1.2.3.4.5.6.7.8.9.10.11.12.13",
    "ISBN 978-3-16-148410-0",
    "ISBN 9783161484100",
    "the year 2025 2026 2027",
    "error 0x80070005 in line 1234",
    "pay-1 and pay-2",
    "ML2026 is my course code",
    "my password is wrong",
    "the password is not accepted",
    "my password was reset yesterday",
    "I forgot my password",
    "password reset",
    "my password does not work",
    "is the password case sensitive?",
    "what is the password policy?",
    "password reset email course101 never came",
    "password: ",
    "password? i never had one",
    "my password is asked for again and again",
    "charged on 12/27 and 01/28, 150 each",
    "my password isn't working",
    "the password is case sensitive",
    "my password is longer than 20 letters",
    "my password is forgotten and i can't log in",
    "it says my password is too short",
    "the security code is not arriving",
    "i never got the security code",
    "the cvv field is missing",
    "de 12 courses i took 3",
    "9 to 5, 24/7, 1-2-3-4-5-6-7-8-9-10",
    "https://example.org/learn/course-1234567890",
    "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
    "$1,234,567,890,123.00",
    "1 234 567,89 €",
    "10.12.2025 11:30:15",
    "score 12/15, 80%, grade 0.8",
]


@pytest.mark.parametrize(("typed", "private", "kind"), PRIVATE)
def test_what_is_private_is_masked_and_its_kind_told(typed: str, private: str, kind: str) -> None:
    masked = mask(typed)
    assert private not in masked.text
    assert kind in masked.found
    assert "hidden]" in masked.text


@pytest.mark.parametrize("typed", LOOKALIKES)
def test_what_only_looks_alike_is_left_word_for_word(typed: str) -> None:
    assert mask(typed).text == typed
    assert mask(typed).found == ()


def test_the_rest_of_the_message_stays_readable() -> None:
    masked = mask(f"Hi, you charged {CARD} twice: $79.00 on 1 March, order 1234567890123456.")
    assert masked.text == "Hi, you charged [card number hidden] twice: $79.00 on 1 March, order 1234567890123456."


def test_several_private_things_are_all_masked_and_each_kind_told_once() -> None:
    masked = mask(f"{CARD} {CARD} and {IBAN}, ssn {SSN}, cpf {CPF}, password: hunter2")
    assert sorted(masked.found) == ["bank_account", "card", "national_id", "password"]
    assert not any(part in masked.text for part in ("1111", "0044", "4399", "533", "hunter2"))


def test_masking_twice_changes_nothing_more() -> None:
    for typed, _private, _kind in PRIVATE:
        once = mask(typed).text
        assert mask(once).text == once


def test_masking_takes_no_longer_for_texts_made_to_be_slow() -> None:
    slow = ("1 " * 2000, "password " * 440, "1" * 4000, "DE89" + " 1234" * 799, "a1 " * 1333, "password for a.b " * 235)
    for typed in (*slow, "pass word is " * 300, "1-" * 2000, "AB12" * 1000, "ssn " * 1000):
        started = time.process_time()
        mask(typed)
        assert time.process_time() - started < 0.5, typed[:20]


# --- nowhere else ---------------------------------------------------------------------------------------------------


async def stored(desk: Desk) -> str:
    """Every value of every row of the database."""
    values: list[Any] = []
    async with desk.services.store.read() as session:
        names = await session.run_sync(lambda sync: inspect(sync.connection()).get_table_names())
        assert set(Base.metadata.tables) <= set(names)
        for name in names:
            values += (await session.execute(text(f"SELECT * FROM {name}"))).all()
    return str(values)


@pytest.mark.parametrize("state", ["bot", "queued", "agent"])
async def test_nothing_private_is_stored_logged_or_passed_on_and_the_learner_is_told(
    each_desk: Desk, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    talk = await each_desk.open("ana")
    if state != "bot":
        await talk.say("a person please")
    if state == "agent":
        console = await each_desk.staff()
        await console.act(talk, "claim")
        await console.http.close()
    typed = f"refund {CARD}, ssn {SSN}, iban {IBAN}, my password is hunter2"
    with structlog.testing.capture_logs() as logs:
        answer = await talk.say(typed)
        await talk.post("rating", {"score": 1, "comment": typed})
    told = answer.body["messages"][0]["text"]
    for thing in ("card number", "identity number", "bank account", "password"):
        assert thing in told
    everything = (await stored(each_desk), str(logs), caplog.text, str(each_desk.engine.heard), str(answer.body))
    for private in ("4111 1111", "4111111111111111", SSN, "0044 0532", "hunter2"):
        assert not any(private in kept for kept in everything), private


async def test_a_text_collected_for_a_person_is_masked_too(desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("i can't go on")
    await talk.say(f"my card {CARD}")
    assert CARD not in await stored(desk)


async def test_only_kinds_are_logged_of_what_was_masked(desk: Desk) -> None:
    talk = await desk.open("ana")
    with structlog.testing.capture_logs() as logs:
        await talk.say(f"my card is {CARD}")
    (event,) = [line for line in logs if line["event"] == "turn.masked"]
    assert event["kinds"] == ("card",)


async def test_words_are_never_logged_not_even_when_something_breaks(desk: Desk) -> None:
    talk = await desk.open("ana")

    async def broken() -> None:
        raise RuntimeError("the stand-in broke")

    desk.engine.before = broken
    with structlog.testing.capture_logs() as logs:
        await talk.say("a sentence nobody else may read")
        await talk.say("x" * 4001 + "a sentence nobody else may read")
        await talk.post("reauthenticate", {"password": "a sentence nobody else may read"})
    assert "nobody else" not in str(logs)
    assert "Ana" not in str(logs)
    assert "ana@example.org" not in str(logs)
