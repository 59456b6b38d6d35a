"""Diagnose: look into the account and say why something is as it is, every cause, and offer the fix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.conversations.replies import Button
from backend.dialogue.decisions import DecisionSpeaker
from backend.dialogue.turn import Turn, told
from backend.errors import BadInput
from backend.knowledge_service import KnowledgeService
from backend.operations.base import Candidate
from backend.operations.matching import NAMED, by_name
from backend.operations.refund import Refund
from backend.policy.decision import Diagnosis, Finding
from backend.policy.facts import Account, Request
from backend.policy.parameters import Parameters
from backend.policy.rules import Rules
from backend.wording import Wording

# What a question is asked about. Those that are not here are about the account as a whole.
ABOUT_COURSE = frozenset(
    (
        "why_no_certificate",
        "why_assignment_locked",
        "why_no_grade",
        "final_grade",
        "capstone_access",
        "honors_recognition",
        "audit_option",
        "aid_status",
        "missing_course",
        "promotion",
        "why_asked_to_pay_again",
    )
)
ABOUT_PAYMENT = frozenset(("payment_status", "refund_status"))
FOR_GUESTS = frozenset(("in_plus", "payment_method"))
# May be asked about anything of the catalogue, one's own or not.
ABOUT_CATALOG = ABOUT_COURSE | {"in_plus", "payment_status"}
ALSO_SPECIALIZATIONS = frozenset(
    ("in_plus", "audit_option", "missing_course", "why_no_certificate", "capstone_access", "payment_status")
)
# Where no course is named, all of them are looked at; the others ask which one is meant.
ABOUT_ALL = frozenset(("aid_status", "missing_course", "promotion", "capstone_access", "why_asked_to_pay_again"))
ABOUT_ASSIGNMENT = frozenset(("why_assignment_locked", "why_no_grade"))


class Diagnosing:
    """The verb *diagnose*."""

    def __init__(
        self,
        rules: Rules,
        params: Parameters,
        speaker: DecisionSpeaker,
        wording: Wording,
        knowledge: KnowledgeService,
    ) -> None:
        self._rules = rules
        self._params = params
        self._speaker = speaker
        self._wording = wording
        self._knowledge = knowledge

    async def diagnose(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """`{"question", "target"?}`. A guest gets the article's answer and is asked to sign in, the question kept."""
        name = told(command, "question")
        if name not in self._rules.diagnoses:
            raise BadInput(f"there is no diagnosis {name!r}", field="question")
        account = await turn.account()
        text = command.get("text") or turn.text
        if account is None and name not in (*FOR_GUESTS, "sign_in"):
            self._ask_to_sign_in(turn, name, text)
            return
        target = told(command, "target", optional=True)
        candidates = self._candidates(name, account, turn) if account is not None and target is None else []
        named = list(by_name(text, candidates).candidates)
        if target is None and not named and name in ABOUT_CATALOG:
            whole = await turn.account_with_catalog()
            target = self._named_in_catalog(name, text, whole)
            account = whole if target or account is None else account
        fitting = named or ([] if name in ABOUT_ALL else candidates)
        if target is None and len(fitting) > 1 and name in ABOUT_COURSE - ABOUT_ALL:
            self._ask_which(turn, name, fitting, text)
            return
        if target is None and len(fitting) == 1:
            target = fitting[0].target
        if account is not None and name in ABOUT_ASSIGNMENT:
            target = self._assignment(text, account, target)
        self._show(turn, self._look(name, account, target, turn.request({"text": text}), turn))

    @staticmethod
    def _assignment(text: str, account: Account, target: str | None) -> str | None:
        """`course/assignment` if the words name one of the course's assignments, else the course."""
        course = account.catalog.courses.get(target or "")
        titled = [Candidate(f"{course.id}/{each.id}", each.title) for each in course.assignments] if course else []
        found = by_name(text, titled, threshold=NAMED)
        return found.only.target if found.only and found.coverage >= NAMED else target

    @staticmethod
    def _named_in_catalog(name: str, text: str, account: Account) -> str | None:
        """A course, or where it makes sense a Specialization, of the public catalogue that the words name."""
        items: dict[str, Any] = dict(account.catalog.courses)
        if name in ALSO_SPECIALIZATIONS:
            items |= account.catalog.specializations
        found = by_name(text, [Candidate(id, item.title) for id, item in items.items()], threshold=NAMED)
        return found.candidates[0].target if found.candidates and found.coverage >= NAMED else None

    def _look(self, name: str, account: Account | None, target: str | None, request: Request, turn: Turn) -> Diagnosis:
        return self._rules.diagnoses[name](account, target, request, turn.now, self._params)

    def _candidates(self, name: str, account: Account, turn: Turn) -> list[Candidate]:
        if name in ABOUT_PAYMENT:
            return Refund().candidates(account, turn.now)
        if name not in ABOUT_COURSE:
            return []
        mine = [enr.course for enr in sorted(account.enrollments, key=lambda enr: enr.since, reverse=True)]
        if name == "aid_status":
            mine = [aid.course for aid in account.aid] or mine
        courses = [course for course in dict.fromkeys(mine) if course in account.catalog.courses]
        return [Candidate(course, account.catalog.title_of(course)) for course in courses]

    def _ask_which(self, turn: Turn, name: str, candidates: list[Candidate], text: str) -> None:
        press = {"do": "diagnose", "question": name, "text": text}
        presses = [{**press, "target": each.target} for each in candidates[:6]]
        buttons = tuple(Button(each.label, press) for each, press in zip(candidates, presses, strict=False))
        turn.say(self._wording.first(f"ask_{name}_target", "ask_course"), "clarify", buttons=buttons)
        options = [{"target": str(number), "title": each.title} for number, each in enumerate(candidates[:6])]
        turn.agenda = turn.agenda.with_(asked={"kind": "clarify", "options": options, "presses": presses})
        turn.helped()

    def _show(self, turn: Turn, diagnosis: Diagnosis) -> None:
        """Problems first, the rest in the rule's order; each fix once."""
        ranked = sorted(diagnosis.findings, key=lambda finding: finding.status != "problem")
        said = [self._finding(diagnosis.question, finding) for finding in ranked]
        text = said[0] if len(said) == 1 else "\n".join(f"- {sentence}" for sentence in said)
        remedies = list(dict.fromkeys(self._hashable(remedy) for finding in ranked for remedy in finding.remedies))
        fixes = [remedy for finding in ranked for remedy in finding.remedies]
        kept = [next(fix for fix in fixes if self._hashable(fix) == key) for key in remedies]
        sentences = [self._speaker.remedy(diagnosis.question, fix) for fix in kept]
        if sentences:
            text += "\n\n" + (sentences[0] if len(sentences) == 1 else "\n".join(f"- {each}" for each in sentences))
        # An article that this turn has told already needs no button.
        told_now = {
            f"{cited['article']}/{cited['section']}"
            for reply in turn.replies
            for cited in reply.extras.get("citations", ())
        }
        buttons = self._speaker.buttons_for(fix for fix in kept if fix.section not in told_now)
        codes = [(finding.code, finding.sources) for finding in ranked]
        turn.say(
            text,
            "diagnosis",
            buttons=buttons,
            citations=self._knowledge.citations_for(diagnosis.question, codes),
            diagnosis=diagnosis.to_json(),
        )
        first = next((button for button in buttons if button.press["do"] == "operate"), None)
        turn.agenda = turn.agenda.with_(asked={"kind": "offer", "press": dict(first.press)} if first else None)
        section = self._knowledge.leading_to(diagnosis.question)
        if section is not None:
            turn.agenda = turn.agenda.with_(topic=section.id)
        turn.helped()

    def _finding(self, question: str, finding: Finding) -> str:
        keys = (
            f"{question}_{finding.code}",
            f"finding_{finding.code}",
            f"reason_{finding.code}",
            f"note_{finding.code}",
        )
        return self._wording.first(*keys, values=finding.values)

    @staticmethod
    def _hashable(remedy: Any) -> tuple[str, str | None]:
        return remedy.code, remedy.target

    def _ask_to_sign_in(self, turn: Turn, name: str, text: str) -> None:
        section = self._knowledge.leading_to(name, text)
        if section is not None:
            turn.say(self._knowledge.short(section), "article", citations=[self._knowledge.citation(section)])
            turn.agenda = turn.agenda.with_(topic=section.id)
        kept = {"do": "diagnose", "question": name, "text": text}
        turn.agenda = turn.agenda.with_(kept=(kept,), asked={"kind": "sign_in"})
        person = Button(self._wording.say("button_person"), {"do": "hand_over", "why": "asked"})
        turn.say(self._wording.say("sign_in_needed"), "clarify", buttons=(person,))
        turn.helped()
