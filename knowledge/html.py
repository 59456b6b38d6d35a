"""Articles as HTML, for the help page. Only the backend imports this: Rasa's environment has no markdown-it."""

from __future__ import annotations

from markdown_it import MarkdownIt

# Raw HTML stays text: an article, or a message shown with the same function, can never bring its own markup.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


def to_html(markdown: str) -> str:
    """The Markdown, already rendered with its parameters, as HTML without any raw HTML of its own."""
    return _MARKDOWN.render(markdown)
