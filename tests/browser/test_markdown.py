"""The widget's Markdown: what becomes an element, and that nothing else does."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.driver import Chat

RENDER = """async ([text, breaks]) => {
  const { renderMarkdown } = await import('/static/chat/markdown.js');
  const node = document.createElement('div');
  node.append(renderMarkdown(text, location.origin + '/', breaks));
  for (const each of node.querySelectorAll('[dir]')) each.removeAttribute('dir');
  return node.innerHTML.replaceAll(location.origin, '');
}"""

CASES = {
    "a paragraph": ("Hello there", "<p>Hello there</p>"),
    "two paragraphs": ("One\n\n\nTwo", "<p>One</p><p>Two</p>"),
    "a wrapped line": ("One\ntwo", "<p>One two</p>"),
    "bold and italic": ("**bold** and *it*", "<p><strong>bold</strong> and <em>it</em></p>"),
    "bold in a link": ("[**x**](/help/a#b)", '<p><a href="/help/a#b"><strong>x</strong></a></p>'),
    "code keeps its stars": ("`**x**`", "<p><code>**x**</code></p>"),
    "stars that are no marks": ("2 * 3 * 4 and **", "<p>2 * 3 * 4 and **</p>"),
    "signs that are escaped": (r"**C\*\* \[1\]** \` \\", "<p><strong>C** [1]</strong> ` \\</p>"),
    "a backslash before anything else": (r"C:\new", r"<p>C:\new</p>"),
    "a list": ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
    "a list after a line": ("Do:\n- a\n- b", "<p>Do:</p><ul><li>a</li><li>b</li></ul>"),
    "numbers that start later": ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
    "a wrapped item": ("1. a\n   b\n2. c", "<ol><li>a b</li><li>c</li></ol>"),
    "items set apart": ("1. a\n\n2. b", "<ol><li>a</li><li>b</li></ol>"),
    "https": (
        "[x](https://example.org/)",
        '<p><a href="https://example.org/" target="_blank" rel="noopener noreferrer">x</a></p>',
    ),
    "markup": ("<b>x</b><script>1</script>", "<p>&lt;b&gt;x&lt;/b&gt;&lt;script&gt;1&lt;/script&gt;</p>"),
    "a script address": ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
    "a hidden script address": ("[x](\tjavascript:alert`1`)", "<p>[x](\tjavascript:alert<code>1</code>)</p>"),
    "a data address": ("[x](data:text/html,hi)", "<p>[x](data:text/html,hi)</p>"),
    "plain http elsewhere": ("[x](http://example.org/)", "<p>[x](http://example.org/)</p>"),
    "an address without a scheme": ("[x](//example.org/)", "<p>[x](//example.org/)</p>"),
    "quotes in an address": ('[x](/a"onclick="b)', '<p><a href="/a%22onclick=%22b">x</a></p>'),
}


@pytest.fixture(scope="module")
def shared_page(browser: object, desk_address: str) -> Page:
    page = browser.new_page()
    page.goto(f"{desk_address}/help")
    return page


@pytest.mark.parametrize("name", CASES)
def test_markdown_becomes_elements(name: str, shared_page: Page) -> None:
    text, html = CASES[name]
    assert shared_page.evaluate(RENDER, [text, False]) == html


def test_what_a_person_typed_keeps_its_lines(shared_page: Page) -> None:
    assert shared_page.evaluate(RENDER, ["One\ntwo", True]) == "<p>One<br>two</p>"


def test_a_long_hostile_text_is_rendered_in_no_time(chat: Chat) -> None:
    chat.page.goto(f"{chat.address}/help")
    text = "[" * 2000 + "**" * 1000 + "`" * 999
    took = chat.page.evaluate(
        "async text => { const { renderMarkdown } = await import('/static/chat/markdown.js');"
        " const start = performance.now(); renderMarkdown(text, location.href); return performance.now() - start; }",
        text,
    )
    assert took < 1000
