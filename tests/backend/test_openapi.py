"""The OpenAPI document: valid, of every route that is served, and true of what is answered."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from backend.app import create_app, public_routes
from tests.backend.everywhere import everywhere
from tests.backend.running import Desk, running_desk, settings_for

# The help centre's pages are for browsers.
PAGES = ("/help", "/search", "/static/", "/favicon.ico", "/demo/", "/console")


async def served(desk: Desk) -> dict[str, Any]:
    return dict((await desk.call("GET", "/api/openapi.json")).body)


async def test_the_document_is_valid_openapi_31(desk: Desk) -> None:
    document = await served(desk)
    assert document["openapi"].startswith("3.1")
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


async def test_it_has_every_route_that_is_served_and_no_other(desk: Desk) -> None:
    app = create_app(desk.services.settings, desk.services)
    routes = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource and route.resource.canonical != "/" and not route.resource.canonical.startswith(PAGES)
    }
    document = await served(desk)
    told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert {(method, path) for method, path in routes if method != "HEAD"} == told


@pytest.mark.parametrize(("testing", "demo"), [(True, True), (True, False), (False, True), (False, False)])
def test_the_testing_and_demo_surfaces_exist_only_when_they_are_on(testing: bool, demo: bool) -> None:
    paths = [route.path for route in public_routes(settings_for("sqlite://", testing=testing, demo=demo))]
    assert any(path.startswith("/testing/") for path in paths) is testing
    assert any(path.startswith("/api/v1/demo/") for path in paths) is demo
    assert not any(path.startswith("/internal/") for path in paths)


async def test_without_testing_its_addresses_do_not_exist(desk: Desk) -> None:
    assert (await desk.call("GET", "/testing/outbox")).status == 200
    async with running_desk(desk.services.settings.database, testing=False, demo=False) as plain:
        for method, path in (("GET", "/testing/outbox"), ("PUT", "/testing/world"), ("GET", "/api/v1/demo/learners")):
            assert (await plain.call(method, path)).status == 404


async def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(desk: Desk) -> None:
    document = await served(desk)
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert all(operation["summary"] for operation in operations)


async def test_what_is_answered_fits_what_the_document_says(desk: Desk) -> None:
    document = await served(desk)

    def assert_fits(answer: Any, method: str, path: str) -> None:
        response = document["paths"][path][method]["responses"][str(answer.status)]
        schema = response["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(answer.body)

    one = "/api/v1/conversations/{id}"
    talk = await desk.open("ana")
    assert_fits(talk.answers[0], "post", "/api/v1/conversations")
    for text in ("refund please", "yes", "how long does it take", "a person please", "the moon is cheese"):
        assert_fits(await talk.say(text), "post", f"{one}/messages")
    assert_fits(await talk.get(), "get", one)
    assert_fits(await talk.get("/messages"), "get", f"{one}/messages")
    assert_fits(await talk.say(""), "post", f"{one}/messages")
    assert_fits(await talk.say("x" * 4001), "post", f"{one}/messages")
    assert_fits(await desk.call("GET", "/api/v1/articles"), "get", "/api/v1/articles")
    assert_fits(await desk.call("GET", "/api/v1/articles/request-a-refund"), "get", "/api/v1/articles/{article}")
    assert_fits(await desk.call("GET", "/api/v1/articles/nothing"), "get", "/api/v1/articles/{article}")
    assert_fits(await desk.call("GET", "/api/v1/search?q=refund"), "get", "/api/v1/search")


async def test_every_error_a_route_gives_is_one_it_announces(desk: Desk) -> None:
    document, found = await served(desk), await everywhere(desk)
    for route in found.routes:
        announced = set(document["paths"][route.path][route.method.lower()]["responses"])
        for headers in (found.headers(route), {}):
            found.desk.http.cookie_jar.clear()
            answer = await found.send(route, found.body(route) or None, headers=headers)
            assert str(answer.status) in announced or route.status == 101, (route.method, route.path, answer)
    await found.console.http.close()
