"""Where, and of what time, the files of each Strike, Scan and job type are: a table of outer bounds, kept by triggers.

A file that lies outside of what is known so far makes it wider, in the transaction that writes the file; one that goes
does not make it smaller. Times are kept in whole days (UTC), so that files that come in the order of time, as most do,
change it once a day. On PostgreSQL writers do not wait for each other: each adds a row, and now and then one of them
puts those of a collection together.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    MetaData,
    Table,
    event,
)

from scale_core.db.types import Utc

TABLE: Final = "collection_extent"
FILES: Final = "scale_file"
OWNERS: Final = ("strike_id", "scan_id", "job_type_id")
"""What the files of a collection have in common; a file has one of them. Older migrations know fewer."""

Owners = tuple[str, ...]

LEAST: Final = ("west", "south", "began")
MOST: Final = ("east", "north", "ended")
BOUNDS: Final = (*LEAST, *MOST)
TIMES: Final = ("began", "ended")

MERGE_ONE_IN: Final = 20
"""PostgreSQL: how many rows are added between two times that they are put together, on average."""

_KEPT: Final = ("west", "south", "east", "north", "data_started", "data_ended")


def columns(owners_of: Owners = OWNERS) -> list[Column[Any]]:
    """The columns of the table. A row has one owner."""
    owners: list[Column[Any]] = [Column(name, BigInteger) for name in owners_of]
    sides: list[Column[Any]] = [Column(name, Float) for name in ("west", "south", "east", "north")]
    return [*owners, *sides, *(Column(name, Utc()) for name in TIMES)]


def add_table(metadata: MetaData) -> None:
    """The table, with its triggers whenever all tables are made."""
    table = Table(TABLE, metadata, *columns())
    Index(f"ix_{TABLE}", *(table.c[name] for name in OWNERS))
    event.listen(metadata, "after_create", lambda _target, connection, **_: install(connection))


def install(connection: Connection, owners: Owners = OWNERS) -> None:
    """Make the triggers and look at what is there. A migration that makes the table of files anew has to call it."""
    remove(connection)
    is_sqlite = connection.dialect.name == "sqlite"
    for statement in _on_sqlite(owners) if is_sqlite else _on_postgresql(owners):
        connection.exec_driver_sql(statement)
    refill(connection, owners)


def remove(connection: Connection) -> None:
    """Take the triggers away."""
    is_sqlite = connection.dialect.name == "sqlite"
    for kind in ("insert", "update"):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {TABLE}_{kind}" + ("" if is_sqlite else f" ON {FILES}"))
    if not is_sqlite:
        connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {TABLE}_widen")


def refill(connection: Connection, owners_of: Owners = OWNERS) -> None:
    """Look at all files, one by one."""
    row = _Row(FILES, owners_of, is_sqlite=connection.dialect.name == "sqlite")
    owners = ", ".join(owners_of)
    least = ", ".join(f"min({row.bounds[name]})" for name in LEAST)
    most = ", ".join(f"max({row.bounds[name]})" for name in MOST)
    connection.exec_driver_sql(f"DELETE FROM {TABLE}")  # noqa: S608 - names of ours, here and below
    connection.exec_driver_sql(
        f"INSERT INTO {TABLE} ({owners}, {', '.join(BOUNDS)}) "  # noqa: S608
        f"SELECT {owners}, {least}, {most} FROM {FILES} WHERE {row.is_somewhere} GROUP BY {owners}"
    )


class _Row:
    """A row of files in SQL: what its bounds are, and whether it has any."""

    def __init__(self, name: str, owners: Owners, *, is_sqlite: bool) -> None:
        started, ended = f"{name}.data_started", f"{name}.data_ended"
        least, most = ("min", "max") if is_sqlite else ("least", "greatest")
        first = f"{least}(coalesce({started}, {ended}), coalesce({ended}, {started}))"
        last = f"{most}(coalesce({started}, {ended}), coalesce({ended}, {started}))"
        is_cut = f"{name}.west > {name}.east"
        self.bounds = {
            "west": f"CASE WHEN {is_cut} THEN -180 ELSE {name}.west END",
            "south": f"{name}.south",
            "east": f"CASE WHEN {is_cut} THEN 180 ELSE {name}.east END",
            "north": f"{name}.north",
            "began": _day_on_sqlite(first, "00:00:00.000000") if is_sqlite else _day_on_postgresql(first, 0),
            "ended": _day_on_sqlite(last, "23:59:59.999999") if is_sqlite else _day_on_postgresql(last, 1),
        }
        self.is_somewhere = (
            f"({' OR '.join(f'{name}.{one} IS NOT NULL' for one in owners)}) AND "
            f"({name}.west IS NOT NULL OR {started} IS NOT NULL OR {ended} IS NOT NULL)"
        )


def _is_of_same(owners: Owners, is_same: str) -> str:
    """A row of the table of bounds is of the collection of a new row."""
    return " AND ".join(f"{TABLE}.{one} {is_same} NEW.{one}" for one in owners)


def _is_outside(bounds: Mapping[str, str], owners: Owners, is_same: str) -> str:
    """No row of the table of bounds holds a new row."""
    holds = [_is_of_same(owners, is_same)]
    for names, compared in ((LEAST, "<="), (MOST, ">=")):
        holds += [f"coalesce({TABLE}.{one} {compared} {bounds[one]}, {bounds[one]} IS NULL)" for one in names]
    return f"NOT EXISTS (SELECT 1 FROM {TABLE} WHERE {' AND '.join(holds)})"  # noqa: S608


def _day_on_sqlite(moment: str, time: str) -> str:
    return f"substr({moment}, 1, 10) || ' {time}'"


def _day_on_postgresql(moment: str, days: int) -> str:
    day = f"date_trunc('day', {moment}, 'UTC')"
    return f"{day} + interval '{days} day' - interval '{days} microsecond'"


def _put(bounds: Mapping[str, str], owners: Owners, more: str = "") -> str:
    names = ", ".join((*owners, *BOUNDS))
    values = ", ".join([*(f"NEW.{one}" for one in owners), *(bounds[one] for one in BOUNDS)])
    return f"INSERT INTO {TABLE} ({names}) SELECT {values}{more};"


def _on_sqlite(owners: Owners) -> Iterator[str]:
    row = _Row("NEW", owners, is_sqlite=True)
    wider = []
    for names, how in ((LEAST, "min"), (MOST, "max")):
        pairs = [(one, row.bounds[one]) for one in names]
        wider += [f"{one} = {how}(coalesce({one}, {new}), coalesce({new}, {one}))" for one, new in pairs]
    widen = f"UPDATE {TABLE} SET {', '.join(wider)} WHERE {_is_of_same(owners, 'IS')};"  # noqa: S608
    body = f"{widen} {_put(row.bounds, owners, ' WHERE changes() = 0')}"
    when = f"WHEN {row.is_somewhere} AND {_is_outside(row.bounds, owners, 'IS')}"
    yield f"CREATE TRIGGER {TABLE}_insert AFTER INSERT ON {FILES} {when} BEGIN {body} END"
    yield f"CREATE TRIGGER {TABLE}_update AFTER UPDATE OF {', '.join(_KEPT)} ON {FILES} {when} BEGIN {body} END"


def _on_postgresql(owners: Owners) -> Iterator[str]:
    row = _Row("NEW", owners, is_sqlite=False)
    # As variables, so that the plan of the look at the table is made once, not for each row.
    variables = {one: f"its_{one}" for one in BOUNDS}
    kinds = {one: "timestamptz" if one in TIMES else "double precision" for one in BOUNDS}
    declared = " ".join(f"{variables[one]} {kinds[one]} := {row.bounds[one]};" for one in BOUNDS)
    yield f"""
        CREATE FUNCTION {TABLE}_widen() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE {declared}
        BEGIN
            IF {_is_outside(variables, owners, "IS NOT DISTINCT FROM")} THEN
                {_put(variables, owners)}
                IF random() * {MERGE_ONE_IN} < 1 THEN
                    {_merge(owners)}
                END IF;
            END IF;
            RETURN NULL;
        END $$"""
    for kind, when in (("insert", "INSERT"), ("update", f"UPDATE OF {', '.join(_KEPT)}")):
        yield (
            f"CREATE TRIGGER {TABLE}_{kind} AFTER {when} ON {FILES} FOR EACH ROW WHEN ({row.is_somewhere}) "
            f"EXECUTE FUNCTION {TABLE}_widen()"
        )


def _merge(owners_of: Owners) -> str:
    """Put the rows of each collection together, but for those that somebody else does just now."""
    owners = ", ".join(owners_of)
    least, most = (", ".join(f"{how}({one})" for one in some) for how, some in (("min", LEAST), ("max", MOST)))
    seen = f"SELECT ctid FROM {TABLE} FOR UPDATE SKIP LOCKED"  # noqa: S608
    return (
        f"WITH parts AS (DELETE FROM {TABLE} WHERE ctid = ANY(ARRAY({seen})) RETURNING *) "  # noqa: S608
        f"INSERT INTO {TABLE} ({owners}, {', '.join(BOUNDS)}) SELECT {owners}, {least}, {most} "
        f"FROM parts GROUP BY {owners};"
    )
