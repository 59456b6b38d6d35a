"""Between the desk's Markdown and Slack's own marks. What people wrote never becomes a mark, a mention or a link."""

from __future__ import annotations

import re

LONGEST_SECTION = 2900  # Slack takes 3000 characters in one section

_MENTION = re.compile(r"<(?:[@#!][^>]*)>")
_LINK = re.compile(r"<((?:https?|mailto|tel):[^|>]+)(?:\|([^>]*))?>")
_MARKDOWN_LINK = re.compile(r"\[([^\]]+)\]\((?:https?://[^\s)]+|/[^\s)]*)\)")
# Slack only sees a mark where a word begins or ends; a zero-width space takes its meaning away.
_MARKS = re.compile(r"(?<!\w)[*_~`]+|[*_~`]+(?!\w)")

# Signs that an escape says are only signs wait as private characters while the marks are changed.
_SIGNS = "\\*`[]"
_HELD = {sign: chr(0xE000 + place) for place, sign in enumerate(_SIGNS)}
_ESCAPED = re.compile(r"\\([\\*`\[\]])")
_HELD_SIGN = re.compile("[\ue000-\ue004]")


def escape(text: str) -> str:
    """Plain text as Slack shows it to the letter: no mention, no link, no channel can be made with it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def quoted(text: str) -> str:
    """What somebody wrote, as a quotation whose marks mean nothing."""
    plain = _MARKS.sub(lambda found: f"\u200b{found[0]}", escape(text))
    return "\n".join(f">{line}" for line in plain.split("\n"))


def mrkdwn(markdown: str) -> str:
    """The desk's Markdown subset as Slack's: `**bold**`, lists, links by their title."""
    text = _ESCAPED.sub(lambda found: _HELD[found[1]], escape(_MARKDOWN_LINK.sub(r"\1", markdown)))
    text = re.sub(r"\*\*(.+?)\*\*", r"*\1*", text)
    text = re.sub(r"^(\s*)[-*]\s+", r"\1• ", text, flags=re.M)
    # Slack knows no escape: a zero-width space before a sign takes its meaning away.
    return _HELD_SIGN.sub(lambda found: f"\u200b{_SIGNS[ord(found[0]) - 0xE000]}", text)


def link(url: str, title: str) -> str:
    """A link of ours."""
    return f"<{url}|{escape(title).replace('|', '/')}>"


def cut(text: str, longest: int = LONGEST_SECTION) -> str:
    """At most so many characters, with a sign that there is more. An escaped character is not cut in its middle."""
    if len(text) <= longest:
        return text
    kept = text[: longest - 1]
    return re.sub(r"&\w{0,4}$", "", kept) + "…"


def pieces(text: str, longest: int = LONGEST_SECTION) -> list[str]:
    """A long text in parts, divided between lines where it can be."""
    parts: list[str] = []
    while len(text) > longest:
        at = text.rfind("\n", 1, longest)
        at = at if at > 0 else longest - len(re.search(r"(?:&\w{0,4})?$", text[:longest])[0])
        parts.append(text[:at])
        text = text[at:].lstrip("\n")
    return [*parts, text]


def mentions(text: str) -> bool:
    """Whether a text from Slack names a person, a group or a channel."""
    return bool(_MENTION.search(text))


def written(text: str) -> str:
    """What somebody typed in Slack, as plain text: links by their address, the three escapes undone."""
    text = _LINK.sub(lambda found: found[1].removeprefix("mailto:").removeprefix("tel:"), text)
    text = _MENTION.sub(" ", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def markdown(text: str) -> str:
    """What somebody typed in Slack for a learner, in the chat's marks."""
    return re.sub(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])", r"**\1**", written(text))
