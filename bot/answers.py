"""Rasa's check of what an action answered, with its schema taken apart once.

Rasa checks the schema itself anew at every call of an action, which took about half of its part of a turn.
"""

from __future__ import annotations

from typing import Any

from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction


def check_schema_once() -> None:
    """From now on an answer is compared with the schema, and the schema with nothing."""
    schema = RemoteAction.action_response_format_spec()
    kind = validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)

    def fits(_action: RemoteAction, result: Any) -> bool:
        """True, or jsonschema's ValidationError as from Rasa's own check."""
        problem = best_match(validator.iter_errors(result))
        if problem is not None:
            raise problem
        return True

    RemoteAction._validate_action_result = fits
