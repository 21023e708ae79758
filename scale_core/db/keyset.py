"""Places in an order: where a page ends, found again by what its last row has instead of how many come before it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, case, literal, or_, tuple_

from scale_core.db.paths import Order, PathQuery

KEY: Final = "place_key"
ROW_ID: Final = "place_id"


@dataclass(frozen=True, slots=True)
class Place:
    """The row that a page begins behind: what it has in the first column of the order, and its id."""

    key: Any
    row_id: int

    @property
    def parameters(self) -> dict[str, Any]:
        """What a statement with :func:`behind` is executed with."""
        return {KEY: self.key, ROW_ID: self.row_id}


def backwards(order: Sequence[Order]) -> list[Order]:
    """The same order from its end."""
    return [replace(one, descending=not one.descending) for one in order]


def behind(
    query: PathQuery, columns: Sequence[ColumnElement[Any]], order: Sequence[Order], *, is_null: bool
) -> ColumnElement[bool]:
    """Whether a row comes behind a place that is told when the statement is executed.

    :param columns: what the rows are ordered by: the id, or something and the id.
    :param is_null: whether the row at the place has nothing in the first column.
    """
    *first, row_id = columns
    place_id = bindparam(ROW_ID, type_=BigInteger(), required=False)
    is_later = row_id < place_id if order[-1].descending else row_id > place_id
    if not first:
        return is_later
    (key,) = first
    place_key = bindparam(KEY, type_=key.type, required=False)
    descending = order[0].descending
    if not query.may_be_null(order[0].path):
        # As one comparison, which an index answers.
        row, place = tuple_(key, row_id), tuple_(place_key, place_id)
        return row < place if descending else row > place
    if is_null:
        return and_(key.is_(None), is_later) if descending else or_(and_(key.is_(None), is_later), key.is_not(None))
    further = or_(key < place_key, key.is_(None)) if descending else key > place_key
    return or_(further, and_(key == place_key, is_later))


def side_of(key: ColumnElement[Any], order: Order, place: Place) -> ColumnElement[int]:
    """-1 for rows that come before the place by what is first in the order, 0 for those that have the same, else 1."""
    less, more = (1, -1) if order.descending else (-1, 1)
    if place.key is None:
        return case((key.is_(None), literal(0)), else_=literal(more))
    value = bindparam(None, place.key, type_=key.type)
    return case((key == value, literal(0)), (or_(key < value, key.is_(None)), literal(less)), else_=literal(more))
