"""What counts as a plain yes, and what only asks for a moment.

A model's guess is good enough to route a turn, not to move money.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from backend.operations.matching import words_of

_YES = frozenset(
    (
        "y yes yeah yea yep yup yah ya yas ye sure ok okay okey k oki alright fine confirm confirmed agree agreed "
        "affirmative absolutely definitely certainly correct right exactly proceed go do please pls plz send "
        "submit accept approved approve perfect great good indeed totally course si sim oui ja да"
    ).split()
)
# Words that may stand around a yes without changing it.
_AROUND = frozenset(
    (
        "i im am it this that one make the a an my me you we lets let with ahead now so just as of all and to for want "
        "would will be like thank thanks you very much sir madam mate dear friend please pls plz kindly hi hello one "
        "hey there fine is s thats everything everyone quickly asap immediately today really hundred percent 100 "
        "sounds works happy back money"
    ).split()
)
_SIGNS = ("👍", "✅", "👌", "🙏", "💯", "😀", "😊", "🙂", "!", ".", ",")


def is_plain_yes(text: str, about: Iterable[str] = ()) -> bool:
    """Whether every word is a yes, politeness, or a name of what was asked (`about`); one of them has to be a yes.

    A question, a condition, a no or another name anywhere makes it something else.
    """
    if "?" in text:
        return False
    said = [_shortened(word) for word in words_of(text)]
    if not said:
        return any(sign in text for sign in _SIGNS[:6])
    named = {_shortened(word) for name in about for word in words_of(name)}
    yes, around = {_shortened(word) for word in _YES}, {_shortened(word) for word in _AROUND}
    return any(word in yes or word in named for word in said) and all(word in yes | around | named for word in said)


# An operation said once more with "it" is a yes to its offer: "refund it". "Cancel it" is not: it may mean the offer.
_SAID_AGAIN = {"refund": "refund give back", "unenroll": "unenroll unenrol leave drop"}
_OBJECTS = ("amount", "payment", "course", "whole", "full")
_SEVERAL = frozenset("all both everything".split())
_POINTING = frozenset("it that".split())
_CURRENCIES = {
    "USD": "dollar dollars usd bucks",
    "EUR": "euro euros eur",
    "GBP": "pound pounds gbp",
    "INR": "rupee rupees inr",
    "JPY": "yen jpy",
}
# "Will you refund it" asks, also without its sign.
_ASKED = re.compile(r"^\W*(?:will|would|can|could|do|does|did|is|are|am|may|shall|should)\b", re.I)


def agrees_to(text: str, operation: str, facts: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a text says the open offer once more: "refund it", "yes please refund the 89 dollars".

    `facts` are the values of the offer's reasons: the amount and the title that may be named. Any other amount, title
    or "other one" makes it something else; so does a wish that names neither the amount nor "it" and says no yes.
    """
    if "?" in text or _ASKED.match(text):
        return False
    said = words_of(text)
    amounts, titles = set(), set()
    for values in facts:
        titles |= set(words_of(str(values.get("title", ""))))
        amount = values.get("amount")
        if isinstance(amount, Mapping):
            whole = str(amount["amount"])
            amounts |= {whole, whole.removesuffix(".00")}
            titles |= set(_CURRENCIES.get(amount["currency"], amount["currency"].casefold()).split())
    verbs = set(_SAID_AGAIN.get(operation, "").split())
    known = {_shortened(word) for word in (*_YES, *_AROUND, *titles, *verbs, *_OBJECTS)}
    is_said_again = bool(verbs & set(said)) and not _SEVERAL & set(said)
    if not is_said_again or not all(word in amounts or _shortened(word) in known for word in said):
        return False
    is_yes = any(word in _YES and word not in _NO_YES_HERE for word in said)
    return is_yes or bool(amounts & set(said)) or (bool(_POINTING & set(said)) and len(said) <= _FEW)


_FEW = 6
# Of words that may be a yes by themselves, those that are not one beside a wish: "refund my course please".
_NO_YES_HERE = frozenset("please pls plz course send submit do go".split())
_WAITS = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|well|oh|so|just|please|pls|sorry)\W+)*"
    r"(?:h+m+|u+h*m+|e+r+m*|uh+|"
    r"wait|hold on|hang on|brb|not yet|"
    r"(?:wait |give me |gimme |hold on |just )*(?:a|one|1|two|another)\s*(?:moment|minute|min|sec(?:ond)?|mo)|"
    r"(?:let me|i(?:'?ll| will| have to| need to| must| want to)) (?:think|check|see|look)"
    r"(?: (?:about|on|over|into) (?:it|that|this))?|"
    r"i(?:'?m| am) (?:thinking|not sure(?: yet)?|checking)|bear with me|(?:give me|need) (?:some )?time)"
    r"(?:\W+(?:please|pls|ok(?:ay)?|wait|a (?:moment|minute|sec(?:ond)?)|hm+|first|thanks|now))*\W*$",
    re.I,
)


def asks_to_wait(text: str) -> bool:
    """Whether a text is nothing but a pause: "wait", "hmm", "one moment"."""
    return bool(_WAITS.match(text))


_CHANGED_MIND = re.compile(
    r"\b(?:actually|after all|chang(?:ed|ing) my mind|second thoughts?|(?:take|took) (?:it|that) back|wait)\b", re.I
)


def changes_mind(text: str) -> bool:
    """Whether a yes says that it takes a no back: "actually yes". A bare "ok" after a no only takes note of it."""
    return bool(_CHANGED_MIND.search(text))


def _shortened(word: str) -> str:
    """Drawn-out letters once: yesss, okkk."""
    return re.sub(r"(.)\1+", r"\1", word)
