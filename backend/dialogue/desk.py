"""The dialogue: one entry for what a turn can ask for, from Rasa's actions or from a button."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from backend.conversations.transcript import to_json
from backend.dialogue.answering import Answering
from backend.dialogue.confirming import TYPED_WORD, Confirming
from backend.dialogue.diagnosing import FOR_GUESTS, Diagnosing
from backend.dialogue.leaving import Leaving
from backend.dialogue.operating import Operating, catalog_of
from backend.dialogue.picking import picked
from backend.dialogue.plain_words import asks_to_wait, is_plain_yes
from backend.dialogue.requests import plainly_wanted, requests_in
from backend.dialogue.turn import Turn, told
from backend.errors import BadInput
from backend.operations.base import Candidate, Operation
from backend.operations.matching import Match, by_name, by_position
from backend.store.catalog_titles import names_a_title
from backend.store.desk_models import MessageRow
from backend.wording import Wording

WHYS = ("asked", "distress", "not_understood", "safety", "restore_account")
URGENT = ("distress", "safety", "account_taken_over", "restore_account", "ask_person_now")
# After these the desk takes up again what it had asked before.
ASIDES = frozenset(("answer", "diagnose", "small_talk", "fallback"))


class Desk:
    """Routes a command to its verb. Every command is `{"do": verb, …}`."""

    def __init__(
        self,
        operating: Operating,
        confirming: Confirming,
        diagnosing: Diagnosing,
        answering: Answering,
        wording: Wording,
        registry: Mapping[str, Operation],
        leaving: Leaving,
    ) -> None:
        self.leaving = leaving
        self._operating = operating
        self._confirming = confirming
        self._diagnosing = diagnosing
        self._answering = answering
        self._wording = wording
        self._registry = registry

    async def act(self, turn: Turn, command: Mapping[str, Any]) -> None:
        """Fill `turn` with replies and the new agenda. Raises BadInput for a command there is no verb for."""
        verb = command.get("do")
        if not isinstance(verb, str) or not hasattr(self, f"_do_{verb}"):
            raise BadInput(f"expected a known verb in 'do', got {verb!r}", field="do")
        before = turn.agenda.asked
        await getattr(self, f"_do_{verb}")(turn, command)
        after = (turn.agenda.asked or {}).get("kind")
        if (
            verb in ASIDES
            and not turn.handed_over
            and before
            and (turn.agenda.asked == before or after in (None, "offer"))
        ):
            misses = turn.agenda.misses
            await self._confirming.resume(turn, before)
            # Asking the open question again does not mean that the message was understood.
            turn.agenda = turn.agenda.with_(misses=misses)
        if turn.handed_over:
            turn.agenda = turn.agenda.with_(asked=None, misses=0)

    async def _do_answer(self, turn: Turn, command: Mapping[str, Any]) -> None:
        if _is_wish(turn.text) and await self._wished(turn, command):
            return
        section = self._answering.answer(turn, command)
        if section is not None and section.diagnosis in FOR_GUESTS:
            await self._diagnosing.diagnose(turn, {"question": section.diagnosis})
            return
        if section is None or not turn.learner_id:
            return
        # "Why was *I* charged twice", "can *I* …", a course's title: the article, and what it means for this account.
        text = command.get("text") or turn.text
        is_personal = _PERSONAL.search(text) or await names_a_title(turn.session, text)
        if section.diagnosis and is_personal:
            await self._diagnosing.diagnose(turn, {"question": section.diagnosis, "text": text})
        elif section.operation in self._registry and _ELIGIBLE.search(turn.text):
            await self._operating.operate(turn, {"operation": section.operation, "question": True, "explained": True})

    async def _wished(self, turn: Turn, command: Mapping[str, Any]) -> bool:
        """A wish ("i want to cancel my trial before it charges me") is taken up; an answer would not be enough."""
        refused = _WISHES.get(str(command.get("section")))
        wished = plainly_wanted(turn.text) or (None if refused else self._answering.leads_to(command))
        if wished in self._registry:
            await self._do_operate(turn, {"operation": wished})
        elif refused is not None:
            await self._operating.wish(turn, {"operation": refused})
        return wished in self._registry or refused is not None

    async def _do_operate(self, turn: Turn, command: Mapping[str, Any]) -> None:
        is_typed = not command.get("target") and not command.get("question") and "text" not in command
        wanted = requests_in(turn.text, told(command, "operation")) if is_typed else []
        if not wanted:
            await self._operating.operate(turn, command)
            return
        titles = [self._wording.say(f"button_{each.operation}") for each in wanted]
        turn.say(self._wording.say("several_requests", titles=titles), "clarify")
        first, *later = [{"do": "operate", "operation": each.operation, "text": each.text} for each in wanted]
        await self._operating.operate(turn, first)
        turn.agenda = turn.agenda.with_(kept=(*turn.agenda.kept, *later))
        if (turn.agenda.asked or {}).get("kind", "offer") == "offer":  # the first was refused: go on
            turn.agenda = turn.agenda.with_(asked=None)
            await self._confirming.next_kept(turn)

    async def _do_choose(self, turn: Turn, command: Mapping[str, Any]) -> None:
        await self._operating.choose(turn, command)

    async def _do_confirm(self, turn: Turn, command: Mapping[str, Any]) -> None:
        await self._confirming.confirm(turn, command)

    async def _do_decline(self, turn: Turn, command: Mapping[str, Any]) -> None:
        await self._confirming.decline(turn, command)

    async def _do_collect(self, turn: Turn, command: Mapping[str, Any]) -> None:
        await self._operating.collect(turn, command)

    async def _do_wish(self, turn: Turn, command: Mapping[str, Any]) -> None:
        await self._operating.wish(turn, command)

    async def _do_diagnose(self, turn: Turn, command: Mapping[str, Any]) -> None:
        await self._diagnosing.diagnose(turn, command)

    async def _do_stop(self, turn: Turn, _command: Mapping[str, Any]) -> None:
        # A no may go on with the next of two requests; a stop means all of them.
        turn.agenda = turn.agenda.with_(kept=())
        if turn.agenda.asked and turn.agenda.asked["kind"] in ("confirm", "reauthenticate", "type_to_confirm"):
            await self._confirming.decline(turn, {})
        else:
            self._answering.stop(turn)

    async def _do_clarify(self, turn: Turn, command: Mapping[str, Any]) -> None:
        wished = plainly_wanted(turn.text) if _is_wish(turn.text) else None
        offered = {str(option.get("intent", "")).partition("_")[2] for option in command.get("options") or ()}
        if wished in self._registry and wished in offered:
            await self._do_operate(turn, {"operation": wished})
        else:
            self._answering.clarify(turn, command)

    async def _do_fallback(self, turn: Turn, command: Mapping[str, Any]) -> None:
        # A story or anger around it does not change a wish that stands there in plain words.
        wished = None if _ASKS.search(turn.text) or _NOT_WANTED.search(turn.text) else plainly_wanted(turn.text)
        if wished in self._registry:
            await self._do_operate(turn, {"operation": wished})
        else:
            self._answering.fallback(turn, command)

    async def _do_small_talk(self, turn: Turn, command: Mapping[str, Any]) -> None:
        self._answering.small_talk(turn, command)

    async def _do_narrow(self, turn: Turn, command: Mapping[str, Any]) -> None:
        await self._operating.narrow(turn, command)

    async def _do_wait(self, turn: Turn, _command: Mapping[str, Any]) -> None:
        await self._confirming.wait(turn)

    async def _do_repeat(self, turn: Turn, _command: Mapping[str, Any]) -> None:
        await self._confirming.resume(turn, turn.agenda.asked)
        if turn.replies:
            return
        row = await turn.session.scalar(
            select(MessageRow)
            .where(MessageRow.conversation_id == turn.conversation.id, MessageRow.author == "bot")
            .order_by(MessageRow.seq.desc())
            .limit(1)
        )
        self._answering.repeat(turn, to_json(row) if row else None)

    async def _do_hand_over(self, turn: Turn, command: Mapping[str, Any]) -> None:
        turn.handed_over = {"why": str(command.get("why") or "asked")[:60]}

    async def _do_leave_message(self, turn: Turn, command: Mapping[str, Any]) -> None:
        await self.leaving.leave(turn, command)

    async def _do_recount(self, turn: Turn, _command: Mapping[str, Any]) -> None:
        self.leaving.recount(turn)

    async def failed(self, turn: Turn) -> None:
        """Rasa or an action failed: one honest sentence and the offer of a person."""
        turn.say(self._wording.say("failed"), "fallback", buttons=(self._answering.person_button("desk_failed"),))

    def masked(self, turn: Turn, found: tuple[str, ...]) -> None:
        """Something private was hidden: the learner is told what."""
        names = [self._wording.say(f"private_{kind}") for kind in found]
        turn.say(self._wording.say("private_hidden", things=names), "smalltalk")

    async def signed_in(self, turn: Turn) -> None:
        """A guest has signed in."""
        await self._confirming.signed_in(turn)

    async def queue_left(self, turn: Turn) -> None:
        """The learner goes on with the desk instead of waiting; a request kept for after the sign-in is taken up."""
        turn.say(self._wording.say("queue_left"), "smalltalk")
        if turn.learner_id:
            await self._confirming.next_kept(turn)

    async def interpret(self, turn: Turn) -> dict[str, Any] | None:
        """What typed words plainly mean as an answer to the last question; None leaves them to Rasa."""
        asked = turn.agenda.asked
        if not turn.text:
            return None
        if _DISTRESS.search(turn.text):
            return {"do": "hand_over", "why": "distress"}
        if _PERSON.match(turn.text):
            # Always within reach: needs no model, and works while Rasa is away.
            return {"do": "hand_over", "why": "asked"}
        if (meant := self.leaving.heard(turn)) is not None:
            return meant
        if asked and asks_to_wait(turn.text):
            return {"do": "wait"}
        if not asked or asked["kind"] == "offer":
            return await self._other_target(turn)
        if asked["kind"] == "sign_in" and _WONT.match(turn.text):
            return {"do": "decline"}
        if asked["kind"] in ("choose", "clarify") and _NEITHER.match(turn.text):
            return {"do": "stop"}
        if asked["kind"] == "choose":
            account = await turn.account()
            if account is None:
                return None
            operation = self._registry[asked["operation"]]
            chosen = picked(turn.text, {**asked, "do": "choose"}, operation.candidates(account, turn.now))
            if chosen is None and operation.any_course:
                return picked(turn.text, {**asked, "do": "choose"}, catalog_of(await turn.account_with_catalog()))
            return chosen
        if asked["kind"] == "clarify":
            return _option(turn.text, asked)
        if asked["kind"] == "collect":
            return {**asked, "do": "collect"} if _is_told(turn.text, asked) else None
        if asked["kind"] == "type_to_confirm" and turn.text.strip(" \"'.").upper() == TYPED_WORD:
            is_exact = turn.text.strip(" \"'.") == TYPED_WORD
            return dict(asked["then"]) if is_exact else {"do": "repeat"}
        if asked["kind"] == "confirm":
            if is_plain_yes(turn.text):
                return {"do": "confirm"}
            other = await self._other_target(turn)
            if other is None and await self._confirming.is_agreed(turn, asked["proposal"]):
                return {"do": "confirm", "proposal": asked["proposal"]}
            return other
        return None

    async def _other_target(self, turn: Turn) -> dict[str, Any] | None:
        """ "No, the other one": a correction of what is being asked about."""
        about = turn.agenda.about or {}
        account = await turn.account()
        if account is None or about.get("operation") not in self._registry:
            return None
        operation = self._registry[about["operation"]]
        candidates = operation.candidates(account, turn.now)
        others = [candidate for candidate in candidates if candidate.target != about.get("target")]
        text = _without_no(turn.text)
        if not others:
            return None
        match = by_name(text or turn.text, candidates)
        if text is None:
            # Without a "no" before it only a bare name corrects.
            match = match if match.share >= WHOLLY else Match()
        elif match.share < 0.5 or not match.candidates:
            current_first = [*(c for c in candidates if c.target == about.get("target")), *others]
            match = by_position(text, current_first if "other" in text.casefold() else candidates)
        chosen = match.only
        if chosen is None or match.share < 0.5 or chosen.target == about.get("target"):
            return None
        return {"do": "choose", "operation": operation.name, "target": chosen.target, "details": {}, "question": False}


# Put as a wish, a question about these is the wish itself, which is decided like any other.
_WISHES = {
    "enroll-in-a-course/retake": "reset_progress",
    "payment-problems/transfer-to-another-course": "transfer_payment",
    "financial-aid/transfer": "transfer_aid",
    "accepted-payment-methods/paying-for-somebody-else": "gift",
    "cancel-a-subscription/pause": "pause_subscription",
    "multiple-accounts/keep-one": "merge_accounts",
    "payment-problems/more-time": "extension",
    "delete-your-account/restore": "restore_account",
}
# So much of a text has to be a name for the name alone to correct what is being asked about.
WHOLLY = 0.95
_NOT_WANTED = re.compile(r"\b(?:not|don'?t|didn'?t|never|won'?t|without|instead)\b", re.I)
# "No, …", "wait, i meant …", "the other one": a text that corrects what was just spoken of.
_CORRECTS = re.compile(
    r"^\W*(?:(?:no+|nope|nah|not (?:that|this)(?: one)?|wait|actually|sorry|oops|i meant?|rather)\b[\s,.!:;-]*)+"
    r"(?P<rest>.*)$",
    re.I | re.S,
)
# "No", "no, i don't want to sign in", "not now": an answer to "please sign in".
_WONT = re.compile(
    r"^\W*(?:no(?:pe)?|nah|not now|later)?\W*(?:thanks|thank you)?\W*"
    r"(?:i (?:don'?t|do not|won'?t) (?:want to |like to )?(?:sign|log) ?in)?\W*$",
    re.I,
)
_NEITHER = re.compile(
    r"^\W*(?:no\W+)?(?:neither(?: (?:one|of (?:them|these|those)))?|none(?: of (?:them|these|those|the above))?|"
    r"not (?:any|one) of (?:them|these|those))(?:\W+(?:thanks|thank you|please))?\W*$",
    re.I,
)
_OTHER = re.compile(
    r"^\W*(?:(?:please|pls|rather|refund|cancel|unenroll(?: me from)?|i want|i meant?)\W+)*"
    r"(?P<rest>(?:the )?other\b.*)$",
    re.I | re.S,
)


def _without_no(text: str) -> str | None:
    """The rest of a text that corrects ("no, the python one"); None when it does not begin like one."""
    if other := _OTHER.match(text):
        return other["rest"]
    found = _CORRECTS.match(text)
    rest = found["rest"].strip() if found else ""
    return rest if len(rest) > 1 else None


def _option(text: str, asked: Mapping[str, Any]) -> dict[str, Any] | None:
    """Which of the clarification's options a text names, by position or title."""
    options = [Candidate(option["target"], option["title"]) for option in asked["options"]]
    match = by_position(text, options)
    if not match.only:
        match = by_name(text, options)
        if match.share < 0.5:
            return None
    return dict(asked["presses"][int(match.only.target)]) if match.only else None


# Too much hangs on these words to leave them to a model alone.
_DISTRESS = re.compile(
    r"\b(?:kill(?:ing)? my ?self|suicid\w*|end(?:ing)? (?:my life|it all)|take my (?:own )?life|"
    r"(?:hurt|harm|cut)(?:ting|ing)? my ?self|want(?:ed)? to die|wanna die|"
    r"jump(?:ing)? off (?:a|the) (?:bridge|roof|building)|"
    r"(?:don'?t|do not) want to (?:live|be alive)|better off dead|no reason to live)\b",
    re.I,
)
_PERSON = re.compile(
    r"^\W*(?:(?:hi|hello|hey|please|pls|ok|no|sorry|just|can you|could you|can i|could i|may i|i want to|i wanna|"
    r"i need to|i would like to|i'?d like to|i want|i need|let me|get me|give me)\W+)*"
    r"(?:(?:talk|speak|chat|connect me|put me through|transfer me|hand me over)\s+(?:to|with)\s+)?"
    r"(?:a|an|the|your|some)?\s*(?:real|live|actual|human)?\s*"
    r"(?:person|human(?: being)?|agent|representative|operator|someone|somebody|customer (?:service|support)|"
    r"support(?: (?:agent|team|staff))?|staff)(?:\W+(?:please|pls|now|real|here|thanks|thank you))*\W*$",
    re.I,
)
# A wish: it begins with what is wanted or with a word that asks for it, and asks nothing.
_REQUEST = re.compile(
    r"^\W*(?:(?:hi|hello|hey|please|pls|kindly|ok|and|now|just|so|well|then)\W+)*"
    r"(?:i(?:'?d like| would like| want(?:ed)?| wanna| need| wish| demand)\b"
    r"(?! (?:to know|to ask|to understand|information))"
    r"|(?:can|could|would|will) (?:you|u)\b(?! (?:tell|explain|say))"
    r"|(?:refund|cancel|stop|end|delete|close|remove|erase|unenroll|unenrol|drop|withdraw|unlink|disconnect|resend|send|"
    r"reset|change|correct|report|apply|give|get|take|return|reimburse|unsubscribe)\b)",
    re.I,
)


def _is_wish(text: str) -> bool:
    """Whether something is asked to be done, and nothing is asked."""
    return bool(_REQUEST.match(text)) and not _ASKS.search(text)


_ASKS = re.compile(r"\?|\b(?:how|what|why|when|where|which|who|whether)\b", re.I)
_PERSONAL = re.compile(r"\b(?:i|i'?m|i'?ve|i'?d|my|me|mine)\b", re.I)
_ELIGIBLE = re.compile(r"\b(?:can|could|may|am|would|will|do) i\b|\b(?:is|are|can|could) my\b", re.I)
# Short texts that are plainly not what was asked for: they are left to Rasa.
_ASIDE = re.compile(
    r"^\W*(?:stop|cancel|never ?mind|forget (?:it|about it)|no|nope|no thanks?|quit|exit|leave it|"
    r"yes|yeah|yep|sure|ok(?:ay)?|(?:i (?:want|need) |get me |talk to |speak to |give me )?(?:a |an |to )?"
    r"(?:real )?(?:person|human|agent|operator|help)|"
    r"hi|hello|hey|thanks?(?: you)?|what\??|why\??|repeat(?: that)?|wait)(?:\W+(?:stop|cancel|never ?mind|forget it|"
    r"please|thanks|now))*\W*$",
    re.I,
)
_QUESTION = re.compile(
    r"^\W*(?:how|what|why|when|where|who|which|can|could|do|does|is|are|will|would|should|must)\b", re.I
)
SHORT_WORDS = 14


def _is_told(text: str, asked: Mapping[str, Any]) -> bool:
    """Whether a text is what was asked for rather than a question or a wish in between."""
    if asked["field"] == "pledge" or _ASIDE.match(text):
        return False
    is_short = len(text.split()) <= SHORT_WORDS
    return not (is_short and (text.rstrip().endswith("?") or _QUESTION.match(text)))
