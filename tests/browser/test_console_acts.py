"""What an agent does for a learner: deciding, offering in the chat, carrying out, overruling."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.console import MIA, Console
from tests.browser.driver import ANSWER_MS, Chat, call
from tests.browser.test_access import violations_in_both_themes

QUESTION = "how long do i have to ask for a refund"
YES = "Wrote “yes, please refund it” in this chat."


def decide(console: Console, operation: str = "refund") -> Locator:
    """Ask for the rule's answer in the learner's panel."""
    console.learner.get_by_label("Operation").select_option(operation)
    console.learner.get_by_role("button", name="Decide").click()
    answer = console.learner.get_by_role("group", name="The rule's answer")
    expect(answer).to_be_focused()
    return answer


def kept(console: Console, learner: str) -> dict[str, Any]:
    return dict(call("GET", f"{console.address}/testing/learners/{learner}"))


def test_an_offer_made_under_takeover_is_confirmed_by_the_learner_and_the_bot_goes_on(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    chat = handed_over("web-ana")
    console = new_console().open(f"/console/c/{chat.conversation()['id']}").claim()
    answer = decide(console)
    expect(answer).to_contain_text("Granted")
    expect(answer).to_contain_text("F16")
    answer.get_by_text("Trace").click()
    expect(answer.get_by_role("table")).to_contain_text("refund.window_days")
    assert violations_in_both_themes(console.page) == []
    assert kept(console, "web-ana")["payments"][0]["status"] == "completed"
    console.learner.get_by_role("button", name="Offer in the chat").click()
    expect(chat.messages("agent").last).to_contain_text("Waits for your yes", timeout=ANSWER_MS)
    expect(console.entries("agent").last).to_contain_text("waits for a yes")
    assert kept(console, "web-ana")["payments"][0]["status"] == "completed"
    # In the middle of it both pages are loaded anew.
    chat.page.reload()
    chat.identify("web-ana")
    console.page.reload()
    expect(console.state).to_contain_text("Yours")
    chat.button(re.compile(r"^Refund \$79")).click()
    expect(chat.log).to_contain_text("7 days", timeout=ANSWER_MS)
    expect(console.log).to_contain_text(re.compile("confirmed", re.IGNORECASE), timeout=ANSWER_MS)
    after = kept(console, "web-ana")
    assert [payment["status"] for payment in after["payments"]] == ["refunded"]
    assert len(after["refunds"]) == 1
    expect(console.state).to_contain_text("Yours")
    console.write("Is there anything else?")
    console.button("Release to the bot").click()
    expect(console.state).to_contain_text("With the bot")
    chat.say(QUESTION)
    expect(chat.messages("bot").filter(has_text="14 days").first).to_be_visible(timeout=ANSWER_MS)


def test_an_agent_carries_out_on_the_learners_recorded_word(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    chat = handed_over("web-ben")
    console = new_console().open(f"/console/c/{chat.conversation()['id']}").claim()
    expect(decide(console)).to_contain_text("Granted")
    console.button("Carry out").click()
    console.dialog.get_by_role("button", name="Carry it out").click()
    expect(console.dialog.get_by_role("alert")).to_contain_text("please fill this in")
    assert violations_in_both_themes(console.page) == []
    assert kept(console, "web-ben")["payments"][0]["status"] == "completed"
    console.dialog.get_by_label("How and when").fill(YES)
    console.dialog.get_by_role("button", name="Carry it out").click()
    expect(console.dialog).to_have_count(0)
    expect(chat.messages("agent").last).to_contain_text("$39", timeout=ANSWER_MS)
    expect(console.entries("note").last).to_contain_text(YES)
    after = kept(console, "web-ben")
    assert after["payments"][0]["status"] == "refunded"
    assert any(entry["operation"] == "refund" and entry["actor"].startswith("staff:") for entry in after["audit"])


def test_only_a_supervisor_overrules_a_refusal_and_says_why(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    chat = handed_over("web-olga")
    id = chat.conversation()["id"]
    console = new_console().open(f"/console/c/{id}").claim()
    answer = decide(console)
    expect(answer).to_contain_text("Refused")
    expect(answer).to_contain_text("A supervisor may overrule this.")
    for name in ("Offer in the chat", "Carry out", "Overrule"):
        expect(console.button(name)).to_have_count(0)
    console.key("Escape", "t")
    console.dialog.get_by_label("To").select_option(
        console.dialog.get_by_role("option").filter(has_text="Mia Berg").get_attribute("value")
    )
    console.dialog.get_by_role("button", name="Transfer").click()
    expect(console.state).to_contain_text("With Mia Berg")
    mia = new_console().open(f"/console/c/{id}", who=MIA)
    expect(decide(mia)).to_contain_text("Refused")
    mia.button("Overrule").click()
    assert violations_in_both_themes(mia.page) == []
    mia.dialog.get_by_label("Why it is done anyway").fill("She was in hospital when the window closed.")
    mia.dialog.get_by_label("How and when").fill(YES)
    mia.dialog.get_by_role("button", name="Overrule and carry out").click()
    expect(mia.dialog).to_have_count(0)
    expect(chat.messages("agent").last).to_contain_text("$79", timeout=ANSWER_MS)
    after = kept(mia, "web-olga")
    assert after["payments"][0]["status"] == "refunded"
    assert {"refused", "granted"} <= {entry["outcome"] for entry in after["audit"] if entry["operation"] == "refund"}


def test_deleting_an_account_stays_the_learners_own(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    chat = handed_over("web-dora")
    console = new_console().open(f"/console/c/{chat.conversation()['id']}").claim()
    answer = decide(console, "delete_account")
    expect(answer).to_contain_text("the learner has to do it themself in the chat, after signing in again")
    for name in ("Offer in the chat", "Carry out", "Overrule"):
        expect(console.button(name)).to_have_count(0)
