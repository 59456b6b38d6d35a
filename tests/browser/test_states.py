"""What the widget shows besides plain answers: a person, forms of their own, the end of a conversation."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
from playwright.sync_api import WebSocketRoute, expect

from desk.stack import Stack
from tests.browser.driver import ANSWER_MS, Chat, call

NAME, EMAIL, PASSWORD = "Priya Nair", "web-priya@example.org", "a long password for tests"


@dataclass
class Agent:
    """A person of the staff, over the staff API."""

    address: str
    csrf: str = ""

    def __post_init__(self) -> None:
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self.csrf = self.call("POST", "/session", {"email": EMAIL, "password": PASSWORD})["csrf"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json", "X-CSRF-Token": self.csrf, "Origin": self.address}
        data = json.dumps(body or {}).encode()
        request = Request(f"{self.address}/api/v1/staff{path}", data, headers, method=method)
        with self.opener.open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"{}")

    def act(self, chat: Chat, what: str, body: Any = None) -> Any:
        return self.call("POST", f"/conversations/{chat.conversation()['id']}/{what}", body)


@pytest.fixture
def agent(desk: str, request: pytest.FixtureRequest, root: Path) -> Iterator[Agent]:
    if os.environ.get("LECTERN_TEST_ADDRESS"):
        pytest.skip("makes a staff account, so it needs a desk of its own")
    stack: Stack = request.getfixturevalue("desk_stack")
    command = [sys.executable, "-m", "backend", "create-staff", EMAIL, "--name", NAME]
    subprocess.run(command, input=PASSWORD + "\n", text=True, env=stack.env, cwd=root, capture_output=True, timeout=60)
    yield Agent(desk)


def test_a_person_takes_over_and_closes_and_is_rated(chat: Chat, agent: Agent) -> None:
    chat.open(learner="web-ben")
    chat.button("Talk to a person").click()
    expect(chat.panel).to_contain_text("Waiting for a person", timeout=ANSWER_MS)
    agent.act(chat, "claim")
    expect(chat.panel).to_contain_text(f"You are talking with {NAME}", timeout=ANSWER_MS)
    expect(chat.input).to_have_attribute("placeholder", f"Write to {NAME}")
    chat.type("my drawing course is broken")
    expect(chat.messages("learner").last).to_contain_text("my drawing course is broken")
    agent.act(chat, "messages", {"client_id": "a-1", "text": "Hello Ben,\nI am looking into it."})
    answer = chat.messages("agent").last
    expect(answer).to_contain_text(f"{NAME}:", timeout=ANSWER_MS)
    expect(answer).to_contain_text("Hello Ben,\nI am looking into it.", use_inner_text=True)
    agent.act(chat, "close")
    expect(chat.panel).to_contain_text("This conversation is closed", timeout=ANSWER_MS)
    chat.panel.get_by_role("button", name="Send rating").click()
    expect(chat.panel.get_by_role("alert")).to_contain_text("Choose 1 to 5 first")
    chat.panel.get_by_role("radio", name="4 of 5").check(force=True)
    chat.panel.get_by_label("Anything we should know?").fill("Quick and kind.")
    chat.panel.get_by_role("button", name="Send rating").click()
    expect(chat.panel).to_contain_text("Thank you for the rating.")


def test_a_message_that_came_while_the_chat_was_closed_is_counted(chat: Chat, agent: Agent) -> None:
    chat.open(learner="web-ben")
    chat.button("Talk to a person").click()
    expect(chat.panel).to_contain_text("Waiting for a person", timeout=ANSWER_MS)
    agent.act(chat, "claim")
    chat.page.keyboard.press("Escape")
    before = re.search(r"\d+", chat.launcher.get_attribute("aria-label") or "")
    seen = int(before.group()) if before else 0
    agent.act(chat, "messages", {"client_id": "a-2", "text": "Are you still there?"})
    expect(chat.page.get_by_role("button", name=re.compile(rf"{seen + 1} unread"))).to_be_visible(timeout=ANSWER_MS)
    chat.launcher.click()
    expect(chat.messages("agent").last).to_be_visible()
    chat.page.keyboard.press("Escape")
    expect(chat.launcher).to_have_accessible_name("Ask the desk")


def test_an_account_is_deleted_after_password_and_word(chat: Chat) -> None:
    chat.open(learner="web-dora").say("delete my account")
    chat.press(re.compile("delete", re.IGNORECASE))
    password = chat.log.get_by_label("Your password")
    expect(password).to_be_focused(timeout=ANSWER_MS)
    assert password.get_attribute("type") == "password"
    password.fill("wrong")
    password.press("Enter")
    expect(chat.log.get_by_role("alert")).to_contain_text(re.compile("not right", re.IGNORECASE), timeout=ANSWER_MS)
    expect(password).to_be_focused()
    password.fill("tr0ubador")
    password.press("Enter")
    word = chat.log.get_by_label("Type DELETE to confirm")
    expect(word).to_be_focused(timeout=ANSWER_MS)
    word.fill("delete it")
    word.press("Enter")
    expect(chat.log.get_by_role("alert")).to_contain_text("Type exactly DELETE")
    before = chat.messages("bot").count()
    word.fill("DELETE")
    word.press("Enter")
    expect(chat.next_message(before)).to_contain_text(re.compile("deleted", re.IGNORECASE))
    expect(word).to_be_hidden()
    assert call("GET", f"{chat.address}/testing/learners/web-dora")["status"] == "deleted"
    assert "tr0ubador" not in json.dumps(chat.page.evaluate("[{...localStorage}, {...sessionStorage}]"))


def test_who_has_no_password_proves_it_with_a_code_from_an_email(chat: Chat) -> None:
    chat.open(learner="web-vik").say("delete my account")
    chat.press("Delete my account")
    code = chat.log.get_by_label("Code from the e-mail")
    expect(code).to_be_focused(timeout=ANSWER_MS)
    mails = call("GET", f"{chat.address}/testing/learners/web-vik")["emails"]
    sent = re.search(r"\b\d{6}\b", mails[-1]["body"])
    assert sent is not None
    code.fill(sent.group())
    code.press("Enter")
    expect(chat.log.get_by_label("Type DELETE to confirm")).to_be_focused(timeout=ANSWER_MS)


WORDS = "I finished school and studied for two years before I had to leave it to work for my family at home"


def test_an_application_is_one_form_that_counts_words_and_keeps_its_draft(chat: Chat) -> None:
    chat.open(learner="web-ana").say("i want to apply for financial aid for machine learning basics")
    education = chat.log.get_by_label("Your education so far")
    expect(education).to_be_visible()
    education.fill("one two")
    expect(chat.log).to_contain_text("2 words")
    expect(chat.log).to_contain_text("2 of at least 151 words")
    send = chat.log.get_by_role("button", name="Send my answers")
    send.click()
    expect(chat.log.get_by_role("alert")).to_contain_text("Please fill this in")
    expect(chat.log.get_by_label(re.compile("^Your career goals"))).to_be_focused()
    chat.log.get_by_label(re.compile("^Your career goals")).fill(" ".join([WORDS] * 3))
    chat.page.reload()
    chat.identify("web-ana")
    expect(education).to_have_value("one two", timeout=ANSWER_MS)
    chat.log.get_by_label(re.compile("^Your financial circumstances")).fill(" ".join([WORDS] * 3))
    chat.log.get_by_label(re.compile("^I promise")).check()
    send.click()
    expect(chat.log.get_by_role("alert")).to_contain_text("more words are needed")
    education.fill(" ".join([WORDS] * 3))
    before = chat.messages("bot").count()
    send.click()
    offer = chat.next_message(before)
    expect(offer).to_contain_text("Shall I submit the application")
    expect(chat.messages("learner").last).to_contain_text("Your education so far: I finished school")
    expect(education).to_be_hidden()
    chat.press("Submit the application")
    assert len(call("GET", f"{chat.address}/testing/learners/web-ana")["aid"]) == 1
    assert WORDS not in json.dumps(chat.page.evaluate("[{...localStorage}, {...sessionStorage}]"))


def test_what_is_typed_in_the_chat_stands_in_the_form(chat: Chat) -> None:
    chat.open(learner="web-ana").say("i want to apply for financial aid for machine learning basics")
    expect(chat.input).to_be_focused()
    chat.say(WORDS)
    education = chat.log.get_by_label("Your education so far").last
    expect(education).to_be_hidden()
    chat.log.get_by_text("The whole application in one form").last.click()
    expect(education).to_have_value(WORDS)
    goals = chat.log.get_by_label(re.compile("^Your career goals")).last
    education.fill("changed in the form")
    goals.fill("begun in the form")
    chat.say("hmm")
    expect(education).to_have_value(WORDS)
    expect(goals).to_have_value("begun in the form")


def test_a_report_is_one_form_with_what_it_is_about(chat: Chat) -> None:
    chat.open(learner="web-ana").say("i want to report a problem")
    chat.log.get_by_label("What the report is about").select_option(label="plagiarism")
    chat.log.get_by_label(re.compile("^What happened")).fill("Somebody handed in my essay.")
    before = chat.messages("bot").count()
    chat.log.get_by_role("button", name="Go on with this report").click()
    expect(chat.next_message(before)).to_contain_text("plagiarism")


def test_a_writing_indicator_never_gets_stuck(chat: Chat) -> None:
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    chat.page.route_web_socket(re.compile("/stream"), pass_on)
    chat.open().say("how long do i have to ask for a refund")
    sockets[-1].send(json.dumps({"type": "typing", "author": "agent", "until_ms": 1500}))
    expect(chat.panel).to_contain_text("our support team is writing")
    expect(chat.panel).not_to_contain_text("is writing")


def test_an_answer_is_rated_with_a_thumb(chat: Chat) -> None:
    answer = chat.open().say("how long do i have to ask for a refund")
    answer.get_by_role("button", name="Yes, helpful").click()
    expect(answer).to_contain_text("Thank you.")
    expect(answer.get_by_role("button", name="Yes, helpful")).to_have_attribute("aria-pressed", "true")


def test_an_offer_that_has_run_out_cannot_be_pressed(chat: Chat) -> None:
    chat.page.clock.install()
    offer = chat.open(learner="web-ana").say("refund machine learning basics please")
    expect(offer).to_contain_text("Waits for your yes")
    chat.page.clock.fast_forward("10:05")
    expect(offer).to_contain_text("This offer has run out")
    button = chat.button(re.compile("^Refund"))
    expect(button).to_have_attribute("aria-disabled", "true")
    button.click(force=True)
    expect(chat.messages("learner")).to_have_count(1)


def test_a_desk_that_cannot_be_reached_says_so_and_is_tried_again(chat: Chat) -> None:
    chat.page.route("**/api/v1/conversations", lambda route: route.abort())
    chat.page.goto(f"{chat.address}/help")
    chat.launcher.click()
    alert = chat.panel.get_by_role("alert")
    expect(alert).to_contain_text("The desk can't be reached right now")
    chat.page.unroute("**/api/v1/conversations")
    alert.get_by_role("button", name="Try again").click()
    expect(chat.messages("bot").first).to_be_visible(timeout=ANSWER_MS)


def test_an_identity_that_has_run_out_is_asked_for_again(chat: Chat) -> None:
    chat.page.goto(f"{chat.address}/help")
    chat.identify("web-ana")
    later = datetime.now(timezone.utc) + timedelta(hours=2)
    call("PUT", f"{chat.address}/testing/clock", {"now": later.isoformat()})
    chat.page.evaluate(
        "window.chat.addEventListener('lectern:identity', async () => {"
        " const headers = {'Content-Type': 'application/json'}; const body = JSON.stringify({learner: 'web-ana'});"
        " const answer = await fetch('/testing/identity', {method: 'POST', headers, body});"
        " window.chat.identify((await answer.json()).identity); })"
    )
    chat.launcher.click()
    expect(chat.panel).to_contain_text("Signed in as Ana Silva", timeout=ANSWER_MS)
    expect(chat.panel.get_by_role("alert")).to_be_hidden()


def test_a_conversation_that_is_gone_in_the_middle_can_be_begun_anew(chat: Chat) -> None:
    chat.open()
    first = chat.conversation()["id"]
    gone = {"error": {"code": "not_found", "message": "There is no such conversation.", "request_id": "r"}}
    chat.page.route("**/messages", lambda route: route.fulfill(status=404, json=gone))
    chat.type("hello")
    expect(chat.messages("learner").last).to_contain_text("There is no such conversation.")
    chat.page.unroute("**/messages")
    chat.panel.get_by_role("alert").get_by_role("button", name="Start a new conversation").click()
    expect(chat.messages("learner")).to_have_count(0)
    expect(chat.messages("bot").first).to_be_visible(timeout=ANSWER_MS)
    assert chat.conversation()["id"] != first


def test_a_conversation_the_desk_does_not_know_is_begun_anew(chat: Chat) -> None:
    chat.open().say("how long do i have to ask for a refund")
    gone = chat.conversation()["id"]
    chat.page.evaluate(
        "for (const [key, value] of Object.entries(localStorage)) if (key.startsWith('lectern:http'))"
        ' localStorage.setItem(key, value.replace(/"token":"[^"]+"/, \'"token":"wrong"\'))'
    )
    chat.page.reload()
    expect(chat.messages("bot").first).to_be_visible(timeout=ANSWER_MS)
    expect(chat.messages("learner")).to_have_count(0)
    assert chat.conversation()["id"] != gone
