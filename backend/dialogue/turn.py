"""One turn while it is being answered: what is known, what is asked, what will be said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations.agenda import Agenda
from backend.conversations.replies import Button, Reply
from backend.errors import BadInput
from backend.policy.facts import Account, Request
from backend.store.accounts import load_account, load_catalog
from backend.store.desk_models import ConversationRow


@dataclass
class Turn:
    """Replies and the agenda collect here and become real together with the messages, or not at all."""

    session: AsyncSession
    conversation: ConversationRow
    turn_id: str | None
    text: str
    now: datetime
    agenda: Agenda
    replies: list[Reply] = field(default_factory=list)
    # Set by a step that handed the conversation over, for the caller to carry out with the messages.
    handed_over: Mapping[str, Any] | None = None
    actor: str = "guest"
    # A person has the conversation: what was pressed is carried out, and nothing else is taken up.
    with_person: bool = False
    _account: Account | None = None
    _loaded: bool = False

    @property
    def learner_id(self) -> str | None:
        return self.conversation.learner_id

    async def account(self) -> Account | None:
        """The learner's account, from the conversation's own row; None for a guest."""
        if not self._loaded and self.learner_id:
            self._account = await load_account(self.session, self.learner_id)
        self._loaded = True
        return self._account

    async def account_with_catalog(self) -> Account:
        """The account with the whole public catalogue; a guest's is a blank one."""
        account = await self.account() or Account(id="", name="", email="")
        return replace(account, catalog=await load_catalog(self.session))

    def forget_account(self) -> None:
        """Something was changed: read the account again when it is next needed."""
        self._loaded = False

    def request(self, details: Mapping[str, Any] | None = None) -> Request:
        return Request(channel=self.conversation.channel, details=details or {})

    def say(
        self,
        text: str,
        kind: str,
        *,
        buttons: tuple[Button, ...] = (),
        record: Mapping[str, Any] | None = None,
        confidence: float | None = None,
        **extras: Any,
    ) -> None:
        """One more message of this turn."""
        kept = {name: value for name, value in extras.items() if value}
        self.replies.append(Reply(text, kind, buttons, kept, record, confidence=confidence))

    def helped(self) -> None:
        """The desk had an answer: misses are counted in a row only."""
        self.agenda = self.agenda.with_(misses=0)


def told(command: Mapping[str, Any], name: str, *, optional: bool = False) -> Any:
    """A text of the command. Raises BadInput naming the field."""
    value = command.get(name)
    if value is None and optional:
        return None
    if not isinstance(value, str) or not value or len(value) > 200:
        raise BadInput(f"expected a name in {name!r}", field=name)
    return value
