"""Metrics of days, on a database: what they are made of, when they are made, and what clients see."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from fakes.world import SetClock, World
from scale_core.db.models import (
    Error,
    Ingest,
    Job,
    JobExecution,
    MetricEntry,
    MetricProgress,
    ScaleFile,
    Scan,
    Workspace,
)
from scale_core.interfaces.broker import StorageUsage
from scale_core.interfaces.metric import (
    FILTERS,
    ChoiceKind,
    EndedIngests,
    EndedJobs,
    Entries,
    Metric,
    MetricAggregate,
    MetricColumn,
    MetricDay,
    MetricGroup,
    NewFiles,
    Spread,
    StorageUse,
)
from scale_core.plugin import hookimpl
from scale_core.services.clock_runs import ProcessorContext
from scale_core.services.daily_metric_facts import DayFacts
from scale_core.services.daily_metric_reads import MetricService
from scale_core.services.daily_metrics import DailyMetrics
from scale_core.services.exceptions import Invalid, NotFound
from scale_core.services.serialization import SerializerContext
from scale_generated.enums import ErrorCategory, IngestStatus, JobStatus
from scale_generated.queries import ListMetricPlotDataQuery, ListMetricsQuery

URLS = SerializerContext("http://scale")
TODAY = date(2026, 3, 4)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)


class Plugin:
    """A plugin's metric: which days it was asked for, and on which of them it breaks down or gives nonsense."""

    def __init__(self) -> None:
        self.days: list[date] = []
        self.broken: set[date] = set()
        self.wrong: set[date] = set()
        self.takes: Callable[[], None] = lambda: None

    def compute(self, day: MetricDay) -> Entries:
        self.days.append(day.day)
        self.takes()
        if day.day in self.broken:
            raise RuntimeError("broken")
        return {1: {"y" if day.day in self.wrong else "x": 1}}

    @hookimpl
    def scale_register_metrics(self) -> Sequence[Metric]:
        column = MetricColumn("x", "X", "An x.", "count", "all", MetricAggregate.SUM)
        groups = [MetricGroup("all", "All", "All.")]
        return [Metric("a-plugins", "A", "A.", ChoiceKind.WORKSPACE, groups, [column], self.compute)]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def plugin() -> Plugin:
    return Plugin()


@pytest.fixture
def world(tmp_path: Path, clock: SetClock, plugin: Plugin) -> World:
    return World(tmp_path, plugin, now=clock)


def ended(
    world: World, job_type_id: int, when: datetime, status: str = "COMPLETED", error: str = "", **times: Any
) -> int:
    """A job, and its execution, that was queued for a minute and ran for the two before ``when``."""
    job_id = world.job(job_type_id)
    with world.database.write() as session:
        error_id = session.scalars(select(Error.id).where(Error.name == error)).one_or_none()
        values = {
            "status": status,
            "error_id": error_id,
            "queued": when - timedelta(minutes=3),
            "started": when - timedelta(minutes=2),
            "ended": when,
        }
        session.execute(update(Job).where(Job.id == job_id).values(**values))
        session.execute(update(JobExecution).where(JobExecution.job_id == job_id).values(**values | times))
    return job_id


def ingested(world: World, strike_id: int | None, name: str, when: datetime, status: str, **values: Any) -> None:
    with world.database.write() as session:
        session.add(
            Ingest(
                strike_id=strike_id,
                file_name=name,
                status=status,
                transfer_started=when - timedelta(seconds=90),
                media_type="",
                data_type=[],
                transfer_path=f"/in/{name}",
                created=when,
                last_modified=when,
                **values,
            )
        )


def stored(world: World, name: str, file_type: str, when: datetime, size: int) -> None:
    with world.database.write() as session:
        session.add(
            ScaleFile(
                file_type=file_type,
                workspace_id=1,
                file_name=name,
                file_path=name,
                media_type="text/plain",
                file_size=size,
                data_type=[],
                uuid="0" * 32,
                meta_data={},
                countries=[],
                created=when,
                last_modified=when + timedelta(days=3),
            )
        )


def facts(world: World, day: date = TODAY) -> DayFacts:
    return DayFacts(world.database, day)


def plotted(world: World, metric: str, **query: Any) -> dict[str, list[int]]:
    """Values by name of the column."""
    page = MetricService(world.context).plot(metric, ListMetricPlotDataQuery(**query), URLS)
    return {one["column"]["name"]: [value["value"] for value in one["values"]] for one in page.results}


def test_jobs_count_on_the_day_on_which_they_ended(world: World) -> None:
    copy, other = world.job_type("copy"), world.job_type("other")
    for when in (MIDNIGHT, NOON, MIDNIGHT + timedelta(hours=24, milliseconds=-1)):
        ended(world, copy, when)
    ended(world, copy, MIDNIGHT - timedelta(milliseconds=1))
    ended(world, copy, MIDNIGHT + timedelta(days=1))
    ended(world, other, NOON, "FAILED", "algorithm-unknown")
    world.job(other)
    with world.database.read() as session:
        error_id = session.scalars(select(Error.id).where(Error.name == "algorithm-unknown")).one()
    assert sorted(facts(world).jobs(), key=lambda one: one.job_type_id) == [
        EndedJobs(copy, JobStatus.COMPLETED, None, None, 3),
        EndedJobs(other, JobStatus.FAILED, error_id, ErrorCategory.ALGORITHM, 1),
    ]


def test_executions_are_measured_in_seconds_step_by_step(world: World) -> None:
    began = NOON - timedelta(minutes=2)

    def step(name: str, start: float, end: float) -> dict[str, Any]:
        return {
            f"{name}_started": began + timedelta(seconds=start),
            f"{name}_completed": began + timedelta(seconds=end),
        }

    copy = world.job_type("copy")
    ended(world, copy, NOON, **step("pre", 1, 2.5), **step("job", 3, 103.25), **step("post", 104, 110))
    ended(world, copy, NOON)
    (found,) = facts(world).executions()
    assert found.number == 2
    assert found.queue == Spread(2, 120, 60, 60)
    assert (found.pre, found.job, found.post) == (
        Spread(1, 1.5, 1.5, 1.5),
        Spread(1, 100.25, 100.25, 100.25),
        Spread(1, 6, 6, 6),
    )
    assert found.run == Spread(2, 240, 120, 120)
    assert found.stage == Spread(2, 132.25, 12.25, 120)


def test_a_clock_that_was_set_back_makes_no_time_negative(world: World) -> None:
    late: dict[str, Any] = {"job_started": NOON, "job_completed": NOON - timedelta(seconds=5)}
    ended(world, world.job_type("copy"), NOON, **late)
    (found,) = facts(world).executions()
    assert found.job == Spread(1, 0, 0, 0)


def test_ingests_are_counted_and_measured_by_strike_and_status(world: World) -> None:
    strike_id = world.strike()
    times = {"transfer_ended": NOON - timedelta(seconds=60), "ingest_started": NOON - timedelta(seconds=4)}
    for name, size in (("a", 10), ("b", 30)):
        ingested(world, strike_id, name, NOON, "INGESTED", file_size=size, ingest_ended=NOON, **times)
    ingested(world, strike_id, "c", NOON, "DEFERRED", file_size=5)
    ingested(world, strike_id, "d", NOON, "TRANSFERRING")
    ingested(world, strike_id, "e", NOON - timedelta(days=1), "DEFERRED")
    found = sorted(facts(world).ingests(), key=lambda one: one.status)
    assert found == [
        EndedIngests(strike_id, IngestStatus.DEFERRED, 1, Spread(1, 5, 5, 5), None, None),
        EndedIngests(
            strike_id, IngestStatus.INGESTED, 2, Spread(2, 40, 10, 30), Spread(2, 60, 30, 30), Spread(2, 8, 4, 4)
        ),
    ]


def test_ingests_of_scans_are_counted_apart_from_those_of_strikes(world: World) -> None:
    strike_id = world.strike()
    with world.database.write() as session:
        scan = Scan(name="archive", configuration={}, created=NOON, last_modified=NOON)
        session.add(scan)
        session.flush()
        scan_id = scan.id
    ingested(world, strike_id, "a", NOON, "INGESTED", file_size=1, ingest_ended=NOON)
    for name in ("b", "c"):
        ingested(world, None, name, NOON, "INGESTED", scan_id=scan_id, file_size=2, ingest_ended=NOON)
    assert [(one.seer_id, one.number) for one in facts(world).ingests()] == [(strike_id, 1)]
    assert [(one.seer_id, one.number) for one in facts(world).scan_ingests()] == [(scan_id, 2)]
    values = world.context.registry.metrics["scans"].compute(facts(world))[scan_id]
    assert (values["ingested_count"], values["total_count"], values["file_size_sum"]) == (2, 2, 4)
    assert [one["name"] for one in MetricService(world.context).get("scans", URLS)["choices"]] == ["archive"]


def test_files_count_on_the_day_on_which_they_came(world: World) -> None:
    stored(world, "a", "SOURCE", NOON, 10)
    stored(world, "b", "PRODUCT", NOON, 1 << 40)
    stored(world, "c", "PRODUCT", NOON, 1)
    stored(world, "d", "PRODUCT", NOON + timedelta(days=1), 1)
    found = sorted(facts(world).new_files(), key=lambda one: one.file_type)
    assert found == [NewFiles(1, "PRODUCT", 2, (1 << 40) + 1), NewFiles(1, "SOURCE", 1, 10)]


def test_the_space_of_a_workspace_is_the_last_that_was_seen_on_the_day(world: World, clock: SetClock) -> None:
    def see(used: int, total: int | None) -> None:
        ProcessorContext(world.context, clock.time).record_usage("raw", StorageUsage(used=used, total=total))

    see(1, 100)
    see(2, 100)
    clock.forward(days=1)
    see(3, None)
    assert facts(world).storage() == [StorageUse(1, 2, 100)]
    assert facts(world, date(2026, 3, 5)).storage() == [StorageUse(1, 3, None)]
    assert facts(world, date(2026, 3, 6)).storage() == []
    assert [(one.used_size, one.total_size) for one in world.all(Workspace)] == [(3, None)]


def test_computing_a_day_twice_gives_the_same_rows(world: World) -> None:
    ended(world, world.job_type("copy"), NOON)

    def rows() -> list[tuple[Any, ...]]:
        return [(one.metric, one.day, one.choice_id, one.values) for one in world.all(MetricEntry)]

    DailyMetrics(world.context).compute()
    before = rows()
    DailyMetrics(world.context).compute()
    assert rows() == before
    assert len([one for one in before if one[0] == "job-types"]) == 1


def test_today_is_computed_again_and_a_day_that_is_over_once_more(
    world: World, clock: SetClock, plugin: Plugin
) -> None:
    metrics = DailyMetrics(world.context)
    for when in (NOON, NOON + timedelta(hours=1), MIDNIGHT + timedelta(days=1), MIDNIGHT + timedelta(hours=25)):
        clock.time = when
        metrics.compute()
    tomorrow = date(2026, 3, 5)
    assert plugin.days == [TODAY, TODAY, TODAY, tomorrow, TODAY, tomorrow]
    plugin.days.clear()
    clock.forward(hours=1)
    metrics.compute()
    assert plugin.days == [tomorrow]


def test_a_day_is_not_final_because_computing_it_took_until_it_was_over(
    world: World, clock: SetClock, plugin: Plugin
) -> None:
    """The machine slept, say."""
    plugin.takes = lambda: clock.forward(hours=13)
    DailyMetrics(world.context).compute()
    plugin.takes = lambda: None
    DailyMetrics(world.context).compute()
    assert plugin.days == [TODAY, TODAY, TODAY + timedelta(days=1)]


def test_today_grows_while_it_lasts(world: World) -> None:
    copy = world.job_type("copy")
    ended(world, copy, NOON)
    DailyMetrics(world.context).compute()
    assert plotted(world, "job-types", column=("completed_count",)) == {"completed_count": [1]}
    ended(world, copy, NOON + timedelta(seconds=10))
    DailyMetrics(world.context).compute()
    assert plotted(world, "job-types", column=("completed_count",)) == {"completed_count": [2]}


def test_days_that_were_missed_are_computed(world: World, clock: SetClock, plugin: Plugin) -> None:
    copy = world.job_type("copy")
    clock.forward(days=10)
    for days in (1, 4, 10):
        ended(world, copy, NOON + timedelta(days=days))
    DailyMetrics(world.context).compute()
    assert plugin.days == [TODAY + timedelta(days=days) for days in range(11)]
    page = MetricService(world.context).plot("job-types", ListMetricPlotDataQuery(column=("total_count",)), URLS)
    (total,) = page.results
    assert [one["date"] for one in total["values"]] == ["2026-03-05", "2026-03-08", "2026-03-14"]


def test_a_job_that_is_older_than_the_installation_counts(world: World) -> None:
    """A history that was brought in."""
    job_id = ended(world, world.job_type("copy"), NOON - timedelta(days=2))
    with world.database.write() as session:
        session.execute(update(Job).where(Job.id == job_id).values(created=NOON - timedelta(days=2)))
    DailyMetrics(world.context).compute()
    assert plotted(world, "job-types", column=("total_count",)) == {"total_count": [1]}


def test_what_is_done_is_not_done_again_for_a_job_that_is_requeued_later(world: World, clock: SetClock) -> None:
    job_id = ended(world, world.job_type("copy"), NOON, "FAILED", "unknown")
    clock.forward(days=1)
    DailyMetrics(world.context).compute()
    with world.database.write() as session:
        session.execute(update(Job).where(Job.id == job_id).values(status="QUEUED", ended=None))
    DailyMetrics(world.context).compute()
    assert plotted(world, "job-types", column=("failed_count",)) == {"failed_count": [1]}


def test_a_metric_that_fails_is_tried_again_and_does_not_hold_up_the_others(
    world: World, clock: SetClock, plugin: Plugin, caplog: pytest.LogCaptureFixture
) -> None:
    ended(world, world.job_type("copy"), NOON + timedelta(days=2))
    clock.forward(days=2)
    tomorrow = TODAY + timedelta(days=1)
    plugin.broken.add(tomorrow)
    with caplog.at_level(logging.ERROR):
        DailyMetrics(world.context).compute()
    assert "Metric 'a-plugins' of 2026-03-05 cannot be computed" in caplog.text
    assert plugin.days == [TODAY, tomorrow]
    assert plotted(world, "job-types", column=("total_count",)) == {"total_count": [1]}
    plugin.broken.clear()
    DailyMetrics(world.context).compute()
    assert plotted(world, "a-plugins") == {"x": [1, 1, 1]}


def test_wrong_numbers_are_refused_and_said(world: World, plugin: Plugin, caplog: pytest.LogCaptureFixture) -> None:
    plugin.wrong.add(TODAY)
    with caplog.at_level(logging.ERROR):
        DailyMetrics(world.context).compute()
    assert "Metric 'a-plugins' gave wrong numbers for 2026-03-04: 'y' of 1: there is no such column" in caplog.text
    assert plotted(world, "a-plugins") == {"x": []}


def test_a_clock_that_was_far_ahead_for_a_while_skips_no_day(world: World, clock: SetClock, plugin: Plugin) -> None:
    clock.forward(days=20)
    DailyMetrics(world.context).compute()
    assert {one.next_day for one in _progress(world)} == {date(2026, 3, 24)}
    clock.forward(days=-19)
    plugin.days.clear()
    DailyMetrics(world.context).compute()
    assert plugin.days == [date(2026, 3, 5)]


def _progress(world: World) -> list[MetricProgress]:
    with world.database.read() as session:
        return list(session.scalars(select(MetricProgress)))


def test_metrics_are_listed_by_name_page_by_page(world: World) -> None:
    service = MetricService(world.context)
    pages = [service.list(ListMetricsQuery(page=number, page_size=3)) for number in (1, 2, 3)]
    assert {page.count for page in pages} == {6}
    names = [[one["name"] for one in page.results] for page in pages]
    assert names == [["a-plugins", "error-types", "ingests"], ["job-types", "scans", "workspaces"], []]


def test_choices_are_what_a_metric_has_numbers_of(world: World) -> None:
    service = MetricService(world.context)
    strike_id = world.strike("incoming")
    assert [one["name"] for one in service.get("workspaces", URLS)["choices"]] == ["raw"]
    assert [one["id"] for one in service.get("ingests", URLS)["choices"]] == [strike_id]
    assert "scale-ingest" in [one["name"] for one in service.get("job-types", URLS)["choices"]]


def test_every_kind_of_choice_has_the_fields_that_filters_may_name(world: World) -> None:
    world.strike("incoming")
    service = MetricService(world.context)
    for name, metric in world.context.registry.metrics.items():
        for choice in service.get(name, URLS)["choices"]:
            assert FILTERS[metric.choice] <= set(choice)


@pytest.fixture
def busy(world: World) -> dict[str, int]:
    """Three jobs of one type today, one of another today and two yesterday."""
    types = {name: world.job_type(name) for name in ("copy", "other")}
    for job_type, when in (("copy", NOON),) * 3 + (("other", NOON),) + (("other", NOON - timedelta(days=1)),) * 2:
        job_id = ended(world, types[job_type], when)
        with world.database.write() as session:
            session.execute(update(Job).where(Job.id == job_id).values(created=when))
    DailyMetrics(world.context).compute()
    return types


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ({}, [2, 4]),
        ({"started": "2026-03-04T00:00:00Z"}, [4]),
        ({"started": "2026-03-03T23:59:59Z", "ended": "2026-03-03T23:59:59Z"}, [2]),
        ({"started": "P1D"}, [2, 4]),
        ({"name": ("copy",)}, [3]),
        ({"name": ("copy", "other")}, [2, 4]),
        ({"name": ("copy",), "version": ("2",)}, []),
        ({"name": ("nothing",)}, []),
    ],
    ids=str,
)
def test_plots_are_of_the_days_and_choices_asked_for(
    world: World, busy: dict[str, int], query: dict[str, Any], values: list[int]
) -> None:
    assert plotted(world, "job-types", column=("completed_count",), **query) == {"completed_count": values}


def test_a_plot_without_a_start_shows_ninety_days(world: World, busy: dict[str, int], clock: SetClock) -> None:
    clock.forward(days=90)
    assert plotted(world, "job-types", column=("completed_count",)) == {"completed_count": [4]}
    everything = plotted(world, "job-types", column=("completed_count",), started="P1000D")
    assert everything == {"completed_count": [2, 4]}


def test_several_choices_have_values_of_their_own_and_one_has_no_id(world: World, busy: dict[str, int]) -> None:
    def values(*names: str) -> list[Any]:
        query = ListMetricPlotDataQuery(column=("total_count",), choice_id=tuple(busy[name] for name in names))
        return list(MetricService(world.context).plot("job-types", query, URLS).results[0]["values"])

    assert values("copy") == values("copy", "copy") == [{"date": "2026-03-04", "value": 3}]
    assert values("other", "copy") == [
        {"id": busy["other"], "date": "2026-03-03", "value": 2},
        {"id": busy["copy"], "date": "2026-03-04", "value": 3},
        {"id": busy["other"], "date": "2026-03-04", "value": 1},
    ]


def test_columns_and_groups_add_up_in_the_order_of_the_metric(world: World, busy: dict[str, int]) -> None:
    names = [*plotted(world, "job-types", column=("run_time_avg", "total_count"), group=("errors",))]
    errors = ["error_system_count", "error_data_count", "error_algorithm_count"]
    assert names == ["total_count", *errors, "run_time_avg"]


def test_pages_are_of_columns(world: World, busy: dict[str, int]) -> None:
    names = [*plotted(world, "job-types")]
    page = MetricService(world.context).plot("job-types", ListMetricPlotDataQuery(page=2, page_size=3), URLS)
    assert page.count == len(names) == 31
    assert [one["column"]["name"] for one in page.results] == names[3:6]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"column": ("nonsense",)}, "column"),
        ({"group": ("nonsense",)}, "group"),
        ({"choice_id": (4711,)}, "choice_id"),
        ({"category": ("x",)}, "category"),
    ],
)
def test_what_a_metric_does_not_have_is_refused(world: World, query: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as raised:
        plotted(world, "job-types", **query)
    assert [one.pointer for one in raised.value.problems] == [pointer]


def test_an_unknown_metric_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        MetricService(world.context).get("nonsense", URLS)
    with pytest.raises(NotFound):
        plotted(world, "nonsense")
