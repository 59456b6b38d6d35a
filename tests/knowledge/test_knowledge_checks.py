"""Every rule of the checker, kept and broken."""

from __future__ import annotations

from datetime import date

import pytest

from backend.policy.parameters import DatedValue, Parameter
from backend.policy.rules import DECISIONS
from knowledge import check
from knowledge.checks import sections, wording
from knowledge.checks.citations import ALL_SOURCES

DAY = date(2020, 1, 1)


def problems(shelf, **options) -> list[str]:
    """What fails, as printed, without the path to the shelf."""
    found = check.find_problems(shelf.articles, shelf.params, **options)
    prefix = shelf.articles.parent.as_posix() + "/"
    return [str(problem).replace(prefix, "") for problem in found if not problem.is_warning]


def only_problem(shelf, **options) -> str:
    found = problems(shelf, **options)
    assert len(found) == 1, found
    return found[0]


def test_a_good_shelf_has_no_problems(shelf):
    assert problems(shelf) == []


def test_too_few_questions_fail(shelf):
    line = shelf.spoil(shelf.refund, "## Time limit", "## Time limit")
    shelf.spoil(shelf.refund, "- may i ask after a month\n", "")
    where = f"articles/payments/request-a-refund.md:{line}"
    assert only_problem(shelf) == f"{where}: request-a-refund/time-limit has 9 questions, expected at least 10"


@pytest.mark.parametrize(("words", "fails"), [(60, False), (61, True)])
def test_a_short_answer_may_have_sixty_words(shelf, words, fails):
    shelf.spoil(shelf.trial, "> Click **Cancel** in time.", "> " + " ".join(["word"] * words))
    assert [f"the short answer has {words} words" in problem for problem in problems(shelf)] == [True] * fails


def test_words_of_a_short_answer_are_counted_as_read():
    assert sections.count_words("1. Open **My Purchases**.\n2. Click") == 4
    assert sections.count_words("within {{ refund.window_days }} days") == 3
    assert sections.count_words("see [the page](/help/a-b#c-d) - now") == 4


def test_an_unknown_parameter_fails_with_its_line(shelf):
    line = shelf.spoil(shelf.refund, "You have {{ refund.window_days }}", "You have\n{{ refund.days }}")
    message = only_problem(shelf)
    assert message == f"articles/payments/request-a-refund.md:{line + 1}: there is no parameter 'refund.days'"


def test_braces_that_are_no_parameter_fail(shelf):
    shelf.spoil(shelf.trial, "in time.", "in {{ time.")
    assert "a parameter is written {{ name }}" in only_problem(shelf)


def test_related_articles_must_exist(shelf):
    shelf.spoil(shelf.trial, "related: []", "related: [elsewhere]")
    assert only_problem(shelf).endswith(":6: related: there is no article elsewhere")


@pytest.mark.parametrize("related", ["cancel-a-trial", "request-a-refund, request-a-refund"])
def test_related_articles_are_others_and_named_once(shelf, related):
    shelf.spoil(shelf.trial, "related: []", f"related: [{related}]")
    assert "is the article itself or stands twice" in only_problem(shelf)


@pytest.mark.parametrize("target", ["/help/cancel-a-trial", "/help/cancel-a-trial#how", "https://example.org/page"])
def test_a_link_that_leads_somewhere_is_fine(shelf, target):
    shelf.spoil(shelf.refund, "/help/cancel-a-trial#how", target)
    assert problems(shelf) == []


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("/help/nowhere", "/help/nowhere: there is no such article"),
        ("/help/cancel-a-trial#why", "/help/cancel-a-trial#why: there is no such section"),
        ("cancel-a-trial#how", "cancel-a-trial#how: expected /help/<article>#<section>"),
    ],
)
def test_a_link_that_leads_nowhere_fails(shelf, target, complaint):
    line = shelf.spoil(shelf.refund, "/help/cancel-a-trial#how", target)
    assert only_problem(shelf) == f"articles/payments/request-a-refund.md:{line}: {complaint}"


def test_one_question_under_two_sections_fails_however_it_is_written(shelf):
    line = shelf.spoil(shelf.trial, "who cancels trials", "Until when, can I ask?")
    message = only_problem(shelf)
    assert message.startswith(f"articles/subscriptions/cancel-a-trial.md:{line}: ")
    assert "stands in request-a-refund/time-limit too" in message


def test_one_question_twice_in_a_section_fails(shelf):
    shelf.spoil(shelf.trial, "who cancels trials", "What do I click?")
    assert "stands in cancel-a-trial/how too" in only_problem(shelf)


@pytest.mark.parametrize(
    "literal",
    ["14 days", "14-day", "fourteen days", "two weeks", "2 weeks", "two\nweeks", "Two-week", "a fortnight", "14  days"],
)
def test_a_number_that_is_a_parameter_of_the_articles_source_fails(shelf, literal):
    shelf.spoil(shelf.refund, "The days count", f"The {literal} count")
    assert "is a parameter: write {{ refund.window_days }} days" in only_problem(shelf)


@pytest.mark.parametrize(
    "harmless", ["15 days", "140 days", "14 courses", "114 days", "two weekends", "version 1.14 days"]
)
def test_other_numbers_are_let_through(shelf, harmless):
    shelf.spoil(shelf.refund, "The days count", f"The {harmless} count")
    assert problems(shelf) == []


def test_a_number_set_by_another_articles_source_is_let_through(shelf):
    shelf.spoil(shelf.trial, "in time.", "in 14 days.")
    assert problems(shelf) == []


def test_learners_may_write_the_number_in_their_questions(shelf):
    shelf.spoil(shelf.refund, "do exceptions exist", "is it 14 days or 30 days")
    assert problems(shelf) == []


@pytest.mark.parametrize(
    ("value", "unit", "literals", "harmless"),
    [
        (365, "days", ["365 days", "one year", "within a year", "three hundred and sixty-five days"], ["once a year"]),
        (180, "days", ["180 days", "a hundred and eighty days", "six months"], ["18 days", "80 days"]),
        (7, "days", ["seven days", "1 week", "up to a week", "for a week"], ["once a week", "17 days"]),
        (24, "hours", ["24 hours", "twenty-four hours", "one day"], ["a day's work", "4 hours"]),
        (90, "minutes", ["90 minutes", "90-min", "ninety minutes"], ["9 minutes"]),
        (80, "percent", ["80 %", "80%", "80 percent", "eighty per cent"], ["180%"]),
        (10, "MB", ["10MB", "10 mb", "ten megabytes"], ["10 members"]),
        (150, "words", ["150 words", "one hundred fifty words"], ["150 letters"]),
    ],
)
def test_the_ways_to_write_a_parameter_out_are_known(value, unit, literals, harmless):
    dated = DatedValue(DAY, value, "an-article/a-section", ("F16",), DAY)
    pattern = wording.literal_pattern(Parameter("area.name", "", unit, DAY, (dated,)))
    for literal in literals:
        assert pattern.search(f"It is {literal}."), literal
    for text in harmless:
        assert not pattern.search(f"It is {text}."), text


def test_a_source_that_no_section_cites_is_a_warning_until_all_are_wanted(shelf):
    warned = [problem for problem in check.find_problems(shelf.articles, shelf.params) if problem.is_warning]
    assert len(warned) == len(ALL_SOURCES) - 3
    assert any("no section cites D50" in problem.message for problem in warned)
    assert len(problems(shelf, all_sources=True)) == len(ALL_SOURCES) - 3


def test_there_are_fifty_articles_and_one_guide():
    assert len(ALL_SOURCES) == 51
    assert (ALL_SOURCES[0], ALL_SOURCES[49], ALL_SOURCES[50]) == ("F00", "F49", "D50")


def test_a_source_of_the_article_that_no_section_cites_fails(shelf):
    shelf.spoil(shelf.trial, "sources: [F42]", "sources: [F42, F10]")
    assert only_problem(shelf).endswith(":5: sources: no section of this article cites F10")


def test_a_source_of_a_section_that_the_article_leaves_out_fails(shelf):
    shelf.spoil(shelf.trial, "sources: F42", "sources: F42, F10")
    assert "F10 is missing in the article's own sources" in only_problem(shelf)


def test_a_source_that_does_not_exist_fails(shelf):
    shelf.spoil(shelf.trial, "sources: F42", "sources: F42, F77")
    assert "there is no source article F77" in only_problem(shelf)


def test_an_unknown_operation_fails(shelf):
    shelf.spoil(shelf.refund, "operation: refund", "operation: reimburse")
    assert "there is no operation 'reimburse'" in only_problem(shelf)


def test_the_operations_articles_may_lead_to_are_ones_the_rules_decide():
    assert set(DECISIONS) >= sections.OPERATIONS


def test_an_unknown_diagnosis_fails(shelf):
    shelf.spoil(shelf.trial, "diagnosis: subscription_status", "diagnosis: feelings")
    assert "there is no diagnosis 'feelings'" in only_problem(shelf)


def test_a_parameter_must_cite_a_section_that_exists(shelf):
    line = shelf.spoil(shelf.window, "request-a-refund/time-limit", "request-a-refund/deadline")
    assert (
        only_problem(shelf) == f"params/refund/window_days.yaml:{line}: there is no section request-a-refund/deadline"
    )


def test_a_parameter_must_cite_a_section_that_uses_it(shelf):
    shelf.spoil(shelf.window, "request-a-refund/time-limit", "cancel-a-trial/how")
    assert any("the section cancel-a-trial/how does not use refund.window_days" in one for one in problems(shelf))


def test_a_parameter_and_its_section_cite_the_same_sources(shelf):
    shelf.spoil(shelf.window, "[F16, F20]", "[F16, F46]")
    assert "the section request-a-refund/time-limit does not cite F46" in only_problem(shelf)


def test_an_unused_parameter_is_a_warning_until_all_are_wanted(shelf):
    text = shelf.refund.read_text(encoding="utf-8").replace("{{ refund.window_days }} days", "some time")
    shelf.refund.write_text(text, encoding="utf-8")
    unused = "no article uses refund.window_days"
    assert not any(unused in problem for problem in problems(shelf))
    assert any(unused in problem for problem in problems(shelf, all_sources=True))


SENTENCE = "you may ask us for all of your money back once"


def test_eight_words_in_a_row_from_a_source_fail(shelf):
    line = shelf.spoil(shelf.trial, "> Click", "> You may ask us for all of your! Click")
    message = only_problem(shelf, seeds={"F16": SENTENCE})
    assert message == (
        f"articles/subscriptions/cancel-a-trial.md:{line}: copied from F16: 'You may ask us for all of your'"
    )


@pytest.mark.parametrize(
    "wording_of_ours",
    [
        "You may ask us for all of it.",  # seven words
        "You may ask us for all:\n>\n> - of your money back",  # a list in between
        '"You may ask us for all of your money back"',  # a message that has to be quoted
        "**You may ask us for all of your money back**",  # a label
    ],
)
def test_short_runs_labels_and_messages_are_let_through(shelf, wording_of_ours):
    shelf.spoil(shelf.trial, "> Click **Cancel** in time.", f"> {wording_of_ours}")
    assert problems(shelf, seeds={"F16": SENTENCE}) == []


def test_lists_of_names_are_let_through(shelf):
    names = "Duke University, Yale University, University of London, Rice University"
    shelf.spoil(shelf.trial, "in time.", f"in time at {names}.")
    assert problems(shelf, seeds={"F14": names}) == []


def test_questions_are_not_compared_with_the_sources(shelf):
    shelf.spoil(shelf.trial, "who cancels trials", SENTENCE)
    assert problems(shelf, seeds={"F16": SENTENCE}) == []


def test_seeds_are_read_by_number(tmp_path):
    (tmp_path / "F16-request-a-refund.txt").write_text("text", encoding="utf-8")
    (tmp_path / "README.md").write_text("about", encoding="utf-8")
    assert wording.read_seeds(tmp_path) == {"F16": "text"}


def test_questions_that_hardly_differ_are_a_warning_on_request(shelf):
    shelf.spoil(shelf.trial, "who cancels trials", "what is the latest days")
    assert problems(shelf) == []
    found = check.find_problems(shelf.articles, shelf.params, near_duplicates=True)
    near = [problem for problem in found if "is nearly" in problem.message]
    assert len(near) == 1
    assert near[0].is_warning


def test_an_article_that_cannot_be_read_is_a_problem_among_the_others(shelf):
    shelf.spoil(shelf.trial, "sources: F42\n", "sauces: F42\n")
    shelf.spoil(shelf.refund, "- may i ask after a month\n", "")
    found = problems(shelf)
    assert any("unknown key 'sauces'" in problem for problem in found)
    assert any("has 9 questions" in problem for problem in found)


def test_a_parameter_that_cannot_be_read_is_a_problem(shelf):
    shelf.spoil(shelf.window, "unit: days\n", "")
    assert "refund/window_days.yaml: unit: missing" in only_problem(shelf)


def test_the_command_prints_the_problems_and_fails(shelf, capsys):
    folders = ["--articles", str(shelf.articles), "--params", str(shelf.params)]
    assert check.main(folders) == 0
    shelf.spoil(shelf.refund, "operation: refund", "operation: reimburse")
    assert check.main(folders) == 1
    printed = capsys.readouterr().out
    assert "there is no operation 'reimburse'" in printed
    assert printed.splitlines()[-1].startswith("1 problems, ")
