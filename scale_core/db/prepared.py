"""Statements that are executed again and again: made text once, and handed to the driver as they are.

SQLAlchemy looks up what it has compiled, makes a context and a result for each execution: a tenth of a millisecond, for
statements that a database answers in a few hundredths.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.types import Float, TypeEngine

Values = tuple[Any, ...]


class Kept:
    """A statement that is prepared when it is first executed on a database of its dialect.

    :param build: makes it for a dialect, which it is given by name.
    :ivar statement: the same.
    """

    def __init__(self, build: Callable[[str], Select[Any]]) -> None:
        self.statement = build
        self._by_dialect: dict[str, Prepared] = {}

    def rows(self, session: Session, **given: Any) -> list[Values]:
        """All rows, with the parameters that are still without a value.

        :raises sqlalchemy.exc.DBAPIError: as SQLAlchemy would raise it.
        """
        dialect = session.get_bind().dialect
        if dialect.name not in self._by_dialect:
            self._by_dialect[dialect.name] = Prepared(self.statement(dialect.name), dialect)
        return self._by_dialect[dialect.name].rows(session, **given)

    def values(self, session: Session, **given: Any) -> list[Any]:
        """What the first column has, as :meth:`rows`."""
        return [row[0] for row in self.rows(session, **given)]


class Prepared:
    """A statement as text, with what its parameters and results have to go through.

    :param statement: the parameters without a value are given at each execution.
    :param dialect: of the database that it is executed on.
    """

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        self._text = str(compiled)
        self._writes = {
            name: write
            for name, parameter in compiled.binds.items()
            if (write := parameter.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        self._values = self._written(compiled.params)
        self._places: Sequence[str] | None = getattr(compiled, "positiontup", None)
        self._reads = [
            (place, read)
            for place, column in enumerate(statement.selected_columns)
            if (read := _reader(column.type, dialect)) is not None
        ]

    def rows(self, session: Session, **given: Any) -> list[Values]:
        """All rows, with the parameters that are still without a value.

        :raises sqlalchemy.exc.DBAPIError: as SQLAlchemy would raise it.
        """
        rows = self._fetch(session.connection(), {**self._values, **self._written(given)})
        return [self._read(row) for row in rows] if self._reads else rows

    def _fetch(self, connection: Connection, values: dict[str, Any]) -> list[Values]:
        parameters = values if self._places is None else tuple(values[name] for name in self._places)
        return execute(connection, self._text, parameters)

    def _written(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._writes[name](one) if name in self._writes else one for name, one in values.items()}

    def _read(self, row: Values) -> Values:
        values = list(row)
        for place, read in self._reads:
            if values[place] is not None:
                values[place] = read(values[place])
        return tuple(values)


def execute(connection: Connection, statement: str, parameters: Any = ()) -> list[Values]:
    """Hand a statement to the driver, in the connection's transaction.

    :param parameters: as the driver takes them.
    :return: the rows that it returns, as the driver hands them over.
    :raises sqlalchemy.exc.DBAPIError: as SQLAlchemy would raise it.
    """
    cursor = connection.connection.cursor()
    for listener in connection.dispatch.before_cursor_execute:  # who hears of other statements hears of this one
        listener(connection, cursor, statement, parameters, None, False)
    try:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall()) if cursor.description else []
    except connection.dialect.loaded_dbapi.Error as error:
        raise _known(error, statement, connection) from error
    finally:
        cursor.close()


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What makes a value of what the driver hands over; None: it is one."""
    if isinstance(kind, Float):
        return None  # drivers know them; what SQLAlchemy does about others asks for the type of each result
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _known(error: Any, text: str, connection: Connection) -> DBAPIError:
    """The error as SQLAlchemy's, with whether the connection is lost."""
    dialect = connection.dialect
    is_lost = dialect.is_disconnect(error, connection.connection, None)
    if is_lost:
        connection.invalidate(error)
    base = dialect.loaded_dbapi.Error
    known: DBAPIError = DBAPIError.instance(text, None, error, base, connection_invalidated=is_lost, dialect=dialect)
    return known
