"""What is a plain yes to an open offer, and what only asks for a moment."""

from __future__ import annotations

import pytest

from backend.dialogue.plain_words import agrees_to, asks_to_wait

OFFERED = [{"title": "Machine Learning Basics", "amount": {"amount": "1089.00", "currency": "USD"}}]


@pytest.mark.parametrize(
    "text",
    [
        "refund it",
        "please refund it",
        "go ahead and refund it",
        "yes refund me",
        "yes please refund the 1089 dollars",
        "refund the $1,089.00",
        "Refund 1,089!",
        "ok refund the whole amount",
        "yes refund machine learning basics",
    ],
)
def test_an_offer_said_once_more_is_a_yes(text: str) -> None:
    assert agrees_to(text, "refund", OFFERED)


@pytest.mark.parametrize(
    "text",
    [
        "refund the other one",
        "refund it?",
        "will you refund it",
        "do you refund it",
        "refund 50",
        "yes refund the 89 dollars",
        "refund 1,089 euros",
        "yes refund machine learning in depth",
        "refund both",
        "yes refund all of it and the other",
        "don't refund it",
        "refund it tomorrow",
        "refund only half of it",
        "refund me",
        "refund my course please",
        "refund machine learning basics",
        "yes",
        "",
    ],
)
def test_anything_besides_it_is_no_yes(text: str) -> None:
    assert not agrees_to(text, "refund", OFFERED)


@pytest.mark.parametrize("operation", ["cancel_subscription", "cancel_trial", "delete_account"])
def test_cancel_it_may_mean_the_offer_and_delete_it_takes_more(operation: str) -> None:
    assert not any(agrees_to(text, operation, OFFERED) for text in ("cancel it", "end it", "delete it"))


@pytest.mark.parametrize(
    "text",
    "wait|Wait!|hmm|Hmmm...|um|one moment|1 sec pls|just a minute|ok wait|hold on|brb|let me think|"
    "i need to think about it|i'm not sure yet|not yet|give me a minute please".split("|"),
)
def test_a_pause_is_heard_as_one(text: str) -> None:
    assert asks_to_wait(text)


@pytest.mark.parametrize(
    "text",
    "no wait yes|no, i will think about it|hmm no|wait, i meant python|i can't wait|wait for what?|yes|stop|maybe|"
    "how long do i have to wait|don't do it yet|wait stop|a minute ago i paid".split("|"),
)
def test_words_that_say_more_than_a_pause_are_left_alone(text: str) -> None:
    assert not asks_to_wait(text)
