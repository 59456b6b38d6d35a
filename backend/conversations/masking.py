"""Takes card numbers, national ids and passwords out of what people type, before anything else sees it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stdnum import iban, luhn
from stdnum.br import cpf
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.us import ssn


@dataclass(frozen=True)
class Masked:
    """The text that may be kept, and the kinds taken out: `card`, `national_id`, `bank_account`, `password`."""

    text: str
    found: tuple[str, ...] = ()


def _card(number: str) -> bool:
    """Whether it is a card's number: 13 to 19 digits of any script, as a scheme issues them, with the check digit.

    Written in groups, or digit by digit; lists and versions mix single digits with longer numbers.
    """
    digits = "".join(str(unicodedata.digit(sign)) for sign in number if sign.isdecimal())
    if not 13 <= len(digits) <= 19 or digits[0] not in "23456" or len(set(digits)) == 1:
        return False
    groups = {len(group) == 1 for group in re.findall(r"\d+", number)}
    return len(groups) == 1 and luhn.is_valid(digits)


def _hide_within(words: str, is_valid: Callable[[str], bool], hidden: Callable[[], str]) -> str:
    """`words` with what is valid hidden: as many of its parts together as make one, what stands around them left.

    A number is often followed by others (a card's by its expiry, an account's by plain words), so that a pattern
    alone does not tell where it ends.
    """
    parts = [match.span() for match in _PART.finditer(words)]
    kept, position, first = "", 0, 0
    while first < len(parts):
        starts = parts[first][0]
        for last in range(min(len(parts), first + LONGEST_PARTS) - 1, first - 1, -1):
            ends = parts[last][1]
            if is_valid(words[starts:ends]):
                kept, position, first = f"{kept}{words[position:starts]}{hidden()}", ends, last
                break
        first += 1
    return kept + words[position:]


# The parts of a number, and how many it has at most: a card's when every digit stands alone.
_PART = re.compile(r"[^\W_]+")
LONGEST_PARTS = 19
# (kind, pattern, check): the check keeps order numbers and amounts from being taken for something private.
_NUMBERS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("card", re.compile(r"\d(?:[\s.\-\u2010-\u2015]{0,3}\d){12,}"), _card),
    ("bank_account", re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9 ]{11,60}", re.I), iban.is_valid),
    (
        "national_id",
        re.compile(r"(?<!\d)\d{3}[- ]\d{2}[- ]\d{4}(?!\d)"),
        lambda text: ssn.is_valid(text.replace(" ", "-")),
    ),
    ("national_id", re.compile(r"(?<!\d)\d{3}\.?\d{3}\.?\d{3}-\d{2}(?!\d)"), cpf.is_valid),
    ("national_id", re.compile(r"(?<!\d)\d{11}(?!\d)"), cpf.is_valid),
    ("national_id", re.compile(r"(?<!\d)\d{4}[ -]?\d{4}[ -]?\d{4}(?!\d)"), aadhaar.is_valid),
    ("national_id", re.compile(r"\b[A-Z]{5}\d{4}[A-Z]\b", re.I), pan.is_valid),
    ("national_id", re.compile(r"\b\d{8}-?[A-Z]\b", re.I), dni.is_valid),
    ("national_id", re.compile(r"\b[XYZ]-?\d{7}-?[A-Z]\b", re.I), nie.is_valid),
    ("national_id", re.compile(r"(?<!\d)[12](?: ?\d{2}){3}(?: ?\d{3}){2} ?\d{2}(?!\d)"), nir.is_valid),
    ("national_id", re.compile(r"\b[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]\b", re.I), codicefiscale.is_valid),
    ("national_id", re.compile(r"\b[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b", re.I), lambda _text: True),
)
# What follows a card's number: when it ends, and the number on its back.
_EXPIRY = re.compile(
    r"(?i)(\[card number hidden\])[\s,;]*(?:exp\w*[\s:.]*)?(?<!\d)\d{1,2}\s?/\s?\d{2,4}(?!\d)(?:[\s,;]+\d{3,4}(?!\d))?"
)
# The number on the back of a card is three or four digits: only its name gives it away.
_SECURITY_CODE = re.compile(r"(?i)\b(cvv2?|cvc2?|security code)(\s*(?:is|:|=|-)?\s*)(\d{3,4})\b")
_SOCIAL = re.compile(
    r"(?i)\b(ssn|social security(?: number)?)(\s*(?:is|:|=|#|no\.?)?\s*)(\d{3}[- ]?\d{2}[- ]?\d{4})(?!\d)"
)
# "password: x", "my password is x", "pwd=x", "contraseña: x". Words after "is" that describe rather than tell
# ("my password is wrong") are left alone.
_PASSWORD_NAME = (
    r"(?:pass\s?word|passwd|pass\s?phrase|pass\s?code|pwd|contrase[nñ]a|senha|mot de passe|passwort|kennwort)"
)
# What was hidden already is not hidden again.
_TOLD_WORD = r"(?!\[[a-z ]+ hidden\])(\"[^\"]+\"|'[^']+'|\S+)"
_TOLD = re.compile(
    rf"(?i)\b({_PASSWORD_NAME}(?:\s+(?:for|of|to)\s+[\w.@]+(?:\s+\w+)?)?)(\s*(?:[:=]|->)\s*){_TOLD_WORD}"
)
_SAID = re.compile(
    rf"(?i)\b({_PASSWORD_NAME}(?:\s+(?:for|of|to)\s+[\w.@]+(?:\s+\w+)?)?)"
    rf"(\s+(?:is|was|es|é|est|ist)\s+(?:now\s+)?){_TOLD_WORD}"
)
# "password hunter2": without anything between, only what can hardly be another word.
_BARE = re.compile(rf"(?i)\b({_PASSWORD_NAME})(\s+)((?=\S*\d)(?=\S*[a-z])[^\s\[/]{{6,}})")
_DESCRIBES = frozenset(
    """
    a an the not no wrong incorrect invalid expired correct right forgotten lost reset changed working fine ok
    okay required needed still being always never too very gone old new weak strong different same rejected
    refused denied blocked unknown missing compromised stolen leaked hacked stuck broken now also really just
    that what where how my accepted recognized recognised on in at for from to by with and or but so because
    unsafe safe case longer shorter less more only all set saved stored linked used asked sent empty blank short
    long good bad secure insecure hard easy visible hidden shown there here unchanged updated temporary created
    confirmed verified valid already then actually probably apparently maybe definitely getting going failing
    locked unavailable typed entered exactly unique supposed about like this it your if when why which whether
    something nothing mandatory optional exposed public known shared asking saying
    """.split()
)


def _hide_password(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]}[password hidden]"


def _said_password(match: re.Match[str]) -> str:
    word = match[3].strip("\"'.,;:!?").lower()
    return match[0] if word in _DESCRIBES or not word else _hide_password(match)


def mask(text: str) -> Masked:
    """The text with private things replaced by what they were, e.g. `[card number hidden]`."""
    found: list[str] = []

    def replace(kind: str, label: str) -> str:
        if kind not in found:
            found.append(kind)
        return f"[{label} hidden]"

    for kind, pattern, is_valid in _NUMBERS:
        label = {"card": "card number", "national_id": "national id", "bank_account": "bank account"}[kind]

        def hide(match: re.Match[str], kind: str = kind, label: str = label, is_valid: Callable = is_valid) -> str:
            return _hide_within(match[0], is_valid, lambda: replace(kind, label))

        text = pattern.sub(hide, text)
    text = _EXPIRY.sub(lambda match: match[1], text)
    text = _SECURITY_CODE.sub(lambda match: f"{match[1]}{match[2]}{replace('card', 'security code')}", text)
    text = _SOCIAL.sub(lambda match: f"{match[1]}{match[2]}{replace('national_id', 'national id')}", text)
    for pattern, hide_word in ((_TOLD, _hide_password), (_SAID, _said_password), (_BARE, _hide_password)):
        masked = pattern.sub(hide_word, text)
        if masked != text and "password" not in found:
            found.append("password")
        text = masked
    return Masked(text, tuple(found))


def masked_form(form: Mapping[str, Any], labels: Mapping[str, str]) -> tuple[dict[str, Any], str, list[str]]:
    """A form's own fields with what is private masked; the same as text for the transcript; the kinds found.

    `labels`: the fields the form has; whatever else was sent is dropped.
    """
    kept: dict[str, Any] = {}
    told: list[str] = []
    found: list[str] = []
    for name, label in labels.items():
        value = form.get(name)
        if isinstance(value, str):
            masked = mask(value)
            found += [kind for kind in masked.found if kind not in found]
            value = masked.text
            told += [f"{label}: {value}"] if value else []
        elif value is True:
            told.append(label)
        if value is not None:
            kept[name] = value
    return kept, "\n\n".join(told), found
