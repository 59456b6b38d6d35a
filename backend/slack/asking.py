"""Ask: the articles answer staff as they answer the help page's search, with the sources and the rule behind.

The same index as the help page is asked, not the dialogue: it gives the same sections for the same words, works when
the dialogue is away, and a colleague's question is neither a learner's conversation in the statistics nor something
that could lead to an operation.
"""

from __future__ import annotations

import re
from collections import defaultdict

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from backend.knowledge_service import load_stated_in
from backend.policy.decision import to_plain
from backend.slack import blocks
from backend.slack.blocks import Json
from backend.slack.parts import Parts, Place
from backend.slack.text import link, mrkdwn, pieces, written
from backend.store.slack_models import SlackQuestionRow
from backend.wording import spoken
from knowledge.model import Section

NEAR = 2
WIDE = 12
# A question of a few words ("and for a Specialization?") means what was spoken of before.
FOLLOW_UP_WORDS = 8
KEPT_QUESTION = 400
_PARAMETER = re.compile(r"\{\{\s*([a-z_]+\.[a-z_0-9]+)\s*\}\}")
_EMPTY_OPENING = re.compile(r"^(?:and|but|so|also|what about|how about)\b[\s,]*", re.I)


class Asking:
    """Answers questions in a thread and remembers what the thread is about."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._reasons = defaultdict(list)
        for code, section in load_stated_in().items():
            self._reasons[section].append(code)

    async def knows(self, channel: str, thread_ts: str) -> bool:
        """Whether a thread is one in which something was asked."""
        return await self._before(channel, thread_ts) is not None

    async def answer(self, place: Place, text: str) -> None:
        """Say the section that fits, in the thread."""
        question = written(text)
        before = await self._before(place.channel, place.thread_ts or "")
        found = self._find(question, before)
        body = self._worded(found) if found else blocks.message(self._parts.say("ask_nothing"))
        body |= {"channel": place.channel, "thread_ts": place.thread_ts}
        async with self._parts.services.store.write() as session:
            lane = f"ask:{place.channel}:{place.thread_ts}"
            await self._parts.outgoing.owe(session, f"{place.key}:answer", "chat.postMessage", body, lane=lane)
            values = {
                "channel": place.channel,
                "thread_ts": place.thread_ts,
                "question": question[:KEPT_QUESTION],
                "section": found[0].id if found else (before.section if before else None),
                "at": self._parts.now,
            }
            insert = (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(SlackQuestionRow)
            await session.execute(
                insert.values(values).on_conflict_do_update(index_elements=["channel", "thread_ts"], set_=values)
            )

    async def forget(self, channel: str, thread_ts: str) -> None:
        """The first message of a thread is gone: so is what it was about."""
        async with self._parts.services.store.write() as session:
            here = (SlackQuestionRow.channel == channel, SlackQuestionRow.thread_ts == thread_ts)
            await session.execute(delete(SlackQuestionRow).where(*here))

    async def _before(self, channel: str, thread_ts: str) -> SlackQuestionRow | None:
        async with self._parts.services.store.read() as session:
            return await session.get(SlackQuestionRow, (channel, thread_ts))

    def _find(self, question: str, before: SlackQuestionRow | None) -> list[Section]:
        """The best section and the nearest others. A short follow-up is asked together with what came before."""
        knowledge = self._parts.services.knowledge
        asked = _EMPTY_OPENING.sub("", question)
        if before is not None and len(question.split()) <= FOLLOW_UP_WORDS:
            # What both the thread and the new words speak of, but not what the thread has just said.
            together = knowledge.near(f"{asked} {before.question}", WIDE)
            alone = knowledge.near(asked, WIDE)
            both = [section for section in together if section in alone and section.id != before.section]
            found = list(dict.fromkeys([*both, *alone, *together]))[: NEAR + 1]
            if found:
                return found
        return knowledge.near(question, NEAR + 1)

    def _worded(self, found: list[Section]) -> Json:
        best, parts = found[0], self._parts
        short = parts.services.knowledge.short(best)
        shown = [blocks.section(f"*{link(self._url(best), best.title)}*")]
        shown += [blocks.section(piece) for piece in pieces(mrkdwn(short))]
        shown.append(blocks.context(parts.say("ask_sources", sources=list(best.sources))))
        rule = self._rule(best)
        if rule:
            shown.append(blocks.context(rule))
        if found[1:]:
            near = ", ".join(link(self._url(section), section.title) for section in found[1:])
            shown.append(blocks.context(parts.say("ask_near", near="{}").replace("{}", near)))
        return blocks.message(f"{best.title}: {short}", shown)

    def _url(self, section: Section) -> str:
        return f"{self._parts.services.settings.base_url}/help/{section.article}#{section.anchor}"

    def _rule(self, section: Section) -> str:
        """What the section is about, the reasons it states, and its parameters with where they come from."""
        lines = []
        about = section.operation or section.diagnosis
        codes = self._reasons.get(section.id, [])
        if about or codes:
            lines.append(self._parts.say("ask_rule", rule=about or self._parts.say("ask_no_rule"), codes=codes))
        params = self._parts.services.operations.params
        told = set(_PARAMETER.findall(section.short_markdown + section.full_markdown))
        for name in sorted(params.by_name):
            now = params.at(name, self._parts.now)
            if name in told or now.section == section.id:
                values = {"name": name, "value": spoken(to_plain(now.value)), "unit": now.unit}
                values |= {"since": now.since.isoformat(), "sources": list(now.sources)}
                lines.append(self._parts.say("ask_parameter", values))
        return "\n".join(lines)
