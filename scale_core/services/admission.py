"""Who asks, and whether they may: by what a request shows, and the role that its operation needs."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from scale_core.db.models import Token, User, UserSession
from scale_core.domain.access import ANYBODY, Caller, lower, may
from scale_core.services.context import Context
from scale_core.services.credentials import digest, is_csrf_token
from scale_core.services.exceptions import Forbidden, Unauthenticated
from scale_generated.enums import AccessMethod, Role

PUBLIC: Final = "public"
"""The role of operations that everybody may call."""

SHOW: Final = "send a token (Authorization: Bearer …), or sign in with POST /session/"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request shows to say who asks.

    :param token: the bearer token.
    :param session: the secret in the cookie.
    :param csrf: the header that goes with the cookie.
    :param is_change: whether the request may change something.
    """

    token: str | None = None
    session: str | None = None
    csrf: str | None = None
    is_change: bool = False


class Admission:
    """Admits callers. Where access is not controlled, everybody is, as :data:`~scale_core.domain.access.ANYBODY`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.is_controlled = context.settings.auth

    def admit(self, needed: str, shown: Shown) -> Caller:
        """Who asks.

        :param needed: the role that the operation needs, or :data:`PUBLIC`.
        :raises Unauthenticated: nobody is known by what is shown.
        :raises Forbidden: who asks may not, or another site may have had the browser ask.
        """
        if needed == PUBLIC or not self.is_controlled:
            return ANYBODY
        caller = self._caller(needed, shown)
        if not may(caller.role, needed):
            raise Forbidden(
                f"This needs the role {needed}, and {caller.name} is here as {caller.role}: ask an admin for the role, "
                "or show a token that has it."
            )
        return caller

    def _caller(self, needed: str, shown: Shown) -> Caller:
        if shown.token is not None:
            return self._of_token(shown.token)
        if shown.session is None:
            raise Unauthenticated(f"This needs the role {needed}, and the request does not say who asks: {SHOW}.")
        caller = self._of_session(shown.session)
        if shown.is_change and not is_csrf_token(shown.csrf, shown.session):
            raise Forbidden(
                "A change in the name of a session needs the header X-CSRF-Token with the csrf_token of the session: "
                "GET /session/ tells it."
            )
        return caller

    def _of_token(self, token: str) -> Caller:
        with self._context.database.read() as session:
            row = _one(session, _TOKENS.where(Token.token_hash == digest(token)))
        if row is None or not (row.is_active and row.user_is_active) or row.expires <= self._context.now():
            raise Unauthenticated(f"The token is unknown, has expired or was revoked: {SHOW}.")
        role = lower(row.role, row.user_role)
        return Caller(row.user_id, row.name, role, AccessMethod.TOKEN, token_id=row.id)

    def _of_session(self, secret: str) -> Caller:
        with self._context.database.read() as session:
            row = _one(session, _SESSIONS.where(UserSession.secret_hash == digest(secret)))
        if row is None or not row.user_is_active or row.expires <= self._context.now():
            raise Unauthenticated("The session has ended: sign in with POST /session/.")
        return Caller(row.user_id, row.name, Role(row.user_role), AccessMethod.SESSION, session_id=row.id)


_USER: Final = (
    User.id.label("user_id"),
    User.name,
    User.role.label("user_role"),
    User.is_active.label("user_is_active"),
)
_TOKENS: Final[Any] = select(Token.id, Token.role, Token.is_active, Token.expires, *_USER).join(Token.user)
_SESSIONS: Final[Any] = select(UserSession.id, UserSession.expires, *_USER).join(UserSession.user)


def _one(session: Session, statement: Select[Any]) -> Any:
    return session.execute(statement).one_or_none()


def has_admin(session: Session) -> bool:
    """Whether there is somebody who may do everything."""
    return session.scalar(select(User.id).where(User.is_active, User.role == Role.ADMIN).limit(1)) is not None
