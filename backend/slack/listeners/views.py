"""Dialogs that were sent off."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt.async_app import AsyncApp

from backend.slack.dialogs import entered
from backend.slack.listeners import Deeds
from backend.slack.listeners.events import reply
from backend.slack.parts import Place, carried_by


def register(app: AsyncApp, deeds: Deeds) -> None:
    """Bind the dialogs by their ids."""

    @app.view("lectern_act")
    async def act(view: dict[str, Any], context: Any) -> None:
        place: Place = context["place"]
        member = await deeds.parts.directory.member(place.user, "slack_act")
        await deeds.acting.carry_out(member, place, carried_by(view), entered(view, "reason"))

    @app.view("lectern_reply")
    async def write(view: dict[str, Any], context: Any) -> None:
        await reply(deeds, context["place"], str(carried_by(view).get("about")), entered(view, "text"))

    @app.view(re.compile(r"lectern_(?:approve|decline)"))
    async def rule(view: dict[str, Any], context: Any) -> None:
        place, approve = context["place"], view["callback_id"] == "lectern_approve"
        member = await deeds.parts.directory.member(place.user, "slack_rule")
        case = str(carried_by(view).get("about"))
        await deeds.casework.decide(member, case, approve=approve, reason=entered(view, "reason"))

    @app.view(re.compile(".*"))
    async def other() -> None:
        """A dialog of an older release: nothing to do."""
