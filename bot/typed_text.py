"""Makes what a person typed safe to hand to Rasa.

Rasa takes any text that begins with `/`, once surrounding white space is gone, for an intent with entities and a
confidence of the writer's choosing (`/do_refund@1.0{"payment": "x"}`), and `/restart` even ends a pause. A learner's
words must never be able to do that, so whatever could stand before or look like that slash is taken off the front.
"""

from __future__ import annotations

import unicodedata

MAX_CHARACTERS = 4000
# Understanding needs the beginning of a message; a sentence model reads 128 word pieces at most.
NOTHING_SAID = "?"

# Every code point that is, folds to, or is drawn like a slash.
_SLASHES = frozenset(
    "/\\\u00f7\u0338\u2044\u2215\u2571\u27cb\u29f8\u29f5\u2afd\u2afb\u3033\uff0f\uff3c\ufe68\u1735\u2cc6"
)


def neutralise(text: str) -> str:
    """The text as Rasa may see it: no lone surrogates or control characters, at most MAX_CHARACTERS, never a command.

    Never empty: a message without anything left in it becomes NOTHING_SAID.
    """
    kept = "".join(" " if unicodedata.category(character) in _UNSEEN else character for character in text)
    words = " ".join(kept[:MAX_CHARACTERS].split())
    start = 0
    while start < len(words) and _may_hide_a_command(words[start]):
        start += 1
    return words[start:] or NOTHING_SAID


# Control, format (zero-width, direction marks), surrogate, private use and unassigned characters.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def _may_hide_a_command(character: str) -> bool:
    """White space, combining marks and anything that is a slash after compatibility folding."""
    return (
        character.isspace()
        or character in _SLASHES
        or unicodedata.category(character).startswith("M")
        or unicodedata.normalize("NFKC", character).strip()[:1] in _SLASHES | {""}
    )
