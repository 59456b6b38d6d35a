"""The many ways to say yes and no to an offer; and what is neither, which must never be taken for a yes."""

from __future__ import annotations

import pytest

from tests.scenarios.runner import Api, Talk, load_world

YES = ["yes", "Yeah", "yep!", "sure", "ok", "okay go ahead", "do it", "I confirm", "yes please, thank you", "of course"]
YES += ["refund it", "yes please refund the 89 dollars"]
NO = [
    "no",
    "nope",
    "no thank you",
    "not now",
    "please don't",
    "cancel that",
    "keep it",
    "i changed my mind",
    "forget it",
]
NEITHER = [
    "yes?",
    "yes no",
    "not yes",
    "no wait yes",
    "maybe",
    "hmm",
    "ok wait",
    "yes, tomorrow",
    "sure, but later",
    "yes but only half of it",
    "yes if i keep access",
    "only if i keep the certificate",
    "yes but not this course",
    "don't refund me",
    "would you say yes?",
    "my friend said yes",
    "yesterday",
    "I said no, not yes!",
    "y/n",
    "oktoberfest",
    "refund the other one",
    "yes refund the 50 dollars",
    "will you refund it",
    "one moment",
    "let me think about it",
]


@pytest.fixture
def carl(desk_address: str) -> Talk:
    """Carl, who paid for one course nine days ago, at the beginning of a conversation."""
    api = Api(desk_address)
    load_world(api, "worlds/one_time.yml")
    return Talk.open(api, "carl", "web")


@pytest.mark.parametrize("word", YES)
def test_a_plain_yes_refunds(carl: Talk, word: str) -> None:
    carl.send({"text": "refund my course"})
    carl.send({"text": word})
    assert [message["answer"]["kind"] for message in carl.turn] == ["result"]
    assert len(carl.api.learner("carl")["refunds"]) == 1


def test_a_no_ends_the_offer_and_changes_nothing(carl: Talk) -> None:
    for word in NO:
        carl.send({"text": "refund my course"})
        carl.send({"text": word})
        assert [message["answer"]["kind"] for message in carl.turn] == ["result"], word
        carl.send({"text": "yes"})
        assert carl.api.learner("carl")["refunds"] == [], word


@pytest.mark.parametrize("word", NEITHER)
def test_what_is_not_plainly_a_yes_changes_nothing(carl: Talk, word: str) -> None:
    carl.send({"text": "refund my course"})
    carl.send({"text": word})
    assert carl.api.learner("carl")["refunds"] == []
    assert carl.turn, "the learner is told something"
