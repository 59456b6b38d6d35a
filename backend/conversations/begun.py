"""A turn that was kept and has to be answered: by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.conversations.ownership import Owner

# What a press means while a person owns the conversation: these are the desk's business even then.
ALWAYS_OURS = ("confirm", "decline", "leave_queue", "leave_message")
LEAVES_THE_QUEUE = ("leave_queue", "leave_message")


@dataclass(frozen=True)
class Begun:
    """A turn after its first transaction."""

    turn_id: str
    owner: Owner
    session: str
    text: str
    command: Mapping[str, Any] | None
    context: Mapping[str, Any]
    finished: bool

    @property
    def is_ours(self) -> bool:
        """Whether the desk has to answer."""
        return not self.finished and (self.owner.state == "bot" or self._does in ALWAYS_OURS)

    @property
    def is_routed(self) -> bool:
        """Whether that is Rasa's to route. Some presses must work at once, whoever has the conversation."""
        at_once = self.command and (self.owner.state != "bot" or self._does in ("hand_over", *LEAVES_THE_QUEUE))
        return self.is_ours and not at_once

    @property
    def _does(self) -> str | None:
        return (self.command or {}).get("do")
