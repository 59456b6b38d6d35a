"""A whole shift without a mouse."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.console import PASSWORD, PRIYA, Console
from tests.browser.driver import ANSWER_MS, Chat


def test_a_conversation_from_claim_to_close_by_keyboard_alone(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    chat = handed_over("web-ana")
    console = new_console()
    page = console.page
    page.goto(console.address + "/console")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(PRIYA[1])
    console.key("Tab")
    page.keyboard.type(PASSWORD)
    console.key("Enter")
    expect(console.line("Ana Silva")).to_be_visible()
    console.key("g", "q", "j")
    expect(console.line("Ana Silva").get_by_role("link")).to_be_focused()
    console.key("Enter")
    expect(console.heading).to_be_focused()
    expect(console.heading).to_have_text("Ana Silva")
    console.key("c")
    expect(console.reply).to_be_focused(timeout=ANSWER_MS)
    page.keyboard.type("cjk? is typed, not done")
    console.key("Shift+Enter")
    page.keyboard.type("second line")
    console.key("Enter")
    expect(chat.messages("agent").last).to_contain_text("second line", timeout=ANSWER_MS)
    expect(console.reply).to_have_value("")
    console.key("Escape")
    expect(console.heading).to_be_focused()
    console.key("n")
    expect(console.note).to_be_focused()
    page.keyboard.type("seen")
    console.key("Enter")
    expect(console.entries("note")).to_have_count(1)
    console.key("Escape", "o")
    expect(console.learner.get_by_role("heading", level=3)).to_be_focused()
    console.key("x")
    expect(console.dialog).to_be_visible()
    console.key("Escape")
    expect(console.dialog).to_have_count(0)
    console.key("x", "Enter")
    expect(console.state).to_contain_text("Closed", timeout=ANSWER_MS)
    # The desk tells it is closed before the dialog has its own answer: a key pressed until then is the dialog's.
    expect(console.dialog).to_have_count(0)
    console.key("u")
    expect(page).to_have_url(re.compile(r"/console\?tab=waiting$"))


def test_the_list_is_walked_with_j_and_k_and_the_arrows_and_claimed_from(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    handed_over("web-ana")
    handed_over("web-ben")
    console = new_console().open()
    ana, ben = (console.line(name).get_by_role("link") for name in ("Ana Silva", "Ben Okafor"))
    expect(ben).to_be_visible()
    console.key("j")
    expect(ana).to_be_focused()
    expect(ana).to_have_attribute("tabindex", "0")
    console.key("j")
    expect(ben).to_be_focused()
    expect(ana).to_have_attribute("tabindex", "-1")
    console.key("j", "k")
    expect(ana).to_be_focused()
    console.key("End")
    expect(ben).to_be_focused()
    console.key("ArrowUp", "ArrowDown", "c")
    expect(console.heading).to_have_text("Ben Okafor")
    expect(console.state).to_contain_text("Yours")
    expect(console.page).to_have_url(re.compile(r"tab=mine"))


def test_the_search_finds_names_and_words_and_stands_in_the_address(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    handed_over("web-ana", "how long do i have to ask for a refund")
    handed_over("web-ben")
    console = new_console().open()
    expect(console.line("Ben Okafor")).to_be_visible()
    console.key("/")
    search = console.page.get_by_role("searchbox", name="Search conversations")
    expect(search).to_be_focused()
    console.page.keyboard.type("how long do")
    expect(console.line("Ben Okafor")).to_have_count(0)
    expect(console.line("Ana Silva")).to_have_count(1)
    expect(console.page).to_have_url(re.compile(r"q=how\+long\+do"))
    console.page.reload()
    expect(console.line("Ana Silva")).to_have_count(1)
    expect(search).to_have_value("how long do")
    console.key("/", "Escape")
    expect(console.line("Ben Okafor")).to_have_count(1)
    console.page.keyboard.type("zzzz")
    expect(console.page.locator("desk-queue")).to_contain_text("Nothing found")


def test_the_help_of_keys_tells_them_and_can_switch_them_off(new_console: Callable[..., Console]) -> None:
    console = new_console().open()
    console.key("?")
    expect(console.dialog).to_contain_text("saved replies")
    console.dialog.get_by_label("One-key shortcuts are on").uncheck()
    console.key("Escape")
    expect(console.dialog).to_have_count(0)
    console.key("?")
    expect(console.dialog).to_have_count(0)
    console.button("Keys").click()
    console.dialog.get_by_label("One-key shortcuts are on").check()
    console.key("Escape", "g", "i")
    expect(console.page.get_by_role("heading", level=1)).to_have_text("Insight")
    expect(console.page.get_by_role("heading", level=1)).to_be_focused()
