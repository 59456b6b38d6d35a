"""The training data: every intent has examples and one rule, nothing is said twice, everything named exists."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from bot.importer import FAQ, claimed, comparable, examples
from bot.model_files import training_files
from bot.nlu.examples import SECTIONS
from bot.turn import ONLY_SERVER_MADE, SERVER_MADE
from knowledge.reader import load_knowledge

ROOT = Path(__file__).resolve().parents[2]
# Made by the channel, by the importer or by the pipeline itself.
WITHOUT_EXAMPLES = ONLY_SERVER_MADE | {FAQ, "clarify", "nlu_fallback"}
FEWEST_EXAMPLES = 14


def _read(name: str) -> list[tuple[Path, dict]]:
    return [(path, yaml.safe_load(path.read_text("utf-8"))) for path in training_files(ROOT) if path.name == name]


@pytest.fixture(scope="module")
def domain() -> dict:
    return yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))


@pytest.fixture(scope="module")
def intents() -> dict[str, list[str]]:
    """Intent → its examples in data/."""
    found: dict[str, list[str]] = defaultdict(list)
    for _, content in _read("nlu.yml"):
        for item in content["nlu"]:
            if "intent" in item:
                found[item["intent"]] += [line.strip()[2:] for line in item["examples"].splitlines() if line.strip()]
    return found


@pytest.fixture(scope="module")
def rules() -> dict[str, str]:
    """Intent → the action of its rule."""
    found: dict[str, str] = {}
    for path, content in _read("rules.yml"):
        for rule in content["rules"]:
            said, done = rule["steps"]
            assert said["intent"] not in found, f"{path}: a second rule for {said['intent']}"
            found[said["intent"]] = done["action"]
    return found


def test_every_intent_has_a_rule_and_every_rule_an_intent(domain: dict, rules: dict[str, str]) -> None:
    assert sorted(rules) == sorted(domain["intents"])
    assert set(rules.values()) <= set(domain["actions"])


def test_every_intent_has_examples(domain: dict, intents: dict[str, list[str]]) -> None:
    assert sorted(intents) == sorted(set(domain["intents"]) - WITHOUT_EXAMPLES)
    few = {intent: len(said) for intent, said in intents.items() if len(said) < FEWEST_EXAMPLES}
    assert not few, f"too few examples: {few}"


def test_the_server_can_only_make_intents_that_exist(domain: dict) -> None:
    assert set(domain["intents"]) >= SERVER_MADE


def test_no_example_stands_under_two_intents(intents: dict[str, list[str]]) -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for intent, said in intents.items():
        for text in said:
            owners[comparable(text)].add(intent)
    twice = {text: sorted(names) for text, names in owners.items() if len(names) > 1}
    assert not twice


def test_examples_carry_no_markup(intents: dict[str, list[str]]) -> None:
    """Rasa would read brackets as entities and a leading slash as a command."""
    odd = [text for said in intents.values() for text in said if set("[]") & set(text) or text.startswith("/")]
    assert not odd


def test_sections_named_beside_intents_exist() -> None:
    known = {section.id for section in load_knowledge().sections}
    for path, content in _read("nlu.yml"):
        for item in content["nlu"]:
            for section in (item.get("metadata") or {}).get(SECTIONS, []):
                assert section in known, f"{path}: there is no section {section}"


def test_every_action_exists(domain: dict) -> None:
    from rasa_sdk.executor import ActionExecutor

    executor = ActionExecutor()
    executor.register_package("actions")
    assert set(executor.actions) == set(domain["actions"])


def test_a_section_does_not_learn_what_an_intent_claims() -> None:
    taken = claimed([str(path) for path in training_files(ROOT)])
    assert comparable("Can I get a refund?") in taken
    texts = {comparable(message.get("text")) for message in examples(load_knowledge(), taken)}
    assert not texts & taken
