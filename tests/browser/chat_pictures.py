"""States of the chat for the pictures (`tests/browser/screenshots.py`), each reached by a visitor of the demo."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.browser.console import ROOT
from tests.browser.driver import ANSWER_MS, call


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
    scene.__name__.replace("_", "-"): scene
    for scene in (
        suggestions, greeting, answer, refund, refused, diagnosis, password, waiting, application, report, menu,
        by_mail, mailed, earlier, one_earlier, failed, offline, refunded, mails,
    )
}  # fmt: skip


def as_at_the_start(address: str) -> None:
    """The demo's learners as their file has them."""
    world = (ROOT / "demo" / "world.yml").read_bytes()
    call("PUT", f"{address}/testing/world", world, {"Content-Type": "application/yaml"})


def for_the_readme(visitor: Visitor) -> None:
    """The help page with the chat at work: the end of the offer, where its buttons are, and nothing blinking."""
    refund(visitor)
    visitor.panel.locator(".scroller").evaluate("node => node.scrollTo(0, node.scrollHeight)")
    visitor.panel.locator(".scroller").evaluate("node => node.getRootNode().activeElement?.blur()")
