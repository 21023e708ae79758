"""Where files are, and of what time, as a condition of their lists. :mod:`scale_core.db.extent_index` finds them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
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
from scale_core.db.extent_index import (
    FIRST_DAY,
    LAST_DAY,
    OFF_CALENDAR,
    TREE,
    TREE_COLUMNS,
    has_data_time,
    time_range_of,
)
from scale_core.db.sqlite_geometry import INTERSECTS
from scale_core.db.types import SRID, Utc, Wkb
from scale_core.domain.places import Box, Place
from scale_core.domain.times import OpenRange

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SLACK: Final = 1 / 86_400
"""Of a day, on either side. SQLite computes days from milliseconds, the columns have microseconds: what the tree finds
is compared with these."""

_SIDES: Final = ("west", "south", "east", "north")
_TREE: Final = table(TREE, *map(column, TREE_COLUMNS))


def in_extent(place: Place | None, span: OpenRange | None) -> Condition:
    """The footprint of a file has a point in common with ``place``, its data a moment with ``span``; None: anywhere, at
    any time, but not both."""
    return Condition("id", Comparison.SEARCHED, _Extent(place, span))


def footprint_meets(column: Column, place: Place) -> ColumnElement[bool]:
    """The footprint of a file has a point in common with ``place``: what PostgreSQL finds by its index, and SQLite has
    :func:`ids_in_tree` for."""
    return by_dialect(_intersects_on_sqlite(column, place), _intersects_on_postgresql(column, place))


def data_time_is_in(column: Column, span: OpenRange) -> ColumnElement[bool]:
    """The data of a file has a moment in common with ``span``, whichever of its times is the earlier; found as
    :func:`footprint_meets`."""
    started, ended = column("data_started"), column("data_ended")
    exactly = []
    if span.started is not None:
        exactly.append(or_(started >= span.started, ended >= span.started))
    if span.ended is not None:
        exactly.append(or_(started <= span.ended, ended <= span.ended))
    return by_dialect(and_(*exactly), and_(_in_time_index(column, span), *exactly))


def ids_in_tree(place: Place | None, span: OpenRange | None, behind: int | None) -> list[Select[tuple[int]]]:
    """SQLite: selects the ids of the files that have a box in the tree with a point in common with a box of ``place``
    and a moment with ``span``; also those of no time, if a place is given.

    :param behind: only ids that are smaller.
    """
    found = select(_TREE.c.id.op(">>")(1).label("id"))
    if behind is not None:
        found = found.where(_TREE.c.id < 2 * behind)
    times = [_in_days(span)]
    if place is not None and span is not None:
        times.append([_TREE.c.began >= OFF_CALENDAR - 1])
    places = [[]] if place is None else [_in_box(box) for box in place.boxes]
    return [found.where(*where, *when) for where in places for when in times]


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
    # What lies within a box altogether, or has nothing in common with any, needs no closer look.
    ways = [(_is_within(column, place), literal(1))] if place.is_boxes else []
    near = [_is_near(column, box) for box in place.boxes]
    return case(*ways, (or_(*near), looked_at), else_=0) == 1


def _is_within(column: Column, place: Place) -> ColumnElement[bool]:
    """A file lies within one of the boxes altogether."""
    west, south, east, north = map(column, _SIDES)
    return or_(
        *(
            and_(west >= box.west, east <= box.east, west <= east, south >= box.south, north <= box.north)
            for box in place.boxes
        )
    )


def _is_near(column: Column, box: Box) -> ColumnElement[bool]:
    """The box of a footprint, or one of its two, has a point in common with a box."""
    west, south, east, north = map(column, _SIDES)
    reaches = (west <= box.east, east >= box.west)
    return and_(south <= box.north, north >= box.south, case((west <= east, and_(*reaches)), else_=or_(*reaches)))


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
        closer.insert(0, (_is_within(column, place), true()))
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
