"""Where files are, and of what time, as a condition of their lists. :mod:`scale_core.db.extent_index` finds them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    LargeBinary,
    and_,
    bindparam,
    case,
    column,
    func,
    join,
    literal,
    or_,
    select,
    table,
    true,
    union_all,
)

from scale_core.db.by_dialect import by_dialect
from scale_core.db.conditions import Column, Comparison, Condition
from scale_core.db.extent_index import FIRST_DAY, LAST_DAY, TREE, TREE_COLUMNS, has_data_time, time_range_of
from scale_core.db.sqlite_geometry import INTERSECTS
from scale_core.db.types import SRID, Utc, Wkb
from scale_core.domain.places import Box, Place
from scale_core.domain.times import OpenRange

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SLACK: Final = 1 / 86_400
"""Of a day, on either side. SQLite computes days from milliseconds, the columns have microseconds: what the tree finds
is compared with these."""

_TREE: Final = table(TREE, *map(column, TREE_COLUMNS))


def in_extent(place: Place | None, span: OpenRange | None) -> Condition:
    """The footprint of a file has a point in common with ``place``, its data a moment with ``span``; None: anywhere, at
    any time, but not both."""
    return Condition("id", Comparison.SEARCHED, _Extent(place, span))


@dataclass(frozen=True, slots=True)
class _Extent:
    """A place, a span of time, or both."""

    place: Place | None
    span: OpenRange | None

    def on(self, column: Column) -> ColumnElement[bool]:
        """The condition as SQL: what the index finds it by, and what settles it."""
        on_sqlite: list[ColumnElement[bool]] = [column("id").in_(self._in_tree())]
        on_postgresql: list[ColumnElement[bool]] = []
        if self.place is not None:
            on_sqlite.append(_intersects_on_sqlite(column, self.place))
            on_postgresql.append(_intersects_on_postgresql(column, self.place))
        if self.span is not None:
            exactly = _overlaps(column, self.span)
            on_sqlite += exactly
            on_postgresql += [_in_time_index(column, self.span), *exactly]
        return by_dialect(and_(*on_sqlite), and_(*on_postgresql))

    def _in_tree(self) -> Any:
        """The ids of files that have a box in the tree with a point in common with a box of this."""
        found = select(_TREE.c.id.op(">>")(1)).where(*_in_days(self.span))
        if self.place is None:
            return found
        # One search for each box: SQLite would look at the whole tree for one box or another.
        each = [found.where(*_in_box(box)) for box in self.place.boxes]
        return each[0] if len(each) == 1 else union_all(*each)


def _in_days(span: OpenRange | None) -> list[ColumnElement[bool]]:
    if span is None:
        return []
    first = FIRST_DAY if span.started is None else _day(span.started) - SLACK
    last = LAST_DAY if span.ended is None else _day(span.ended) + SLACK
    return [_TREE.c.ended >= first, _TREE.c.began <= last]


def _day(moment: datetime) -> float:
    return (moment - EPOCH) / timedelta(days=1)


def _in_box(box: Box) -> list[ColumnElement[bool]]:
    tree = _TREE.c
    return [tree.west <= box.east, tree.east >= box.west, tree.south <= box.north, tree.north >= box.south]


def _intersects_on_sqlite(column: Column, place: Place) -> ColumnElement[bool]:
    looked_at: ColumnElement[int] = getattr(func, INTERSECTS)(
        column("geometry"), bindparam(None, place.wkb, LargeBinary, unique=True), type_=Integer
    )
    exactly = looked_at == 1
    if not place.is_boxes:
        return exactly
    return case((_within(column, place), 1), else_=exactly) == 1


def _within(column: Column, place: Place) -> ColumnElement[bool]:
    """A file lies within one of the boxes altogether: it needs no closer look."""
    west, south, east, north = map(column, ("west", "south", "east", "north"))
    return or_(
        *(
            and_(west >= box.west, east <= box.east, west <= east, south >= box.south, north <= box.north)
            for box in place.boxes
        )
    )


def _intersects_on_postgresql(column: Column, place: Place) -> ColumnElement[bool]:
    geometry = column("geometry")
    bounds = [func.ST_MakeEnvelope(box.west, box.south, box.east, box.north, SRID) for box in place.boxes]
    wanted = bindparam(None, place.wkb, Wkb, unique=True)
    # Parts of a collection may overlap, which GEOS before 3.13 takes for an error: it is asked of one with one.
    is_collection: ColumnElement[bool] = func.GeometryType(geometry) == "GEOMETRYCOLLECTION"
    if place.is_collection:
        is_collection = true()
    closer = [(is_collection, _any_parts_intersect(geometry, wanted))]
    if place.is_boxes:
        closer.insert(0, (_within(column, place), true()))
    exactly = case(*closer, else_=func.ST_Intersects(geometry, wanted))
    return and_(or_(*(geometry.bool_op("&&")(one) for one in bounds)), exactly)


def _any_parts_intersect(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[bool]:
    parts, others = (func.ST_Dump(each).table_valued("path", "geom").render_derived() for each in (one, other))
    pairs = join(parts, others, func.ST_Intersects(parts.c.geom, others.c.geom))
    return select(literal(1)).select_from(pairs).exists()


def _in_time_index(column: Column, span: OpenRange) -> ColumnElement[bool]:
    started, ended = column("data_started"), column("data_ended")
    wanted = func.tstzrange(_moment(span.started), _moment(span.ended), "[]")
    return and_(has_data_time(started, ended), time_range_of(started, ended).bool_op("&&")(wanted))


def _moment(moment: datetime | None) -> ColumnElement[Any]:
    return bindparam(None, moment, Utc, unique=True)


def _overlaps(column: Column, span: OpenRange) -> list[ColumnElement[bool]]:
    """A file with one of the two times is of that moment."""
    started, ended = column("data_started"), column("data_ended")
    found = []
    if span.started is not None:
        found.append(func.coalesce(ended, started) >= span.started)
    if span.ended is not None:
        found.append(func.coalesce(started, ended) <= span.ended)
    return found
