"""Block Kit, made with Slack's own models: what does not fit Slack's form fails here and in the tests, not at Slack."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    InputBlock,
    MarkdownTextObject,
    PlainTextInputElement,
    PlainTextObject,
    SectionBlock,
)
from slack_sdk.models.views import View

from backend.slack.text import cut, escape

MOST_BLOCKS = 48  # Slack takes 50 in a message
Json = dict[str, Any]


def header(text: str) -> Json:
    return HeaderBlock(text=PlainTextObject(text=cut(text, 150))).to_dict()


def section(text: str, accessory: ButtonElement | None = None) -> Json:
    """A paragraph of Slack's Markdown, maybe with a button at its side."""
    return SectionBlock(text=MarkdownTextObject(text=cut(text)), accessory=accessory).to_dict()


def context(text: str) -> Json:
    """A small line."""
    return ContextBlock(elements=[MarkdownTextObject(text=cut(text, 1900))]).to_dict()


def divider() -> Json:
    return DividerBlock().to_dict()


def button(action: str, title: str, value: str | Mapping[str, Any], style: str | None = None) -> ButtonElement:
    """A button; `value` comes back with the press."""
    told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return ButtonElement(text=PlainTextObject(text=cut(title, 75)), action_id=action, value=told, style=style)


def address(title: str, url: str) -> ButtonElement:
    """A button that opens a page. Slack tells us of the press all the same, as `lectern_link`."""
    return ButtonElement(text=PlainTextObject(text=cut(title, 75)), action_id="lectern_link", url=url)


def actions(*buttons: ButtonElement) -> Json:
    return ActionsBlock(elements=list(buttons)).to_dict()


def message(text: str, blocks: Iterable[Json] = ()) -> Json:
    """What is posted: the text is for notifications and screen readers, the blocks for the eye."""
    shown = list(blocks)[:MOST_BLOCKS]
    # A notification must not call anybody, whatever somebody is named or wrote.
    body: Json = {"text": cut(escape(text.replace("**", "")), 3500), "unfurl_links": False, "unfurl_media": False}
    return {**body, "blocks": shown} if shown else body


def modal(
    callback: str,
    title: str,
    blocks: Sequence[Json],
    *,
    close: str,
    submit: str | None = None,
    carries: Mapping[str, Any] | None = None,
) -> Json:
    """A dialog; `carries` comes back with what was entered."""
    view = View(
        type="modal",
        callback_id=callback,
        title=PlainTextObject(text=cut(title, 24)),
        close=PlainTextObject(text=cut(close, 24)),
        submit=PlainTextObject(text=cut(submit, 24)) if submit else None,
        private_metadata=json.dumps(carries or {}, ensure_ascii=False, separators=(",", ":")),
        blocks=Block.parse_all(list(blocks)[:MOST_BLOCKS]),
    )
    return view.to_dict()


def text_input(block: str, label: str, hint: str, *, optional: bool = False, longest: int = 2000) -> Json:
    """A box to write in."""
    element = PlainTextInputElement(action_id="value", multiline=True, max_length=longest)
    return InputBlock(
        block_id=block,
        label=PlainTextObject(text=cut(label, 150)),
        hint=PlainTextObject(text=cut(hint, 150)),
        element=element,
        optional=optional,
    ).to_dict()
