"""Lists over HTTP: from a generated query object to a page of generated models."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from sqlalchemy.orm import Session

from scale_core.db.conditions import Condition, is_searched, one_of, since, until
from scale_core.db.keyset import Place, backwards
from scale_core.db.listing import Order, Page, Row, Shape
from scale_core.domain.times import time_range
from scale_core.services.cursors import PARAMETER, Cursor, read_cursor
from scale_core.services.exceptions import invalid
from scale_core.services.serialization import SerializerContext

T = TypeVar("T")


class ListQuery(Protocol):
    """The parameters that all lists share."""

    @property
    def page(self) -> int: ...
    @property
    def page_size(self) -> int: ...
    @property
    def started(self) -> str | None: ...
    @property
    def ended(self) -> str | None: ...
    @property
    def order(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The cursors of the pages beside a page; None: there is none."""

    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """One page of a list, and how many results there are on all pages.

    ``neighbours`` is None where pages are found by their number only.
    """

    count: int
    results: list[T]
    neighbours: Neighbours | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of one page; as :class:`ListPage`."""

    count: int
    rows: list[Row]
    neighbours: Neighbours | None = None

    def page(self, results: list[T]) -> ListPage[T]:
        """The page, with what was made of the rows."""
        return ListPage(self.count, results, self.neighbours)


class Selection:
    """Rows of a kind of resource that can be listed; for those that have more than is in their row.

    :param shape: its table and columns.
    :param orders: its generated map from the names that ``order`` takes to columns.
    :param known_as: other columns that have the same as some of these, and that the database finds rows by.
    """

    def __init__(
        self, shape: Shape, orders: Mapping[str, str], known_as: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._shape = shape
        self._orders = orders
        self._known_as = known_as

    def find(
        self,
        session: Session,
        query: ListQuery,
        where: Iterable[Condition],
        now: datetime,
        time_column: str = "last_modified",
    ) -> Found:
        """The rows of the page that ``query`` asks for, of those that fulfil all of ``where``.

        :raises Invalid: ``order`` names an unknown field, or the cursor belongs to no such list.
        :raises InvalidTime: ``started`` or ``ended`` is no time, or they are exchanged.
        """
        order = [self._order(name) for name in query.order]
        conditions = [*where, *_in_span(query, now, time_column)]
        sent: str | None = getattr(query, PARAMETER, None)
        if not _is_flat(query) or is_searched(conditions):
            if sent is not None:
                fields = ", ".join(_flat(query))
                why = f"There are cursors only for orders by one of: {fields}; and none for searches by place or time."
                raise invalid(PARAMETER, why)
            return Found(*self._shape.page(session, conditions, order, Page(query.page, query.page_size)))
        if sent is None:
            return self._numbered(session, query, conditions, order)
        if query.page > 1:
            raise invalid("page", "A cursor says which page it is: send the one or the other.")
        return self._beside(session, query, conditions, order, sent)

    def _numbered(
        self, session: Session, query: ListQuery, conditions: Sequence[Condition], order: Sequence[Order]
    ) -> Found:
        page = Page(query.page, query.page_size)
        count, rows = self._shape.page(session, conditions, order, page)
        return self._found(query, count, rows, is_first=page.number == 1, is_last=page.number * page.size >= count)

    def _beside(
        self,
        session: Session,
        query: ListQuery,
        conditions: Sequence[Condition],
        order: Sequence[Order],
        sent: str,
    ) -> Found:
        cursor = read_cursor(sent, query, self._shape.type_of(self._key(query)))
        complete = order or [Order("id")]
        way = backwards(complete) if cursor.is_backwards else complete
        beside = self._shape.beside(session, conditions, way, cursor.place, query.page_size)
        if not beside.rows:
            return Found(beside.count, [], _way_back(cursor, complete, query))
        if cursor.is_backwards:
            return self._found(query, beside.count, beside.rows[::-1], is_first=beside.is_last, is_last=False)
        return self._found(query, beside.count, beside.rows, is_first=False, is_last=beside.is_last)

    def _found(self, query: ListQuery, count: int, rows: list[Row], *, is_first: bool, is_last: bool) -> Found:
        if not rows:
            return Found(count, rows)
        key = self._key(query)
        following = None if is_last else Cursor(self._shape.place(rows[-1], key), is_backwards=False).text(query)
        preceding = None if is_first else Cursor(self._shape.place(rows[0], key), is_backwards=True).text(query)
        return Found(count, rows, Neighbours(following, preceding))

    def _key(self, query: ListQuery) -> str:
        """The column that the order of a list with cursors begins with."""
        return self._orders[query.order[0].removeprefix("-")] if query.order else "id"

    def _order(self, name: str) -> Order:
        field = name.removeprefix("-")
        if field not in self._orders:
            known = ", ".join(self._orders)
            raise invalid("order", f"There is no field {field!r} to order by; there are: {known}.")
        path = self._orders[field]
        return Order(self._known_as.get(path, path), descending=name.startswith("-"))


def _in_span(query: ListQuery, now: datetime, time_column: str) -> Iterator[Condition]:
    span = time_range(query.started, query.ended, now)
    if span.started is not None:
        yield since(time_column, span.started)
    if query.ended is not None:
        yield until(time_column, span.ended)


def _way_back(cursor: Cursor, order: Sequence[Order], query: ListQuery) -> Neighbours:
    """From where nothing is left any more: to the page that ends with the row of the cursor, or begins with it."""
    is_up = order[0].descending == cursor.is_backwards
    beyond = Place(cursor.place.key, cursor.place.row_id + (1 if is_up else -1))
    back = Cursor(beyond, is_backwards=not cursor.is_backwards).text(query)
    return Neighbours(back, None) if cursor.is_backwards else Neighbours(None, back)


def _flat(query: ListQuery) -> Sequence[str]:
    """The orders whose pages have cursors."""
    found: Sequence[str] = getattr(query, "flat_orders", ())
    return found


def _is_flat(query: ListQuery) -> bool:
    return bool(_flat(query)) and (
        not query.order or (len(query.order) == 1 and query.order[0].removeprefix("-") in _flat(query))
    )


class Listing(Selection, Generic[T]):
    """A kind of resource that can be listed, and is all in its row.

    :param serialize: its generated serializer.
    """

    def __init__(
        self,
        shape: Shape,
        serialize: Callable[[Row, SerializerContext], T],
        orders: Mapping[str, str],
        known_as: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(shape, orders, known_as)
        self._serialize = serialize

    def page(
        self,
        session: Session,
        query: ListQuery,
        where: Iterable[Condition],
        urls: SerializerContext,
        now: datetime,
        time_column: str = "last_modified",
    ) -> ListPage[T]:
        """The page that ``query`` asks for; as :meth:`find`."""
        found = self.find(session, query, where, now, time_column)
        return found.page([self._serialize(row, urls) for row in found.rows])

    def of_ids(self, session: Session, ids: Sequence[int], urls: SerializerContext) -> ListPage[T]:
        """The resources with these ids, by id, as one page."""
        rows = self._shape.rows(session, [one_of("id", ids)], [Order("id")])
        return ListPage(len(rows), [self._serialize(row, urls) for row in rows])
