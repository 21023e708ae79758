"""Health, readiness and metrics of a served Scale: what is promised, after real happenings, and when things break."""

import contextlib
import logging
import math
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import uvicorn
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from sqlalchemy import ClauseElement, Executable, text
from starlette.types import ASGIApp

import scale_engine_local.plugin
from fakes.engine import FakeEngine, no_agent
from fakes.waiting import SECONDS, until, until_equal
from fakes.world import SetClock, World
from scale_core.api.app import create_app, create_operational_app
from scale_core.api.operational import OperationalEndpoints
from scale_core.domain.placement import Placement
from scale_core.interfaces.engine import EngineSettings, Resources
from scale_core.services.executions import ExecutionService
from scale_core.services.health import Health
from scale_core.services.heartbeat import HeartbeatService
from scale_core.services.metrics import active_executions, oldest_executions, open_ingests
from scale_core.services.scheduler_notes import SchedulerNote
from scale_core.services.transfers import TransferService
from scale_core.watching.records import Arrival, Transfer
from scale_scheduler.ingest import IngestPool
from scale_scheduler.leadership import leadership_of
from scale_scheduler.scheduler import Scheduler

METRICS, READY, HEALTHY = "/-/metrics", "/-/ready", "/-/healthy"
DEADLINE = 0.5


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def world(tmp_path: Path, clock: SetClock) -> Iterator[World]:
    world = World(tmp_path, scale_engine_local.plugin, now=clock)
    yield world
    world.database.close()


@contextlib.contextmanager
def served(app: ASGIApp) -> Iterator[httpx.Client]:
    """A client of ``app``, which a real server answers for."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
        address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        with httpx.Client(base_url=address, timeout=SECONDS, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def hasty(world: World, thread: threading.Thread | None = None) -> Iterator[httpx.Client]:
    """A client of endpoints that do not wait long for the database."""
    rest = create_operational_app(world.context, thread)
    with served(OperationalEndpoints(rest, world.context, Health(world.context, thread), DEADLINE)) as client:
        yield client


@pytest.fixture
def http(world: World) -> Iterator[httpx.Client]:
    """A client of the whole application, which runs without a scheduler."""
    with served(create_app(world.context)) as client:
        yield client


def checks(response: httpx.Response) -> dict[str, str]:
    """State of each check, by name; what is not ok says why."""
    document = response.json()
    assert document["ready"] == (response.status_code == 200)
    for name, check in document["checks"].items():
        assert bool(check["detail"]) == (check["state"] == "failed"), name
    return {name: check["state"] for name, check in document["checks"].items()}


class Scrape:
    """What one scrape says."""

    def __init__(self, http: httpx.Client) -> None:
        response = http.get(METRICS)
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        self.families = {family.name: family for family in parse_text(response.text)}
        self.values = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float:
        return self.values[name, frozenset(labels.items())]

    def all(self, name: str, label: str) -> Mapping[str, float]:
        """Values by value of a label."""
        return {dict(labels)[label]: value for (found, labels), value in self.values.items() if found == name}


def test_a_process_that_answers_is_healthy(http: httpx.Client) -> None:
    response = http.get(HEALTHY)
    assert (response.status_code, response.text) == (200, "ok")
    assert http.head(HEALTHY).status_code == 200
    assert http.post(HEALTHY).status_code == 405


def test_it_is_ready_once_a_scheduler_was_heard_of(world: World, clock: SetClock, http: httpx.Client) -> None:
    response = http.get(READY)
    assert response.status_code == 503
    assert checks(response) == {"database": "ok", "schema": "ok", "scheduler": "failed"}
    assert "scale scheduler" in response.json()["checks"]["scheduler"]["detail"]

    HeartbeatService(world.context).beat("here", SchedulerNote())
    response = http.get(READY)
    assert (response.status_code, checks(response)) == (200, {"database": "ok", "schema": "ok", "scheduler": "ok"})

    clock.forward(seconds=60)
    response = http.get(READY)
    assert (response.status_code, checks(response)["scheduler"]) == (503, "failed")
    assert "60 s" in response.json()["checks"]["scheduler"]["detail"]


def test_the_schedulers_own_thread_is_what_counts_where_it_is_in_this_process(world: World) -> None:
    may_end = threading.Event()
    thread = threading.Thread(target=may_end.wait)
    thread.start()
    with served(create_app(world.context, scheduler=thread)) as http:
        assert http.get(READY).status_code == http.get(HEALTHY).status_code == 200
        may_end.set()
        thread.join()
        response = http.get(READY)
        assert (response.status_code, checks(response)["scheduler"]) == (503, "failed")
        healthy = http.get(HEALTHY)
        assert healthy.status_code == 503
        assert "Restart Scale" in healthy.text


def test_an_older_schema_is_not_ready_and_says_what_to_do(world: World, http: httpx.Client) -> None:
    with world.database.write() as session:
        session.execute(text("DELETE FROM alembic_version"))
    response = http.get(READY)
    assert (response.status_code, checks(response)) == (
        503,
        {"database": "ok", "schema": "failed", "scheduler": "unknown"},
    )
    assert "scale db upgrade" in response.json()["checks"]["schema"]["detail"]


@pytest.mark.sqlite
@pytest.mark.parametrize("replace", [True, False])
def test_a_database_file_that_is_replaced_or_gone_is_noticed(world: World, http: httpx.Client, replace: bool) -> None:
    HeartbeatService(world.context).beat("here", SchedulerNote())
    assert http.get(READY).status_code == 200
    path = world.folder / "scale.db"
    path.rename(world.folder / "away.db")
    if replace:
        path.write_bytes((world.folder / "away.db").read_bytes())
    response = http.get(READY)
    assert (response.status_code, checks(response)["database"]) == (503, "failed")
    assert ("was replaced" if replace else "is gone") in response.json()["checks"]["database"]["detail"]


@pytest.mark.sqlite
def test_a_database_that_is_broken_is_not_up(world: World) -> None:
    HeartbeatService(world.context).beat("here", SchedulerNote())
    world.database.close()
    for name in ("scale.db-wal", "scale.db-shm"):
        (world.folder / name).unlink(missing_ok=True)
    (world.folder / "scale.db").write_bytes(b"no database at all " * 100)
    with hasty(world) as http:
        # A busy machine may not even come to look in time.
        response = until(
            lambda: http.get(READY), lambda found: "not a database" in str(found.json()["checks"]["database"]["detail"])
        )
        assert (response.status_code, checks(response)["database"]) == (503, "failed")
        scrape = Scrape(http)
        assert scrape("scale_database_up") == 0
        assert "scale_queue_executions" not in scrape.families


@contextlib.contextmanager
def locked(world: World) -> Iterator[None]:
    """The database as it is while another process keeps everybody from it."""
    world.database.close()
    other = sqlite3.connect(world.folder / "scale.db", isolation_level=None)
    try:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        other.close()


@pytest.mark.sqlite
def test_a_database_that_hangs_delays_no_answer_and_holds_up_one_thread(world: World) -> None:
    with hasty(world) as http:
        with locked(world):
            for _ in range(3):
                response = http.get(READY)
                assert response.status_code == 503
                assert checks(response) == {"database": "failed", "schema": "unknown", "scheduler": "unknown"}
                assert "within 0.5 s" in response.json()["checks"]["database"]["detail"]
                scrape = Scrape(http)
                assert scrape("scale_database_up") == 0
                assert scrape("scale_placements_total") == 0
                assert http.get(HEALTHY).status_code == 200
            names = [thread.name for thread in threading.enumerate()]
            assert (names.count("ready"), names.count("metrics")) == (1, 1)
        HeartbeatService(world.context).beat("here", SchedulerNote())
        for thread in threading.enumerate():
            if thread.name in ("ready", "metrics"):
                thread.join()
        until_equal(lambda: http.get(READY).status_code, 200)
        until_equal(lambda: Scrape(http)("scale_database_up"), 1)


@pytest.mark.parametrize("path", [METRICS, READY, HEALTHY])
def test_they_are_beside_the_contract_and_behind_the_rule_of_loopback(http: httpx.Client, path: str) -> None:
    assert http.get(path, headers={"Host": "evil.example"}).status_code == 400
    for other in (f"/v3{path}", f"{path}/"):
        assert http.get(other).status_code == 404
    assert http.get(path).headers["cache-control"] == "no-store"


def test_they_are_neither_logged_nor_counted(http: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "scale_core"):
        for path in (METRICS, READY, HEALTHY):
            http.get(path)
            http.post(path)
    assert caplog.records == []
    assert not Scrape(http).all("scale_http_requests_total", "operation")


def test_openmetrics_is_given_to_those_who_take_it(http: httpx.Client) -> None:
    response = http.get(METRICS, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert response.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    names = {family.name for family in parse_openmetrics(response.text)}  # type: ignore[no-untyped-call]
    assert {"scale_jobs_ended", "scale_queue_executions", "process_cpu_seconds"} <= names


def test_requests_are_counted_by_operation_and_no_client_makes_up_labels(http: httpx.Client) -> None:
    for path in (
        "/jobs/",
        "/v3/jobs/",
        "/jobs/7/",
        "/jobs/8/",
        "/jobs/x/",
        "/nowhere-1/",
        "/nowhere-2/",
        "/openapi.json",
    ):
        http.get(path)
    http.post("/jobs/7/")
    http.request("PROPFIND", "/nowhere-3/")
    http.post("/queue/new-job/", json={"surprise": 1})
    scrape = Scrape(http)
    counted = {
        (labels["operation"], labels["method"], labels["status"]): value
        for (name, found), value in scrape.values.items()
        if name == "scale_http_requests_total" and (labels := dict(found))
    }
    assert counted == {
        ("list_jobs", "GET", "200"): 2,
        ("get_job", "GET", "404"): 2,
        ("other", "GET", "400"): 1,
        ("other", "GET", "404"): 2,
        ("other", "GET", "200"): 1,
        ("other", "POST", "405"): 1,
        ("other", "other", "404"): 1,
        ("queue_job", "POST", "400"): 1,
    }
    assert scrape("scale_http_request_duration_seconds_count", operation="list_jobs") == 2


def test_what_fails_inside_is_counted_and_logged_with_its_method_and_path(
    world: World, http: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with world.database.write() as session:
        session.execute(text("ALTER TABLE node RENAME TO lost"))
    assert http.get("/v3/nodes/").status_code == 500
    (record,) = (one for one in caplog.records if one.name == "scale_core.api.problems")
    assert (record.levelname, record.getMessage()) == ("ERROR", "GET /v3/nodes/ failed")
    assert record.exc_info is not None
    scrape = Scrape(http)
    assert scrape("scale_http_requests_total", operation="list_nodes", method="GET", status="500") == 1
    assert scrape("scale_database_up") == 0


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(EngineSettings(tmp_path))


@pytest.fixture
def scheduler(world: World, engine: FakeEngine) -> Iterator[Scheduler]:
    scheduler = Scheduler(world.context, engine, no_agent)
    scheduler.open()
    yield scheduler
    scheduler.close()


def test_what_waits_and_what_runs_is_told_by_job_type(
    world: World, clock: SetClock, engine: FakeEngine, scheduler: Scheduler, http: httpx.Client
) -> None:
    engine.sizes = {"node-1": Resources(2, 4096, 10_000)}
    small, large = world.job_type("small"), world.job_type("large", cpus_required=64.0)
    world.job_type("small", version="2")
    for job_type in (small, small, small, large):
        world.job(job_type)
        clock.forward(seconds=10)
    scheduler.run_once()
    clock.forward(seconds=5)
    scrape = Scrape(http)
    assert scrape("scale_database_up") == 1
    assert scrape.all("scale_queue_executions", "job_type") == {"small": 1, "large": 1}
    assert scrape.all("scale_queue_oldest_age_seconds", "job_type") == {"small": 25, "large": 15}
    assert scrape.all("scale_executions_running", "job_type") == {"small": 2}
    assert scrape("scale_placements_total") == 2
    assert scrape("scale_scheduler_pass_duration_seconds_count") == 1
    assert scrape("scale_scheduler_heartbeat_age_seconds") == 5
    assert (scrape("scale_nodes_connected"), scrape("scale_nodes_paused")) == (1, 0)
    assert scrape("scale_database_transaction_duration_seconds_count", kind="write") > 0
    assert scrape("process_resident_memory_bytes") > 0
    assert scrape.families["scale_build_info"].samples[0].labels.keys() == {"version", "python"}

    node = http.get("/nodes/").json()["results"][0]["id"]
    http.patch(f"/nodes/{node}/", json={"is_paused": True})
    http.patch("/scheduler/", json={"is_paused": True})
    scrape = Scrape(http)
    assert (scrape("scale_nodes_connected"), scrape("scale_nodes_paused")) == (1, 1)
    assert scrape("scale_scheduler_paused") == 1


def test_what_ended_is_counted_by_status_and_category(
    world: World, engine: FakeEngine, scheduler: Scheduler, http: httpx.Client
) -> None:
    once = world.job_type("once", max_tries=1)
    jobs = [world.job(once) for _ in range(4)]
    scheduler.run_once()
    completed, failed, lost, canceled = (world.executions(job)[0].id for job in jobs)
    engine.finish(completed)
    engine.finish(failed, "FAILED", "output-storage")
    engine.lose(lost)
    assert http.patch(f"/jobs/{jobs[3]}/", json={"status": "CANCELED"}).status_code == 200
    scheduler.run_once()
    engine.finish(canceled, "CANCELED", "canceled")
    scheduler.run_once()
    scrape = Scrape(http)
    assert scrape("scale_jobs_ended_total", status="COMPLETED", category="") == 1
    assert scrape("scale_jobs_ended_total", status="CANCELED", category="") == 1
    assert scrape("scale_jobs_ended_total", status="FAILED", category="SYSTEM") == 1
    assert scrape("scale_executions_ended_total", status="COMPLETED", category="") == 1
    assert scrape("scale_executions_ended_total", status="CANCELED", category="") == 1
    assert scrape("scale_executions_ended_total", status="FAILED", category="SYSTEM") == 2
    assert scrape("scale_executions_lost_total") == 1


def test_a_report_that_is_told_twice_is_counted_once(
    world: World, engine: FakeEngine, scheduler: Scheduler, http: httpx.Client
) -> None:
    job = world.job(world.job_type("one"))
    scheduler.run_once()
    (execution,) = world.executions(job)
    engine.finish(execution.id)
    scheduler.run_once()
    scheduler._endings.lost([(execution.id, "gone")])
    scrape = Scrape(http)
    assert scrape("scale_executions_ended_total", status="COMPLETED", category="") == 1
    assert scrape("scale_executions_lost_total") == 0


def test_a_failure_says_once_what_failed_and_why(
    world: World, engine: FakeEngine, scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    job = world.job(world.job_type("twice", max_tries=2))
    told: list[tuple[str, str, int]] = []
    for _ in range(2):
        scheduler.run_once()
        execution = world.executions(job)[-1].id
        engine.finish(execution, "FAILED", "output-storage")
        caplog.clear()
        with caplog.at_level(logging.INFO, "scale_core"):
            scheduler.run_once()
        (record,) = (one for one in caplog.records if one.name == "scale_core.services.ending_logs")
        about: Any = vars(record)
        assert (about["job_id"], about["execution_id"], about["job_type"]) == (job, execution, "twice")
        assert about["error"] == "output-storage"
        assert "it failed: output-storage" in record.getMessage()
        told.append((record.levelname, record.getMessage().split()[0], execution))
    assert [one[:2] for one in told] == [("INFO", "Execution"), ("WARNING", "Job")]


def test_the_life_of_an_execution_is_followed_by_its_id(
    world: World, engine: FakeEngine, scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    job = world.job(world.job_type("one"))
    with caplog.at_level(logging.DEBUG):
        scheduler.run_once()
        (execution,) = world.executions(job)
        engine.begin(execution.id, "pre")
        scheduler.run_once()
        engine.finish(execution.id)
        scheduler.run_once()
    life = [one for one in caplog.records if vars(one).get("execution_id") == execution.id]
    assert [one.getMessage() for one in life] == [
        "Placed on node-1",
        "Step pre has begun",
        "Execution ended: COMPLETED",
    ]
    assert all(one.levelno == logging.DEBUG for one in life)


def test_passes_that_break_off_are_counted(
    world: World, scheduler: Scheduler, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        scheduler.stop()
        raise RuntimeError("broken")

    monkeypatch.setattr(scheduler, "_beat", broken)
    scheduler.run(leadership_of(world.context))
    scrape = Scrape(http)
    assert scrape("scale_scheduler_failures_total") == 1
    assert scrape("scale_scheduler_heartbeat_age_seconds") == math.inf


def test_files_are_counted_on_their_way(world: World, http: httpx.Client) -> None:
    strike_id = world.strike()
    transfers = TransferService(world.context)
    order = transfers.order(strike_id)
    assert order is not None
    here = {name: world.incoming / name for name in ("a.txt", "b.txt", "c.bin", "d.txt")}
    for path in here.values():
        path.write_bytes(b"12345")
    ids = transfers.seen(order, [Transfer(name, str(here[name]), 2) for name in ("a.txt", "d.txt")], {})
    transfers.gone([ids[str(here["d.txt"])]])
    arrivals = [
        Arrival(name, str(here[name]), str(here[name]), 5, ids.get(str(here[name])))
        for name in ("a.txt", "b.txt", "c.bin")
    ]
    transfers.arrived(order, arrivals)
    assert Scrape(http).all("scale_ingests_open", "status") == {"TRANSFERRED": 2}

    here["b.txt"].unlink()
    ended = threading.Semaphore(0)
    pool = IngestPool(world.context, lambda tasks: ended.release(len(tasks)), workers=1)
    pool.start()
    run_ingests(world, pool, ended)
    pool.stop(20)
    scrape = Scrape(http)
    assert scrape.all("scale_ingests_total", "status") == {
        "TRANSFERRING": 2,
        "TRANSFERRED": 3,
        "DEFERRED": 1,
        "INGESTING": 2,
        "INGESTED": 1,
        "ERRORED": 2,
        "DUPLICATE": 0,
    }
    assert scrape("scale_ingested_bytes_total") == 5
    assert not scrape.all("scale_ingests_open", "status")


def run_ingests(world: World, pool: IngestPool, ended: threading.Semaphore) -> None:
    """Run all queued ingest jobs to their end."""
    service = ExecutionService(world.context)
    waiting = [one.execution_id for one in service.queue(100) if one.job_type_name == "scale-ingest"]
    claimed = service.claim([Placement(execution_id, None, "") for execution_id in waiting])
    pool.submit(claimed.system_tasks)
    for _ in claimed.system_tasks:
        assert ended.acquire(timeout=60), "an ingest did not end"


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        (active_executions, ["ix_job_exe_tally"]),
        # None has any that have ended.
        (oldest_executions, ["ix_job_exe_queue", "ix_job_exe_waiting", "ix_job_exe_queued_by_type"]),
        (open_ingests, ["ix_ingest_tally"]),
    ],
)
def test_a_scrape_reads_nothing_of_what_has_ended(
    world: World, query: Callable[[], Executable], indexes: list[str]
) -> None:
    with world.database.read() as session:
        statement = cast("ClauseElement", query())
        compiled = statement.compile(session.connection(), compile_kwargs={"literal_binds": True})
        plan = [row.detail for row in session.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
    (used,) = (one for one in plan if one.startswith(("SEARCH job_exe", "SEARCH ingest", "SCAN")))
    assert used.endswith(tuple(f"INDEX {index} (status=?)" for index in indexes)), plan
