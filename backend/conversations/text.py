"""What people may send as text, and what is kept of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from backend.errors import BadInput, TooLarge

# Controls that mean nothing in a message (all but newline and tab), and characters that reorder or hide the text.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]")
_BLANK_LINES = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """The text in Unicode's composed form, without controls; halves of characters become the replacement sign."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _BLANK_LINES.sub("\n\n", _CONTROLS.sub("", unicodedata.normalize("NFC", text))).strip()


def message_text(value: object, longest: int) -> str:
    """A message as it may be kept. Raises BadInput when there is none, TooLarge beyond `longest` characters."""
    if not isinstance(value, str):
        raise BadInput("Expected your message as text.", field="text")
    if len(value) > longest:
        raise TooLarge(
            f"That message has {len(value):,} characters; please keep it under {longest:,}, or send it in parts.",
            code="message_too_long",
            field="text",
        )
    text = clean(value)
    if not text:
        raise BadInput("That message is empty. What would you like to know?", field="text")
    return text


def form_values(form: Mapping[str, str | bool], longest: int) -> dict[str, str | bool]:
    """A form's values as they may be kept: texts cleaned. Raises TooLarge for one beyond `longest` characters."""
    for name, value in form.items():
        if isinstance(value, str) and len(value) > longest:
            raise TooLarge(
                f"That answer has {len(value):,} characters; please keep it under {longest:,}.",
                code="message_too_long",
                field=f"form.{clean(name)[:100]}",
            )
    return {clean(name): clean(value) if isinstance(value, str) else value for name, value in form.items()}
