"""Passes of a scheduler in this process, on a cluster that is filled with what is queued."""

import time
from dataclasses import dataclass, field

from sqlalchemy import func, insert, select, update

from bench.databases import Installation
from bench.figures import BenchFailure
from bench.placing import SETTINGS
from bench.progress import progress
from bench.rows import copy_job
from scale_core.db import schema
from scale_core.db.database import WriteSession
from scale_core.db.models import JobExecution, JobType, JobTypeRevision, TriggerEvent
from scale_core.interfaces.engine import Engine
from scale_core.plugin.registry import load_registry
from scale_core.runner.client import start_agent
from scale_core.services.context import Context
from scale_core.services.engines import make_engine
from scale_core.services.facts import JobTypeFacts
from scale_core.services.new_jobs import NewJob, queue_new_jobs
from scale_core.settings import Settings
from scale_core.specs import SpecLibrary
from scale_generated.specs.job_data import JobData
from scale_scheduler.scheduler import Scheduler
from scale_scheduler.serve import spare_what_stays

TYPE = "bench-mesos"
FULL_PASSES = 20
FILL_SECONDS = 300.0
POLL_SECONDS = 0.1


@dataclass(slots=True)
class Passes:
    """Milliseconds of passes: of those that placed something, with their thread's CPU time and how much it was; and
    of the others."""

    placing: list[float] = field(default_factory=list)
    placing_cpu: list[float] = field(default_factory=list)
    placed: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)


def timed_passes(installation: Installation, master: str, queued: int, agents: int, room: int) -> Passes:
    """Queue jobs, and have passes place them until the cluster is full; then some more.

    :param room: how many jobs run at once.
    :raises BenchFailure: the cluster is not full in time.
    """
    installation.data_dir.mkdir(parents=True, exist_ok=True)
    with installation.opened() as database:
        schema.upgrade(database)
        settings = Settings(
            installation.data_dir, installation.database_url, engine="mesos", engine_options={"master": master}
        )
        context = Context(database, load_registry(), SpecLibrary.packaged(), settings)
        with database.write() as session:
            session.execute(update(JobType).where(JobType.is_system).values(is_paused=True))
        engine = make_engine(context)
        scheduler = Scheduler(context, engine, start_agent)
        scheduler.open()
        try:
            scheduler.settle()
            spare_what_stays()  # as the scheduler's own process does
            _wait_for_nodes(engine, scheduler, agents)
            with database.write() as session:
                _queue(session, context, queued)
            return _fill(context, scheduler, room)
        finally:
            scheduler.close()


def _wait_for_nodes(engine: Engine, scheduler: Scheduler, agents: int) -> None:
    deadline = time.monotonic() + FILL_SECONDS
    while len(engine.nodes()) < agents:
        if time.monotonic() > deadline:
            raise BenchFailure(f"Of {agents} agents {len(engine.nodes())} are known.")
        time.sleep(POLL_SECONDS)
    scheduler.run_once()


def _fill(context: Context, scheduler: Scheduler, room: int) -> Passes:
    """Pass after pass, as :meth:`Scheduler.run` does it."""
    passes, running, left = Passes(), 0, FULL_PASSES
    deadline = time.monotonic() + FILL_SECONDS
    with progress("passes on Mesos") as step:
        while left:
            began, cpu_began = time.perf_counter(), time.thread_time()
            scheduler.run_once()
            taken, cpu = (time.perf_counter() - began) * 1000, (time.thread_time() - cpu_began) * 1000
            before, running = running, _running(context)
            if running > before:
                passes.placing.append(taken)
                passes.placing_cpu.append(cpu)
                passes.placed.append(float(running - before))
            else:
                passes.others.append(taken)
                left -= running >= room
            if time.monotonic() > deadline:
                raise BenchFailure(f"Of {room} jobs that there is room for {running} were placed.")
            step(running, room)
            context.queue_changed.wait(POLL_SECONDS)
    return passes


def _running(context: Context) -> int:
    with context.database.read() as session:
        return session.scalars(select(func.count()).where(JobExecution.status == "RUNNING")).one()


def _queue(session: WriteSession, context: Context, number: int) -> None:
    now = context.now()
    interface = {"version": "1.0", "command": "true", "command_arguments": ""}
    row = JobType(name=TYPE, version="1", interface=interface, created=now, last_modified=now, **SETTINGS)
    session.add(row)
    session.flush()
    session.add(JobTypeRevision(job_type_id=row.id, revision_num=1, interface=interface, created=now))
    session.flush()
    event = insert(TriggerEvent).values(type="USER", occurred=now, description={}).returning(TriggerEvent.id)
    (job_id,) = queue_new_jobs(
        session, context, JobTypeFacts.of(row), [NewJob(session.scalars(event).one(), JobData())]
    )
    copy_job(session, job_id, number - 1)
