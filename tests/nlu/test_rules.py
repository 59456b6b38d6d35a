"""Rules are found once for an intent, and anew wherever there is more to look at."""

from __future__ import annotations

import pytest
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.policies.rule_policy import RulePolicy
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.rules import RulesOfATurn


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The intents that were compared with all rules."""
    asked: list[str] = []

    def compare(_self: RulePolicy, tracker: DialogueStateTracker, *_: object, **__: object) -> PolicyPrediction:
        asked.append(tracker.latest_message.intent_name)
        return PolicyPrediction([float(len(asked))], "RulePolicy")

    monkeypatch.setattr(RulePolicy, "__init__", lambda _self: None)
    monkeypatch.setattr(RulePolicy, "predict_action_probabilities", compare)
    return asked


def said(intent: str, *before: ActionExecuted) -> DialogueStateTracker:
    events = [*before, ActionExecuted(ACTION_LISTEN_NAME), UserUttered("", {"name": intent, "confidence": 1.0})]
    return DialogueStateTracker.from_events("s-1", events)


def test_an_intent_is_compared_once_and_gives_the_same_every_time(compared: list[str]) -> None:
    rules, domain = RulesOfATurn(), Domain.empty()
    first, other, again = (
        rules.predict_action_probabilities(said(intent), domain).probabilities for intent in ("faq", "greet", "faq")
    )
    assert compared == ["faq", "greet"]
    assert first == again != other


def test_a_tracker_with_more_than_a_turn_is_looked_at_whole(compared: list[str]) -> None:
    rules, domain = RulesOfATurn(), Domain.empty()
    for _ in range(2):
        rules.predict_action_probabilities(said("faq", ActionExecuted("action_operate")), domain)
    assert compared == ["faq", "faq"]
