"""How one can pay, where and for what (F31, F05)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from backend.policy.decision import Finding
from backend.policy.draft import read
from backend.policy.facts import Account, Request
from backend.policy.findings import fine, info, problem
from backend.policy.lists import Lists, PaymentLists, PaymentMethod
from backend.policy.parameters import Parameters
from backend.policy.spelling import plain, words_of

INDIA = "IN"
SUBSCRIPTIONS = ("subscription", "plus")

# How learners call a way to pay; the first that is said counts. Ids are those of the list or of an exclusion in it.
_FOR_OTHERS = r"(?:friend|wife|husband|son|daughter|brother|sister|colleague|somebody|someone|person|user)"
_CALLED = (
    ("gift_card", r"gift ?cards?|vouchers?"),
    (
        "payment_for_another_user",
        rf"(?:pay|buy|purchase)\w* .{{0,30}}\bfor (?:(?:my|an?|another|some)\b ?)?{_FOR_OTHERS}",
    ),
    ("netbanking", r"net ?banking"),
    ("ewallet", r"pay ?tm|e-? ?wallets?"),
    ("paypal", r"pay ?pal"),
    ("prepaid", r"pre-? ?paid"),
    ("debit_visa", r"visa\b.{0,12}\bdebit|debit\b.{0,12}\bvisa"),
    ("debit_mastercard", r"master ?card\b.{0,12}\bdebit|debit\b.{0,12}\bmaster ?card"),
    ("local_debit_card", r"(?:local|indian) .{0,12}debit|rupay"),
    ("local_credit_card", r"(?:local|indian) .{0,12}(?:credit|card)"),
    ("debit", r"debit|maestro|bank card"),
    ("amex", r"amex|american express"),
    ("visa", r"visa"),
    ("mastercard", r"master ?card"),
    ("discover", r"discover"),
    ("jcb", r"jcb"),
    ("apple", r"apple ?pay|itunes|apple id"),
    ("other", r"bitcoin|crypto\w*|(?:bank|wire) transfer|western union|ali ?pay|we ?chat|google pay|gpay|cash|upi"),
    ("other", r"che(?:ck|que)s?|klarna|skrill|venmo|m-?pesa|union ?pay|diners(?: club)?|mir card"),
)
_FOR_SUBSCRIPTION = re.compile(r"subscri\w+|monthly|yearly|annual\w*|\bplus\b|membership|recurring|free trial")
_FOR_ONE_TIME = re.compile(r"one[- ]time|single course|\b(?:a|the|one|this|my) (?:course|class|certificate)\b|pre-?pay")


@dataclass(frozen=True)
class _Asked:
    """What the question is about; None where it does not say."""

    method: str | None
    purpose: str | None
    country: str | None
    currency: str | None
    words: str

    @property
    def is_subscription(self) -> bool:
        return self.purpose in SUBSCRIPTIONS


def look_at_payment_method(
    account: Account | None,
    target: str | None,
    request: Request,
    as_of: datetime,
    params: Parameters,
    *,
    lists: Lists,
) -> Iterator[Finding]:
    """Whether a way to pay is accepted (F31, F05). Target: a course's or Specialization's id, or none.

    `details`: `method`, `country` (ISO 3166), `purpose` (a payment's kind), `currency`; what is absent is looked for in
    `details.text`, then in the account and the catalogue.
    """
    asked = _read(account, target, request.details, lists.payment)
    if asked.method is None:
        yield from _overview(asked, lists.payment)
    elif asked.method in lists.payment.never_offered:
        yield problem("no_gifts", "F31", read("who_pays", "accepted-payment-methods/paying-for-somebody-else"))
    elif asked.method == "debit":
        named = [method.name for id, method in lists.payment.methods.items() if id.startswith("debit_")]
        yield info("debit_only_visa_mastercard", "F31", read("cards", "accepted-payment-methods/cards"), methods=named)
    elif asked.method in lists.payment.methods:
        yield from _look_at(lists.payment.methods[asked.method], asked, lists.payment)
    else:
        yield from _not_on_the_list(asked, lists.payment)
    if asked.country == INDIA:
        names = [excluded.name for excluded in lists.payment.not_accepted if excluded.country == INDIA]
        yield info("india_exclusions", "F31", read("india", "accepted-payment-methods/india"), methods=names)


def _look_at(method: PaymentMethod, asked: _Asked, lists: PaymentLists) -> Iterator[Finding]:
    limits = list(_limits(method, asked, lists))
    yield from limits
    depends = method.only_countries and asked.country is None
    if not depends and all(limit.status != "problem" for limit in limits):
        brands = [lists.methods[brand].name for brand in method.brands] or None
        yield fine("method_accepted", "F31 F05", method=method.name, purpose=asked.purpose, brands=brands)


def _limits(method: PaymentMethod, asked: _Asked, lists: PaymentLists) -> Iterator[Finding]:
    """Everything that limits a method: a cause where it applies, for information where the question does not say."""
    if method.not_for:
        cards = read("for_subscriptions", "accepted-payment-methods/for-subscriptions")
        if asked.purpose in method.not_for:
            yield problem("method_not_for_subscriptions", "F05 F31", cards, method=method.name)
        elif asked.purpose is None:
            yield info("method_not_for_subscriptions", "F05 F31", cards, method=method.name)
    if method.only_countries:
        names = [lists.paypal_countries[code] for code in method.only_countries]
        where = read("paypal", "accepted-payment-methods/paypal")
        if asked.country is None:
            yield info("paypal_countries", "F31", where, countries=names)
        elif asked.country not in method.only_countries:
            yield problem("paypal_not_in_country", "F31", where, country=asked.country, countries=names)
    if method.only_currencies:
        cards = read("cards", "accepted-payment-methods/cards")
        if asked.currency is None:
            yield info("amex_only_for_dollar_prices", "F31", cards)
        elif asked.currency not in method.only_currencies:
            yield problem("amex_only_for_dollar_prices", "F31", cards, currency=asked.currency)
    if method.only_via:
        yield info("apple_only_in_ios_app", "F05", read("in_the_app", "course-prices/paying-in-the-app"))


def _not_on_the_list(asked: _Asked, lists: PaymentLists) -> Iterator[Finding]:
    excluded = next((entry for entry in lists.not_accepted if entry.id == asked.method), None)
    if excluded and asked.country == excluded.country:
        india = read("india", "accepted-payment-methods/india")
        yield problem("not_accepted_in_india", "F31", india, method=excluded.name)
        return
    yield problem("method_not_listed", "F31", method=excluded.name if excluded else None)
    yield from _overview(asked, lists)


def _overview(asked: _Asked, lists: PaymentLists) -> Iterator[Finding]:
    """All that is accepted for this purpose, or for a one-time payment where the question does not say."""
    usual = [method for method in lists.methods.values() if not method.only_via and asked.purpose not in method.not_for]
    kept_out = [method.name for method in lists.methods.values() if set(method.not_for) & set(SUBSCRIPTIONS)]
    yield info(
        "accepted_methods",
        "F31",
        read("cards", "accepted-payment-methods/cards"),
        methods=[method.name for method in usual],
        purpose=asked.purpose,
    )
    if not asked.purpose or asked.is_subscription:
        for_these = read("for_subscriptions", "accepted-payment-methods/for-subscriptions")
        yield info("not_for_subscriptions", "F05 F31", for_these, methods=kept_out)


def _read(account: Account | None, target: str | None, details: Mapping[str, object], lists: PaymentLists) -> _Asked:
    words = plain(str(details.get("text") or ""))
    catalog = account.catalog if account else None
    course = catalog.courses.get(target or "") if catalog else None
    spec = catalog.specializations.get(target or "") if catalog else None
    price = course.price if course else spec.monthly_price if spec else None
    return _Asked(
        method=_text(details, "method") or _method_said(words),
        purpose=_text(details, "purpose") or _purpose_said(words),
        country=_text(details, "country") or _country_said(words, lists) or (account.country if account else None),
        currency=_text(details, "currency") or (price.currency if price else None),
        words=words,
    )


def _text(details: Mapping[str, object], key: str) -> str | None:
    found = details.get(key)
    return str(found) if found else None


def _method_said(words: str) -> str | None:
    return next((id for id, called in _CALLED if re.search(rf"\b(?:{called})\b", words)), None)


def _purpose_said(words: str) -> str | None:
    if _FOR_SUBSCRIPTION.search(words):
        return "subscription"
    return "course" if _FOR_ONE_TIME.search(words) else None


def _country_said(words: str, lists: PaymentLists) -> str | None:
    """A country of the lists named in the question. Another one named is not recognised, and nothing is assumed."""
    names = {code: plain(name) for code, name in lists.paypal_countries.items()}
    names |= {
        "GB": "(?:great britain|united kingdom|uk|england)",
        "US": "(?:united states|usa|(?:in|from) (?:the )?us)",
    }
    names |= {INDIA: "india"}
    said = " ".join(words_of(words))
    return next((code for code, name in names.items() if re.search(rf"\b{name}\b", said)), None)
