"""What a change of a job type or recipe type reaches, and that it is told truly."""

from typing import Any

import pytest
from sqlalchemy import select

from fakes import documents
from scale_core.db.models import Job, JobType, RecipeJob
from scale_core.domain.placement import Placement, QueuedExecution
from scale_core.domain.reach import REACHES, Reach
from scale_core.interfaces.engine import ExecutionReport
from scale_core.services.bulk_changes import BulkChanges
from scale_core.services.configuration import ConfigurationService
from scale_core.services.context import Context
from scale_core.services.endings import EndingService
from scale_core.services.exceptions import Invalid
from scale_core.services.executions import ExecutionService
from scale_core.services.job_reads import JobService
from scale_core.services.job_types import JobTypeService
from scale_core.services.queue import QueueService
from scale_core.services.recipe_types import RecipeTypeService
from scale_core.services.serialization import SerializerContext
from scale_core.services.workspaces import WorkspaceService
from scale_generated.specs.execution_plan import ExecutionPlan

CHANGED: dict[str, Any] = {
    "interface": {"command": "false", "command_arguments": ""},
    "priority": 7,
    "timeout": 77,
    "max_tries": 7,
    "cpus_required": 0.7,
    "mem_required": 77.0,
    "custom_resources": {"version": "1.0", "resources": {"gpus": 7.0}},
    "disk_out_const_required": 77.0,
    "disk_out_mult_required": 7.0,
    "is_long_running": True,
    "is_paused": True,
    "max_scheduled": 1,
    "docker_image": "scale/seven",
    "docker_privileged": True,
    "error_mapping": {"version": "1.0", "exit_codes": {"7": "unknown"}},
    "is_operational": False,
}
"""A change of every setting that reaches jobs."""


class Installation:
    """A job type ``work``, and a recipe type ``chain`` of two jobs of it, one behind the other, which a rule starts."""

    body: Any
    chain: Any

    def __init__(self, context: Context, urls: SerializerContext, folder: Any) -> None:
        self.context, self.urls = context, urls
        self.queue, self.job_types, self.recipe_types = (
            QueueService(context),
            JobTypeService(context),
            RecipeTypeService(context),
        )
        workspace: Any = documents.workspace("products", folder / "products")
        WorkspaceService(context).create(workspace, urls)
        interface = {"command": "true", "command_arguments": ""}
        self.body = {"name": "work", "version": "1", "interface": interface, "max_tries": 1}
        self.job_type = self.job_types.create(self.body, urls)["id"]
        used = {"name": "work", "version": "1"}
        places: list[Any] = [
            {"name": "first", "job_type": used},
            {"name": "second", "job_type": used, "dependencies": [{"name": "first"}]},
        ]
        definition = {
            "version": "1.0",
            "input_data": [{"name": "text", "type": "file", "required": False}],
            "jobs": places,
        }
        rule = {**documents.ingest_rule("products", "text"), "name": "arrivals"}
        self.chain = {"name": "chain", "version": "1", "definition": definition, "trigger_rule": rule}
        self.recipe_type = self.recipe_types.create(self.chain, urls)["id"]

    def job(self) -> int:
        """A new queued job."""
        return self.queue.new_job({"job_type_id": self.job_type, "job_data": {}}, self.urls)["id"]

    def recipe(self) -> list[int]:
        """The jobs of a new recipe: one QUEUED, one PENDING."""
        made = self.queue.new_recipe({"recipe_type_id": self.recipe_type, "recipe_data": {}}, self.urls)["id"]
        with self.context.database.read() as session:
            rows = session.scalars(select(RecipeJob.job_id).where(RecipeJob.recipe_id == made).order_by(RecipeJob.id))
            return list(rows)

    def start(self, job_id: int) -> ExecutionPlan:
        """Start a job; its plan."""
        (found,) = self.queued(job_id)
        claimed = ExecutionService(self.context).claim([Placement(found.execution_id, None, "")])
        ((plan, _agent),) = claimed.plans
        return plan

    def queued(self, job_id: int) -> list[QueuedExecution]:
        """What the scheduler sees of a job on the queue."""
        return [one for one in ExecutionService(self.context).queue(1000) if one.job_id == job_id]

    def end(self, plan: ExecutionPlan, status: str = "COMPLETED") -> None:
        """End what was started."""
        report = {"execution_id": plan.execution_id, "status": status, "steps": {}}
        EndingService(self.context).finish([ExecutionReport.from_document(report)])

    def saved(self, job_id: int) -> Job:
        """A job."""
        with self.context.database.read() as session:
            return session.get_one(Job, job_id)

    def edit(self, **changes: Any) -> None:
        """Change the job type."""
        body: Any = changes
        self.job_types.edit(self.job_type, body, self.urls)

    def reached(self, **changes: Any) -> dict[str, list[str]]:
        """What a change of the job type would reach, by kind of warning."""
        changed: Any = {**self.body, **changes}
        return by_kind(self.job_types.validate(changed))


def by_kind(result: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for warning in result["warnings"]:
        found.setdefault(warning["id"], []).append(warning["details"])
    return found


@pytest.fixture
def scale(context: Context, urls: SerializerContext, tmp_path: Any) -> Installation:
    """An installation without jobs."""
    return Installation(context, urls, tmp_path)


def test_the_changes_of_these_tests_are_of_every_setting_that_reaches_jobs(scale: Installation) -> None:
    assert set(CHANGED) == set(REACHES)
    with scale.context.database.read() as session:
        job_type = session.get_one(JobType, scale.job_type)
        assert [name for name, value in CHANGED.items() if getattr(job_type, name) == value] == []


def test_what_is_the_same_reaches_nothing(scale: Installation) -> None:
    scale.recipe()
    assert list(scale.reached()) == ["exists"]
    assert list(scale.reached(title="New", description="For people", icon_code="f013")) == ["exists"]
    assert list(scale.reached(interface={**scale.body["interface"], "version": "1.0"})) == ["exists"]


def test_a_new_type_reaches_nothing(scale: Installation) -> None:
    scale.recipe()
    assert scale.reached(name="other") == {}
    other: Any = {**scale.chain, "version": "2"}
    assert scale.recipe_types.validate(other) == {"warnings": []}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        *((name, ["(4: 1 PENDING, 3 QUEUED)", "keep"]) for name, one in REACHES.items() if one is Reach.MADE),
        ("disk_out_const_required", ["(1: 1 PENDING)", "when they are put on the queue"]),
        ("disk_out_mult_required", ["(3: 3 QUEUED)", "keep the disk space"]),
        ("docker_image", ["(4: 1 PENDING, 3 QUEUED)", "when they are started"]),
        ("error_mapping", ["(4: 1 PENDING, 3 QUEUED)", "when they end"]),
    ],
)
def test_waiting_jobs_are_counted_with_how_they_are_reached(scale: Installation, name: str, told: list[str]) -> None:
    scale.recipe()
    for done in (scale.job(), scale.job()):
        scale.end(scale.start(done))
    scale.job()
    scale.job()
    details = " ".join(scale.reached(**{name: CHANGED[name]})["reaches_waiting_jobs"])
    assert all(part in details for part in (*told, name, "the job type 'work' 1"))


def test_recipe_types_that_use_a_job_type_and_the_rules_that_start_them_are_told(scale: Installation) -> None:
    reached = scale.reached(interface=CHANGED["interface"], timeout=1)
    (recipe_type,) = reached["reaches_recipe_type"]
    assert recipe_type == (
        "The recipe type 'chain' 1 uses the job type 'work' 1 as first and second: recipes that are made from now on "
        "get the new interface (revision 2) and timeout."
    )
    assert reached["reaches_trigger_rule"] == [
        "The trigger rule 'arrivals' (INGEST) starts the recipe type 'chain' 1, which uses the job type 'work' 1."
    ]
    assert "reaches_waiting_jobs" not in reached


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"configuration": {"version": "1.0", "condition": {"media_type": "a/b"}}}, "is changed"),
        ({"type": "PARSE"}, "is replaced by one of another type"),
        (None, "is removed"),
    ],
)
def test_what_becomes_of_a_rule_is_told(scale: Installation, rule: Any, told: str) -> None:
    old: Any = scale.chain["trigger_rule"]
    data = {"data": old["configuration"]["data"]}
    new = rule and {**old, **rule, "configuration": {**old["configuration"], **rule.get("configuration", {}), **data}}
    changed: Any = {**scale.chain, "trigger_rule": new}
    expected = f"The trigger rule 'arrivals' (INGEST) of the recipe type 'chain' 1 {told}."
    assert by_kind(scale.recipe_types.validate(changed))["reaches_trigger_rule"] == [expected]
    imported = ConfigurationService(scale.context).load({"recipe_types": [changed]})
    assert by_kind(imported)["reaches_trigger_rule"] == [expected]


def test_a_rule_that_a_type_gets_is_told(scale: Installation) -> None:
    interface = {"command": "x", "command_arguments": "${text}", "input_data": [{"name": "text", "type": "file"}]}
    alone: Any = {**scale.body, "name": "alone", "interface": interface}
    scale.job_types.create(alone, scale.urls)
    rule = documents.ingest_rule("products", "text")
    reached = scale.reached(name="alone", interface=interface, trigger_rule=rule)
    assert reached["reaches_trigger_rule"] == ["The job type 'alone' 1 gets a trigger rule, which it had none of."]


def test_waiting_jobs_of_its_recipes_keep_a_definition(scale: Installation) -> None:
    scale.recipe()
    for done in scale.recipe():
        scale.end(scale.start(done))
    scale.job()
    changed: Any = {**scale.chain, "definition": {**scale.chain["definition"], "input_data": []}, "trigger_rule": None}
    reached = by_kind(scale.recipe_types.validate(changed))
    assert reached["reaches_waiting_jobs"] == [
        "Waiting jobs in recipes of the recipe type 'chain' 1 (2: 1 PENDING, 1 QUEUED) keep the definition that they "
        "were made with, also when they are requeued."
    ]


def test_an_import_its_validation_and_the_validation_of_a_type_say_the_same(scale: Installation) -> None:
    scale.recipe()
    edits = {name: value for name, value in CHANGED.items() if name != "is_paused"}
    document: Any = {"job_types": [{"name": "work", "version": "1", **edits}]}
    service = ConfigurationService(scale.context)
    alone = scale.reached(**edits)
    assert alone.pop("exists")
    assert by_kind(service.validate(document)) == alone
    assert by_kind(service.load(document)) == alone
    assert service.load(document) == {"warnings": []}


@pytest.mark.parametrize("name", [name for name, one in REACHES.items() if one is Reach.MADE and name != "interface"])
def test_a_job_keeps_what_it_was_made_with_also_when_it_is_requeued(scale: Installation, name: str) -> None:
    job, (_, pending) = scale.job(), scale.recipe()
    before = [getattr(scale.saved(one), name) for one in (job, pending)]
    scale.edit(**{name: CHANGED[name]})
    JobService(scale.context).cancel(job, scale.urls)
    BulkChanges(scale.context).requeue({"job_ids": [job]}, scale.urls)
    assert [getattr(scale.saved(one), name) for one in (job, pending)] == before
    assert getattr(scale.saved(scale.job()), name) == CHANGED[name]


def test_a_job_keeps_the_interface_it_was_made_with(scale: Installation) -> None:
    job, (first, pending) = scale.job(), scale.recipe()
    scale.edit(interface=CHANGED["interface"])
    assert scale.start(job).command == "true"
    scale.end(scale.start(first))
    assert scale.start(pending).command == "true"
    assert scale.start(scale.job()).command == "false"


def test_a_job_takes_new_disk_space_until_it_is_on_the_queue(scale: Installation) -> None:
    first, pending = scale.recipe()
    scale.edit(disk_out_const_required=77.0)
    scale.end(scale.start(first))
    assert (scale.saved(first).disk_out_required, scale.saved(pending).disk_out_required) == (64.0, 77.0)


def test_a_waiting_job_takes_what_is_read_when_it_is_started(scale: Installation) -> None:
    job, late = scale.job(), scale.job()
    scale.edit(docker_image="scale/seven", docker_privileged=True, is_long_running=True, max_scheduled=1)
    plan = scale.start(job)
    assert plan.docker is not None
    assert (plan.docker.image, plan.docker.privileged, plan.timeout) == ("scale/seven", True, None)
    (waits,) = scale.queued(late)
    assert (waits.max_scheduled, waits.running_of_type) == (1, 1)
    scale.edit(is_paused=True)
    assert scale.queued(late) == []


def test_a_recipe_keeps_its_definition(scale: Installation) -> None:
    first, pending = scale.recipe()
    (place, _) = scale.chain["definition"]["jobs"]
    shorter: Any = {"definition": {**scale.chain["definition"], "jobs": [place]}}
    scale.recipe_types.edit(scale.recipe_type, shorter, scale.urls)
    scale.end(scale.start(first))
    assert scale.saved(pending).status == "QUEUED"


def test_a_change_that_breaks_a_recipe_type_is_refused_everywhere_with_its_name_and_version(
    scale: Installation,
) -> None:
    interface = {**CHANGED["interface"], "input_data": [{"name": "new", "type": "property"}]}
    document: Any = {"job_types": [{"name": "work", "version": "1", "interface": interface}]}
    service = ConfigurationService(scale.context)
    calls = (
        lambda: scale.edit(interface=interface),
        lambda: scale.reached(interface=interface),
        lambda: service.load(document),
        lambda: service.validate(document),
    )
    for call in calls:
        with pytest.raises(Invalid, match=r"The recipe type 'chain' 1 would not work any more: .*\"new\"") as refused:
            call()
        assert all(one.pointer.endswith("/interface") for one in refused.value.problems)
    with scale.context.database.read() as session:
        assert session.get_one(JobType, scale.job_type).revision_num == 1


def test_a_change_after_which_its_rule_could_not_start_a_recipe_type_is_refused(scale: Installation) -> None:
    rule = {"type": "CLOCK", "configuration": {"version": "1.0", "event_type": "TICK", "schedule": "PT1H"}}
    body: Any = {"trigger_rule": rule}
    scale.recipe_types.edit(scale.recipe_type, body, scale.urls)
    files = {**CHANGED["interface"], "output_data": [{"name": "out", "type": "file"}]}
    with pytest.raises(Invalid, match=r"The recipe type 'chain' 1 would not work any more: .*workspace"):
        scale.edit(interface=files)
