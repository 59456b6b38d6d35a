"""Plays random people against a desk and checks, after each step, what must never be otherwise."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.scenarios.runner import UNITS, Api, Talk
from tests.soak.people import SENTENCES, WAITS, WORLD

LEARNERS = ("ana", "ben")
# What a step may change besides the rows it acts on.
RECORDS = ("audit", "emails", "cases")


class Broken(AssertionError):
    """Something that must hold did not; the message names the seed and the last steps."""


@dataclass
class Machine:
    """One run with one seed. `restart` kills and restarts the backend, where the runner can."""

    api: Api
    seed: int
    restart: Callable[[], None] | None = None
    steps: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._talks: dict[str, tuple[str | None, Talk]] = {}
        self._now = datetime.fromisoformat(WORLD["now"].replace("Z", "+00:00"))
        self.api.call("PUT", "/testing/world", json.dumps(WORLD).encode())
        self._before = {learner: self.api.learner(learner) for learner in LEARNERS}
        for name, learner in (("ana 1", "ana"), ("ana 2", "ana"), ("ben 1", "ben"), ("guest 1", None)):
            self._talks[name] = (learner, Talk.open(self.api, learner, "web"))

    def step(self) -> None:
        """Do one thing, then check everything."""
        name = self._random.choice(sorted(self._talks))
        learner, talk = self._talks[name]
        actions = [self._say] * 10 + [self._press] * 6 + [self._press_again] * 2 + [self._wait] + [self._restart]
        self._random.choice(actions)(name, talk)
        self._check(learner, talk)

    # --- what people do --------------------------------------------------------------------------------------------

    def _say(self, name: str, talk: Talk) -> None:
        sentence = self._random.choice(SENTENCES)
        self.steps.append(f"{name} says {sentence!r}")
        talk.send({"text": sentence})

    def _press(self, name: str, talk: Talk) -> None:
        known = [button for buttons in talk.buttons for button in buttons]
        if not known:
            return
        button = self._random.choice(known[-8:])
        self.steps.append(f"{name} presses {button['title']!r}")
        talk.pressed = button["id"]
        talk.send({"press": button["id"]})

    def _press_again(self, name: str, talk: Talk) -> None:
        if talk.pressed:
            self.steps.append(f"{name} presses the same again")
            talk.send({"press": talk.pressed})

    def _wait(self, _name: str, talk: Talk) -> None:
        how_long = self._random.choice(WAITS)
        self._now += timedelta(**{UNITS[how_long[-1]]: int(how_long[:-1])})
        self.steps.append(f"{how_long} pass")
        self.api.call("PUT", "/testing/clock", {"now": self._now.isoformat()})
        talk.turn = []

    def _restart(self, _name: str, talk: Talk) -> None:
        talk.turn = []
        if self.restart is not None and self._random.random() < 0.2:
            self.steps.append("the backend is killed and comes back")
            self.restart()

    # --- what must hold --------------------------------------------------------------------------------------------

    def _check(self, learner: str | None, talk: Talk) -> None:
        now = {each: self.api.learner(each) for each in LEARNERS}
        for each in LEARNERS:
            changed = [
                key for key, value in now[each].items() if key not in RECORDS and value != self._before[each][key]
            ]
            if changed and each != learner:
                self._broken(f"{each}'s {', '.join(changed)} changed in a conversation of {learner or 'a guest'}")
            kinds = [message.get("answer", {}).get("kind") for message in talk.turn]
            if changed and "result" not in kinds:
                self._broken(f"{each}'s {', '.join(changed)} changed without a result being told")
            self._check_money(each, now[each])
        self._check_transcript(talk)
        self._before = now

    def _check_money(self, learner: str, view: dict[str, Any]) -> None:
        refunds = view["refunds"]
        paid_back = [refund["payment"] for refund in refunds]
        if len(paid_back) != len(set(paid_back)):
            self._broken(f"{learner} was refunded twice for one payment")
        marked = {payment["id"]: payment["amount"] for payment in view["payments"] if payment["status"] == "refunded"}
        if set(marked) != set(paid_back):
            self._broken(f"{learner}: refunds {paid_back} and refunded payments {sorted(marked)} differ")
        if sum(map(_amount, marked.values())) != sum(_amount(refund["amount"]) for refund in refunds):
            self._broken(f"{learner}: the sums of payments given back and of refunds differ")
        granted = [row for row in view["audit"] if row["operation"] == "refund" and row["outcome"] == "granted"]
        if len(granted) != len(refunds):
            self._broken(f"{learner}: {len(refunds)} refunds but {len(granted)} in the audit")

    def _check_transcript(self, talk: Talk) -> None:
        path = f"/api/v1/conversations/{talk.conversation}/messages?after=0"
        messages = self.api.call("GET", path, token=talk.token)["messages"]
        numbers = [message["seq"] for message in messages]
        if numbers != list(range(1, len(numbers) + 1)):
            self._broken(f"the transcript has gaps: {numbers[-5:]}")

    def _broken(self, what: str) -> None:
        told = "\n  ".join(self.steps[-12:])
        raise Broken(f"{what}\nseed {self.seed}, the last steps:\n  {told}")


def _amount(text: str) -> Decimal:
    return Decimal(text.split()[0])
