"""From a checked world to rows, table by table, ready for bulk inserts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from backend.store import world_models as models
from backend.store.base import Base
from backend.store.world_schema import Entry

Rows = list[dict[str, Any]]

# What hangs on a learner, in the order it is written; deleting goes the other way.
OF_A_LEARNER: tuple[type[Base], ...] = (
    models.SignInRow,
    models.EnrollmentRow,
    models.PaymentRow,
    models.SubscriptionRow,
    models.CertificateRow,
    models.AidApplicationRow,
    models.SubmissionRow,
    models.PromotionRow,
    models.RefundRow,
)


def catalog_rows(catalog: Mapping[str, list[Entry]]) -> dict[type[Base], Rows]:
    """Rows by table, each table's sorted by key: two loads at once take their locks in the same order."""
    courses, specializations = catalog["courses"], catalog["specializations"]
    rows = {
        models.PartnerRow: [{"id": one["id"], "name": one["name"]} for one in catalog["partners"]],
        models.CourseRow: [_course(one, at) for at, one in enumerate(courses)],
        models.AssignmentRow: [
            {"course_id": course["id"], "position": at, **one}
            for course in courses
            for at, one in enumerate(course["assignments"])
        ],
        models.SpecializationRow: [_specialization(one, at) for at, one in enumerate(specializations)],
        models.SpecializationCourseRow: [
            {"specialization_id": one["id"], "course_id": course, "position": at}
            for one in specializations
            for at, course in enumerate(one["courses"])
        ],
    }
    return {model: sorted(several, key=_key_of(model)) for model, several in rows.items()}


def learner_rows(learners: list[Entry], hashes: Mapping[str, str], created_at: datetime) -> Rows:
    """Rows of the learners themselves; `hashes` by plain password."""
    return sorted((_learner(one, hashes, created_at) for one in learners), key=lambda row: row["id"])


def belongings(learners: list[Entry]) -> dict[type[Base], Rows]:
    """Rows of what hangs on the learners. Refunds are not part of a world: the desk makes them."""
    rows: dict[type[Base], Rows] = {model: [] for model in OF_A_LEARNER}
    for learner in learners:
        own = {"learner_id": learner["id"]}
        rows[models.SignInRow] += [{**own, "provider": one} for one in learner["sign_ins"]]
        rows[models.EnrollmentRow] += [{**own, **_course_id(one)} for one in learner["enrollments"]]
        rows[models.PaymentRow] += [{**own, **_amounts(one, "amount")} for one in learner["payments"]]
        rows[models.SubscriptionRow] += [{**own, **one} for one in learner["subscriptions"]]
        rows[models.CertificateRow] += [{**own, **_course_id(one)} for one in learner["certificates"]]
        rows[models.AidApplicationRow] += [{**own, **_course_id(one)} for one in learner["aid"]]
        rows[models.SubmissionRow] += [
            {**own, **_renamed(_course_id(one), "assignment", "assignment_id")} for one in learner["submissions"]
        ]
        rows[models.PromotionRow] += [{**own, **one} for one in learner["promotions"]]
    return rows


def _key_of(model: type[Base]) -> Callable[[dict[str, Any]], tuple[str, ...]]:
    key = [column.name for column in model.__table__.primary_key]  # type: ignore[attr-defined]
    return lambda row: tuple(row[name] for name in key)


def _renamed(entry: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if key == old else key: value for key, value in entry.items()}


def _course_id(entry: Mapping[str, Any]) -> dict[str, Any]:
    return _renamed(entry, "course", "course_id")


def _amounts(entry: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Money as its two columns."""
    row = dict(entry)
    for name in names:
        amount = row.pop(name)
        row[f"{name}_minor"] = amount.minor if amount else None
        row[f"{name}_currency"] = amount.currency if amount else None
    return row


def _course(entry: Entry, position: int) -> dict[str, Any]:
    row = _amounts(_renamed(entry, "partner", "partner_id"), "price")
    del row["assignments"]
    row.update({f"offers_{name}": offered for name, offered in row.pop("offers").items()})
    return {**row, "position": position}


def _specialization(entry: Entry, position: int) -> dict[str, Any]:
    row = _amounts(_renamed(entry, "partner", "partner_id"), "monthly_price", "prepay_price")
    del row["courses"]
    return {**row, "position": position}


def _learner(entry: Entry, hashes: Mapping[str, str], created_at: datetime) -> dict[str, Any]:
    sso, password = entry["sso"], entry["password"]
    plain = ("id", "name", "email", "country", "email_confirmed", "name_verification", "id_verification")
    return {
        **{name: entry[name] for name in plain},
        "password_hash": hashes[password] if password is not None else None,
        "sso_organisation": sso["organisation"] if sso else None,
        "sso_linked": bool(sso and sso["linked"]),
        "status": "active",
        "tokens_void_before": None,
        "created_at": created_at,
    }
