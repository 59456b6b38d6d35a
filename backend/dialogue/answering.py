"""Answer from the articles, say so when unsure, and talk around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backend.conversations.replies import Button
from backend.dialogue.turn import Turn, told
from backend.errors import BadInput
from backend.ids import new_id
from backend.knowledge_service import KnowledgeService
from backend.store.desk_models import UnansweredRow
from backend.wording import Wording
from knowledge.model import Section

SMALL_TALK = (
    "greet",
    "thanks",
    "goodbye",
    "who_are_you",
    "capabilities",
    "abuse",
    "positive",
    "negative",
)
LEAST_CONFIDENCE = 0.15
# The next unanswered question in a row brings a person.
MAX_MISSES = 2


class Answering:
    """The verb *answer*, and what is said when there is none."""

    def __init__(self, knowledge: KnowledgeService, wording: Wording, operations: Sequence[str]) -> None:
        self._knowledge = knowledge
        self._wording = wording
        self._operations = frozenset(operations)

    def answer(self, turn: Turn, command: Mapping[str, Any]) -> Section | None:
        """`{"section", "confidence"?}`: the section's short answer with its citation; the section, if there is one."""
        name = told(command, "section")
        if not self._knowledge.has(name):
            # The model was trained on articles that have changed since.
            self.fallback(turn, {"near": command.get("alternatives") or [], "kind": "unsure"})
            return None
        confidence = _confidence(command)
        if confidence is not None and confidence < LEAST_CONFIDENCE:
            # Whatever came first came first of nothing that fits: never bluff.
            self.fallback(turn, {"near": [{"section": name}, *(command.get("alternatives") or [])], "kind": "unsure"})
            return None
        section = self._knowledge.section(name)
        turn.say(
            self._knowledge.short(section),
            "article",
            buttons=self._lead_buttons(section),
            citations=[self._knowledge.citation(section)],
            confidence=_confidence(command),
        )
        turn.agenda = turn.agenda.with_(topic=section.id)
        if section.operation in self._operations and not turn.agenda.asked:
            # "Yes" to an answer means what the answer leads to; it only begins it.
            press = {"do": "operate", "operation": section.operation}
            turn.agenda = turn.agenda.with_(asked={"kind": "offer", "press": press})
        turn.helped()
        return section

    def leads_to(self, command: Mapping[str, Any]) -> str | None:
        """The operation the section of an answer leads to."""
        name = told(command, "section")
        return self._knowledge.section(name).operation if self._knowledge.has(name) else None

    def _lead_buttons(self, section: Section) -> tuple[Button, ...]:
        """What the section leads to: doing it, looking into it, or a person where it is urgent."""
        buttons = []
        if section.operation in self._operations:
            title = self._wording.say(f"button_{section.operation}")
            buttons.append(Button(title, {"do": "operate", "operation": section.operation}))
        if section.urgent:
            buttons.append(self.person_button("safety"))
        return tuple(buttons)

    def person_button(self, why: str = "asked") -> Button:
        return Button(self._wording.say("button_person"), {"do": "hand_over", "why": why})

    def clarify(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """`{"options": [{"section" | "intent", "confidence"}]}`: two are close, so the learner says which."""
        buttons = [button for option in command.get("options") or () if (button := self._option(option, turn.text))]
        if not buttons:
            self.fallback(turn, {"near": []})
            return
        turn.say(self._wording.say("which_one"), "clarify", buttons=(*buttons, self._none_of_these()))
        options = [{"target": str(number), "title": button.title} for number, button in enumerate(buttons)]
        presses = [dict(button.press) for button in buttons]
        turn.agenda = turn.agenda.with_(asked={"kind": "clarify", "options": options, "presses": presses})

    def _option(self, option: Mapping[str, Any], text: str) -> Button | None:
        """One of two meanings of a text, whose words are kept: they may name what it is about."""
        if option.get("section"):
            if not self._knowledge.has(option["section"]):
                return None
            press = {"do": "answer", "section": option["section"], "text": text}
            return Button(self._knowledge.section(option["section"]).title, press)
        family, _, name = str(option.get("intent", "")).partition("_")
        presses = {
            "do": {"do": "operate", "operation": name, "question": False},
            "can": {"do": "operate", "operation": name, "question": True},
            "check": {"do": "diagnose", "question": name},
            "wish": {"do": "wish", "operation": name},
        }
        if family in presses and self._wording.has(f"button_{name}"):
            return Button(self._wording.say(f"button_{name}"), {**presses[family], "text": text})
        if option.get("intent") == "talk_to_person":
            return self.person_button()
        return None

    def _none_of_these(self) -> Button:
        return Button(self._wording.say("button_none_of_these"), {"do": "fallback", "near": [], "kind": "unsure"})

    def fallback(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """`{"near": [{"section"}], "kind", "language"?}`: no answer. Says so, offers what is nearest, and a person.

        The question is kept for the staff. After two in a row a person is brought (`turn.handed_over`).
        """
        kind = command.get("kind") or "unsure"
        language = command.get("language")
        self.keep_unanswered(turn, kind)
        misses = turn.agenda.misses + 1
        turn.agenda = turn.agenda.with_(misses=misses)
        if misses >= MAX_MISSES:
            turn.say(self._wording.say("fallback_again"), "fallback", confidence=_confidence(command))
            turn.handed_over = {"why": "not_understood"}
            return
        near = self._near(command)
        key = f"language_{language}" if language and self._wording.has(f"language_{language}") else f"fallback_{kind}"
        text = self._wording.first(*([key] if near else [f"{key}_nothing_near", key]), "fallback_unsure")
        buttons = [Button(section.title, {"do": "answer", "section": section.id}) for section in near]
        turn.say(
            text,
            "fallback",
            buttons=(*buttons, self.person_button("not_understood")),
            citations=[self._knowledge.citation(section) for section in near],
            confidence=_confidence(command),
        )

    def _near(self, command: Mapping[str, Any]) -> list[Section]:
        told_near = [item.get("section") for item in command.get("near") or () if isinstance(item, Mapping)]
        return [self._knowledge.section(name) for name in told_near if name and self._knowledge.has(name)][:2]

    @staticmethod
    def keep_unanswered(turn: Turn, why: str, section: str | None = None) -> None:
        """Keep the question for the staff, in the masked words of the transcript."""
        if turn.text:
            turn.session.add(
                UnansweredRow(
                    id=new_id("ask"),
                    conversation_id=turn.conversation.id,
                    turn_id=turn.turn_id,
                    text=turn.text,
                    why=why[:30],
                    section=section,
                    at=turn.now,
                )
            )

    def small_talk(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """`{"kind"}`: a short human answer."""
        kind = told(command, "kind")
        if kind not in SMALL_TALK:
            raise BadInput(f"expected one of {', '.join(SMALL_TALK)}, got {kind!r}", field="kind")
        buttons = (self.person_button(),) if kind in ("abuse", "negative") else ()
        turn.say(self._wording.say(f"smalltalk_{kind}"), "smalltalk", buttons=buttons)

    def repeat(self, turn: Turn, last: Mapping[str, Any] | None) -> None:
        """The desk's last message once more."""
        if last is None:
            turn.say(self._wording.say("nothing_to_repeat"), "smalltalk")
            return
        turn.say(last["text"], last["answer"]["kind"], citations=last.get("citations"))

    def stop(self, turn: Turn) -> None:
        """ "Never mind": whatever was being asked is dropped."""
        turn.agenda = turn.agenda.with_(asked=None, kept=())
        turn.say(self._wording.say("all_right"), "smalltalk")
        turn.helped()


def _confidence(command: Mapping[str, Any]) -> float | None:
    value = command.get("confidence")
    return float(value) if isinstance(value, (int, float)) and 0 <= value <= 1 else None
