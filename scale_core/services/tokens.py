"""Tokens: what programs show to be known as a user."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from scale_core.db.conditions import one_of
from scale_core.db.listing import Shape
from scale_core.db.models import Token, User
from scale_core.domain.access import may
from scale_core.domain.times import parse_when
from scale_core.services.context import Context
from scale_core.services.credentials import HINT_LENGTH, TOKEN_PREFIX, digest, new_secret
from scale_core.services.exceptions import Conflict, NotFound, invalid
from scale_core.services.listing import Listing, ListPage
from scale_core.services.records import change
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated.queries import ListTokensQuery

SHAPE: Final = Shape(Token, serializers.TOKEN_COLUMNS)
TOKENS: Final[Listing[models.Token]] = Listing(SHAPE, serializers.token, serializers.TOKEN_ORDER)

LIFE: Final = timedelta(days=90)
LONGEST_LIFE: Final = timedelta(days=366)


class TokenService:
    """Lists, creates, edits and revokes tokens."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(self, query: ListTokensQuery, urls: SerializerContext) -> ListPage[models.Token]:
        """One page of tokens."""
        where = [one_of("user.id", query.user_id)] if query.user_id else []
        with self._context.database.read() as session:
            return TOKENS.page(session, query, where, urls, self._context.now())

    def get(self, token_id: int, urls: SerializerContext) -> models.Token:
        """What is known of a token.

        :raises NotFound: there is no such token.
        """
        with self._context.database.read() as session:
            return serializers.token(_row(session, token_id), urls)

    def create(self, body: models.NewToken, urls: SerializerContext) -> models.CreatedToken:
        """A new token; what is returned is the only place where it can be read.

        :raises Invalid: there is no such user, the user may less than the token, or it expires too late.
        """
        now = self._context.now()
        expires = self._expires(body, now) or now + LIFE
        secret = TOKEN_PREFIX + new_secret()
        with self._context.database.write() as session:
            user = session.get(User, body["user_id"])
            if user is None:
                raise invalid("/user_id", f"There is no user {body['user_id']}.")
            role = body.get("role", user.role)
            if not may(user.role, role):
                raise invalid("/role", f"{user.name} is {user.role}; a token may not do more than its user.")
            token = Token(
                user_id=user.id,
                title=body.get("title"),
                role=role,
                hint=secret[:HINT_LENGTH],
                token_hash=digest(secret),
                expires=expires,
                created=now,
                last_modified=now,
            )
            session.add(token)
            session.flush()
            row = _row(session, token.id)
            return serializers.created_token(row, urls, token=secret)

    def edit(self, token_id: int, body: models.TokenEdit, urls: SerializerContext) -> models.Token:
        """Change the given fields, or revoke it.

        :raises NotFound: there is no such token.
        :raises Conflict: it was revoked before.
        :raises Invalid: it would expire too late.
        """
        now = self._context.now()
        values: dict[str, Any] = dict(body)
        if expires := self._expires(body, now):
            values["expires"] = expires
        with self._context.database.write() as session:
            token = session.get(Token, token_id)
            if token is None:
                raise NotFound("token", token_id)
            if not token.is_active:
                raise Conflict(f"The token {token_id} was revoked, and stays so: create another one.")
            if "is_active" in values:
                values["revoked"] = now
            change(token, values, now)
            session.flush()
            return serializers.token(_row(session, token_id), urls)

    @staticmethod
    def _expires(body: Mapping[str, Any], now: datetime) -> datetime | None:
        if "expires" not in body:
            return None
        try:
            expires = parse_when(body["expires"], now)
        except ValueError as error:
            raise invalid("/expires", f"{error}.") from error
        if not now < expires <= now + LONGEST_LIFE:
            raise invalid("/expires", f"A token expires after now, and at most {LONGEST_LIFE.days} days from now.")
        return expires


def _row(session: Session, token_id: int) -> Any:
    row = SHAPE.row(session, token_id)
    if row is None:
        raise NotFound("token", token_id)
    return row
