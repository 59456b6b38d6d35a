"""Conversations through the real widget, the real desk and the real dialogue."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.browser.driver import ANSWER_MS, Chat, call

QUESTION = "how long do i have to ask for a refund"


def test_a_question_is_answered_and_its_citation_opens_the_article(chat: Chat) -> None:
    answer = chat.open().say(QUESTION)
    expect(answer).to_contain_text("14 days")
    answer.get_by_role("list", name="Read more").get_by_role("link").first.click()
    expect(chat.page).to_have_url(re.compile(r"/help/request-a-refund#"))
    expect(chat.panel).to_be_visible()
    expect(chat.log).to_contain_text("14 days", timeout=ANSWER_MS)


def test_a_refund_is_made_by_its_button(chat: Chat) -> None:
    offer = chat.open(learner="web-ana").say("i want my money back for machine lerning basics")
    expect(offer).to_contain_text("$79.00")
    expect(offer).to_contain_text(re.compile(r"Waits for your yes · 0\d:\d\d left"))
    done = chat.press(re.compile("^Refund"))
    expect(done).to_contain_text(re.compile("refunded", re.IGNORECASE))
    expect(chat.log.get_by_role("button", name=re.compile(r"^Refund \$79"))).to_have_attribute("aria-disabled", "true")
    expect(chat.log).not_to_contain_text("Waits for your yes")
    payments = call("GET", f"{chat.address}/testing/learners/web-ana")["payments"]
    assert [payment["status"] for payment in payments] == ["refunded"]


def test_a_second_press_of_a_button_does_nothing_more(chat: Chat) -> None:
    chat.open(learner="web-ana").say("refund machine learning basics please")
    button = chat.button(re.compile("^Refund"))
    button.dblclick()
    expect(chat.messages("bot")).to_have_count(3, timeout=ANSWER_MS)
    expect(chat.messages("learner")).to_have_count(2)
    assert len(call("GET", f"{chat.address}/testing/learners/web-ana")["refunds"]) == 1


def test_a_reload_brings_the_conversation_back(chat: Chat) -> None:
    chat.open().say(QUESTION)
    before = chat.log.inner_text()
    kept = chat.conversation()["id"]
    chat.page.reload()
    expect(chat.messages("learner")).to_have_text([re.compile(QUESTION)], timeout=ANSWER_MS)
    assert chat.log.inner_text() == before
    assert chat.conversation()["id"] == kept


def test_a_reload_brings_a_learners_conversation_back_once_the_page_says_who_it_is(chat: Chat) -> None:
    chat.open(learner="web-ana").say(QUESTION)
    chat.page.reload()
    chat.identify("web-ana")
    expect(chat.messages("learner")).to_have_text([re.compile(QUESTION)], timeout=ANSWER_MS)
    expect(chat.panel).to_contain_text("Signed in as Ana Silva")


def test_what_is_written_offline_is_sent_when_the_connection_is_back(chat: Chat) -> None:
    chat.open().say(QUESTION)
    chat.page.context.set_offline(True)
    chat.type("can i download videos")
    expect(chat.panel).to_contain_text("You are offline")
    expect(chat.messages("learner").last).to_contain_text("Waits for a connection")
    chat.page.context.set_offline(False)
    expect(chat.messages("bot")).to_have_count(3, timeout=ANSWER_MS)
    expect(chat.panel).not_to_contain_text("You are offline")
    assert [message["seq"] for message in chat.transcript()] == list(range(1, 6))


def test_what_arrives_during_a_break_is_there_after_it(chat: Chat) -> None:
    chat.open()
    chat.page.context.set_offline(True)
    kept = chat.conversation()
    headers = {"Authorization": f"Bearer {kept['token']}"}
    body = {"client_id": "from-elsewhere", "text": QUESTION}
    call("POST", f"{chat.address}/api/v1/conversations/{kept['id']}/messages", body, headers)
    chat.page.context.set_offline(False)
    expect(chat.messages("learner")).to_have_text([re.compile(QUESTION)], timeout=ANSWER_MS)
    expect(chat.messages("bot").last).to_contain_text("14 days", timeout=ANSWER_MS)


def test_a_message_that_failed_is_sent_once_by_trying_again(chat: Chat) -> None:
    chat.open()
    fail_next(chat.page, before_sending=True)
    chat.type(QUESTION)
    failed = chat.messages("learner").last
    expect(failed).to_contain_text("Not sent")
    failed.get_by_role("button", name="Try again").click()
    expect(chat.messages("bot").last).to_contain_text("14 days", timeout=ANSWER_MS)
    expect(failed).not_to_contain_text("Not sent")
    assert [message["text"] for message in chat.transcript() if message["author"] == "learner"] == [QUESTION]


def test_a_message_whose_answer_got_lost_is_not_sent_twice(chat: Chat) -> None:
    chat.open(learner="web-ana").say("refund machine learning basics please")
    fail_next(chat.page, before_sending=False)
    chat.button(re.compile("^Refund")).click()
    chat.messages("learner").last.get_by_role("button", name="Try again").click(timeout=ANSWER_MS)
    expect(chat.messages("learner").last.get_by_role("button")).to_have_count(0, timeout=ANSWER_MS)
    assert len(call("GET", f"{chat.address}/testing/learners/web-ana")["refunds"]) == 1
    assert len([message for message in chat.transcript() if message["author"] == "learner"]) == 2


def fail_next(page: Page, *, before_sending: bool) -> None:
    """Break the next message: on its way there, or the answer on its way back."""
    left = [True]

    def handle(route: Route) -> None:
        if route.request.method != "POST" or not left:
            route.continue_()
            return
        left.clear()
        if not before_sending:
            route.fetch()
        route.abort()

    page.route("**/api/v1/conversations/*/messages", handle)


def test_without_websockets_messages_are_fetched(chat: Chat) -> None:
    chat.page.route_web_socket(re.compile("/stream"), lambda socket: socket.close())
    chat.open().say(QUESTION)
    kept = chat.conversation()
    headers = {"Authorization": f"Bearer {kept['token']}"}
    body = {"client_id": "from-elsewhere", "text": "can i download videos"}
    call("POST", f"{chat.address}/api/v1/conversations/{kept['id']}/messages", body, headers)
    expect(chat.messages("learner")).to_have_count(2, timeout=ANSWER_MS)
    expect(chat.messages("bot")).to_have_count(3, timeout=ANSWER_MS)
    expect(chat.panel).not_to_contain_text("connection was lost")


def test_two_visitors_of_one_browser_never_see_each_others_conversation(chat: Chat) -> None:
    chat.open(learner="web-ana").say("refund machine learning basics please")
    first = chat.conversation()["id"]
    chat.sign_out()
    expect(chat.messages("learner")).to_have_count(0)
    expect(chat.panel).not_to_contain_text("Ana")
    chat.identify("web-ben")
    expect(chat.panel).to_contain_text("Signed in as Ben Okafor", timeout=ANSWER_MS)
    expect(chat.log).not_to_contain_text("Machine Learning")
    assert chat.conversation()["id"] != first
    chat.page.reload()
    chat.identify("web-ben")
    expect(chat.panel).to_contain_text("Signed in as Ben Okafor", timeout=ANSWER_MS)
    expect(chat.log).not_to_contain_text("Machine Learning")


def test_another_learner_without_a_sign_out_gets_a_conversation_of_their_own(chat: Chat) -> None:
    chat.open(learner="web-ana").say("refund machine learning basics please")
    chat.page.reload()
    chat.identify("web-ben")
    expect(chat.panel).to_contain_text("Signed in as Ben Okafor", timeout=ANSWER_MS)
    expect(chat.log).not_to_contain_text("Machine Learning")


def test_a_learners_conversation_is_not_shown_to_whoever_opens_the_page_next(chat: Chat) -> None:
    chat.open(learner="web-ana").say("refund machine learning basics please")
    chat.page.reload()
    expect(chat.panel).to_contain_text("You are a guest", timeout=ANSWER_MS)
    expect(chat.log).not_to_contain_text("Machine Learning")


def test_signing_out_in_one_tab_clears_the_others(chat: Chat) -> None:
    chat.open(learner="web-ana").say("refund machine learning basics please")
    other = Chat(chat.page.context.new_page(), chat.address)
    other.page.goto(f"{chat.address}/help")
    other.identify("web-ana")
    other.launcher.click()
    expect(other.log).to_contain_text("Machine Learning", timeout=ANSWER_MS)
    other.sign_out()
    expect(chat.panel).to_be_hidden()
    chat.launcher.click()
    expect(chat.panel).to_contain_text("You are a guest", timeout=ANSWER_MS)
    expect(chat.log).not_to_contain_text("Machine Learning")


def test_a_guests_question_is_taken_up_when_they_sign_in(chat: Chat) -> None:
    chat.open().say("refund machine learning basics please")
    chat.identify("web-ana")
    expect(chat.messages("bot").last).to_contain_text("$79.00", timeout=ANSWER_MS)
    expect(chat.panel).to_contain_text("Signed in as Ana Silva")


def test_markup_in_a_message_is_shown_as_text(chat: Chat) -> None:
    text = "<img src=x onerror=\"document.title='owned'\"> **not bold** [x](javascript:alert(1))"
    chat.open().say(text)
    shown = chat.messages("learner").last
    expect(shown).to_contain_text(text)
    expect(shown.locator("img, strong, a")).to_have_count(0)
    assert chat.page.title() != "owned"


def test_a_card_number_is_shown_as_the_desk_keeps_it(chat: Chat) -> None:
    chat.open().say("my card is 4111 1111 1111 1111, was it charged?")
    expect(chat.messages("learner")).to_have_count(1)
    expect(chat.messages("learner").last).not_to_contain_text("4111 1111 1111 1111")
    expect(chat.messages("learner").last).to_contain_text("was it charged?")


def test_a_message_that_is_too_long_says_so_and_is_not_sent(chat: Chat) -> None:
    chat.open()
    chat.input.fill("a" * 3600)
    expect(chat.panel).to_contain_text("400 characters left")
    chat.input.fill("a" * 4100)
    expect(chat.panel).to_contain_text("100 characters too long")
    chat.input.press("Enter")
    expect(chat.messages("learner")).to_have_count(0)
    assert len(chat.input.input_value()) == 4100


def test_the_demo_lets_a_visitor_be_somebody_and_stay_a_guest(chat: Chat, root: object) -> None:
    page = chat.page
    world = (root / "demo" / "world.yml").read_bytes()
    call("PUT", f"{chat.address}/testing/world", world, {"Content-Type": "application/yaml"})
    call("PUT", f"{chat.address}/testing/clock", {"now": None})
    page.goto(f"{chat.address}/help")
    page.get_by_role("button", name=re.compile("Show all")).click()
    viktor = page.get_by_role("button", name=re.compile("^Viktor"))
    viktor.click()
    expect(chat.panel).to_contain_text(re.compile("Signed in as Viktor"), timeout=ANSWER_MS)
    page.goto(f"{chat.address}/help/topics/account")
    expect(chat.panel).to_contain_text(re.compile("Signed in as Viktor"), timeout=ANSWER_MS)
    page.goto(f"{chat.address}/help")
    expect(viktor).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="See the mails the desk has sent to Viktor").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mails to Viktor")
    page.goto(f"{chat.address}/help")
    page.get_by_role("button", name="Stay a guest").click()
    expect(chat.panel).to_contain_text("You are a guest", timeout=ANSWER_MS)


def test_a_section_opens_the_chat_with_its_wish(chat: Chat) -> None:
    chat.page.goto(f"{chat.address}/help/request-a-refund")
    chat.page.get_by_role("button", name="Ask for a refund").first.click()
    expect(chat.input).to_have_value("I'd like a refund")
    expect(chat.input).to_be_focused()


def test_a_line_break_is_kept_and_a_composed_word_is_not_sent(chat: Chat) -> None:
    chat.open()
    chat.input.fill("one")
    chat.input.press("Shift+Enter")
    chat.input.type("two")
    chat.input.evaluate(
        "(node) => node.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
    )
    expect(chat.messages("learner")).to_have_count(0)
    chat.input.press("Enter")
    expect(chat.messages("learner").last).to_contain_text("one\ntwo", use_inner_text=True)


def test_a_host_page_needs_one_script_and_one_element(new_page: Callable[..., Page], desk: str) -> None:
    page = new_page()
    html = (
        "<!doctype html><html lang=en><title>Course</title><main><h1>Course</h1></main>"
        f"<script type=module src='{desk}/static/chat/element.js'></script><lectern-chat open></lectern-chat>"
    )
    page.route(f"{desk}/course", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{desk}/course")
    expect(page.get_by_role("region", name="Chat with Lectern")).to_be_visible()
    expect(page.get_by_role("log").locator(".bot").first).to_be_visible(timeout=ANSWER_MS)
