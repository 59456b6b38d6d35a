"""What the chat has besides talking: its mail, earlier conversations, and what it knows again after a reload."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.driver import ANSWER_MS, Chat, call
from tests.browser.test_access import THEMES, violations


def menu(chat: Chat, item: str) -> None:
    chat.panel.get_by_label("More to do").click()
    chat.panel.get_by_role("button", name=item).first.click()


def test_a_learner_has_the_conversation_mailed_to_the_address_on_record(chat: Chat) -> None:
    chat.open(learner="web-ana").say("how long do i have to ask for a refund")
    menu(chat, "E-mail me this conversation")
    expect(chat.panel).to_contain_text("We send it to the address of your account.")
    expect(chat.input).to_be_hidden()
    chat.panel.get_by_role("button", name="Send").click()
    expect(chat.panel).to_contain_text("Sent to w…@example.org")
    chat.panel.get_by_role("button", name="Back to the chat").click()
    expect(chat.input).to_be_focused()
    mails = call("GET", f"{chat.address}/testing/learners/web-ana")["emails"]
    assert mails[-1]["to"] == "web-ana@example.org"
    assert "how long do i have to ask for a refund" in mails[-1]["body"]


def test_a_guest_types_an_address_and_is_told_what_is_wrong(chat: Chat) -> None:
    chat.open().say("how long do i have to ask for a refund")
    menu(chat, "E-mail me this conversation")
    address = chat.panel.get_by_label("Your e-mail address")
    expect(address).to_be_focused()
    address.fill("nobody@nowhere")
    address.press("Enter")
    expect(chat.panel.get_by_role("status").filter(has_text="Please give the e-mail address")).to_be_visible()
    address.fill(f"g{uuid.uuid4().hex}@example.net")  # an address gets so many in a day
    address.press("Enter")
    expect(chat.panel).to_contain_text("Sent to g…@example.net")
    chat.page.keyboard.press("Escape")
    expect(chat.input).to_be_focused()
    chat.page.keyboard.press("Escape")
    expect(chat.panel).to_be_hidden()


def test_earlier_conversations_are_listed_and_read(chat: Chat) -> None:
    chat.open(learner="web-ana").say("how long do i have to ask for a refund")
    menu(chat, "Start a new conversation")
    expect(chat.messages("learner")).to_have_count(0)
    expect(chat.messages("bot").first).to_be_visible(timeout=ANSWER_MS)
    menu(chat, "Earlier conversations")
    chat.panel.get_by_role("button", name="how long do i have to ask for a refund").first.click()
    expect(chat.panel.locator(".sheet .entry.learner")).to_contain_text("how long do i have to ask for a refund")
    expect(chat.panel.locator(".sheet .entry.bot").nth(1)).to_contain_text("refund")
    expect(chat.panel.locator(".sheet .entry").get_by_role("button")).to_have_count(0)
    chat.panel.get_by_role("button", name="Back to the chat").click()
    expect(chat.input).to_be_focused()


def test_a_guest_is_offered_no_earlier_conversations(chat: Chat) -> None:
    chat.open()
    chat.panel.get_by_label("More to do").click()
    expect(chat.panel.get_by_role("button", name="E-mail me this conversation")).to_be_visible()
    expect(chat.panel.get_by_role("button", name="Earlier conversations")).to_be_hidden()


def test_a_pressed_button_is_still_marked_after_a_reload(chat: Chat) -> None:
    chat.open(learner="web-ana").say("refund machine learning basics please")
    chat.press(re.compile("^Keep"))
    chat.page.reload()
    chat.identify("web-ana")
    kept = chat.button(re.compile("^Keep"))
    expect(kept).to_have_class(re.compile("chosen"), timeout=ANSWER_MS)
    expect(kept).to_have_attribute("aria-disabled", "true")
    expect(chat.button(re.compile("^Refund .*79"))).to_have_attribute("aria-disabled", "true")


def test_a_message_whose_answer_got_lost_is_sent_again_after_a_reload_and_counts_once(chat: Chat) -> None:
    chat.open()
    sent: list[Any] = []

    def lose_the_answer(route: Route) -> None:
        sent.append(route.request.post_data_json)
        route.fetch()
        route.abort()

    is_sent = re.compile(r"/messages$")
    chat.page.route(is_sent, lose_the_answer)
    chat.type("how long do i have to ask for a refund")
    expect(chat.messages("learner").last).to_contain_text("Not sent", timeout=ANSWER_MS)
    chat.page.unroute(is_sent)
    chat.page.reload()
    expect(chat.messages("bot").nth(1)).to_be_visible(timeout=ANSWER_MS)
    expect(chat.messages("learner")).to_have_count(1)
    expect(chat.messages("learner").last).not_to_contain_text("Not sent")
    said = [message for message in chat.transcript() if message["author"] == "learner"]
    assert [message["client_id"] for message in said] == [sent[0]["client_id"]]


def test_what_is_written_offline_waits_and_is_sent_when_back(chat: Chat) -> None:
    chat.open()
    chat.page.context.set_offline(True)
    expect(chat.panel).to_contain_text("You are offline")
    chat.type("how long do i have to ask for a refund")
    expect(chat.messages("learner").last).to_contain_text("Waits for a connection")
    chat.page.context.set_offline(False)
    expect(chat.messages("bot").nth(1)).to_be_visible(timeout=ANSWER_MS)
    expect(chat.messages("learner")).to_have_count(1)


def test_signing_out_leaves_nothing_of_a_form_behind(chat: Chat) -> None:
    chat.open(learner="web-ana").say("i want to apply for financial aid for machine learning basics")
    chat.log.get_by_label("Your education so far").fill("something private")
    chat.sign_out()
    expect(chat.messages("learner")).to_have_count(0)
    assert "private" not in json.dumps(chat.page.evaluate("[{...localStorage}, {...sessionStorage}]"))


@pytest.mark.parametrize("theme", THEMES)
def test_forms_mail_and_earlier_conversations_are_accessible(
    theme: str, new_page: Callable[..., Page], desk: str
) -> None:
    page = new_page(color_scheme=theme, reduced_motion="reduce")
    chat = Chat(page, desk).open(learner="web-ana")
    chat.say("i want to apply for financial aid for machine learning basics")
    chat.log.get_by_role("button", name="Send my answers").click()
    expect(chat.log.get_by_role("alert")).to_be_visible()
    assert violations(page) == []
    chat.panel.get_by_label("More to do").click()
    assert violations(page) == []
    chat.panel.get_by_role("button", name="E-mail me this conversation").click()
    assert violations(page) == []
    menu(chat, "Start a new conversation")
    expect(chat.messages("learner")).to_have_count(0)
    menu(chat, "Earlier conversations")
    one = chat.panel.get_by_role("button", name="i want to apply").first
    expect(one).to_be_visible()
    assert violations(page) == []
    one.click()
    expect(chat.panel.locator(".sheet .entry.learner").first).to_be_visible()
    assert violations(page) == []


def test_a_form_fits_a_small_phone(new_page: Callable[..., Page], desk: str) -> None:
    page = new_page(viewport={"width": 320, "height": 568}, has_touch=True)
    chat = Chat(page, desk).open(learner="web-ana")
    chat.say("i want to report a problem")
    assert chat.panel.locator(".scroller").evaluate("node => node.scrollWidth <= node.clientWidth")
    sizes = chat.panel.evaluate(
        "panel => [...panel.querySelectorAll('button, a, input, textarea, select, summary')]"
        ".filter(node => node.checkVisibility()).map(node => node.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 44
