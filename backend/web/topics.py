"""Wording of the help centre that belongs to no article: topics, favourites, and what to ask the desk for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """A shelf of the help centre. `id` is the articles' folder."""

    id: str
    title: str
    blurb: str


TOPICS = (
    Topic("payments", "Payments and refunds", "Prices, receipts, promotions, and getting your money back"),
    Topic("subscriptions", "Subscriptions", "Monthly plans, free trials, cancelling"),
    Topic("plus", "Coursera Plus", "What it includes and how to switch to it"),
    Topic("aid", "Financial Aid", "Apply, wait for the decision, keep your place"),
    Topic("enrollment", "Enrolling", "Join a course, audit it, switch sessions, leave it"),
    Topic("certificates", "Certificates", "Earn one, verify your identity, correct your name"),
    Topic("coursework", "Grades and assignments", "Deadlines, peer reviews, locked or missing grades"),
    Topic("account", "Your account", "Sign in, e-mail and password, close your account"),
    Topic("sso", "Learning with your organization", "Single sign-on, programs and licenses"),
    Topic("video", "Videos", "Playing, downloading, subtitles"),
    Topic("tools", "Notebooks and tools", "Programming assignments, uploads, browsers"),
    Topic("integrity", "Honor code", "Fair work, plagiarism, conduct"),
    Topic("degrees", "Degrees", "Degree and MasterTrack programs"),
    Topic("support", "Before you ask", "Connection, browser and other first aid"),
)

BY_ID = {topic.id: topic for topic in TOPICS}

# Shown on the front page, in this order, as far as they exist.
POPULAR = (
    "request-a-refund/time-limit",
    "cancel-a-subscription/how-to-cancel",
    "certificate-problems/no-certificate",
    "change-or-reset-your-password/forgot",
    "financial-aid/apply",
    "quiz-and-assignment-problems/locked",
    "unenroll-from-a-course/how-to",
    "final-grade-problems/missing",
    "id-verification/set-up",
)
POPULAR_COUNT = 6


@dataclass(frozen=True)
class Wish:
    """What a section leads to: the button on the page, and the words it puts into the chat."""

    button: str
    words: str


# By the section's operation.
OPERATIONS = {
    "refund": Wish("Ask for a refund", "I'd like a refund"),
    "cancel_subscription": Wish("Cancel a subscription", "I want to cancel my subscription"),
    "cancel_trial": Wish("Cancel a free trial", "I want to cancel my free trial"),
    "unenroll": Wish("Leave a course", "I want to unenroll from a course"),
    "delete_account": Wish("Delete my account", "I want to delete my account"),
    "unlink_login": Wish("Unlink a sign-in", "I want to unlink a sign-in from my account"),
    "resend_confirmation": Wish("Send the confirmation again", "Please send me the confirmation e-mail again"),
    "reset_password": Wish("Reset my password", "I want to reset my password"),
    "change_name": Wish("Correct my name", "I want to change the name on my account"),
    "apply_for_aid": Wish("Apply for Financial Aid", "I want to apply for financial aid"),
    "report_problem": Wish("Report a problem", "I want to report a problem with a course"),
    "report_email_change": Wish("Report this change", "Somebody changed the e-mail address of my account"),
}

# By the section's diagnosis: the desk looks into the learner's own account.
DIAGNOSES = {
    "why_no_certificate": Wish("Find out why mine is missing", "Why don't I have my certificate?"),
    "why_assignment_locked": Wish("Find out why mine is locked", "Why is my assignment locked?"),
    "why_no_grade": Wish("Look into my grade", "Why don't I have a grade yet?"),
    "final_grade": Wish("Look up my final grade", "What is my final grade?"),
    "payment_status": Wish("Look up my payment", "What happened to my payment?"),
    "why_asked_to_pay_again": Wish("Find out why", "Why am I asked to pay again?"),
    "id_verification_status": Wish("Look up my verification", "What is the status of my ID verification?"),
    "missing_course": Wish("Look for my course", "My course is missing"),
    "capstone_access": Wish("Check my capstone", "Why can't I open my capstone project?"),
    "in_plus": Wish("Check a course", "Is my course included in Coursera Plus?"),
    "payment_method": Wish("Check a way of paying", "Which payment methods can I use?"),
    "honors_recognition": Wish("Check my honors", "Why don't I have honors recognition?"),
    "promotion": Wish("Check my promotion", "Why doesn't my promotion code work?"),
    "audit_option": Wish("Check a course", "Can I audit my course?"),
    "sign_in": Wish("Help me sign in", "I can't sign in"),
    "aid_status": Wish("Look up my application", "What is the status of my financial aid application?"),
    "refund_status": Wish("Look up my refund", "Where is my refund?"),
    "subscription_status": Wish("Look up my subscription", "What is the status of my subscription?"),
    "double_charge": Wish("Look into my charges", "Why was I charged twice?"),
}
