"""Two requests in one message are told apart from one request in many words."""

from __future__ import annotations

import pytest

from backend.dialogue.requests import requests_in


@pytest.mark.parametrize(
    ("text", "understood", "operations"),
    [
        ("cancel my subscription and refund the photo course", "refund", ["cancel_subscription", "refund"]),
        ("refund the photo course, then cancel my plus", "cancel_subscription", ["refund", "cancel_subscription"]),
        ("end my trial and delete my account", "delete_account", ["cancel_trial", "delete_account"]),
        (
            "cancel the trial and then delete my profile please",
            "cancel_subscription",
            ["cancel_trial", "delete_account"],
        ),
    ],
)
def test_two_requests_are_both_taken_in_their_order(text: str, understood: str, operations: list[str]) -> None:
    assert [each.operation for each in requests_in(text, understood)] == operations


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("cancel my subscription", "cancel_subscription"),
        ("refund machine learning and python", "refund"),
        # A refund leaves the course as well.
        ("unenroll me and give me my money back", "unenroll"),
        # Both name the same thing.
        ("cancel my trial and stop the subscription", "cancel_subscription"),
        # What it was taken for is not among what the words name: nothing is read into it.
        ("i want to change my name and cancel my subscription or get a refund", "change_name"),
    ],
)
def test_one_request_stays_one(text: str, understood: str) -> None:
    assert requests_in(text, understood) == []


def test_each_request_keeps_its_own_words() -> None:
    wanted = requests_in("please cancel data reporting subscription and refund photography basics", "refund")
    assert [each.text for each in wanted] == ["please cancel data reporting subscription", "refund photography basics"]
