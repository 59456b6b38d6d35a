"""The console for people who use a screen reader, a keyboard, a small screen, large letters or strong contrast."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.console import ADA, MIA, Console, StaffApi
from tests.browser.driver import ANSWER_MS, Chat
from tests.browser.test_access import THEMES, violations

PLACES = (
    "/console?tab=all",
    "/console/cases?status=all",
    "/console/learners",
    "/console/learners?q=zzzz",
    "/console/learners/web-ana?q=web-",
    "/console/insight",
    "/console/settings",
)


@pytest.mark.parametrize("theme", THEMES)
def test_the_sign_in_is_accessible(theme: str, new_console: Callable[..., Console]) -> None:
    console = new_console(color_scheme=theme).go("/console")
    expect(console.page.get_by_label("E-mail address")).to_be_focused()
    assert violations(console.page) == []
    console.sign_in("nobody@example.org", "wrong password")
    expect(console.page.get_by_role("alert").filter(has_text="does not fit")).to_be_visible()
    expect(console.page.get_by_label("Password")).to_be_focused()
    assert violations(console.page) == []


@pytest.mark.parametrize("theme", THEMES)
def test_every_page_is_accessible(
    theme: str, new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    handed_over("web-ana")
    console = new_console(color_scheme=theme, reduced_motion="reduce").open(who=ADA)
    for path in PLACES:
        console.go(path)
        expect(console.page.get_by_role("heading", level=1)).to_be_attached()
        console.page.wait_for_load_state("networkidle")
        assert violations(console.page) == [], path


@pytest.mark.parametrize("theme", THEMES)
def test_every_state_of_a_conversation_is_accessible(
    theme: str, new_console: Callable[..., Console], handed_over: Callable[..., Chat], team: StaffApi
) -> None:
    chat = handed_over("web-ana", "refund machine learning basics please")
    id = chat.conversation()["id"]
    console = new_console(color_scheme=theme, reduced_motion="reduce").open(f"/console/c/{id}", who=MIA)
    expect(console.button("Claim")).to_be_visible()
    for fold in console.page.locator("details:not([open]) > summary").all():
        if fold.is_visible():
            fold.click()
    assert violations(console.page) == []
    console.note.fill("a note with @Pri")
    console.note.press("a")
    assert violations(console.page) == []
    console.note.fill("kept")
    console.note.press("Enter")
    console.claim()
    console.write("Hello Ana")
    console.page.route("**/messages", lambda route: route.abort())
    console.reply.fill("this one gets lost")
    console.reply.press("Enter")
    expect(console.log.locator(".pending.failed")).to_be_visible()
    assert violations(console.page) == []
    for key in ("e", "t", "x", "?"):
        console.key("Escape", key)
        expect(console.dialog).to_be_visible()
        assert violations(console.page) == [], key
        console.key("Escape")
    console.page.context.set_offline(True)
    expect(console.page.get_by_role("region", name="Connection")).to_be_visible()
    assert violations(console.page) == []


@pytest.mark.parametrize("size", [(320, 640), (640, 450)], ids=["320 px", "200 %"])
def test_a_small_screen_and_large_letters_hide_nothing(
    size: tuple[int, int], new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    chat = handed_over("web-ana", "refund machine learning basics please")
    width, height = size
    console = new_console(viewport={"width": width, "height": height}).open(who=ADA)
    for path in PLACES:
        console.go(path)
        expect(console.page.get_by_role("heading", level=1)).to_be_attached()
        console.page.wait_for_load_state("networkidle")
        assert console.page.evaluate("document.documentElement.scrollWidth") <= width, path
    console.go("/console")
    console.line("Ana Silva").get_by_role("link").click()
    console.claim()
    expect(console.page.locator("desk-queue")).to_be_hidden()
    console.write("Hello Ana")
    expect(chat.messages("agent").last).to_contain_text("Hello Ana", timeout=ANSWER_MS)
    console.page.get_by_role("button", name="Learner", exact=True).click()
    expect(console.learner).to_contain_text("web-ana@example.org")
    expect(console.reply).to_be_hidden()
    assert console.page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(console.page) == []
    console.page.get_by_role("button", name="Learner", exact=True).click()
    expect(console.reply).to_be_visible()
    console.page.get_by_role("link", name="Queue").last.click()
    expect(console.page.locator("desk-queue")).to_be_visible()


def test_a_screen_reader_is_told_of_new_work_and_of_lost_connections(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    console = new_console().open()
    expect(console.page.locator("desk-queue")).to_contain_text("Nobody is waiting")
    handed_over("web-ben")
    expect(console.page.get_by_role("status").filter(has_text="Ben Okafor is waiting")).to_be_attached(
        timeout=ANSWER_MS
    )
    console.page.context.set_offline(True)
    expect(console.page.get_by_role("alert").filter(has_text="No connection")).to_be_attached()
    console.page.context.set_offline(False)
    expect(console.page.get_by_role("status").filter(has_text="Connected again")).to_be_attached(timeout=ANSWER_MS)


def test_the_console_has_landmarks_and_a_live_log(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    id = handed_over("web-ana").conversation()["id"]
    console = new_console().open(f"/console/c/{id}")
    page = console.page
    for role, name in (("navigation", "Console"), ("navigation", "Queues"), ("complementary", "Learner")):
        expect(page.get_by_role(role, name=name)).to_be_visible()
    for role in ("banner", "main", "search"):
        expect(page.get_by_role(role)).to_be_visible()
    expect(console.log).to_have_attribute("aria-live", "polite")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    for _ in range(40):
        if skip.evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Shift+Tab")
    expect(skip).to_be_focused()


def test_right_to_left_words_run_right_to_left(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    chat = handed_over("web-ana")
    console = new_console().open(f"/console/c/{chat.conversation()['id']}")
    chat.type("مرحبا، أريد استرداد المال")
    said = console.entries("learner").last.locator("p.typed")
    expect(said).to_contain_text("مرحبا")
    assert said.evaluate("node => getComputedStyle(node).direction") == "rtl"
    console.page.evaluate("document.documentElement.dir = 'rtl'")
    assert console.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
