"""Operate: find the target, decide, propose, take the yes or the no. One flow for every operation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backend.conversations.replies import Button
from backend.dialogue.decisions import DecisionSpeaker, is_offer, proposal_json
from backend.dialogue.turn import Turn, told
from backend.errors import BadInput
from backend.knowledge_service import KnowledgeService
from backend.operations.base import Candidate, Operation
from backend.operations.matching import by_name, by_position
from backend.operations.service import Confirmed, Operations, close_open, open_proposal
from backend.policy.decision import Decision, Reason
from backend.policy.facts import Account
from backend.store.catalog_titles import names_a_title
from backend.store.desk_models import ProposalRow
from backend.wording import Wording

# Something like `pay-17`: a record's own id, and not one of theirs if no candidate matched it.
_ID = re.compile(r"\b(?:pay|payment|sub|enr|aid)[-_#]\w+", re.I)
MAX_CHOICES = 6
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

    # --- from a wish to a decision ---------------------------------------------------------------------------------

    async def operate(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """`{"operation", "question"?, "target"?, "details"?}`: the learner wants it, or asks whether they could."""
        name = told(command, "operation")
        operation = self._operations.registry.get(name)
        if operation is None:
            raise BadInput(f"there is no operation {name!r}", field="operation")
        account = await turn.account()
        if account is None:
            self._ask_to_sign_in(turn, operation, command)
            return
        text = command.get("text") or turn.text
        details = {**(operation.details(text) or {}), **(command.get("details") or {})}
        question = bool(command.get("question"))
        target = told(command, "target", optional=True)
        if target is not None:
            await self._decide_and_show(turn, account, operation, target, details, question)
            return
        candidates = operation.candidates(account, turn.now)
        meant = await self._meant(turn, text, candidates)
        if not meant:
            self._nothing_of_theirs(turn, account, operation, candidates, question)
        elif question and len(meant) <= MAX_DECISIONS:
            self._explain(turn, operation)
            await self._decide_each(turn, account, operation, meant, details)
        elif len(meant) == 1:
            await self._decide_and_show(turn, account, operation, meant[0].target, details, question)
        else:
            self._ask_which(turn, operation, meant, details, question)

    async def _meant(self, turn: Turn, text: str, candidates: Sequence[Candidate]) -> list[Candidate]:
        """The candidates the words fit: those named, all when none is named, none when something else is named."""
        named = by_name(text, candidates)
        if named.candidates:
            return list(named.candidates)
        return [] if _ID.search(text) or await names_a_title(turn.session, text) else list(candidates)

    def _ask_which(
        self, turn: Turn, operation: Operation, candidates: Sequence[Candidate], details: Mapping[str, Any], question: bool
    ) -> None:
        shown = list(candidates)[:MAX_CHOICES]
        press = {"do": "choose", "operation": operation.name, "details": dict(details), "question": question}
        buttons = tuple(Button(candidate.label, {**press, "target": candidate.target}) for candidate in shown)
        text = self._wording.say(f"ask_{operation.name}_target", count=len(candidates))
        if len(candidates) > len(shown):
            text += " " + self._wording.say("more_than_shown", shown=len(shown), count=len(candidates))
        turn.say(text, "clarify", buttons=buttons)
        options = [{"target": candidate.target, "title": candidate.title} for candidate in shown]
        turn.agenda = turn.agenda.with_(asked={"kind": "choose", **press, "options": options})
        turn.helped()

    def _nothing_of_theirs(
        self, turn: Turn, account: Account, operation: Operation, candidates: Sequence[Candidate], question: bool
    ) -> None:
        """Nothing to do it to, or they named something that is not theirs: say what there is."""
        if question:
            self._explain(turn, operation)
        decision = self._operations.decide(operation.name, account, None, turn.request(), turn.now)
        decision = replace(decision, reasons=(), notes=(Reason("not_on_record", ("F46",)),))
        if candidates:
            text = self._wording.say(f"{operation.name}_not_among_yours")
            self._ask_which(turn, operation, candidates, {}, question)
            turn.replies[-1] = replace(turn.replies[-1], text=f"{text}\n\n{turn.replies[-1].text}")
            turn.replies[-1] = replace(
                turn.replies[-1], extras={**turn.replies[-1].extras, "decision": decision.to_json()}
            )
            return
        turn.say(
            self._wording.say(f"{operation.name}_nothing_there"),
            "decision",
            buttons=(Button(self._wording.say("button_person"), {"do": "hand_over", "why": "asked"}),),
            decision=decision.to_json(),
        )
        turn.helped()

    async def choose(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """One of the candidates was pressed or named; or several, which are taken in turn."""
        operation = self._operations.registry[told(command, "operation")]
        account = await turn.account()
        if account is None:
            self._ask_to_sign_in(turn, operation, command)
            return
        targets = command.get("targets") or [told(command, "target")]
        details = command.get("details") or {}
        first, *rest = targets
        kept = [
            {"do": "operate", "operation": operation.name, "target": target, "details": details} for target in rest
        ]
        if kept:
            turn.agenda = turn.agenda.with_(kept=(*kept, *turn.agenda.kept))
            titles = [c.title for c in operation.candidates(account, turn.now) if c.target in targets]
            turn.say(self._wording.say("one_after_the_other", titles=titles), "clarify")
        await self._decide_and_show(turn, account, operation, first, details, bool(command.get("question")))

    async def _decide_each(
        self, turn: Turn, account: Account, operation: Operation, meant: Sequence[Candidate], details: Mapping[str, Any]
    ) -> None:
        """ "Can I …?": the decision for each of theirs, with a button where it would be granted."""
        offers = []
        for candidate in meant:
            decision = self._operations.decide(
                operation.name, account, candidate.target, turn.request(details), turn.now
            )
            self._show_answer(turn, account, decision, question=True)
            if is_offer(decision):
                offers.append(candidate.target)
        asked = None
        if len(offers) == 1:
            press = {"do": "operate", "operation": operation.name, "target": offers[0], "details": dict(details)}
            asked = {"kind": "offer", "press": press}
        turn.agenda = turn.agenda.with_(asked=asked)

    async def _decide_and_show(
        self,
        turn: Turn,
        account: Account,
        operation: Operation,
        target: str | None,
        details: Mapping[str, Any],
        question: bool = False,
    ) -> None:
        decision = self._operations.decide(operation.name, account, target, turn.request(details), turn.now)
        turn.agenda = turn.agenda.with_(about={"operation": operation.name, "target": decision.target})
        if question:
            self._explain(turn, operation)
        if is_offer(decision):
            await self._propose(turn, account, decision, details)
        else:
            self._show_answer(turn, account, decision)
            self._take_up_kept(turn)

    async def _propose(
        self, turn: Turn, account: Account, decision: Decision, details: Mapping[str, Any], opening: str = ""
    ) -> None:
        request = turn.request(details)
        proposal = await self._operations.propose(
            turn.session, turn.conversation.id, account, decision, request, by=turn.actor
        )
        self._show_offer(turn, decision, proposal, opening)

    def _show_offer(self, turn: Turn, decision: Decision, proposal: ProposalRow, opening: str = "") -> None:
        turn.say(
            f"{opening}\n\n{self._speaker.offer(decision)}".strip(),
            "decision",
            buttons=self._speaker.proposal_buttons(decision, proposal),
            citations=self._speaker.citations(decision),
            decision=decision.to_json(),
            proposal=proposal_json(proposal),
            record=decision.to_record(),
        )
        turn.agenda = turn.agenda.with_(asked={"kind": "confirm", "proposal": proposal.id})
        turn.helped()

    def _show_answer(
        self, turn: Turn, account: Account | None, decision: Decision, opening: str = "", question: bool = False
    ) -> None:
        """A decision that proposes nothing: a refusal with what can be done instead, or the answer to "can I …?"."""
        buttons = self._speaker.remedy_buttons(decision, account)
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
        first = next((b for b in buttons if b.press["do"] == "operate"), None)
        asked = {"kind": "offer", "press": dict(first.press)} if first else None
        turn.agenda = turn.agenda.with_(asked=asked)
        turn.helped()

    def _explain(self, turn: Turn, operation: Operation) -> None:
        """The article's answer, before the account's."""
        section = self._knowledge.leading_to(operation.name)
        if section is not None:
            turn.say(self._knowledge.short(section), "article", citations=[self._knowledge.citation(section)])
            turn.agenda = turn.agenda.with_(topic=section.id)

    def _ask_to_sign_in(self, turn: Turn, operation: Operation, command: Mapping[str, Any]) -> None:
        """A guest: the article's answer, the request kept, and the way in."""
        self._explain(turn, operation)
        kept = {**command, "do": "operate", "operation": operation.name, "text": command.get("text") or turn.text}
        turn.agenda = turn.agenda.with_(kept=(kept,), asked={"kind": "sign_in"})
        turn.say(
            self._wording.say("sign_in_needed"),
            "clarify",
            buttons=(Button(self._wording.say("button_person"), {"do": "hand_over", "why": "asked"}),),
        )
        turn.helped()

    # --- the yes and the no ----------------------------------------------------------------------------------------

    async def confirm(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """A yes: by the proposal's own button, or by a plain word while its question was the last one asked."""
        pressed = command.get("proposal")
        asked = turn.agenda.waits_on("confirm")
        offered = turn.agenda.waits_on("offer")
        if pressed is None and offered:
            await self.operate(turn, {**offered["press"], "text": ""})
        elif pressed or asked:
            await self._take_yes(turn, pressed or asked["proposal"])
        else:
            await self._yes_to_nothing(turn)

    async def _yes_to_nothing(self, turn: Turn) -> None:
        """A yes with no question before it never does anything; an open offer is shown again."""
        still_open = await open_proposal(turn.session, turn.conversation.id, turn.now)
        if still_open is not None:
            await self.ask_again(turn, still_open)
            return
        turn.say(self._wording.say("nothing_to_confirm"), "clarify")

    async def _take_yes(self, turn: Turn, proposal_id: str) -> None:
        confirmed = await self._operations.confirm(
            turn.session,
            turn.conversation.id,
            turn.learner_id or "",
            proposal_id,
            now=turn.now,
            channel=turn.conversation.channel,
            actor=turn.actor,
            turn_id=turn.turn_id,
        )
        turn.forget_account()
        turn.agenda = turn.agenda.with_(asked=None)
        if confirmed.state == "done":
            turn.say(confirmed.result["text"], "result", proposal=proposal_json(confirmed.proposal))
            turn.helped()
            await self._next_kept(turn)
        elif confirmed.state == "already":
            text = self._wording.say("already_done") + "\n\n" + confirmed.result["text"]
            turn.say(text, "result", proposal=proposal_json(confirmed.proposal))
        else:
            await self._offer_anew(turn, confirmed)

    async def _offer_anew(self, turn: Turn, confirmed: Confirmed) -> None:
        """The yes came too late, or things have changed: say so, decide afresh, and ask again where it still holds."""
        account = await turn.account()
        if account is None or confirmed.decision is None:
            raise LookupError("a proposal without its learner")
        opening = self._wording.say(f"offer_{confirmed.state}", minutes=self._minutes(confirmed.proposal))
        if is_offer(confirmed.decision):
            await self._propose(turn, account, confirmed.decision, confirmed.proposal.details, opening)
        else:
            self._show_answer(turn, account, confirmed.decision, opening)

    @staticmethod
    def _minutes(proposal: ProposalRow) -> int:
        return int((proposal.expires_at - proposal.created_at).total_seconds() // 60)

    async def decline(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """A no: nothing is changed, and it is said."""
        waited = turn.agenda.asked
        still_open = await open_proposal(turn.session, turn.conversation.id, turn.now)
        if waited is None and still_open is None and not command.get("proposal"):
            turn.say(self._wording.say("nothing_to_decline"), "smalltalk")
            return
        await close_open(turn.session, turn.conversation.id, "declined", turn.now)
        turn.agenda = turn.agenda.with_(asked=None)
        turn.say(self._wording.say("declined" if still_open else "all_right"), "result")
        turn.helped()
        await self._next_kept(turn)

    # --- taking things up again ------------------------------------------------------------------------------------

    async def ask_again(self, turn: Turn, proposal: ProposalRow) -> None:
        """The open question once more, after something else came in between; decided afresh."""
        account = await turn.account()
        if account is None:
            return
        request = turn.request(proposal.details)
        decision = self._operations.decide(proposal.operation, account, proposal.target, request, turn.now)
        opening = self._wording.say("back_to_the_question")
        if is_offer(decision) and decision.same_effect_as(proposal.decision):
            self._show_offer(turn, decision, proposal, opening)
        else:
            self._show_answer(turn, account, decision, opening)

    async def resume(self, turn: Turn, before: Mapping[str, Any] | None) -> None:
        """After a question in between: take up again what the desk had asked."""
        if not before:
            return
        if before["kind"] == "confirm":
            still_open = await open_proposal(turn.session, turn.conversation.id, turn.now)
            if still_open is not None and still_open.id == before["proposal"]:
                await self.ask_again(turn, still_open)
        elif before["kind"] == "choose":
            operation = self._operations.registry[before["operation"]]
            account = await turn.account()
            targets = [option["target"] for option in before["options"]]
            if account is not None:
                left = [c for c in operation.candidates(account, turn.now) if c.target in targets]
                self._ask_which(turn, operation, left, before.get("details") or {}, bool(before.get("question")))
                turn.replies[-1] = replace(
                    turn.replies[-1], text=f"{self._wording.say('back_to_the_question')} {turn.replies[-1].text}"
                )

    async def signed_in(self, turn: Turn) -> None:
        """A guest has signed in: the request that was kept is taken up."""
        if not turn.agenda.kept:
            account = await turn.account()
            turn.say(self._wording.say("welcome_back", name=account.name if account else ""), "smalltalk")
            return
        await self._next_kept(turn)

    def _take_up_kept(self, turn: Turn) -> None:
        """After a refusal of one of several the next is asked for, not started by itself."""
        if turn.agenda.kept and turn.agenda.asked is None:
            turn.agenda = turn.agenda.with_(asked={"kind": "offer", "press": dict(turn.agenda.kept[0])})

    async def _next_kept(self, turn: Turn) -> None:
        """The next request that waits, if any."""
        if not turn.agenda.kept or turn.agenda.asked:
            return
        first, *rest = turn.agenda.kept
        turn.agenda = turn.agenda.with_(kept=tuple(rest))
        await self.operate(turn, first)


def picked(text: str, asked: Mapping[str, Any], candidates: Sequence[Candidate]) -> dict[str, Any] | None:
    """What a text answers to "which one?": the press it stands for, or None when it is about something else."""
    options = [option["target"] for option in asked["options"]]
    shown = sorted((c for c in candidates if c.target in options), key=lambda c: options.index(c.target))
    match = by_position(text, shown)
    if not match.candidates:
        match = by_name(text, shown)
        if match.share < 0.5:
            return None
    if not match.candidates:
        return None
    press = {key: asked[key] for key in ("do", "operation", "details", "question")}
    if match.only:
        return {**press, "target": match.only.target}
    everything = by_position(text, shown).candidates
    return {**press, "targets": [c.target for c in match.candidates]} if everything else None
