"""Routes as data: one table serves the requests, checks the bodies and makes the OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from backend.errors import BadInput, TooLarge

BODY_LIMIT = 64 * 1024
LONGEST_NAME = 100
Handler = Callable[..., Awaitable[Any]]
Model = TypeVar("Model", bound=BaseModel)


class Body(BaseModel):
    """A JSON body. Unknown keys are refused, and a wrong type is never quietly turned into another."""

    model_config = ConfigDict(extra="forbid", strict=True)


# A name, an address or an id of somebody else's: one line, without controls.
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$")]


@dataclass(frozen=True)
class Route:
    """One operation of the HTTP surface.

    `auth`: none, conversation (bearer token), staff (cookie, and the CSRF header where something changes), service.
    `answer`: a JSON schema, or the name of one in `openapi.SCHEMAS`.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    body: type[BaseModel] | None = None
    answer: str | dict[str, Any] | None = None
    auth: str = "none"
    status: int = 200
    query: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()


async def read_body(request: web.Request, limit: int) -> bytes:
    """The body, at most `limit` bytes. Raises TooLarge without reading the rest."""
    if (request.content_length or 0) > limit:
        raise TooLarge(f"The request is too large: at most {limit // 1024} KiB are taken.")
    chunks, size = [], 0
    async for chunk in request.content.iter_chunked(16 * 1024):
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"The request is too large: at most {limit // 1024} KiB are taken.")
        chunks.append(chunk)
    return b"".join(chunks)


async def parse(request: web.Request, model: type[BaseModel]) -> BaseModel:
    """The JSON body as `model`. Raises BadInput naming the field and what was expected."""
    return validated(await read_body(request, BODY_LIMIT), model)


def validated(raw: bytes, model: type[Model]) -> Model:
    """The bytes of a body as `model`. Raises BadInput naming the field and what was expected."""
    try:
        data = whole(json.loads(raw or b"{}"))
    except (ValueError, RecursionError) as error:
        raise BadInput("Expected a JSON object as the body.", code="malformed_json") from error
    if not isinstance(data, dict):
        raise BadInput("Expected a JSON object as the body.", code="malformed_json")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])[:LONGEST_NAME] or None
        expected = first["msg"].removeprefix("Value error, ")
        sentence = f"The field '{field}' does not fit: {expected}." if field else f"The body does not fit: {expected}."
        raise BadInput(sentence, code="invalid_field", field=field) from error


def whole(value: Any) -> Any:
    """The same JSON without NULs, which PostgreSQL cannot keep, and with the replacement sign for halves of characters,
    which a text cut in its middle may end in."""
    if isinstance(value, str):
        value = value.replace("\x00", "")
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [whole(item) for item in value]
    if isinstance(value, dict):
        return {whole(key): whole(item) for key, item in value.items()}
    return value


def number(request: web.Request, name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    """A whole number of the query string. Raises BadInput."""
    value = request.query.get(name)
    if value is None:
        return default
    try:
        parsed = int(value) if len(value) < 12 else -1
    except ValueError:
        parsed = -1
    if not least <= parsed <= most or not value.isascii():
        raise BadInput(f"Expected a whole number from {least} to {most} in '{name}'.", field=name)
    return parsed


def register(app: web.Application, routes: Iterable[Route]) -> None:
    """Serve the routes."""
    for route in routes:
        app.router.add_route(route.method, route.path, _served(route))


def _served(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        arguments = [await parse(request, route.body)] if route.body else []
        answer = await route.handler(request, *arguments)
        return answer if isinstance(answer, web.StreamResponse) else json_answer(answer, route.status)

    serve.__doc__ = route.summary
    return serve


def json_answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON, never cached: most of it is about one person."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    head = {"Cache-Control": "no-store", **(headers or {})}
    return web.Response(text=text, status=status, content_type="application/json", headers=head)


def error_answer(
    status: int, code: str, message: str, request_id: str, *, field: str | None = None, retry_after: int | None = None
) -> web.Response:
    """The one shape of every error."""
    sentence = message[:1].upper() + message[1:]
    sentence += "" if sentence.endswith((".", "!", "?")) else "."
    error: dict[str, Any] = {"code": code, "message": sentence, "request_id": request_id}
    if field:
        error["field"] = field
    headers = {"Retry-After": str(retry_after)} if retry_after else None
    return json_answer({"error": error}, status, headers)


def phrase(status: int) -> str:
    """A sentence for a status nobody worded."""
    try:
        return f"{HTTPStatus(status).phrase}."
    except ValueError:
        return "That did not work."
