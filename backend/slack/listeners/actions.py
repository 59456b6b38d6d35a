"""Buttons. What opens a dialog does so at once, as Slack allows three seconds for it."""

from __future__ import annotations

import json
import re
from typing import Any

from slack_bolt.async_app import AsyncApp

from backend.errors import NotFound
from backend.slack import dialogs
from backend.slack.listeners import Deeds
from backend.slack.parts import Place
from backend.staff.acts import Wish


def register(app: AsyncApp, deeds: Deeds) -> None:
    """Bind the buttons by their ids."""

    @app.action(re.compile(r"lectern_(?:claim|release|close)"))
    async def own(action: dict[str, Any], context: Any) -> None:
        await change_owner(deeds, action["action_id"].removeprefix("lectern_"), action["value"], context["place"])

    @app.action("lectern_look")
    async def look(action: dict[str, Any], context: Any) -> None:
        await look_up(deeds, action["value"], context["place"])

    @app.action("lectern_act")
    async def act(action: dict[str, Any], body: dict[str, Any], context: Any) -> None:
        await offer(deeds, json.loads(action["value"]), body["trigger_id"], context["place"])

    @app.action("lectern_offer")
    async def offer_in_chat(action: dict[str, Any], body: dict[str, Any], context: Any) -> None:
        await put_to_learner(deeds, json.loads(action["value"]), body["view"]["id"], context["place"])

    @app.action(re.compile(r"lectern_(?:reply|approve|decline)"))
    async def ask(action: dict[str, Any], body: dict[str, Any], context: Any) -> None:
        await open_dialog(deeds, action["action_id"], action["value"], body["trigger_id"], context["place"])

    @app.action(re.compile(".*"))
    async def other() -> None:
        """Links, and buttons of an older release: nothing to do."""


async def change_owner(deeds: Deeds, what: str, conversation: str, place: Place) -> None:
    """Claim, release or close, as the console does. Raises Conflict or Forbidden naming who has it."""
    member = await deeds.parts.directory.member(place.user, f"slack_{what}")
    staff = deeds.parts.services.staff
    if what == "claim":
        await staff.claim(member, conversation)
    elif what == "release":
        await staff.release(member, conversation)
    else:
        await staff.close(member, conversation, "slack")


async def look_up(deeds: Deeds, conversation: str, place: Place) -> None:
    """The account of the conversation's learner, for who pressed; actions from there belong to the conversation."""
    member = await deeds.parts.directory.member(place.user, "look_up_learner")
    seen = await deeds.parts.services.showing.show(conversation)
    if not seen["learner"]:
        raise NotFound(deeds.parts.say("no_learner"))
    shown = await deeds.lookup.learner(member, seen["learner"]["id"], conversation)
    await deeds.parts.tell(place, deeds.parts.say("account_of", id=seen["learner"]["id"]), shown)


async def offer(deeds: Deeds, pressed: dict[str, Any], trigger: str, place: Place) -> None:
    """The dialog of an operation: the decision, what would happen, and the box for the reason."""
    member = await deeds.parts.directory.member(place.user, "slack_act")
    offered = await deeds.acting.offer(member, pressed)
    view = dialogs.operation(deeds.parts, offered, place)
    await deeds.parts.calls.call("views.open", trigger_id=trigger, view=view)


async def put_to_learner(deeds: Deeds, pressed: dict[str, Any], view: str, place: Place) -> None:
    """The offer goes into the chat: the learner's own button is the yes. The dialog says so."""
    member = await deeds.parts.directory.member(place.user, "slack_offer")
    wish = Wish(str(pressed.get("op")), pressed.get("target"))
    await deeds.parts.services.acts.offer(member, str(pressed.get("conversation")), wish)
    shown = dialogs.offered_in_chat(deeds.parts, wish.operation)
    await deeds.parts.calls.call("views.update", view_id=view, view=shown)


async def open_dialog(deeds: Deeds, action: str, about: str, trigger: str, place: Place) -> None:
    """The box for a reply to the learner, or for the reason of a ruling."""
    await deeds.parts.directory.member(place.user, action.replace("lectern", "slack"))
    view = dialogs.DIALOGS[action](deeds.parts, about, place)
    await deeds.parts.calls.call("views.open", trigger_id=trigger, view=view)
