"""The account: unlink a sign-in (F36), confirm the address (F00), reset the password (F09), change the name (F33)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select

from backend.ids import new_id
from backend.operations.base import Candidate, Done, Email, Field, Operation, Work
from backend.policy.account import LINKED
from backend.policy.facts import Account
from backend.store.desk_models import CaseRow
from backend.store.world_models import LearnerRow, SignInRow

ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_NEW_NAME = re.compile(
    r"\bname(?:\s+on\s+\w+(?:\s+\w+)?)?\s+(?:to|into|is|should be|as)\s+[\"'“]?([^\"'”?!\n]{2,80})", re.I
)
# What people say before the name itself.
_JUST_NAME = re.compile(
    r"^\W*(?:(?:please|it|my|the|new|real|full|legal|correct|name|should|must|be|is|would|change|to|i|am|write)\s+|it's\s+|i'm\s+)+",
    re.I,
)
LONGEST_NAME = 100


class UnlinkLogin(Operation):
    """Target: the provider, such as `facebook`."""

    name = "unlink_login"

    def candidates(self, account: Account, as_of: datetime) -> list[Candidate]:
        linked = [provider for provider in account.sign_ins if provider in LINKED]
        return [Candidate(provider, provider.title()) for provider in linked]

    def details(self, text: str) -> dict[str, Any]:
        """`provider`: one that is named, linked or not."""
        named = [provider for provider in LINKED if provider in text.casefold()]
        return {"provider": named[0]} if len(named) == 1 else {}

    def target_in(self, details: Mapping[str, Any]) -> str | None:
        return details.get("provider")

    async def carry_out(self, work: Work) -> Done:
        provider = work.decision.target
        await work.session.execute(
            delete(SignInRow).where(SignInRow.learner_id == work.learner.id, SignInRow.provider == provider)
        )
        return Done({"provider": provider, "remaining": work.decision.reasons[0].values["remaining"]})


class ResendConfirmation(Operation):
    """Done at once: it only sends a mail to the learner's own address."""

    name = "resend_confirmation"
    has_target = False
    at_once = True

    async def carry_out(self, work: Work) -> Done:
        values = {"email": work.learner.email, "name": work.learner.name}
        return Done(values, [Email("email_resend_confirmation", values, work.learner.email)])


class ResetPassword(Operation):
    """Target: an address. For guests too; the answer never tells whether the address has an account."""

    name = "reset_password"
    has_target = False
    at_once = True
    for_guests = True
    fields = (Field("email"),)

    def details(self, text: str) -> dict[str, Any]:
        found = ADDRESS.search(text)
        return {"email": found[0]} if found else {}

    def target_in(self, details: Mapping[str, Any]) -> str | None:
        return details.get("email")

    def read(self, field: str, text: str) -> str | None:
        return self.details(text).get("email")

    async def carry_out(self, work: Work) -> Done:
        address = work.decision.target or ""
        query = select(LearnerRow).where(func.lower(LearnerRow.email) == address.lower(), LearnerRow.status == "active")
        found = (await work.session.scalars(query)).all()
        mails = [Email("email_reset_password", {"name": row.name}, row.email, row.id) for row in found]
        is_own = work.account is not None and work.account.email.casefold() == address.casefold()
        return Done({"email": address, "own": address if is_own else None}, mails)


class ChangeName(Operation):
    """Goes to review: a case, the name stays until a person approves it."""

    name = "change_name"
    has_target = False
    fields = (Field("name"),)

    def details(self, text: str) -> dict[str, Any]:
        """`name`: what follows "change my name to"."""
        found = _NEW_NAME.search(text)
        return {"name": found[1].strip(" .,")} if found else {}

    def read(self, field: str, text: str) -> str | None:
        """The name alone, out of "it should be Ana Maria Silva"."""
        name = _JUST_NAME.sub("", text).strip(" .,!\"'“”")
        return name if any(map(str.isalpha, name)) and len(name) <= LONGEST_NAME else None

    async def carry_out(self, work: Work) -> Done:
        granted = work.decision.reasons[0].values
        case = CaseRow(
            id=new_id("case"),
            learner_id=work.learner.id,
            conversation_id=work.conversation_id,
            kind="name_change",
            about=work.learner.id,
            details={"name": granted["name"], "old_name": granted["old_name"]},
            opened_at=work.now,
        )
        work.session.add(case)
        values = {"new_name": granted["name"], "name": work.learner.name}
        return Done(values, [Email("email_change_name", values, work.learner.email)], case.id)
