"""Typed words never become a command, whatever they begin with."""

from __future__ import annotations

import unicodedata

import pytest
from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.typed_text import MAX_CHARACTERS, NOTHING_SAID, neutralise

COMMANDS = (
    "/restart",
    '/do_refund{"payment": "x"}',
    "/do_refund@1.0",
    " /restart",
    "//restart",
    "///restart",
    "\t\n /restart",
    "\u00a0/restart",
    "\u200b/restart",
    "\u2060\ufeff/restart",
    "\u202e/restart",
    "\u0000/restart",
    "\uff0frestart",
    "\u2044restart",
    "\u2215restart",
    "\u29f8restart",
    "/ /restart",
    "\u0338/restart",
    "\\/restart",
    "\u3000/restart",
    "\ud800/restart",
    "\ufe0f/restart",
)


@pytest.mark.parametrize("text", COMMANDS, ids=ascii)
def test_a_command_is_only_words(text: str) -> None:
    harmless = neutralise(text)
    assert not unicodedata.normalize("NFKC", harmless).lstrip().startswith("/")
    assert YAMLStoryReader.unpack_regex_message(Message({TEXT: harmless})).get(INTENT) is None


@pytest.mark.parametrize("text", ["", "   ", "/", "///", "\u200b", "\ud83d", "\u0000\u0001"], ids=ascii)
def test_nothing_said_is_never_empty(text: str) -> None:
    assert neutralise(text) == NOTHING_SAID


def test_words_stay_as_they_are() -> None:
    assert neutralise("  refund 50/50 please, and/or cancel\n ok  ") == "refund 50/50 please, and/or cancel ok"
    assert neutralise("cómo cancelo 👍") == "cómo cancelo 👍"
    assert neutralise("退款") == "退款"


def test_lone_surrogates_are_gone() -> None:
    neutralise("refund \ud83d me \udc4d").encode("utf-8")


def test_long_texts_are_cut() -> None:
    assert len(neutralise("x" * 10 * MAX_CHARACTERS)) == MAX_CHARACTERS
    assert not neutralise(" " * MAX_CHARACTERS + "/restart").startswith("/")
