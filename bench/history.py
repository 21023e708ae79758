"""A database as it is after N jobs, of which all have ended: for seeing what costs more the more was done.

The rows are made by SQL alone, without indexes, so that a million jobs take a minute or two. A job comes every 4.32
seconds, 20,000 a day, the last one ended when the history does; one job out of five ingested a file, the others made a
product of one, and two out of ten belong to a recipe.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Column, Connection, DateTime, Float, Integer, Table, text
from sqlalchemy.types import JSON, Boolean, Numeric

from bench.filling import filling
from scale_core.db.database import Database
from scale_core.db.models import (
    FileAncestry,
    Ingest,
    Job,
    JobExecution,
    JobInputFile,
    JobType,
    JobTypeRevision,
    Node,
    Recipe,
    RecipeJob,
    RecipeType,
    RecipeTypeRevision,
    ScaleFile,
    Strike,
    TriggerEvent,
    Workspace,
)

JOB_TYPES = 20
NODES = 10
SECONDS_BETWEEN_JOBS = 4.32
FIRST_ID = 1000
"""The history's ids start above those of an installation's own; job i has the event, execution and file i."""

_INTERFACE = '{"version":"1.0","command":"true","command_arguments":""}'
_DEFINITION = (
    '{"version":"1.0","input_data":[],"jobs":['
    '{"name":"a","job_type":{"name":"type-1","version":"1"},"recipe_inputs":[],"dependencies":[]},'
    '{"name":"b","job_type":{"name":"type-2","version":"1"},"recipe_inputs":[],"dependencies":[{"name":"a"}]}]}'
)
_INGESTED = "i % 5 = 0"
_SCATTERED = "(i * 2654435761 % 4294967296 / 4295000)"  # 0 to 999, without a pattern
_STATUS = f"CASE WHEN {_SCATTERED} < 20 THEN 'FAILED' WHEN {_SCATTERED} < 25 THEN 'CANCELED' ELSE 'COMPLETED' END"
# Type 0 has 50 jobs, the last ones of the history; the others have equal shares.
_JOB_TYPE = (
    f"{FIRST_ID} + CASE WHEN i > :last - 1000 AND i % 20 = 1 THEN 0 "
    f"WHEN i % 10 IN (1, 2) THEN i % 10 ELSE 3 + i * 7 % {JOB_TYPES - 3} END"
)
_IN_RECIPE = "i % 10 IN (1, 2)"


_SPELLED: Final[Mapping[str, Mapping[str, str]]] = {
    "sqlite": {
        "<<": "strftime('%Y-%m-%d %H:%M:%f', ",
        ">>": ", 'unixepoch') || '000'",
        "HEXADECIMAL": "printf('%032x', i)",
    },
    "postgresql": {"<<": "to_timestamp(", ">>": ")", "HEXADECIMAL": "lpad(to_hex(i), 32, '0')"},
}
"""What the databases write differently: ``<<seconds>>`` is the moment so long after 1970, as the database keeps it."""


def fill(database: Database, jobs: int, ended: datetime | None = None) -> None:
    """Put a history of ``jobs`` jobs into a prepared database that has none yet.

    :param ended: when the last job ended; now by default.
    """
    end = (ended or datetime.now(UTC)).timestamp()
    with filling(database) as connection:
        for model, source, columns in (*_TYPES, *_HISTORY):
            _insert(connection, model.metadata.tables[model.__tablename__], source, columns, jobs, end)


def _insert(connection: Connection, table: Table, source: str, columns: dict[str, str], jobs: int, end: float) -> None:
    values = {column.name: _default(column) for column in table.columns if not column.nullable} | columns
    names, expressions = ", ".join(values), ", ".join(values.values())
    statement = f"INSERT INTO {table.name} ({names}) SELECT {expressions} FROM ({source}) AS numbered"
    for written, spelled in _SPELLED[connection.dialect.name].items():
        statement = statement.replace(written, spelled)
    connection.execute(text(statement), {"last": FIRST_ID + jobs, "end": end})


def _default(column: Column[object]) -> str:
    kind = column.type
    if isinstance(kind, Boolean):
        return "false"
    if isinstance(kind, Integer | Float | Numeric):
        return "0"
    is_time = isinstance(getattr(kind, "impl", kind), DateTime)
    return _time("0") if is_time else "'{}'" if isinstance(kind, JSON) else "''"


def _series(count: str, start: int = 1) -> str:
    return (
        f"WITH RECURSIVE numbers(i) AS (SELECT {start} UNION ALL SELECT i + 1 FROM numbers WHERE i < {count}) "
        "SELECT i FROM numbers"
    )


def _time(seconds_before_its_end: str) -> str:
    """The moment so long before job ``i`` ended."""
    return f"<<:end - (:last - i) * {SECONDS_BETWEEN_JOBS} - ({seconds_before_its_end})>>"


def _some(source: str, condition: str) -> str:
    return f"SELECT i FROM ({source}) AS all_of_them WHERE {condition}"


_ALL = _series(":last", FIRST_ID + 1)
_LIFE = {"created": _time("60"), "last_modified": _time("0")}
_RUN = {"queued": _time("60"), "started": _time("30"), "ended": _time("0")}
_NAMED = {"name": "'type-' || i", "version": "'1'", "id": f"{FIRST_ID} + i", "revision_num": "1", "is_active": "true"}
_ERROR = f"CASE WHEN {_SCATTERED} < 20 THEN 1 + i % 5 END"

_TYPES = (
    (
        JobType,
        _series(str(JOB_TYPES - 1), 0),
        _NAMED
        | {
            "category": "'category-' || (i % 4)",
            "interface": f"'{_INTERFACE}'",
            "priority": "100",
            "timeout": "60",
            "max_tries": "3",
            "is_operational": "true",
        },
    ),
    (
        JobTypeRevision,
        _series(str(JOB_TYPES - 1), 0),
        {
            "id": f"{FIRST_ID} + i",
            "job_type_id": f"{FIRST_ID} + i",
            "revision_num": "1",
            "interface": f"'{_INTERFACE}'",
        },
    ),
    (RecipeType, "SELECT 0 AS i", _NAMED | {"definition": f"'{_DEFINITION}'"}),
    (
        RecipeTypeRevision,
        "SELECT 0 AS i",
        {
            "id": f"{FIRST_ID}",
            "recipe_type_id": f"{FIRST_ID}",
            "revision_num": "1",
            "definition": f"'{_DEFINITION}'",
        },
    ),
    (
        Node,
        _series(str(NODES - 1), 0),
        {"id": f"{FIRST_ID} + i", "hostname": "'node-' || i", "slave_id": "'node-' || i", "is_active": "true"},
    ),
    (Workspace, "SELECT 0 AS i", {"id": f"{FIRST_ID}", "name": "'history'", "is_active": "true"}),
    (Strike, "SELECT 0 AS i", {"id": f"{FIRST_ID}", "name": "'history'"}),
)

_FILE = {
    "id": "i",
    "workspace_id": f"{FIRST_ID}",
    "file_name": "'file-' || i",
    "file_path": "'in/file-' || i",
    "media_type": "'text/plain'",
    "file_size": "1024 + i % 1000",
    "data_type": "'[]'",
    "countries": "'[]'",
    "uuid": "HEXADECIMAL",
    **_LIFE,
}

_HAS_INPUT = _some(_ALL, f"NOT ({_INGESTED}) AND i > {FIRST_ID + 5}")

_HISTORY = (
    (
        TriggerEvent,
        _ALL,
        {"id": "i", "type": f"CASE WHEN {_INGESTED} THEN 'STRIKE_TRANSFER' ELSE 'INGEST' END", "occurred": _time("60")},
    ),
    (
        Job,
        _ALL,
        {
            "id": "i",
            "job_type_id": _JOB_TYPE,
            "job_type_rev_id": _JOB_TYPE,
            "event_id": "i",
            "error_id": _ERROR,
            "status": _STATUS,
            "priority": "100",
            "num_exes": "1",
            "timeout": "60",
            "max_tries": "3",
            "data": """'{"version":"1.0","input_data":[],"output_data":[]}'""",
            "last_status_change": _time("0"),
            **_LIFE,
            **_RUN,
        },
    ),
    (
        JobExecution,
        _ALL,
        {
            "id": "i",
            "job_id": "i",
            "job_type_id": _JOB_TYPE,
            "node_id": f"{FIRST_ID} + i * 3 % {NODES}",
            "error_id": _ERROR,
            "status": _STATUS,
            "priority": "100",
            "timeout": "60",
            "pre_started": _time("30"),
            "job_started": _time("20"),
            "job_exit_code": "0",
            **_LIFE,
            **_RUN,
        },
    ),
    (
        ScaleFile,
        _some(_ALL, _INGESTED),
        _FILE
        | {
            "file_type": "'SOURCE'",
            "strike_id": f"{FIRST_ID}",
            "is_parsed": f"{_SCATTERED} > 5",
            "parsed": f"CASE WHEN {_SCATTERED} > 5 THEN {_time('0')} END",
            "data_started": _time("3600"),
        },
    ),
    (
        ScaleFile,
        _some(_ALL, f"NOT ({_INGESTED})"),
        _FILE
        | {
            "file_type": "'PRODUCT'",
            "is_operational": "i % 100 > 0",
            "is_published": f"{_SCATTERED} > 100",
            "published": _time("0"),
            "unpublished": f"CASE WHEN {_SCATTERED} <= 100 THEN {_time('0')} END",
            "job_type_id": _JOB_TYPE,
            "job_id": "i",
            "job_exe_id": "i",
        },
    ),
    (
        Ingest,
        _some(_ALL, _INGESTED),
        {
            "id": "i",
            "strike_id": f"{FIRST_ID}",
            "job_id": "i",
            "workspace_id": f"{FIRST_ID}",
            "source_file_id": "i",
            "file_name": "'file-' || i",
            "status": f"CASE WHEN {_SCATTERED} < 20 THEN 'ERRORED' WHEN {_SCATTERED} < 25 THEN 'DUPLICATE' "
            "ELSE 'INGESTED' END",
            "transfer_started": _time("90"),
            "transfer_ended": _time("60"),
            "ingest_started": _time("30"),
            "ingest_ended": _time("0"),
            "file_size": "1024",
            "data_type": "'[]'",
            **_LIFE,
        },
    ),
    (
        FileAncestry,
        _HAS_INPUT,
        {
            "id": "i",
            "ancestor_id": "i - i % 5",
            "descendant_id": "i",
            "job_id": "i",
            "job_exe_id": "i",
            "is_direct": "true",
        },
    ),
    (
        JobInputFile,
        _HAS_INPUT,
        {"id": "i", "job_id": "i", "file_id": "i - i % 5"},
    ),
    (
        Recipe,
        _some(_ALL, "i % 10 = 2"),
        {
            "id": "i",
            "recipe_type_id": f"{FIRST_ID}",
            "recipe_type_rev_id": f"{FIRST_ID}",
            "event_id": "i",
            "data": """'{"version":"1.0","input_data":[]}'""",
            "completed": _time("0"),
            **_LIFE,
        },
    ),
    (
        RecipeJob,
        _some(_ALL, f"{_IN_RECIPE} AND i - i % 10 + 2 <= :last"),
        {
            "id": "i",
            "recipe_id": "i - i % 10 + 2",
            "job_id": "i",
            "job_name": "CASE i % 10 WHEN 1 THEN 'a' ELSE 'b' END",
        },
    ),
)
