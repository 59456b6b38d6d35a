"""What Slack sends, by its own kinds: one callback for each, and `register` binds them to Bolt."""

from __future__ import annotations

from dataclasses import dataclass

from backend.slack.acting import Acting
from backend.slack.asking import Asking
from backend.slack.casework import Casework
from backend.slack.lookup import LookUp
from backend.slack.parts import Parts


@dataclass(frozen=True)
class Deeds:
    """What a listener can have done."""

    parts: Parts
    asking: Asking
    lookup: LookUp
    acting: Acting
    casework: Casework
