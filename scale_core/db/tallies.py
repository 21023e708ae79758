"""Tables of how many rows there are of each kind, kept by triggers of the database, so that a list that grows with all
that was ever done is counted by adding up a few numbers.

A tally of ``job`` by status and job type is a table ``job_tally`` of (status, job_type_id, number). Whoever changes a
row, by whatever statement, changes the number in the same transaction. On PostgreSQL writers do not wait for each
other's numbers: each statement adds rows of what it added and took away, and now and then one of them adds up what is
there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Index, Integer, MetaData, Table, event, text

MERGE_ONE_IN = 200
"""PostgreSQL: how many rows a tally grows by between two times that it is added up, on average."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows ``counted`` has for each combination of values in ``columns``.

    :param name: of the table that holds the numbers.
    :param counted: name of the table whose rows are counted.
    """

    name: str
    counted: str
    columns: tuple[str, ...]

    def add_table(self, metadata: MetaData) -> Table:
        """The table of the numbers, with columns like those that are counted."""
        counted = metadata.tables[self.counted]
        columns = [Column(name, counted.c[name].type) for name in self.columns]
        table = Table(self.name, metadata, *columns, Column("number", Integer, nullable=False))
        Index(f"ix_{self.name}", *columns)
        event.listen(metadata, "after_create", lambda _target, connection, **_: self.install(connection))
        return table

    def install(self, connection: Connection) -> None:
        """Make the triggers and count what is there. A migration that makes the counted table anew has to call it."""
        self.place_triggers(connection)
        self.recount(connection)

    def place_triggers(self, connection: Connection) -> None:
        """Make the triggers, in place of those that are there."""
        self.remove(connection)
        is_sqlite = connection.dialect.name == "sqlite"
        for statement in self._on_sqlite() if is_sqlite else self._on_postgresql():
            connection.exec_driver_sql(statement)

    def remove(self, connection: Connection) -> None:
        """Take the triggers away."""
        is_sqlite = connection.dialect.name == "sqlite"
        for kind in ("insert", "update", "delete"):
            connection.exec_driver_sql(
                f"DROP TRIGGER IF EXISTS {self.name}_{kind}" + ("" if is_sqlite else f" ON {self.counted}")
            )
        if not is_sqlite:
            connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {self.name}_change")

    def recount(self, connection: Connection) -> None:
        """Count all rows, one by one."""
        columns = ", ".join(self.columns)
        connection.execute(text(f"DELETE FROM {self.name}"))
        connection.execute(
            text(
                f"INSERT INTO {self.name} ({columns}, number) "
                f"SELECT {columns}, count(*) FROM {self.counted} GROUP BY {columns}"
            )
        )

    def _on_sqlite(self) -> Iterator[str]:
        changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in self.columns)
        add, subtract = self._sqlite_add("NEW"), self._sqlite_subtract("OLD")
        for kind, when, body in (
            ("insert", f"AFTER INSERT ON {self.counted}", add),
            ("delete", f"AFTER DELETE ON {self.counted}", subtract),
            (
                "update",
                f"AFTER UPDATE OF {', '.join(self.columns)} ON {self.counted} WHEN {changed}",
                f"{subtract} {add}",
            ),
        ):
            yield f"CREATE TRIGGER {self.name}_{kind} {when} BEGIN {body} END"

    def _sqlite_subtract(self, row: str) -> str:
        return f"UPDATE {self.name} SET number = number - 1 WHERE {self._same(row)};"

    def _sqlite_add(self, row: str) -> str:
        values = ", ".join(f"{row}.{name}" for name in self.columns)
        return (
            f"UPDATE {self.name} SET number = number + 1 WHERE {self._same(row)}; "
            f"INSERT INTO {self.name} ({', '.join(self.columns)}, number) SELECT {values}, 1 WHERE changes() = 0;"
        )

    def _same(self, row: str) -> str:
        # IS, not =: some columns may be NULL.
        return " AND ".join(f"{name} IS {row}.{name}" for name in self.columns)

    def _on_postgresql(self) -> Iterator[str]:
        columns = ", ".join(self.columns)
        added = f"SELECT {columns}, count(*) AS number FROM added GROUP BY {columns}"
        taken = f"SELECT {columns}, -count(*) AS number FROM taken GROUP BY {columns}"
        moved = (
            f"SELECT {columns}, sum(number) FROM ({added} UNION ALL {taken}) AS each "
            f"GROUP BY {columns} HAVING sum(number) <> 0"
        )
        yield f"""
            CREATE FUNCTION {self.name}_change() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE
                written integer;
            BEGIN
                CASE TG_OP
                    WHEN 'INSERT' THEN INSERT INTO {self.name} ({columns}, number) {added};
                    WHEN 'DELETE' THEN INSERT INTO {self.name} ({columns}, number) {taken};
                    ELSE INSERT INTO {self.name} ({columns}, number) {moved};
                END CASE;
                GET DIAGNOSTICS written = ROW_COUNT;
                IF random() * {MERGE_ONE_IN} < written THEN
                    WITH parts AS (
                        DELETE FROM {self.name} WHERE ctid = ANY(ARRAY(
                            SELECT ctid FROM {self.name} FOR UPDATE SKIP LOCKED
                        )) RETURNING *
                    )
                    INSERT INTO {self.name} ({columns}, number)
                    SELECT {columns}, sum(number) FROM parts GROUP BY {columns} HAVING sum(number) <> 0;
                END IF;
                RETURN NULL;
            END $$"""
        for kind, rows in (
            ("insert", "NEW TABLE AS added"),
            ("delete", "OLD TABLE AS taken"),
            ("update", "OLD TABLE AS taken NEW TABLE AS added"),
        ):
            yield (
                f"CREATE TRIGGER {self.name}_{kind} AFTER {kind.upper()} ON {self.counted} REFERENCING {rows} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {self.name}_change()"
            )
