"""Indexes that PostgreSQL has on a table itself, and SQLite, which has no such index, in a table beside it.

Triggers keep that table, so that whoever writes a row, by whatever statement, writes it in the same transaction.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, event


@dataclass(frozen=True, slots=True)
class IndexBeside:
    """One of them.

    :param table: SQLite's table; its triggers are called ``<table>_insert``, ``_update`` and ``_delete``.
    :param indexes: the names of PostgreSQL's indexes.
    :param on_sqlite: the statements that make the table and its triggers.
    :param on_postgresql: the statements that make the indexes.
    :param fill: the statement that fills the table with what is there.
    """

    table: str
    indexes: tuple[str, ...]
    on_sqlite: Callable[[], Iterable[str]]
    on_postgresql: Callable[[], Iterable[str]]
    fill: Callable[[], str]

    def make_with(self, metadata: MetaData) -> None:
        """Make it whenever all tables are made."""
        event.listen(metadata, "after_create", lambda _target, connection, **_: self.install(connection))

    def install(self, connection: Connection) -> None:
        """Make it, and fill it with what is there. A migration that makes the indexed table anew has to call this."""
        self.remove(connection)
        is_sqlite = connection.dialect.name == "sqlite"
        for statement in self.on_sqlite() if is_sqlite else self.on_postgresql():
            connection.exec_driver_sql(statement)
        if is_sqlite:
            self.refill(connection)

    def remove(self, connection: Connection) -> None:
        """Take it away."""
        names = [f"INDEX IF EXISTS {name}" for name in self.indexes]
        if connection.dialect.name == "sqlite":
            names = [f"TRIGGER IF EXISTS {self.table}_{kind}" for kind in ("insert", "update", "delete")]
            names.append(f"TABLE IF EXISTS {self.table}")
        for name in names:
            connection.exec_driver_sql(f"DROP {name}")

    def refill(self, connection: Connection) -> None:
        """Fill SQLite's table anew; of use where its triggers were away for a while."""
        connection.exec_driver_sql(f"DELETE FROM {self.table}")  # noqa: S608 - a name of ours
        connection.exec_driver_sql(self.fill())
