"""Regular expressions that people write into configurations (decision 0067)."""

import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import regex

log = logging.getLogger(__name__)

MATCH_SECONDS: Final = 0.1
"""CPU time after which it is given up to find out whether a text matches: nothing else goes on meanwhile."""


@lru_cache(maxsize=500)
def compiled(expression: str) -> "regex.Pattern[str]":
    """The expression, ready for use; kept, for each of many texts is compared with each of few.

    :raises ValueError: it is none; the message says why.
    """
    import regex  # it takes 10 ms, and many a process needs none

    try:
        return regex.compile(expression, cache_pattern=False)
    except regex.error as error:
        raise ValueError(str(error)) from error
    except (OverflowError, RecursionError) as error:
        raise ValueError("it is too large") from error


def fault_of(expression: str) -> str | None:
    """Why a text is no regular expression; None: it is one."""
    try:
        compiled(expression)
    except ValueError as error:
        return str(error)
    return None


def matches(expression: str, text: str) -> bool:
    """Whether an expression matches a text from its first character on; it need not reach the last.

    Where that is not found out within :data:`MATCH_SECONDS`, it is logged, and the text does not match.

    :raises ValueError: it is no expression.
    """
    try:
        return compiled(expression).match(text, timeout=MATCH_SECONDS) is not None
    except TimeoutError:
        log.warning(
            "Whether %r matches %r is not found out within %g s, so it does not. Write the expression without "
            "repetitions inside of repetitions, such as (a|aa)+.",
            expression,
            text,
            MATCH_SECONDS,
        )
        return False
