"""What triggers have counted is what there is, whatever is done to the rows."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    Engine,
    Float,
    Integer,
    Numeric,
    delete,
    event,
    func,
    insert,
    select,
    text,
    update,
)

from fakes.databases import database_url, new_database
from fakes.examples import UNHURRIED, examples
from scale_core.db import schema
from scale_core.db.base import Base
from scale_core.db.database import Database
from scale_core.db.models import TALLIES, Job, TriggerEvent
from scale_core.db.tallies import Tally
from scale_core.db.types import Utc
from scale_core.domain.placement import Placement
from scale_core.services.bulk_changes import BulkChanges
from scale_core.services.context import Context
from scale_core.services.endings import EndingService, failure_report
from scale_core.services.executions import ExecutionService
from scale_core.services.job_reads import JobService
from scale_core.services.job_types import JobTypeService
from scale_core.services.queue import QueueService
from scale_core.services.serialization import SerializerContext
from scale_generated.queries import ListJobsQuery

NAMES = [tally.name for tally in TALLIES]


def tallied(connection: Connection, tally: Tally) -> dict[tuple[Any, ...], int]:
    """What the tally says there is."""
    table = Base.metadata.tables[tally.name]
    rows = connection.execute(select(table)).all()
    numbers: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        numbers[tuple(row[:-1])] += row[-1]
    if connection.dialect.name == "sqlite":
        assert len(numbers) == len(rows), "one combination is counted in two rows"
    return {combination: number for combination, number in numbers.items() if number}


def counted(connection: Connection, tally: Tally) -> dict[tuple[Any, ...], int]:
    """What there is."""
    table = Base.metadata.tables[tally.counted]
    columns = [table.c[name] for name in tally.columns]
    return {tuple(row[:-1]): row[-1] for row in connection.execute(select(*columns, func.count()).group_by(*columns))}


def assert_exact(database: Database) -> None:
    """Every tally says what there is."""
    with database.engine.connect() as connection:
        for tally in TALLIES:
            assert tallied(connection, tally) == counted(connection, tally), tally.name


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database that does not check foreign keys."""
    database = new_database(tmp_path_factory.mktemp("bare"))
    if database.is_sqlite:
        event.listen(database.engine, "connect", lambda one, _record: one.execute("PRAGMA foreign_keys=OFF"))
        database.engine.dispose()
    else:
        with database.engine.begin() as connection:
            for table in Base.metadata.sorted_tables:
                for key in table.foreign_key_constraints:
                    connection.execute(text(f"ALTER TABLE {table.name} DROP CONSTRAINT {key.name}"))
    yield database.engine
    database.close()


def a_row(table: Any, draw: random.Random) -> dict[str, Any]:
    """Values for all columns; those that tallies look at have few."""
    examples: dict[str, Any] = {}
    for column in table.columns:
        if column.primary_key:
            continue
        if column.name in ("status", "file_type", "type", "operation", "user_name", "object_type"):
            examples[column.name] = draw.choice(["A", "B", None] if column.nullable else ["A", "B"])
        elif column.name in ("is_parsed", "is_published", "is_operational"):
            examples[column.name] = draw.choice([True, False, None] if column.nullable else [True, False])
        elif column.name.endswith("_id"):
            examples[column.name] = draw.choice([1, 2, None] if column.nullable else [1, 2])
        elif not column.nullable:
            examples[column.name] = text(_literal(column.type))
    return examples


def _literal(kind: Any) -> str:
    if isinstance(kind, Utc):
        return "'2026-01-01 00:00:00.000000'"
    if isinstance(kind, JSON):
        return "'{}'"
    if isinstance(kind, Boolean):
        return "TRUE"
    return "1" if isinstance(kind, Float | Integer | Numeric) else "'x'"


@pytest.mark.parametrize("name", NAMES)
@given(draw=st.randoms(use_true_random=False), steps=st.lists(st.sampled_from("iiiuuudr"), min_size=1, max_size=12))
@settings(max_examples=examples(15), suppress_health_check=UNHURRIED, deadline=None)
def test_a_tally_is_exact_after_any_statements(bare: Engine, name: str, draw: random.Random, steps: list[str]) -> None:
    tally = next(one for one in TALLIES if one.name == name)
    table = Base.metadata.tables[tally.counted]
    with bare.connect() as connection:
        connection.execute(delete(table))
        connection.commit()
        for number, step in enumerate(steps):
            some = table.c.id % draw.choice([1, 2, 3]) == 0
            new = a_row(table, draw)
            changed = {
                column: new[column] for column in draw.sample(tally.columns, draw.randint(1, len(tally.columns)))
            }
            if "workspace_id" in table.c:  # unique together with a path
                new["file_path"] = str(number)
                changed.pop("workspace_id", None)
            if step == "i":
                connection.execute(insert(table).values(new))
            elif step == "u" and changed:
                connection.execute(update(table).where(some).values(changed))
            elif step == "r":
                connection.rollback()
                continue
            elif step == "d":
                connection.execute(delete(table).where(some))
            if draw.random() < 0.5:
                connection.commit()
        assert tallied(connection, tally) == counted(connection, tally)
        connection.rollback()


def test_tallies_follow_what_the_services_do(context: Context, urls: SerializerContext) -> None:
    jobs, queue, executions = JobService(context), QueueService(context), ExecutionService(context)
    endings = EndingService(context)
    types = [_job_type(context, urls, name) for name in ("a", "b")]
    made: list[int] = []
    seen = set()
    for step in ["new", "new", "new", "new", "fail", "run", "cancel", "new", "cancel", "requeue", "new", "run"] * 3:
        waiting = [one.execution_id for one in executions.queue(100) if not one.is_system]
        if step == "new":
            made.append(queue.new_job({"job_type_id": types[len(made) % 3 == 0], "job_data": {}}, urls)["id"])
        elif step == "cancel":
            jobs.cancel(made.pop(), urls)
        elif step == "requeue":
            BulkChanges(context).requeue({"job_type_ids": types[:1]}, urls)
        else:
            claimed = executions.claim([Placement(one, None, "") for one in waiting[:2]])
            if step == "fail":
                endings.finish([failure_report(plan.execution_id, "timeout", "Late.") for plan, _ in claimed.plans])
        assert_exact(context.database)
        for status in ("QUEUED", "RUNNING", "FAILED", "CANCELED"):
            with context.database.read() as session:
                there = session.scalar(select(func.count()).where(Job.status == status, Job.job_type_id == types[0]))
            assert jobs.list(ListJobsQuery(status=status, job_type_name=("a",)), urls).count == there
            seen |= {status} if there else set()
    assert len(seen) == 4


def test_migrating_a_database_with_a_history_counts_it_and_back_again(tmp_path: Path) -> None:
    database = Database(database_url(tmp_path, is_empty=True))
    schema.upgrade(database, "0001")
    with database.write() as session:
        for kind in ("A", "A", "B"):
            when = text("'2026-01-01 00:00:00.000000'")
            session.execute(insert(TriggerEvent).values(type=kind, occurred=when, description={}))
    before, after = schema.upgrade(database)
    assert (before, after) != ("0001", "0001")
    assert_exact(database)
    with database.engine.connect() as connection:
        tally = next(one for one in TALLIES if one.counted == "trigger_event")
        assert tallied(connection, tally) == {("A",): 2, ("B",): 1}
    database.close()


def _job_type(context: Context, urls: SerializerContext, name: str) -> int:
    interface = {"command": "true", "command_arguments": ""}
    body: Any = {"name": name, "version": "1", "interface": interface, "max_tries": 1}
    return JobTypeService(context).create(body, urls)["id"]
