"""The agent console's pages: one shell for all of them, filled by its modules over the staff API.

GET  /console                 the queue
GET  /console/c/{id}          the queue with a conversation open
GET  /console/cases           cases
GET  /console/learners        learners: a search, and /console/learners/{id} the one that is open
GET  /console/insight         figures
GET  /console/settings        one's own sign-in, and the members of staff
"""

from __future__ import annotations

from aiohttp import web

from backend.http.pages import HELP_CENTRE, PAGE_HEADERS

# The shell holds nobody's data: whoever is not signed in is asked to, where they are. No other site may frame it.
CONSOLE_HEADERS = {
    **PAGE_HEADERS,
    "Content-Security-Policy": PAGE_HEADERS["Content-Security-Policy"].replace(
        "frame-ancestors 'self'", "frame-ancestors 'none'"
    ),
    "X-Robots-Tag": "noindex",
}
ADDRESSES = (
    "/console",
    "/console/",
    "/console/c/{id}",
    "/console/cases",
    "/console/learners",
    "/console/learners/{id}",
    "/console/insight",
    "/console/settings",
)


def add_console(app: web.Application) -> None:
    """Adds the console's pages; they are rendered with the help centre's templates."""
    for path in ADDRESSES:
        app.router.add_get(path, shell)


async def shell(request: web.Request) -> web.Response:
    """The page every address of the console begins with."""
    response = web.Response(
        text=request.app[HELP_CENTRE].console_shell(), content_type="text/html", headers=CONSOLE_HEADERS
    )
    response.enable_compression()
    return response
