"""What every request passes: a request id, the one shape of errors, limits by address, headers, other origins."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from backend.clock import Clock
from backend.errors import ServiceError, TooMany
from backend.http.keys import SERVICES, services
from backend.http.pages import HELP_CENTRE, not_found_page
from backend.http.routing import error_answer, phrase

log = structlog.get_logger()
Next = Callable[[web.Request], Awaitable[web.StreamResponse]]
_API = ("/api/", "/testing/", "/internal/", "/slack/")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@web.middleware
async def identified(request: web.Request, handler: Next) -> web.StreamResponse:
    """A request id on every line that is logged and in every answer."""
    given = request.headers.get("X-Request-Id", "")
    request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    request[REQUEST_ID] = request_id
    started = Clock.elapsed()
    with structlog.contextvars.bound_contextvars(request=request_id):
        response = await handler(request)
        resource = request.match_info.route.resource
        log.debug(
            "http.answered",
            method=request.method,
            route=resource.canonical if resource else None,
            status=response.status,
            ms=round((Clock.elapsed() - started) * 1000, 1),
        )
    if not response.prepared:
        response.headers["X-Request-Id"] = request_id
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
    return response


@web.middleware
async def errors_worded(request: web.Request, handler: Next) -> web.StreamResponse:
    """Every error in one shape; only an address that may be a page gets the page that says there is none."""
    request_id = request[REQUEST_ID]
    try:
        return await handler(request)
    except ServiceError as error:
        retry_after = error.retry_after if isinstance(error, TooMany) else None
        if error.status >= 500:
            log.warning("http.unavailable", code=error.code)
        elif request.path.startswith("/internal/"):
            # Only our own action server asks here: what it is refused is a defect of ours.
            log.warning("internal.refused", code=error.code, field=error.field)
        return error_answer(
            error.status, error.code, error.message, request_id, field=error.field, retry_after=retry_after
        )
    except web.HTTPException as error:
        if error.status < 400:
            raise
        if error.status == 404 and HELP_CENTRE in request.app and not _is_api(request):
            return not_found_page(request)
        code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(error.status, "bad_request")
        answer = error_answer(error.status, code, phrase(error.status), request_id)
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
    except Exception as error:
        # The traceback names code, never what was said: parameters are hidden by the engine.
        log.exception("http.failed", error=type(error).__name__)
        sentence = "Something went wrong on our side. Nothing was lost; please try again."
        return error_answer(500, "internal_error", sentence, request_id)


def _is_api(request: web.Request) -> bool:
    return request.method not in ("GET", "HEAD") or f"{request.path}/".startswith(_API)


@web.middleware
async def limited(request: web.Request, handler: Next) -> web.StreamResponse:
    """So many requests a minute from one address."""
    if request.path.startswith("/api/"):
        await services(request).limits.check_address(address(request))
    return await handler(request)


def address(request: web.Request) -> str:
    """The client's address: the connection's, or what our own proxies say in front of it."""
    proxies = services(request).settings.trusted_proxies
    # A proxy may add a line of its own instead of to the client's: together they are one list.
    listed = ",".join(request.headers.getall("X-Forwarded-For", ()))
    forwarded = [part.strip() for part in listed.split(",") if part.strip()]
    if proxies and len(forwarded) >= proxies:
        return forwarded[-proxies][:64]
    return request.remote or "unknown"


def own_origin(request: web.Request) -> bool:
    """Whether a browser's request comes from our own pages or from a site that may embed the widget."""
    origin = request.headers.get("Origin")
    return origin is None or origin.partition("://")[2] == request.host or origin in allowed_origins(request.app)


def allowed_origins(app: web.Application) -> frozenset[str]:
    listed = app[SERVICES].settings.allowed_origins
    return frozenset(origin.strip().rstrip("/") for origin in listed.split(",") if origin.strip())


@web.middleware
async def embeddable(request: web.Request, handler: Next) -> web.StreamResponse:
    """The learner API may be called from the sites that embed the widget, and from no others."""
    origin = request.headers.get("Origin")
    learner_api = request.path.startswith("/api/v1/") and not request.path.startswith("/api/v1/staff")
    if not origin or not learner_api or origin not in allowed_origins(request.app):
        return await handler(request)
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response: web.StreamResponse = web.Response(status=204)
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response.headers["Access-Control-Max-Age"] = "600"
    else:
        response = await handler(request)
    if not response.prepared:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"
    return response


ALL = (identified, embeddable, errors_worded, limited)
