"""Users: who may use this system, and as what."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from scale_core.db.conditions import one_of
from scale_core.db.listing import Shape
from scale_core.db.models import User, UserSession
from scale_core.services.admission import has_admin
from scale_core.services.context import Context
from scale_core.services.credentials import Passwords
from scale_core.services.exceptions import Conflict, NotFound
from scale_core.services.listing import Listing, ListPage
from scale_core.services.records import change, insert
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated.queries import ListUsersQuery

SHAPE: Final = Shape(User, serializers.USER_COLUMNS)
USERS: Final[Listing[models.User]] = Listing(SHAPE, serializers.user, serializers.USER_ORDER)
KIND: Final = "user"


class UserService:
    """Lists, creates and edits users."""

    def __init__(self, context: Context, passwords: Passwords) -> None:
        self._context = context
        self._passwords = passwords

    def list(self, query: ListUsersQuery, urls: SerializerContext) -> ListPage[models.User]:
        """One page of users."""
        where = [one_of("name", query.name)] if query.name else []
        with self._context.database.read() as session:
            return USERS.page(session, query, where, urls, self._context.now())

    def get(self, user_id: int, urls: SerializerContext) -> models.User:
        """A user.

        :raises NotFound: there is no such user.
        """
        with self._context.database.read() as session:
            return _get(session, user_id, urls)

    def create(self, body: models.NewUser, urls: SerializerContext) -> models.User:
        """A new user.

        :raises Conflict: there is one of that name.
        """
        values = self._values(body)
        now = self._context.now()
        with self._context.database.write() as session:
            if session.scalar(select(User.id).where(User.name == body["name"])) is not None:
                raise Conflict(_taken(body["name"]))
            user = User(**values, created=now, last_modified=now)
            insert(session, user, _taken(user.name))
            return _get(session, user.id, urls)

    def edit(self, user_id: int, body: models.UserEdit, urls: SerializerContext) -> models.User:
        """Change the given fields. Who is not active any more, or has another password, is signed out everywhere.

        :raises NotFound: there is no such user.
        :raises Conflict: nobody would be left who may do everything.
        """
        values = self._values(body)
        with self._context.database.write() as session:
            user = session.get(User, user_id)
            if user is None:
                raise NotFound(KIND, user_id)
            had_admin = has_admin(session)
            change(user, values, self._context.now())
            session.flush()
            if had_admin and not has_admin(session):
                raise Conflict(f"{user.name} is the only active admin: make another user admin first.")
            if "password_hash" in values or not user.is_active:
                session.execute(delete(UserSession).where(UserSession.user_id == user.id))
            return _get(session, user_id, urls)

    def id_of(self, name: str) -> int:
        """The id of the user with this name.

        :raises NotFound: there is no such user.
        """
        with self._context.database.read() as session:
            found = session.scalar(select(User.id).where(User.name == name))
        if found is None:
            raise NotFound(KIND, name)
        return found

    def _values(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The columns to set. Passwords are hashed here, outside of the transaction: that is meant to take long."""
        values = dict(body)
        if "password" in values:
            password = values.pop("password")
            values["password_hash"] = None if password is None else self._passwords.hash(password)
        return values


def _get(session: Session, user_id: int, urls: SerializerContext) -> models.User:
    row = SHAPE.row(session, user_id)
    if row is None:
        raise NotFound(KIND, user_id)
    return serializers.user(row, urls)


def _taken(name: str) -> str:
    return f"There is a user {name!r} already; edit that one, or choose another name."
