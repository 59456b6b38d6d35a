"""Everything that was wired at start-up, in one typed place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.clock import Clock
from backend.conversations.fanout import Fanout
from backend.conversations.identity import Tokens
from backend.conversations.limits import Limits
from backend.conversations.records import Records
from backend.conversations.service import Conversations
from backend.conversations.turns import Turns
from backend.knowledge_service import KnowledgeService
from backend.operations.platform_events import PlatformEvents
from backend.operations.service import Operations
from backend.outbox import Courier
from backend.rasa_client import DialogueEngine
from backend.settings import Settings
from backend.staff.acts import Acts
from backend.staff.aids import Aids
from backend.staff.desk_work import DeskWork
from backend.staff.hub import Hub
from backend.staff.insight import Insight
from backend.staff.learners import Learners
from backend.staff.live import Live
from backend.staff.members import Members
from backend.staff.notes import Notes
from backend.staff.queue import Queue
from backend.staff.service import Staff
from backend.staff.showing import Showing
from backend.staff.silence import Silence
from backend.store.base import Store
from backend.wording import Wording

if TYPE_CHECKING:
    from backend.slack.desk import SlackDesk


@dataclass(frozen=True)
class Services:
    settings: Settings
    clock: Clock
    store: Store
    fanout: Fanout
    limits: Limits
    engine: DialogueEngine
    knowledge: KnowledgeService
    wording: Wording
    operations: Operations
    tokens: Tokens
    turns: Turns
    conversations: Conversations
    records: Records
    staff: Staff
    members: Members
    desk_work: DeskWork
    learners: Learners
    acts: Acts
    insight: Insight
    queue: Queue
    hub: Hub
    live: Live
    showing: Showing
    notes: Notes
    aids: Aids
    silence: Silence
    courier: Courier
    platform: PlatformEvents
    # Where Slack is set up. It uses all of the others and is made after them.
    slack: SlackDesk | None = None
