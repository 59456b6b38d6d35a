"""What an operation is: who can be its target, and what carrying it out changes. The rule itself is in `policy`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from backend.policy.decision import Decision
from backend.policy.facts import Account, Request


@dataclass(frozen=True)
class Candidate:
    """One thing of the learner's an operation could be done to.

    `title` is what it is called; `detail` tells it from others (amount, date); `words` are further names people use.
    """

    target: str
    title: str
    detail: str = ""
    words: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.title} ({self.detail})" if self.detail else self.title


@dataclass(frozen=True)
class Email:
    """A mail that is owed: the names of its wording and their values."""

    wording: str
    values: Mapping[str, Any]
    to: str


@dataclass(frozen=True)
class Done:
    """What was done: values for the sentence that says so, the mails owed, and a case that was opened."""

    values: Mapping[str, Any] = field(default_factory=dict)
    emails: Sequence[Email] = ()
    case: str | None = None


@dataclass(frozen=True)
class Work:
    """Everything `carry_out` may use: one transaction, the account as read in it, and the decision taken in it."""

    session: AsyncSession
    account: Account
    decision: Decision
    request: Request
    now: datetime
    proposal_id: str


class Operation(Protocol):
    """One thing the desk can do. `name` is also the rule's name in `policy.rules.DECISIONS`."""

    name: str

    def candidates(self, account: Account, as_of: datetime) -> list[Candidate]:
        """The targets this learner has, the likeliest first; empty where there is nothing to do it to."""

    def details(self, text: str) -> dict[str, Any]:
        """What else the words ask for, as the rule's `Request.details`."""

    async def carry_out(self, work: Work) -> Done:
        """Change the rows. Everything in `work.session`, nothing outside it."""
