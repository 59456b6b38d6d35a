"""Coursera Plus (F14): whether a course, a Specialization, a certificate or a partner is included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from backend.policy.decision import Finding
from backend.policy.draft import read
from backend.policy.facts import Account, Catalog, Course, Request, Specialization, Subscription
from backend.policy.findings import fine, info, problem
from backend.policy.lists import Lists, PlusLists
from backend.policy.parameters import Parameters
from backend.policy.spelling import names_like, names_said, words_of

_KINDS = {"degree": "degree", "degrees": "degree", "mastertrack": "mastertrack", "bachelor": "degree"}
_MASTERS = re.compile(r"\bmaster[’']?s?\s+(?:degree|program|of)\b|\bmaster track\b|\bmasters\b", re.IGNORECASE)  # noqa: RUF001


@dataclass(frozen=True)
class Verdict:
    """Whether it is in Coursera Plus, None if no list says, and which list decided: `kind`, `title` or `partner`."""

    is_in: bool | None
    by: str = "partner"
    partner: str | None = None
    title: str | None = None
    kind: str | None = None


def verdict_on(course: Course | Specialization, catalog: Catalog, plus: PlusLists) -> Verdict:
    """What the lists say about something in the catalogue: its kind first, then its own title, then its partner."""
    parts = (course,) if isinstance(course, Course) else (catalog.courses.get(id) for id in course.courses)
    kind = next((part.program for part in parts if part and part.program in plus.kinds_excluded), None)
    if kind:
        return Verdict(False, "kind", course.partner, course.title, kind)
    if any(words_of(title) == words_of(course.title) for title in plus.titles_excluded):
        return Verdict(False, "title", course.partner, course.title)
    on_partner = _verdict_on_partner(course.partner or "", plus)
    return replace(on_partner, partner=on_partner.partner or course.partner, title=course.title)


def is_included(subscription: Subscription, course: str, catalog: Catalog, lists: Lists | None) -> bool:
    """Whether a subscription includes a course: in its Specialization, or by the lists of Coursera Plus."""
    spec = catalog.specializations.get(subscription.item)
    if spec:
        return course in spec.courses
    found = catalog.courses.get(course)
    if subscription.item != "plus" or found is None or lists is None:
        return False
    return verdict_on(found, catalog, lists.plus).is_in is True


def look_in_plus(
    account: Account | None,
    target: str | None,
    request: Request,
    as_of: datetime,
    params: Parameters,
    *,
    lists: Lists,
) -> Iterator[Finding]:
    """Whether something is in Coursera Plus (F14). Target: an id of the catalogue, or else the words of the question
    (`details.text`), in which a title, a partner or a kind of program is looked for."""
    catalog = account.catalog if account else Catalog()
    text = str(request.details.get("text") or target or "")
    listed = _in_catalogue(catalog, target or "") or _in_catalogue_by_title(catalog, text)
    verdicts = [verdict_on(listed, catalog, lists.plus)] if listed else _verdicts_on_text(text, lists.plus)
    for verdict in verdicts:
        yield _told(verdict)
    if not verdicts:
        yield from _near(text, lists.plus)


def _told(verdict: Verdict) -> Finding:
    badge = read("look_for_plus_badge", "coursera-plus/what-is-included")
    values = {"title": verdict.title, "partner": verdict.partner}
    if verdict.is_in:
        return fine("in_plus", "F14", badge, **values)
    if verdict.is_in is None:
        return info("not_on_plus_lists", "F14", badge, **values)
    if verdict.by == "kind":
        return problem("program_not_in_plus", "F14", badge, kind=verdict.kind, **values)
    if verdict.by == "title":
        return problem("title_not_in_plus", "F14", badge, **values)
    return problem("partner_not_in_plus", "F14", badge, **values)


def _in_catalogue(catalog: Catalog, id: str) -> Course | Specialization | None:
    return catalog.courses.get(id) or catalog.specializations.get(id)


def _in_catalogue_by_title(catalog: Catalog, text: str) -> Course | Specialization | None:
    things = (*catalog.specializations.values(), *catalog.courses.values())
    said = set(names_said([thing.title for thing in things], text))
    return next((thing for thing in things if len(said) == 1 and thing.title in said), None)


def _verdicts_on_text(text: str, plus: PlusLists) -> list[Verdict]:
    """A kind of program goes before a title, and a title before its partner."""
    kinds = {_KINDS[word] for word in words_of(text) if word in _KINDS} | (
        {"degree"} if _MASTERS.search(text) else set()
    )
    if "master track" in text.casefold():
        kinds = {"mastertrack"}
    if kinds:
        return [Verdict(False, "kind", kind=kind) for kind in sorted(kinds)]
    titles = names_said(plus.titles_excluded, text)
    if titles:
        return [Verdict(False, "title", title=title) for title in titles]
    return [_verdict_on_partner(name, plus) for name in _partners_said(text, plus)]


def _partners_said(text: str, plus: PlusLists) -> list[str]:
    partners = (*plus.partners_included, *plus.partners_excluded)
    said = names_said((*partners, *_aliases_said(text, plus)), text)
    return list(dict.fromkeys(plus.aliases.get(name, name) for name in said))


def _aliases_said(text: str, plus: PlusLists) -> list[str]:
    """Initials such as KIT are words too: in a sentence they count only in capitals."""
    whole = text.strip().casefold()
    return [
        alias
        for alias in plus.aliases
        if not alias.isupper() or whole == alias.casefold() or re.search(rf"(?<!\w){re.escape(alias)}(?!\w)", text)
    ]


def _verdict_on_partner(name: str, plus: PlusLists) -> Verdict:
    for names, is_in in ((plus.partners_excluded, False), (plus.partners_included, True)):
        if name in names:
            return Verdict(is_in, partner=name)
    said = _partners_said(name, plus) if name else []
    if len(said) == 1 and said[0] != name:
        return _verdict_on_partner(said[0], plus)
    return Verdict(None, partner=name or None)


def _near(text: str, plus: PlusLists) -> Iterator[Finding]:
    """Nothing certain: the partners whose name shares a word with the question, else what is true in general."""
    badge = read("look_for_plus_badge", "coursera-plus/what-is-included")
    included, excluded = names_like(plus.partners_included, text), names_like(plus.partners_excluded, text)
    if included or excluded:
        yield info("partners_of_similar_name", "F14", badge, included=included, excluded=excluded)
    else:
        yield info("not_on_plus_lists", "F14", badge)
