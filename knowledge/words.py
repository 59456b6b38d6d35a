"""Words for searching: what counts as one, and which of them are the same."""

from __future__ import annotations

import re
import unicodedata

_LINK_TARGET = re.compile(r"\]\([^)\s]*\)")
_APOSTROPHE = re.compile(r"(?<=\w)['\u2019`\u00b4](?=\w)")
# "re-enroll", "e-mail" and "pre-pay" are also written in one word; longer first parts are words of their own.
_SHORT_PREFIX = re.compile(r"\b([a-z]{1,3})-(?=[a-z])")
_WORD = re.compile(r"[a-z0-9]+")

_COMMON = """
a about after all also am an and any are as at be because been before being but by can cant could couldnt did do does
doesnt doing dont for from get got had has have having he help hi hello hey her here him his how i id if ill im in
into is isnt it its ive just like me my need no not now of off ok on one or our out please pls plz she should so some
tell than thank thanks that the their them then there these they this those to too up us very want was wasnt we well
were what whats when where wheres which while who whos why will with wont would wouldnt you your
"""
# Too common in questions to tell two answers apart.
STOP_WORDS = frozenset(_COMMON.split())


def plain_words(text: str) -> list[str]:
    """The words in lower case, without accents, apostrophes and the targets of links."""
    text = _APOSTROPHE.sub("", _LINK_TARGET.sub("] ", text))
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _WORD.findall(_SHORT_PREFIX.sub(r"\1", text))


def telling_words(text: str) -> list[str]:
    """The words that say what a text is about."""
    return [word for word in plain_words(text) if word not in STOP_WORDS]


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
