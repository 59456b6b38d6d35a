"""The one error of this package: a sentence for the person at the keyboard, who then sees it and exit status 1."""

from __future__ import annotations


class DeskError(Exception):
    """Something the person can mend; `str()` is one sentence that says what and how."""
