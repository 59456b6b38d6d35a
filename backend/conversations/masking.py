"""Takes card numbers, national ids and passwords out of what people type, before anything else sees it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

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
    digits = re.sub(r"\D", "", number)
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and luhn.is_valid(digits)


# (kind, pattern, check): the check keeps order numbers and amounts from being taken for something private.
_NUMBERS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("card", re.compile(r"(?<![\d.])\d(?:[ .\-\u00a0\u2010-\u2015]?\d){12,18}(?!\d)"), _card),
    ("bank_account", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b", re.I), iban.is_valid),
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
_TOLD = re.compile(
    rf"(?i)\b({_PASSWORD_NAME}(?:\s+(?:for|of|to)\s+[\w.@]+(?:\s+\w+)?)?)(\s*(?:[:=]|->)\s*)(\"[^\"]+\"|'[^']+'|\S+)"
)
_SAID = re.compile(
    rf"(?i)\b({_PASSWORD_NAME}(?:\s+(?:for|of|to)\s+[\w.@]+(?:\s+\w+)?)?)(\s+(?:is|was|es|é|est|ist)\s+(?:now\s+)?)(\"[^\"]+\"|'[^']+'|\S+)"
)
_DESCRIBES = frozenset(
    [
        "a",
        "an",
        "the",
        "not",
        "no",
        "wrong",
        "incorrect",
        "invalid",
        "expired",
        "correct",
        "right",
        "forgotten",
        "lost",
        "reset",
        "changed",
        "working",
        "fine",
        "ok",
        "okay",
        "required",
        "needed",
        "still",
        "being",
        "always",
        "never",
        "too",
        "very",
        "gone",
        "old",
        "new",
        "weak",
        "strong",
        "different",
        "same",
        "rejected",
        "refused",
        "denied",
        "blocked",
        "unknown",
        "missing",
        "compromised",
        "stolen",
        "leaked",
        "hacked",
        "stuck",
        "broken",
        "now",
        "also",
        "really",
        "just",
        "that",
        "what",
        "where",
        "how",
        "my",
        "accepted",
        "recognized",
        "recognised",
        "on",
        "in",
        "at",
        "for",
        "from",
        "to",
        "by",
        "with",
        "and",
        "or",
        "but",
        "so",
        "because",
        "unsafe",
        "safe",
    ]
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
            return replace(kind, label) if is_valid(match[0]) else match[0]

        text = pattern.sub(hide, text)
    text = _SECURITY_CODE.sub(lambda match: f"{match[1]}{match[2]}{replace('card', 'security code')}", text)
    text = _SOCIAL.sub(lambda match: f"{match[1]}{match[2]}{replace('national_id', 'national id')}", text)
    for pattern, hide_word in ((_TOLD, _hide_password), (_SAID, _said_password)):
        masked = pattern.sub(hide_word, text)
        if masked != text and "password" not in found:
            found.append("password")
        text = masked
    return Masked(text, tuple(found))
