"""The OpenAPI 3.1 document, made from the routes' table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from backend.http.routing import Route

_STATE = {
    "type": "object",
    "required": ["state"],
    "properties": {
        "state": {"enum": ["bot", "queued", "agent", "closed"]},
        "position": {"type": "integer", "minimum": 1, "description": "place in the queue, when queued"},
        "agent": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "description": "who, when with an agent",
        },
    },
}
_REASON = {
    "type": "object",
    "required": ["code", "sources", "values"],
    "properties": {
        "code": {"type": "string"},
        "sources": {"type": "array", "items": {"type": "string"}},
        "values": {"type": "object"},
        "status": {"enum": ["problem", "ok", "info"]},
    },
}
_REASONS = {"type": "array", "items": {"$ref": "#/components/schemas/Reason"}}
_NAMED = {"type": "object", "properties": {name: {"type": "string"} for name in ("id", "title")}}
_FIELD = {
    "type": "object",
    "required": ["name", "label", "kind", "required"],
    "properties": {
        "name": {"type": "string"},
        "label": {"type": "string"},
        "kind": {"enum": ["text", "choice", "pledge"]},
        "options": {
            "type": "array",
            "items": {"type": "object", "properties": {name: {"type": "string"} for name in ("value", "label")}},
        },
        "required": {"type": "boolean"},
        "value": {"type": ["string", "boolean", "null"], "description": "what was told so far"},
    },
}
_STEP = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {"enum": ["reauthenticate", "form", "type_to_confirm"]},
        "method": {"enum": ["password", "code"], "description": "of reauthenticate"},
        "word": {"type": "string", "description": "of type_to_confirm"},
        "form": {"type": "string", "description": "of form: the same for the same thing, to keep a draft by"},
        "title": {"type": "string"},
        "fields": {"type": "array", "items": _FIELD},
        "min_words": {"type": "integer", "description": "what all texts have to have together"},
        "submit": {**_NAMED, "description": "press it with `form`: the fields' values by their names"},
    },
}
_MESSAGE = {
    "type": "object",
    "required": ["id", "seq", "at", "author", "text"],
    "properties": {
        "id": {"type": "string"},
        "seq": {"type": "integer", "minimum": 1, "description": "gapless within a conversation"},
        "at": {"type": "string", "format": "date-time"},
        "author": {"enum": ["learner", "bot", "agent", "system"]},
        "text": {"type": "string", "description": "a subset of Markdown: paragraphs, lists, bold, links"},
        "agent": {"type": "object", "properties": {"name": {"type": "string"}}},
        "buttons": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "title", "style"],
                "properties": {
                    "id": {"type": "string"},
                    "title": {"type": "string"},
                    "style": {"enum": ["primary", "danger", "plain"]},
                    "used": {"type": "boolean", "description": "true where it was pressed before"},
                },
            },
        },
        "citations": {"type": "array", "items": {"$ref": "#/components/schemas/Citation"}},
        "decision": {
            "type": "object",
            "required": ["operation", "target", "outcome", "reasons", "notes"],
            "properties": {
                "operation": {"type": "string"},
                "target": {"type": ["string", "null"]},
                "outcome": {"enum": ["granted", "refused", "needs_facts", "refer_to_agent"]},
                "reasons": _REASONS,
                "notes": _REASONS,
            },
        },
        "diagnosis": {
            "type": "object",
            "properties": {
                "question": {"type": "string"},
                "target": {"type": ["string", "null"]},
                "findings": _REASONS,
            },
        },
        "client_id": {"type": "string", "description": "of the learner's own messages: as it was sent"},
        "step": _STEP,
        "proposal": {
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "operation": {"type": "string"},
                "target": {"type": ["string", "null"]},
                "expires_at": {"type": "string", "format": "date-time"},
                "state": {"enum": ["open", "confirmed", "declined", "expired", "superseded"]},
            },
        },
        "answer": {
            "type": "object",
            "properties": {
                "kind": {
                    "enum": [
                        "article",
                        "decision",
                        "diagnosis",
                        "clarify",
                        "fallback",
                        "smalltalk",
                        "handoff",
                        "result",
                    ]
                },
                "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            },
        },
    },
}
_MESSAGES = {"type": "array", "items": {"$ref": "#/components/schemas/Message"}}
SCHEMAS: dict[str, Any] = {
    "Error": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message", "request_id"],
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string", "description": "a sentence for a person"},
                    "field": {"type": "string"},
                    "request_id": {"type": "string"},
                },
            }
        },
    },
    "Reason": _REASON,
    "Citation": {
        "type": "object",
        "required": ["article", "section", "title", "url", "sources"],
        "properties": {
            **{name: {"type": "string"} for name in ("article", "section", "title", "url")},
            "sources": {"type": "array", "items": {"type": "string"}},
        },
    },
    "Message": _MESSAGE,
    "State": _STATE,
    "Turn": {**_STATE, "properties": {**_STATE["properties"], "messages": _MESSAGES}},
    "Opened": {
        "type": "object",
        "required": ["id", "token", "messages"],
        "properties": {"id": {"type": "string"}, "token": {"type": "string"}, "messages": _MESSAGES},
    },
    "Described": {
        **_STATE,
        "properties": {
            **_STATE["properties"],
            "id": {"type": "string"},
            "last_seq": {"type": "integer"},
            "learner": {"type": "object", "properties": {"name": {"type": "string"}}},
        },
    },
    "Earlier": {
        "type": "object",
        "properties": {
            "conversations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        **{name: {"type": "string"} for name in ("id", "state", "about")},
                        **{name: {"type": "string", "format": "date-time"} for name in ("at", "updated_at")},
                    },
                },
            }
        },
    },
    "Article": {
        "type": "object",
        "required": ["id", "title", "topic", "sources", "sections"],
        "properties": {
            **{name: {"type": "string"} for name in ("id", "title", "topic", "url", "intro", "reviewed")},
            "sources": {"type": "array", "items": {"type": "string"}},
            "related": {"type": "array", "items": {"type": "string"}},
            "sections": {"type": "array", "items": {"type": "object"}},
        },
    },
    "Articles": {
        "type": "object",
        "properties": {"articles": {"type": "array", "items": {"$ref": "#/components/schemas/Article"}}},
    },
    "Found": {
        "type": "object",
        "properties": {"query": {"type": "string"}, "results": {"type": "array", "items": {"type": "object"}}},
    },
}
_SECURITY = {"conversation": [{"conversation": []}], "staff": [{"staff": []}], "service": [{"service": []}], "none": []}
_ERRORS = {
    400: "The request makes no sense",
    401: "No or wrong credentials",
    403: "Not allowed",
    404: "No such thing, or not yours",
    409: "Something or somebody was faster",
    413: "Too large",
    429: "Too often",
    503: "Something the desk needs is away",
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """OpenAPI 3.1 of these routes."""
    paths: dict[str, dict[str, Any]] = {}
    schemas = dict(SCHEMAS)
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lectern", "version": "1", "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "conversation": {"type": "http", "scheme": "bearer", "description": "a conversation's token"},
                "service": {"type": "http", "scheme": "bearer", "description": "the service token"},
                "staff": {"type": "apiKey", "in": "cookie", "name": "lectern_staff"},
            },
        },
    }


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    name = f"{route.handler.__module__.rpartition('.')[2]}_{route.handler.__name__}"
    operation: dict[str, Any] = {
        "operationId": f"{name}_{route.method.lower()}",
        "summary": route.summary,
        "security": _SECURITY[route.auth],
        "responses": {str(route.status): _response(route)},
    }
    named = [("path", name) for name in re.findall(r"{(\w+)}", route.path)] + [("query", name) for name in route.query]
    if named:
        operation["parameters"] = [
            {"name": name, "in": where, "required": where == "path", "schema": {"type": "string"}}
            for where, name in named
        ]
    if route.body is not None:
        schema = route.body.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        title = f"{route.body.__module__.rpartition('.')[2].title()}{route.body.__name__}"
        schemas[title] = schema
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{title}"}}}
        operation["requestBody"] = {"required": True, "content": content}
    for status in sorted({*route.errors, *_common_errors(route)}):
        error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        operation["responses"][str(status)] = {"description": _ERRORS[status], "content": error}
    return operation


def _response(route: Route) -> dict[str, Any]:
    if route.answer is None:
        return {"description": route.summary}
    schema = route.answer if isinstance(route.answer, dict) else {"$ref": f"#/components/schemas/{route.answer}"}
    return {"description": route.summary, "content": {"application/json": {"schema": schema}}}


def _common_errors(route: Route) -> set[int]:
    errors = {400, 429, 503} if route.body is not None else {429, 503}
    if route.auth != "none":
        errors |= {401, 404}
    return errors | ({403} if route.auth == "staff" else set())


def route_for(routes: Iterable[Route]) -> Route:
    """The route that serves the document; it stands there itself."""

    async def openapi(request: web.Request) -> Any:
        return made

    route = Route("GET", "/api/openapi.json", openapi, "This document", None, {"type": "object"})
    made = document([*routes, route])
    return route
