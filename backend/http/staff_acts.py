"""Every route of what staff do beside the conversations themselves: one table, made of those of its modules."""

from __future__ import annotations

from backend.http import insight, staff_learner, staff_members

STAFF_ACTS = (*staff_members.ROUTES, *staff_learner.ROUTES, *insight.ROUTES)
