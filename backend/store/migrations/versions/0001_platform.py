"""The platform: the catalogue, the learners and what hangs on them.

Why: the first tables of all. Rules decide on what stands here, so what may never be true (an amount below zero, an
unknown status, a second refund of one payment) is refused by the schema itself.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


# A revision works with the previous release's code: add, backfill, switch and drop are separate releases.
def upgrade() -> None:
    op.create_table(
        "learners",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("email_confirmed", sa.Boolean(), nullable=False),
        sa.Column("sso_organisation", sa.String(), nullable=True),
        sa.Column("sso_linked", sa.Boolean(), nullable=False),
        sa.Column("name_verification", sa.String(), nullable=False),
        sa.Column("id_verification", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("tokens_void_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "id_verification IN ('none', 'pending', 'approved', 'denied')",
            name=op.f("ck_learners_id_verification_known"),
        ),
        sa.CheckConstraint(
            "name_verification IN ('none', 'pending', 'approved')", name=op.f("ck_learners_name_verification_known")
        ),
        sa.CheckConstraint("status IN ('active', 'deleted')", name=op.f("ck_learners_status_known")),
        sa.CheckConstraint("length(country) = 2", name=op.f("ck_learners_country_known")),
        sa.CheckConstraint(
            "sso_organisation IS NOT NULL OR NOT sso_linked", name=op.f("ck_learners_sso_linked_to_something")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learners")),
    )
    op.create_index("ix_learners_email_lower", "learners", [sa.literal_column("lower(email)")], unique=False)
    op.create_table(
        "partners",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
    )
    op.create_table(
        "courses",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("partner_id", sa.String(), nullable=True),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("price_currency", sa.String(length=3), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offers_certificate", sa.Boolean(), nullable=False),
        sa.Column("offers_audit", sa.Boolean(), nullable=False),
        sa.Column("offers_aid", sa.Boolean(), nullable=False),
        sa.Column("offers_full_no_certificate", sa.Boolean(), nullable=False),
        sa.Column("verification", sa.String(), nullable=False),
        sa.Column("program", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("passing_threshold", sa.Double(), nullable=True),
        sa.Column("access_days", sa.Integer(), nullable=True),
        sa.Column("capstone", sa.String(), nullable=True),
        sa.CheckConstraint("capstone IN ('open', 'closed')", name=op.f("ck_courses_capstone_known")),
        sa.CheckConstraint("id <> 'plus'", name=op.f("ck_courses_id_not_reserved")),
        sa.CheckConstraint("platform IN ('new', 'old')", name=op.f("ck_courses_platform_known")),
        sa.CheckConstraint(
            "program IN ('none', 'degree', 'mastertrack', 'professional_certificate', 'business')",
            name=op.f("ck_courses_program_known"),
        ),
        sa.CheckConstraint("verification IN ('name', 'id')", name=op.f("ck_courses_verification_known")),
        sa.CheckConstraint("(price_minor IS NULL) = (price_currency IS NULL)", name=op.f("ck_courses_price_whole")),
        sa.CheckConstraint("access_days > 0", name=op.f("ck_courses_access_days_positive")),
        sa.CheckConstraint("length(price_currency) = 3", name=op.f("ck_courses_price_currency_known")),
        sa.CheckConstraint("passing_threshold BETWEEN 0 AND 1", name=op.f("ck_courses_passing_threshold_is_a_share")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_courses_price_not_negative")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_courses_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courses")),
    )
    op.create_table(
        "payments",
        sa.Column("learner_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_currency", sa.String(length=3), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=True),
        sa.Column("promotion", sa.String(), nullable=True),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind <> 'plus' OR item = 'plus'", name=op.f("ck_payments_plus_pays_for_plus")),
        sa.CheckConstraint(
            "kind IN ('course', 'specialization_prepay', 'subscription', 'plus', 'trial_hold')",
            name=op.f("ck_payments_kind_known"),
        ),
        sa.CheckConstraint(
            "method IN ('visa', 'mastercard', 'amex', 'discover', 'jcb', "
            "'debit_visa', 'debit_mastercard', 'prepaid', 'paypal', 'apple', 'other')",
            name=op.f("ck_payments_method_known"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'completed', 'failed', 'refunded')", name=op.f("ck_payments_status_known")
        ),
        sa.CheckConstraint(
            "via IN ('web', 'ios_app', 'android_app') OR (substr(via, 1, 12) = 'marketplace:' AND length(via) > 12)",
            name=op.f("ck_payments_via_known"),
        ),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_payments_amount_not_negative")),
        sa.CheckConstraint("length(amount_currency) = 3", name=op.f("ck_payments_amount_currency_known")),
        sa.CheckConstraint("refunded_at >= at", name=op.f("ck_payments_refunded_at_not_before_at")),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learners.id"], name=op.f("fk_payments_learner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", "id", name=op.f("pk_payments")),
    )
    op.create_table(
        "promotions",
        sa.Column("learner_id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("courses", sa.JSON(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_promotions_percent_possible")),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learners.id"], name=op.f("fk_promotions_learner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", "code", name=op.f("pk_promotions")),
    )
    op.create_table(
        "sign_ins",
        sa.Column("learner_id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.CheckConstraint(
            "provider IN ('password', 'facebook', 'google', 'apple')", name=op.f("ck_sign_ins_provider_known")
        ),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learners.id"], name=op.f("fk_sign_ins_learner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", "provider", name=op.f("pk_sign_ins")),
    )
    op.create_table(
        "specializations",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("partner_id", sa.String(), nullable=True),
        sa.Column("monthly_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("monthly_price_currency", sa.String(length=3), nullable=True),
        sa.Column("prepay_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("prepay_price_currency", sa.String(length=3), nullable=True),
        sa.CheckConstraint("id <> 'plus'", name=op.f("ck_specializations_id_not_reserved")),
        sa.CheckConstraint(
            "(monthly_price_minor IS NULL) = (monthly_price_currency IS NULL)",
            name=op.f("ck_specializations_monthly_price_whole"),
        ),
        sa.CheckConstraint(
            "(prepay_price_minor IS NULL) = (prepay_price_currency IS NULL)",
            name=op.f("ck_specializations_prepay_price_whole"),
        ),
        sa.CheckConstraint(
            "length(monthly_price_currency) = 3", name=op.f("ck_specializations_monthly_price_currency_known")
        ),
        sa.CheckConstraint(
            "length(prepay_price_currency) = 3", name=op.f("ck_specializations_prepay_price_currency_known")
        ),
        sa.CheckConstraint("monthly_price_minor >= 0", name=op.f("ck_specializations_monthly_price_not_negative")),
        sa.CheckConstraint("prepay_price_minor >= 0", name=op.f("ck_specializations_prepay_price_not_negative")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_specializations_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_specializations")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("learner_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trial_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("period_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "cancel_reason IN ('learner', 'staff', 'payment_failed', 'completed')",
            name=op.f("ck_subscriptions_cancel_reason_known"),
        ),
        sa.CheckConstraint("plan IN ('monthly', 'yearly')", name=op.f("ck_subscriptions_plan_known")),
        sa.CheckConstraint(
            "status IN ('trialing', 'active', 'cancelled', 'inactive')", name=op.f("ck_subscriptions_status_known")
        ),
        sa.CheckConstraint(
            "via IN ('web', 'ios_app', 'android_app') OR (substr(via, 1, 12) = 'marketplace:' AND length(via) > 12)",
            name=op.f("ck_subscriptions_via_known"),
        ),
        sa.CheckConstraint("cancelled_at >= since", name=op.f("ck_subscriptions_cancelled_at_not_before_since")),
        sa.CheckConstraint("period_ends_at >= since", name=op.f("ck_subscriptions_period_ends_at_not_before_since")),
        sa.CheckConstraint("trial_ends_at >= since", name=op.f("ck_subscriptions_trial_ends_at_not_before_since")),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learners.id"], name=op.f("fk_subscriptions_learner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", "id", name=op.f("pk_subscriptions")),
    )
    op.create_table(
        "aid_applications",
        sa.Column("learner_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("course_id", sa.String(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "status IN ('submitted', 'approved', 'denied', 'cancelled')", name=op.f("ck_aid_applications_status_known")
        ),
        sa.CheckConstraint(
            "decided_at >= submitted_at", name=op.f("ck_aid_applications_decided_at_not_before_submitted_at")
        ),
        sa.CheckConstraint("words >= 0", name=op.f("ck_aid_applications_words_not_negative")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_aid_applications_course_id")),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learners.id"], name=op.f("fk_aid_applications_learner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", "id", name=op.f("pk_aid_applications")),
    )
    op.create_index(op.f("ix_aid_applications_course_id"), "aid_applications", ["course_id"], unique=False)
    op.create_table(
        "assignments",
        sa.Column("course_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("passing", sa.Double(), nullable=True),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("honors", sa.Boolean(), nullable=False),
        sa.Column("opens_after", sa.String(), nullable=True),
        sa.Column("locked_by_staff", sa.Boolean(), nullable=False),
        sa.Column("peer_reviews_needed", sa.Integer(), nullable=False),
        sa.Column("reviews_to_give", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('quiz', 'peer', 'programming', 'math', 'exam', 'project')", name=op.f("ck_assignments_kind_known")
        ),
        sa.CheckConstraint("opens_after <> id", name=op.f("ck_assignments_opens_after_another")),
        sa.CheckConstraint("passing BETWEEN 0 AND 1", name=op.f("ck_assignments_passing_is_a_share")),
        sa.CheckConstraint("peer_reviews_needed >= 0", name=op.f("ck_assignments_peer_reviews_needed_not_negative")),
        sa.CheckConstraint("reviews_to_give >= 0", name=op.f("ck_assignments_reviews_to_give_not_negative")),
        sa.CheckConstraint("weight BETWEEN 0 AND 1", name=op.f("ck_assignments_weight_is_a_share")),
        sa.ForeignKeyConstraint(
            ["course_id", "opens_after"],
            ["assignments.course_id", "assignments.id"],
            name="fk_assignments_opens_after",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_assignments_course_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_id", "id", name=op.f("pk_assignments")),
    )
    op.create_table(
        "certificates",
        sa.Column("learner_id", sa.String(), nullable=False),
        sa.Column("course_id", sa.String(), nullable=False),
        sa.Column("earned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_certificates_course_id")),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learners.id"], name=op.f("fk_certificates_learner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", "course_id", name=op.f("pk_certificates")),
    )
    op.create_index(op.f("ix_certificates_course_id"), "certificates", ["course_id"], unique=False)
    op.create_table(
        "enrollments",
        sa.Column("learner_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("course_id", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "mode IN ('paid', 'subscription', 'plus', 'trial', 'aid', 'audit', 'full_no_certificate', 'preenrolled')",
            name=op.f("ck_enrollments_mode_known"),
        ),
        sa.CheckConstraint("completed_at >= since", name=op.f("ck_enrollments_completed_at_not_before_since")),
        sa.CheckConstraint("ended_at >= since", name=op.f("ck_enrollments_ended_at_not_before_since")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_enrollments_course_id")),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learners.id"], name=op.f("fk_enrollments_learner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", "id", name=op.f("pk_enrollments")),
    )
    op.create_index(op.f("ix_enrollments_course_id"), "enrollments", ["course_id"], unique=False)
    op.create_table(
        "refunds",
        sa.Column("learner_id", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_currency", sa.String(length=3), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expected_by", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_refunds_amount_not_negative")),
        sa.CheckConstraint("expected_by >= requested_at", name=op.f("ck_refunds_expected_by_not_before_requested_at")),
        sa.CheckConstraint("length(amount_currency) = 3", name=op.f("ck_refunds_amount_currency_known")),
        sa.ForeignKeyConstraint(
            ["learner_id", "payment_id"],
            ["payments.learner_id", "payments.id"],
            name="fk_refunds_payment",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learners.id"], name=op.f("fk_refunds_learner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", "id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("learner_id", "payment_id", name=op.f("uq_refunds_learner_id_payment_id")),
    )
    op.create_table(
        "specialization_courses",
        sa.Column("specialization_id", sa.String(), nullable=False),
        sa.Column("course_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_specialization_courses_course_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["specialization_id"],
            ["specializations.id"],
            name=op.f("fk_specialization_courses_specialization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("specialization_id", "course_id", name=op.f("pk_specialization_courses")),
        sa.UniqueConstraint(
            "specialization_id", "position", name=op.f("uq_specialization_courses_specialization_id_position")
        ),
    )
    op.create_index(op.f("ix_specialization_courses_course_id"), "specialization_courses", ["course_id"], unique=False)
    op.create_table(
        "submissions",
        sa.Column("learner_id", sa.String(), nullable=False),
        sa.Column("course_id", sa.String(), nullable=False),
        sa.Column("assignment_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("peer_reviews_received", sa.Integer(), nullable=False),
        sa.Column("reviews_given", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('draft', 'submitted', 'graded')", name=op.f("ck_submissions_status_known")),
        sa.CheckConstraint(
            "peer_reviews_received >= 0", name=op.f("ck_submissions_peer_reviews_received_not_negative")
        ),
        sa.CheckConstraint("reviews_given >= 0", name=op.f("ck_submissions_reviews_given_not_negative")),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name=op.f("ck_submissions_score_is_a_share")),
        sa.ForeignKeyConstraint(
            ["course_id", "assignment_id"],
            ["assignments.course_id", "assignments.id"],
            name="fk_submissions_assignment",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learners.id"], name=op.f("fk_submissions_learner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", "course_id", "assignment_id", name=op.f("pk_submissions")),
    )
    op.create_index("ix_submissions_assignment", "submissions", ["course_id", "assignment_id"], unique=False)


# Indexes go with their tables.
def downgrade() -> None:
    op.drop_table("submissions")
    op.drop_table("specialization_courses")
    op.drop_table("refunds")
    op.drop_table("enrollments")
    op.drop_table("certificates")
    op.drop_table("assignments")
    op.drop_table("aid_applications")
    op.drop_table("subscriptions")
    op.drop_table("specializations")
    op.drop_table("sign_ins")
    op.drop_table("promotions")
    op.drop_table("payments")
    op.drop_table("courses")
    op.drop_table("partners")
    op.drop_table("learners")
