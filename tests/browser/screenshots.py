"""Pictures of every page and state, light and dark, wide and on a phone, to be looked at.

    python -m tests.browser.screenshots                         all of them, into var/screenshots (not committed)
    python -m tests.browser.screenshots --only queue learners   some scenes
    python -m tests.browser.screenshots --readme docs/desk.png

Starts a desk of its own, or uses LECTERN_TEST_ADDRESS.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from desk.browser import MISSING, find_browser
from desk.stack import Stack
from tests.browser.chat_pictures import PICTURES, Visitor, as_at_the_start, for_the_readme
from tests.browser.conftest import ARGUMENTS, WORLD
from tests.browser.console import ADA, MIA, PRIYA, ROOT, TEAM, Console, make_team, signed_in
from tests.browser.driver import ANSWER_MS, Chat, call
from tests.browser.test_pages import PAGES

FOLDER = ROOT / "var" / "screenshots"
DESKTOP = {"width": 1360, "height": 860}
PHONE = {"width": 320, "height": 640}


class Studio:
    """Takes the pictures of one theme."""

    def __init__(self, browser: Browser, address: str, folder: Path, theme: str) -> None:
        self.browser, self.address, self.folder, self.theme = browser, address, folder, theme

    def page(self, **options: object) -> Page:
        made = {"viewport": DESKTOP, "color_scheme": self.theme, "reduced_motion": "reduce", **options}
        page = self.browser.new_context(**made).new_page()
        page.set_default_timeout(ANSWER_MS)
        return page

    def take(self, page: Page, name: str, *, whole: bool = False) -> None:
        """`whole`: all of the page, not only what is on the screen."""
        page.wait_for_timeout(400)
        page.screenshot(path=self.folder / f"{name}-{self.theme}.png", full_page=whole)

    def console(self, path: str = "/console", who: tuple[str, str, str] = PRIYA, **options: object) -> Console:
        return Console(self.page(**options), self.address).open(path, who=who)

    def chat(self, learner: str | None, *said: str, **options: object) -> Chat:
        chat = Chat(self.page(**options), self.address).open(learner=learner)
        for text in said:
            chat.say(text)
        return chat

    def waiting(self, learner: str | None, *said: str) -> Chat:
        chat = self.chat(learner, *said)
        chat.button("Talk to a person").click()
        expect(chat.panel).to_contain_text("Waiting for a person", timeout=ANSWER_MS)
        return chat


def help_pages(studio: Studio) -> None:
    for size, viewport in (("wide", DESKTOP), ("phone", PHONE)):
        page = studio.page(viewport=viewport)
        for path in PAGES:
            page.goto(studio.address + path)
            studio.take(page, f"help-{size}-{re.sub(r'[^a-z0-9]+', '-', path.strip('/'))}", whole=True)


def chat(studio: Studio) -> None:
    sizes = {"wide": DESKTOP, "phone": PHONE} if studio.theme == "light" else {"wide": DESKTOP}
    for size, viewport in sizes.items():
        for name, reach in PICTURES.items():
            as_at_the_start(studio.address)
            page = studio.page(viewport=viewport, has_touch=size == "phone")
            reach(Visitor(page, studio.address))
            studio.take(page, f"chat-{size}-{name}")
            page.context.close()


def sign_in(studio: Studio) -> None:
    console = Console(studio.page(), studio.address).go("/console")
    studio.take(console.page, "console-sign-in")
    console.sign_in(PRIYA[1], "not the password")
    expect(console.page.get_by_role("alert").filter(has_text="fit")).to_be_visible()
    studio.take(console.page, "console-sign-in-wrong")


def queue(studio: Studio) -> None:
    for colleague in TEAM:
        signed_in(studio.address, colleague).close_all()
    console = studio.console()
    studio.take(console.page, "console-queue-empty")
    chat = studio.waiting("web-ana", "how long do i have to ask for a refund", "refund machine learning basics please")
    studio.waiting("web-ben", "my course is broken")
    studio.waiting(None, "can i pay with paypal")
    expect(console.line("Ben Okafor")).to_be_visible()
    studio.take(console.page, "console-queue")
    console.key("/")
    console.page.keyboard.type("zzzz")
    expect(console.page.locator("desk-queue")).to_contain_text("Nothing found")
    studio.take(console.page, "console-queue-nothing-found")
    conversation(studio, chat)
    other_eyes(studio, chat)


def conversation(studio: Studio, chat: Chat) -> None:
    id = chat.conversation()["id"]
    console = studio.console(f"/console/c/{id}")
    expect(console.button("Claim")).to_be_visible()
    studio.take(console.page, "console-waiting")
    console.log.locator("details.record > summary").last.click()
    console.log.locator("details.record details > summary").last.click()
    studio.take(console.page, "console-decision-with-trace")
    console.note.fill("Mia, please look at this one. @Mi")
    console.note.press("a")
    studio.take(console.page, "console-note-mention")
    console.note.fill("Ana was here last week, too.")
    console.note.press("Enter")
    console.claim()
    console.write("Hello Ana, I am looking into it.")
    chat.type("thank you! how long does a refund take?")
    expect(console.entries("learner").last).to_contain_text("thank you")
    chat.page.wait_for_timeout(3500)  # it tells that somebody types every three seconds
    chat.input.press_sequentially("and")
    expect(console.talk).to_contain_text("is writing")
    studio.take(console.page, "console-owned")
    for key, name in (("e", "saved-replies"), ("t", "transfer"), ("x", "close"), ("?", "keys")):
        console.key("Escape", key)
        expect(console.dialog).to_be_visible()
        studio.take(console.page, f"console-{name}")
        console.key("Escape")
    decide(studio, console)
    console.page.route("**/messages", lambda route: route.abort())
    console.reply.fill("This one gets lost.")
    console.reply.press("Enter")
    expect(console.log.locator(".pending.failed")).to_be_visible()
    console.page.context.set_offline(True)
    studio.take(console.page, "console-offline-not-sent")


def decide(studio: Studio, console: Console) -> None:
    form = console.learner.locator(".decide")
    if not form.is_visible():
        return
    form.get_by_label("Operation").select_option("refund")
    form.get_by_role("button", name="Decide").click()
    expect(console.learner.locator(".decided")).to_contain_text("Granted")
    studio.take(console.page, "console-decide")
    console.button("Carry out").click()
    studio.take(console.page, "console-carry-out")
    console.key("Escape")


def other_eyes(studio: Studio, chat: Chat) -> None:
    id = chat.conversation()["id"]
    mia = studio.console(f"/console/c/{id}", who=MIA)
    expect(mia.talk).to_contain_text("Only Priya Nair")
    studio.take(mia.page, "console-with-somebody-else")
    phone = studio.console(f"/console/c/{id}", viewport=PHONE)
    expect(phone.reply).to_be_visible()
    studio.take(phone.page, "console-phone-conversation", whole=True)
    phone.page.get_by_role("button", name="Learner", exact=True).click()
    studio.take(phone.page, "console-phone-learner", whole=True)
    phone.go("/console?tab=all")
    expect(phone.queue.get_by_role("listitem").first).to_be_visible()
    studio.take(phone.page, "console-phone-queue")
    guest = studio.console("/console?tab=waiting")
    guest.line("Guest").last.get_by_role("link").click()
    expect(guest.learner).to_contain_text("Nobody is signed in")
    studio.take(guest.page, "console-guest")


def learners(studio: Studio) -> None:
    studio.waiting("web-ben")
    for size, viewport in (("wide", DESKTOP), ("phone", PHONE)):
        console = studio.console("/console/learners", viewport=viewport)
        studio.take(console.page, f"console-{size}-learners")
        for name, q in (("found", "web-"), ("nobody", "zzzz"), ("too-short", "a")):
            console.go(f"/console/learners?q={q}")
            console.page.wait_for_load_state("networkidle")
            studio.take(console.page, f"console-{size}-learners-{name}")
        console.go("/console/learners/web-ana?q=web-")
        expect(console.learner).to_contain_text("web-ana@example.org")
        studio.take(console.page, f"console-{size}-learner", whole=True)
        for operation in ("refund", "delete_account"):
            console.learner.get_by_label("Operation").select_option(operation)
            console.learner.get_by_role("button", name="Decide").click()
            expect(console.learner.locator(".decided")).to_contain_text("Granted")
            studio.take(console.page, f"console-{size}-learner-{operation}", whole=True)
        console.page.route("**/api/v1/staff/learners**", lambda route: route.abort())
        console.go("/console/learners?q=olga")
        expect(console.button("Try again")).to_be_visible()
        studio.take(console.page, f"console-{size}-learners-offline")


def other_pages(studio: Studio) -> None:
    chat = studio.chat(
        "web-nami", "i got married, please change the name on my certificates", "it should be Nami Okafor"
    )
    before = chat.messages("bot").count()
    chat.log.locator(".reply.primary").last.click()
    chat.next_message(before)
    studio.chat(None, "who won the football game yesterday", "what is the weather on mars")
    console = studio.console("/console/cases", who=ADA)
    expect(console.page.locator("desk-cases li").first).to_be_visible()
    studio.take(console.page, "console-cases", whole=True)
    console.button("Decline").first.click()
    studio.take(console.page, "console-cases-decline")
    console.go("/console/insight")
    console.page.wait_for_load_state("networkidle")
    studio.take(console.page, "console-insight", whole=True)
    group = console.page.locator(".groups > details > summary")
    if group.count():
        group.first.click()
        console.button(re.compile("Draft a section")).first.click()
        expect(console.dialog).to_be_visible()
        studio.take(console.page, "console-insight-draft")
    console.go("/console/settings")
    console.page.wait_for_load_state("networkidle")
    studio.take(console.page, "console-settings", whole=True)
    console.button("Set up").click()
    expect(console.dialog).to_be_visible()
    studio.take(console.page, "console-settings-second-step")


SCENES = {scene.__name__: scene for scene in (help_pages, chat, sign_in, queue, learners, other_pages)}


@contextmanager
def desk() -> Iterator[str]:
    """The address of a desk with the browser tests' world and members."""
    if running := os.environ.get("LECTERN_TEST_ADDRESS"):
        yield running
        return
    with tempfile.TemporaryDirectory() as state, Stack({"LECTERN_TESTING": "1", "LECTERN_DEMO": "1"}, state) as stack:
        make_team(stack)
        yield stack.address


def take_for_readme(browser: Browser, address: str, file: Path) -> None:
    as_at_the_start(address)
    page = browser.new_page(viewport={"width": 1360, "height": 820}, reduced_motion="reduce")
    for_the_readme(Visitor(page, address))
    page.wait_for_timeout(300)
    page.screenshot(path=file)


def take_all(browser: Browser, address: str, folder: Path, scenes: Sequence[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        for scene in scenes:
            call("PUT", f"{address}/testing/world", WORLD.read_bytes(), {"Content-Type": "application/yaml"})
            SCENES[scene](Studio(browser, address, folder, theme))
    print(f"The pictures are in {folder}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--only", nargs="+", choices=SCENES, default=list(SCENES))
    parser.add_argument("--readme", type=Path, metavar="FILE", help="only the picture for the README, into this file")
    options = parser.parse_args()
    chromium = find_browser()
    if chromium is None:
        print(MISSING)
        return 1
    with desk() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        if options.readme:
            take_for_readme(browser, address, options.readme)
        else:
            take_all(browser, address, options.folder, options.only)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
