"""The wording is complete, fills with what the rules really give, and holds nothing that nobody says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml

from backend.dialogue.answering import SMALL_TALK
from backend.dialogue.desk import URGENT, WHYS
from backend.dialogue.diagnosing import ABOUT_ALL, ABOUT_COURSE
from backend.operations.registry import OPERATIONS
from backend.policy.decision import Decision
from backend.policy.money import Money
from backend.store.desk_models import AUTHORS
from backend.wording import ROOT, Wording, WordingError, plain
from tests.policy.tables import Case, cases

from .saying import RULES, Said, Sayer, codes, literals

FILES = sorted(ROOT.rglob("responses.yml"))
CASES = [case for case in cases() if case.kind != "follow"]
MAX_WORDS = 60
SET_PHRASE_WORDS = 10
# A number of these in words is a number of the rules too.
_NUMBER_WORDS = re.compile(
    r"\b(?:two|three|four|five|six|seven|ten|fourteen|fifteen|thirty|sixty|hundred)\s+"
    r"(?:hours?|days?|weeks?|months?|years?|words?|minutes?)\b",
    re.I,
)


def _texts() -> Iterator[tuple[Path, str, str]]:
    for path in FILES:
        for key, variants in yaml.safe_load(path.read_text("utf-8"))["responses"].items():
            for variant in variants:
                yield path, key, variant["text"].strip()


TEXTS = list(_texts())


@pytest.fixture(scope="module")
def sayer() -> Sayer:
    return Sayer()


@pytest.fixture(scope="module")
def said(sayer: Sayer) -> list[Said]:
    """Every case of the policy's tables, put into words."""
    return [sayer.say(case) for case in CASES]


# --- the files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=[path.parent.name for path in FILES])
def test_a_file_has_the_form_rasa_reads(path: Path) -> None:
    data = yaml.safe_load(path.read_text("utf-8"))
    assert set(data) == {"version", "responses"} and data["version"] == "3.1"
    for key, variants in data["responses"].items():
        assert re.fullmatch(r"utter_[a-z0-9_]+", key), key
        assert isinstance(variants, list) and variants, key
        assert all(set(variant) == {"text"} and isinstance(variant["text"], str) for variant in variants), key


def test_a_key_stands_in_one_file_only() -> None:
    Wording.load()


def test_no_sentence_is_too_long() -> None:
    long = [
        (key, sentence) for _, key, text in TEXTS for sentence in _sentences(text) if len(sentence.split()) > MAX_WORDS
    ]
    assert long == []


def test_no_statement_stands_twice() -> None:
    """Two texts that state the same would have to be changed together. Set phrases and mails' ends may recur."""
    where = defaultdict(set)
    for _, key, text in TEXTS:
        where[text.casefold()].add(key)
        if not key.startswith("utter_email_"):
            for sentence in _sentences(text):
                if len(sentence.split()) > SET_PHRASE_WORDS:
                    where[sentence.casefold()].add(key.removesuffix("_nothing_near"))
    assert {sentence: sorted(keys) for sentence, keys in where.items() if len(keys) > 1} == {}


def test_no_number_of_the_rules_stands_in_a_text() -> None:
    """Numbers come from parameters, amounts and dates from the account: a text holds none."""
    plain = [(key, re.sub(r"\{[^}]*\}|^\s*\d+\.", "", text, flags=re.M)) for _, key, text in TEXTS]
    assert [(key, text) for key, text in plain if re.search(r"\d", text)] == []
    assert [(key, text) for key, text in plain if _NUMBER_WORDS.search(text)] == []


def test_marks_are_those_the_chat_shows() -> None:
    """Bold and lists; no headings, links, code or HTML."""
    odd = re.compile(r"^#|\]\(|`|<[a-z/]|__|(?<!\*)\*(?!\*)", re.M)
    assert [(key, text) for _, key, text in TEXTS if odd.search(text)] == []
    assert [(key, text) for _, key, text in TEXTS if text.count("**") % 2] == []


def _sentences(text: str) -> list[str]:
    return [part.strip(" -*\n") for part in re.split(r"(?<=[.!?:])\s+|\n+", text) if part.strip(" -*\n")]


# --- what the rules answer --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_a_case_of_the_tables_can_be_said(case: Case, sayer: Sayer) -> None:
    for text in sayer.say(case).texts:
        assert text.strip() and not re.search(r"[{}]|\bNone\b|\[\]| ,|\s\.(?!\w)|\*\*\*\*", text), text


@pytest.mark.parametrize("kind", ["reason", "remedy", "finding"])
def test_every_code_in_the_rules_has_a_text(kind: str) -> None:
    has = Wording.load().has
    names = [*RULES.decisions, *RULES.diagnoses]
    forms = {
        "reason": lambda code: [
            f"reason_{code}",
            f"note_{code}",
            f"consequence_{code}",
            *(f"{name}{between}{code}" for name in names for between in ("_", "_note_", "_then_")),
        ],
        "remedy": lambda code: [f"remedy_{code}", *(f"{name}_remedy_{code}" for name in names)],
        "finding": lambda code: [
            f"finding_{code}",
            f"reason_{code}",
            f"note_{code}",
            *(f"{name}_{code}" for name in names),
        ],
    }[kind]
    assert sorted(code for code in codes(kind) if not any(map(has, forms(code)))) == []


def test_refusals_name_the_date_they_depend_on(said: list[Said]) -> None:
    """A date the rule went by is said, not kept back. (The day of paying only tells one payment from another.)"""
    silent = [
        (each.case.id, reason.code, name)
        for each in said
        if isinstance(each.answer, Decision)
        for reason in each.answer.reasons
        for name, value in reason.values.items()
        if isinstance(value, datetime) and name != "paid_at" and f"{value.day} {value:%B %Y}" not in each.texts[0]
    ]
    assert silent == []


# --- what operations and the talk around them need --------------------------------------------------------------------


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_has_all_its_words(name: str) -> None:
    has = Wording.load().has
    assert [key for key in _operation_keys(name) if not has(key)] == []


def _operation_keys(name: str) -> list[str]:
    operation = OPERATIONS[name]
    keys = [f"button_{name}"]
    if operation.has_target:
        keys.append(f"ask_{name}_target")
    for field in (field for field in operation.fields if field.asked):
        keys.append(f"ask_{name}_{field.name}")
        keys += [f"choice_{option}" for option in field.options]
        if field.kind == "pledge":
            keys += [f"button_{name}_{field.name}_yes", f"button_{name}_{field.name}_no"]
    if not operation.at_once:
        keys += [f"propose_{name}", f"button_yes_{name}", f"button_no_{name}"]
    return [*keys, f"done_{name}"] if name != "refund" else keys


def _form_keys(name: str) -> list[str]:
    """What an operation's form says, where it has one: several fields."""
    fields = [field.name for field in OPERATIONS[name].fields]
    if len(fields) < 2:
        return []
    return [f"form_{name}", f"button_form_{name}", *(f"field_{name}_{field}" for field in fields)]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_form_has_all_its_words(name: str) -> None:
    has = Wording.load().has
    assert [key for key in _form_keys(name) if not has(key)] == []


@pytest.mark.parametrize("name", sorted(ABOUT_COURSE - ABOUT_ALL))
def test_a_question_about_a_course_can_ask_which(name: str) -> None:
    has = Wording.load().has
    assert has(f"ask_{name}_target") or has("ask_course")


def test_whatever_may_be_meant_has_a_button() -> None:
    """Where two meanings are close, the learner presses one."""
    has = Wording.load().has
    assert [name for name in (*RULES.decisions, *RULES.diagnoses) if not has(f"button_{name}")] == []


def test_what_is_typed_around_the_operations_has_words() -> None:
    has = Wording.load().has
    asked = [f"smalltalk_{kind}" for kind in SMALL_TALK]
    asked += [f"handoff_{why}" for why in (*WHYS, *URGENT, "desk_failed")]
    asked += ["step_reauthenticate_password", "step_reauthenticate_code", "step_type_to_confirm"]
    asked += ["email_code_subject", "email_code_body", "not_among_yours", "nothing_there", "ask_course"]
    assert [key for key in asked if not has(key)] == []


def test_the_desk_names_everything_it_can_do() -> None:
    text = Wording.load().say("smalltalk_capabilities")
    named = {
        "refund": "refund a payment",
        "cancel_subscription": "cancel a subscription",
        "cancel_trial": "free trial",
        "unenroll": "unenroll",
        "delete_account": "delete your account",
        "unlink_login": "unlink a sign-in",
        "resend_confirmation": "confirmation",
        "reset_password": "password link",
        "change_name": "change your name",
        "apply_for_aid": "apply for financial aid",
        "report_problem": "report",
        "report_email_change": "report",
    }
    assert set(named) == set(OPERATIONS)
    assert [name for name, words in named.items() if words not in text] == []


def test_the_confirmation_has_the_subject_that_the_articles_name() -> None:
    subject = Wording.load().say("email_resend_confirmation_subject", {"email": "a@example.org", "name": "Ana"})
    assert subject == "Action Required: Please confirm your email"


def test_no_text_is_kept_that_nobody_says(sayer: Sayer, said: list[Said]) -> None:
    used = set(sayer.wording.said)
    used |= {f"utter_{key}" for name in OPERATIONS for key in _operation_keys(name)}
    used |= {f"utter_ask_{name}_target" for name in ABOUT_COURSE - ABOUT_ALL}
    used |= {f"utter_{text}{part}" for text in literals() for part in ("", "_subject", "_body")}
    for name in OPERATIONS:
        fields = [field.name for field in OPERATIONS[name].fields]
        used |= {f"utter_{name}_not_among_yours", f"utter_{name}_nothing_there"}
        used |= {f"utter_button_{name}_{field}_none" for field in fields}
        used |= {f"utter_ask_again_{name}_{field}" for field in fields}
        used |= {f"utter_{key}" for key in _form_keys(name)}
    used |= {f"utter_smalltalk_{kind}" for kind in SMALL_TALK}
    used |= {f"utter_button_{name}" for name in (*RULES.decisions, *RULES.diagnoses)}
    used |= {f"utter_handoff_{why}" for why in (*WHYS, *URGENT, "desk_failed", *codes("remedy"))}
    used |= {f"utter_offer_{state}" for state in ("expired", "changed", "closed")}
    used |= {f"utter_step_{step}" for step in ("reauthenticate_password", "reauthenticate_code", "type_to_confirm")}
    used |= {"utter_email_code_subject", "utter_email_code_body"}
    used |= {f"utter_transcript_{author}" for author in AUTHORS}
    # Asked for by what the language, the mask or the understanding found, or by a value.
    by_value = re.compile(r"utter_(?:language|private|fallback|word|choice|slack)_")
    unseen = _codes_no_table_has(said)
    left = [
        key
        for key in sorted(sayer.wording.keys - used)
        if not by_value.match(key) and not any(key.endswith(f"_{code}") for code in unseen)
    ]
    assert left == []


def _codes_no_table_has(said: list[Said]) -> set[str]:
    """Codes of the rules that no case of the tables gives: their texts count as used."""
    seen = set()
    for each in said:
        answer = each.answer
        if isinstance(answer, Decision):
            parts = (*answer.reasons, *answer.notes, *answer.consequences, *answer.remedies)
        else:
            parts = (*answer.findings, *(remedy for finding in answer.findings for remedy in finding.remedies))
        seen |= {part.code for part in parts}
    return set().union(*map(codes, ("reason", "remedy", "finding"))) - seen


# --- filling ----------------------------------------------------------------------------------------------------------


def test_a_value_is_said_by_its_kind() -> None:
    at = datetime(2026, 3, 15, 9, 30, tzinfo=timezone.utc)
    wording = Wording(
        {
            "utter_a": ["{amount} on {at:date}, before {at}, for {titles}"],
            "utter_b": ["{ways:word}; {twice:once}; {dates:date}; {other:word}"],
            "utter_word_google": ["Google"],
        }
    )
    assert (
        wording.say("a", amount=Money.parse("79.00 USD"), at=at, titles=["One", "Two", "Three"])
        == "$79.00 on 15 March 2026, before 15 March 2026, 09:30 UTC, for One, Two and Three"
    )
    values = {"ways": ["google", "sso"], "twice": ["One", "One"], "dates": [at, at], "other": "new"}
    assert wording.say("b", values) == "Google and sso; One; 15 March 2026 and 15 March 2026; new"


def test_what_stands_in_bold_has_no_marks_of_its_own() -> None:
    wording = Wording({"utter_a": ["**{title}**, {title}", "no"], "utter_b": ["**{titles:once}** {title}"]})
    assert wording.say("a", title="C** [1]") == r"**C\*\* \[1\]**, C** [1]"
    assert wording.say("b", titles=["*a", "*a"], title="`") == r"**\*a** `"
    assert plain(wording.say("b", titles=["C** [1]"], title="x")) == "C** [1] x"


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("999.99 USD", "$999.99"),
        ("1000.00 USD", "$1,000.00"),
        ("1234567.00 BRL", "1,234,567.00 BRL"),
        ("5000 JPY", "¥5,000"),
    ],
)
def test_thousands_are_grouped_for_people_and_not_for_programs(amount: str, said: str) -> None:
    money = Money.parse(amount)
    assert str(money) == said
    assert money.to_yaml() == amount and money.to_json()["amount"] == amount.split()[0]


def test_the_first_text_whose_values_are_known_is_said() -> None:
    wording = Wording({"utter_a": ["all of {titles}", "until {until}", "nothing known"]})
    assert wording.say("a", titles=["One"]) == "all of One"
    assert wording.say("a", titles=[], until="noon") == "until noon"
    assert wording.say("a", titles=None) == "nothing known"


def test_a_missing_text_or_value_is_told() -> None:
    wording = Wording({"utter_a": ["{title}"]})
    with pytest.raises(WordingError, match="needs title"):
        wording.say("a")
    with pytest.raises(WordingError, match="utter_b"):
        wording.say("b")
