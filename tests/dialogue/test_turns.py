"""A turn from words to the backend's replies, through Rasa and the action server."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

TOKEN = "token-of-the-service"

SAYS = {
    "refund me": {"do": "operate", "operation": "refund"},
    "i want my money back for machine lerning basics": {"do": "operate", "operation": "refund"},
    "get me out of this course": {"do": "operate", "operation": "unenroll"},
    "can i get a refund?": {"do": "operate", "operation": "refund", "question": True},
    "delete my account": {"do": "operate", "operation": "delete_account"},
    "cancel my free trial": {"do": "operate", "operation": "cancel_trial"},
    "pause my subscription": {"do": "wish", "operation": "pause_subscription"},
    "why don't i have my certificate for python for everybody": {"do": "diagnose", "question": "why_no_certificate"},
    "yes please": {"do": "confirm"},
    "no thanks": {"do": "decline"},
    "never mind": {"do": "stop"},
    "could you repeat that": {"do": "repeat"},
    "let me talk to a human": {"do": "hand_over", "why": "asked"},
    "i want to kill myself": {"do": "hand_over", "why": "distress"},
    "hello": {"do": "small_talk", "kind": "greet"},
    "are you a bot": {"do": "small_talk", "kind": "who_are_you"},
    "what's the refund deadline": {"do": "answer", "section": "request-a-refund/time-limit"},
    "how do i save a lecture on my laptop": {"do": "answer", "section": "download-videos/on-a-computer"},
    "what's the weather in paris": {"do": "fallback", "kind": "out_of_scope"},
    "zxcvz qwqwe": {"do": "fallback", "kind": "gibberish", "near": []},
    "necesito ayuda para cancelar mi suscripción por favor": {"do": "fallback", "kind": "language", "language": "es"},
}


@pytest.mark.parametrize("text", SAYS)
def test_what_is_said_is_done(desk, backend, text: str) -> None:
    status, _ = desk.turn(text=text)
    assert status == 200
    ((turn, authorization, do),) = backend.asked
    assert (turn, authorization) == ("t-1", f"Bearer {TOKEN}")
    assert {key: do.get(key) for key in SAYS[text]} == SAYS[text], do["understood"]


def test_a_request_is_no_question(desk, backend) -> None:
    desk.turn(text="refund me")
    assert "question" not in backend.asked[0][2]


def test_replies_come_back_in_order_and_whole(desk, backend) -> None:
    replies = [
        {"text": f"reply {number}", "buttons": [{"title": "x", "press": {"a": [number]}}]} for number in range(4)
    ]
    backend.answer(replies)
    status, answer = desk.turn(text="hello")
    assert (status, answer["replies"]) == (200, replies)


def test_the_backend_is_told_how_it_was_understood(desk, backend) -> None:
    desk.turn(text="what's the refund deadline")
    understood = backend.asked[0][2]["understood"]
    assert understood["intent"] == "faq"
    assert understood["section"] == "request-a-refund/time-limit"
    assert understood["language"] is None
    assert 0.5 < understood["confidence"] <= 1
    assert len(understood["ranking"]) == 5
    assert set(understood["ranking"][0]) == {"section", "confidence"}


def test_an_answer_tells_its_own_confidence_and_what_else_came_close(desk, backend) -> None:
    desk.turn(text="how do refunds work")
    do = backend.asked[0][2]
    assert 0 < do["confidence"] <= 1
    assert len(do["alternatives"]) == 2
    assert do["section"] not in [one["section"] for one in do["alternatives"]]


def test_the_topic_helps_to_understand_a_short_message(desk, backend) -> None:
    desk.turn(text="and for plus?", context={"topic": "request-a-refund/time-limit", "asked": None})
    assert backend.asked[0][2]["section"] == "request-a-refund/coursera-plus"


@pytest.mark.parametrize("intent", ["press", "choose", "resume"])
def test_a_button_is_an_intent_of_the_server(desk, backend, intent: str) -> None:
    status, _ = desk.turn(intent=intent)
    assert status == 200
    certain = {"intent": intent, "confidence": 1.0, "section": None, "ranking": [], "language": None}
    assert backend.asked[0][2] == {"do": "press", "understood": certain}


def test_a_turn_is_quick(desk, backend) -> None:
    took = []
    for number in range(10):
        started = time.perf_counter()
        desk.turn(text="how long does a refund take", session=f"quick-{number}")
        took.append(time.perf_counter() - started)
    assert sorted(took)[5] < 1.0


def test_no_word_is_kept_or_logged(desk, backend, environment: dict[str, str]) -> None:
    backend.answer([{"text": "Antwort-an-Xaver"}])
    desk.turn(text="my name is Xaverine Musterfrau and i want a refund", session="private")
    backend.answer(status=500)
    desk.turn(text="my name is Xaverine Musterfrau and i want a refund", session="private")
    path = Path(environment["LECTERN_TRACKER_URL"].removeprefix("sqlite:///"))
    stored = "\n".join(str(row) for row in sqlite3.connect(path).execute("SELECT * FROM events"))
    assert "do_refund" in stored
    for kept in (stored, desk.log.read_text(encoding="utf-8")):
        assert "Xaver" not in kept
        assert "Musterfrau" not in kept
