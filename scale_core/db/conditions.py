"""What the rows of a list have to fulfil, said in a way that can be looked at: which columns, compared with what."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Select

MOST_COMMON_VALUES: Final = 8

Column = Callable[[str], ColumnElement[Any]]
"""The column at a path such as ``"job_type.name"``."""


class Search(Protocol):
    """What rows are looked for by that no comparison with a column tells."""

    def on(self, column: Column) -> ColumnElement[bool]:
        """The condition as SQL."""


class Comparison(Enum):
    """How a column is compared."""

    EQUAL = "="
    ONE_OF = "in"
    SINCE = ">="
    UNTIL = "<="
    SEARCHED = "is found in an index of its own"


@dataclass(frozen=True, slots=True)
class Condition:
    """The column at ``path`` compares so with ``value``; made by the functions below.

    ``finds``: rows may be found by it; otherwise by other conditions, and it is looked at then.
    """

    path: str
    comparison: Comparison
    value: Any
    finds: bool = True

    def on(self, column: Column) -> ColumnElement[bool]:
        """The condition as SQL."""
        if self.comparison is Comparison.SEARCHED:
            searched: ColumnElement[bool] = self.value.on(column)
            return searched
        left: ColumnElement[Any] = column(self.path)
        if self.comparison is Comparison.ONE_OF:
            return left.in_(self.value)
        if self.comparison is Comparison.SINCE:
            return left.__ge__(self.value)
        if self.comparison is Comparison.UNTIL:
            return left.__le__(self.value)
        if isinstance(self.value, bool):
            # Written like this, it is found to be the condition of a partial index.
            return left if self.value else ~left
        is_equal: ColumnElement[bool] = left == self.value
        return is_equal


def equal(path: str, value: str | int | bool | None) -> Condition:
    """The column is ``value``; None: there is nothing in it."""
    return Condition(path, Comparison.EQUAL, value)


def one_of(path: str, values: Collection[str] | Collection[int] | Select[Any]) -> Condition:
    """The column is one of ``values``; none of them: nothing fulfils it."""
    return Condition(path, Comparison.ONE_OF, values if isinstance(values, Select) else tuple(values))


def also(condition: Condition) -> Condition:
    """The same condition, but one that too many rows fulfil to find them by it."""
    return replace(condition, finds=False)


def of_related(relation: str, condition: Condition) -> Condition:
    """What the row refers to fulfils the condition; a row that refers to nothing does not."""
    if condition.comparison is Comparison.SEARCHED:
        return replace(condition, path=f"{relation}.{condition.path}", value=_Related(relation, condition.value))
    return replace(condition, path=f"{relation}.{condition.path}")


@dataclass(frozen=True, slots=True)
class _Related:
    """A search for what rows refer to."""

    relation: str
    search: Search

    def on(self, column: Column) -> ColumnElement[bool]:
        """The condition as SQL."""
        return self.search.on(lambda path: column(f"{self.relation}.{path}"))


def since(path: str, moment: datetime) -> Condition:
    """The column is ``moment`` or later."""
    return Condition(path, Comparison.SINCE, moment)


def until(path: str, moment: datetime | int) -> Condition:
    """The column is ``moment`` or earlier, or a number up to it."""
    return Condition(path, Comparison.UNTIL, moment)


def are_common(conditions: Iterable[Condition]) -> bool:
    """Whether the same conditions are likely to come again, as those with ids, times or long lists are not."""
    return all(
        one.comparison in (Comparison.EQUAL, Comparison.ONE_OF)
        and one.path != "id"
        and not isinstance(one.value, Select)
        and not (isinstance(one.value, tuple) and len(one.value) > MOST_COMMON_VALUES)
        for one in conditions
    )


def is_searched(conditions: Iterable[Condition]) -> bool:
    """Whether the rows are found by a search: by an index that has them in no order."""
    return any(one.comparison is Comparison.SEARCHED for one in conditions)
