"""For people who use a keyboard, a screen reader, a small screen or strong contrast."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.driver import ANSWER_MS, AXE_RULES, Chat
from tests.browser.test_pages import PAGES

THEMES = ("light", "dark")


def violations(page: Page) -> list[str]:
    """What axe finds, one line each. Moving parts are let come to rest first: half faded in, nothing has contrast."""
    page.evaluate("() => Promise.all(document.getAnimations().map(animation => animation.finished.catch(() => 0)))")
    found: dict[str, Any] = Axe().run(page, options={"runOnly": AXE_RULES}).response
    return [
        f"{problem['id']}: {node['target']} {node['failureSummary']}"
        for problem in found["violations"]
        for node in problem["nodes"]
    ]


def violations_in_both_themes(page: Page) -> list[str]:
    """The same, of a state that is not easily reached twice."""
    found = []
    for theme in reversed(THEMES):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found += [f"{theme}: {problem}" for problem in violations(page)]
    return found


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible(path: str, theme: str, new_page: Callable[..., Page], desk: str) -> None:
    page = new_page(color_scheme=theme, reduced_motion="reduce")
    page.goto(desk + path)
    assert violations(page) == []


@pytest.mark.parametrize("theme", THEMES)
def test_a_conversation_is_accessible(theme: str, new_page: Callable[..., Page], desk: str) -> None:
    page = new_page(color_scheme=theme, reduced_motion="reduce")
    chat = Chat(page, desk).open(learner="web-ana")
    chat.say("how long do i have to ask for a refund")
    chat.say("refund machine learning basics please")
    assert violations(page) == []
    chat.press(re.compile("^Refund"))
    page.route("**/messages", lambda route: route.abort())
    chat.type("this one gets lost")
    expect(chat.messages("learner").last).to_contain_text("Not sent")
    chat.input.fill("a" * 4100)
    assert violations(page) == []


@pytest.mark.parametrize("theme", THEMES)
def test_suggestions_are_accessible(theme: str, new_page: Callable[..., Page], desk: str) -> None:
    page = new_page(color_scheme=theme, reduced_motion="reduce")
    page.goto(f"{desk}/help")
    page.get_by_role("combobox").press_sequentially("refund")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("ArrowDown")
    assert violations(page) == []


def test_the_chat_has_names_and_roles(chat: Chat) -> None:
    chat.page.goto(f"{chat.address}/help")
    expect(chat.launcher).to_have_attribute("aria-expanded", "false")
    expect(chat.launcher).to_have_accessible_name("Ask the desk")
    chat.launcher.click()
    expect(chat.panel).to_be_visible()
    expect(chat.log).to_have_attribute("aria-live", "polite")
    for name in ("Close the chat", "Send", "Talk to a person"):
        expect(chat.panel.get_by_role("button", name=name, exact=True).last).to_be_visible(timeout=ANSWER_MS)
    expect(chat.input).to_be_focused()


def test_everything_can_be_done_with_the_keyboard(chat: Chat) -> None:
    page = chat.page
    page.goto(f"{chat.address}/help")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    chat.launcher.focus()
    page.keyboard.press("Enter")
    expect(chat.input).to_be_focused()
    expect(chat.messages("bot").first).to_be_visible(timeout=ANSWER_MS)
    page.keyboard.type("how long do i have to ask for a refund")
    page.keyboard.press("Enter")
    answer = chat.next_message(1)
    expect(chat.input).to_be_focused()
    helpful = answer.get_by_role("button", name="Yes, helpful")
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if helpful.evaluate("node => node.getRootNode().activeElement === node"):
            break
    expect(helpful).to_be_focused()
    page.keyboard.press("Enter")
    expect(answer).to_contain_text("Thank you.")
    page.keyboard.press("Escape")
    expect(chat.panel).to_be_hidden()
    expect(chat.launcher).to_be_focused()


def test_a_pressed_button_keeps_the_focus_where_one_can_go_on(chat: Chat) -> None:
    chat.open(learner="web-ana").say("refund machine learning basics please")
    chat.button(re.compile("^Keep")).focus()
    chat.page.keyboard.press("Enter")
    expect(chat.messages("bot")).to_have_count(3, timeout=ANSWER_MS)
    expect(chat.input).to_be_focused()


def test_on_a_small_phone_the_chat_fills_the_screen_and_keeps_the_focus(
    new_page: Callable[..., Page], desk: str
) -> None:
    page = new_page(viewport={"width": 320, "height": 568}, has_touch=True)
    chat = Chat(page, desk).open(learner="web-ana")
    chat.say("refund machine learning basics please")
    box = chat.panel.bounding_box()
    assert box == {"x": 0, "y": 0, "width": 320, "height": 568}
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert chat.panel.locator(".scroller").evaluate("node => node.scrollWidth <= node.clientWidth")
    for _ in range(30):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.localName") == "lectern-chat"


def test_targets_are_large_enough_for_a_finger(chat: Chat) -> None:
    chat.open(learner="web-ana").say("refund machine learning basics please")
    sizes = chat.panel.evaluate(
        "panel => [...panel.querySelectorAll('button, a, input, textarea')].filter(node => node.checkVisibility())"
        ".map(node => [node.getAttribute('aria-label') || node.textContent, node.getBoundingClientRect().height])"
    )
    assert [(name, height) for name, height in sizes if height < 44] == []


def test_right_to_left_text_runs_right_to_left(chat: Chat) -> None:
    chat.open().type("مرحبا، أريد استرداد المال")
    text = chat.messages("learner").last.locator("p").first
    expect(text).to_be_visible()
    assert text.evaluate("node => getComputedStyle(node).direction") == "rtl"
