"""What a service refuses, and why. One table (`scale_core.api.problems`) maps these to HTTP."""

from collections.abc import Sequence

from scale_core.specs import Problem


class ServiceError(Exception):
    """Base of everything that a service raises on purpose; the message is for the one who asked."""


class NotFound(ServiceError):
    """There is no such thing."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"There is no {kind} {key!r}.")


class Archived(NotFound):
    """It was there, and retention has taken it away."""

    def __init__(self, detail: str) -> None:
        ServiceError.__init__(self, detail)


class Conflict(ServiceError):
    """What was asked collides with what exists."""


class Unauthenticated(ServiceError):
    """Nobody is known by what was shown."""


class Forbidden(ServiceError):
    """Who asks may not do this."""


class TooManyAttempts(ServiceError):
    """Something was tried too often; it may be tried again in ``retry_seconds``."""

    def __init__(self, what: str, retry_seconds: int) -> None:
        super().__init__(f"{what} too often: try again in {retry_seconds} seconds.")
        self.retry_seconds = retry_seconds


class Unavailable(ServiceError):
    """Something that this system depends on does not answer now."""


class TooLarge(ServiceError):
    """The request is larger than this system takes."""


class Invalid(ServiceError):
    """The input is wrong; ``problems`` say where and what would be right."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.pointer or '/'}: {problem.detail}" for problem in problems))
        self.problems = tuple(problems)


def invalid(pointer: str, detail: str) -> Invalid:
    """An :class:`Invalid` with one problem."""
    return Invalid([Problem(pointer, detail)])


def refuse(problems: Sequence[Problem]) -> None:
    """Raise :class:`Invalid` if there is any problem."""
    if problems:
        raise Invalid(problems)
