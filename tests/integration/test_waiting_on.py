"""Why a job is not running, as clients are told, on the database of a scheduler with an engine that a test drives."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

import scale_scheduler.scheduler as scheduler_module
from fakes.engine import FakeEngine, no_agent
from fakes.world import SetClock, World
from scale_core.db.models import Job, JobExecution, JobType, Node, RecipeJob
from scale_core.db.models import Scheduler as SchedulerRow
from scale_core.interfaces.engine import EngineSettings, Resources
from scale_core.services.bulk_changes import BulkChanges
from scale_core.services.job_reads import JobService
from scale_core.services.queue import QueueService
from scale_core.services.recipe_types import RecipeTypeService
from scale_core.services.serialization import SerializerContext
from scale_generated import models
from scale_scheduler.scheduler import Scheduler


class Cluster:
    """A scheduler on a world; its heartbeat is as fresh as its last pass."""

    def __init__(self, folder: Path, clock: SetClock, *, runs_system_jobs: bool = False) -> None:
        self.world = World(folder, now=clock)
        self.engine = FakeEngine(EngineSettings(folder))
        self.engine.runs_system_jobs = runs_system_jobs
        self.scheduler = Scheduler(self.world.context, self.engine, no_agent)
        self.urls = SerializerContext("http://scale.test")
        self.scheduler.open()
        self.scheduler.settle()

    def job(self, name: str = "one", **job_type: Any) -> int:
        """A queued job of a new type."""
        return self.world.job(self.world.job_type(name, **job_type))

    def run(self) -> None:
        """A pass, and the heartbeat of the next one."""
        self.scheduler.run_once()
        self.scheduler.run_once()

    def why(self, job_id: int) -> list[models.WaitingOn]:
        """What a client is told."""
        return JobService(self.world.context).get(job_id, self.urls)["waiting_on"]

    def reasons(self, job_id: int) -> list[str]:
        """The reasons that a client is told."""
        return [one["reason"] for one in self.why(job_id)]

    def set(self, model: Any, row_id: int, **values: Any) -> None:
        """Change a row."""
        with self.world.database.write() as session:
            session.execute(update(model).where(model.id == row_id).values(**values))


@pytest.fixture
def clock() -> SetClock:
    """The cluster's clock; it stands still."""
    return SetClock()


@pytest.fixture
def cluster(tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """One node with 4 cpus, 4096 MiB of memory and 10,000 MiB of disk."""
    monkeypatch.setattr(scheduler_module, "HEARTBEAT_SECONDS", 0.0)
    cluster = Cluster(tmp_path, clock)
    yield cluster
    cluster.scheduler.close()


def test_what_a_client_is_told_is_what_the_scheduler_decided(cluster: Cluster) -> None:
    limited = cluster.world.job_type("limited", max_scheduled=1, cpus_required=0.1)
    jobs = [
        cluster.job("large", cpus_required=100.0, priority=1),
        cluster.job("most", cpus_required=3.5, priority=2),
        cluster.world.job(limited),
        cluster.world.job(limited),
        cluster.job("no room", cpus_required=2.0),
        cluster.job("in a container", docker_image="x"),
    ]
    cluster.run()
    told = {job: cluster.why(job) for job in jobs}
    decided = [cluster.scheduler.waiting(cluster.world.executions(job)[0].id) for job in jobs]
    assert [one.reason if one else None for one in decided] == [
        "TOO_LARGE",
        None,
        None,
        "MAX_SCHEDULED",
        "IN_USE",
        "NO_CONTAINERS",
    ]
    for job, one in zip(jobs, decided, strict=True):
        assert (one is None) == (told[job] == []), told[job]
        if one is not None:
            assert (one.reason, one.detail) in [(each["reason"], each["message"]) for each in told[job]]


def test_a_reason_names_what_it_is_about(cluster: Cluster) -> None:
    limited = cluster.world.job_type("limited", max_scheduled=1, cpus_required=3.0)
    cluster.world.job(limited)
    second = cluster.world.job(limited)
    cluster.run()
    (node,) = cluster.world.all(Node)
    in_use, at_most = cluster.why(second)
    assert in_use | {"message": ""} == {
        "reason": "IN_USE",
        "message": "",
        "node_ids": [node.id],
        "job_type_ids": [],
        "job_ids": [],
    }
    assert (at_most["reason"], at_most["job_type_ids"]) == ("MAX_SCHEDULED", [limited])
    assert "its max_scheduled is 1" in at_most["message"]


def test_pauses_are_told_all_together(cluster: Cluster) -> None:
    job = cluster.job(cpus_required=100.0)
    cluster.run()
    cluster.set(SchedulerRow, 1, is_paused=True)
    cluster.set(JobType, cluster.world.jobs("one")[0].job_type_id, is_paused=True)
    assert cluster.reasons(job) == ["TOO_LARGE", "JOB_TYPE_PAUSED", "SCHEDULER_PAUSED"]
    small = cluster.job("small")
    assert cluster.reasons(small) == ["SCHEDULER_PAUSED"]
    cluster.set(Node, 1, is_paused=True)
    (nodes, scheduler) = cluster.why(small)
    assert (nodes["reason"], nodes["node_ids"], scheduler["reason"]) == ("NODES_PAUSED", [1], "SCHEDULER_PAUSED")


def test_a_job_that_the_next_pass_starts_waits_on_nothing_nor_does_one_that_runs_or_has_ended(
    cluster: Cluster,
) -> None:
    cluster.run()
    job = cluster.job()
    assert cluster.why(job) == []
    cluster.run()
    assert (cluster.world.all(Job)[-1].status, cluster.why(job)) == ("RUNNING", [])
    cluster.engine.finish(cluster.engine.launched[0])
    cluster.run()
    assert (cluster.world.all(Job)[-1].status, cluster.why(job)) == ("COMPLETED", [])


def test_without_a_scheduler_a_job_waits_for_one(cluster: Cluster, clock: SetClock) -> None:
    job = cluster.job()
    assert cluster.reasons(job) == ["NO_NODES", "NO_SCHEDULER"]
    cluster.run()
    other = cluster.job("other")
    assert cluster.why(other) == []
    clock.forward(minutes=1)
    assert cluster.reasons(other) == ["NO_SCHEDULER"]


def test_what_something_else_uses_of_a_node_is_not_free(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = cluster.engine.free
    monkeypatch.setattr(cluster.engine, "free", lambda agent_id: offered(agent_id) - Resources(3.5, 0, 0))
    job = cluster.job()
    cluster.run()
    assert cluster.reasons(job) == ["IN_USE"]
    monkeypatch.setattr(cluster.engine, "free", offered)
    cluster.engine.sizes["node-2"] = Resources(0.5, 1, 1)
    cluster.run()
    assert cluster.why(job) == []


def test_a_task_for_which_a_node_lacks_a_mount_says_so(
    tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler_module, "HEARTBEAT_SECONDS", 0.0)
    monkeypatch.setattr(scheduler_module, "STEADY_SECONDS", 0.0)  # what ends soon is not held back
    cluster = Cluster(tmp_path, clock, runs_system_jobs=True)
    with closing(cluster.scheduler):
        cluster.engine.sizes = {"node-1": Resources(1, 4096, 10_000), "node-2": Resources(4, 4096, 10_000)}
        cluster.job("all of node 2", cpus_required=4.0, priority=1)
        cluster.world.strike()
        (strike,) = cluster.world.jobs("scale-strike")
        cluster.run()
        execution = next(one for one, (agent_id, _) in cluster.engine.running.items() if agent_id == "node-1")
        cluster.engine.finish(execution, "FAILED", "mount-missing")
        cluster.run()
        told = cluster.why(strike.id)
        assert [(one["reason"], one["node_ids"]) for one in told] == [("IN_USE", [2]), ("NODES_LACKING", [1])]
        assert "such as a mount" in told[1]["message"]
        decided = cluster.scheduler.waiting(cluster.world.executions(strike.id)[-1].id)
        assert decided is not None
        assert (decided.reason, decided.detail) == (told[0]["reason"], told[0]["message"])


def test_a_job_far_behind_in_the_queue_waits_for_those_before_it(cluster: Cluster) -> None:
    cluster.engine.sizes["node-1"] = Resources(200, 100_000, 100_000)
    cluster.run()
    job_type = cluster.world.job_type("many")
    jobs = [cluster.world.job(job_type) for _ in range(100)]
    assert [cluster.reasons(job) for job in (jobs[0], jobs[-1])] == [[], ["BEHIND_OTHERS"]]


def test_what_cannot_run_at_the_head_of_the_queue_is_no_reason_for_one_behind_it(cluster: Cluster) -> None:
    cluster.run()
    large = cluster.world.job_type("large", cpus_required=100.0, priority=1)
    for _ in range(100):
        cluster.world.job(large)
    assert cluster.why(cluster.job()) == []


def test_a_job_that_is_queued_again_waits_for_the_end_of_its_execution(cluster: Cluster) -> None:
    job = cluster.job()
    cluster.run()
    JobService(cluster.world.context).cancel(job, cluster.urls)
    BulkChanges(cluster.world.context).requeue({"job_ids": [job]}, cluster.urls)
    assert cluster.reasons(job) == ["STILL_ENDING"]
    cluster.engine.finish(cluster.engine.launched[0], "CANCELED", "canceled")
    cluster.run()
    assert cluster.world.all(Job)[-1].status == "RUNNING"


def test_a_job_that_cannot_be_started_is_held_back(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise ValueError("it cannot be claimed")

    job = cluster.job()
    monkeypatch.setattr("scale_core.services.executions.ExecutionService.claim", refuse)
    cluster.run()
    assert cluster.reasons(job) == ["HELD_BACK"]


@pytest.fixture
def recipe(cluster: Cluster) -> dict[str, int]:
    """The jobs of a recipe by name: ``two`` depends on ``one``, ``three`` on ``two``."""
    for name in ("a", "b", "c"):
        cluster.world.job_type(name, max_tries=1, cpus_required=100.0 if name == "c" else 1.0)
    places = [
        {
            "name": name,
            "job_type": {"name": job_type, "version": "1"},
            "recipe_inputs": [],
            "dependencies": [{"name": behind}] if behind else [],
        }
        for name, job_type, behind in (("one", "a", None), ("two", "b", "one"), ("three", "c", "two"))
    ]
    definition = {"version": "1.0", "input_data": [], "jobs": places}
    body: Any = {"name": "chain", "version": "1", "definition": definition}
    made = RecipeTypeService(cluster.world.context).create(body, cluster.urls)
    new = QueueService(cluster.world.context).new_recipe(
        {"recipe_type_id": made["id"], "recipe_data": {}}, cluster.urls
    )
    with cluster.world.database.read() as session:
        rows = session.execute(select(RecipeJob.job_name, RecipeJob.job_id).where(RecipeJob.recipe_id == new["id"]))
        return dict(rows.all())


def test_a_pending_job_waits_for_the_jobs_before_it(cluster: Cluster, recipe: dict[str, int]) -> None:
    cluster.run()
    (why,) = cluster.why(recipe["two"])
    assert (why["reason"], why["job_ids"]) == ("DEPENDENCIES", [recipe["one"]])
    assert why["message"] == f"It depends on 'one' (job {recipe['one']}), which is RUNNING."


def test_a_pending_job_that_no_node_could_take_says_so_before_its_turn(
    cluster: Cluster, recipe: dict[str, int]
) -> None:
    cluster.run()
    assert cluster.reasons(recipe["three"]) == ["TOO_LARGE", "DEPENDENCIES"]


def test_a_pending_job_is_told_what_would_keep_it_now_then_what_it_depends_on(
    cluster: Cluster, recipe: dict[str, int]
) -> None:
    cluster.job("all of it", cpus_required=4.0, priority=1)
    cluster.run()
    assert cluster.reasons(recipe["one"]) == ["IN_USE"]
    assert cluster.reasons(recipe["two"]) == ["IN_USE", "DEPENDENCIES"]
    assert cluster.reasons(recipe["three"]) == ["TOO_LARGE", "DEPENDENCIES"]


@pytest.mark.parametrize("status", ["QUEUED", "PENDING", "BLOCKED"])
def test_every_kind_of_reason_is_told_in_order_whatever_the_status(cluster: Cluster, status: str) -> None:
    limited = cluster.world.job_type("limited", max_scheduled=1, cpus_required=3.0)
    cluster.world.job(limited)
    job = cluster.world.job(limited)
    cluster.run()
    if status != "QUEUED":
        cluster.set(Job, job, status=status)
        cluster.set(JobExecution, cluster.world.executions(job)[0].id, status="CANCELED")
    assert cluster.reasons(job) == ["IN_USE", "MAX_SCHEDULED"]
    cluster.set(JobType, limited, is_paused=True)
    cluster.set(SchedulerRow, 1, is_paused=True)
    assert cluster.reasons(job) == ["IN_USE", "JOB_TYPE_PAUSED", "SCHEDULER_PAUSED", "MAX_SCHEDULED"]
    cluster.set(Node, 1, is_paused=True)
    assert cluster.reasons(job) == ["NODES_PAUSED", "JOB_TYPE_PAUSED", "SCHEDULER_PAUSED", "MAX_SCHEDULED"]
    cluster.set(Job, job, cpus_required=100.0)
    assert cluster.reasons(job) == ["TOO_LARGE", "JOB_TYPE_PAUSED", "SCHEDULER_PAUSED", "MAX_SCHEDULED"]


def test_a_pending_job_is_not_told_its_place_in_a_queue_that_it_is_not_on(
    cluster: Cluster, recipe: dict[str, int]
) -> None:
    cluster.run()
    job_type = cluster.world.job_type("many", priority=1, cpus_required=0.001, mem_required=0.0)
    for _ in range(100):
        cluster.world.job(job_type)
    assert cluster.reasons(recipe["two"]) == ["DEPENDENCIES"]
    cluster.set(Job, recipe["two"], status="BLOCKED")
    assert cluster.reasons(recipe["two"]) == ["DEPENDENCIES"]


def test_a_blocked_job_names_the_one_that_failed(cluster: Cluster, recipe: dict[str, int]) -> None:
    cluster.run()
    cluster.engine.finish(cluster.engine.launched[0], "FAILED", "exit-code")
    cluster.run()
    for name in ("two", "three"):
        (*_, why) = cluster.why(recipe[name])
        assert (why["reason"], why["job_ids"]) == ("DEPENDENCIES", [recipe["one"]])
        assert why["message"].endswith("which is FAILED.")


def test_a_look_ahead_changes_nothing(cluster: Cluster) -> None:
    job = cluster.job()
    cluster.run()
    cluster.job("other", cpus_required=4.0)
    states = select(JobExecution.id, JobExecution.status).order_by(JobExecution.id)
    with cluster.world.database.read() as session:
        before = session.execute(states).all()
    cluster.why(job)
    with cluster.world.database.read() as session:
        assert session.execute(states).all() == before
        assert session.scalar(select(func.count()).select_from(Job)) == 2


def test_what_all_jobs_wait_for_is_told_once_with_their_number(cluster: Cluster) -> None:
    large = cluster.world.job_type("large", cpus_required=64.0)
    for _ in range(3):
        cluster.world.job(large)
    paused = cluster.job("held")
    with cluster.world.database.write() as session:
        session.execute(update(JobType).where(JobType.name == "held").values(is_paused=True))
    cluster.run()
    told = QueueService(cluster.world.context).waiting()
    assert told["count"] == 4
    most, least = told["reasons"]
    assert (most["reason"], most["count"]) == ("TOO_LARGE", 3)
    assert [(one["job_type_name"], one["count"]) for one in most["job_types"]] == [("large", 3)]
    assert (least["reason"], least["message"]) == ("JOB_TYPE_PAUSED", cluster.why(paused)[0]["message"])


def test_jobs_that_wait_for_others_are_counted_by_job_type(cluster: Cluster, recipe: dict[str, int]) -> None:
    cluster.run()
    told = QueueService(cluster.world.context).waiting()
    (group,) = told["reasons"]
    assert (told["count"], group["reason"], group["count"]) == (2, "DEPENDENCIES", 2)
    assert [(one["job_type_name"], one["count"]) for one in group["job_types"]] == [("b", 1), ("c", 1)]


def test_where_nothing_waits_there_is_no_reason(cluster: Cluster) -> None:
    assert QueueService(cluster.world.context).waiting() == {"count": 0, "reasons": []}
