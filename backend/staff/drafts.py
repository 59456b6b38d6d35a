"""A section's skeleton for a group of questions nobody could answer, in the articles' own format (knowledge/reader).

What a person has to write stands in angle brackets; the questions are the learners' own words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

# So many example questions a section needs at least.
QUESTIONS = 8
LONGEST_TITLE = 60


def draft_section(group: Mapping[str, Any]) -> str:
    """Markdown of a new section for a group (`staff/unanswered`)."""
    asked = _distinct([question["text"] for question in group["questions"]])
    title = _title(asked[0]) if asked else "New section"
    missing = [f"<another way of asking, {number}>" for number in range(1, QUESTIONS - len(asked) + 1)]
    lines = [f"## {title} {{#{_anchor(title)}}}", "", "sources: <articles that state it, such as F16>", ""]
    lines += ["> <The answer for the chat, at most 60 words; steps as a list.>", ""]
    lines += ["<The full text for the help page.>", ""]
    if group.get("nearest"):
        lines += [f"<Nearest section so far: {group['nearest']}. Could it answer this instead?>", ""]
    lines += ["### Questions", ""]
    return "\n".join([*lines, *(f"- {question}" for question in (*asked, *missing))]) + "\n"


def _distinct(questions: Sequence[str]) -> list[str]:
    """One line each, each once; nothing in them is a number's place or a heading."""
    lines = (" ".join(text.replace("{{", "{ {").replace("}}", "} }").split()).lstrip("#-> ") for text in questions)
    found: dict[str, str] = {}
    for line in lines:
        if line:
            found.setdefault(re.sub(r"\W+", " ", line).casefold().strip(), line)
    return list(found.values())


def _title(question: str) -> str:
    """The question as a heading, cut at a word."""
    plain = re.sub(r"[{}\[\]<>*_`|#]", "", question).strip(" ?!.")
    cut = plain if len(plain) <= LONGEST_TITLE else plain[:LONGEST_TITLE].rpartition(" ")[0] or plain[:LONGEST_TITLE]
    return (cut[:1].upper() + cut[1:]) or "New section"


def _anchor(title: str) -> str:
    """Small letters, digits and hyphens."""
    words = re.findall(r"[a-z0-9]+", title.lower())
    return "-".join(words[:6]) or "new-section"
