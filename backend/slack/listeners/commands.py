"""`/lectern learner | decide | status | help`. The answers are seen by who asked alone."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncApp

from backend.slack import blocks
from backend.slack.listeners import Deeds
from backend.slack.parts import Place
from backend.slack.text import mrkdwn

COMMAND = "/lectern"


def register(app: AsyncApp, deeds: Deeds) -> None:
    """Bind the command."""

    @app.command(COMMAND)
    async def lectern(command: dict[str, Any], context: Any) -> None:
        await run(deeds, str(command.get("text") or ""), context["place"])


async def run(deeds: Deeds, text: str, place: Place) -> None:
    """One command. Raises Forbidden for anybody who is not staff."""
    word, *rest = text.split() or ["help"]
    if word == "learner" and len(rest) == 1:
        member = await deeds.parts.directory.member(place.user, "look_up_learner")
        shown = await deeds.lookup.learner(member, rest[0])
    elif word == "decide" and 2 <= len(rest) <= 3:
        member = await deeds.parts.directory.member(place.user, "slack_decide")
        shown = await deeds.lookup.decide(member, rest[0], rest[1], rest[2] if rest[2:] else None)
    elif word == "status" and not rest:
        await deeds.parts.directory.member(place.user, "slack_status")
        shown = await deeds.lookup.status()
    else:
        shown = [blocks.section(mrkdwn(deeds.parts.say("help" if word == "help" else "no_command")))]
    await deeds.parts.tell(place, deeds.parts.say("answer_to", command=f"{COMMAND} {word}"), shown)
