"""What people and programs may type: kept as text, never a command, never a 500."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.store.world_models import RefundRow
from tests.backend.everywhere import assert_error
from tests.backend.running import PATIENCE, Desk, Talk

fuzzed = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def heard_from(desk: Desk, talk: Talk, text: str) -> tuple[str, str]:
    """What is kept of a text, and what Rasa gets of it."""
    answer = await talk.say(text)
    assert answer.status == 200, answer
    kept = [message["text"] for message in await talk.transcript() if message["author"] == "learner"]
    return kept[-1], str(desk.engine.heard[-1]["text"])


async def test_a_message_without_anything_to_read_is_refused(desk: Desk) -> None:
    talk = await desk.open("ana")
    nothing = ("", " ", "\n\t \r\n", "\x00", "\x00\x01\x1f\x7f", "\u200b\u200b", "\ufeff", "\u202e", "\u2028", "\u00a0")
    for text in nothing:
        assert_error(await talk.say(text), 400)
    assert len(await talk.transcript()) == 1
    assert desk.engine.heard == []


KEPT = [
    ("  hello  ", "hello"),
    ("a\x00b", "ab"),
    ("a\u202eb", "ab"),
    ("line\r\nbreak", "line\nbreak"),
    ("many\n\n\n\n\nlines", "many\n\nlines"),
    ("half \ud83d", "half \ufffd"),
    ("\udc00\ud800", "\ufffd\ufffd"),
    ("cafe\u0301", "café"),
    ("\U0001f469\u200d\U0001f4bb works", "\U0001f469\u200d\U0001f4bb works"),
    ('<b>bold</b> & "quoted" \'', '<b>bold</b> & "quoted" \''),
    ("'; DROP TABLE learners; --", "'; DROP TABLE learners; --"),
    ("{name} %s ${x}", "{name} %s ${x}"),
]


async def test_a_text_is_kept_and_passed_on_as_people_wrote_it(each_desk: Desk) -> None:
    for typed, kept in KEPT:
        talk = await each_desk.open("ana")
        assert await heard_from(each_desk, talk, typed) == (kept, kept)


COMMANDS = (
    "/restart",
    '/do_refund{"payment": "x"}',
    "/affirm",
    '/affirm{"proposal": "prop_x"}',
    "/session_start",
    " /press",
    "//do_refund",
    "EXTERNAL: /affirm",
)


async def test_typed_text_is_never_a_command_whatever_it_begins_with(desk: Desk) -> None:
    talk = await desk.open("ana")
    await talk.say("refund please")
    for text in COMMANDS:
        assert (await talk.say(text)).status == 200
        heard = desk.engine.heard[-1]
        assert (heard["text"], heard["intent"]) == (text.strip(), None)
        await talk.say("never mind")
        await talk.say("refund please")
    assert await desk.count(RefundRow) == 0


@pytest.mark.parametrize(("length", "status"), [(3999, 200), (4000, 200), (4001, 413), (60_000, 413)])
@pytest.mark.parametrize("letter", ["x", "é"])
async def test_a_message_may_have_4000_characters(desk: Desk, length: int, status: int, letter: str) -> None:
    talk = await desk.open("ana")
    body = json.dumps({"client_id": "1", "text": letter * length}, ensure_ascii=False).encode()
    answer = await desk.call("POST", f"{talk.path}/messages", data=body, headers=talk.bearer)
    assert answer.status == status
    if status == 413:
        assert_error(answer, 413)
        assert len(await talk.transcript()) == 1


async def test_characters_are_counted_not_bytes(desk: Desk) -> None:
    talk = await desk.open("ana")
    assert (await talk.say("\U0001f642" * 4000)).status == 200
    answer = await talk.say("\U0001f642" * 4001)
    assert (answer.status, answer.code) == (413, "message_too_long")
    assert "4,001" in answer.body["error"]["message"]


@pytest.mark.parametrize("text", [None, 1, True, ["hello"], {"text": "hello"}])
async def test_a_message_that_is_no_text_is_refused(desk: Desk, text: Any) -> None:
    talk = await desk.open("ana")
    assert_error(await talk.post("messages", {"client_id": "1", "text": text}), 400)


async def test_a_message_is_either_a_text_or_a_press(desk: Desk) -> None:
    talk = await desk.open("ana")
    for body in ({}, {"text": "hello", "press": "btn_x"}, {"text": None, "press": None}):
        answer = await talk.post("messages", {"client_id": "1", **body})
        assert_error(answer, 400)
        assert "either 'text' or 'press'" in answer.body["error"]["message"]


# --- buttons ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("button", ["btn_unknown", "\x00", "a\x00b", "\ud800", "' OR 1=1 --", "x" * 100])
async def test_a_button_nobody_issued_does_nothing(each_desk: Desk, button: str) -> None:
    talk = await each_desk.open("ana")
    # Of a button that is only a control sign nothing is left to look for.
    assert_error(await talk.press_id(button), 400 if button == "\x00" else 404)
    assert len(await talk.transcript()) == 1


async def test_another_conversations_button_does_nothing(each_desk: Desk) -> None:
    victim, thief = await each_desk.open("ana"), await each_desk.open("ben")
    await victim.say("refund please")
    button = victim.button("Refund .*79")
    answer = await thief.press_id(button)
    assert_error(answer, 404)
    assert await each_desk.count(RefundRow) == 0
    assert (await victim.press_id(button)).kinds == ["result"]


async def test_a_guest_with_a_learners_button_of_another_conversation_gets_nothing(desk: Desk) -> None:
    victim, guest = await desk.open("ana"), await desk.open()
    await victim.say("refund please")
    assert_error(await guest.press_id(victim.button("Refund .*79")), 404)
    assert await desk.count(RefundRow) == 0


@pytest.mark.parametrize(
    "form", [{"yes": True}, {"target": "pay-2", "do": "confirm", "learner": "ben"}, {"\x00": "\x00"}]
)
async def test_a_form_cannot_change_what_a_button_means(each_desk: Desk, form: dict[str, Any]) -> None:
    talk = await each_desk.open("ana")
    await talk.say("refund please")
    body = {"client_id": "1", "press": talk.button("Keep"), "form": form}
    answer = await talk.post("messages", body)
    assert answer.status == 200, answer
    assert await each_desk.count(RefundRow) == 0


# --- large bodies ----------------------------------------------------------------------------------------------------


async def raw_request(desk: Desk, head: str, *chunks: bytes) -> str:
    """The first line of the answer to a request written by hand."""
    reader, writer = await asyncio.open_connection(desk.server.host, desk.server.port)
    try:
        writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
        return (await asyncio.wait_for(reader.readline(), PATIENCE)).decode()
    except ConnectionError:
        return "closed"
    finally:
        writer.close()


async def test_a_huge_body_is_refused_before_it_is_read(desk: Desk) -> None:
    talk = await desk.open("ana")
    head = f"POST {talk.path}/messages HTTP/1.1\nHost: desk\nAuthorization: Bearer {talk.token}"
    announced = await raw_request(desk, f"{head}\nContent-Length: 10000000000", b'{"client_id"')
    assert " 413 " in announced
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    unannounced = await raw_request(desk, f"{head}\nTransfer-Encoding: chunked", *[chunk] * 3)
    assert " 413 " in unannounced
    assert (await talk.say("hello")).status == 200


@pytest.mark.parametrize(("size", "status"), [(64 * 1024, 400), (64 * 1024 + 1, 413)])
async def test_a_body_may_have_64_kibibytes(desk: Desk, size: int, status: int) -> None:
    talk = await desk.open("ana")
    answer = await desk.call("POST", f"{talk.path}/messages", data=b" " * (size - 2) + b"[]", headers=talk.bearer)
    assert_error(answer, status)


async def test_a_world_may_be_larger_than_other_bodies_but_not_without_end(desk: Desk) -> None:
    large = b"# " + b"x" * (9 * 1024 * 1024)
    assert_error(await desk.call("PUT", "/testing/world", data=large), 413)


async def test_a_body_that_breaks_off_does_nothing(desk: Desk) -> None:
    talk = await desk.open("ana")
    head = f"POST {talk.path}/messages HTTP/1.1\nHost: desk\nAuthorization: Bearer {talk.token}\nContent-Length: 100"
    _reader, writer = await asyncio.open_connection(desk.server.host, desk.server.port)
    writer.write(head.replace("\n", "\r\n").encode() + b'\r\n\r\n{"client_id": "1", "text": "hello"}')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await talk.say("hello again")).status == 200
    assert desk.engine.heard[0]["text"] == "hello again"


# --- anything at all -------------------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(["client_id", "text", "press", "form", "score", "comment", "helpful", "identity", "code"])


@fuzzed
@given(text=st.text(st.characters(exclude_categories=()), max_size=200))
async def test_any_text_is_answered_or_refused(desk: Desk, text: str) -> None:
    talk = await desk.open("ana")
    answer = await talk.say(text)
    assert answer.status in (200, 400), answer
    assert await desk.count(RefundRow) == 0


@fuzzed
@given(body=st.dictionaries(keys | st.text(max_size=5), json_values, max_size=5))
async def test_any_json_is_answered_or_refused_by_every_route_of_a_conversation(
    desk: Desk, body: dict[str, Any]
) -> None:
    talk = await desk.open("ana")
    for what in ("messages", "rating", "reauthenticate", "identity", "messages/msg_x/feedback"):
        answer = await talk.post(what, body)
        if answer.status != 200:
            assert_error(answer, 400, 401, 404, 409, 413)


@fuzzed
@given(raw=st.binary(max_size=300))
async def test_any_bytes_are_refused(desk: Desk, raw: bytes) -> None:
    talk = await desk.open("ana")
    answer = await desk.call("POST", f"{talk.path}/messages", data=raw, headers=talk.bearer)
    assert_error(answer, 400)
