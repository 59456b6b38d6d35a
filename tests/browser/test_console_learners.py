"""Learners found and looked at outside of a conversation."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Route, expect

from tests.browser.console import Console
from tests.browser.driver import Chat, call
from tests.browser.test_access import violations_in_both_themes


def search_of(console: Console) -> Locator:
    return console.page.get_by_role("searchbox", name="Search learners")


def found(console: Console) -> Locator:
    return console.page.get_by_role("list", name="Learners").get_by_role("listitem")


def test_a_learner_is_found_and_opened_by_keyboard_alone(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    handed_over("web-ben")
    console = new_console().open()
    page = console.page
    console.key("g", "l")
    expect(page.get_by_role("heading", level=1)).to_have_text("Learners")
    expect(page.get_by_role("link", name="Learners", exact=True)).to_have_attribute("aria-current", "page")
    expect(page.locator("desk-learners")).to_contain_text("Find a learner")
    console.key("/")
    expect(search_of(console)).to_be_focused()
    page.keyboard.type("WEB-")
    console.key("Enter")
    expect(found(console)).to_have_count(6)
    expect(page).to_have_url(re.compile(r"/console/learners\?q=WEB-$"))
    ben = found(console).filter(has_text="Ben Okafor")
    expect(ben).to_contain_text("web-ben@example.org")
    expect(ben).to_contain_text(re.compile(r"\d+ conversations?, last "))
    expect(ben).to_contain_text("Waiting")
    console.key("Escape", "Tab", "Tab")
    expect(found(console).first.get_by_role("link")).to_be_focused()
    console.key("j")
    expect(ben.get_by_role("link")).to_be_focused()
    console.key("ArrowDown", "k", "Enter")
    expect(page).to_have_url(re.compile(r"/console/learners/web-ben\?q=WEB-$"))
    name = console.learner.get_by_role("heading", level=2)
    expect(name).to_have_text("Ben Okafor")
    expect(name).to_be_focused()
    for text in ("web-ben@example.org", "Payments (1)", "Enrolments (1)", "Art of Drawing"):
        expect(console.learner).to_contain_text(text)
    expect(ben.get_by_role("link")).to_have_attribute("aria-current", "true")
    assert violations_in_both_themes(page) == []
    console.key("u")
    expect(page).to_have_url(re.compile(r"/console/learners\?q=WEB-$"))
    expect(ben.get_by_role("link")).to_be_focused()
    page.go_back()
    expect(name).to_have_text("Ben Okafor")
    page.reload()
    expect(name).to_have_text("Ben Okafor")
    expect(found(console)).to_have_count(6)
    expect(search_of(console)).to_have_value("WEB-")


def test_outside_of_a_conversation_a_rule_is_asked_and_nothing_is_done(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    id = handed_over("web-ana").conversation()["id"]
    console = new_console().open("/console/learners/web-ana")
    form = console.learner.locator(".decide")
    answer = console.learner.get_by_role("group", name="The rule's answer")
    for operation, told in (
        ("refund", "claim a conversation with the learner"),
        ("delete_account", "the learner has to do it themself"),
    ):
        form.get_by_label("Operation").select_option(operation)
        form.get_by_role("button", name="Decide").click()
        expect(answer).to_contain_text("Granted")
        expect(answer).to_contain_text(told)
        expect(answer.get_by_role("button")).to_have_count(0)
    after = call("GET", f"{console.address}/testing/learners/web-ana")
    assert [payment["status"] for payment in after["payments"]] == ["completed"]
    assert (after["refunds"], after["status"]) == ([], "active")
    console.learner.locator(f'a[href^="/console/c/{id}"]').click()
    expect(console.heading).to_have_text("Ana Silva")
    expect(console.page).to_have_url(re.compile(rf"/console/c/{id}\?tab=waiting$"))
    expect(console.button("Claim")).to_be_visible()


def test_nobody_found_too_few_letters_and_a_lost_connection_are_told_apart(
    new_console: Callable[..., Console],
) -> None:
    console = new_console().open("/console/learners?q=a")
    page = console.page
    finder = page.locator("desk-learners .finder")
    expect(finder.get_by_role("alert")).to_contain_text("at least 2 characters")
    expect(finder.get_by_role("button", name="Try again")).to_be_hidden()
    search_of(console).fill('<b>"nobody"</b>')
    console.key("Enter")
    expect(finder).to_contain_text("Nobody is found")
    expect(finder).to_contain_text('“<b>"nobody"</b>”')
    expect(finder.get_by_role("alert")).to_have_count(0)

    waiting: list[Route] = []
    page.route("**/api/v1/staff/learners?q=web-olga", lambda route: waiting.append(route))
    search_of(console).fill("web-olga")
    console.key("Enter")
    expect(finder).to_contain_text("Searching")
    expect(finder).not_to_contain_text("Nobody is found")
    waiting.pop().abort()
    expect(finder.get_by_role("alert")).to_contain_text("can't be reached")
    assert violations_in_both_themes(page) == []
    page.unroute_all()
    finder.get_by_role("button", name="Try again").click()
    expect(found(console)).to_have_count(1)
    expect(finder.get_by_role("alert")).to_have_count(0)

    page.route("**/api/v1/staff/learners/web-olga", lambda route: route.abort())
    found(console).get_by_role("link").click()
    expect(console.learner.get_by_role("alert")).to_contain_text("can't be reached")
    page.unroute_all()
    console.learner.get_by_role("button", name="Try again").click()
    expect(console.learner.get_by_role("heading", level=2)).to_have_text("Olga Petrova")
    console.go("/console/learners/nobody-of-this-id")
    expect(console.learner.get_by_role("alert")).to_contain_text("no learner nobody-of-this-id")
    expect(console.learner.get_by_role("button", name="Try again")).to_have_count(0)


def test_on_a_small_screen_the_list_and_the_learner_take_turns(new_console: Callable[..., Console]) -> None:
    console = new_console(viewport={"width": 320, "height": 640}).open("/console/learners?q=web-nami")
    found(console).get_by_role("link").click()
    expect(console.learner.get_by_role("heading", level=2)).to_have_text("Nami Tanaka")
    expect(search_of(console)).to_be_hidden()
    console.page.locator("desk-learners").get_by_role("link", name="Learners").click()
    expect(console.learner).to_have_count(0)
    expect(search_of(console)).to_have_value("web-nami")
    expect(found(console)).to_have_count(1)
