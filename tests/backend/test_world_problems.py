"""What a world may not be: every problem is told with file, place and what was expected, all of them at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.store.base import Store
from backend.store.world import WorldError, apply_world, parse_world
from backend.store.world_schema import COURSE, ENROLLMENT, LEARNER, PAYMENT, SUBSCRIPTION

NOW = datetime.fromisoformat("2026-03-10T12:00:00+00:00")


def problems(source: Any) -> list[str]:
    """What parsing tells, without the file's name."""
    with pytest.raises(WorldError) as caught:
        parse_world(source, file="w.yml", now=NOW)
    lines = caught.value.message.splitlines()
    assert all(line.startswith("w.yml: ") for line in lines)
    return [line.removeprefix("w.yml: ") for line in lines]


def learner(**keys: Any) -> dict[str, Any]:
    return {"learners": [{"id": "ana", "name": "Ana", "email": "ana@example.org", **keys}]}


def course(**keys: Any) -> dict[str, Any]:
    return {"catalog": {"courses": [{"id": "c", "title": "C", **keys}]}}


def payment(**keys: Any) -> dict[str, Any]:
    return learner(payments=[{"id": "p", "kind": "trial_hold", "item": "plus", "at": "now", **keys}])


@pytest.mark.parametrize(
    ("source", "path", "expected"),
    [
        # unknown and missing keys
        ({"learner": []}, "learner", "unknown key; expected one of now, catalog, learners"),
        ({"catalog": {"course": []}}, "catalog.course", "unknown key"),
        (learner(nickname="A"), "learners[0].nickname", "unknown key"),
        (payment(amonut="1.00 USD"), "learners[0].payments[0].amonut", "unknown key"),
        (course(offers={"free": True}), "catalog.courses[0].offers.free", "unknown key"),
        (learner(sso={"organization": "Acme"}), "learners[0].sso.organisation", "required"),
        ({"learners": [{"id": "ana", "name": "Ana"}]}, "learners[0].email", "required"),
        ({"catalog": {"courses": [{"id": "c"}]}}, "catalog.courses[0].title", "required"),
        (learner(enrollments=[{"id": "e", "course": "c"}]), "learners[0].enrollments[0].since", "required"),
        (learner(certificates=[{"course": "c"}]), "learners[0].certificates[0].earned_at", "required"),
        # the wrong kind of thing
        ("just text", "", "expected a mapping with now, catalog, learners; got 'just text'"),
        ([], "", "expected a mapping"),
        ({"learners": {"ana": {}}}, "learners", "expected a list; got a mapping"),
        ({"learners": ["ana"]}, "learners[0]", "expected a mapping"),
        ({"catalog": []}, "catalog", "expected a mapping"),
        (course(offers=[]), "catalog.courses[0].offers", "expected a mapping"),
        (learner(sign_ins="password"), "learners[0].sign_ins", "expected a list"),
        ({"learners": [{"id": 7, "name": "A", "email": "a@b.c"}]}, "learners[0].id", "a number has to stand in quotes"),
        (learner(name="  "), "learners[0].name", "expected text; got '  '"),
        (learner(name="A\x00"), "learners[0].name", "control characters"),
        (learner(name="A\ud800"), "learners[0].name", "control characters"),
        (learner(email="ana"), "learners[0].email", "an e-mail address"),
        (learner(email_confirmed="maybe"), "learners[0].email_confirmed", "true or false"),
        (learner(email_confirmed=1), "learners[0].email_confirmed", "true or false"),
        (learner(country="Brazil"), "learners[0].country", "two capital letters"),
        (learner(country="br"), "learners[0].country", "two capital letters"),
        ({"learners": [{"id": "x" * 101, "name": "A", "email": "a@b.c"}]}, "learners[0].id", "at most 100"),
        # instants
        (payment(at="yesterday"), "learners[0].payments[0].at", "an instant such as"),
        (payment(at="now-9w"), "learners[0].payments[0].at", "an instant such as"),
        (payment(at="now-"), "learners[0].payments[0].at", "an instant such as"),
        (payment(at="2026-02-30T00:00:00Z"), "learners[0].payments[0].at", "there is no such day"),
        (payment(at="2026-W10-1"), "learners[0].payments[0].at", "an instant such as"),
        (payment(at=1772366400), "learners[0].payments[0].at", "an instant such as"),
        (payment(at=None), "learners[0].payments[0].at", "got nothing"),
        (payment(at="now-99999999999d"), "learners[0].payments[0].at", "expected an instant"),
        (payment(at="now+9999999d"), "learners[0].payments[0].at", "in the years 1900 to 2999"),
        (payment(at="0001-01-01T00:00:00+14:00"), "learners[0].payments[0].at", "in the years 1900 to 2999"),
        ({"now": "soon"}, "now", "an instant such as"),
        # money
        (payment(amount="-79.00 USD"), "learners[0].payments[0].amount", "at least zero"),
        (payment(amount=79), "learners[0].payments[0].amount", "such as 49.00 USD"),
        (payment(amount="79"), "learners[0].payments[0].amount", "such as 49.00 USD"),
        (payment(amount="$79"), "learners[0].payments[0].amount", "such as 49.00 USD"),
        (payment(amount="79.005 USD"), "learners[0].payments[0].amount", "has 2 decimals"),
        (payment(amount="79.50 JPY"), "learners[0].payments[0].amount", "has 0 decimals"),
        (payment(amount={"amount": "79.00"}), "learners[0].payments[0].amount", "such as 49.00 USD"),
        (payment(amount={"amount": None, "currency": "USD"}), "learners[0].payments[0].amount", "such as 49.00 USD"),
        # words and numbers
        (payment(kind="gift"), "learners[0].payments[0].kind", "one of course, specialization_prepay"),
        (payment(status="paid"), "learners[0].payments[0].status", "one of pending, completed"),
        (payment(method="cash"), "learners[0].payments[0].method", "one of visa"),
        (payment(via="phone"), "learners[0].payments[0].via", "marketplace:<name>"),
        (payment(via="marketplace:"), "learners[0].payments[0].via", "marketplace:<name>"),
        (payment(via=["web"]), "learners[0].payments[0].via", "marketplace:<name>"),
        (learner(sign_ins=["password", "myspace"]), "learners[0].sign_ins[1]", "one of password, facebook"),
        (course(capstone="half-open"), "catalog.courses[0].capstone", "one of open, closed"),
        (course(passing_threshold=70), "catalog.courses[0].passing_threshold", "a number from 0 to 1"),
        (course(access_days=0), "catalog.courses[0].access_days", "a whole number from 1"),
        (course(access_days=1.5), "catalog.courses[0].access_days", "a whole number from 1"),
        (
            course(assignments=[{"id": "q", "title": "Q", "weight": -0.1}]),
            "catalog.courses[0].assignments[0].weight",
            "0",
        ),
        (learner(promotions=[{"code": "X", "percent": 101}]), "learners[0].promotions[0].percent", "from 0 to 100"),
        (
            learner(aid=[{"id": "a", "course": "c", "submitted_at": "now", "words": -1}]),
            "learners[0].aid[0].words",
            "a whole number from 0",
        ),
        (
            learner(submissions=[{"assignment": "q", "score": float("nan")}]),
            "learners[0].submissions[0].score",
            "a number from 0 to 1",
        ),
        # order of instants
        (
            learner(enrollments=[{"id": "e", "course": "c", "since": "now", "completed_at": "now-1s"}]),
            "learners[0].enrollments[0].completed_at",
            "not before since (2026-03-10T12:00:00Z)",
        ),
        (
            learner(subscriptions=[{"id": "s", "item": "plus", "since": "now", "period_ends_at": "now-1d"}]),
            "learners[0].subscriptions[0].period_ends_at",
            "not before since",
        ),
        (payment(status="refunded", refunded_at="now-1d"), "learners[0].payments[0].refunded_at", "not before at"),
        # names taken twice
        (
            {"learners": [{"id": "ana", "name": name, "email": "a@b.c"} for name in ("A", "B")]},
            "learners[1].id",
            "'ana' is taken by learners[0].id",
        ),
        (
            learner(certificates=[{"course": "c", "earned_at": "now"}] * 2),
            "learners[0].certificates[1].course",
            "'c' is taken by learners[0].certificates[0].course",
        ),
        (learner(sign_ins=["password", "password"]), "learners[0].sign_ins[1]", "'password' stands twice"),
        (
            {"catalog": {"courses": [{"id": "x", "title": "X"}], "specializations": [{"id": "x", "title": "X"}]}},
            "catalog.specializations[0].id",
            "'x' is taken by catalog.courses[0].id",
        ),
        ({"catalog": {"courses": [{"id": "plus", "title": "Plus"}]}}, "catalog.courses[0].id", "means Coursera Plus"),
        ("learners: []\nlearners: []", "line 2", "the key 'learners' stands twice"),
        ('{"learners": [], "learners": []}', "", "the key 'learners' stands twice"),
        # references within the world
        (
            course(assignments=[{"id": "q", "title": "Q", "opens_after": "r"}]),
            "catalog.courses[0].assignments[0].opens_after",
            "there is no 'r'",
        ),
        (
            course(assignments=[{"id": "q", "title": "Q", "opens_after": "q"}]),
            "catalog.courses[0].assignments[0].opens_after",
            "'q' would open only after itself",
        ),
        (
            {**course(), **payment(kind="specialization_prepay", item="c")},
            "learners[0].payments[0].item",
            "expected the id of a Specialization; 'c' is a course",
        ),
        (
            {**course(), **payment(kind="plus", item="c")},
            "learners[0].payments[0].item",
            "expected plus; 'c' is a course",
        ),
        (
            payment(kind="course", item="plus"),
            "learners[0].payments[0].item",
            "expected the id of a course; 'plus' is plus",
        ),
        (
            {**course(), **learner(subscriptions=[{"id": "s", "item": "c", "since": "now"}])},
            "learners[0].subscriptions[0].item",
            "'c' is a course",
        ),
        # text that is neither YAML nor JSON
        ("learners: [", "line 2, column 1", "expected YAML or JSON"),
        ("learners:\n\t- id: ana", "line 2, column 1", "expected YAML or JSON"),
        ('{"learners": [}', "line 1, column 15", "expected YAML or JSON"),
        (b"\xff\xfe", "", "expected UTF-8"),
        ("!!python/object/apply:os.system [ls]", "line 1, column 1", "expected YAML or JSON"),
        ("[" * 5000, "", "expected YAML or JSON"),
    ],
)
def test_a_problem_is_told_with_its_place(source: Any, path: str, expected: str) -> None:
    told = problems(source)
    place = f"{path}: " if path else ""
    assert any(line.startswith(place) and expected in line for line in told), "\n".join(told)


def test_every_problem_is_told_at_once() -> None:
    told = problems(
        {
            "now": "soon",
            "catalog": {"courses": [{"title": 7, "prize": "1.00 USD"}]},
            "learners": [
                {"id": "ana", "email": "nobody", "payments": [{"id": "p", "item": "x", "at": "?", "via": "?"}]}
            ],
        }
    )
    assert [line.split(": ")[0] for line in told] == [
        "now",
        "catalog.courses[0].prize",
        "catalog.courses[0].id",
        "catalog.courses[0].title",
        "learners[0].name",
        "learners[0].email",
        "learners[0].payments[0].at",
        "learners[0].payments[0].via",
    ]


def test_the_error_is_one_of_the_service_with_file_and_first_place() -> None:
    with pytest.raises(WorldError) as caught:
        parse_world({"learners": 7}, file="worlds/ana.yml", now=NOW)
    error = caught.value
    assert (error.status, error.code, error.file, error.field) == (400, "bad_world", "worlds/ana.yml", "learners")


def test_a_password_is_never_repeated() -> None:
    assert "12345" not in "\n".join(problems(learner(password=12345)))


def test_a_long_circle_of_assignments_is_told() -> None:
    chain = [{"id": f"q{at}", "title": "Q", "opens_after": f"q{(at + 1) % 3}"} for at in range(3)]
    assert len([line for line in problems(course(assignments=chain)) if "only after itself" in line]) == 3


REFERENCES = {
    "catalog": {
        "courses": [{"id": "c", "title": "C", "partner": "nobody"}],
        "specializations": [{"id": "s", "title": "S", "courses": ["c", "gone"], "partner": "nobody"}],
    },
    **learner(
        enrollments=[{"id": "e", "course": "gone", "since": "now"}],
        payments=[
            {"id": "p", "item": "gone", "at": "now"},
            {"id": "t", "kind": "trial_hold", "item": "gone", "at": "now"},
        ],
        subscriptions=[{"id": "u", "item": "gone", "since": "now"}],
        certificates=[{"course": "gone", "earned_at": "now"}],
        aid=[{"id": "a", "course": "gone", "submitted_at": "now"}],
        submissions=[{"assignment": "gone"}],
        promotions=[{"code": "X", "courses": ["gone"]}],
    ),
}


async def test_references_that_lead_nowhere_are_all_told_with_the_other_problems(sqlite_store: Store) -> None:
    with pytest.raises(WorldError) as caught:
        async with sqlite_store.write() as session:
            await apply_world(session, {**REFERENCES, "oops": 1}, file="w.yml", now=NOW)
    assert {problem.path for problem in caught.value.problems} == {
        "oops",
        "catalog.courses[0].partner",
        "catalog.specializations[0].partner",
        "catalog.specializations[0].courses[1]",
        "learners[0].enrollments[0].course",
        "learners[0].payments[0].item",
        "learners[0].payments[1].item",
        "learners[0].subscriptions[0].item",
        "learners[0].certificates[0].course",
        "learners[0].aid[0].course",
        "learners[0].submissions[0].assignment",
        "learners[0].promotions[0].courses[0]",
    }


def test_references_the_database_may_answer_wait_for_it() -> None:
    assert parse_world(REFERENCES, now=NOW).learners == ("ana",)


# Anything at all: a world is read or refused with places, and nothing else happens.
_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["now", "now-9d", "plus", "paid", "79.00 USD", "a@b.c", "c", "2026-03-01T09:00:00Z"]),
)
_shapes = (LEARNER, COURSE, PAYMENT, SUBSCRIPTION, ENROLLMENT)
_names = sorted({name for shape in _shapes for name in shape.keys} | {"catalog", "learners", "now", "courses", "x"})
_trees = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_names) | st.integers(), inner, max_size=5)
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None)
@given(catalog=_trees, learners=st.lists(_trees, max_size=2) | _trees, extra=_trees)
def test_whatever_is_given_is_read_or_refused(catalog: Any, learners: Any, extra: Any) -> None:
    for source in ({"catalog": catalog, "learners": learners}, extra, {"catalog": {"courses": learners}}):
        try:
            parse_world(source, now=NOW)
        except WorldError as error:
            assert error.problems
            assert len(error.message.splitlines()) == len(error.problems)


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=200) | st.binary(max_size=200))
def test_whatever_text_is_given_is_read_or_refused(text: str | bytes) -> None:
    try:
        parse_world(text, now=NOW)
    except WorldError as error:
        assert error.problems
