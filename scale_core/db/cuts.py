"""Pages cut out of long lists, at a cost that does not grow with the list.

An index has the rows of one status, or one type, in the order of time, but not those of two, and not all rows in the
order of their types' names. So a page of rows of several types is put together from the first rows of each; and a page
in the order of something that a tally counts is looked for where the tally says that it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from sqlalchemy import ColumnElement, Dialect, Integer, Select, bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from scale_core.db.base import Base
from scale_core.db.conditions import Condition, are_common, one_of
from scale_core.db.keyset import Place
from scale_core.db.paths import Order, PathQuery, directed
from scale_core.db.prepared import Prepared
from scale_core.db.tallied import MOST_WAYS, Group, Slice, overlaps
from scale_core.db.ways import Seek, Way, ways


def cut(
    session: Session,
    model: type[Base],
    conditions: Sequence[Condition],
    order: Sequence[Order],
    part: Slice,
    groups: Sequence[Group] | None,
) -> Sequence[int]:
    """The ids of one part of the rows of ``model`` that fulfil all conditions, in order; one statement.

    :param order: complete: the last is a column that no two rows have in common.
    :param groups: what the tallies know of these rows in this order (:func:`scale_core.db.tallied.grouped`).
    """
    if groups is not None and len(groups) == 1:
        groups, order = None, order[1:]  # they are equal in what comes first
    overlapping = [] if groups is None else overlaps(groups, part)
    if groups is None or len(overlapping) > MOST_WAYS:
        return _some(session, model, conditions, order, {"skip": part.skip, "size": part.size})
    pieces = [
        _merged(
            session.get_bind().dialect,
            model,
            [*conditions, one_of(group.path, group.values)],
            order[1:],
            _Bounds.of(piece),
            is_keyed=True,
        )
        for group, piece in overlapping
    ]
    return session.scalars(_one_after_the_other(model, pieces, order[1:])).all() if pieces else []


def sorted_out(
    session: Session, model: type[Base], conditions: Sequence[Condition], order: Sequence[Order], part: Slice
) -> tuple[int | None, Sequence[int]]:
    """How many rows fulfil all conditions, and the ids of one part of them, in order; one statement, for all that a
    search finds is looked at either way.

    :return: the number is None if it is not known, for the part begins after the last row.
    """
    query = PathQuery(model)
    keys = [
        directed(query.ordered_by(one, by_sorting=True), one, may_be_null=query.may_be_null(one.path)) for one in order
    ]
    matches = query.matches(conditions)  # first: they may ask for joins
    statement = query.join(select(query.column("id"), func.count().over())).where(*matches)
    rows = session.execute(statement.order_by(*keys).limit(part.size).offset(part.skip)).all()
    if not rows:
        return (None if part.skip else 0), []
    return rows[0][1], [row[0] for row in rows]


def cut_behind(
    session: Session,
    model: type[Base],
    conditions: Sequence[Condition],
    order: Sequence[Order],
    place: Place,
    size: int,
    groups: Sequence[Group] | None,
) -> Sequence[int]:
    """The ids of the first ``size`` rows behind a place; as :func:`cut`.

    :param groups: with the side of the place that each is on.
    """
    if groups is None:
        seek = Seek.WITHOUT_KEY if place.key is None else Seek.BY_KEY
        values = {"skip": 0, "size": size, **place.parameters}
        return _some(session, model, conditions, order, values, seek)
    dialect = session.get_bind().dialect
    pieces: list[Select[Any]] = []
    found = 0
    for group in groups:
        if group.side < 0 or found >= size:
            continue
        of_group = [*conditions, one_of(group.path, group.values)]
        seek = Seek.BY_KEY if group.side == 0 else Seek.NONE
        pieces.append(_merged(dialect, model, of_group, order[1:], _Bounds(0, size), is_keyed=True, seek=seek))
        found += group.number if group.side else 0
    if not pieces:
        return []
    if len(pieces) > MOST_WAYS:
        return cut_behind(session, model, conditions, order, place, size, None)
    statement = _one_after_the_other(model, pieces, order[1:]).limit(size)
    return session.scalars(statement, place.parameters).all()


def _some(
    session: Session,
    model: type[Base],
    conditions: Sequence[Condition],
    order: Sequence[Order],
    values: Mapping[str, Any],
    seek: Seek = Seek.NONE,
) -> Sequence[int]:
    dialect = session.get_bind().dialect
    if are_common(conditions):
        prepared = _any_slice(model, tuple(conditions), tuple(order), seek, dialect)
        return [row[0] for row in prepared.rows(session, **values)]
    return session.scalars(_merged(dialect, model, conditions, order, _Bounds.any(), seek=seek), values).all()


@dataclass(frozen=True, slots=True)
class _Bounds:
    """A slice in a statement: numbers, or parameters."""

    skip: Any
    size: Any

    @classmethod
    def of(cls, part: Slice) -> Self:
        """Of a slice that is known."""
        return cls(part.skip, part.size)

    @classmethod
    def any(cls) -> Self:
        """Of a slice that is told when the statement is executed."""
        return cls(*(bindparam(name, type_=Integer(), required=False) for name in ("skip", "size")))


@lru_cache(maxsize=100)
def _any_slice(
    model: type[Base], conditions: tuple[Condition, ...], order: tuple[Order, ...], seek: Seek, dialect: Dialect
) -> Prepared:
    """Kept for the next page: to put it together takes longer than to execute it."""
    return Prepared(_merged(dialect, model, conditions, order, _Bounds.any(), seek=seek), dialect)


def _one_after_the_other(model: type[Base], pieces: Sequence[Select[Any]], order: Sequence[Order]) -> Select[Any]:
    numbered = [select(literal(number).label("piece"), piece.subquery()) for number, piece in enumerate(pieces)]
    together = union_all(*numbered).subquery()
    return select(together.c.id).order_by(together.c.piece, *_by_keys(model, together.c, order))


def _by_keys(model: type[Base], columns: Any, order: Sequence[Order]) -> list[ColumnElement[Any]]:
    query = PathQuery(model)
    return [
        directed(columns[f"key_{index}"], one, may_be_null=query.may_be_null(one.path))
        for index, one in enumerate(order)
    ]


def _merged(
    dialect: Dialect,
    model: type[Base],
    conditions: Sequence[Condition],
    order: Sequence[Order],
    part: _Bounds,
    *,
    is_keyed: bool = False,
    seek: Seek = Seek.NONE,
) -> Select[Any]:
    """Cut the part out of the rows of each way to fulfil the conditions, merged.

    :param is_keyed: with the columns of the order, to merge it with others.
    :param seek: only of those behind a place.
    """
    each = [Way(model, way, order, seek) for way in ways(conditions)]
    if len(each) == 1:
        (only,) = each
        return only.ordered(is_keyed=is_keyed).limit(part.size).offset(part.skip)
    # SQLite merges what indexes have in order, and stops where enough is found; PostgreSQL would sort all there is.
    # SQLite would make a table of its own of what is limited.
    is_sqlite = dialect.name == "sqlite"
    together = union_all(*(one.keyed() if is_sqlite else one.first(part.skip + part.size) for one in each))
    found = together.order_by(*_by_keys(model, together.selected_columns, order))
    found_part = found.limit(part.size).offset(part.skip).subquery()
    columns = [found_part.c[f"key_{index}"] for index in range(len(order))]
    return select(found_part.c.id, *(columns if is_keyed else ())).order_by(*_by_keys(model, found_part.c, order))
