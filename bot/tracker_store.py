"""Where Rasa keeps its trackers: which intents and actions a conversation had, and not one word of it.

The transcript is the backend's, and so is erasing it. Rasa would keep every message, every parse and every reply a
second time; rules only ever look at intents and actions, so nothing else is stored.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import sqlalchemy
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.events import BotUttered, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

BUSY_S = 5.0


class RoutingTrackerStore(SQLTrackerStore):
    """Rasa's SQL store without the words."""

    def __init__(self, domain: Any = None, host: str | None = None, **kwargs: Any) -> None:
        """`host` is a whole SQLAlchemy address, such as sqlite:///var/tracker.db: Rasa calls the `url` so."""
        super().__init__(domain, host=host, **kwargs)
        if self.engine.dialect.name == "sqlite":
            sqlalchemy.event.listen(self.engine, "connect", _prepare_sqlite)
            # Creating the tables opened a connection before the listener was there.
            self.engine.dispose()

    def _additional_events(self, session: Any, tracker: DialogueStateTracker) -> Iterator[Event]:
        """The events not stored yet, each without its words."""
        for event in super()._additional_events(session, tracker):
            yield without_words(event)


def without_words(event: Event) -> Event:
    """The event with intent and action left in, text, parse, metadata and replies left out."""
    if isinstance(event, UserUttered):
        bare = UserUttered(
            intent=event.intent,
            timestamp=event.timestamp,
            input_channel=event.input_channel,
            message_id=event.message_id,
        )
        bare.use_text_for_featurization = False
        return bare
    if isinstance(event, BotUttered):
        return BotUttered(timestamp=event.timestamp)
    bare = copy.copy(event)
    bare.metadata = {}
    return bare


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Readers do not wait for the writer; a crash may lose the last turns' routing, which nobody needs."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")
