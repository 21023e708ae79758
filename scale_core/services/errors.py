"""Errors: what failures are called (reference: Error Services)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.listing import Shape
from scale_core.db.models import Error
from scale_core.services.context import Context
from scale_core.services.exceptions import Conflict, NotFound, invalid
from scale_core.services.listing import Listing, ListPage
from scale_core.services.records import change, insert
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated.enums import ErrorCategory
from scale_generated.queries import ListErrorsQuery

SHAPE = Shape(Error, serializers.ERROR_COLUMNS)
ERRORS: Listing[models.Error] = Listing(SHAPE, serializers.error, serializers.ERROR_ORDER)


class ErrorService:
    """Lists, registers and edits errors."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(self, query: ListErrorsQuery, urls: SerializerContext) -> ListPage[models.Error]:
        """One page of errors."""
        with self._context.database.read() as session:
            return ERRORS.page(session, query, (), urls, self._context.now())

    def get(self, error_id: int, urls: SerializerContext) -> models.Error:
        """An error.

        :raises NotFound: there is no such error.
        """
        with self._context.database.read() as session:
            return _get(session, error_id, urls)

    def create(self, body: models.NewError, urls: SerializerContext) -> models.Error:
        """Register an error.

        :raises Conflict: there is one of that name.
        :raises Invalid: its category is SYSTEM, which is for Scale's own errors.
        """
        if body["category"] not in (ErrorCategory.ALGORITHM, ErrorCategory.DATA):
            raise invalid("/category", "Errors of the system are Scale's own; choose ALGORITHM or DATA.")
        with self._context.database.write() as session:
            if error_by_name(session, body["name"]) is not None:
                raise Conflict(_taken(body["name"]))
            error = create_error(session, self._context, body)
            return _get(session, error.id, urls)

    def edit(self, error_id: int, body: models.ErrorEdit, urls: SerializerContext) -> models.Error:
        """Change the given fields.

        :raises NotFound: there is no such error.
        :raises Invalid: it is builtin.
        """
        with self._context.database.write() as session:
            error = session.get(Error, error_id)
            if error is None:
                raise NotFound("error", error_id)
            edit_error(self._context, error, body)
            session.flush()
            return _get(session, error_id, urls)


def error_by_name(session: Session, name: str) -> Error | None:
    """The error of that name."""
    return session.scalars(select(Error).where(Error.name == name)).one_or_none()


def create_error(session: Session, context: Context, body: Mapping[str, Any]) -> Error:
    """A new error with the (valid) fields of ``body``; ``name`` and ``category`` are among them."""
    now = context.now()
    error = Error(**body, is_builtin=False, created=now, last_modified=now)
    insert(session, error, _taken(error.name))
    return error


def edit_error(context: Context, error: Error, body: Mapping[str, Any], at: str = "") -> bool:
    """Set the (valid) fields of ``body``; whether anything changed.

    :param at: JSON pointer of the body.
    :raises Invalid: the error is builtin.
    """
    if error.is_builtin:
        raise invalid(at, f"The error {error.name!r} is builtin and cannot be changed; create one of another name.")
    return change(error, body, context.now())


def _get(session: Session, error_id: int, urls: SerializerContext) -> models.Error:
    row = SHAPE.row(session, error_id)
    if row is None:
        raise NotFound("error", error_id)
    return serializers.error(row, urls)


def _taken(name: str) -> str:
    return f"There is an error {name!r} already; edit that one, or choose another name."
