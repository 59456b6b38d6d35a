"""Rasa's rules where a turn is all there is to look at."""

from __future__ import annotations

import copy
from typing import Any

from rasa.core.policies.policy import PolicyPrediction
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker

# What a tracker holds when a rule is asked for: that it listened, and what was said (see `tracker_store.py`).
EVENTS_OF_A_TURN = 2


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class RulesOfATurn(RulePolicy):
    """RulePolicy that compares an intent with the rules once: with nothing before it, the outcome is always one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._found: dict[str | None, PolicyPrediction] = {}

    def predict_action_probabilities(
        self, tracker: DialogueStateTracker, domain: Domain, rule_only_data: dict[str, Any] | None = None, **kwargs: Any
    ) -> PolicyPrediction:
        """As RulePolicy's."""
        if len(tracker.events) != EVENTS_OF_A_TURN or tracker.latest_message is None:
            return super().predict_action_probabilities(tracker, domain, rule_only_data, **kwargs)
        intent = tracker.latest_message.intent_name
        if intent not in self._found:
            self._found[intent] = super().predict_action_probabilities(tracker, domain, rule_only_data, **kwargs)
        return copy.copy(self._found[intent])
