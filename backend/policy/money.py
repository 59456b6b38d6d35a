"""Money as integer minor units of one currency; never a float."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

# ISO 4217 currencies that do not have two decimals (ISO 4217 table A.1).
_EXPONENTS = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "INR": "₹", "JPY": "¥"}
_TEXT = re.compile(r"(\d{1,12}(?:\.\d{1,3})?) ([A-Z]{3})")


@dataclass(frozen=True, order=True)
class Money:
    """An amount: `minor` units (cents, yen, fils) of `currency` (ISO 4217)."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read `"49.00 USD"`. Raises ValueError saying what was expected."""
        match = _TEXT.fullmatch(text.strip()) if isinstance(text, str) else None
        if not match:
            raise ValueError(f"expected an amount such as '49.00 USD', got {text!r}")
        exponent = _EXPONENTS.get(match[2], 2)
        scaled = Decimal(match[1]).scaleb(exponent)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{match[2]} has {exponent} decimals, got {text!r}")
        return cls(int(scaled), match[2])

    @property
    def amount(self) -> str:
        """The decimal amount as text, e.g. `"49.00"`."""
        exponent = _EXPONENTS.get(self.currency, 2)
        return f"{Decimal(self.minor).scaleb(-exponent):.{exponent}f}"

    def __str__(self) -> str:
        """For people: `$1,234.00`, or `1,234.00 BRL` where no symbol is unambiguous."""
        symbol, amount = _SYMBOLS.get(self.currency), f"{Decimal(self.amount):,}"
        return f"{symbol}{amount}" if symbol else f"{amount} {self.currency}"

    def to_json(self) -> dict[str, str]:
        """The contract's shape: `{"amount": "49.00", "currency": "USD"}`."""
        return {"amount": self.amount, "currency": self.currency}

    def to_yaml(self) -> str:
        """The world file's shape: `49.00 USD`."""
        return f"{self.amount} {self.currency}"
