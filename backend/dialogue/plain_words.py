"""What counts as a plain yes. A model's guess is good enough to route a turn, not to move money."""

from __future__ import annotations

import re
from collections.abc import Iterable

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


def _shortened(word: str) -> str:
    """Drawn-out letters once: yesss, okkk."""
    return re.sub(r"(.)\1+", r"\1", word)
