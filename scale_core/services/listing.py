"""Lists over HTTP: from a generated query object to a page of generated models."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from sqlalchemy.orm import Session

from scale_core.db.conditions import Condition, one_of, since, until
from scale_core.db.listing import Order, Page, Row, Shape
from scale_core.domain.times import time_range
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
class ListPage(Generic[T]):
    """One page of a list, and how many results there are on all pages."""

    count: int
    results: list[T]


class Selection:
    """Rows of a kind of resource that can be listed; for those that have more than is in their row.

    :param shape: its table and columns.
    :param orders: its generated map from the names that ``order`` takes to columns.
    """

    def __init__(self, shape: Shape, orders: Mapping[str, str]) -> None:
        self._shape = shape
        self._orders = orders

    def find(
        self,
        session: Session,
        query: ListQuery,
        where: Iterable[Condition],
        now: datetime,
        time_column: str = "last_modified",
    ) -> tuple[int, list[Row]]:
        """How many rows fulfil all of ``where``, and those of the page that ``query`` asks for.

        :raises Invalid: ``order`` names an unknown field.
        :raises InvalidTime: ``started`` or ``ended`` is no time, or they are exchanged.
        """
        order = [self._order(name) for name in query.order]
        span = time_range(query.started, query.ended, now)

        conditions = list(where)
        if span.started is not None:
            conditions.append(since(time_column, span.started))
        if query.ended is not None:
            conditions.append(until(time_column, span.ended))
        return self._shape.page(session, conditions, order, Page(query.page, query.page_size))

    def _order(self, name: str) -> Order:
        field = name.removeprefix("-")
        if field not in self._orders:
            known = ", ".join(self._orders)
            raise invalid("order", f"There is no field {field!r} to order by; there are: {known}.")
        return Order(self._orders[field], descending=name.startswith("-"))


class Listing(Selection, Generic[T]):
    """A kind of resource that can be listed, and is all in its row.

    :param serialize: its generated serializer.
    """

    def __init__(
        self, shape: Shape, serialize: Callable[[Row, SerializerContext], T], orders: Mapping[str, str]
    ) -> None:
        super().__init__(shape, orders)
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
        count, rows = self.find(session, query, where, now, time_column)
        return ListPage(count, [self._serialize(row, urls) for row in rows])

    def of_ids(self, session: Session, ids: Sequence[int], urls: SerializerContext) -> ListPage[T]:
        """The resources with these ids, by id, as one page."""
        rows = self._shape.rows(session, [one_of("id", ids)], [Order("id")])
        return ListPage(len(rows), [self._serialize(row, urls) for row in rows])
