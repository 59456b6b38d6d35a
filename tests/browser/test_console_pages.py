"""The console's other pages: signing in, cases, figures, one's own settings and the members."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time
import uuid
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.console import ADA, MIA, PASSWORD, PRIYA, Console, StaffApi, signed_in
from tests.browser.driver import ANSWER_MS, Chat
from tests.browser.test_access import violations_in_both_themes


def code_of(secret: str, steps: int = 0) -> str:
    """What an authenticator app shows (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time() // 30) + steps)
    digest = hmac.digest(base64.b32decode(secret + "=" * (-len(secret) % 8)), counter, hashlib.sha1)
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def test_a_link_leads_to_its_conversation_also_after_signing_in(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    id = handed_over("web-ana").conversation()["id"]
    console = new_console().go(f"/console/c/{id}")
    console.sign_in(PRIYA[1], "not the password")
    expect(console.page.get_by_role("alert").filter(has_text="does not fit")).to_be_visible()
    expect(console.page.get_by_label("Password")).to_be_focused()
    console.page.get_by_label("Password").fill(PASSWORD)
    console.key("Enter")
    expect(console.heading).to_have_text("Ana Silva")
    expect(console.page).to_have_url(f"{console.address}/console/c/{id}")
    console.button("Sign out").click()
    expect(console.page.get_by_label("E-mail address")).to_be_visible()
    expect(console.page.locator("desk-conversation")).to_have_count(0)
    console.page.reload()
    expect(console.page.get_by_label("E-mail address")).to_be_visible()


def test_a_session_that_is_over_asks_to_sign_in_and_goes_on_there(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    id = handed_over("web-ana").conversation()["id"]
    console = new_console().go(f"/console/c/{id}")
    console.sign_in(PRIYA[1], PASSWORD)
    expect(console.heading).to_have_text("Ana Silva")
    console.page.context.clear_cookies()
    console.button("Claim").click()
    expect(console.page.locator("desk-sign-in")).to_contain_text("Your session is over")
    console.sign_in(PRIYA[1], PASSWORD)
    console.claim()


def test_an_address_without_a_conversation_says_so(new_console: Callable[..., Console]) -> None:
    console = new_console().open("/console/c/conv_nothing")
    expect(console.page.locator("desk-conversation")).to_contain_text("This conversation is not here")
    console.page.get_by_role("link", name="To the queue").click()
    expect(console.page).to_have_url(re.compile(r"/console\?tab=waiting$"))


def test_an_admin_adds_a_member_who_sets_up_a_second_step(new_console: Callable[..., Console]) -> None:
    name, email = "Noa Levi", f"noa-{uuid.uuid4().hex[:8]}@example.org"
    admin = new_console().open("/console/settings", who=ADA)
    admin.button("New member").click()
    for label, value in (("Name", name), ("E-mail address", email), ("First password", "short")):
        admin.dialog.get_by_label(label, exact=True).fill(value)
    admin.dialog.get_by_role("button", name="Add").click()
    expect(admin.dialog.get_by_role("alert")).to_contain_text("at least 10 characters")
    assert violations_in_both_themes(admin.page) == []
    admin.dialog.get_by_label("First password").fill(PASSWORD)
    admin.dialog.get_by_role("button", name="Add").click()
    expect(admin.page.get_by_role("listitem").filter(has_text=email)).to_contain_text("Agent")

    noa = new_console().go("/console/settings")
    noa.sign_in(email, PASSWORD)
    expect(noa.page.get_by_role("heading", name="Members")).to_have_count(0)
    noa.button("Set up").click()
    secret = noa.dialog.locator(".secret").inner_text()
    expect(noa.dialog.get_by_role("link")).to_have_attribute("href", re.compile("^otpauth://totp/"))
    noa.dialog.get_by_label("Code from the app").fill("000000")
    noa.key("Enter")
    expect(noa.dialog.get_by_role("alert")).to_be_visible()
    assert violations_in_both_themes(noa.page) == []
    noa.dialog.get_by_label("Code from the app").fill(code_of(secret))
    noa.key("Enter")
    expect(noa.page.locator("desk-settings")).to_contain_text("Second step On")
    noa.button("Sign out").click()
    noa.sign_in(email, PASSWORD)
    code = noa.page.get_by_label("Code from your authenticator app")
    expect(code).to_be_focused()
    assert violations_in_both_themes(noa.page) == []
    # A code is good once: the next one is used, which clocks that differ a little are allowed.
    noa.enter_code(code_of(secret, steps=1))
    expect(noa.bar).to_contain_text(name)

    admin.button(f"Change {name}").click()
    admin.dialog.get_by_label("May sign in").uncheck()
    admin.dialog.get_by_role("button", name="Change").click()
    expect(admin.page.get_by_role("listitem").filter(has_text=email)).to_contain_text("Left")
    noa.page.reload()
    expect(noa.page.get_by_label("E-mail address")).to_be_visible()


def test_after_five_wrong_passwords_the_right_one_is_refused_in_the_same_words(
    new_console: Callable[..., Console], team: StaffApi
) -> None:
    email = f"lou-{uuid.uuid4().hex[:8]}@example.org"
    lou = {"name": "Lou Marsh", "email": email, "role": "agent", "password": PASSWORD}
    signed_in(team.address, ADA).call("POST", "/members", lou)
    console = new_console().go("/console")
    alert = console.page.locator("desk-sign-in").get_by_role("alert")
    for password in (*(f"wrong password {number}" for number in range(5)), PASSWORD):
        assert console.sign_in(email, password) == 401
        # Whoever tries passwords is not told that the account is locked now, nor that it exists.
        expect(alert).to_have_text("That does not fit, or the account is locked.")
        expect(console.page.get_by_label("Password")).to_have_value("")
        expect(console.page.get_by_label("Password")).to_be_focused()
    expect(console.bar.get_by_role("navigation")).to_have_count(0)
    assert violations_in_both_themes(console.page) == []


def test_a_saved_reply_is_changed_only_by_who_wrote_it_or_a_supervisor(
    new_console: Callable[..., Console], team: StaffApi
) -> None:
    title = f"Before we begin {uuid.uuid4().hex[:6]}"
    theirs = signed_in(team.address, MIA).call("POST", "/saved-replies", {"title": title, "text": "Hello {first_name}"})
    console = new_console().open("/console/settings")
    line = console.page.get_by_role("listitem").filter(has_text=title)
    expect(line).to_contain_text("Hello {first_name}")
    expect(line.get_by_role("button")).to_have_count(0)
    console.button("New reply").click()
    console.dialog.get_by_label("Title").fill(f"Mine: {title}")
    console.dialog.get_by_label("Text").fill("Good morning")
    console.dialog.get_by_role("button", name="Keep").click()
    console.button(f"Change Mine: {title}").click()
    console.dialog.get_by_label("Text").fill("Good evening")
    console.dialog.get_by_role("button", name="Keep").click()
    expect(line.filter(has_text="Good evening")).to_have_count(1)
    mia = new_console().open("/console/settings", who=MIA)
    for name in (title, f"Mine: {title}"):
        mia.button(f"Delete {name}").click()
        mia.dialog.get_by_role("button", name="Delete").click()
        expect(mia.button(f"Delete {name}")).to_have_count(0)
    kept = team.call("GET", "/saved-replies")["replies"]
    assert theirs["reply"]["id"] not in {reply["id"] for reply in kept}
    assert not [reply for reply in kept if title in reply["title"]]


def test_a_case_is_declined_with_a_reason_and_only_with_one(
    new_console: Callable[..., Console], new_page: Callable[..., object], team: StaffApi
) -> None:
    chat = Chat(new_page(), team.address).open(learner="web-nami")
    chat.say("i got married, please change the name on my certificates")
    chat.say("it should be Nami Okafor")
    before = chat.messages("bot").count()
    chat.log.locator(".reply.primary").last.click()
    chat.next_message(before)
    console = new_console().open("/console/cases", who=MIA)
    case = console.page.locator("desk-cases li").filter(has_text="Nami").last
    expect(case).to_contain_text("Open", timeout=ANSWER_MS)
    console.key("j")
    expect(console.page.locator("desk-cases li").first).to_be_focused()
    case.get_by_role("button", name="Decline").click()
    console.dialog.get_by_role("button", name="Decline").click()
    expect(console.dialog.get_by_role("alert")).to_contain_text("please fill this in")
    assert violations_in_both_themes(console.page) == []
    console.dialog.get_by_label("Reason").fill("The document shows another name.")
    before = console.page.locator("desk-cases li").count()
    console.dialog.get_by_role("button", name="Decline").click()
    expect(console.page.locator("desk-cases li")).to_have_count(before - 1)
    console.page.get_by_role("link", name="Declined").click()
    expect(console.page.locator("desk-cases li").filter(has_text="another name").first).to_contain_text("Mia Berg")


def test_figures_say_what_they_count_and_stand_in_a_table_beside_each_chart(
    new_console: Callable[..., Console], handed_over: Callable[..., Chat]
) -> None:
    handed_over("web-ana", "how long do i have to ask for a refund")
    console = new_console().open("/console/insight", who=MIA)
    page = console.page
    figure = page.locator(".figure").filter(has=page.get_by_role("heading", name="Conversations", exact=True))
    expect(figure.locator(".number")).to_have_text(re.compile(r"^[1-9]\d*$"))
    figure.get_by_text("What is counted").click()
    expect(figure.locator("details p")).to_be_visible()
    daily = page.locator("section.card").filter(has=page.get_by_role("heading", name="Conversations per day"))
    expect(daily.get_by_role("img")).to_have_attribute("aria-label", re.compile("30 days"))
    expect(daily.get_by_role("row")).to_have_count(31)
    with page.expect_download() as downloading:
        daily.get_by_role("link", name="CSV").click()
    lines = downloading.value.path().read_text("utf-8").splitlines()
    assert lines[0].startswith("day,") and len(lines) == 31
    console.button("7 days").click()
    expect(daily.get_by_role("row")).to_have_count(8)
    expect(page).to_have_url(re.compile(r"insight\?from=\d{4}-\d\d-\d\d&to=\d{4}-\d\d-\d\d$"))
    for chart in page.locator(".chart:has(svg)").all():
        expect(chart.get_by_role("table")).to_be_visible()


def test_a_section_is_drafted_for_what_nobody_could_answer(
    new_console: Callable[..., Console], new_page: Callable[..., object], team: StaffApi
) -> None:
    asked = f"who won the football game in {uuid.uuid4().hex[:6]}"
    Chat(new_page(), team.address).open().say(asked)
    console = new_console().open("/console/insight", who=MIA)
    group = console.page.locator(".groups > details").filter(has_text="football").first
    group.locator("summary").first.click()
    group.get_by_role("button", name="Draft a section").click()
    draft = console.dialog.get_by_role("textbox", name="Draft of the section")
    expect(draft).to_have_value(re.compile(r"### Questions\n(.|\n)*football"))
    assert violations_in_both_themes(console.page) == []
    with console.page.expect_download() as downloading:
        console.dialog.get_by_role("link", name="Download").click()
    assert downloading.value.path().read_text("utf-8") == draft.input_value()
