"""Rasa's agent, put together for this project: one model, routing-only trackers, limited actions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.tracker_store import TrackerStore
from rasa.core.utils import AvailableEndpoints
from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
from rasa.shared.constants import DEFAULT_SENDER_ID
from rasa.shared.core.trackers import DialogueStateTracker

from bot.answers import check_schema_once
from bot.endpoint import LimitedEndpoint
from bot.model_files import ModelError
from bot.runner import InOrder


class LecternAgent(Agent):
    """An agent that can parse words apart from handling the turn, and locks nothing.

    The backend has one turn of a conversation at a time, and no turn reads what the one before has left. Rasa's lock
    would only have the next one wait, in steps of a second, until this one's last rows are written.
    """

    async def handle_message(self, message: UserMessage) -> list[dict[str, Any]] | None:
        """Has the turn's action run."""
        return await self.processor.handle_message(message)

    async def parse_words(self, text: str, metadata: dict[str, Any]) -> dict[str, Any]:
        """Runs the pipeline over text that has been neutralised; raises whatever a component raises."""
        target = self.processor.model_metadata.nlu_target
        tracker = DialogueStateTracker(DEFAULT_SENDER_ID, slots=())
        inputs = {PLACEHOLDER_MESSAGE: [UserMessage(text, metadata=metadata)], PLACEHOLDER_TRACKER: tracker}
        (message,) = self.processor.graph_runner.run(inputs, [target])[target]
        return message.as_dict(only_output_properties=True)


def load_agent(model: Path, endpoints_file: Path) -> LecternAgent:
    """The agent of a model file, ready to answer; ModelError if the file cannot be used.

    Rasa's own loading logs such an error and serves without a model, which then answers nothing.
    """
    check_schema_once()
    endpoints = AvailableEndpoints.read_endpoints(str(endpoints_file))
    store = TrackerStore.create(endpoints.tracker_store)
    agent = LecternAgent(
        tracker_store=store,
        action_endpoint=LimitedEndpoint.limiting(endpoints.action),
    )
    # Rasa wraps the store in one that goes on in memory when the database fails; a failure must show instead.
    agent.tracker_store = store
    try:
        agent.load_model(str(model))
    except Exception as error:
        raise ModelError(
            f"The model {model.name} cannot be loaded ({type(error).__name__}): "
            "train it again with `python -m bot.train`."
        ) from error
    agent.processor.graph_runner = InOrder(agent.processor.graph_runner)
    # A rule is one action. Rasa would ask its policy once more only to hear that it now listens.
    agent.processor.should_predict_another_action = lambda _action: False
    return agent
