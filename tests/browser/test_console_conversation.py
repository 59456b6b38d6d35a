"""Two browsers at once: a learner who needs a person, and the agent who takes over."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Route, WebSocketRoute, expect

from tests.browser.console import MIA, PRIYA, Console, StaffApi
from tests.browser.driver import ANSWER_MS, Chat

QUESTION = "how long do i have to ask for a refund"


def test_a_person_takes_over_writes_and_gives_back_and_the_bot_goes_on(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    console = new_console().open()
    expect(console.page.locator("desk-queue")).to_contain_text("Nobody is waiting")
    chat = handed_over("web-ana", QUESTION)
    waiting = console.line("Ana Silva")
    expect(waiting).to_contain_text("Asked for a person", timeout=ANSWER_MS)
    expect(console.page).to_have_title(re.compile(r"^\(1\) "))
    waiting.get_by_role("link").click()
    expect(console.log).to_contain_text(QUESTION)
    expect(console.log).to_contain_text("14 days")
    expect(console.reply).to_have_count(0)
    console.claim()
    expect(console.reply).to_be_focused()
    expect(chat.panel).to_contain_text(f"You are talking with {PRIYA[0]}", timeout=ANSWER_MS)

    console.reply.press_sequentially("Hel")
    expect(chat.panel).to_contain_text(f"{PRIYA[0]} is writing", timeout=ANSWER_MS)
    sent = console.write("Hello Ana,\nwhat happened?")
    expect(chat.messages("agent").last).to_contain_text("Hello Ana,\nwhat happened?", use_inner_text=True)
    expect(sent).to_contain_text("Read", timeout=ANSWER_MS)

    chat.input.press_sequentially("I can")
    expect(console.talk).to_contain_text("Ana Silva is writing", timeout=ANSWER_MS)
    chat.type("I can not open my course")
    expect(console.entries("learner").last).to_contain_text("I can not open my course")
    expect(chat.messages("learner").last).to_contain_text("Seen", timeout=ANSWER_MS)

    console.button("Release to the bot").click()
    expect(console.state).to_contain_text("With the bot")
    expect(console.reply).to_have_count(0)
    expect(chat.panel).not_to_contain_text("You are talking with", timeout=ANSWER_MS)
    before = console.entries("bot").count()
    chat.say(QUESTION)
    expect(chat.messages("bot").filter(has_text="14 days")).to_have_count(2)
    expect(console.entries("bot").nth(before)).to_contain_text("14 days", timeout=ANSWER_MS)


def test_only_one_of_two_who_claim_at_once_gets_it(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    chat = handed_over("web-ana")
    id = chat.conversation()["id"]
    priya = new_console().open(f"/console/c/{id}")
    mia = new_console().open(f"/console/c/{id}", who=MIA)
    expect(priya.button("Claim")).to_be_visible()
    expect(priya.talk).to_contain_text("Mia Berg is looking at this, too", timeout=ANSWER_MS)
    # What Mia is told about the claim comes late, as on a slow line: she presses the button, too.
    held: list[Route] = []
    mia.page.route("**/claim", lambda route: held.append(route))
    mia.button("Claim").click()
    priya.claim()
    mia.page.wait_for_timeout(300)
    held[0].continue_()
    expect(mia.problem).to_contain_text("Priya Nair has this conversation already")
    expect(mia.state).to_contain_text("With Priya Nair")
    expect(mia.reply).to_have_count(0)
    expect(mia.talk).to_contain_text("Only Priya Nair can answer")
    expect(priya.reply).to_be_visible()
    assert chat.messages("system").filter(has_text="has joined").count() == 1


def test_nothing_is_lost_or_doubled_when_pages_reload_and_sockets_are_cut(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat], team: StaffApi
) -> None:
    chat = handed_over("web-ana")
    id = chat.conversation()["id"]
    console = new_console()
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        if console.page.evaluate("window.cut === true"):
            socket.close()
        else:
            socket.connect_to_server()
        sockets.append(socket)

    console.page.route_web_socket(re.compile("/staff/stream"), pass_on)
    console.open(f"/console/c/{id}").claim()
    console.write("one")
    console.page.evaluate("window.cut = true")
    sockets[-1].close()
    expect(console.page.get_by_role("region", name="Connection")).to_be_visible()
    chat.type("two")
    expect(chat.messages("learner").last).to_contain_text("two")
    expect(chat.messages("learner").last).not_to_have_class(re.compile("pending"))
    console.write("three")
    console.page.evaluate("window.cut = false")
    expect(console.page.get_by_role("region", name="Connection")).to_have_count(0)
    expect(console.entries("learner").last).to_contain_text("two")
    chat.page.reload()
    chat.identify("web-ana")
    console.page.reload()
    expect(console.state).to_contain_text("Yours")
    expect(chat.messages("agent").last).to_contain_text("three", timeout=ANSWER_MS)
    chat.type("four")
    expect(console.entries("learner").last).to_contain_text("four", timeout=ANSWER_MS)
    console.write("five")
    expect(chat.messages("agent").last).to_contain_text("five")
    kept = team.call("GET", f"/conversations/{id}")["messages"]
    assert [message["seq"] for message in kept] == list(range(1, len(kept) + 1))
    said = [message["text"] for message in kept if message["author"] in ("agent", "learner")]
    assert said[-5:] == ["one", "two", "three", "four", "five"]
    for shown in (console.log.locator(".entry:is(.agent, .learner) .bubble").all_inner_texts()[-5:],):
        assert [text.strip() for text in shown] == said[-5:]


def test_a_message_that_was_not_sent_waits_and_is_sent_once(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat], team: StaffApi
) -> None:
    chat = handed_over("web-ana")
    id = chat.conversation()["id"]
    console = new_console().open(f"/console/c/{id}").claim()
    # It arrives, but the answer does not: the second try must not write it again.
    console.page.route("**/messages", lambda route: (route.fetch(), route.abort())[1])
    console.reply.fill("only once")
    console.reply.press("Enter")
    failed = console.log.locator(".pending.failed")
    expect(failed).to_contain_text("Not sent")
    console.page.reload()
    expect(console.log.locator(".pending.failed")).to_contain_text("only once")
    console.page.unroute("**/messages")
    console.log.get_by_role("button", name="Try again").click()
    expect(console.log.locator(".pending")).to_have_count(0)
    expect(console.log.get_by_text("only once")).to_have_count(1)
    kept = team.call("GET", f"/conversations/{id}")["messages"]
    assert [message["text"] for message in kept].count("only once") == 1


def test_a_conversation_is_passed_to_a_colleague(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    chat = handed_over("web-ana")
    id = chat.conversation()["id"]
    console = new_console().open(f"/console/c/{id}").claim()
    console.key("Escape", "t")
    console.dialog.get_by_label("To").select_option(
        console.dialog.get_by_role("option").filter(has_text="Mia Berg").get_attribute("value")
    )
    console.dialog.get_by_role("button", name="Transfer").click()
    expect(console.state).to_contain_text("With Mia Berg")
    expect(chat.panel).to_contain_text("You are talking with Mia Berg", timeout=ANSWER_MS)
    mia = new_console().open("/console?tab=mine", who=MIA)
    mia.line("Ana Silva").first.get_by_role("link").click()
    expect(mia.reply).to_be_visible()


def test_a_closed_conversation_is_rated_and_can_be_opened_again(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    chat = handed_over("web-ben")
    console = new_console().open().show(chat.conversation()["id"]).claim()
    console.key("Escape", "x")
    outcome = console.dialog.get_by_label("Outcome")
    expect(outcome).to_be_focused()
    console.dialog.get_by_role("button", name="Close it").click()
    expect(console.state).to_contain_text("Closed")
    expect(chat.panel).to_contain_text("This conversation is closed", timeout=ANSWER_MS)
    chat.panel.get_by_role("radio", name="4 of 5").check(force=True)
    chat.panel.get_by_role("button", name="Send rating").click()
    expect(chat.panel).to_contain_text("Thank you for the rating.")
    console.button("Reopen").click()
    expect(console.state).to_contain_text("Waiting")
    expect(console.state).to_contain_text("Rated 4 of 5", timeout=ANSWER_MS)


def test_a_draft_is_there_after_going_elsewhere_and_at_another_machine(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    id = handed_over("web-ana").conversation()["id"]
    console = new_console().open(f"/console/c/{id}").claim()
    with console.page.expect_response("**/draft"):
        console.reply.fill("half a sen")
    console.key("Escape", "g", "s")
    expect(console.page.get_by_role("heading", level=1)).to_have_text("Settings")
    console.show(id)
    expect(console.reply).to_have_value("half a sen")
    other = new_console().open(f"/console/c/{id}")
    expect(other.reply).to_have_value("half a sen")


def test_notes_stay_among_colleagues_and_mention_them(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    chat = handed_over("web-ana")
    id = chat.conversation()["id"]
    console = new_console().open(f"/console/c/{id}")
    console.note.press_sequentially("please look @mi")
    expect(console.page.get_by_role("option", name="Mia Berg")).to_have_attribute("aria-selected", "true")
    console.key("Enter")
    expect(console.note).to_have_value("please look @Mia Berg ")
    console.note.press("Enter")
    expect(console.entries("note").last).to_contain_text("please look @Mia Berg")
    mia = new_console().open(who=MIA)
    console.note.fill("and this, @Mia")
    console.note.press("Enter")
    expect(mia.page.get_by_role("link", name=re.compile("Settings [1-9]"))).to_be_visible(timeout=ANSWER_MS)
    mia.key("g", "s")
    expect(mia.page.get_by_role("link", name="Settings", exact=True)).to_be_visible()
    expect(mia.page.get_by_role("listitem").filter(has_text="please look").first).to_contain_text("Priya Nair")
    mia.show(id)
    expect(mia.entries("note").last).to_contain_text("Priya Nair")
    assert "please look" not in chat.panel.inner_text()
    assert all("please look" not in message["text"] for message in chat.transcript())


def test_a_saved_reply_and_a_suggested_answer_are_inserted_with_a_key(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    chat = handed_over("web-ana", QUESTION)
    console = new_console().open(f"/console/c/{chat.conversation()['id']}").claim()
    chat.type(QUESTION)
    expect(console.entries("learner").last).to_contain_text(QUESTION)
    console.key("Escape", "e")
    expect(console.dialog.get_by_role("combobox")).to_be_focused()
    console.page.keyboard.type("greet")
    expect(console.dialog).to_contain_text("Hello Ana, this is Priya Nair.")
    console.key("Enter")
    expect(console.reply).to_have_value(re.compile("^Hello Ana, this is Priya Nair."))
    console.key("Enter")
    expect(chat.messages("agent").last).to_contain_text("Hello Ana, this is Priya Nair.")
    expect(console.button(re.compile("Insert the answer: Time limit"))).to_be_visible()
    console.key("Escape", "s")
    expect(console.reply).to_have_value(re.compile(r"14 days(.|\n)*\[.+\]\(.*/help/request-a-refund#time-limit\)"))
    console.key("Enter")
    expect(chat.messages("agent").last.get_by_role("link")).to_have_attribute("href", re.compile("#time-limit$"))
