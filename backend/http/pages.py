"""The help centre: pages rendered on the server, complete without JavaScript.

GET  /, /help                    front page
GET  /help/{article}             an article; its sections are anchors
GET  /help/topics/{topic}        a topic's articles
GET  /search?q=                  results
POST /help/{article}/helpful     `helpful=yes|no`: was the page of use; answers with a redirect, or 204 to a script
GET  /static/{path}              style sheets and ES modules
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import structlog
from aiohttp import web

from backend.http.keys import services
from backend.http.routing import read_body
from backend.settings import Settings
from backend.store.page_feedback import keep_feedback
from backend.web.assets import Assets
from backend.web.render import Pages, topic_of
from knowledge import Article, Knowledge
from knowledge.search import Search

RESULTS = 20
MAX_QUERY_CHARACTERS = 200
LONGEST_FORM = 4096

# No inline script or style, nothing from anywhere else. Articles and chats are text; this is the second lock.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

log = structlog.get_logger()


def add_pages(
    app: web.Application,
    *,
    knowledge: Knowledge,
    params_now: Callable[[], Mapping[str, Any]],
    search: Search,
    settings: Settings,
) -> None:
    """Adds the help centre's routes to the application."""
    assets = Assets()
    centre = HelpCentre(Pages(knowledge, params_now, assets), knowledge, search, settings.demo)
    app[HELP_CENTRE] = centre
    app.router.add_get("/", centre.front)
    app.router.add_get("/help", centre.front)
    app.router.add_get("/help/", centre.front)
    app.router.add_get("/help/topics/{topic}", centre.topic)
    app.router.add_get("/help/{article}", centre.article)
    app.router.add_post("/help/{article}/helpful", centre.helpful)
    app.router.add_get("/search", centre.search)
    app.router.add_get("/static/{path:.+}", assets.serve)
    app.router.add_get("/favicon.ico", favicon)


def not_found_page(request: web.Request) -> web.Response:
    """The friendly 404, for any address that is a page and not part of the API."""
    return request.app[HELP_CENTRE].not_found(request)


async def favicon(request: web.Request) -> web.Response:
    """Browsers ask for it unasked; the pages link to the SVG."""
    raise web.HTTPFound("/static/icon.svg")


class HelpCentre:
    """The handlers. Each parses, asks `Pages` or the search once, and renders."""

    def __init__(self, pages: Pages, knowledge: Knowledge, search: Search, demo: bool) -> None:
        self._pages = pages
        self._knowledge = knowledge
        self._search = search
        self._demo = demo

    async def front(self, request: web.Request) -> web.Response:
        values = {"topics": self._pages.topics(), "popular": self._pages.popular()}
        return self._page("home.html", **values)

    async def topic(self, request: web.Request) -> web.Response:
        id = request.match_info["topic"]
        articles = self._pages.articles_of(id)
        if not articles:
            return self.not_found(request)
        return self._page("topic.html", topic=topic_of(id), articles=articles)

    async def article(self, request: web.Request) -> web.Response:
        article = self._find(request.match_info["article"])
        if article is None:
            return self.not_found(request)
        thanked = request.query.get("thanks") == "1"
        values = {"intro": self._pages.intro(article), "related": self._pages.related(article)}
        sections = self._pages.sections(article)
        return self._page("article.html", article=article, sections=sections, thanked=thanked, **values)

    async def search(self, request: web.Request) -> web.Response:
        query = request.query.get("q", "").strip()[:MAX_QUERY_CHARACTERS]
        found = self._pages.found(self._search.query(query, RESULTS))
        return self._page("search.html", query=query, found=found, popular=self._pages.popular())

    async def helpful(self, request: web.Request) -> web.Response:
        article = self._find(request.match_info["article"])
        # As a browser's form and our own script send it; nothing else is taken apart.
        form = parse_qs((await read_body(request, LONGEST_FORM)).decode("utf-8", "replace"))
        answer, section = (form.get(name, [""])[0] for name in ("helpful", "section"))
        if article is None or answer not in ("yes", "no"):
            return self.not_found(request)
        desk, known = services(request), {part.anchor for part in article.sections}
        async with desk.store.write() as session:
            meant = section if section in known else None
            keep_feedback(session, article.id, meant, answer == "yes", desk.clock.now())
        if request.headers.get("X-Requested-With") == "fetch":
            return web.Response(status=204)
        raise web.HTTPSeeOther(f"/help/{article.id}?thanks=1#helpful")

    def not_found(self, request: web.Request) -> web.Response:
        return self._page("not_found.html", status=404, popular=self._pages.popular())

    def console_shell(self) -> str:
        """The page the agent console begins with."""
        return self._pages.render("console.html")

    def mails(self, learner: str, mails: list[dict[str, str]]) -> web.Response:
        """A demo learner's inbox; mails have `subject`, `to`, `at` and `body`."""
        told = [{**mail, "paragraphs": mail["body"].strip().split("\n\n")} for mail in reversed(mails)]
        return self._page("mails.html", learner=learner, mails=told)

    def _find(self, id: str) -> Article | None:
        return next((article for article in self._knowledge.articles if article.id == id), None)

    def _page(self, template: str, status: int = 200, **values: Any) -> web.Response:
        values.setdefault("query", "")
        html = self._pages.render(template, demo=self._demo, **values)
        response = web.Response(text=html, status=status, content_type="text/html", headers=PAGE_HEADERS)
        response.enable_compression()
        return response


HELP_CENTRE = web.AppKey("help_centre", HelpCentre)
