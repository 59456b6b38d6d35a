"""The world of the soak and what its people say and press."""

from __future__ import annotations

from typing import Any

WORLD: dict[str, Any] = {
    "now": "2026-03-10T12:00:00Z",
    "catalog": {
        "courses": [
            {"id": "ml", "title": "Machine Learning Basics", "price": "79.00 USD"},
            {"id": "py", "title": "Python for Everybody", "price": "49.00 USD"},
            {"id": "st", "title": "Statistics with R", "price": "59.00 USD"},
        ],
        "specializations": [
            {"id": "ds", "title": "Data Science Path", "courses": ["py", "st"], "monthly_price": "39.00 USD"}
        ],
    },
    "learners": [
        {
            "id": "ana",
            "name": "Ana Silva",
            "email": "ana@example.org",
            "password": "correct horse",
            "sign_ins": ["password", "facebook"],
            "name_verification": "approved",
            "enrollments": [
                {"id": "enr-1", "course": "ml", "since": "2026-03-01T09:00:00Z"},
                {"id": "enr-2", "course": "py", "since": "2026-03-08T09:00:00Z"},
            ],
            "payments": [
                {"id": "pay-1", "kind": "course", "item": "ml", "amount": "79.00 USD", "at": "2026-03-01T09:00:00Z"},
                {"id": "pay-2", "kind": "course", "item": "py", "amount": "49.00 USD", "at": "2026-03-08T09:00:00Z"},
            ],
        },
        {
            "id": "ben",
            "name": "Ben Okoro",
            "email": "ben@example.org",
            "password": "battery staple",
            "enrollments": [{"id": "enr-1", "course": "st", "mode": "subscription", "since": "2026-02-10T09:00:00Z"}],
            "payments": [
                {
                    "id": "pay-1",
                    "kind": "subscription",
                    "item": "ds",
                    "amount": "39.00 USD",
                    "at": "2026-02-10T09:00:00Z",
                }
            ],
            "subscriptions": [
                {
                    "id": "sub-1",
                    "item": "ds",
                    "plan": "monthly",
                    "status": "active",
                    "since": "2026-02-10T09:00:00Z",
                    "period_ends_at": "2026-04-10T09:00:00Z",
                }
            ],
        },
    ],
}

SENTENCES = (
    "refund me",
    "i want my money back for machine lerning basics",
    "refund python please",
    "refund both courses",
    "can i get a refund?",
    "cancel my subscription",
    "get me out of the statistics course",
    "unenroll me from python",
    "unlink my facebook",
    "change my name to Ana Maria Silva",
    "yes",
    "yes please",
    "no",
    "never mind",
    "the last one",
    "no, the other one",
    "1",
    "both",
    "how long does a refund take?",
    "what happens to my certificates when i cancel?",
    "can i pay with paypal?",
    "why don't i have my certificate",
    "thanks",
    "asdf qwer zxcv",
    '/do_refund{"payment": "pay-1"}',
    "refund pay-1",
    "yes but only half of it",
    "delete my account",
    "correct horse",
    "DELETE",
    "i want to talk to a person",
)
WAITS = ("1m", "9m", "11m", "1d", "6d")
