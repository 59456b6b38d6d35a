"""What a member of staff does with the console, for the tests and the screenshots."""

from __future__ import annotations

import functools
import json
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, Request, build_opener

from playwright.sync_api import Locator, Page, Response, expect

from desk.stack import Stack
from tests.browser.driver import ANSWER_MS

# Two browsers, Rasa and the desk share the machine: what is waited for may take a while.
expect.set_options(timeout=30_000)
ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a long password for tests"
# Name, address, role.
PRIYA = ("Priya Nair", "priya@example.org", "agent")
MIA = ("Mia Berg", "mia@example.org", "supervisor")
ADA = ("Ada Okoye", "ada@example.org", "admin")
TEAM = (PRIYA, MIA, ADA)


@functools.cache
def make_team(stack: Stack) -> None:
    """Members of staff, once a desk."""
    for name, email, role in TEAM:
        command = [sys.executable, "-m", "backend", "create-staff", email, "--name", name, "--role", role]
        subprocess.run(
            command,
            input=PASSWORD + "\n",
            text=True,
            env=stack.env,
            cwd=ROOT,
            capture_output=True,
            timeout=60,
            check=True,
        )


def forget_consoles(stack: Stack) -> None:
    """As if no console had ever been open. Their pages have been closed; what they still say is waited for."""
    time.sleep(0.5)
    with closing(sqlite3.connect(stack.state / "lectern.db", timeout=30)) as database, database:
        database.execute("DELETE FROM staff_seen")


@dataclass
class StaffApi:
    """A member over the staff API, for what a test needs to have happened."""

    address: str
    email: str = PRIYA[1]
    csrf: str = ""

    def __post_init__(self) -> None:
        self.jar = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.jar))
        self.csrf = self.call("POST", "/session", {"email": self.email, "password": PASSWORD})["csrf"]

    @property
    def cookie(self) -> str:
        return next(cookie.value or "" for cookie in self.jar)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json", "X-CSRF-Token": self.csrf, "Origin": self.address}
        data = json.dumps(body or {}).encode() if method != "GET" else None
        request = Request(f"{self.address}/api/v1/staff{path}", data, headers, method=method)
        with self.opener.open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"{}")

    def put_down(self) -> None:
        """Close what this member has: a silent claim would return to the queue in the middle of another test."""
        for line in self.call("GET", "/conversations?state=agent&assignee=me")["conversations"]:
            self.call("POST", f"/conversations/{line['id']}/close")

    def close_all(self) -> None:
        """Nobody waits and this member has nothing, as at the beginning of a day."""
        for line in self.call("GET", "/conversations?state=queued")["conversations"]:
            self.call("POST", f"/conversations/{line['id']}/claim")
        self.put_down()


@functools.cache
def signed_in(address: str, who: tuple[str, str, str]) -> StaffApi:
    """One session a member for the whole run."""
    return StaffApi(address, who[1])


def _is_sign_in(answer: Response) -> bool:
    return answer.request.method == "POST" and answer.url.endswith("/api/v1/staff/session")


@dataclass
class Console:
    """The console in a browser."""

    page: Page
    address: str

    def open(self, path: str = "/console", *, who: tuple[str, str, str] = PRIYA) -> Console:
        """Go there as somebody who has signed in before: there are limits to how often one may."""
        cookie = signed_in(self.address, who).cookie
        self.page.context.add_cookies([{"name": "lectern_staff", "value": cookie, "url": self.address}])
        self.page.goto(self.address + path)
        expect(self.bar).to_contain_text(who[0])
        expect(self.page.locator("desk-sign-in")).to_have_count(0)
        return self

    def sign_in(self, email: str, password: str) -> int:
        """The status it was answered with."""
        return self._tried({"E-mail address": email, "Password": password})

    def enter_code(self, code: str) -> int:
        """The second step; the status."""
        return self._tried({"Code from your authenticator app": code})

    def _tried(self, fields: dict[str, str]) -> int:
        """All browsers here have one address: when the desk says that is too often, wait as told and try again."""
        while True:
            for label, value in fields.items():
                self.page.get_by_label(label).fill(value)
            with self.page.expect_response(_is_sign_in) as answered:
                self.page.keyboard.press("Enter")
            if answered.value.status != 429:
                return answered.value.status
            self.page.wait_for_timeout(1000 * int(answered.value.headers["retry-after"]))

    def show(self, conversation: str, tab: str = "all") -> Console:
        """Open a conversation by its address, without loading the page anew."""
        self.page.evaluate(
            "address => { history.pushState(null, '', address); window.dispatchEvent(new Event('lectern:route')); }",
            f"/console/c/{conversation}?tab={tab}",
        )
        expect(self.heading).not_to_have_text("…", timeout=ANSWER_MS)
        return self

    def go(self, path: str) -> Console:
        self.page.goto(self.address + path)
        return self

    def key(self, *keys: str) -> Console:
        for key in keys:
            self.page.keyboard.press(key)
        return self

    @property
    def bar(self) -> Locator:
        return self.page.locator("#bar")

    @property
    def queue(self) -> Locator:
        return self.page.get_by_role("list", name="Conversations")

    def line(self, text: str | re.Pattern[str]) -> Locator:
        return self.queue.get_by_role("listitem").filter(has_text=text)

    @property
    def talk(self) -> Locator:
        return self.page.locator("desk-conversation .talk")

    @property
    def heading(self) -> Locator:
        return self.talk.get_by_role("heading", level=2)

    @property
    def state(self) -> Locator:
        return self.talk.locator(".state-line")

    @property
    def problem(self) -> Locator:
        return self.talk.locator(".head .problem")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log", name="Conversation")

    def entries(self, kind: str) -> Locator:
        """All of learner, bot, agent, system or note."""
        return self.log.locator(f".entry.{kind}")

    @property
    def reply(self) -> Locator:
        return self.page.get_by_role("textbox", name="Reply to the learner")

    @property
    def note(self) -> Locator:
        return self.page.get_by_role("textbox", name="Private note")

    @property
    def learner(self) -> Locator:
        return self.page.get_by_role("complementary", name="Learner")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name)

    def claim(self) -> Console:
        self.button("Claim").click()
        expect(self.state).to_contain_text("Yours", timeout=ANSWER_MS)
        return self

    def write(self, text: str) -> Locator:
        """Send it and wait until the desk has it."""
        before = self.entries("agent").count()
        self.reply.fill(text)
        self.reply.press("Enter")
        sent = self.entries("agent").nth(before)
        expect(sent).to_contain_text(text, use_inner_text=True)
        expect(self.log.locator(".pending")).to_have_count(0)
        return sent
