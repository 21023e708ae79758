"""Sessions: browsers in which users have signed in."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from scale_core.db.models import SignInFailure, User, UserSession
from scale_core.domain.access import Caller
from scale_core.services.context import Context
from scale_core.services.credentials import Passwords, csrf_token, digest, new_secret
from scale_core.services.exceptions import Conflict, Forbidden, TooManyAttempts, Unauthenticated, invalid
from scale_core.services.recording import act_as
from scale_core.services.records import change
from scale_generated import models
from scale_generated._runtime import timestamp
from scale_generated.enums import AccessMethod, Role

LIFE: Final = timedelta(hours=12)
SPAN: Final = timedelta(minutes=15)
"""How long a failed attempt to sign in counts."""

MOST_BY_USER: Final = 10
MOST_BY_ADDRESS: Final = 50
"""So many failed attempts may be made in that time; many people may share an address."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that has begun, and the secret for the cookie."""

    session: models.Session
    secret: str


class SessionService:
    """Signs users in and out, and says who asks."""

    def __init__(self, context: Context, passwords: Passwords) -> None:
        self._context = context
        self._passwords = passwords

    def sign_in(self, body: models.SignIn, address: str) -> Begun:
        """Begin a session with a name and a password.

        :param address: where the request comes from.
        :raises Unauthenticated: they are wrong; it is not told which, nor whether there is such a user.
        :raises TooManyAttempts: there were too many that failed.
        """
        name = body["name"]
        with self._context.database.read() as session:
            self._refuse_guessing(session, name, address)
            user = session.scalars(select(User).where(User.name == name)).one_or_none()
        is_right = self._passwords.is_right(body["password"], user.password_hash if user and user.is_active else None)
        if user is None or not is_right:
            self._note_failure(name, address)
            raise Unauthenticated("The name or the password is wrong, or the user may not sign in (any more).")
        with self._context.database.read() as session:
            # Again: many guesses may have been made at one time, before the first of them was noted.
            self._refuse_guessing(session, name, address)
        return self.begin(user.id)

    def change_password(self, body: models.PasswordChange, caller: Caller, address: str) -> None:
        """Give the caller another password, and end the user's other sessions.

        :param address: where the request comes from.
        :raises Forbidden: the caller shows something else than a session: a program must not shut its user out.
        :raises Conflict: the user has no password to change.
        :raises Invalid: the current one is wrong.
        :raises TooManyAttempts: there were too many that failed.
        """
        if caller.session_id is None or caller.user_id is None:
            raise Forbidden("Only who has signed in changes the own password: POST /session/ first.")
        with self._context.database.read() as session:
            user = session.get_one(User, caller.user_id)
            self._refuse_guessing(session, user.name, address)
        if user.password_hash is None:
            raise Conflict(f"{user.name} has no password that could be changed: ask an admin for one.")
        if not self._passwords.is_right(body["current_password"], user.password_hash):
            self._note_failure(user.name, address)
            raise invalid("/current_password", "This is not the password that you have.")
        kept = self._passwords.hash(body["password"])
        others = UserSession.user_id == user.id, UserSession.id != caller.session_id
        with self._context.database.write() as session:
            change(session.get_one(User, user.id), {"password_hash": kept}, self._context.now())
            session.execute(delete(UserSession).where(*others))

    def begin(self, user_id: int) -> Begun:
        """Begin a session of a user who has shown who they are.

        :raises Unauthenticated: the user is not active.
        """
        now = self._context.now()
        secret = new_secret()
        with self._context.database.write() as session:
            user = session.get_one(User, user_id)
            if not user.is_active:
                raise Unauthenticated(f"{user.name} may not sign in any more: ask an admin.")
            session.execute(delete(UserSession).where(UserSession.expires <= now))
            row = UserSession(user_id=user.id, secret_hash=digest(secret), created=now, expires=now + LIFE)
            session.add(row)
            session.flush()
            caller = Caller(user.id, user.name, Role(user.role), AccessMethod.SESSION, session_id=row.id)
            act_as(caller)
        return Begun(self.describe(caller, secret), secret)

    def describe(self, caller: Caller, secret: str | None) -> models.Session:
        """Who asks, and what they may do.

        :param secret: of the caller's session, if there is one.
        """
        expires = None
        if caller.session_id is not None:
            with self._context.database.read() as session:
                expires = session.scalar(select(UserSession.expires).where(UserSession.id == caller.session_id))
        is_session = caller.session_id is not None and secret is not None
        return {
            "user": None if caller.user_id is None else {"id": caller.user_id, "name": caller.name or ""},
            "role": caller.role.value,
            "method": caller.method.value,
            "is_access_controlled": self._context.settings.auth,
            "csrf_token": csrf_token(secret or "") if is_session else None,
            "expires": timestamp(expires),
        }

    def sign_out(self, caller: Caller) -> None:
        """End the caller's session, if it is one."""
        if caller.session_id is not None:
            with self._context.database.write() as session:
                session.execute(delete(UserSession).where(UserSession.id == caller.session_id))

    def _refuse_guessing(self, session: Session, name: str, address: str) -> None:
        begin = self._context.now() - SPAN
        for column, value, most in (
            (SignInFailure.user_name, name, MOST_BY_USER),
            (SignInFailure.address, address, MOST_BY_ADDRESS),
        ):
            number, first = session.execute(
                select(func.count(), func.min(SignInFailure.occurred)).where(
                    column == value, SignInFailure.occurred > begin
                )
            ).one()
            if number >= most:
                raise TooManyAttempts("Signing in failed", int((first - begin).total_seconds()) + 1)

    def _note_failure(self, name: str, address: str) -> None:
        now = self._context.now()
        with self._context.database.write() as session:
            session.execute(delete(SignInFailure).where(SignInFailure.occurred <= now - SPAN))
            session.add(SignInFailure(user_name=name, address=address, occurred=now))
