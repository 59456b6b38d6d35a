"""The dialogs: an operation with its decision and a reason, a reply to the learner, the ruling of a case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backend.policy.decision import Outcome
from backend.slack import blocks
from backend.slack.acting import Offer
from backend.slack.blocks import Json
from backend.slack.parts import Parts, Place
from backend.slack.text import mrkdwn, pieces

# What has to be written for a dialog to be taken: `dialog → box`.
REQUIRED = {"lectern_act": "reason", "lectern_reply": "text", "lectern_decline": "reason"}


def operation(parts: Parts, offered: Offer, place: Place) -> Json:
    """What would be done and what happens then; without a yes where the rule says no."""
    decision, speaker = offered.decision, parts.speaker
    title = parts.services.wording.say(f"button_{decision.operation}")
    name = offered.account.name if parts.shows_personal_data else offered.account.id
    outcome = parts.say(f"outcome_{decision.outcome.value}")
    said = [parts.say("dialog_about", name=name, target=decision.target, outcome=outcome)]
    if parts.shows_personal_data:
        said.append(speaker.reasons(decision))
        said += [f"- {item}" for item in speaker.consequences(decision)] + speaker.notes(decision)
    else:
        said.append(", ".join(decision.codes))
    if decision.outcome is Outcome.REFER_TO_AGENT:
        said.append(parts.say("dialog_second"))
    shown = [blocks.section(piece) for piece in pieces(mrkdwn("\n".join(said)))]
    close = parts.say("dialog_close")
    if not offered.carries:
        return blocks.modal("lectern_shown", title, shown, close=close)
    if offered.in_chat:
        wish = {"op": decision.operation, "target": decision.target, "conversation": offered.carries["conversation"]}
        shown.append(
            blocks.section(parts.say("dialog_in_chat"), blocks.button("lectern_offer", parts.say("button_offer"), wish))
        )
    shown.append(blocks.text_input("reason", parts.say("dialog_reason"), parts.say("dialog_reason_hint")))
    submit = parts.say("dialog_ask" if decision.outcome is Outcome.REFER_TO_AGENT else "dialog_do")
    carries = {**offered.carries, **place.to_json()}
    return blocks.modal("lectern_act", title, shown, close=close, submit=submit, carries=carries)


def offered_in_chat(parts: Parts, operation: str) -> Json:
    """What stands in the dialog once the learner has been offered it."""
    title = parts.services.wording.say(f"button_{operation}")
    return blocks.modal(
        "lectern_shown", title, [blocks.section(parts.say("offered_in_chat"))], close=parts.say("dialog_close")
    )


def reply(parts: Parts, conversation: str, place: Place) -> Json:
    """The box whose words reach the learner."""
    box = blocks.text_input("text", parts.say("dialog_reply"), parts.say("dialog_reply_hint"), longest=3000)
    return _about(parts, "lectern_reply", "dialog_reply_title", [box], "dialog_send", conversation, place)


def approve(parts: Parts, case: str, place: Place) -> Json:
    """A reason may be given."""
    box = blocks.text_input("reason", parts.say("dialog_reason"), parts.say("dialog_approve_hint"), optional=True)
    return _about(parts, "lectern_approve", "dialog_approve_title", [box], "button_approve", case, place)


def decline(parts: Parts, case: str, place: Place) -> Json:
    """A reason has to be given: the learner is told it."""
    box = blocks.text_input("reason", parts.say("dialog_reason"), parts.say("dialog_decline_hint"))
    return _about(parts, "lectern_decline", "dialog_decline_title", [box], "button_decline", case, place)


def _about(parts: Parts, callback: str, title: str, shown: list[Json], submit: str, about: str, place: Place) -> Json:
    return blocks.modal(
        callback,
        parts.say(title),
        shown,
        close=parts.say("dialog_close"),
        submit=parts.say(submit),
        carries={"about": about, **place.to_json()},
    )


DIALOGS: Mapping[str, Callable[[Parts, str, Place], Json]] = {
    "lectern_reply": reply,
    "lectern_approve": approve,
    "lectern_decline": decline,
}


def entered(view: Mapping[str, Any], block: str) -> str:
    """What was written in a box."""
    box = (view.get("state") or {}).get("values", {}).get(block) or {}
    return str((box.get("value") or {}).get("value") or "")


def unfilled(view: Mapping[str, Any]) -> str | None:
    """The box that has to be filled and holds nothing but blanks."""
    block = REQUIRED.get(str(view.get("callback_id")))
    return block if block and not entered(view, block).strip() else None
