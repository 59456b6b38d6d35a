"""Holds the rules to their form: pure, cited, tested, within their vocabulary."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from backend.policy import rules
from backend.policy.decision import Decision, Diagnosis, Outcome, Reason
from backend.policy.lists import Lists
from backend.policy.parameters import Parameters

from .tables import FOLDER, cases, load, words

POLICY = FOLDER.parents[1] / "backend" / "policy"
ARTICLES = FOLDER.parents[1] / "knowledge" / "articles"
MODULES = sorted(POLICY.glob("*.py"))
LOADERS = {"parameters.py", "lists.py"}  # these read files, once, at start
PARAMS = Parameters.load()
RULES = rules.build(Lists.load())

STANDARD = words(
    "__future__ collections collections.abc dataclasses datetime decimal enum functools re types typing unicodedata"
)
FORBIDDEN_CALLS = words("open print input exec eval now today utcnow read_text write_text getenv")
# What the desk itself has to say, with no article behind it.
DESK_CODES = {"target_missing", "target_unknown", "not_signed_in", "no_rule_in_force"}
DESK_CODES |= {"refund_overruled", "plus_refund_overruled", "unenroll_overruled"}
SOURCES = {f"F{number:02}" for number in range(50)} | {"D50"}

# Every code the specification names, by section: each needs a table in which it is the answer.
SPECIFIED = {
    "refund": """
        within_refund_window refund_window_closed certificate_already_earned
        subscription_payment_not_refundable no_charge_during_trial test_charge_returned_automatically
        plus_refund_needs_agent paid_through_apple paid_through_marketplace already_refunded
        payment_not_completed refund_needs_website no_partial_refunds refund_overdue possible_double_charge
    """,
    "subscriptions": """
        can_cancel_plus can_cancel_specialization can_cancel_trial started_through_apple already_cancelled
        not_active no_pause completed cancelled_payment_failed other_subscriptions_keep_charging
        subscribed_to_whole_specialization unenrolling_keeps_charging
    """,
    "unenrol": """
        can_unenroll completed_with_certificate paid_and_not_refundable aid_older_than_two_weeks
        old_platform program_managed progress_cannot_be_reset
    """,
    "account": """
        active_subscription organisation_managed can_delete can_unlink only_sign_in_method not_linked
        email_not_confirmed email_already_confirmed reset_link_sent name_change_requested
        id_verification_locks_name only_capitalisation_differs name_not_verified_yet email_change_not_mine
        accounts_cannot_be_merged
    """,
    "aid": """
        can_apply_for_aid course_offers_no_aid application_too_short pledge_missing
        aid_needs_website_on_a_computer application_under_review aid_already_active trial_blocks_aid
        too_late_for_degree_course no_application_on_record
    """,
    "diagnoses": """
        already_issued course_has_no_certificate not_paid payment_expired aid_expired subscription_ended
        name_verification_missing name_verification_pending id_verification_missing id_verification_pending
        id_verification_denied assignment_not_submitted awaiting_grade too_few_peer_reviews_received
        too_few_peer_reviews_given assignment_not_passed below_passing_threshold nothing_missing
        earlier_assignment_required degree_staff_must_unlock still_a_draft awaiting_peer_reviews
        under_grading not_submitted not_on_record pending declined expires_on expired_pay_again other_course
        honors_without_certificate
    """,
    "wishes": """
        payments_not_transferable aid_not_transferable no_gifts instructor_decides
    """,
}


def test_the_specification_is_covered() -> None:
    specified = {code for codes in SPECIFIED.values() for code in words(codes)}
    assert specified - _codes_in_tables() == set()


def test_every_operation_diagnosis_and_wish_has_a_table() -> None:
    asked = {(case.kind, case.rule) for case in cases()}
    assert {("decide", name) for name in RULES.decisions} | {("diagnose", name) for name in RULES.diagnoses} <= asked


def test_every_conflict_between_articles_is_decided_in_a_table() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in FOLDER.glob("*/*.yml"))
    assert {int(number) for number in re.findall(r"[Cc]onflict (\d+)", text)} == set(range(1, 13))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_rules_are_pure(module: Path) -> None:
    """No clock, files, network, chance or log; nothing of ours from outside; Python 3.10; under 400 lines."""
    source = module.read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 10))
    allowed = STANDARD | ({"pathlib", "yaml"} if module.name in LOADERS else set())
    imported = {name for name in _imports(tree) if not name.startswith("backend.policy")}
    assert imported <= allowed, f"{module.name} imports {sorted(imported - allowed)}"
    called = {_name(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    if module.name not in LOADERS:
        assert not called & FORBIDDEN_CALLS, f"{module.name} calls {sorted(called & FORBIDDEN_CALLS)}"
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.Global, ast.AsyncFunctionDef))]
    assert source.count("\n") < 400


def test_every_code_is_written_out_and_stands_in_a_table() -> None:
    written = {code for _, code, _ in _written()}
    assert written - _codes_in_tables() == set()


def test_every_code_written_cites_an_article() -> None:
    uncited = [f"{file}: {code}" for file, code, cited in _written() if not cited and code not in DESK_CODES]
    assert uncited == []


def test_every_answer_cites_known_articles_and_offers_what_exists() -> None:
    for answer in _answers():
        for part in _parts(answer):
            assert part.code in DESK_CODES or part.sources, f"{part.code} cites nothing"
            assert set(part.sources) <= SOURCES, f"{part.code} cites {part.sources}"
        for remedy in _remedies(answer):
            assert (remedy.operation is not None) == (remedy.kind == "operation"), remedy
            assert remedy.operation is None or remedy.operation in RULES.decisions, remedy


def test_every_refusal_says_what_can_be_done_instead() -> None:
    refused = [answer for answer in _answers() if isinstance(answer, Decision) and answer.outcome is Outcome.REFUSED]
    assert [answer.codes for answer in refused if not answer.remedies] == []


def test_every_comparison_is_traced_with_parameters_that_exist() -> None:
    for answer in _answers():
        if isinstance(answer, Decision):
            assert {step.parameter for step in answer.trace} - {None} <= set(PARAMS.by_name)
            json.dumps(answer.to_record())
        else:
            json.dumps(answer.to_json())


def test_every_parameter_is_used() -> None:
    """By a rule, or in the articles."""
    texts = [module.read_text(encoding="utf-8") for module in MODULES]
    texts += [file.read_text(encoding="utf-8") for file in ARTICLES.rglob("*.md")]
    assert [name for name in PARAMS.by_name if not any(name in text for text in texts)] == []


def test_every_section_pointed_at_exists() -> None:
    sections = {section for file in ARTICLES.rglob("*.md") for section in _sections(file)}
    pointed_at = {
        call.args[1].value: module.name
        for module in MODULES
        for call in _calls(module, {"read"})
        if len(call.args) > 1 and isinstance(call.args[1], ast.Constant)
    }
    assert {section: name for section, name in pointed_at.items() if section not in sections} == {}


def _written() -> Iterator[tuple[str, str, bool]]:
    """Every code in the rules' text: (module, code, whether sources stand beside it)."""
    builders = {"because", "problem", "fine", "info", "offer", "read", "person", "outside"}
    for module in MODULES:
        for call in _calls(module, builders):
            name, code = _name(call.func), call.args[0] if call.args else None
            if isinstance(code, ast.Constant):
                cites = len(call.args) > 1 and not (isinstance(call.args[1], ast.Constant) and not call.args[1].value)
                yield module.name, code.value, cites or name in {"offer", "read", "person", "outside"}
            else:
                assert isinstance(call.func, ast.Name) and _is_wrapper(code), (
                    f"{module.name}:{call.lineno} hides its code"
                )


def _is_wrapper(code: ast.expr | None) -> bool:
    """`because(code, …)` inside a function that is itself called with a written code."""
    return isinstance(code, ast.Name) and code.id == "code"


def _calls(module: Path, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _name(node.func) in names:
            yield node


def _name(func: ast.expr) -> str:
    return func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


@cache
def _codes_in_tables() -> frozenset[str]:
    """Codes the tables expect: every word of a list in an `output`."""
    found: set[str] = set()
    for file in FOLDER.glob("*/*.yml"):
        for row in load(file)["cases"]:
            for key, value in row["output"].items():
                if isinstance(value, list) and key != "values":
                    found |= {str(code).split()[0] for code in value}
    return frozenset(found)


@cache
def _answers() -> tuple[Decision | Diagnosis, ...]:
    """What the rules answer to every case of the tables."""
    found = []
    for case in cases():
        rule = {"decide": RULES.decisions, "diagnose": RULES.diagnoses}.get(case.kind, {}).get(case.rule)
        if rule:
            found.append(rule(case.account, case.target, case.request, case.as_of, PARAMS))
    return tuple(found)


def _parts(answer: Decision | Diagnosis) -> tuple[Reason, ...]:
    if isinstance(answer, Diagnosis):
        return answer.findings
    return (*answer.reasons, *answer.notes, *answer.consequences)


def _remedies(answer: Decision | Diagnosis) -> list:
    if isinstance(answer, Decision):
        return list(answer.remedies)
    return [remedy for finding in answer.findings for remedy in finding.remedies]


def _sections(file: Path) -> Iterator[str]:
    text = file.read_text(encoding="utf-8")
    article = re.search(r"^id: (.+)$", text, re.MULTILINE)
    for anchor in re.findall(r"^## .*\{#([a-z0-9-]+)\}", text, re.MULTILINE):
        yield f"{article[1]}/{anchor}" if article else anchor
