"""What a transaction changes: values of rows before and after, and how many rows of which tables.

A context variable says who keeps a list of it (:data:`RECORDER`); where there is nobody, nothing is watched.
"""

from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sqlalchemy import Column, event, inspect
from sqlalchemy.orm import ORMExecuteState, Session

RESOURCE: Final = "resource"
"""Key in a table's ``info``: what the API calls its rows, where that is not the table's name."""

SECRET: Final = "secret"  # noqa: S105 - names a mark
"""Key in a column's ``info``: its values are not written down."""

UNRECORDED: Final = "unrecorded"
"""Key in a table's ``info``: its rows are no change that anybody made."""

MOST_IDS: Final = 100
"""So many ids of changed rows are kept for each table."""

_LOG: Final = "scale_changes"
_UNTOLD: Final = frozenset({"id", "created", "last_modified"})


@dataclass(slots=True)
class Change:
    """One row: values by column before (None: it is new) and after (None: it is gone); of an edit what differs."""

    kind: str
    row: Any
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(slots=True)
class Touched:
    """How many rows of a kind were inserted, updated or deleted, and the ids of the first of them."""

    count: int = 0
    ids: list[int] = field(default_factory=list)

    def add(self, count: int, ids: Sequence[int] = ()) -> None:
        """Count more rows."""
        self.count += count
        self.ids += [one for one in ids if one not in self.ids][: MOST_IDS - len(self.ids)]


class ChangeLog:
    """Watches one session.

    :param most: so many rows are described; further ones are counted.
    """

    def __init__(self, session: Session, most: int) -> None:
        self.touched: dict[str, Touched] = {}
        self._session = session
        self._most = most
        self._changes: dict[int, Change] = {}
        session.info[_LOG] = self
        event.listen(session, "before_flush", self._before_flush)
        event.listen(session, "do_orm_execute", self._before_statement)

    def changes(self) -> list[Change]:
        """The described rows, in the order in which they were changed; to be called after the last flush."""
        for one in self._changes.values():
            if one.after is not None:
                names = _columns(one.row) if one.before is None else one.before
                one.after = {name: _told(one.row, name) for name in names}
        for one in self._changes.values():
            self._touch(one.kind, 1, [one.row.id])
        return list(self._changes.values())

    def add(self, kind: str, count: int, ids: Sequence[int] = ()) -> None:
        """Count rows that a statement changes without objects."""
        self._touch(kind, count, ids)

    def _touch(self, kind: str, count: int, ids: Sequence[int] = ()) -> None:
        self.touched.setdefault(kind, Touched()).add(count, ids)

    def _before_flush(self, session: Session, *_: Any) -> None:
        for row in session.new:
            self._note(row, None, {})
        for row in session.dirty:
            if changed := _changed(row):
                self._note(row, changed, {})
        for row in session.deleted:
            self._note(row, {name: _told(row, name) for name in _columns(row)}, None)

    def _note(self, row: Any, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        table = inspect(row).mapper.local_table
        if table.info.get(UNRECORDED):
            return
        known = self._changes.get(id(row))
        if known is None:
            if len(self._changes) < self._most:
                self._changes[id(row)] = Change(kind_of(table), row, before, after)
            else:
                self._touch(kind_of(table), 1)
        elif known.before is not None and before is not None:
            known.before = {**before, **known.before}
            known.after = after

    def _before_statement(self, state: ORMExecuteState) -> Any:
        if not (state.is_insert or state.is_update or state.is_delete):
            return None
        result = state.invoke_statement()
        table: Any = getattr(state.statement, "table", None)
        if table is not None and not table.info.get(UNRECORDED):
            self._touch(kind_of(table), max(getattr(result, "rowcount", 0), 0))
        return result


class Recorder(Protocol):
    """Keeps a list of what transactions change."""

    def begin(self, session: Session) -> None:
        """A transaction begins."""

    def end(self, session: Session) -> None:
        """All its changes are made, and it will be committed: what is added to the session now belongs to it."""


RECORDER: Final[ContextVar[Recorder | None]] = ContextVar("scale_recorder", default=None)
"""Who is told of the transactions of this thread or task."""


def note_rows(session: Session, table: Any, count: int, ids: Sequence[int] = ()) -> None:
    """Tell whoever watches the session of rows that were changed past it."""
    log = session.info.get(_LOG)
    if log is not None:
        log.add(kind_of(table), count, ids)


def kind_of(table: Any) -> str:
    """What the API calls the rows of a table."""
    return str(table.info.get(RESOURCE, table.name))


def _columns(row: Any) -> Iterator[str]:
    return (name for name in inspect(row).mapper.column_attrs.keys() if name not in _UNTOLD)  # noqa: SIM118


def _changed(row: Any) -> dict[str, Any]:
    """The values of changed columns as they were."""
    state = inspect(row)
    found = {}
    for name in _columns(row):
        history = state.attrs[name].history
        if history.has_changes():
            found[name] = _shown(state.mapper.local_table.c[name], history.deleted[0] if history.deleted else None)
    return found


def _told(row: Any, name: str) -> Any:
    return _shown(inspect(row).mapper.local_table.c[name], getattr(row, name))


def _shown(column: Column[Any], value: Any) -> Any:
    return "***" if value is not None and column.info.get(SECRET) else value
