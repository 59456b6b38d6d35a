"""A small shelf of articles that is right in every respect, for tests to spoil in one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

GOOD_ARTICLE = """---
id: request-a-refund
title: Request a refund
topic: payments
sources: [F16, F20]
related: [cancel-a-trial]
reviewed: 2026-11-21
---

How to have your money returned.

## Time limit {#time-limit}

sources: F16, F20
operation: refund

> Ask within {{ refund.window_days }} days:
>
> 1. Open **My Purchases**.

You have {{ refund.window_days }} days. See [the trial](/help/cancel-a-trial#how).

### Details

The days count from the payment.

### Questions

- how long do i have
- until when can i ask
- refund time limit?
- is there a deadline for my money
- what is the latest day
- am i too late to be reimbursed
- do exceptions exist
- how many days after paying
- when does the window close
- may i ask after a month
"""

OTHER_ARTICLE = """---
id: cancel-a-trial
title: Cancel a trial
topic: subscriptions
sources: [F42]
related: []
reviewed: 2026-11-21
---

## How to cancel {#how}

sources: F42
diagnosis: subscription_status

> Click **Cancel** in time.

Open the tab with your subscriptions and click **Cancel**.

### Questions

- how do i stop the trial
- where is the cancel button
- trial ending soon what to do
- which tab has my trial
- can i leave before it costs something
- how to quit the free days
- what do i click
- will it end by itself
- why was the trial prolonged
- who cancels trials
"""

PARAMETER = """description: Days after paying in which a refund can be asked for
unit: days
last_checked_on: 2026-11-21
values:
  2020-01-01:
    value: 14
    reference:
      source: "knowledge: request-a-refund/time-limit"
      articles: [F16, F20]
      read_on: 2026-11-21
"""


class Shelf:
    """Two articles and a parameter on disk; `spoil` changes one file."""

    def __init__(self, folder: Path) -> None:
        self.articles = folder / "articles"
        self.params = folder / "params"
        self.refund = self._write(self.articles / "payments" / "request-a-refund.md", GOOD_ARTICLE)
        self.trial = self._write(self.articles / "subscriptions" / "cancel-a-trial.md", OTHER_ARTICLE)
        self.window = self._write(self.params / "refund" / "window_days.yaml", PARAMETER)

    def _write(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def spoil(self, path: Path, old: str, new: str) -> int:
        """Replace `old`, which must be there, and answer the line it was on."""
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def write_parameter(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes `<area>/<name>.yaml` and answers the folder to load."""

    def write(path: str, text: str) -> Path:
        file = tmp_path / "own" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return tmp_path / "own"

    return write
