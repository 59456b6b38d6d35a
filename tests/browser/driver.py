"""What a person does with the chat, and what the desk's testing surface does for the tests."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from playwright.sync_api import Locator, Page, expect

# A turn goes through Rasa; on a busy machine that takes a while.
ANSWER_MS = 20_000

AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def call(method: str, address: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    """The JSON answer of one request; raises for a status of 400 and above."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
    request = Request(address, data, {"Content-Type": "application/json", **(headers or {})}, method=method)
    with urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


@dataclass
class Chat:
    """The widget on a page."""

    page: Page
    address: str

    def open(self, path: str = "/help", *, learner: str | None = None) -> Chat:
        """Go to a page, sign in there if a learner is given, and open the chat."""
        self.page.goto(self.address + path)
        if learner:
            self.identify(learner)
        self.launcher.click()
        expect(self.messages("bot").first).to_be_visible(timeout=ANSWER_MS)
        return self

    def identify(self, learner: str) -> None:
        """What a platform's page does for a signed-in learner."""
        identity = call("POST", f"{self.address}/testing/identity", {"learner": learner})["identity"]
        self.page.evaluate(
            "async jwt => { await customElements.whenDefined('lectern-chat'); await window.chat.identify(jwt); }",
            identity,
        )

    def sign_out(self) -> None:
        self.page.evaluate("document.getElementById('chat').signOut()")

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("region", name="Chat with Lectern")

    @property
    def launcher(self) -> Locator:
        return self.page.locator("lectern-chat .launcher")

    @property
    def input(self) -> Locator:
        return self.panel.get_by_role("textbox", name="Your message")

    @property
    def log(self) -> Locator:
        return self.panel.get_by_role("log")

    def messages(self, author: str) -> Locator:
        """All messages of learner, bot, agent or system."""
        return self.log.locator(f".entry.{author}")

    def button(self, title: str | re.Pattern[str]) -> Locator:
        """The newest button with that title."""
        return self.log.get_by_role("button", name=title).last

    def type(self, text: str) -> None:
        self.input.fill(text)
        self.input.press("Enter")

    def say(self, text: str) -> Locator:
        """Send it and wait for what comes back: the newest of the desk's messages."""
        before = self.messages("bot").count()
        self.type(text)
        return self.next_message(before)

    def press(self, title: str | re.Pattern[str]) -> Locator:
        """Press the newest button of that name and wait for what comes back."""
        before = self.messages("bot").count()
        self.button(title).click()
        return self.next_message(before)

    def next_message(self, before: int) -> Locator:
        expect(self.messages("bot").nth(before)).to_be_visible(timeout=ANSWER_MS)
        return self.messages("bot").last

    def conversation(self) -> dict[str, Any]:
        """What the browser keeps of the conversation: `{"id", "token", …}`."""
        kept = self.page.evaluate("Object.entries(localStorage).find(([key]) => key.startsWith('lectern:http'))?.[1]")
        return json.loads(kept) if kept else {}

    def transcript(self) -> list[dict[str, Any]]:
        """The desk's own record of the conversation."""
        kept = self.conversation()
        address = f"{self.address}/api/v1/conversations/{kept['id']}/messages?after=0"
        return call("GET", address, headers={"Authorization": f"Bearer {kept['token']}"})["messages"]
