"""A takeover with a real browser at the learner's end. Without a Chromium the test is skipped and says so."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from desk.browser import MISSING, find_browser
from tests.slack.office import Office, Person

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


async def _shown(holds: Any) -> None:
    for _ in range(300):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen")


async def test_a_learner_in_the_browser_and_a_colleague_in_slack_talk_with_each_other(office: Office) -> None:
    chromium = find_browser()
    if chromium is None:
        pytest.skip(MISSING)
    sam = await office.colleague("Sam")
    office.desk.services.clock.set(None)
    await office.side.start()
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            await _talk(await browser.new_page(), office, sam)
            await browser.close()
    finally:
        await office.side.stop()


async def _talk(page: Page, office: Office, sam: Person) -> None:
    page.set_default_timeout(20_000)
    await page.goto(office.desk.url("/help"))
    await page.evaluate(
        "async jwt => { await customElements.whenDefined('lectern-chat'); await window.chat.identify(jwt); }",
        office.desk.identity("ana"),
    )
    await page.locator("lectern-chat .launcher").click()
    panel = page.get_by_role("region", name="Chat with Lectern")
    log, box = panel.get_by_role("log"), panel.get_by_role("textbox", name="Your message")

    async def write(text: str) -> None:
        await box.fill(text)
        await box.press("Enter")

    await expect(log.locator(".entry.bot").first).to_be_visible(timeout=20_000)
    await write("Please let me talk to a person")
    await _shown(lambda: [root for root in office.slack.roots("C0SUPPORT") if "Waiting" in str(root)])
    card = office.card("Waiting")

    await sam.press(card, "lectern_claim")
    await expect(log).to_contain_text("Sam has joined", timeout=20_000)
    await write("Hello Sam, are you <b>there</b>?")
    await _shown(lambda: "Hello Sam" in office.thread_text(card))

    await sam.message("she sounds upset, be gentle", card)
    await sam.message("/reply I am here, Ana.", card)
    await expect(log.locator(".entry.agent").last).to_contain_text("I am here, Ana.", timeout=20_000)
    await sam.press(card, "lectern_reply")
    await _shown(lambda: office.slack.views)
    await sam.submit(office.slack.views[-1], "Anything else?")
    await expect(log.locator(".entry.agent").last).to_contain_text("Anything else?", timeout=20_000)
    await sam.press(card, "lectern_close")
    await expect(log).to_contain_text(re.compile("Sam has closed"), timeout=20_000)
    assert "upset" not in await log.inner_text()
    await _shown(lambda: "Closed" in str(card["blocks"]))
