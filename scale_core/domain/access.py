"""Who does something, and what they may do."""

from dataclasses import dataclass
from typing import Final

from scale_generated.enums import AccessMethod, Role

_ROLES: Final = tuple(Role)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks for something.

    :param user_id: None: nobody was asked, or it is a command.
    :param name: of the user, or of the account on the machine.
    :param role: what the caller may do.
    :param token_id: the token that was shown.
    :param session_id: the session that was shown.
    """

    user_id: int | None
    name: str | None
    role: Role
    method: AccessMethod
    token_id: int | None = None
    session_id: int | None = None


ANYBODY: Final = Caller(None, None, Role.ADMIN, AccessMethod.NONE)
"""Whoever asks where nobody is asked who they are."""


def may(role: str, needed: str) -> bool:
    """Whether one role includes another; each includes those before it in the document."""
    return _ROLES.index(Role(role)) >= _ROLES.index(Role(needed))


def lower(one: str, other: str) -> Role:
    """The role of the two that may do less."""
    return Role(min(one, other, key=lambda role: _ROLES.index(Role(role))))
