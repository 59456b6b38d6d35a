"""Which ways into the site an account has, and what stands in them (F00, F02, F09, F32, F36)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from backend.policy.decision import Finding
from backend.policy.draft import offer, outside, read
from backend.policy.facts import Account, Request
from backend.policy.findings import fine, info, problem, question
from backend.policy.parameters import Parameters

DELETED = "deleted-account"  # what stands before the address of a deleted account (F36)


@question("sign_in", guests=True)
def diagnose_sign_in(
    account: Account | None, target: str | None, request: Request, as_of: datetime, params: Parameters
) -> Iterator[Finding]:
    """Ways to sign in, an unconfirmed address, the company link. A guest hears what anybody can try.

    Never says whether any other address has an account.
    """
    if account is None:
        reset = offer("reset_password", "reset_password")
        cannot = read("cannot_log_in", "account-troubles/cannot-log-in")
        yield info(
            "sign_in_help", "F00 F09", reset, cannot, read("clear_browser", "clear-cache-and-cookies/how-to-clear")
        )
        return
    yield info("sign_in_methods", "F00 F02", methods=list(account.sign_ins), email=account.email)
    if "password" not in account.sign_ins:
        yield info("no_password", "F00 F09", offer("set_password", "reset_password"), email=account.email)
    if account.email_confirmed:
        yield fine("email_confirmed", "F00", email=account.email)
    else:
        again = offer("resend_confirmation", "resend_confirmation")
        find = read("find_confirmation", "account-troubles/confirm-email")
        yield problem("email_not_confirmed", "F00", again, find, email=account.email)
    if "facebook" not in account.sign_ins:
        other = read("facebook_account", "multiple-accounts/facebook")
        yield info("facebook_makes_second_account", "F02", other)
    yield from _company(account)


def _company(account: Account) -> Iterator[Finding]:
    """F32, F36: the company link, what blocks it, and the address to keep using."""
    organisation = account.sso_organisation
    if account.email.startswith(DELETED):
        yield problem("deleted_account_message", "F36", outside("ask_administrator", organisation=organisation))
    if organisation is None:
        return
    if account.sso_linked:
        same = read("same_address_each_time", "company-sso/sign-in-later")
        yield fine("sso_linked", "F32", same, organisation=organisation, email=account.email)
        return
    how = read("link_company", "company-sso/connect-existing-account")
    yield problem(
        "sso_not_linked",
        "F32 F36",
        how,
        outside("ask_administrator", organisation=organisation),
        organisation=organisation,
    )
    if "facebook" in account.sign_ins:
        unlink = offer("unlink_facebook", "unlink_login", "facebook", provider="facebook")
        yield problem("facebook_blocks_sso", "F36", unlink, organisation=organisation)
