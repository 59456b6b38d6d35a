"""The help centre's pages: complete without JavaScript, better with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import quote, urldefrag, urljoin
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from knowledge import load_knowledge
from tests.browser.driver import ANSWER_MS, Chat, call

PAGES = (
    "/help",
    "/help/topics/account",
    "/help/delete-your-account",
    "/search?q=refund",
    "/search?q=zzzz",
    "/help/nope",
)


class Outline(HTMLParser):
    """The links, ids and anything that a strict content security policy would stop."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" and "href" in given else []
        self.loaded += [given[name] for name in ("src", "href") if name in given and tag in ("script", "link", "img")]
        self.inline += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        self.inline += [tag] if tag == "style" or (tag == "script" and "src" not in given) else []


def read(address: str) -> tuple[str, dict[str, str]]:
    with urlopen(address, timeout=30) as answer:
        return answer.read().decode(), dict(answer.headers)


def test_articles_and_search_are_read_without_javascript(new_page: Callable[..., Page], desk: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{desk}/")
    expect(page.get_by_role("button", name="Ask the desk")).to_have_count(0)
    page.get_by_role("searchbox").fill("how long for a refund")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Time limit for a refund").first.click()
    expect(page.get_by_role("heading", level=1, name="Request a refund")).to_be_visible()
    expect(page.get_by_role("region", name="Time limit for a refund")).to_contain_text("14 days")
    page.get_by_role("navigation", name="You are here").get_by_role("link", name="Payments").click()
    expect(page.get_by_role("heading", level=1, name="Payments and refunds")).to_be_visible()


def test_a_rating_of_a_page_needs_no_javascript(new_page: Callable[..., Page], desk: str) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{desk}/help/request-a-refund")
    page.get_by_role("button", name="Yes").click()
    expect(page.get_by_text("Thank you. It helps us to keep the articles right.")).to_be_visible()


def test_a_rating_of_a_page_is_given_in_place(page: Page, desk: str) -> None:
    page.goto(f"{desk}/help/request-a-refund")
    page.get_by_role("region", name="Was this page helpful?").get_by_role("button", name="No").click()
    expect(page.get_by_text("Thank you. The desk can help")).to_be_visible()
    expect(page).to_have_url(f"{desk}/help/request-a-refund")


def test_suggestions_are_chosen_with_the_keyboard(page: Page, desk: str) -> None:
    page.goto(f"{desk}/help")
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Search the help centre")
    expect(box).to_be_focused()
    box.press_sequentially("time limit refund", delay=10)
    options = page.get_by_role("option")
    expect(options.first).to_contain_text("Time limit for a refund")
    box.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    box.press("ArrowDown")
    box.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    box.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value("time limit refund")
    box.press("ArrowDown")
    box.press("ArrowDown")
    box.press("Enter")
    expect(page).to_have_url(f"{desk}/help/request-a-refund#time-limit")


def test_enter_without_a_choice_searches_for_what_was_typed(page: Page, desk: str) -> None:
    page.goto(f"{desk}/help")
    box = page.get_by_role("combobox", name="Search the help centre")
    box.press_sequentially("refund")
    expect(page.get_by_role("option").first).to_be_visible()
    box.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Answers to “refund”")


def test_markup_in_a_search_is_shown_as_text(page: Page, desk: str) -> None:
    text = '"><img src=x onerror="document.title=\'owned\'"><b>refund'
    page.goto(f"{desk}/search?q={quote(text)}")
    expect(page.get_by_role("heading", level=1)).to_contain_text(text)
    expect(page.get_by_role("combobox")).to_have_value(text)
    expect(page.locator("main img, h1 b")).to_have_count(0)
    assert "owned" not in page.title() or "<img" in page.title()


def test_a_page_that_does_not_exist_helps_on(page: Page, desk: str) -> None:
    for path in ("/help/no-such-article", "/help/topics/no-such-topic"):
        answer = page.goto(desk + path)
        assert answer is not None and answer.status == 404
        expect(page.get_by_role("heading", level=1, name="We can't find this page")).to_be_visible()
        expect(page.get_by_role("combobox")).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_nothing_of_a_page_is_inline_or_from_elsewhere(path: str, new_page: Callable[..., Page], desk: str) -> None:
    page = new_page()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    answer = page.goto(desk + path, wait_until="networkidle")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert Outline(answer.text()).inline == []
    assert [url for url in requested if not url.startswith((desk, desk.replace("http", "ws")))] == []


@pytest.mark.parametrize("width", [320, 640])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_narrow_window(path: str, width: int, new_page: Callable[..., Page], desk: str) -> None:
    """320 px is a small phone; 640 px is a laptop's window at 200 % zoom."""
    page = new_page(viewport={"width": width, "height": 640})
    page.goto(desk + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_article_fits_a_small_phone(new_page: Callable[..., Page], desk: str) -> None:
    page = new_page(viewport={"width": 320, "height": 640}, java_script_enabled=True)
    wide = []
    for article in load_knowledge().articles:
        page.goto(f"{desk}/help/{article.id}", wait_until="domcontentloaded")
        if page.evaluate("document.documentElement.scrollWidth") > 320:
            wide.append(article.id)
    assert wide == []


def test_every_link_of_the_help_centre_leads_somewhere(desk: str) -> None:
    outlines: dict[str, Outline] = {}
    waiting = [f"{desk}/help"]
    links: list[tuple[str, str]] = []
    while waiting:
        address = waiting.pop()
        if address in outlines:
            continue
        html, _ = read(address)
        outlines[address] = Outline(html)
        for link in outlines[address].links:
            target, _ = urldefrag(urljoin(address, link))
            assert target.startswith(desk), f"{address} links to {link}"
            links.append((address, urljoin(address, link)))
            waiting.append(target)
    missing = [
        (address, link)
        for address, link in links
        if urldefrag(link)[1] and urldefrag(link)[1] not in outlines[urldefrag(link)[0]].ids
    ]
    assert missing == []
    assert {f"{desk}/help/{article.id}" for article in load_knowledge().articles} <= set(outlines)


def test_no_number_of_an_article_is_left_unfilled(desk: str) -> None:
    for article in load_knowledge().articles:
        html, _ = read(f"{desk}/help/{article.id}")
        assert "{{" not in html, article.id


def test_every_operation_and_diagnosis_of_an_article_has_its_button(chat: Chat) -> None:
    from backend.web.render import wish_of

    for section in load_knowledge().sections:
        assert bool(section.operation or section.diagnosis) == bool(wish_of(section)), section.id


def test_static_files_are_kept_by_the_browser_and_compressed(page: Page, desk: str) -> None:
    answers = []
    page.on("response", lambda answer: answers.append(answer) if "/static/" in answer.url else None)
    page.goto(f"{desk}/help", wait_until="networkidle")
    assert len(answers) > 10
    for answer in answers:
        assert answer.status == 200, answer.url
        assert "immutable" in answer.headers["cache-control"], answer.url
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers.get("content-encoding") == "gzip", answer.url


def test_the_embedders_address_is_asked_again_each_time_and_answers_shortly(desk: str) -> None:
    _, headers = read(f"{desk}/static/chat/element.js")
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert re.fullmatch(r'"[0-9a-f]+"', headers["ETag"])


def test_another_releases_address_is_answered_but_not_kept(desk: str) -> None:
    _, headers = read(f"{desk}/static/v-000000000000/chat/element.js")
    assert headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["../settings.py", "..%2fsettings.py", "chat/../../render.py", "chat/", "nope.js"])
def test_nothing_but_the_static_files_is_served_as_one(path: str, page: Page, desk: str) -> None:
    answer = page.request.get(f"{desk}/static/{path}")
    assert answer.status == 404


def test_the_search_api_and_the_page_agree(page: Page, desk: str) -> None:
    found = call("GET", f"{desk}/api/v1/search?q=refund")["results"]
    page.goto(f"{desk}/search?q=refund")
    first = page.locator(".results a").first
    expect(first).to_have_attribute("href", found[0]["url"])


def test_a_question_typed_on_the_front_page_opens_the_chat_with_it(chat: Chat) -> None:
    chat.page.goto(f"{chat.address}/help")
    box = chat.page.get_by_role("textbox", name="Ask in your own words")
    box.fill("how long do i have to ask for a refund")
    box.press("Enter")
    expect(chat.input).to_have_value("how long do i have to ask for a refund")
    expect(chat.input).to_be_focused()
    expect(box).to_have_value("")
    chat.input.press("Enter")
    expect(chat.messages("bot").nth(1)).to_contain_text("14 days", timeout=ANSWER_MS)


# From where to where text can stand in the search, and its button.
ROOM_AND_BUTTON = """() => {
  const [input, button] = ['input', '.button'].map(name => document.querySelector(`.search.big ${name}`));
  const [box, other] = [input, button].map(node => node.getBoundingClientRect());
  const { paddingLeft, paddingRight } = getComputedStyle(input);
  return [[box.left + parseFloat(paddingLeft), box.right - parseFloat(paddingRight)], [other.left, other.right]];
}"""


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("typed", ["how long for a refund of my course", "كم من الوقت لاسترداد المال من الدورة"])
def test_what_is_typed_into_the_search_never_runs_under_its_button(
    direction: str, typed: str, new_page: Callable[..., Page], desk: str
) -> None:
    page = new_page()
    page.goto(f"{desk}/help")
    page.evaluate("dir => { document.documentElement.dir = dir }", direction)
    page.get_by_role("combobox").fill(typed)
    room, button = page.evaluate(ROOM_AND_BUTTON)
    assert room[1] <= button[0] or button[1] <= room[0]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("path", "meant"), [("#time-limit", "time-limit"), ("", "")])
def test_what_a_reader_says_is_said_of_the_section_they_came_for(path: str, meant: str, page: Page, desk: str) -> None:
    page.goto(f"{desk}/help/request-a-refund{path}")
    with page.expect_request("**/helpful") as sent:
        page.get_by_role("region", name="Was this page helpful?").get_by_role("button", name="Yes").click()
    expect(page.get_by_role("region", name="Was this page helpful?")).to_contain_text("Thank you")
    assert sent.value.post_data == f"helpful=yes&section={meant}"
