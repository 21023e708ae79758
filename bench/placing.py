"""Placing many queued jobs on many free nodes, beside few and beside very many finished jobs."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from bench.databases import Installation
from bench.figures import BenchFailure, Figure, Goal, Section
from bench.free_nodes import FreeNodes
from bench.growth import with_history
from bench.options import Options
from bench.progress import progress
from scale_core.db.bulk import table_of
from scale_core.db.database import Database
from scale_core.db.models import Job, JobExecution, JobType, JobTypeRevision, Node, TriggerEvent
from scale_core.interfaces.engine import EngineSettings
from scale_core.plugin.registry import load_registry
from scale_core.runner.client import start_agent
from scale_core.services.context import Context
from scale_core.services.facts import JobTypeFacts
from scale_core.services.new_jobs import NewJob, queue_new_jobs
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary
from scale_generated.specs.job_data import JobData
from scale_scheduler.scheduler import Scheduler
from scale_scheduler.serve import spare_what_stays

GOAL = Goal("median", "at most", 250.0, 125.0)
GROWTH = Goal("ratio", "at most", 1.2, 1.1)
WARM = 1
MOST_PASSES = 50
TYPE = "bench-placing"
SETTINGS: Mapping[str, Any] = {
    "priority": 100,
    "timeout": 60,
    "max_tries": 3,
    "cpus_required": 1.0,
    "mem_required": 64.0,
    "disk_out_const_required": 0.0,
    "disk_out_mult_required": 0.0,
    "error_mapping": {"version": "1.0", "exit_codes": {}},
}
STEP = {"started": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:00:01Z", "exit_code": 0}


def measure(options: Options) -> Section:
    """Both databases in turn, each with a floor before it."""
    few, many = options.history
    number, nodes = options.placing
    times: dict[int, list[float]] = {few: [], many: []}
    floors: dict[int, list[float]] = {few: [], many: []}
    with ExitStack() as stack:
        clusters = {size: stack.enter_context(_cluster(with_history(options, size), nodes)) for size in (few, many)}
        spare_what_stays()  # as the scheduler's own process does
        with progress("placing") as step:
            for done in range(options.placing_passes + WARM):
                for size, cluster in clusters.items():
                    ids = cluster.queue(number)
                    floor, taken = cluster.written(ids), cluster.placed(ids)
                    cluster.end()
                    if done >= WARM:
                        floors[size].append(floor * 1000)
                        times[size].append(taken * 1000)
                step(done + 1, options.placing_passes + WARM)
    what = f"{number:,} queued jobs placed on {nodes} free nodes"
    return Section(
        f"Placing {number:,} jobs on {nodes} nodes",
        [
            Figure(f"{what}, {many:,} finished", "ms", times[many], floors[many], GOAL),
            Figure(f"{what}, {few:,} finished", "ms", times[few], floors[few], GOAL),
            Figure(f"{what}: {many:,} finished beside {few:,}", "ms", times[many], times[few], GROWTH),
        ],
        notes=[
            "From the start of the first pass to the return of the last: each looks at the queue and the nodes, "
            "decides, records its claims and hands plans to an engine that runs nothing.",
            "The floor of the first two writes the same rows, all in one transaction: one UPDATE of executions, one of "
            "jobs, with the indexes and tallies that these have.",
        ],
    )


@contextmanager
def _cluster(installation: Installation, nodes: int) -> Iterator["Cluster"]:
    with installation.opened() as database:
        cluster = Cluster(database, installation, nodes)
        try:
            yield cluster
        finally:
            cluster.close()


class Cluster:
    """A scheduler in this process, on nodes that run nothing."""

    def __init__(self, database: Database, installation: Installation, nodes: int) -> None:
        settings = Settings(installation.data_dir, installation.database_url)
        self._context = Context(database, load_registry(), SpecLibrary.packaged(), settings)
        with database.write() as session:
            # Scale's own tasks would run beside what is measured.
            session.execute(update(JobType).where(JobType.is_system).values(is_paused=True))
            self._job_type = self._new_job_type(session)
        self._engine = FreeNodes(EngineSettings(settings.data_dir), nodes)
        self._scheduler = Scheduler(self._context, self._engine, start_agent)
        self._scheduler.open()
        self._scheduler.settle()
        self._scheduler.run_once()

    def close(self) -> None:
        """Stop the scheduler."""
        self._scheduler.close()

    def _new_job_type(self, session: Session) -> int:
        now = self._context.now()
        interface = {"version": "1.0", "command": "true", "command_arguments": ""}
        row = JobType(name=TYPE, version="1", interface=interface, created=now, last_modified=now, **SETTINGS)
        session.add(row)
        session.flush()
        session.add(JobTypeRevision(job_type_id=row.id, revision_num=1, interface=interface, created=now))
        return row.id

    def queue(self, number: int) -> list[int]:
        """Queue so many jobs; the ids of their executions."""
        context = self._context
        with context.database.write() as session:
            event = insert(TriggerEvent).values(type="USER", occurred=context.now(), description={})
            events = session.scalars(event.returning(TriggerEvent.id)).all()
            job_type = session.get_one(JobType, self._job_type)
            jobs = queue_new_jobs(session, context, JobTypeFacts.of(job_type), [NewJob(events[0], JobData())] * number)
            return list(session.scalars(select(JobExecution.id).where(JobExecution.job_id.in_(jobs))))

    def written(self, ids: list[int]) -> float:
        """Seconds of writing the rows of claims with a statement for each table; they are written back then."""
        execution, job = table_of(JobExecution), table_of(Job)
        now = self._context.now()
        started = {"status": "RUNNING", "started": now, "last_modified": now}
        queued = {"status": "QUEUED", "started": None}
        with self._context.database.read() as session:
            node = session.scalars(select(Node.id).limit(1)).one()
            job_ids = session.scalars(select(JobExecution.job_id).where(JobExecution.id.in_(ids))).all()

        def write(of_execution: Mapping[str, object], of_job: Mapping[str, object]) -> None:
            with self._context.database.write() as session:
                session.execute(update(execution).where(execution.c.id.in_(ids)).values(of_execution))
                session.execute(update(job).where(job.c.id.in_(job_ids)).values(of_job))

        seconds = _seconds(lambda: write({**started, "node_id": node}, {**started, "last_status_change": now}))
        write({**queued, "node_id": None}, queued)
        return seconds

    def placed(self, ids: list[int]) -> float:
        """Seconds until all of them are placed and recorded.

        :raises BenchFailure: they are not.
        """

        def place() -> None:
            for _ in range(MOST_PASSES):
                self._scheduler.run_once()
                if len(self._engine.running) >= len(ids):
                    break

        seconds = _seconds(place)
        if (recorded := self._running()) != len(ids):
            raise BenchFailure(f"Of {len(ids)} queued jobs {recorded} were placed.")
        return seconds

    def end(self) -> None:
        """Have all that was placed end."""
        self._engine.end_all(dict.fromkeys(("pre", "job", "post"), STEP))
        self._scheduler.run_once()
        if left := self._running():
            raise BenchFailure(f"Of the jobs that were placed {left} have not ended.")

    def _running(self) -> int:
        with self._context.database.read() as session:
            is_running = (JobExecution.status == "RUNNING", JobExecution.job_type_id == self._job_type)
            return session.scalars(select(func.count()).where(*is_running)).one()


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
