"""Where Rasa keeps its trackers: which intents and actions a conversation had, and not one word of it.

The transcript is the backend's, and so is erasing it. Rasa would keep every message, every parse and every reply a
second time; rules only ever look at intents and actions, so nothing else is stored. A rule looks at its own turn alone
(the state of a dialogue is the backend's as well), so nothing is read back either: a turn costs the same however long
the conversation is.
"""

from __future__ import annotations

import copy
import json
import time
from itertools import islice
from typing import Any

import sqlalchemy
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

BUSY_S = 5.0
KEPT_S = 30 * 86_400
# The events a tracker begins a turn with: none of them is stored.
BEFORE_A_TURN = 1


class RoutingTrackerStore(SQLTrackerStore):
    """Rasa's SQL store without the words: written, and read by people alone."""

    def __init__(self, domain: Any = None, host: str | None = None, **kwargs: Any) -> None:
        """`host` is a whole SQLAlchemy address, such as sqlite:///var/tracker.db: Rasa calls the `url` so."""
        super().__init__(domain, host=host, **kwargs)
        if self.engine.dialect.name == "sqlite":
            self._keep_one_connection()
        self._forget_before(time.time() - KEPT_S)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker:
        """A tracker that listens, whatever was before."""
        listening = [ActionExecuted(ACTION_LISTEN_NAME)]
        return DialogueStateTracker.from_events(sender_id, listening, self.domain.slots)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Adds the turn's events, each without its words."""
        rows = [self._row(tracker.sender_id, event) for event in islice(tracker.events, BEFORE_A_TURN, None)]
        if rows:
            with self.engine.begin() as connection:
                connection.execute(self.SQLEvent.__table__.insert(), rows)

    @staticmethod
    def _row(sender_id: str, event: Event) -> dict[str, Any]:
        """The event as Rasa's own store writes it."""
        data = without_words(event).as_dict()
        return {
            "sender_id": sender_id,
            "type_name": event.type_name,
            "timestamp": event.timestamp,
            "intent_name": event.intent_name if isinstance(event, UserUttered) else None,
            "action_name": data.get("name"),
            "data": json.dumps(data),
        }

    def _keep_one_connection(self) -> None:
        """Rasa opens a file of SQLite anew for every session; its turns are on one thread, and one will do."""
        self.engine.dispose()
        self.engine = sqlalchemy.create_engine(self.engine.url, poolclass=sqlalchemy.pool.QueuePool, pool_size=1)
        sqlalchemy.event.listen(self.engine, "connect", _prepare_sqlite)
        self.sessionmaker.configure(bind=self.engine)

    def _forget_before(self, timestamp: float) -> None:
        events = self.SQLEvent.__table__
        with self.engine.begin() as connection:
            connection.execute(events.delete().where(events.c.timestamp < timestamp))


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
