"""Who may ask, what may be asked, and what happens when something behind fails."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    "/restart",
    '/do_refund{"payment": "x"}',
    " /press",
    "//press",
    "\uff0fpress",
    "\u200b/restart",
    "/ press@1.0",
)


@pytest.mark.parametrize("secret", ["", "wrong", "secret-of-rasa ", "secret-of-ras", "söcret"])
def test_only_the_backend_may_ask(desk, backend, secret: str) -> None:
    status, answer = desk.turn(secret=secret.encode().decode("latin-1"), text="refund me")
    assert (status, answer["error"]["code"]) == (401, "unauthorized")
    assert not backend.asked


@pytest.mark.parametrize("text", COMMANDS, ids=ascii)
def test_typed_text_is_never_a_command(desk, backend, text: str) -> None:
    status, _ = desk.turn(text=text, session=f"guard-{text.encode().hex()}")
    assert status == 200
    do = backend.asked[0][2]
    assert do["understood"]["confidence"] < 1
    assert do["do"] != "press"


@pytest.mark.parametrize(
    "intent", ["restart", "session_start", "back", "do_refund", "faq", "nlu_fallback", "", "/press"]
)
def test_the_server_makes_no_other_intents(desk, backend, intent: str) -> None:
    status, answer = desk.turn(intent=intent)
    assert (status, answer["error"]["code"]) == (400, "bad_turn")
    assert not backend.asked


@pytest.mark.parametrize(
    "asked",
    [
        {"text": "hi", "intent": "press"},
        {},
        {"text": 5},
        {"text": "hi", "session": ""},
        {"text": "hi", "session": "x" * 201},
        {"text": "hi", "turn": None},
        {"text": "hi", "turn": "a\nb"},
        {"text": "hi", "context": "topic"},
        {"text": "hi", "context": {"topic": ["x"]}},
        {"text": "x" * 70_000},
    ],
    ids=lambda asked: json.dumps(asked)[:40],
)
def test_what_is_no_turn_is_refused(desk, backend, asked: dict) -> None:
    status, answer = desk.turn(**asked)
    assert (status, answer["error"]["code"]) == (400, "bad_turn")
    assert answer["error"]["message"]
    assert not backend.asked


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 50_000])
def test_broken_bodies_are_refused(desk, backend, raw: bytes) -> None:
    assert desk.turn(raw=raw)[0] == 400


@pytest.mark.parametrize(
    "text",
    [
        "\u0000",
        "refund\u0000me",
        "\ud83d\ude00" * 50,
        "😀",
        "x" * 4000,
        "é" * 9000,
        "\u202erefund me",
        "   ",
        "\\ud800 lone",
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_odd_text_is_survived(desk, backend, text: str) -> None:
    raw = json.dumps({"session": "odd", "turn": "t", "text": text}).encode()
    status, answer = desk.turn(raw=raw)
    assert status == 200, answer
    assert backend.asked


def test_a_lone_surrogate_is_survived(desk, backend) -> None:
    assert desk.turn(raw=b'{"session": "odd", "turn": "t", "text": "refund \\ud83d me"}')[0] == 200


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 401},
        {"status": 302},
        {"body": b"not json"},
        {"body": b"{}"},
        {"body": b'{"replies": []}'},
        {"body": b'{"replies": ["text"]}'},
        {"body": b'{"replies": null}'},
    ],
    ids=str,
)
def test_a_failing_backend_is_a_failed_turn(desk, backend, answer: dict) -> None:
    backend.answer(**answer)
    status, body = desk.turn(text="refund me")
    assert (status, body["error"]["code"]) == (502, "no_reply")
    assert len(backend.asked) == 1, "never tried twice: something may have been carried out"


def test_a_slow_backend_is_given_up_in_time(desk, backend) -> None:
    backend.answer(delay_s=9)
    started = time.monotonic()
    status, body = desk.turn(text="refund me", session="slow")
    assert (status, body["error"]["code"]) == (502, "no_reply")
    assert time.monotonic() - started < 7.5
    backend.answer()
    assert desk.turn(text="refund me", session="slow")[0] == 200, "the conversation goes on afterwards"


def test_the_action_server_answers_rasa_alone(desk, environment: dict[str, str]) -> None:
    request = urllib.request.Request(environment["LECTERN_ACTIONS_URL"], b"{}", {"Authorization": "Bearer x"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    assert refused.value.code == 401


@pytest.mark.parametrize(
    "path", ["/model/parse", "/conversations/s-1/tracker", "/status", "/domain", "/webhooks/rest/webhook"]
)
def test_rasas_own_interfaces_are_closed(desk, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(desk.address + path, timeout=30)
    assert refused.value.code == 404


@pytest.mark.parametrize(
    ("module", "unset", "said"),
    [
        ("bot.serve", "LECTERN_RASA_SECRET", "LECTERN_RASA_SECRET is not set"),
        ("bot.serve", "LECTERN_SERVICE_TOKEN", "LECTERN_SERVICE_TOKEN is not set"),
        ("actions", "LECTERN_SERVICE_TOKEN", "LECTERN_SERVICE_TOKEN is not set"),
    ],
)
def test_without_secrets_nothing_starts(environment: dict[str, str], module: str, unset: str, said: str) -> None:
    ended = _run(module, {key: value for key, value in environment.items() if key != unset})
    assert ended.returncode == 1
    assert said in ended.stderr


def test_a_broken_model_is_one_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    broken = tmp_path / "lectern-broken.tar.gz"
    broken.write_bytes(b"not a model")
    ended = _run("bot.serve", environment, "--model", str(broken), "--port", "1")
    assert ended.returncode == 1
    assert "lectern-broken.tar.gz cannot be loaded" in ended.stderr
    assert "Traceback" not in ended.stderr


def _run(module: str, environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *options]
    return subprocess.run(
        command, cwd=ROOT, env={**environment, "PYTHONWARNINGS": "ignore"}, capture_output=True, text=True, timeout=100
    )
