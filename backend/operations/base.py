"""What an operation is: what can be its target, what it has to be told, and what carrying it out changes.

The rule itself is in `policy`; the words are in `data/<operation>/responses.yml`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

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
class Field:
    """Something the rule has to be told, asked for as `utter_ask_<operation>_<name>`.

    `kind`: `text` (any words), `choice` (one of `options`, each worded `utter_choice_<option>`) or `pledge` (a yes).
    `asked`: False for what stands in a form only, where it may be left as it is. `required`: False where a form may
    leave it empty.
    """

    name: str
    kind: str = "text"
    options: tuple[str, ...] = ()
    asked: bool = True
    required: bool = True


@dataclass(frozen=True)
class Email:
    """A mail that is owed: the names of its wording and their values."""

    wording: str
    values: Mapping[str, Any]
    to: str
    # Whose mail it is, where that is not the account's that asked.
    learner: str | None = None


@dataclass(frozen=True)
class Done:
    """What was done: values for the sentence that says so, the mails owed, and a case that was opened."""

    values: Mapping[str, Any] = field(default_factory=dict)
    emails: Sequence[Email] = ()
    case: str | None = None


@dataclass(frozen=True)
class Work:
    """Everything `carry_out` may use: one transaction, the account as read in it, and the decision taken in it.

    `account` is None only for an operation a guest may ask for.
    """

    session: AsyncSession
    account: Account | None
    decision: Decision
    request: Request
    now: datetime
    conversation_id: str | None = None

    @property
    def learner(self) -> Account:
        """The account, where there has to be one."""
        if self.account is None:
            raise LookupError(f"{self.decision.operation} was carried out for nobody")
        return self.account


class Operation:
    """One thing the desk can do. `name` is also the rule's name in `policy.rules`.

    fields: what it has to be told, in the order it is asked for.
    exceeds: the parameter that says how many words its texts have to exceed together.
    steps: what a yes needs besides (`reauthenticate`, `type_to_confirm`), in order.
    has_target: whether it is done to one of several things the learner has.
    any_course: the target may be any course of the catalogue, not only what the learner has.
    at_once: changes nothing that needs a yes. for_guests: may be asked for without an account.
    """

    name: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]] = ()
    exceeds: ClassVar[str | None] = None
    steps: ClassVar[tuple[str, ...]] = ()
    has_target: ClassVar[bool] = True
    at_once: ClassVar[bool] = False
    any_course: ClassVar[bool] = False
    for_guests: ClassVar[bool] = False

    def candidates(self, account: Account, as_of: datetime) -> list[Candidate]:
        """The targets this learner has, the likeliest first; empty where there is nothing to do it to."""
        return []

    def details(self, text: str) -> dict[str, Any]:
        """What else the words ask for, as the rule's `Request.details`."""
        return {}

    def part_in(
        self, text: str, account: Account, candidates: Sequence[Candidate]
    ) -> tuple[str, dict[str, Any]] | None:
        """The target the words name only a part of, and the details that say which part; None for no such thing."""
        return None

    def target_in(self, details: Mapping[str, Any]) -> str | None:
        """The target, where it is something one says (an address, a provider) and not one of what one has."""
        return None

    def read(self, field: str, text: str) -> str | None:
        """What an answer tells for a field; None when it does not tell it, and it is asked for again."""
        return text

    def to_add_to(self, decision: Decision) -> str | None:
        """The field whose next answer is added to what was written, after a refusal that more words would change."""
        return None

    async def carry_out(self, work: Work) -> Done:
        """Change the rows. Everything in `work.session`, nothing outside it."""
        raise LookupError(f"{self.name} is only ever referred to a person")
