"""Words for searching: what counts as one, and which of them are the same."""

from __future__ import annotations

import re
import unicodedata

_LINK_TARGET = re.compile(r"\]\([^)\s]*\)")
_APOSTROPHE = re.compile(r"(?<=\w)['\u2019`\u00b4](?=\w)")
# "re-enroll", "e-mail" and "log-in" are also written in one word; other first parts are words of their own.
_PREFIX = re.compile(r"\b(re|pre|un|de|e|co|non|log)-(?=[a-z])")
_WORD = re.compile(r"[a-z0-9]+")

_EVERYWHERE = """
a an and are as at be by do for hello hey hi i im in is it its me my of on or please pls plz so thank thanks that
the this to was we you your
"""
_SHAPING = """
about after all also am any because been before being but can cant could couldnt did does doesnt doing dont from get
got had has have having he help her here him his how id if ill into isnt ive just like need no not now off ok one
our out she should some tell than their them then there these they those too up us very want wasnt well were what
whats when where wheres which while who whos why will with wont would wouldnt
"""
# In every question: they tell nothing.
EMPTY_WORDS = frozenset(_EVERYWHERE.split())
# They tell "how do I" from "why can't I", but alone find nothing.
SHAPING_WORDS = frozenset(_SHAPING.split())


def plain_words(text: str) -> list[str]:
    """The words in lower case, without accents, apostrophes and the targets of links."""
    text = _APOSTROPHE.sub("", _LINK_TARGET.sub("] ", text))
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _WORD.findall(_PREFIX.sub(r"\1", text))


def search_words(text: str) -> list[str]:
    """The words that are worth comparing, in their order."""
    return [word for word in plain_words(text) if word not in EMPTY_WORDS]


def stem(word: str) -> str:
    """What forms of a word share: cancel, cancels, canceled, cancelling. Crude, but the same for text and query."""
    if word.isdigit() or len(word) < 4:
        return word
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if word.endswith("e") and len(word) > 3:
        word = word[:-1]
    # British "enrol" and "cancelling" meet American "enroll" and "canceling".
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word


def skeleton(word: str) -> str:
    """What survives the commonest misspellings: the first letter, and the consonants in any order, each run once."""
    consonants = re.sub(r"[aeiou]", "", word[1:].replace("z", "s"))
    return word[:1] + "".join(sorted(re.sub(r"(.)\1+", r"\1", consonants)))
