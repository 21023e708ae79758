"""A database with a past: many jobs that have completed."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

from bench.rows import copy_row
from scale_core.db.database import Database, WriteSession
from scale_core.db.models import Job, JobExecution, JobType, JobTypeRevision, Node, TriggerEvent

CHUNK = 20_000
INTERFACE = {"version": "1.0", "command": "true", "command_arguments": "", "input_data": [], "output_data": []}
MANIFEST = {"version": "1.1", "output_data": [], "parse_results": []}
SECOND_LATER = "strftime('%Y-%m-%d %H:%M:%f000', {column}, (n + {earlier}) || ' seconds')"


def fill(database: Database, jobs: int, ended: datetime | None = None) -> None:
    """Put jobs of one type that completed, one a second, into a prepared SQLite database that has none yet.

    :param jobs: how many, at least 1.
    :param ended: when the last job ended; now by default.
    """
    with database.write() as session:
        first = _first_job(session, (ended or datetime.now(UTC)) - timedelta(seconds=jobs))
        session.flush()
        ids = {"trigger_event": first.job.event_id, "job": first.job_id, "job_exe": first.id}
    with closing(sqlite3.connect(database.url.database or "", isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-200000")
        for earlier in range(0, jobs - 1, CHUNK):
            connection.execute("BEGIN")
            _copy(connection, ids, earlier, min(CHUNK, jobs - 1 - earlier))
            connection.execute("COMMIT")


def _copy(connection: sqlite3.Connection, ids: dict[str, int], earlier: int, copies: int) -> None:
    links: dict[str, dict[str, str]] = {
        "trigger_event": {},
        "job": {"event_id": "trigger_event"},
        "job_exe": {"job_id": "job"},
    }
    for table, row_id in ids.items():
        times = [
            column for _n, column, kind, *_ in connection.execute(f"PRAGMA table_info({table})") if kind == "DATETIME"
        ]
        changed = {column: SECOND_LATER.format(column=column, earlier=earlier) for column in times}
        changed |= {column: f"{ids[to]} + n + {earlier}" for column, to in links[table].items()}
        copy_row(connection, table, row_id, copies, {**changed, "id": f"{row_id} + n + {earlier}"})


def _first_job(session: WriteSession, began: datetime) -> JobExecution:
    """The execution that all others are like, with its job."""
    made = {"created": began, "last_modified": began}
    job_type = JobType(
        name="history",
        version="1.0",
        priority=100,
        timeout=60,
        max_tries=3,
        cpus_required=1.0,
        mem_required=64.0,
        disk_out_const_required=0.0,
        disk_out_mult_required=0.0,
        interface=INTERFACE,
        error_mapping={"version": "1.0", "exit_codes": {}},
        **made,
    )
    revision = JobTypeRevision(job_type=job_type, revision_num=1, interface=INTERFACE, created=began)
    node = Node(hostname="history", port=0, slave_id="history", **made)
    moments = {"queued": began, "started": began, "ended": began}
    job = Job(
        job_type=job_type,
        job_type_rev=revision,
        event=TriggerEvent(type="USER", occurred=began, description={"version": "1.0"}),
        status="COMPLETED",
        priority=100,
        num_exes=1,
        timeout=60,
        max_tries=3,
        cpus_required=1.0,
        mem_required=64.0,
        data={"version": "1.0", "input_data": [], "output_data": []},
        results={"version": "1.0", "output_data": []},
        last_status_change=began,
        **moments,
        **made,
    )
    execution = JobExecution(
        job=job,
        job_type=job_type,
        node=node,
        status="COMPLETED",
        priority=100,
        timeout=60,
        environment={},
        results=job.results,
        results_manifest=MANIFEST,
        **{f"{step}_{end}": began for step in ("pre", "job", "post") for end in ("started", "completed")},
        **{f"{step}_exit_code": 0 for step in ("pre", "job", "post")},
        **moments,
        **made,
    )
    session.add(execution)
    return execution
