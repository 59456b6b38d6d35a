"""Pictures of every page and state of the help centre and the chat, to be looked at: light, dark and on a phone.

    python -m tools.screenshots                      starts a desk with the demo world; pictures in results/screenshots
    python -m tools.screenshots --only refund home   some of them
    python -m tools.screenshots --readme docs/desk.png
    python -m tools.screenshots --address http://127.0.0.1:8080    a desk in demo mode that runs already

A desk that runs already and has no testing surface needs its demo learners as they were at the start.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from desk.browser import MISSING, find_browser
from desk.stack import Stack

ROOT = Path(__file__).resolve().parent.parent
WORLD = ROOT / "demo" / "world.yml"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
DEVICES = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light", "has_touch": True},
}
ANSWER_MS = 20_000


class Visitor:
    """Somebody at the desk."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.panel = page.get_by_role("region", name="Chat with Lectern")

    def go(self, path: str) -> None:
        self.page.goto(self.address + path, wait_until="networkidle")

    def be(self, learner: str, path: str = "/help") -> None:
        """Choose a demo learner on the front page, then read on elsewhere with the chat open."""
        self.go("/help")
        more = self.page.get_by_role("button", name="Show all")
        if more.is_visible():
            more.click()
        self.page.locator(f"[data-learner={learner}]").click()
        expect(self.panel).to_contain_text("Signed in as", timeout=ANSWER_MS)
        if path != "/help":
            self.go(path)
            self.open()

    def open(self) -> None:
        """Open the chat, unless it is."""
        launcher = self.page.locator("lectern-chat .launcher")
        if launcher.is_visible():
            launcher.click()
        expect(self.panel.locator(".entry.bot").first).to_be_visible(timeout=ANSWER_MS)

    def say(self, text: str) -> None:
        field = self.panel.get_by_role("textbox", name="Your message")
        field.fill(text)
        self._answered(lambda: field.press("Enter"))

    def press(self, title: str) -> None:
        button = self.panel.locator(".entry").get_by_role("button", name=title).last
        self._answered(button.click)

    def _answered(self, act: Callable[[], None]) -> None:
        answers = self.panel.locator(".entry.bot, .entry.system")
        before = answers.count()
        act()
        expect(answers.nth(before)).to_be_visible(timeout=ANSWER_MS)
        self.page.wait_for_timeout(300)


def page_of(path: str) -> Callable[[Visitor], None]:
    return lambda visitor: visitor.go(path)


def suggestions(visitor: Visitor) -> None:
    visitor.go("/help")
    visitor.page.get_by_role("combobox").press_sequentially("how do i get my certif")
    visitor.page.get_by_role("option").first.wait_for()
    visitor.page.keyboard.press("ArrowDown")


def greeting(visitor: Visitor) -> None:
    visitor.go("/help")
    visitor.open()


def answer(visitor: Visitor) -> None:
    greeting(visitor)
    visitor.say("how long do i have to ask for a refund?")


def refund(visitor: Visitor) -> None:
    visitor.be("ana", "/help/request-a-refund")
    visitor.say("i want my money back for machine lerning basics")


def refunded(visitor: Visitor) -> None:
    refund(visitor)
    visitor.press("Refund")


def mails(visitor: Visitor) -> None:
    refunded(visitor)
    visitor.page.wait_for_timeout(1500)
    visitor.page.keyboard.press("Escape")
    visitor.go("/demo/mails/ana")


def refused(visitor: Visitor) -> None:
    visitor.be("dana")
    visitor.say("I'd like a refund")


def diagnosis(visitor: Visitor) -> None:
    visitor.be("oskar")
    visitor.say("why don't i have my certificate?")


def password(visitor: Visitor) -> None:
    visitor.be("noor")
    visitor.say("delete my account")
    visitor.press("Delete my account")


def waiting(visitor: Visitor) -> None:
    visitor.be("tara")
    visitor.press("Talk to a person")


def application(visitor: Visitor) -> None:
    visitor.be("ana")
    visitor.say("i want to apply for financial aid for machine learning basics")


def report(visitor: Visitor) -> None:
    visitor.be("ana")
    visitor.say("i want to report a problem")


def menu(visitor: Visitor) -> None:
    visitor.be("ana")
    visitor.say("how long do i have to ask for a refund?")
    visitor.panel.get_by_label("More to do").click()


def by_mail(visitor: Visitor) -> None:
    menu(visitor)
    visitor.panel.get_by_role("button", name="E-mail me this conversation").click()


def mailed(visitor: Visitor) -> None:
    by_mail(visitor)
    visitor.panel.get_by_role("button", name="Send", exact=True).click()
    expect(visitor.panel).to_contain_text("Sent to")


def earlier(visitor: Visitor) -> None:
    menu(visitor)
    visitor.panel.get_by_role("button", name="Start a new conversation").first.click()
    expect(visitor.panel.locator(".entry.learner")).to_have_count(0)
    visitor.panel.get_by_label("More to do").click()
    visitor.panel.get_by_role("button", name="Earlier conversations").click()
    expect(visitor.panel.locator(".sheet .reply").first).to_be_visible()


def one_earlier(visitor: Visitor) -> None:
    earlier(visitor)
    visitor.panel.locator(".sheet .reply").first.click()
    expect(visitor.panel.locator(".sheet .entry.learner").first).to_be_visible()


def failed(visitor: Visitor) -> None:
    greeting(visitor)

    def lose(route: Route) -> None:
        route.abort()

    visitor.page.route("**/messages", lose)
    visitor.panel.get_by_role("textbox", name="Your message").fill("This one gets lost on the way")
    visitor.page.keyboard.press("Enter")
    expect(visitor.panel).to_contain_text("Not sent")


def offline(visitor: Visitor) -> None:
    answer(visitor)
    visitor.page.context.set_offline(True)
    visitor.panel.get_by_role("textbox", name="Your message").fill("I am in a tunnel")
    visitor.page.keyboard.press("Enter")
    expect(visitor.panel).to_contain_text("You are offline")


PICTURES: dict[str, Callable[[Visitor], None]] = {
    "home": page_of("/help"),
    "topic": page_of("/help/topics/payments"),
    "article": page_of("/help/request-a-refund"),
    "search": page_of("/search?q=refund+certificate"),
    "nothing-found": page_of("/search?q=qqqq"),
    "not-found": page_of("/help/no-such-page"),
    "suggestions": suggestions,
    "greeting": greeting,
    "answer": answer,
    "refund": refund,
    "refused": refused,
    "diagnosis": diagnosis,
    "password": password,
    "waiting": waiting,
    "application": application,
    "report": report,
    "menu": menu,
    "by-mail": by_mail,
    "mailed": mailed,
    "earlier": earlier,
    "one-earlier": one_earlier,
    "failed": failed,
    "offline": offline,
    "refunded": refunded,
    "mails": mails,
}
WHOLE_PAGE = {"home", "article"}


def as_at_the_start(address: str) -> None:
    """The demo's learners as their file has them; a desk without the testing surface keeps them as they are."""
    request = Request(
        f"{address}/testing/world", WORLD.read_bytes(), {"Content-Type": "application/yaml"}, method="PUT"
    )
    try:
        urlopen(request, timeout=60).close()
    except HTTPError as error:
        if error.code != 404:
            raise


def take(browser: Browser, address: str, name: str, device: str, file: Path) -> None:
    """One picture."""
    as_at_the_start(address)
    context = browser.new_context(**DEVICES[device], reduced_motion="reduce")
    visitor = Visitor(context.new_page(), address)
    PICTURES[name](visitor)
    file.parent.mkdir(parents=True, exist_ok=True)
    visitor.page.wait_for_timeout(300)
    visitor.page.screenshot(path=file, full_page=name in WHOLE_PAGE)
    context.close()


def take_for_readme(browser: Browser, address: str, file: Path) -> None:
    """The help page with the chat at work."""
    as_at_the_start(address)
    context = browser.new_context(viewport={"width": 1360, "height": 820}, reduced_motion="reduce")
    visitor = Visitor(context.new_page(), address)
    refund(visitor)
    # The end of the offer, where its buttons are, and nothing blinking.
    visitor.panel.locator(".scroller").evaluate("node => node.scrollTo(0, node.scrollHeight)")
    visitor.panel.locator(".scroller").evaluate("node => node.getRootNode().activeElement?.blur()")
    visitor.page.wait_for_timeout(300)
    file.parent.mkdir(parents=True, exist_ok=True)
    visitor.page.screenshot(path=file)
    context.close()


@contextmanager
def desk(address: str | None) -> Iterator[str]:
    """A desk in demo mode: the one at `address`, or one of our own that is gone afterwards."""
    if address:
        yield address.rstrip("/")
        return
    with tempfile.TemporaryDirectory() as state:
        stack = Stack({"LECTERN_DEMO": "1"}, state)
        with stack:
            yield stack.address


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", help="a desk in demo mode that runs already")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "screenshots")
    parser.add_argument("--only", nargs="+", choices=PICTURES, default=list(PICTURES))
    parser.add_argument("--devices", nargs="+", choices=DEVICES, default=list(DEVICES))
    parser.add_argument("--readme", type=Path, help="only the picture for the README, into this file")
    options = parser.parse_args()
    chromium = find_browser()
    if chromium is None:
        print(MISSING, file=sys.stderr)
        return 1
    with desk(options.address) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        if options.readme:
            take_for_readme(browser, address, options.readme)
            return 0
        for name in (name for name in PICTURES if name in options.only):
            for device in options.devices:
                take(browser, address, name, device, options.out / f"{name}-{device}.png")
                print(f"{name}-{device}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
