"""Runs a scenario (contracts §7) against a running desk: turns in, expectations and the end state out."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import yaml

ROOT = Path(__file__).resolve().parent
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
TURN_KEYS = {"say", "press", "wait", "sign_in", "reauthenticate", "press_again", "form", "expect"}
# `citations` and `not_buttons` go beyond the contract: patterns of `article/section`, and titles no button may have.
EXPECT_KEYS = set("kind outcome reasons text not_text buttons not_buttons state status citations".split())
KEYS = {"name", "world", "now", "as", "channel", "turns", "after", "unchanged"}
ALWAYS_IGNORED = ("audit", "emails")


class ScenarioError(AssertionError):
    """What was expected, and what came instead."""


@dataclass
class Api:
    """The desk's HTTP surface, as a client has it."""

    address: str

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> dict[str, Any]:
        """The JSON answer. Raises ScenarioError with the error's sentence for a status of 400 and above."""
        status, answer = self.try_call(method, path, body, token)
        if status >= 400:
            raise ScenarioError(f"{method} {path} answered {status}: {answer}")
        return answer

    def try_call(
        self, method: str, path: str, body: Any = None, token: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        request = Request(self.address + path, method=method)
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        try:
            with urlopen(request, data, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")

    def identity(self, learner: str) -> str:
        return self.call("POST", "/testing/identity", {"learner": learner})["identity"]

    def learner(self, learner: str) -> dict[str, Any]:
        return self.call("GET", f"/testing/learners/{learner}")


@dataclass
class Talk:
    """One conversation while a scenario runs."""

    api: Api
    conversation: str
    token: str
    # Buttons of each turn, the newest last.
    buttons: list[list[dict[str, Any]]] = field(default_factory=list)
    pressed: str | None = None
    turn: list[dict[str, Any]] = field(default_factory=list)
    state: str = "bot"

    @classmethod
    def open(cls, api: Api, learner: str | None, channel: str) -> Talk:
        body = {"channel": channel, **({"identity": api.identity(learner)} if learner else {})}
        answer = api.call("POST", "/api/v1/conversations", body)
        talk = cls(api, answer["id"], answer["token"])
        talk.take(answer)
        return talk

    def take(self, answer: Mapping[str, Any]) -> None:
        """Keep what came back in a turn."""
        self.turn = list(answer.get("messages", []))
        self.state = answer.get("state", self.state)
        self.buttons.append([button for message in self.turn for button in message.get("buttons", [])])

    def send(self, body: Mapping[str, Any]) -> None:
        path = f"/api/v1/conversations/{self.conversation}/messages"
        self.take(self.api.call("POST", path, {"client_id": uuid.uuid4().hex, **body}, self.token))

    def transcript(self) -> list[dict[str, Any]]:
        """Everything that was written, by whomever."""
        path = f"/api/v1/conversations/{self.conversation}/messages?after=0"
        return self.api.call("GET", path, token=self.token)["messages"]

    def post(self, what: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        path = f"/api/v1/conversations/{self.conversation}/{what}"
        status, answer = self.api.try_call("POST", path, body, self.token)
        if status < 400:
            self.take(answer)
        return status, answer

    def submit(self) -> str:
        """What sends the form that was shown last."""
        forms = [message["step"] for message in self.turn if message.get("step", {}).get("kind") == "form"]
        if not forms:
            raise ScenarioError("no form was shown in the last turn")
        return forms[-1]["submit"]["id"]

    def find(self, title: str) -> str:
        """The id of the first button whose title matches, in the newest turn that has one."""
        for buttons in reversed(self.buttons):
            for button in buttons:
                if re.search(title, button["title"], re.I):
                    return button["id"]
        seen = [button["title"] for buttons in self.buttons for button in buttons]
        raise ScenarioError(f"no button matches {title!r}; there were {seen}")


def read(path: Path) -> dict[str, Any]:
    """A scenario file, its keys checked: a misspelt expectation must not pass for none."""
    scenario = yaml.safe_load(path.read_text("utf-8"))
    unknown = set(scenario) - KEYS
    for turn in scenario["turns"]:
        unknown |= set(turn) - TURN_KEYS
        unknown |= set(turn.get("expect") or {}) - EXPECT_KEYS
    if unknown:
        raise ScenarioError(f"{path.name}: unknown keys {sorted(unknown)}")
    return scenario


def run(api: Api, scenario: Mapping[str, Any]) -> None:
    """Play it. Raises ScenarioError at the first thing that is not as expected."""
    world = load_world(api, scenario["world"], scenario.get("now"))
    learners = [learner["id"] for learner in world.get("learners", [])]
    learner = None if scenario.get("as", "guest") == "guest" else scenario["as"]
    before = {each: api.learner(each) for each in learners}
    talk = Talk.open(api, learner, scenario.get("channel", "web"))
    clock = _Clock(api, world)
    for number, turn in enumerate(scenario["turns"], 1):
        try:
            _play(talk, turn, clock)
        except ScenarioError as error:
            raise ScenarioError(f"turn {number} {_short(turn)}: {error}\n{_told(talk)}") from error
    _check_end(api, scenario, learner, before)


def load_world(api: Api, world: str | Mapping[str, Any], now: Any = None) -> dict[str, Any]:
    """Put a world, a file's path below this folder or inline, into the desk; `now` replaces its present."""
    if isinstance(world, str):
        world = yaml.safe_load((ROOT / world).read_text("utf-8"))
    world = {**world, **({"now": now} if now is not None else {})}
    api.call("PUT", "/testing/world", json.dumps(world, default=str).encode())
    return world


class _Clock:
    """Moves the desk's clock on from the world's present."""

    def __init__(self, api: Api, world: Mapping[str, Any]) -> None:
        self._api = api
        text = world["now"] if isinstance(world["now"], str) else world["now"].isoformat()
        self._now = datetime.fromisoformat(text.replace("Z", "+00:00"))

    def wait(self, how_long: str) -> None:
        """On by `11m`, `1h30m`, `601s`, `7d`."""
        for amount, unit in re.findall(r"(\d+)([smhd])", how_long):
            self._now += timedelta(**{UNITS[unit]: int(amount)})
        self._api.call("PUT", "/testing/clock", {"now": self._now.isoformat()})


def _play(talk: Talk, turn: Mapping[str, Any], clock: _Clock) -> None:
    status = 200
    if "wait" in turn:
        clock.wait(turn["wait"])
    if "sign_in" in turn:
        status, _ = talk.post("identity", {"identity": talk.api.identity(turn["sign_in"])})
    if "reauthenticate" in turn:
        status, _ = talk.post("reauthenticate", {"password": turn["reauthenticate"]})
    if "say" in turn:
        talk.send({"text": _words(turn["say"])})
    if "form" in turn and "press" not in turn:
        talk.send({"press": talk.submit(), "form": turn["form"]})
    if "press" in turn:
        talk.pressed = talk.find(turn["press"])
        talk.send({"press": talk.pressed, **({"form": turn["form"]} if "form" in turn else {})})
    if turn.get("press_again"):
        if talk.pressed is None:
            raise ScenarioError("nothing was pressed before")
        talk.send({"press": talk.pressed})
    _expect(talk, turn.get("expect") or {}, status)


def _expect(talk: Talk, expect: Mapping[str, Any], status: int) -> None:
    if status != expect.get("status", 200):
        raise ScenarioError(f"expected status {expect.get('status', 200)}, got {status}")
    kinds = [message.get("answer", {}).get("kind") for message in talk.turn]
    if "kind" in expect and expect["kind"] not in kinds:
        raise ScenarioError(f"expected kind {expect['kind']}, got {kinds}")
    outcomes = [message["decision"]["outcome"] for message in talk.turn if "decision" in message]
    if "outcome" in expect and expect["outcome"] not in outcomes:
        raise ScenarioError(f"expected outcome {expect['outcome']}, got {outcomes}")
    if "state" in expect and talk.state != expect["state"]:
        raise ScenarioError(f"expected state {expect['state']}, got {talk.state}")
    if "reasons" in expect:
        _expect_reasons(talk, set(expect["reasons"]))
    said = "\n".join(message["text"] for message in talk.turn)
    titles = [button["title"] for button in talk.buttons[-1]]
    for pattern in _several(expect.get("text")):
        if not re.search(pattern, said, re.I):
            raise ScenarioError(f"expected the text to match {pattern!r}")
    for pattern in _several(expect.get("not_text")):
        if re.search(pattern, said, re.I):
            raise ScenarioError(f"expected the text not to match {pattern!r}")
    for pattern in _several(expect.get("buttons")):
        if not any(re.search(pattern, title, re.I) for title in titles):
            raise ScenarioError(f"expected a button {pattern!r}, got {titles}")
    for pattern in _several(expect.get("not_buttons")):
        if any(re.search(pattern, title, re.I) for title in titles):
            raise ScenarioError(f"expected no button {pattern!r}, got {titles}")
    cited = [f"{item['article']}/{item['section']}" for message in talk.turn for item in message.get("citations", [])]
    for pattern in _several(expect.get("citations")):
        if not any(re.search(pattern, section, re.I) for section in cited):
            raise ScenarioError(f"expected a citation of {pattern!r}, got {cited}")


def _expect_reasons(talk: Talk, expected: set[str]) -> None:
    """Exactly these decide; one that is expected may also stand as a note."""
    reasons, notes = set(), set()
    for message in talk.turn:
        decision = message.get("decision") or {}
        reasons |= {reason["code"] for reason in decision.get("reasons", [])}
        notes |= {note["code"] for note in decision.get("notes", [])}
        findings = (message.get("diagnosis") or {}).get("findings", [])
        reasons |= {finding["code"] for finding in findings if finding["status"] == "problem"}
        notes |= {finding["code"] for finding in findings if finding["status"] != "problem"}
    if expected - reasons - notes:
        raise ScenarioError(f"expected reasons {sorted(expected)}, got {sorted(reasons)} and notes {sorted(notes)}")
    if reasons - expected:
        raise ScenarioError(f"unexpected reasons {sorted(reasons - expected)}")


def _check_end(
    api: Api, scenario: Mapping[str, Any], learner: str | None, before: Mapping[str, Mapping[str, Any]]
) -> None:
    after = dict(scenario.get("after") or {})
    if after:
        whose = after.pop("id", learner)
        differences = list(_missing(after, api.learner(whose), "after"))
        if differences:
            raise ScenarioError("; ".join(differences))
    if scenario.get("unchanged"):
        for each, then in before.items():
            now = api.learner(each)
            changed = [key for key in then if key not in ALWAYS_IGNORED and then[key] != now[key]]
            if changed:
                raise ScenarioError(f"{each} was changed: {', '.join(changed)}")


def _missing(expected: Any, actual: Any, path: str) -> Iterator[str]:
    """Where `actual` lacks what `expected` asks for: mappings by key, lists by id, free text as a pattern."""
    if isinstance(expected, Mapping):
        for key, value in expected.items():
            if key == "count" and path == "after":
                for name, number in value.items():
                    if len(actual[name]) != number:
                        yield f"{path}.{name}: expected {number}, got {len(actual[name])}"
            elif not isinstance(actual, Mapping) or key not in actual:
                yield f"{path}.{key} is missing"
            else:
                yield from _missing(value, actual[key], f"{path}.{key}")
    elif isinstance(expected, list):
        for item in expected:
            yield from _missing_item(item, actual, path)
    elif isinstance(expected, str) and isinstance(actual, str):
        if expected != actual and not re.search(expected, actual):
            yield f"{path}: expected {expected!r}, got {actual!r}"
    elif isinstance(expected, datetime):
        if datetime.fromisoformat(str(actual).replace("Z", "+00:00")) != expected:
            yield f"{path}: expected {expected}, got {actual}"
    elif expected != actual:
        yield f"{path}: expected {expected!r}, got {actual!r}"


def _missing_item(item: Any, actual: list[Any], path: str) -> Iterator[str]:
    if isinstance(item, Mapping) and "id" in item:
        found = next((other for other in actual if other.get("id") == item["id"]), None)
        if found is None:
            yield f"{path}: nothing with id {item['id']}"
        else:
            yield from _missing(item, found, f"{path}[{item['id']}]")
    elif not any(not list(_missing(item, other, path)) for other in actual):
        yield f"{path}: nothing like {item} in {actual}"


def _several(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def _words(said: Any) -> str:
    """What is said; a bare `yes`, `no` or number in YAML is meant as typed."""
    return {True: "yes", False: "no"}[said] if isinstance(said, bool) else str(said)


def _short(turn: Mapping[str, Any]) -> str:
    return str({key: value for key, value in turn.items() if key != "expect"})


def _told(talk: Talk) -> str:
    lines = [f"  {message['author']}: {message['text']}" for message in talk.turn]
    titles = [button["title"] for button in talk.buttons[-1]]
    return "\n".join([*lines, f"  buttons: {titles}", f"  state: {talk.state}"])
