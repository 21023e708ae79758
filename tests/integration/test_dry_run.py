"""What would become of a file, beside what becomes of it; and that nothing does."""

import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import scale_trigger_parse.plugin
from fakes.ingests import Ingests
from fakes.waiting import join
from fakes.world import SetClock, World
from scale_core.db.base import Base
from scale_core.db.models import Job, JobType, Node, Recipe, ScaleFile, TriggerEvent, TriggerRule, Workspace
from scale_core.plugin import hookimpl
from scale_core.services.dry_runs import DryRunService
from scale_core.services.exceptions import NotFound
from scale_core.services.heartbeat import HeartbeatService
from scale_core.services.job_types import JobTypeService
from scale_core.services.recipe_types import RecipeTypeService
from scale_core.services.scheduler_notes import SchedulerNote
from scale_core.services.serialization import SerializerContext
from scale_generated import models

URLS = SerializerContext("http://scale.test")
FILE = {"type": "file", "required": True}


class Listener:
    """A plugin that is told what happens."""

    def __init__(self) -> None:
        self.told: list[object] = []

    @hookimpl
    def scale_job_status_changed(self, change: object) -> None:
        self.told.append(change)

    @hookimpl
    def scale_file_ingested(self, file: object) -> None:
        self.told.append(file)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def world(tmp_path: Path, listener: Listener) -> World:
    """A Strike process that takes .txt and .png, a job type for all of it, and a recipe type for text."""
    world = World(tmp_path, scale_trigger_parse.plugin, listener, now=SetClock())
    types = JobTypeService(world.context)
    for name, inputs, more in (
        ("see", ["image"], {"trigger_rule": rule(["a"], "image")}),
        ("count", ["text"], {"cpus_required": 2.0}),
        ("sum", ["text", "counts"], {"cpus_required": 64.0, "priority": 3}),
    ):
        interface = {
            "version": "1.0",
            "command": "true",
            "command_arguments": "",
            "input_data": [{"name": one, **FILE} for one in inputs],
            "output_data": [{"name": "counts", "type": "file"}] if name == "count" else [],
        }
        body: Any = {"name": name, "version": "1.0", "interface": interface, **more}
        types.create(body, URLS)
    definition = {
        "version": "1.0",
        "input_data": [{"name": "given", "type": "file", "media_types": ["text/plain"]}],
        "jobs": [
            place("count"),
            place("sum", {"name": "count", "connections": [{"output": "counts", "input": "counts"}]}),
        ],
    }
    recipe: Any = {"name": "chain", "version": "1.0", "definition": definition, "trigger_rule": rule([], "given")}
    RecipeTypeService(world.context).create(recipe, URLS)
    return world


def rule(data_types: list[str], given: str) -> dict[str, Any]:
    data = {"input_data_name": given, "workspace_name": "raw"}
    condition = {"data_types": data_types}
    return {"type": "INGEST", "configuration": {"version": "1.0", "condition": condition, "data": data}}


def place(name: str, *dependencies: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "job_type": {"name": name, "version": "1.0"},
        "recipe_inputs": [{"recipe_input": "given", "job_input": "text"}],
        "dependencies": list(dependencies),
    }


def connect(world: World, cpus: float = 4.0) -> int:
    """A node, and a scheduler that lives."""
    now = world.context.now()
    HeartbeatService(world.context).beat("here", SchedulerNote())
    with world.database.write() as session:
        node = Node(
            slave_id="n",
            hostname="node.example",
            port=0,
            is_connected=True,
            cpus_total=cpus,
            mem_total=4096.0,
            disk_total=10_000.0,
            created=now,
            last_modified=now,
        )
        session.add(node)
        session.flush()
        return node.id


def dry_run(world: World, name: str = "a.txt", **more: Any) -> models.DryRunFileResult:
    body: Any = {"file_name": name, "file_size": 3 << 20, **more}
    return DryRunService(world.context).file(body)


def taker(world: World, **more: Any) -> int | None:
    """The Strike process that takes the file."""
    strike = dry_run(world, **more)["strike"]
    return None if strike is None else strike["id"]


def everything(world: World) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with world.database.read() as session:
        tables = Base.metadata.tables
        return {
            name: list(session.execute(select(table).order_by(*table.primary_key)).all())
            for name, table in sorted(tables.items())
        }


def made(triggers: list[models.DryRunTrigger]) -> list[Any]:
    """Job types and recipe types with their jobs, of each rule."""
    return [
        (
            [(job["job_type"]["name"], job["status"]) for job in one["jobs"]],
            [
                (recipe["recipe_type"]["name"], [(job["job_type"]["name"], job["status"]) for job in recipe["jobs"]])
                for recipe in one["recipes"]
            ],
        )
        for one in triggers
    ]


def test_what_is_told_is_what_becomes_of_the_file(world: World) -> None:
    strike_id = world.strike()
    told = dry_run(world)
    ingests = Ingests(world, strike_id)
    assert ingests.run(ingests.arrive("a.txt", b"x" * 10)) == [None]
    source = world.sources()["a.txt"]
    (workspace,) = world.all(Workspace)
    assert told["strike"] == {"id": strike_id, "name": "s"}
    assert told["rule"] == {"index": 0, "filename_regex": r".*\.(txt|png)$"}
    assert (told["status"], told["reason"]) == ("INGESTED", None)
    assert told["workspace"] == {"id": workspace.id, "name": "raw"}
    assert (told["file_path"], told["media_type"]) == (source.file_path, source.media_type)
    assert told["data_types"] == source.data_type == ["a", "b"]
    happened = [one for one in world.all(TriggerEvent) if one.type == "INGEST"]
    assert [one["trigger_rule"]["id"] for one in told["triggers"]] == [one.rule_id for one in happened]
    types = {one.id: one.name for one in world.all(JobType)}
    named = [(types[one.job_type_id], one.status) for one in world.all(Job)]
    jobs = [one for one in named if one[0] in ("see", "count", "sum")]
    assert made(told["triggers"]) == [
        ([("see", "QUEUED")], []),
        ([], [("chain", [("count", "QUEUED"), ("sum", "PENDING")])]),
    ]
    assert sorted(jobs) == [("count", "QUEUED"), ("see", "QUEUED"), ("sum", "PENDING")]
    assert len(world.all(Recipe)) == 1


def test_nothing_is_written_told_or_logged(world: World, listener: Listener, caplog: pytest.LogCaptureFixture) -> None:
    world.strike()
    world.context.queue_changed.wait(0)
    listener.told.clear()
    before = everything(world)
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    assert dry_run(world, "a.png")["triggers"][1]["refused"]
    assert everything(world) == before
    assert listener.told == []
    assert not world.context.queue_changed.wait(0)
    assert [one.message for one in caplog.records if one.name.startswith("scale_core")] == []


def test_others_can_write_after_it(world: World) -> None:
    world.strike()
    dry_run(world)
    written = threading.Thread(target=world.job_type, args=("other",))
    written.start()
    join(written)
    assert "other" in [one.name for one in world.all(JobType)]


def test_jobs_say_what_they_need_what_they_get_and_where_they_would_run(world: World) -> None:
    world.strike()
    node = connect(world)
    see, chain = dry_run(world)["triggers"]
    (job,) = see["jobs"]
    given = [{"input": "image", "source": "FILE", "job_name": None, "output": None}]
    assert (job["connections"], job["job_name"], job["depends_on"]) == (given, None, [])
    assert job["node"] == {"id": node, "name": "node.example"}
    assert job["waiting_on"] == []
    count, total = chain["recipes"][0]["jobs"]
    assert count["needs"]["cpus"] == 2.0
    assert count["needs"]["disk"] >= 3.0
    assert total["connections"] == [
        {"input": "text", "source": "FILE", "job_name": None, "output": None},
        {"input": "counts", "source": "OUTPUT", "job_name": "count", "output": "counts"},
    ]
    assert (total["depends_on"], total["node"], total["priority"]) == (["count"], None, 3)
    assert [one["reason"] for one in total["waiting_on"]] == ["TOO_LARGE", "DEPENDENCIES"]
    assert total["waiting_on"][1]["message"] == "It depends on 'count'."


def test_jobs_that_would_be_made_together_do_not_fit_where_one_does(world: World) -> None:
    world.strike()
    connect(world, cpus=2.0)
    see, chain = dry_run(world)["triggers"]
    jobs = [see["jobs"][0], chain["recipes"][0]["jobs"][0]]
    assert [job["node"] is None for job in jobs] == [False, True]
    assert [one["reason"] for one in jobs[1]["waiting_on"]] == ["IN_USE"]


def test_a_paused_type_and_a_missing_scheduler_are_told(world: World) -> None:
    world.strike()
    with world.database.write() as session:
        for one in session.query(JobType).where(JobType.name == "see"):
            one.is_paused = True
    (job,) = dry_run(world)["triggers"][0]["jobs"]
    assert [one["reason"] for one in job["waiting_on"]] == ["NO_NODES", "JOB_TYPE_PAUSED", "NO_SCHEDULER"]


def test_a_media_type_that_is_given_counts_and_a_refusal_says_why(world: World) -> None:
    world.strike()
    _see, chain = dry_run(world, media_type="application/json")["triggers"]
    assert chain["recipes"] == []
    (refused,) = chain["refused"]
    assert refused.startswith("chain 1.0: ")
    assert "application/json" in refused


def test_data_types_that_are_given_are_added_to_those_of_the_rule(world: World) -> None:
    rules = [{"filename_regex": ".*", "data_types": ["z"], "workspace_path": "in", "workspace_name": "raw"}]
    world.strike(rules=rules)
    without, with_it = dry_run(world), dry_run(world, data_types=["a", "z"])
    assert (without["data_types"], with_it["data_types"]) == (["z"], ["a", "z"])
    assert [len(one["triggers"]) for one in (without, with_it)] == [1, 2]


def test_a_file_that_no_rule_matches_is_deferred_and_triggers_nothing(world: World) -> None:
    strike_id = world.strike()
    for told in (dry_run(world, "a.h5"), dry_run(world, "a.h5", strike_id=strike_id)):
        assert (told["status"], told["rule"], told["triggers"], told["file_path"]) == ("DEFERRED", None, [], None)
        assert told["reason"]
    assert dry_run(world, "a.h5")["strike"] is None
    with pytest.raises(NotFound):
        dry_run(world, strike_id=4711)


def test_a_rule_that_leads_nowhere_says_why(world: World) -> None:
    rules = [{"filename_regex": ".*", "workspace_path": "in", "workspace_name": "gone"}]
    strike_id = world.strike(rules=rules)
    told = dry_run(world)
    assert told["strike"] == {"id": strike_id, "name": "s"}
    assert told["rule"] == {"index": 0, "filename_regex": ".*"}
    assert told["reason"] == "The rule '.*' names the workspace 'gone', which does not exist."


def test_the_first_strike_process_that_takes_the_file_does_unless_one_is_named(world: World, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    only_h5 = [{"filename_regex": ".*h5$", "workspace_path": "h5", "workspace_name": "raw"}]
    everything_else = [{"filename_regex": ".*", "workspace_path": "all", "workspace_name": "raw"}]
    world.strike("one", tmp_path / "one", only_h5)
    second = world.strike("two", tmp_path / "two", everything_else)
    third = world.strike("three", tmp_path / "three", everything_else)
    assert [taker(world), taker(world, strike_id=third)] == [
        second,
        third,
    ]
    with world.database.write() as session:
        session.get_one(Job, world.jobs("scale-strike")[1].id).status = "CANCELED"
    assert taker(world) == third


def test_a_place_that_is_taken_is_not_promised(world: World) -> None:
    world.strike()
    first = dry_run(world)["file_path"]
    now = world.context.now()
    (workspace,) = world.all(Workspace)
    values: Any = {"media_type": "text/plain", "file_size": 1, "data_type": [], "meta_data": {}, "countries": []}
    with world.database.write() as session:
        session.add(
            ScaleFile(
                workspace_id=workspace.id,
                file_name="a.txt",
                file_path=first,
                file_type="SOURCE",
                uuid="1",
                created=now,
                last_modified=now,
                **values,
            )
        )
    second = dry_run(world)["file_path"]
    assert second is not None
    assert second != first
    assert "/ingest-" in second


def test_rules_that_are_not_active_do_not_match(world: World) -> None:
    world.strike()
    with world.database.write() as session:
        session.get_one(TriggerRule, world.all(TriggerRule)[0].id).is_active = False
    assert made(dry_run(world)["triggers"]) == [([], [("chain", [("count", "QUEUED"), ("sum", "PENDING")])])]
