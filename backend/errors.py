"""Errors as types that carry data.

ServiceError                    anything the desk says no to as a service (a rule's no is a Decision, never an error)
├── BadInput(field)             400  the request does not make sense; says what was expected
├── Unauthorized                401  no, wrong or expired credentials
├── Forbidden                   403  known, but not allowed
├── NotFound                    404  no such thing, or not yours: the same answer for both
├── Conflict                    409  somebody or something was faster
├── TooLarge                    413  more than the desk takes at once
├── TooMany(retry_after)        429  a limit on how often
└── Unavailable                 503  something the desk needs is away
    ├── StoreUnavailable             the database
    └── DialogueUnavailable          Rasa or the action server
"""

from __future__ import annotations


class ServiceError(Exception):
    """`code` is stable and for programs; `message` is a sentence for a person."""

    status = 500
    code = "internal_error"

    def __init__(self, message: str, *, code: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        if code is not None:
            self.code = code


class BadInput(ServiceError):
    status = 400
    code = "bad_input"


class Unauthorized(ServiceError):
    status = 401
    code = "unauthorized"


class Forbidden(ServiceError):
    status = 403
    code = "forbidden"


class NotFound(ServiceError):
    status = 404
    code = "not_found"


class Conflict(ServiceError):
    status = 409
    code = "conflict"


class TooLarge(ServiceError):
    status = 413
    code = "too_large"


class TooMany(ServiceError):
    status = 429
    code = "too_many_requests"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(ServiceError):
    status = 503
    code = "unavailable"


class StoreUnavailable(Unavailable):
    code = "store_unavailable"

    def __init__(self) -> None:
        super().__init__("We can't reach our records right now. Nothing was changed; please try again in a minute.")


class DialogueUnavailable(Unavailable):
    code = "dialogue_unavailable"
