"""Dated values: the day they begin, the instant before, and files that cannot be used."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from backend.policy.parameters import ParameterFileError, ParameterNotInForce, Parameters, UnknownParameter

GOOD = """description: Days of something
unit: days
last_checked_on: 2026-11-21
values:
  2024-07-01: {value: 21, reference: {source: "knowledge: an-article/a-section", articles: [F20], read_on: 2024-06-01}}
  2020-01-01: {value: 14, reference: {source: "knowledge: an-article/a-section", articles: [F16], read_on: 2020-01-01}}
"""


def utc(*when: int) -> datetime:
    return datetime(*when, tzinfo=timezone.utc)


@pytest.fixture
def parameters(write_parameter) -> Parameters:
    return Parameters.load(write_parameter("area/some_days.yaml", GOOD))


def test_a_value_applies_from_the_first_instant_of_its_date(parameters):
    assert parameters.value("area.some_days", utc(2024, 6, 30, 23, 59, 59)) == 14
    assert parameters.value("area.some_days", utc(2024, 7, 1)) == 21


def test_the_instant_counts_in_utc_whatever_zone_it_is_given_in(parameters):
    east = timezone(timedelta(hours=10))
    assert parameters.value("area.some_days", datetime(2024, 7, 1, 9, 59, tzinfo=east)) == 14
    assert parameters.value("area.some_days", datetime(2024, 7, 1, 10, 0, tzinfo=east)) == 21


def test_the_answer_carries_name_unit_date_and_citation(parameters):
    found = parameters.at("area.some_days", utc(2024, 7, 1))
    assert (found.name, found.value, found.unit, found.since) == ("area.some_days", 21, "days", date(2024, 7, 1))
    assert found.sources == ("F20",)
    assert found.section == "an-article/a-section"


def test_asking_before_the_first_value_is_not_answered_with_a_number(parameters):
    with pytest.raises(ParameterNotInForce, match="first value applies from 2020-01-01"):
        parameters.at("area.some_days", utc(2019, 12, 31, 23, 59, 59))


def test_a_name_nobody_defined_is_a_key_error_that_says_so(parameters):
    with pytest.raises(UnknownParameter, match=r"no parameter is named 'area\.other'"):
        parameters.value("area.other", utc(2024, 1, 1))
    assert issubclass(UnknownParameter, KeyError)


def test_an_instant_without_a_zone_is_refused(parameters):
    with pytest.raises(ValueError, match="time zone"):
        parameters.at("area.some_days", utc(2024, 7, 1).replace(tzinfo=None))


def test_current_leaves_out_what_is_not_in_force_yet(parameters):
    assert parameters.current(utc(2024, 7, 1)) == {"area.some_days": 21}
    assert parameters.current(utc(2019, 1, 1)) == {}


def test_the_whole_history_stays_in_order(parameters):
    assert [value.value for value in parameters.by_name["area.some_days"].history] == [14, 21]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("unit: days\n", "", "unit: missing"),
        ("unit: days", "units: days", "units: unknown key"),
        ("last_checked_on: 2026-11-21", "last_checked_on: yesterday", "expected a date"),
        ("2024-07-01:", "soon:", "values.soon: expected a date"),
        ("value: 21, ", "", "values.2024-07-01.value: missing"),
        ("value: 21", "value: null", "values.2024-07-01.value: expected a number"),
        ("knowledge: an-article/a-section", "an article", "reference.source: expected"),
        ("[F20]", "[]", "reference.articles: expected source articles"),
        ("[F20]", "[page 3]", "reference.articles: expected source articles"),
        ("2024-07-01:", "2020-01-01:", "2020-01-01 stands twice"),
        ("values:", "values: [", "YAML"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_what_belongs_there(write_parameter, old, new, complaint):
    root = write_parameter("area/some_days.yaml", GOOD.replace(old, new, 1))
    with pytest.raises(ParameterFileError) as raised:
        Parameters.load(root)
    assert str(raised.value).startswith("area/some_days.yaml: ")
    assert complaint in str(raised.value)


def test_a_file_without_values_is_refused(write_parameter):
    root = write_parameter("area/some_days.yaml", GOOD[: GOOD.index("values:")] + "values: {}\n")
    with pytest.raises(ParameterFileError, match="at least one dated value"):
        Parameters.load(root)


@pytest.mark.parametrize("path", ["some_days.yaml", "area/part/some_days.yaml", "area/Some-Days.yaml"])
def test_a_file_in_the_wrong_place_is_refused(write_parameter, path):
    with pytest.raises(ParameterFileError, match=r"expected <area>/<name>\.yaml"):
        Parameters.load(write_parameter(path, GOOD))


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ParameterFileError, match="found none"):
        Parameters.load(tmp_path / "nowhere")


DECIDED = {
    "refund.window_days": 14,
    "refund.settlement_days": 7,
    "access.course_payment_days": 180,
    "access.prepay_days": 365,
    "access.capstone_after_auto_end_days": 180,
    "trial.days": 7,
    "aid.min_words": 150,
    "aid.review_days": 15,
    "aid.valid_days": 180,
    "aid.unenroll_days": 14,
    "aid.degree_lead_days": 15,
    "id_verification.review_hours": 24,
    "id_verification.max_image_mb": 1,
    "upload.max_assignment_mb": 10,
    "subtitles.listed_from_percent": 80,
    "jupyter.kernel_timeout_minutes": 90,
}


@pytest.mark.parametrize("as_of", [utc(2020, 1, 1), utc(2026, 11, 21)])
def test_the_projects_own_parameters_are_what_the_sources_state(as_of):
    assert Parameters.load().current(as_of) == DECIDED
