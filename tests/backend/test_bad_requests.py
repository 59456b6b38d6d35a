"""Requests that make no sense, on every route: an error in the one shape, never a 500, never an effect."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.backend.everywhere import FITTING, Everywhere, assert_error, everywhere
from tests.backend.running import Desk

MALFORMED = {
    "half an object": b'{"text": ',
    "a list": b"[]",
    "a text": b'"hello"',
    "null": b"null",
    "a number": b"12",
    "not JSON": b"text=hello",
    "not UTF-8": b'{"text": "\xff\xfe"}',
    "a NUL": b"\x00",
    "nested without end": b'{"text": ' * 6000,
    "a list nested without end": b"[" * 60_000,
    "a number of a thousand million digits": b'{"score": ' + b"9" * 60_000 + b"}",
}
UNFIT: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**400,
    1.5,
    float("nan"),
    "",
    "\x00",
    "a\x00b",
    "\ud800",
    "\u202e\ufeff",
    "x" * 5000,
    "\ufb2c" * 100,
    [],
    ["hello"],
    {},
    {"\ud800": "\udfff"},
    [[[[[[[[[[]]]]]]]]]],
)

# Of an optional address the same as none.
NO_ADDRESS = (None, "", "\x00", "\u202e\ufeff")


@pytest.fixture
async def all_routes(each_desk: Desk) -> AsyncIterator[Everywhere]:
    found = await everywhere(each_desk)
    yield found
    await found.console.http.close()


@pytest.fixture
async def routes(desk: Desk) -> AsyncIterator[Everywhere]:
    found = await everywhere(desk)
    yield found
    await found.console.http.close()


async def test_a_body_that_is_no_object_is_refused_everywhere(routes: Everywhere) -> None:
    before = await routes.precious()
    for route in routes.with_body:
        for what, body in MALFORMED.items():
            answer = await routes.send(route, body)
            assert answer.status == 400, (route.path, what, answer)
            assert_error(answer, 400)
            assert answer.code in ("malformed_json", "invalid_field"), (route.path, what, answer)
    assert await routes.precious() == before


async def test_a_key_nobody_knows_is_refused_and_named(routes: Everywhere) -> None:
    for route in routes.with_body:
        for key in ("learner_id", "sub", "", "a b", "\x00", "\ud800", "é" * 5000):
            answer = await routes.send(route, json.dumps({**routes.body(route), key: 1}).encode())
            assert_error(answer, 400)
            assert answer.code == "invalid_field", (route.path, answer)


async def test_no_value_of_any_field_breaks_a_route_or_has_an_effect(all_routes: Everywhere) -> None:
    before, broken = await all_routes.precious(), []
    for route in all_routes.with_body:
        assert route.body is not None
        for name in route.body.model_fields:
            for value in UNFIT:
                if route.path.endswith("/email") and value in NO_ADDRESS:
                    continue  # no address means one's own: that is a wish with sense
                body = json.dumps({**all_routes.body(route), name: value}).encode()
                answer = await all_routes.send(route, body)
                if answer.status >= 500:
                    broken.append((route.path, name, value))
                elif answer.status >= 400:
                    assert_error(answer, 400, 401, 403, 404, 409, 413, 429)
    assert broken == []
    assert await all_routes.precious() == before


async def test_no_text_in_an_address_breaks_a_route_or_has_an_effect(all_routes: Everywhere) -> None:
    before = await all_routes.precious()
    for route in all_routes.routes:
        for part in ("%00", "a%00b", "%ED%A0%80", "%FF", "%2e%2e", "%2F", "'", "%25", "x" * 300, "%F0%9F%98%80"):
            path = route.path
            for name in ("id", "mid", "article", "learner"):
                path = path.replace(f"{{{name}}}", part)
            if path == route.path:
                continue
            answer = await all_routes.send(route, all_routes.body(route) or None, path=path)
            assert_error(answer, 400, 401, 403, 404)
    assert await all_routes.precious() == before


async def test_a_query_that_makes_no_sense_is_refused(routes: Everywhere) -> None:
    numbers = ("-1", "x", "1e3", "1.0", "%D9%A3", "99999999999", "2147483648", "%00", "%FF")
    for query in (*(f"after={number}" for number in numbers), "limit=0&q=a", "limit=21&q=a", "state=asleep"):
        for route in routes.routes:
            if query.partition("=")[0] in route.query and route.status != 101:
                assert_error(await routes.send(route, path=f"{routes.path(route)}?{query}"), 400)


async def test_an_odd_query_that_is_not_asked_for_is_ignored_or_refused_but_breaks_nothing(
    all_routes: Everywhere,
) -> None:
    odd = (
        "",
        "&&",
        "=",
        "q=%00",
        "q=%ED%A0%80",
        "q=a&q=b",
        "q=" + "x" * 4000,
        "q=%25%5F'--",
        "after=",
        "after=1&after=x",
    )
    more = ("state=", "assignee=%00", "q=%FF%FE", "a[b]=c", "q=" + "%F0%9F%98%80" * 300, "limit=5")
    for route in all_routes.routes:
        if route.method != "GET" or route.status == 101 or route.path.endswith("/data"):
            continue
        for query in (*odd, *more):
            answer = await all_routes.send(route, path=f"{all_routes.path(route)}?{query}")
            assert answer.status in (200, 400, 404), (route.path, query, answer)


async def test_a_method_a_route_has_not_is_405_in_the_one_shape(routes: Everywhere) -> None:
    known: dict[str, set[str]] = {}
    for route in routes.routes:
        known.setdefault(routes.path(route), set()).add(route.method)
    for path, methods in known.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - methods:
            answer = await routes.desk.call(method, path)
            assert_error(answer, 405)
            assert answer.code == "method_not_allowed"
            assert set(answer.headers["Allow"].split(",")) == methods


async def test_an_address_of_the_api_nobody_knows_is_404_in_the_one_shape(routes: Everywhere) -> None:
    for path in ("/api", "/api/", "/api/v1", "/api/v1/x", "/api/v2/search", "/api/v1/staff", "/testing", "/testing/x"):
        for method in ("GET", "POST", "PUT", "DELETE"):
            assert_error(await routes.desk.call(method, path), 404)


async def test_without_credentials_nothing_is_told_and_nothing_is_done(routes: Everywhere) -> None:
    before = await routes.precious()
    for route in routes.routes:
        if route.auth == "none":
            continue
        routes.desk.http.cookie_jar.clear()
        answer = await routes.desk.call(route.method, routes.path(route), routes.body(route) or None)
        assert_error(answer, 401)
    assert await routes.precious() == before


async def test_a_wrong_token_opens_no_conversation(routes: Everywhere) -> None:
    wrong = ("", "Bearer", "Bearer ", "Basic abc", "Bearer wrong", "bearer  wrong", "Bearer \xff\xfe")
    for route in routes.of_conversation:
        for header in (*wrong, "Bearer " + "x" * 4000):
            answer = await routes.send(route, routes.body(route) or None, headers={"Authorization": header})
            assert_error(answer, 401, 404)


async def test_another_conversations_token_opens_none_and_the_answer_does_not_tell_that_it_exists(
    routes: Everywhere,
) -> None:
    foreign = await routes.desk.open("ben")
    for route in routes.of_conversation:
        there = await routes.send(route, routes.body(route) or None, headers=foreign.bearer)
        path = routes.path(route).replace(routes.talk.id, "conv_which_does_not_exist")
        nowhere = await routes.send(route, routes.body(route) or None, path=path, headers=foreign.bearer)
        assert_error(there, 404)
        assert there.body["error"] | {"request_id": ""} == nowhere.body["error"] | {"request_id": ""}


async def test_a_request_id_is_taken_over_only_if_it_is_a_plain_one(routes: Everywhere) -> None:
    for given, taken in (("from-the-widget-1", True), ("short", False), ("x" * 65, False), ("a b c d e f g", False)):
        answer = await routes.desk.call("GET", "/api/v1/nothing", headers={"X-Request-Id": given})
        assert (answer.body["error"]["request_id"] == given) is taken


async def test_every_field_of_every_body_has_a_fitting_value_here(routes: Everywhere) -> None:
    """So that the tests above spoil one thing at a time."""
    for route in routes.with_body:
        for name in routes.body(route):
            assert name in FITTING or name == "identity" or name == "to", (route.path, name)
