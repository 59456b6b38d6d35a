"""What somebody who takes over has to know, from records: nothing here is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.policy.decision import to_plain
from backend.policy.facts import Account
from backend.policy.money import Money
from backend.store.desk_models import CaseRow, ProposalRow
from backend.wording import Wording, WordingError, spoken

SHOWN = 5
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)")


def summary(
    wording: Wording,
    messages: Sequence[Mapping[str, Any]],
    proposals: Sequence[ProposalRow],
    account: Account | None,
    cases: Sequence[CaseRow],
    why: str | None,
) -> dict[str, Any]:
    """`{"wants", "decided", "tried", "facts", "asked", "why", "proposals"}` of a conversation."""
    asked = [message["text"] for message in messages if message["author"] == "learner"]
    decided = [_decided(wording, message, account) for message in messages if "decision" in message]
    return {
        "wants": _wants(wording, messages, account) or (asked[-1] if asked else None),
        "why": _why(wording, why),
        "asked": asked[-3:],
        "decided": decided[-SHOWN:],
        "tried": _tried(messages, proposals, account)[-SHOWN:],
        "facts": [{"label": label, "value": value} for label, value in _facts(account, cases)] if account else [],
        "proposals": [{"operation": row.operation, "target": row.target, "state": row.state} for row in proposals[-3:]],
    }


def title_of(account: Account | None, target: str | None) -> str | None:
    """What a target is called: a course's title, also that of its payment, subscription or application."""
    if account is None or target is None:
        return target
    things = (*account.payments, *account.subscriptions, *account.enrollments, *account.aid)
    found = next((thing for thing in things if thing.id == target), None)
    item = getattr(found, "item", None) or getattr(found, "course", None) or target
    return account.catalog.title_of(item)


def _wants(wording: Wording, messages: Sequence[Mapping[str, Any]], account: Account | None) -> str | None:
    """The last request or question that the desk has dealt with, by its name."""
    for message in reversed(messages):
        about = message.get("decision") or message.get("diagnosis")
        if about:
            name = about.get("operation") or about.get("question")
            words = wording.say(f"button_{name}") if wording.has(f"button_{name}") else name.replace("_", " ")
            title = title_of(account, about.get("target"))
            return f"{words}: {title}" if title else words
        if message.get("citations") and message.get("answer", {}).get("kind") == "article":
            return message["citations"][0]["title"]
    return None


def _why(wording: Wording, why: str | None) -> str | None:
    if why is None:
        return None
    return wording.say(f"slack_why_{why}") if wording.has(f"slack_why_{why}") else why.replace("_", " ")


def _decided(wording: Wording, message: Mapping[str, Any], account: Account | None) -> dict[str, Any]:
    decision = message["decision"]
    return {
        "operation": decision["operation"],
        "target": decision["target"],
        "title": title_of(account, decision["target"]),
        "outcome": decision["outcome"],
        "reasons": [_reason(wording, decision, reason) for reason in decision["reasons"]],
        "at": message["at"],
    }


def _reason(wording: Wording, decision: Mapping[str, Any], reason: Mapping[str, Any]) -> dict[str, Any]:
    """A reason as it was told, from the values it was decided on."""
    values = {"target": decision["target"], **{name: revived(value) for name, value in reason["values"].items()}}
    keys = (f"{decision['operation']}_{reason['code']}", f"reason_{reason['code']}")
    try:
        text = wording.first(*keys, values=values)
    except WordingError:  # a code of an older release
        text = reason["code"].replace("_", " ")
    return {"code": reason["code"], "text": text, "sources": reason["sources"]}


def revived(value: Any) -> Any:
    """A value of a record as it was before it became JSON: amounts and instants."""
    if isinstance(value, Mapping) and set(value) == {"amount", "currency"}:
        return Money.parse(f"{value['amount']} {value['currency']}")
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    if isinstance(value, list):
        return [revived(item) for item in value]
    return value


def _tried(
    messages: Sequence[Mapping[str, Any]], proposals: Sequence[ProposalRow], account: Account | None
) -> list[dict[str, Any]]:
    """What was offered and what became of it, and what was looked into, in the order of time."""
    offered = [(row.operation, row.target, row.state, to_plain(row.closed_at or row.created_at)) for row in proposals]
    looked_into = [
        (message["diagnosis"]["question"], message["diagnosis"]["target"], "looked_into", message["at"])
        for message in messages
        if "diagnosis" in message
    ]
    return [
        {"operation": name, "target": target, "title": title_of(account, target), "state": state, "at": at}
        for name, target, state, at in sorted([*offered, *looked_into], key=lambda one: one[3])
    ]


def _facts(account: Account, cases: Sequence[CaseRow]) -> Iterator[tuple[str, str]]:
    """What of the account matters whatever is asked; what there is not is left out."""
    title = account.catalog.title_of
    yield "E-mail", f"{account.email} ({'confirmed' if account.email_confirmed else 'not confirmed'})"
    running = [each for each in account.enrollments if each.is_running]
    if running:
        yield "Courses", _some(f"{title(each.course)} ({_plain(each.mode)})" for each in running)
    if account.payments:
        last = max(account.payments, key=lambda payment: payment.at)
        yield "Last payment", f"{last.amount} for {title(last.item)}, {_day(last.at)} ({_plain(last.status)})"
    if account.refunds:
        last_refund = max(account.refunds, key=lambda refund: refund.requested_at)
        yield "Last refund", f"{last_refund.amount}, expected by {_day(last_refund.expected_by)}"
    live = [each for each in account.subscriptions if each.status in ("trialing", "active")]
    if live:
        yield "Subscriptions", _some(f"{title(each.item)} ({_plain(each.status)})" for each in live)
    if account.aid:
        last_aid = max(account.aid, key=lambda application: application.submitted_at)
        yield "Financial aid", f"{title(last_aid.course)}: {_plain(last_aid.status)}"
    if account.certificates:
        yield "Certificates", _some(title(each.course) for each in account.certificates)
    if account.sso_organisation:
        yield "Organisation", account.sso_organisation
    waiting = [case for case in cases if case.status == "open"]
    if waiting:
        yield "Open cases", _some(f"{_plain(case.kind)} since {_day(case.opened_at)}" for case in waiting)


def _some(items: Iterable[str]) -> str:
    """The first few, and how many there are besides."""
    listed = list(items)
    more = len(listed) - SHOWN
    return spoken([*listed[:SHOWN], f"{more} more"] if more > 0 else listed)


def _plain(code: str) -> str:
    return code.replace("_", " ")


def _day(instant: datetime) -> str:
    return f"{instant.day} {instant:%B %Y}"
