"""The account itself: deleting it (D50, F12), unlinking a sign-in (F36), e-mail, password and name (F00, F09, F33)."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from backend.policy.decision import Decision
from backend.policy.draft import Draft, because, offer, outside, person, read, rule
from backend.policy.facts import Account, Request
from backend.policy.ledger import (
    ONE_TIME,
    is_refunded,
    offer_cancelling,
    paid_until,
    refund_arrives_by,
    running_subscriptions,
)
from backend.policy.parameters import Parameters
from backend.policy.refund import decide_refund

MANAGED_PROGRAMS = ("business", "degree", "mastertrack")
LINKED = ("facebook", "google", "apple")  # sign-ins of another provider; a password is not linked, it is set


@rule("delete_account")
def decide_delete_account(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Decision:
    """Whether the account can be deleted, what is lost, and what to save before (D50, F12, F36)."""
    draft = Draft("delete_account", None, as_of, params)
    _check_subscriptions(account, draft)
    _check_organisation(account, draft)
    _warn(account, draft)
    if draft.reasons:
        return draft.refused()
    draft.then(
        because("deleting_is_permanent", "D50"),
        because("personal_data_erased", "D50"),
        because("sign_ins_unlinked", "D50", providers=list(account.sign_ins)),
        because(
            "courses_lost",
            "D50",
            titles=_titles(account, [enr.course for enr in account.enrollments if enr.is_running]),
        ),
        because("posts_and_work_stay", "F12"),
        because("deletion_acknowledged", "D50", email=account.email),
    )
    draft.instead(read("other_ways", "delete-your-account/alternatives"))
    return draft.granted(because("can_delete", "D50"))


def _check_subscriptions(account: Account, draft: Draft) -> None:
    """Conflict 12: nothing else would stop the charges, so they are cancelled first (D50)."""
    running = running_subscriptions(account)
    if draft.holds("a subscription is running", bool(running), "D50", subscriptions=[sub.id for sub in running]):
        titles = [account.catalog.title_of(sub.item) for sub in running]
        ids = [sub.id for sub in running]
        draft.refuse(
            because("active_subscription", "D50", titles=titles, subscriptions=ids),
            *(offer_cancelling(account, sub) for sub in running),
        )


def _check_organisation(account: Account, draft: Draft) -> None:
    """D50, F36: what an employer or a program manages is theirs to end."""
    organisation = account.sso_organisation if account.sso_linked else None
    managed = [enr.course for enr in account.enrollments if enr.is_running and _is_managed(account, enr.course)]
    if draft.holds(
        "an organisation manages it",
        bool(organisation or managed),
        "D50 F36",
        organisation=organisation,
        courses=managed,
    ):
        draft.refuse(
            because("organisation_managed", "D50 F36", organisation=organisation, titles=_titles(account, managed)),
            outside("ask_administrator", organisation=organisation),
        )


def _is_managed(account: Account, course: str) -> bool:
    found = account.catalog.courses.get(course)
    return found is not None and found.program in MANAGED_PROGRAMS


def _warn(account: Account, draft: Draft) -> None:
    """D50, F12: what to save or settle before it is too late."""
    if account.certificates:
        titles = _titles(account, [cert.course for cert in account.certificates])
        draft.note(because("certificates_download_first", "D50", titles=titles))
    for payment in account.payments:
        title = account.catalog.title_of(payment.item)
        if is_refunded(account, payment):
            expected_by = refund_arrives_by(account, payment, draft.as_of, draft.params)
            if expected_by is not None and draft.as_of <= expected_by:
                values = {"title": title, "amount": payment.amount, "expected_by": expected_by}
                draft.note(because("refund_on_its_way", "D50 F16", **values))
            continue
        refund = decide_refund(account, payment.id, Request(), draft.as_of, draft.params)
        if draft.holds("a payment can be refunded", refund.is_actionable, "D50 F16 F20", payment=payment.id):
            values = {"title": title, "amount": payment.amount, "deadline": refund.deadline}
            draft.note(because("payment_still_refundable", "D50 F16 F20", payment=payment.id, **values))
            draft.instead(offer("refund_first", "refund", payment.id, **values))
        elif payment.kind in ONE_TIME and payment.status == "completed":
            until = paid_until(payment, account.catalog, draft.as_of, draft.params)
            if draft.as_of <= until:  # conflict 12: only a warning
                draft.note(because("paid_access_lost", "D50", title=title, amount=payment.amount, until=until))
    _warn_about_sign_ins(account, draft)


def _warn_about_sign_ins(account: Account, draft: Draft) -> None:
    linked = [provider for provider in account.sign_ins if provider in LINKED]
    if linked:
        draft.note(because("linked_sign_ins", "D50", providers=linked))
    ending = [sub for sub in account.subscriptions if sub.status == "cancelled"]
    for subscription in ending:
        title, until = account.catalog.title_of(subscription.item), subscription.period_ends_at
        if until is None or draft.as_of <= until:
            draft.note(because("paid_access_lost", "D50", title=title, until=until))


@rule("unlink_login")
def decide_unlink_login(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Decision:
    """Whether a linked sign-in can be taken off (F36, D50). Target: its name, or `details.provider`."""
    provider = target or request.details.get("provider")
    draft = Draft("unlink_login", provider, as_of, params)
    if provider is None:
        return draft.needs(because("target_missing"))
    if provider not in LINKED:
        return draft.needs(because("target_unknown", target=provider))
    others = [way for way in account.sign_ins if way != provider]
    if account.sso_organisation and account.sso_linked:
        others.append("sso")
    if not draft.holds("it is linked", provider in account.sign_ins, "F02 F36", provider=provider):
        draft.refuse(
            because("not_linked", "F02", provider=provider),
            read("where_linked_accounts_are", "multiple-accounts/facebook"),
        )
    elif not draft.holds("another way to sign in remains", bool(others), "F36 D50", remaining=others):
        draft.refuse(
            because("only_sign_in_method", "D50", provider=provider), offer("set_password_first", "reset_password")
        )
    if draft.reasons:
        return draft.refused()
    draft.then(because("login_unlinked", "F36 D50", provider=provider, remaining=others))
    if account.sso_organisation and not account.sso_linked:
        draft.then(because("try_company_link_again", "F36", organisation=account.sso_organisation))
    return draft.granted(because("can_unlink", "F36 D50", provider=provider, remaining=others))


@rule("resend_confirmation")
def decide_resend_confirmation(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Decision:
    """Whether the confirmation e-mail is sent again (F00)."""
    draft = Draft("resend_confirmation", None, as_of, params)
    if draft.holds("the address is confirmed", account.email_confirmed, "F00"):
        draft.refuse(
            because("email_already_confirmed", "F00", email=account.email),
            read("about_log_in", "account-troubles/cannot-log-in"),
        )
        return draft.refused()
    draft.then(because("confirmation_sent", "F00", email=account.email))
    return draft.granted(because("email_not_confirmed", "F00", email=account.email))


@rule("reset_password", guests=True)
def decide_reset_password(
    account: Account | None, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Decision:
    """A reset link to an address (F00, F09). Target or `details.email`: the address; without one, the account's own.

    The answer does not depend on whether the address has an account: nobody learns who has one.
    """
    address = target or request.details.get("email") or (account.email if account else None)
    draft = Draft("reset_password", address, as_of, params)
    if address is None:
        return draft.needs(because("address_missing", "F09"))
    draft.then(because("reset_link_if_account", "F09", email=address))
    draft.note(because("clear_browser_after_reset", "F09"))
    return draft.granted(because("reset_link_sent", "F00 F09", email=address))


@rule("change_name")
def decide_change_name(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Decision:
    """Whether another name can be requested for certificates (F33). `details.name`: the new name."""
    draft = Draft("change_name", None, as_of, params)
    has_id = account.id_verification in ("pending", "approved")
    if draft.holds("ID Verification is set up", has_id, "F33", id_verification=account.id_verification):
        draft.refuse(
            because("id_verification_locks_name", "F33"), read("about_names", "certificate-problems/change-name")
        )
    elif draft.holds("no name is verified yet", account.name_verification == "none", "F33"):
        draft.refuse(because("name_not_verified_yet", "F33"), read("change_in_settings", "account-troubles/settings"))
    name = " ".join(str(request.details.get("name") or "").split())
    if name and draft.holds("only capitals differ", _same_letters(name, account.name), "F33"):
        draft.refuse(
            because("only_capitalisation_differs", "F33", name=account.name),
            read("names_print_in_capitals", "certificate-problems/change-name"),
        )
    if draft.reasons:
        return draft.refused()
    if not name:
        return draft.needs(because("name_missing", "F33", name=account.name))
    draft.then(because("name_goes_to_review", "F33", name=name))
    draft.note(because("names_print_in_capitals", "F33"))
    return draft.granted(because("name_change_requested", "F33", name=name, old_name=account.name))


def _same_letters(one: str, other: str) -> bool:
    return _letters(one) == _letters(other)


def _letters(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


@rule("report_email_change")
def decide_report_email_change(
    account: Account, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Decision:
    """The address was changed by somebody else (F00): a person, at once."""
    draft = Draft("report_email_change", None, as_of, params)
    draft.then(because("case_opened", "F00", kind="email_change", urgent=True))
    draft.instead(person("ask_person_now"))
    return draft.referred(because("email_change_not_mine", "F00", urgent=True))


def _titles(account: Account, courses: list[str]) -> list[str] | None:
    return [account.catalog.title_of(course) for course in courses] or None
