"""Operate: find the target, collect what the rule has to be told, decide, and propose or explain. One flow for all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backend.conversations.replies import Button
from backend.dialogue.decisions import DecisionSpeaker, is_offer, proposal_json
from backend.dialogue.fields import Fields, draft_of, missing_field, told_in_form
from backend.dialogue.turn import Turn, told
from backend.errors import BadInput
from backend.knowledge_service import KnowledgeService
from backend.operations.base import Candidate, Field, Operation
from backend.operations.matching import NAMED, by_age, by_name, names_unknown, several
from backend.operations.service import Operations
from backend.policy.decision import Decision, Outcome, Reason
from backend.policy.facts import Account
from backend.store.catalog_titles import names_a_title
from backend.store.desk_models import ProposalRow
from backend.wording import Wording

# Something like `pay-17`: a record's own id, and not one of theirs if no candidate matched it.
_ID = re.compile(r"\b(?:pay|payment|sub|enr|aid)[-_#]\w+", re.I)
MAX_CHOICES = 6
WISHES_ABOUT_A_COURSE = ("change_grade", "reset_progress", "extension", "hurry_aid")
MAX_DECISIONS = 4


class Operating:
    """The verb *operate*. Holds no state: the agenda says what was asked last."""

    def __init__(
        self, operations: Operations, speaker: DecisionSpeaker, wording: Wording, knowledge: KnowledgeService
    ) -> None:
        self._operations = operations
        self._speaker = speaker
        self._wording = wording
        self._knowledge = knowledge
        self.fields = Fields(speaker, wording, operations.params)

    def operation(self, command: Mapping[str, Any]) -> Operation:
        """The operation a command names. Raises BadInput."""
        name = told(command, "operation")
        if name not in self._operations.registry:
            raise BadInput(f"there is no operation {name!r}", field="operation")
        return self._operations.registry[name]

    # --- from a wish to a decision ---------------------------------------------------------------------------------

    async def operate(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """`{"operation", "question"?, "target"?, "details"?}`: the learner wants it, or asks whether they could."""
        operation = self.operation(command)
        account = await turn.account()
        text = command.get("text", turn.text)
        details = {**operation.details(text), **(command.get("details") or {})}
        question = bool(command.get("question"))
        if account is None and not operation.for_guests:
            self.ask_to_sign_in(turn, operation, {**command, "text": text})
            return
        target = told(command, "target", optional=True) or operation.target_in(details)
        if target is not None or not operation.has_target or account is None:
            if question and not command.get("explained"):
                self._explain(turn, operation)
            await self.decide(turn, account, operation, target, details, question=question)
            return
        candidates = operation.candidates(account, turn.now)
        if operation.any_course and not by_name(text, candidates).candidates:
            account = await turn.account_with_catalog()
            candidates = _in_catalog(text, account) or candidates
        together = several(text, candidates)
        if together and not question:
            targets = [candidate.target for candidate in together]
            press = {"operation": operation.name, "targets": targets, "details": details}
            await self.choose(turn, press)
            return
        if part := operation.part_in(text, account, candidates):
            await self.decide(turn, account, operation, part[0], {**details, **part[1]}, question=question)
            return
        meant = await self._meant(turn, text, candidates)
        if not meant:
            self._nothing_of_theirs(turn, account, operation, candidates, question)
        elif question:
            if not command.get("explained"):
                self._explain(turn, operation)
            self._decide_each(turn, account, operation, meant, details)
        elif len(meant) == 1:
            await self.decide(turn, account, operation, meant[0].target, details, question=question)
        else:
            self.ask_which(turn, operation, meant, details, question)

    async def _meant(self, turn: Turn, text: str, candidates: Sequence[Candidate]) -> list[Candidate]:
        """The candidates the words fit: those named, all when none is named, none when something else is named."""
        named = by_name(text, candidates)
        if not named.candidates:
            named = by_age(text, candidates)
        if named.candidates:
            return list(named.candidates)
        if _ID.search(text) or names_unknown(text, candidates) or await names_a_title(turn.session, text):
            return []
        return list(candidates)

    def ask_which(
        self,
        turn: Turn,
        operation: Operation,
        candidates: Sequence[Candidate],
        details: Mapping[str, Any],
        question: bool,
        opening: str = "",
    ) -> None:
        """Several fit: ask, with a button for each."""
        shown = list(candidates)[:MAX_CHOICES]
        press = {"do": "choose", "operation": operation.name, "details": dict(details), "question": question}
        buttons = tuple(Button(candidate.label, {**press, "target": candidate.target}) for candidate in shown)
        text = f"{opening} {self._wording.say(f'ask_{operation.name}_target')}".strip()
        if len(candidates) > len(shown):
            text += " " + self._wording.say("more_than_shown", shown=len(shown), count=len(candidates))
        turn.say(text, "clarify", buttons=buttons)
        options = [{"target": candidate.target, "title": candidate.title} for candidate in shown]
        turn.agenda = turn.agenda.with_(asked={"kind": "choose", **press, "options": options})
        turn.helped()

    async def narrow(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """An answer to "which one?" fits some of them: ask among those."""
        operation = self.operation(command)
        account = await turn.account()
        if account is not None:
            fitting = [each for each in operation.candidates(account, turn.now) if each.target in command["targets"]]
            self.ask_which(turn, operation, fitting, command.get("details") or {}, bool(command.get("question")))

    def _nothing_of_theirs(
        self, turn: Turn, account: Account, operation: Operation, candidates: Sequence[Candidate], question: bool
    ) -> None:
        """Nothing to do it to, or they named something that is not theirs: say what there is."""
        if question:
            self._explain(turn, operation)
        decision = self._operations.decide(operation.name, account, None, turn.request(), turn.now)
        decision = replace(decision, reasons=(), notes=(Reason("not_on_record", ("F46",)),))
        if candidates:
            opening = self._wording.first(f"{operation.name}_not_among_yours", "not_among_yours")
            self.ask_which(turn, operation, candidates, {}, question, opening)
            asked = turn.replies[-1]
            turn.replies[-1] = replace(asked, extras={**asked.extras, "decision": decision.to_json()})
            return
        text = self._wording.first(f"{operation.name}_nothing_there", "nothing_there")
        turn.say(text, "decision", buttons=(self._person_button(),), decision=decision.to_json())
        if operation.any_course:  # its title may be told next
            press = {"operation": operation.name, "details": {}, "question": question, "options": []}
            turn.agenda = turn.agenda.with_(asked={"kind": "choose", **press})
        turn.helped()

    async def choose(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """One of the candidates was pressed or named; or several, which are taken in turn."""
        operation = self.operation(command)
        account = await turn.account()
        if account is None:
            self.ask_to_sign_in(turn, operation, command)
            return
        first, *rest = command.get("targets") or [told(command, "target")]
        details = command.get("details") or {}
        if rest:
            kept = [
                {"do": "operate", "operation": operation.name, "target": other, "details": details} for other in rest
            ]
            turn.agenda = turn.agenda.with_(kept=(*kept, *turn.agenda.kept))
            titles = [each.title for each in operation.candidates(account, turn.now) if each.target in (first, *rest)]
            turn.say(self._wording.say("one_after_the_other", titles=titles), "clarify")
        await self.decide(turn, account, operation, first, details, question=bool(command.get("question")))

    def _decide_each(
        self, turn: Turn, account: Account, operation: Operation, meant: Sequence[Candidate], details: Mapping[str, Any]
    ) -> None:
        """ "Can I …?": the decision for each of theirs, with a button where it would be granted."""
        request = turn.request(details)
        decided = [self._operations.decide(operation.name, account, each.target, request, turn.now) for each in meant]
        offers = [decision.target for decision in decided if is_offer(decision)]
        told = decided if len(decided) <= MAX_DECISIONS else [each for each in decided if is_offer(each)][:MAX_CHOICES]
        for decision in told:
            self.show(turn, decision, question=True)
        if refused := [decision for decision in decided if decision not in told]:
            # Many at once: what cannot be is told in one list.
            turn.say("\n".join(f"- {self._speaker.reasons(each)}" for each in refused), "decision")
        asked = None
        if len(offers) == 1:
            press = {"do": "operate", "operation": operation.name, "target": offers[0], "details": dict(details)}
            asked = {"kind": "offer", "press": press}
        turn.agenda = turn.agenda.with_(asked=asked)

    async def decide(
        self,
        turn: Turn,
        account: Account | None,
        operation: Operation,
        target: str | None,
        details: Mapping[str, Any],
        *,
        question: bool = False,
        opening: str = "",
    ) -> None:
        """Decide on one target, and go on by the outcome: ask for what is missing, propose, do, or explain."""
        if operation.any_course and account is not None:
            account = await turn.account_with_catalog()
        request = turn.request({**draft_of(turn, operation, target), **details})
        target = target or operation.target_in(request.details)
        decision = self._operations.decide(operation.name, account, target, request, turn.now)
        turn.agenda = turn.agenda.with_(about={"operation": operation.name, "target": decision.target})
        missing = missing_field(operation, request.details) if decision.outcome is Outcome.NEEDS_FACTS else None
        if missing is not None:
            self.fields.ask(turn, operation, decision.target or target, request.details, missing, decision, opening)
        elif question:
            self.show(turn, decision, opening, question=True)
        elif operation.at_once and decision.outcome is Outcome.GRANTED:
            await self._do_at_once(turn, account, decision, request.details)
        elif is_offer(decision) and account is not None:
            await self.propose(turn, account, decision, request.details, opening)
        else:
            self.show(turn, decision, opening)
            self.fields.wait_for_more(turn, operation, decision, request.details)

    async def collect(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """`{"operation", "field", "details", "target"?, "value"?, "adds"?}`: what was asked for has been told.

        `adds`: it is written on to what was told before. With `labels` in place of `field` a form was sent: `form`.
        """
        operation = self.operation(command)
        account = await turn.account()
        target = told(command, "target", optional=True)
        before = dict(command.get("details") or {})
        if "labels" in command:
            details = told_in_form(operation, before, command.get("form") or {})
        else:
            details = self._collected(turn, operation, command, before)
        if details is None:
            return
        drafts = {**turn.agenda.extra.get("drafts", {}), f"{operation.name}:{target}": details}
        turn.agenda = turn.agenda.with_(asked=None, extra={**turn.agenda.extra, "drafts": drafts})
        await self.decide(turn, account, operation, target, details)

    def _collected(
        self, turn: Turn, operation: Operation, command: Mapping[str, Any], before: dict[str, Any]
    ) -> dict[str, Any] | None:
        """What is known with the one thing just told; None if the words did not tell it, and it is asked for again."""
        name = told(command, "field")
        value = command["value"] if "value" in command else operation.read(name, turn.text)
        if value is None:
            opening = self._wording.say(f"ask_again_{operation.name}_{name}")
            self.fields.ask(turn, operation, command.get("target"), before, Field(name), opening=opening)
            return None
        if "value" not in command:
            before = {**operation.details(turn.text), **before}
        return {**before, name: f"{before[name]}\n{value}" if command.get("adds") else value}

    # --- showing it ------------------------------------------------------------------------------------------------

    async def propose(
        self, turn: Turn, account: Account, decision: Decision, details: Mapping[str, Any], opening: str = ""
    ) -> None:
        """Store the offer and show it."""
        if await self._operations.open_case_of(turn.session, account.id, decision) is not None:
            # A person has it already: a second yes would only open the same case again.
            self.show(turn, decision, self._wording.say("case_open_already"))
            return
        request = turn.request(details)
        proposal = await self._operations.propose(
            turn.session, turn.conversation.id, account, decision, request, by=turn.actor
        )
        self.show_offer(turn, decision, proposal, opening)

    def show_offer(self, turn: Turn, decision: Decision, proposal: ProposalRow, opening: str = "") -> None:
        """What it is about, what a yes does, and the question."""
        turn.say(
            f"{opening}\n\n{self._speaker.offer(decision)}".strip(),
            "decision",
            buttons=(*self._speaker.proposal_buttons(decision, proposal), *self._speaker.remedy_buttons(decision)),
            citations=self._speaker.citations(decision),
            decision=decision.to_json(),
            proposal=proposal_json(proposal),
            record=decision.to_record(),
        )
        self._set_topic(turn, decision)
        turn.agenda = turn.agenda.with_(asked={"kind": "confirm", "proposal": proposal.id})
        turn.helped()

    def show(self, turn: Turn, decision: Decision, opening: str = "", *, question: bool = False) -> None:
        """A decision that proposes nothing: a refusal with what can be done instead, or the answer to "can I …?"."""
        buttons = self._speaker.remedy_buttons(decision)
        if question and is_offer(decision):
            press = {"do": "operate", "operation": decision.operation, "target": decision.target}
            buttons = (Button(self._speaker.question_title(decision), press, "primary"), *buttons)
        turn.say(
            f"{opening}\n\n{self._speaker.answer(decision)}".strip(),
            "decision",
            buttons=buttons,
            citations=self._speaker.citations(decision),
            decision=decision.to_json(),
            record=decision.to_record(),
        )
        self._set_topic(turn, decision)
        first = next((button for button in buttons if button.press["do"] == "operate"), None)
        turn.agenda = turn.agenda.with_(asked={"kind": "offer", "press": dict(first.press)} if first else None)
        turn.helped()

    def _set_topic(self, turn: Turn, decision: Decision) -> None:
        """A short question that follows is about the section that states this decision's rule."""
        cited = self._speaker.citations(decision)
        if cited:
            turn.agenda = turn.agenda.with_(topic=f"{cited[0]['article']}/{cited[0]['section']}")

    async def wish(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """`{"operation"}`: something nobody can grant. Decided like everything else, and guests may ask."""
        name = told(command, "operation")
        account = await turn.account()
        target = _wished(name, command.get("text") or turn.text, account) if account is not None else None
        decision = self._operations.decide(name, account, target, turn.request(), turn.now)
        if decision.outcome is Outcome.REFER_TO_AGENT:
            self.show(turn, decision)
            turn.handed_over = {"why": name}
        else:
            self.show(turn, decision)

    async def _do_at_once(
        self, turn: Turn, account: Account | None, decision: Decision, details: Mapping[str, Any]
    ) -> None:
        """Changes nothing that needs a yes: done, and said."""
        text = await self._operations.do_at_once(
            turn.session, turn.conversation.id, account, decision, turn.request(details), turn.actor
        )
        notes = self._speaker.notes(decision)
        turn.say(
            "\n\n".join([text, *notes]),
            "result",
            citations=self._speaker.citations(decision),
            decision=decision.to_json(),
            record=decision.to_record(),
        )
        turn.agenda = turn.agenda.with_(asked=None)
        turn.helped()

    def _explain(self, turn: Turn, operation: Operation, text: str = "") -> None:
        """The article's answer to `text`, the turn's unless given, before the account's."""
        section = self._knowledge.leading_to(operation.name, text or turn.text)
        if section is not None:
            turn.say(self._knowledge.short(section), "article", citations=[self._knowledge.citation(section)])
            turn.agenda = turn.agenda.with_(topic=section.id)

    def ask_to_sign_in(self, turn: Turn, operation: Operation, command: Mapping[str, Any]) -> None:
        """A guest: the article's answer, the request kept, and the way in."""
        self._explain(turn, operation, command.get("text") or "")
        kept = {"text": turn.text, **command, "do": "operate", "operation": operation.name}
        turn.agenda = turn.agenda.with_(kept=(kept,), asked={"kind": "sign_in"})
        turn.say(self._wording.say("sign_in_needed"), "clarify", buttons=(self._person_button(),))
        turn.helped()

    def _person_button(self) -> Button:
        return Button(self._wording.say("button_person"), {"do": "hand_over", "why": "asked"})


def catalog_of(account: Account) -> list[Candidate]:
    """Every course and Specialization of the catalogue that was loaded with the account."""
    items = {**account.catalog.courses, **account.catalog.specializations}
    return [Candidate(id, item.title) for id, item in items.items()]


def _in_catalog(text: str, account: Account) -> list[Candidate]:
    """What of the catalogue the words plainly name."""
    found = by_name(text, catalog_of(account), threshold=NAMED)
    return list(found.candidates) if found.coverage >= NAMED else []


def _wished(name: str, text: str, account: Account) -> str | None:
    """What a wish is about, where the words name it: a course one is in, or a subscription."""
    if name == "pause_subscription":
        items = [subscription.item for subscription in account.subscriptions]
    elif name in WISHES_ABOUT_A_COURSE:
        items = [enrollment.course for enrollment in account.enrollments if enrollment.is_running]
    else:
        items = []
    return getattr(by_name(text, [Candidate(id, account.catalog.title_of(id)) for id in items]).only, "target", None)
