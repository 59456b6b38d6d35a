"""Messages and mentions: questions to the knowledge, and the threads of conversations.

A message in a conversation's thread stays among staff. Only a plain new message of a member of staff that begins with
`/reply` is for the learner; an edit, a file, a bot's message or a forwarded one never is.
"""

from __future__ import annotations

import re
from typing import Any

from slack_bolt.async_app import AsyncApp
from sqlalchemy import select

from backend.conversations.text import message_text
from backend.errors import BadInput, ServiceError
from backend.slack.listeners import Deeds
from backend.slack.parts import Place
from backend.slack.text import markdown, mentions, written
from backend.store.slack_models import SlackPostRow

REPLY = re.compile(r"^\s*/reply(?:\s+|$)", re.I)
_US = re.compile(r"^\s*<@[A-Z0-9]+(?:\|[^>]*)?>[\s,:]*")
# Anything that comes along with a text, and so would be left behind or misread.
_MORE_THAN_TEXT = ("files", "attachments", "upload", "bot_id", "app_id", "edited", "hidden")


def register(app: AsyncApp, deeds: Deeds) -> None:
    """Bind the callbacks."""

    @app.event("app_mention")
    async def mentioned(event: dict[str, Any], context: Any) -> None:
        await ask(deeds, event, context["place"])

    @app.event({"type": "message", "subtype": None})
    async def message(event: dict[str, Any], context: Any) -> None:
        await said(deeds, event, context["place"])

    @app.event({"type": "message", "subtype": re.compile(".*")})
    async def changed(event: dict[str, Any], context: Any) -> None:
        await said(deeds, event, context["place"])


async def ask(deeds: Deeds, event: dict[str, Any], place: Place) -> None:
    """A question to the knowledge, by a person."""
    text = _US.sub("", str(event.get("text") or ""))
    if event.get("bot_id") or not event.get("user") or event.get("subtype") or not text.strip():
        return
    await deeds.asking.answer(place, text)


async def said(deeds: Deeds, event: dict[str, Any], place: Place) -> None:
    """A message in a channel the app is in, or to the app itself."""
    text = str(event.get("text") or "")
    if event.get("subtype") == "message_deleted":
        await deeds.asking.forget(place.channel, str(event.get("deleted_ts")))
        return
    if event.get("bot_id") or not event.get("user") or _US.match(text):
        return  # a mention comes as an event of its own
    conversation = await _conversation(deeds, place.channel, event.get("thread_ts"))
    if conversation is not None:
        await in_thread(deeds, event, place, conversation)
    elif event.get("channel_type") == "im" or await deeds.asking.knows(place.channel, str(event.get("thread_ts"))):
        await ask(deeds, event, place)


async def in_thread(deeds: Deeds, event: dict[str, Any], place: Place, conversation: str) -> None:
    """A message in a conversation's thread: `/reply` is for the learner, everything else a note among staff."""
    text = str(event.get("text") or "")
    is_plain = not event.get("subtype") and not any(event.get(name) for name in _MORE_THAN_TEXT)
    if not REPLY.match(text):
        if is_plain:
            await note(deeds, place, conversation, text)
        return
    if not is_plain:
        raise BadInput(deeds.parts.say("not_sent_plain"))
    await reply(deeds, place, conversation, REPLY.sub("", text, count=1))


async def note(deeds: Deeds, place: Place, conversation: str, text: str) -> None:
    """Kept with the conversation where the console shows it; of anybody who is not staff, not at all."""
    try:
        member = await deeds.parts.directory.member(place.user, "slack_note")
    except ServiceError:
        return  # whoever talks in the channel need not be told that they are not staff
    kept = message_text(written(text) or "…", deeds.parts.services.settings.max_message_chars)
    await deeds.parts.services.notes.add(member, conversation, kept)


async def reply(deeds: Deeds, place: Place, conversation: str, text: str) -> None:
    """Write to the learner, once, in the name of who wrote it. Raises what the staff service raises."""
    services = deeds.parts.services
    if mentions(text):
        raise BadInput(deeds.parts.say("not_sent_mention"))
    if not text.strip():
        raise BadInput(deeds.parts.say("not_sent_empty"))
    member = await deeds.parts.directory.member(place.user, "slack_reply")
    said = message_text(markdown(text), services.settings.max_message_chars)
    await services.staff.write(member, conversation, f"slack:{place.key}", said)


async def _conversation(deeds: Deeds, channel: str, thread_ts: str | None) -> str | None:
    """The conversation whose thread this is."""
    if not thread_ts:
        return None
    query = select(SlackPostRow.about).where(SlackPostRow.channel == channel, SlackPostRow.ts == thread_ts)
    async with deeds.parts.services.store.read() as session:
        about = await session.scalar(query.where(SlackPostRow.about.like("conversation:%")))
    return about.removeprefix("conversation:") if about else None
