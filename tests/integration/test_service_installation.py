"""What an installation has from its first start."""

from dataclasses import replace

from sqlalchemy import func, select, update

from fakes.world import SetClock
from scale_core.db.models import (
    Error,
    Job,
    JobExecution,
    JobLoad,
    JobType,
    JobTypeRevision,
    Scheduler,
    TriggerEvent,
    TriggerRule,
)
from scale_core.services.context import Context
from scale_core.services.installation import prepare
from scale_scheduler.clock import Clock


def test_preparing_twice_changes_nothing(context: Context, clock: SetClock) -> None:
    def state() -> list[object]:
        with context.database.read() as session:
            models = (Error, JobType, TriggerRule)
            return [
                *(session.scalar(select(func.count()).select_from(each)) for each in (*models, Job, JobTypeRevision)),
                *(session.scalar(select(func.max(each.last_modified))) for each in models),
            ]

    before = state()
    clock.forward(hours=1)
    prepare(context)
    assert state() == before


def test_the_clock_has_one_queued_job_and_the_scheduler_its_row(context: Context) -> None:
    with context.database.read() as session:
        jobs = session.scalars(select(Job)).all()
        assert [(job.job_type.name, job.status) for job in jobs] == [("scale-clock", "QUEUED")]
        assert session.scalar(select(func.count()).select_from(JobExecution)) == 1
        assert session.get_one(Scheduler, 1).is_paused is False


def test_the_clock_records_what_plots_are_made_of(context: Context, clock: SetClock) -> None:
    clock.forward(minutes=15)
    ticking = Clock(context)
    ticking.fire_due()
    ticking.processors.wait()
    with context.database.read() as session:
        events = session.scalars(select(TriggerEvent).where(TriggerEvent.rule_id.is_not(None))).all()
        assert {one.type: one.description["processor"] for one in events} == {
            "JOB_LOAD": "completed",
            "DAILY_METRICS": "completed",
            "WORKSPACE_USAGE": "completed",
        }
        (sample,) = session.scalars(select(JobLoad)).all()
        assert (sample.time, sample.queued_count, sample.running_count) == (clock.time, 1, 0)


def test_what_users_changed_is_kept(context: Context) -> None:
    with context.database.write() as session:
        session.execute(update(JobType).where(JobType.name == "scale-ingest").values(is_paused=True))
        configuration = {"version": "1.0", "event_type": "WORKSPACE_USAGE", "schedule": "PT2H"}
        rule = TriggerRule.name == "workspace-usage"
        session.execute(update(TriggerRule).where(rule).values(configuration=configuration))
    prepare(context)
    with context.database.read() as session:
        assert session.scalar(select(JobType.is_paused).where(JobType.name == "scale-ingest")) is True
        assert session.scalars(select(TriggerRule.configuration).where(rule)).one() == configuration


def test_a_builtin_error_follows_its_plugin(context: Context, clock: SetClock) -> None:
    mapper = context.registry.error_mappers[0]
    first, *_ = mapper.errors()

    class Renamed(type(mapper)):  # type: ignore[misc]  # a subclass of whatever is installed
        def errors(self) -> list[object]:
            return [replace(first, title="New title")]

    clock.forward(seconds=1)
    prepare(replace(context, registry=replace(context.registry, error_mappers=(Renamed(),))))
    with context.database.read() as session:
        error = session.scalars(select(Error).where(Error.name == first.name)).one()
        assert (error.title, error.is_builtin, error.last_modified) == ("New title", True, clock.time)
