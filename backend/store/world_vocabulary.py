"""The words the world allows where only certain words make sense (contracts §6), for schema and loader alike."""

from __future__ import annotations

VERIFICATIONS = ("name", "id")
PROGRAMS = ("none", "degree", "mastertrack", "professional_certificate", "business")
PLATFORMS = ("new", "old")
CAPSTONES = ("open", "closed")
ASSIGNMENT_KINDS = ("quiz", "peer", "programming", "math", "exam", "project")

SIGN_INS = ("password", "facebook", "google", "apple")
NAME_VERIFICATIONS = ("none", "pending", "approved")
ID_VERIFICATIONS = ("none", "pending", "approved", "denied")
LEARNER_STATUSES = ("active", "deleted")

ENROLLMENT_MODES = ("paid", "subscription", "plus", "trial", "aid", "audit", "full_no_certificate", "preenrolled")
PAYMENT_KINDS = ("course", "specialization_prepay", "subscription", "plus", "trial_hold")
PAYMENT_STATUSES = ("pending", "completed", "failed", "refunded")
PAYMENT_METHODS = (
    "visa",
    "mastercard",
    "amex",
    "discover",
    "jcb",
    "debit_visa",
    "debit_mastercard",
    "prepaid",
    "paypal",
    "apple",
    "other",
)
VIAS = ("web", "ios_app", "android_app")
MARKETPLACE = "marketplace:"  # a fourth way to pay, followed by the marketplace's name
SUBSCRIPTION_PLANS = ("monthly", "yearly")
SUBSCRIPTION_STATUSES = ("trialing", "active", "cancelled", "inactive")
CANCEL_REASONS = ("learner", "staff", "payment_failed", "completed")
AID_STATUSES = ("submitted", "approved", "denied", "cancelled")
SUBMISSION_STATUSES = ("draft", "submitted", "graded")

PLUS = "plus"  # the item that is Coursera Plus; no course or Specialization may be called so
