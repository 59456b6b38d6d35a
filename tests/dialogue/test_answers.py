"""What an action answered is compared with Rasa's schema, as ever."""

from __future__ import annotations

import pytest
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction

from bot.answers import check_schema_once


@pytest.fixture
def action(monkeypatch: pytest.MonkeyPatch) -> RemoteAction:
    monkeypatch.setattr(RemoteAction, "_validate_action_result", RemoteAction._validate_action_result)
    check_schema_once()
    return RemoteAction("action_answer", None)


@pytest.mark.parametrize(
    "answer",
    [
        {"events": [], "responses": []},
        {"events": [{"event": "slot", "name": "topic", "value": None}], "responses": [{"text": "Hello"}]},
        {},
    ],
)
def test_an_answer_that_fits_is_taken(action: RemoteAction, answer: dict) -> None:
    assert action._validate_action_result(answer) is True


@pytest.mark.parametrize(
    "answer", [[], "text", {"events": "none"}, {"responses": ["Hello"]}, {"events": [{"name": "topic"}]}]
)
def test_an_answer_that_does_not_fit_is_refused_as_rasa_would(action: RemoteAction, answer: object) -> None:
    with pytest.raises(ValidationError):
        action._validate_action_result(answer)
