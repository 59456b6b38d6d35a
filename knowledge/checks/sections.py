"""Rules about single sections: enough questions, a short answer that is short, names that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rapidfuzz import fuzz, process

from knowledge.checks import Material, Problem
from knowledge.model import Section
from knowledge.words import plain_words

MIN_QUESTIONS = 10
MAX_SHORT_WORDS = 60
NEARLY_THE_SAME = 92

OPERATIONS = frozenset(
    {
        "refund",
        "cancel_subscription",
        "cancel_trial",
        "unenroll",
        "delete_account",
        "unlink_login",
        "resend_confirmation",
        "reset_password",
        "change_name",
        "apply_for_aid",
        "report_problem",
        "report_email_change",
    }
)
DIAGNOSES = frozenset(
    {
        "why_no_certificate",
        "why_assignment_locked",
        "why_no_grade",
        "final_grade",
        "payment_status",
        "why_asked_to_pay_again",
        "id_verification_status",
        "missing_course",
        "capstone_access",
        "in_plus",
        "payment_method",
        "honors_recognition",
        "promotion",
        "audit_option",
        "sign_in",
        "aid_status",
        "refund_status",
        "subscription_status",
        "double_charge",
    }
)

_LINK_TARGET = re.compile(r"(?<=\])\([^)]*\)")
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}")
_LIST_MARKER = re.compile(r"^\s*(?:[-*]|\d+\.)\s+", re.MULTILINE)


def enough_questions(material: Material) -> Iterator[Problem]:
    """The classifier learns a section from its questions; with few of them it cannot."""
    for section in material.knowledge.sections:
        if len(section.questions) < MIN_QUESTIONS:
            yield material.in_section(
                section, f"{section.id} has {len(section.questions)} questions, expected at least {MIN_QUESTIONS}"
            )


def short_enough(material: Material) -> Iterator[Problem]:
    """The short answer is read in a chat window."""
    for section in material.knowledge.sections:
        words = count_words(section.short_markdown)
        if words > MAX_SHORT_WORDS:
            article = material.knowledge.article(section.article)
            message = f"the short answer has {words} words, expected at most {MAX_SHORT_WORDS}"
            yield material.problem(article, section.lines.short, message)


def known_names(material: Material) -> Iterator[Problem]:
    """A section may only lead to what the desk can do."""
    for section in material.knowledge.sections:
        if section.operation and section.operation not in OPERATIONS:
            yield material.in_section(section, f"there is no operation {section.operation!r}")
        if section.diagnosis and section.diagnosis not in DIAGNOSES:
            yield material.in_section(section, f"there is no diagnosis {section.diagnosis!r}")


def questions_once(material: Material) -> Iterator[Problem]:
    """A question under two sections has no right answer."""
    first: dict[str, tuple[Section, int]] = {}
    for section, question, line in _questions(material):
        known = " ".join(plain_words(question))
        if known in first:
            other, other_line = first[known]
            article = material.knowledge.article(section.article)
            where = f"{material.knowledge.article(other.article).file}:{other_line}"
            yield material.problem(article, line, f"the question {question!r} stands in {other.id} too ({where})")
        else:
            first[known] = (section, line)


def nearly_the_same(material: Material) -> Iterator[Problem]:
    """Questions of different sections that hardly differ; only a warning, as one word can make all the difference."""
    everything = list(_questions(material))
    sorted_words = [" ".join(sorted(plain_words(question))) for _, question, _ in everything]
    for number, (section, question, line) in enumerate(everything):
        later = sorted_words[number + 1 :]
        near = process.extract(sorted_words[number], later, scorer=fuzz.ratio, score_cutoff=NEARLY_THE_SAME, limit=None)
        for _, score, offset in near:
            other, other_question, other_line = everything[number + 1 + offset]
            if other.id == section.id or score == 100:
                continue
            where = f"{material.knowledge.article(other.article).file}:{other_line}"
            message = f"{question!r} is nearly {other_question!r} of {other.id} ({where}, {score:.0f} %)"
            yield material.problem(material.knowledge.article(section.article), line, message, is_warning=True)


def count_words(markdown: str) -> int:
    """Words as a reader counts them: no list markers, no targets of links; a parameter is one word."""
    text = _PLACEHOLDER.sub("number", _LINK_TARGET.sub("", markdown))
    text = _LIST_MARKER.sub("", text)
    return sum(1 for word in text.split() if re.search(r"\w", word))


def _questions(material: Material) -> Iterator[tuple[Section, str, int]]:
    for section in material.knowledge.sections:
        for question, line in zip(section.questions, section.lines.questions, strict=True):
            yield section, question, line
