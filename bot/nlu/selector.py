"""What to make of the candidates: answer, ask which of two, or say that it was not understood."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT
from rasa.shared.nlu.training_data.message import Message

from bot.importer import FAQ
from bot.nlu.classifier import CANDIDATES
from bot.turn import RANKING_LENGTH, UNDERSTANDING


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class Selector(GraphComponent):
    """Sets the message's intent and `understanding`."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Selector:
        """Nothing to set up."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Decides for each message."""
        for message in messages:
            candidates = message.get(CANDIDATES)
            ranking = [as_candidate(label, confidence) for label, confidence in candidates[:RANKING_LENGTH]]
            sections = [one for one in map(lambda pair: as_candidate(*pair), candidates) if "section" in one]
            label, confidence = candidates[0]
            second, second_confidence = candidates[1]
            found: dict[str, Any] = {"section": None, "ranking": ranking, "language": None}
            if label == "out_of_scope" or confidence < 0.25:
                intent = "out_of_scope" if label == "out_of_scope" else "nlu_fallback"
                found |= {"near": sections[:2], "kind": "out_of_scope" if label == "out_of_scope" else "unsure"}
            elif label.startswith(f"{FAQ}/") and second.startswith(f"{FAQ}/") and confidence - second_confidence < 0.08:
                intent, found["options"] = "clarify", ranking[:2]
            elif label.startswith(f"{FAQ}/"):
                intent = FAQ
                found |= {"section": sections[0]["section"], "alternatives": sections[1:3]}
                confidence = sum(one["confidence"] for one in sections)
            else:
                intent = label
            message.set(INTENT, {"name": intent, "confidence": confidence}, add_to_output=True)
            message.set(UNDERSTANDING, found, add_to_output=True)
        return messages


def as_candidate(label: str, confidence: float) -> dict[str, Any]:
    """{"section"|"intent", "confidence"}."""
    kind = "section" if label.startswith(f"{FAQ}/") else "intent"
    return {kind: label.removeprefix(f"{FAQ}/"), "confidence": round(confidence, 4)}
