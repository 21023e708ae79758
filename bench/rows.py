"""Many rows like one that Scale made itself: what costs seconds where requests would cost minutes."""

import sqlite3
from collections.abc import Mapping

NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :copies)"


def copy_job(connection: sqlite3.Connection, job_id: int, copies: int) -> None:
    """Add ``copies`` jobs like ``job_id``, each with an event and an execution of its own, in the open transaction."""
    event_id, execution_id = connection.execute(
        "SELECT job.event_id, job_exe.id FROM job JOIN job_exe ON job_exe.job_id = job.id WHERE job.id = ?", [job_id]
    ).fetchone()
    event, job, execution = (f"{last_id(connection, one)} + n" for one in ("trigger_event", "job", "job_exe"))
    copy_row(connection, "trigger_event", event_id, copies, {"id": event})
    copy_row(connection, "job", job_id, copies, {"id": job, "event_id": event})
    copy_row(connection, "job_exe", execution_id, copies, {"id": execution, "job_id": job})


def last_id(connection: sqlite3.Connection, table: str) -> int:
    """The highest id in a table; 0 where it is empty."""
    (last,) = connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()  # noqa: S608 - a table's name
    return int(last)


def copy_row(connection: sqlite3.Connection, table: str, row_id: int, copies: int, changed: Mapping[str, str]) -> None:
    """Add ``copies`` rows like ``row_id``. The columns are asked of the database, so that all of them are copied.

    :param changed: SQL expressions of columns that are not the same, in which ``n`` counts the copies from 1.
    """
    if copies < 1:
        return
    columns = [column for _number, column, *_ in connection.execute(f"PRAGMA table_info({table})")]
    values = [changed.get(column, f'"{column}"') for column in columns]
    quoted = ", ".join(f'"{column}"' for column in columns)
    connection.execute(
        f"{NUMBERS} INSERT INTO {table} ({quoted}) SELECT {', '.join(values)} "  # noqa: S608 - names of the schema
        f"FROM {table}, numbers WHERE {table}.id = :row_id",
        {"copies": copies, "row_id": row_id},
    )
