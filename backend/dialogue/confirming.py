"""The yes and the no: bound to what was shown, good once, decided again at that instant; and what comes after."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from backend.conversations.replies import Button
from backend.dialogue.decisions import is_offer, proposal_json
from backend.dialogue.diagnosing import Diagnosing
from backend.dialogue.operating import Operating
from backend.dialogue.plain_words import agrees_to, changes_mind, is_plain_yes
from backend.dialogue.turn import Turn
from backend.ids import hash_token
from backend.operations.base import Field
from backend.operations.service import Confirmed, Operations, close_open, open_proposal
from backend.policy.facts import Account
from backend.store.desk_models import ProposalRow, SignInCodeRow
from backend.wording import Wording

# The word to be typed before something that cannot be undone.
TYPED_WORD = "DELETE"
CODE_LASTS = timedelta(minutes=10)


class Confirming:
    """Takes a yes or a no, and takes things up again after something came in between."""

    def __init__(self, operations: Operations, operating: Operating, diagnosing: Diagnosing, wording: Wording) -> None:
        self._operations = operations
        self._operating = operating
        self._diagnosing = diagnosing
        self._wording = wording

    async def confirm(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """A yes: by the proposal's own button, or by a plain word while its question was the last one asked."""
        asked = turn.agenda.asked or {}
        if command.get("proposal"):
            await self._take_yes(turn, command)
        elif asked.get("kind") == "confirm":
            await self._take_plain_yes(turn, asked["proposal"])
        elif asked.get("kind") == "offer":
            await self._operating.operate(turn, {"text": "", **asked["press"]})
        elif asked.get("kind") == "collect" and self._pledge(asked):
            await self._operating.collect(turn, {**asked, "value": True})
        elif asked.get("kind") == "offer_person":
            turn.handed_over = {"why": "asked"}
        else:
            await self._yes_to_nothing(turn)

    async def _take_plain_yes(self, turn: Turn, proposal_id: str) -> None:
        """Words are a yes only if they are nothing else besides: "yes, but only half of it" is not."""
        proposal = await self._operations.find(turn.session, turn.conversation.id, proposal_id)
        reasons = proposal.decision.get("reasons", ()) if proposal is not None else ()
        titles = [str(reason["values"].get("title", "")) for reason in reasons]
        if proposal is None or is_plain_yes(turn.text, (proposal.operation.replace("_", " "), *titles)):
            await self._take_yes(turn, {"proposal": proposal_id})
        else:
            await self.ask_again(turn, proposal, self._wording.say("want_to_be_sure"))

    async def is_agreed(self, turn: Turn, proposal_id: str) -> bool:
        """Whether the words say the open offer once more ("refund it"), which is a yes to it."""
        proposal = await self._operations.find(turn.session, turn.conversation.id, proposal_id)
        if proposal is None:
            return False
        facts = [reason["values"] for reason in proposal.decision.get("reasons", ())]
        return agrees_to(turn.text, proposal.operation, facts)

    async def wait(self, turn: Turn) -> None:
        """The learner asks for a moment: what the desk asked stays asked, and until when an offer holds is said."""
        asked = turn.agenda.asked or {}
        if asked.get("kind") in ("reauthenticate", "type_to_confirm", "collect") and not asked.get("adds"):
            await self.resume(turn, asked, self._wording.say("take_your_time"))
            return
        still_open = await open_proposal(turn.session, turn.conversation.id, turn.now)
        until = still_open.expires_at if still_open is not None and asked.get("kind") == "confirm" else None
        turn.say(self._wording.say("take_your_time_offer" if until else "take_your_time", until=until), "smalltalk")
        turn.helped()

    def _pledge(self, asked: Mapping[str, Any]) -> bool:
        fields = self._operations.registry[asked["operation"]].fields
        return any(field.name == asked["field"] and field.kind == "pledge" for field in fields)

    async def _yes_to_nothing(self, turn: Turn) -> None:
        """A yes with no question before it never does anything; an open offer is shown again."""
        still_open = await open_proposal(turn.session, turn.conversation.id, turn.now)
        if turn.agenda.waits_on("sign_in"):
            turn.say(self._wording.say("sign_in_needed"), "clarify")
        elif still_open is not None and not turn.agenda.asked:
            await self.ask_again(turn, still_open)
        elif turn.agenda.asked:
            await self.resume(turn, turn.agenda.asked)
        elif (declined := turn.agenda.extra.get("declined")) is not None:
            await self._take_no_back(turn, declined)
        if not turn.replies:
            turn.say(self._wording.say("nothing_to_confirm"), "clarify")

    async def _take_no_back(self, turn: Turn, proposal_id: str) -> None:
        """ "Actually yes" after a no: decided afresh and offered again. It is no yes to what is offered then."""
        proposal = await self._operations.find(turn.session, turn.conversation.id, proposal_id)
        account = await turn.account()
        if proposal is None or account is None or turn.now > proposal.expires_at or not changes_mind(turn.text):
            return
        operation = self._operations.registry[proposal.operation]
        opening = self._wording.say("offered_again")
        await self._operating.decide(turn, account, operation, proposal.target, proposal.details, opening=opening)

    async def _take_yes(self, turn: Turn, command: Mapping[str, Any]) -> None:
        proposal = await self._operations.find(turn.session, turn.conversation.id, command["proposal"])
        if proposal is None or proposal.learner_id != turn.learner_id:
            await self._offer_gone(turn)
            return
        step = self._step(turn, proposal, command) if proposal.state == "open" else None
        if step is not None and turn.now <= proposal.expires_at:
            await self._ask_step(turn, proposal, step)
            return
        confirmed = await self._operations.confirm(
            turn.session,
            turn.conversation.id,
            turn.learner_id,
            command["proposal"],
            now=turn.now,
            channel=turn.conversation.channel,
            actor=turn.actor,
            turn_id=turn.turn_id,
        )
        turn.forget_account()
        turn.agenda = turn.agenda.with_(asked=None)
        if confirmed.state == "done":
            await self._say_done(turn, confirmed)
        elif confirmed.state == "already":
            text = self._wording.say("already_done") + "\n\n" + confirmed.result.get("text", "")
            turn.say(text.strip(), "result", proposal=proposal_json(confirmed.proposal))
        else:
            await self._offer_anew(turn, confirmed)

    async def _say_done(self, turn: Turn, confirmed: Confirmed) -> None:
        turn.agenda = turn.agenda.with_(extra={})
        turn.say(confirmed.result["text"], "result", proposal=proposal_json(confirmed.proposal))
        turn.helped()
        urgent = confirmed.decision and any(item.values.get("urgent") for item in confirmed.decision.consequences)
        if urgent:
            turn.handed_over = {"why": "account_taken_over"}
            return
        await self.next_kept(turn)

    # --- steps a yes needs besides ---------------------------------------------------------------------------------

    def _step(self, turn: Turn, proposal: ProposalRow, command: Mapping[str, Any]) -> str | None:
        """The next step that is still to be taken, by what the agenda has on record; None when there is none."""
        taken = turn.agenda.extra.get("steps", {}).get(proposal.id, [])
        if command.get("step_done"):
            taken = [*taken, command["step_done"]]
            turn.agenda = turn.agenda.with_(extra={**turn.agenda.extra, "steps": {proposal.id: taken}})
        steps = self._operations.registry[proposal.operation].steps
        return next((step for step in steps if step not in taken), None)

    async def _ask_step(self, turn: Turn, proposal: ProposalRow, step: str) -> None:
        then = {"do": "confirm", "proposal": proposal.id, "step_done": step}
        no = Button(self._wording.say(f"button_no_{proposal.operation}"), {"do": "decline", "proposal": proposal.id})
        shown: dict[str, Any] = {"kind": step}
        if step == "reauthenticate":
            shown["method"] = await self._reauthentication(turn)
        else:
            shown["word"] = TYPED_WORD
        key = f"step_{step}_{shown['method']}" if "method" in shown else f"step_{step}"
        turn.say(self._wording.say(key, word=TYPED_WORD), "clarify", buttons=(no,), step=shown)
        turn.agenda = turn.agenda.with_(asked={"kind": step, "then": then, "proposal": proposal.id})

    async def _reauthentication(self, turn: Turn) -> str:
        """`password`, or `code` for an account without one: then a code is sent to its address."""
        account = await turn.account()
        if account is None or "password" in account.sign_ins:
            return "password"
        code = f"{secrets.randbelow(10**6):06d}"
        kept = SignInCodeRow(
            conversation_id=turn.conversation.id,
            code_hash=hash_token(code),
            expires_at=turn.now + CODE_LASTS,
            attempts=0,
        )
        await turn.session.merge(kept)
        values = {"name": account.name, "code": code, "minutes": int(CODE_LASTS.total_seconds() // 60)}
        self._operations.outbox.owe_email(turn.session, account.id, account.email, "email_code", values, turn.now)
        return "code"

    # --- too late, or changed --------------------------------------------------------------------------------------

    async def _offer_gone(self, turn: Turn) -> None:
        """The offer is not on record any more: nothing is done, and what it was about is decided afresh."""
        opening, about, account = self._wording.say("offer_closed"), turn.agenda.about or {}, await turn.account()
        operation = self._operations.registry.get(about.get("operation") or "")
        turn.agenda = turn.agenda.with_(asked=None)
        if operation is None or account is None:
            turn.say(opening, "clarify")
            return
        await self._operating.decide(turn, account, operation, about.get("target"), {}, opening=opening)

    async def _offer_anew(self, turn: Turn, confirmed: Confirmed) -> None:
        """The yes came too late, or things have changed: say so, decide afresh, and ask again where it still holds."""
        account = await turn.account()
        if account is None or confirmed.decision is None:
            raise LookupError("a proposal without its learner")
        opening = self._wording.say(f"offer_{confirmed.state}", minutes=_minutes(confirmed.proposal))
        if is_offer(confirmed.decision):
            await self._operating.propose(turn, account, confirmed.decision, confirmed.proposal.details, opening)
        else:
            self._operating.show(turn, confirmed.decision, opening)

    async def decline(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """A no: nothing is changed, and it is said."""
        waited = turn.agenda.asked
        still_open = await open_proposal(turn.session, turn.conversation.id, turn.now)
        if waited is None and still_open is None and not command.get("proposal"):
            turn.say(self._wording.say("nothing_to_decline"), "smalltalk")
            return
        await close_open(turn.session, turn.conversation.id, "declined", turn.now)
        dropped = {"kept": ()} if turn.agenda.waits_on("sign_in") else {}
        extra = {**turn.agenda.extra, "declined": still_open.id} if still_open else turn.agenda.extra
        turn.agenda = turn.agenda.with_(asked=None, extra=extra, **dropped)
        turn.say(self._wording.say("declined" if still_open else "all_right"), "result" if still_open else "smalltalk")
        turn.helped()
        await self.next_kept(turn)

    # --- taking things up again ------------------------------------------------------------------------------------

    async def ask_again(self, turn: Turn, proposal: ProposalRow, opening: str | None = None) -> None:
        """The open question once more, after something else came in between; decided afresh."""
        account = await turn.account()
        if account is None:
            return
        request = turn.request(proposal.details)
        decision = self._operations.decide(proposal.operation, account, proposal.target, request, turn.now)
        opening = opening or self._wording.say("back_to_the_question")
        if is_offer(decision) and decision.same_effect_as(proposal.decision):
            self._operating.show_offer(turn, decision, proposal, opening)
        else:
            self._operating.show(turn, decision, opening)

    async def resume(self, turn: Turn, before: Mapping[str, Any] | None, opening: str = "") -> None:
        """After a question in between: take up again what the desk had asked."""
        if not before:
            return
        account = await turn.account()
        opening = opening or self._wording.say("back_to_the_question")
        if before["kind"] == "confirm":
            still_open = await open_proposal(turn.session, turn.conversation.id, turn.now)
            if still_open is not None and still_open.id == before["proposal"]:
                await self.ask_again(turn, still_open)
        elif before["kind"] in ("reauthenticate", "type_to_confirm"):
            still_open = await open_proposal(turn.session, turn.conversation.id, turn.now)
            if still_open is not None and still_open.id == before["proposal"]:
                await self._ask_step(turn, still_open, before["kind"])
        elif before["kind"] == "choose" and account is not None:
            operation = self._operations.registry[before["operation"]]
            targets = [option["target"] for option in before["options"]]
            left = [each for each in operation.candidates(account, turn.now) if each.target in targets]
            question = bool(before.get("question"))
            self._operating.ask_which(turn, operation, left, before.get("details") or {}, question, opening)
        elif before["kind"] == "collect":
            operation = self._operations.registry[before["operation"]]
            field = next((each for each in operation.fields if each.name == before["field"]), Field(before["field"]))
            self._operating.fields.ask(turn, operation, before.get("target"), before["details"], field, opening=opening)

    async def signed_in(self, turn: Turn) -> None:
        """A guest has signed in: the request that was kept is taken up."""
        if turn.agenda.kept:
            await self.next_kept(turn)
            return
        account: Account | None = await turn.account()
        turn.say(self._wording.say("welcome_back", name=account.name if account else ""), "smalltalk")

    async def next_kept(self, turn: Turn) -> None:
        """The next request that waits, if any, unless a person has the conversation."""
        while turn.agenda.kept and not turn.with_person and not turn.agenda.asked and not turn.handed_over:
            first, *rest = turn.agenda.kept
            turn.agenda = turn.agenda.with_(kept=tuple(rest))
            await self._take_up(turn, first)

    async def _take_up(self, turn: Turn, kept: Mapping[str, Any]) -> None:
        if kept["do"] == "diagnose":
            await self._diagnosing.diagnose(turn, kept)
        else:
            await self._operating.operate(turn, kept)


def _minutes(proposal: ProposalRow) -> int:
    return int((proposal.expires_at - proposal.created_at).total_seconds() // 60)
