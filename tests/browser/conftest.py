"""A real browser on the real desk. Without a Chromium the tests are skipped and say so."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from desk.browser import MISSING, find_browser
from tests.browser.console import PRIYA, TEAM, Console, StaffApi, forget_consoles, make_team, signed_in
from tests.browser.driver import ANSWER_MS, Chat, call

WORLD = Path(__file__).parent / "world.yml"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Errors of the page's own making. A refused request is reported as an error, too, and some tests refuse on purpose.
EXPECTED_IN_CONSOLE = ("Failed to load resource", "WebSocket connection to")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser a module: Playwright's loop must be gone before other folders' async tests run."""
    chromium = find_browser()
    if chromium is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def desk(desk_address: str) -> str:
    """The desk's address, with the browser tests' learners as they are in the world file and the clock running."""
    call("PUT", f"{desk_address}/testing/clock", {"now": None})
    call("PUT", f"{desk_address}/testing/world", WORLD.read_bytes(), {"Content-Type": "application/yaml"})
    return desk_address


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Makes a page in a browser profile of its own; fails afterwards if a script on any of them failed."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def make(**options: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
        page.on("console", lambda said: problems.append(said.text) if _is_problem(said.type, said.text) else None)
        return page

    yield make
    for context in contexts:
        context.close()
    assert problems == []


def _is_problem(kind: str, text: str) -> bool:
    return kind == "error" and not text.startswith(EXPECTED_IN_CONSOLE)


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()


@pytest.fixture
def chat(page: Page, desk: str) -> Chat:
    return Chat(page, desk)


@pytest.fixture
def team(desk: str, request: pytest.FixtureRequest) -> Iterator[StaffApi]:
    """Members of staff exist and nobody waits; a member over the API.

    Afterwards no console was ever open: learners of other tests would hear that nobody is there any more.
    """
    stack = None if os.environ.get("LECTERN_TEST_ADDRESS") else request.getfixturevalue("desk_stack")
    if stack:
        make_team(stack)
    try:
        member = signed_in(desk, PRIYA)
    except HTTPError:
        pytest.skip("needs the members of staff of the browser tests, which only a desk of its own has")
    for colleague in TEAM:
        signed_in(desk, colleague).put_down()
    member.close_all()
    yield member
    if stack:
        forget_consoles(stack)


@pytest.fixture
def new_console(team: StaffApi, new_page: Callable[..., Page]) -> Callable[..., Console]:
    """Makes the console in a browser profile of its own; not signed in yet."""
    return lambda **options: Console(new_page(**options), team.address)


@pytest.fixture
def handed_over(team: StaffApi, new_page: Callable[..., Page]) -> Callable[..., Chat]:
    """Makes a learner's chat that waits for a person."""

    def make(learner: str | None = "web-ana", *said: str, **options: object) -> Chat:
        chat = Chat(new_page(**options), team.address).open(learner=learner)
        for text in said:
            chat.say(text)
        chat.button("Talk to a person").click()
        expect(chat.panel).to_contain_text("Waiting for a person", timeout=ANSWER_MS)
        return chat

    return make
