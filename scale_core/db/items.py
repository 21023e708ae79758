"""Finds the items of a catalog: source files and published products, newest first, by place and time.

An item is of the time of its data, or if that is not known, of when it was made. Pages begin behind an id. The newest
items are looked at first, for many searches find many; then the indexes of places and times are asked. They give SQLite
ids in no order: it takes some at a time, and reads only the rows of these.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union_all
from sqlalchemy.orm import Session

from scale_core.db.bulk import table_of
from scale_core.db.conditions import Column
from scale_core.db.extents import data_time_is_in, footprint_meets, ids_in_tree
from scale_core.db.given import given, is_given
from scale_core.db.models import ScaleFile
from scale_core.domain.places import Place
from scale_core.domain.stac import OWNER_COLUMNS, CollectionKey, CollectionKind
from scale_core.domain.times import OpenRange

AT_ONCE: Final = 1000
"""So many of the newest items are looked at first. On SQLite so many ids are taken from the indexes then, and later
ever more, for each time all that the indexes find is passed over."""

MOST_WAYS: Final = 64
"""Of so many collections each has its own part in a statement; of more, the rows of all are looked at."""

_FILE: Final = table_of(ScaleFile)


@dataclass(frozen=True, slots=True)
class ItemSearch:
    """What is looked for; None: whatever it be.

    ``collections`` and ``ids`` may be empty: then nothing is found.
    """

    collections: tuple[CollectionKey, ...] | None = None
    ids: tuple[int, ...] | None = None
    place: Place | None = None
    span: OpenRange | None = None

    @property
    def is_impossible(self) -> bool:
        """Whether nothing can be found."""
        return self.collections == () or self.ids == ()


def find_items(
    session: Session, search: ItemSearch, behind: int | None, limit: int, at_once: int = AT_ONCE
) -> list[int]:
    """The ids of the first items that are found, the newest first.

    :param behind: only those with smaller ids.
    :param limit: so many at most.
    :param at_once: among how many is looked at first.
    """
    if search.is_impossible:
        return []
    if search.ids is not None:
        wanted = [one for one in search.ids if behind is None or one < behind]
        return _only(session, search, wanted)[:limit]
    if search.place is None and search.span is None:
        return _listed(session, search.collections, behind, limit)
    return _searched(session, search, behind, limit, at_once)


def _is_item(column: Column) -> ColumnElement[bool]:
    """A file is an item: a source file of a Strike process or a Scan that is not deleted, or a published product."""
    is_source = [and_(column(one).is_not(None), ~column("is_deleted")) for one in ("strike_id", "scan_id")]
    return or_(*is_source, column("is_published"))


def _column(name: str) -> ColumnElement[Any]:
    column: ColumnElement[Any] = _FILE.c[name]
    return column


def _aside(name: str) -> ColumnElement[Any]:
    """The column, but of no use for finding rows by an index."""
    column = _FILE.c[name]
    return column if name == "id" else func.coalesce(column, column, type_=column.type)


def _listed(session: Session, collections: Sequence[CollectionKey] | None, behind: int | None, limit: int) -> list[int]:
    """The first items of collections, found in the order of an index."""
    if collections is None or len(collections) > MOST_WAYS:
        return [*session.scalars(_first(_behind(_any_items(collections, _column), behind), limit))]
    each = [_first(_behind(select(_FILE.c.id).where(*_of(one, _column)), behind), limit) for one in collections]
    if len(each) == 1:
        return [*session.scalars(each[0])]
    together = union_all(*(select(one.subquery()) for one in each)).subquery()
    return [*session.scalars(select(together.c.id).order_by(together.c.id.desc()).limit(limit))]


def _searched(session: Session, search: ItemSearch, behind: int | None, limit: int, at_once: int) -> list[int]:
    newest = _listed(session, search.collections, behind, at_once)
    found = _only(session, search, newest)
    if len(found) >= limit or len(newest) < at_once:
        return found[:limit]
    further = _by_candidates if session.get_bind().dialect.name == "sqlite" else _by_statement
    return found + further(session, search, newest[-1], limit - len(found), at_once)


def _by_candidates(session: Session, search: ItemSearch, behind: int, limit: int, at_once: int) -> list[int]:
    """SQLite: the first items behind an id, found some at a time."""
    found: list[int] = []
    is_all = False
    while len(found) < limit and not is_all:
        candidates = _candidates(session, search, behind, at_once)
        found += _only(session, search, candidates)
        is_all = len(candidates) < at_once
        behind, at_once = candidates[-1] if candidates else behind, 4 * at_once
    return found[:limit]


def _by_statement(session: Session, search: ItemSearch, behind: int, limit: int, _at_once: int) -> list[int]:
    """PostgreSQL: the same in one statement. Sorted: it knows little of spans of time, and would rather walk along all
    ids than look into their index."""
    found = _behind(_any_items(search.collections, _column), behind).where(*_exactly(search, _column))
    return [*session.scalars(found.order_by(func.coalesce(_FILE.c.id, _FILE.c.id).desc()).limit(limit))]


def _only(session: Session, search: ItemSearch, ids: Sequence[int]) -> list[int]:
    """Those of some files that are found, the newest first."""
    if not ids:
        return []
    dialect = session.get_bind().dialect.name
    found = _any_items(search.collections, _aside).where(is_given(_FILE.c.id, dialect), *_exactly(search, _aside))
    return [*session.scalars(found.order_by(_FILE.c.id.desc()), given(ids, dialect))]


def _any_items(collections: Sequence[CollectionKey] | None, column: Column) -> Select[tuple[int]]:
    """The ids of all items of collections."""
    found = select(_FILE.c.id).where(_is_item(column))
    if collections is None:
        return found
    owners = {kind: [one.owner_id for one in collections if one.kind is kind] for kind in CollectionKind}
    is_of_one = [column(_owner(kind)).in_(ids) for kind, ids in owners.items() if ids]
    return found.where(or_(*is_of_one))


def _of(collection: CollectionKey, column: Column) -> list[ColumnElement[bool]]:
    """A file is an item of a collection, as a partial index has it."""
    is_there = column("is_published") if collection.kind is CollectionKind.JOB_TYPE else ~column("is_deleted")
    return [column(_owner(collection.kind)) == collection.owner_id, is_there]


def _owner(kind: CollectionKind) -> str:
    return OWNER_COLUMNS[kind]


def _behind(found: Select[tuple[int]], behind: int | None) -> Select[tuple[int]]:
    return found if behind is None else found.where(_FILE.c.id < behind)


def _first(found: Select[tuple[int]], limit: int) -> Select[tuple[int]]:
    return found.order_by(_FILE.c.id.desc()).limit(limit)


def _exactly(search: ItemSearch, column: Column) -> Iterator[ColumnElement[bool]]:
    """A file is in the place and of the time that is looked for."""
    if search.place is not None:
        yield footprint_meets(column, search.place)
    if search.span is not None:
        undated = and_(column("data_started").is_(None), column("data_ended").is_(None))
        yield or_(data_time_is_in(column, search.span), and_(undated, *_created(column, search.span)))


def _created(column: Column, span: OpenRange) -> Iterator[ColumnElement[bool]]:
    created = column("created")
    if span.started is not None:
        yield created >= span.started
    if span.ended is not None:
        yield created <= span.ended


def _candidates(session: Session, search: ItemSearch, behind: int, limit: int) -> list[int]:
    """SQLite: the ids of the first files that the indexes of places and times have, and may be found."""
    found = ids_in_tree(search.place, search.span, behind)
    if search.place is None and search.span is not None:
        found.append(_behind(select(_FILE.c.id).where(*_created(_column, search.span)), behind))
    ids: set[int] = set()  # a file may be found by several
    for one in found:
        key = one.selected_columns[0]
        # Sorted, which takes no more room than for what is wanted; to walk along all ids would take longer.
        ids.update(session.scalars(one.order_by(func.coalesce(key, key).desc()).limit(limit)))
    return sorted(ids, reverse=True)[:limit]
