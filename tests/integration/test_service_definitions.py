"""Errors, workspaces, job types, recipe types and Strike processes, by their services."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from fakes import documents
from fakes.world import SetClock
from scale_core.db.models import Job, JobType, JobTypeRevision, RecipeTypeRevision, Strike, TriggerRule
from scale_core.services.context import Context
from scale_core.services.errors import ErrorService
from scale_core.services.exceptions import Conflict, Invalid, NotFound
from scale_core.services.job_types import JobTypeService
from scale_core.services.recipe_types import RecipeTypeService
from scale_core.services.serialization import SerializerContext
from scale_core.services.strikes import StrikeService
from scale_core.services.trigger_rules import TriggerRuleService
from scale_core.services.workspaces import WorkspaceService
from scale_core.specs import InvalidDocument
from scale_generated.queries import (
    ListErrorsQuery,
    ListJobTypesQuery,
    ListJobTypeStatusQuery,
    ListRunningJobTypesQuery,
    ListTriggerRulesQuery,
)


@pytest.fixture
def products(context: Context, urls: SerializerContext, tmp_path: Path) -> int:
    """The id of an active workspace ``products``."""
    body: Any = documents.workspace("products", tmp_path / "products")
    return WorkspaceService(context).create(body, urls)["id"]


def job_type(context: Context, urls: SerializerContext, **changes: Any) -> Any:
    body: Any = documents.job_type(**changes)
    return JobTypeService(context).create(body, urls)


def recipe_type(context: Context, urls: SerializerContext, **changes: Any) -> Any:
    body: Any = documents.recipe_type(**changes)
    return RecipeTypeService(context).create(body, urls)


def pointers(refused: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [problem.pointer for problem in refused.value.problems]


def test_an_error_keeps_what_an_edit_leaves_out(context: Context, urls: SerializerContext) -> None:
    service = ErrorService(context)
    error = service.create({"name": "bad", "title": "Bad", "description": "It is.", "category": "DATA"}, urls)
    assert service.edit(error["id"], {"title": None}, urls)["description"] == "It is."
    with pytest.raises(Conflict, match="'bad'"):
        service.create({"name": "bad", "category": "DATA"}, urls)
    with pytest.raises(NotFound):
        service.get(10_000, urls)


def test_an_unknown_field_to_order_by_is_refused_with_the_known_ones(context: Context, urls: SerializerContext) -> None:
    with pytest.raises(Invalid, match="category"):
        ErrorService(context).list(ListErrorsQuery(order=("-nonsense",)), urls)


def test_a_workspace_of_a_wrong_path_is_refused_and_validation_warns(
    context: Context, urls: SerializerContext, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    body: Any = documents.workspace("w", tmp_path / "file")
    service = WorkspaceService(context)
    with pytest.raises(Invalid) as refused:
        service.create(body, urls)
    assert pointers(refused) == ["/json_config/broker"]
    assert [warning["id"] for warning in service.validate(body)["warnings"]] == ["broker"]


def test_what_is_only_checked_or_refused_makes_no_folder(
    context: Context, urls: SerializerContext, tmp_path: Path, products: int
) -> None:
    service = WorkspaceService(context)
    taken = service.get(products, urls)["name"]
    new: Any = documents.workspace("new", tmp_path / "new" / "folder")
    assert service.validate(new)["warnings"] == []
    again: Any = {**new, "name": taken}
    with pytest.raises(Conflict):
        service.validate(again)
    with pytest.raises(Conflict):
        service.create(again, urls)
    assert not (tmp_path / "new").exists()
    service.create(new, urls)
    assert (tmp_path / "new" / "folder").is_dir()


def test_a_workspace_keeps_its_place_when_a_new_one_is_wrong(
    context: Context, urls: SerializerContext, products: int
) -> None:
    service = WorkspaceService(context)
    before = service.get(products, urls)
    with pytest.raises(InvalidDocument):
        service.edit(products, {"json_config": {"broker": {"type": "host"}}, "title": "New"}, urls)
    with pytest.raises(Invalid, match="there is: host"):
        service.edit(products, {"json_config": {"broker": {"type": "tape"}}}, urls)
    assert service.get(products, urls) == before


def test_an_edit_that_changes_nothing_leaves_last_modified(
    context: Context, urls: SerializerContext, products: int, clock: SetClock
) -> None:
    made = job_type(context, urls, trigger_rule=documents.ingest_rule("products", media_type="text/plain"))
    clock.forward(hours=1)
    body: Any = {key: value for key, value in documents.job_type().items() if key not in ("name", "version")}
    body["trigger_rule"] = documents.ingest_rule("products", media_type="text/plain")
    again = JobTypeService(context).edit(made["id"], body, urls)
    assert (again["last_modified"], again["trigger_rule"]) == (made["last_modified"], made["trigger_rule"])


def test_every_changed_interface_is_kept_as_a_revision(context: Context, urls: SerializerContext) -> None:
    made = job_type(context, urls)
    service = JobTypeService(context)
    spelled_out = {**made["interface"], "shared_resources": []}
    assert service.edit(made["id"], {"interface": spelled_out}, urls)["revision_num"] == 1
    service.edit(made["id"], {"interface": {**made["interface"], "command": "other"}}, urls)
    with context.database.read() as session:
        rows = session.scalars(
            select(JobTypeRevision)
            .where(JobTypeRevision.job_type_id == made["id"])
            .order_by(JobTypeRevision.revision_num)
        )
        assert [(row.revision_num, row.interface["command"]) for row in rows] == [(1, "copy"), (2, "other")]


def test_pausing_says_when_and_wakes_the_scheduler(context: Context, urls: SerializerContext, clock: SetClock) -> None:
    made = job_type(context, urls)
    service = JobTypeService(context)
    clock.forward(minutes=1)
    paused = service.edit(made["id"], {"is_paused": True}, urls)["paused"]
    clock.forward(minutes=1)
    assert paused is not None
    assert service.edit(made["id"], {"is_paused": True, "title": "T"}, urls)["paused"] == paused
    context.queue_changed.wait(0)
    assert service.edit(made["id"], {"is_paused": False}, urls)["paused"] is None
    assert context.queue_changed.wait(0)


def test_a_rule_of_another_type_replaces_the_old_one_which_is_archived(
    context: Context, urls: SerializerContext, products: int
) -> None:
    made = job_type(context, urls, trigger_rule=documents.ingest_rule("products"))
    parse: Any = {**documents.ingest_rule("products"), "type": "PARSE", "name": "mine"}
    edited = JobTypeService(context).edit(made["id"], {"trigger_rule": parse}, urls)
    assert made["trigger_rule"] is not None
    assert edited["trigger_rule"] is not None
    assert (made["trigger_rule"]["name"], edited["trigger_rule"]["name"]) == ("copier-rule", "mine")
    rules = TriggerRuleService(context).list_rules(ListTriggerRulesQuery(type=("INGEST", "PARSE"), order=("id",)), urls)
    assert [(rule["type"], rule["is_active"], rule["archived"] is None) for rule in rules.results] == [
        ("INGEST", False, False),
        ("PARSE", True, True),
    ]


def test_a_rule_that_is_not_installed_or_breaks_its_specification_is_refused_with_its_place(
    context: Context, urls: SerializerContext, products: int
) -> None:
    for change, place in (
        ({"type": "TIDE"}, "/trigger_rule/type"),
        ({"configuration": {"data": {}}}, "/trigger_rule/configuration/data"),
        (
            {"type": "CLOCK", "configuration": {"event_type": "E", "schedule": "PT1S"}},
            "/trigger_rule/configuration/schedule",
        ),
    ):
        with pytest.raises(Invalid) as refused:
            job_type(context, urls, trigger_rule={**documents.ingest_rule("products"), **change})
        assert set(pointers(refused)) == {place}


def test_an_interface_that_its_rule_cannot_start_any_more_is_refused(
    context: Context, urls: SerializerContext, products: int
) -> None:
    made = job_type(context, urls, trigger_rule=documents.ingest_rule("products"))
    interface = {**made["interface"], "command_arguments": "", "input_data": []}
    with pytest.raises(Invalid, match="no input") as refused:
        JobTypeService(context).edit(made["id"], {"interface": interface}, urls)
    assert set(pointers(refused)) == {"/interface"}


def test_a_recipe_type_keeps_its_revisions_and_refuses_system_job_types(
    context: Context, urls: SerializerContext
) -> None:
    job_type(context, urls)
    made = recipe_type(context, urls)
    service = RecipeTypeService(context)
    assert service.edit(made["id"], {"title": "T", "definition": made["definition"]}, urls)["revision_num"] == 1
    definition = {"jobs": [{"name": "one", "job_type": {"name": "scale-clock", "version": "1.0"}}]}
    with pytest.raises(Invalid, match="scale-clock"):
        service.edit(made["id"], {"definition": definition}, urls)
    assert service.edit(made["id"], {"definition": {"jobs": []}}, urls)["job_types"] == []
    with context.database.read() as session:
        assert session.scalar(select(func.count()).select_from(RecipeTypeRevision)) == 2


def test_a_strike_process_and_its_job_name_each_other(
    context: Context, urls: SerializerContext, products: int, tmp_path: Path
) -> None:
    body: Any = documents.strike("watcher", tmp_path / "in", "products")
    service = StrikeService(context)
    strike = service.create(body, urls)
    assert context.strikes_changed.wait(0)
    with context.database.read() as session:
        job = session.get_one(Job, strike["job"]["id"])
        assert job.data["input_data"] == [{"name": "strike_id", "value": str(strike["id"])}]
        assert job.status == "QUEUED"
    other: Any = {**body, "name": "other"}
    assert [warning["id"] for warning in service.validate(other)["warnings"]] == ["shared_mount"]


def test_a_refused_strike_process_leaves_neither_job_nor_row(
    context: Context, urls: SerializerContext, products: int, tmp_path: Path
) -> None:
    WorkspaceService(context).edit(products, {"is_active": False}, urls)
    body: Any = documents.strike("watcher", tmp_path, "products")
    with pytest.raises(Invalid, match="not active"):
        StrikeService(context).create(body, urls)
    with context.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Strike)) == 0
        assert session.scalar(select(func.count()).select_from(Job)) == 1  # the clock's


def add_jobs(context: Context, job_type_id: int, *kinds: tuple[str, float]) -> None:
    """Jobs in a status, which they came into so many hours ago."""
    with context.database.write() as session:
        made = session.get_one(JobType, job_type_id)
        like = session.scalars(select(Job)).first()
        revision = session.scalars(select(JobTypeRevision).where(JobTypeRevision.job_type_id == job_type_id)).one()
        assert like is not None
        clock: Any = context.now
        for status, hours in kinds:
            clock.forward(hours=-hours)
            now = context.now()
            clock.forward(hours=hours)
            session.add(
                Job(
                    job_type=made,
                    job_type_rev=revision,
                    event_id=like.event_id,
                    status=status,
                    priority=1,
                    timeout=0,
                    max_tries=1,
                    cpus_required=1.0,
                    mem_required=1.0,
                    data={},
                    results={},
                    started=now,
                    created=now,
                    last_modified=now,
                    last_status_change=now,
                )
            )


def test_jobs_are_counted_by_status_in_each_window_and_running_ones_in_all(
    context: Context, urls: SerializerContext
) -> None:
    made = job_type(context, urls)
    add_jobs(
        context,
        made["id"],
        *[("COMPLETED", 1.0), ("COMPLETED", 7.0), ("FAILED", 13.0), ("COMPLETED", 30.0), ("RUNNING", 40.0)],
    )
    service = JobTypeService(context)
    details = service.get(made["id"], urls)

    def counts(field: str) -> dict[str, int]:
        return {count["status"]: count["count"] for count in details[field]}  # type: ignore[literal-required]

    assert counts("job_counts_6h") == {"COMPLETED": 1, "RUNNING": 1}
    assert counts("job_counts_12h") == {"COMPLETED": 2, "RUNNING": 1}
    assert counts("job_counts_24h") == {"COMPLETED": 2, "FAILED": 1, "RUNNING": 1}
    status = service.status(ListJobTypeStatusQuery(started="PT8H"), urls).results
    assert [(one["status"], one["count"]) for one in status[-1]["job_counts"]] == [("COMPLETED", 2), ("RUNNING", 1)]
    (running,) = service.running(ListRunningJobTypesQuery(), urls).results
    assert (running["job_type"]["name"], running["count"]) == ("copier", 1)


def test_a_list_takes_as_many_statements_however_long_it_is(context: Context, urls: SerializerContext) -> None:
    service = JobTypeService(context)
    statements: list[str] = []
    event.listen(context.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    def cost() -> int:
        statements.clear()
        service.list(ListJobTypesQuery(), urls)
        service.status(ListJobTypeStatusQuery(), urls)
        return len(statements)

    before = cost()
    for number in range(5):
        job_type(context, urls, name=f"copier-{number}")
    assert cost() == before


def test_validation_leaves_nothing_behind(context: Context, urls: SerializerContext, products: int) -> None:
    body: Any = documents.job_type(trigger_rule=documents.ingest_rule("products"))
    with context.database.read() as session:
        before = session.scalar(select(func.count()).select_from(TriggerRule))
    JobTypeService(context).validate(body)
    with context.database.read() as session:
        assert session.scalar(select(func.count()).select_from(TriggerRule)) == before
        assert session.scalar(select(func.count()).select_from(JobType).where(~JobType.is_system)) == 0


def test_an_archived_job_type_is_no_job_type_for_recipes(context: Context, urls: SerializerContext) -> None:
    made = job_type(context, urls)
    with context.database.write() as session:
        session.execute(update(JobType).where(JobType.id == made["id"]).values(is_active=False))
    with pytest.raises(Invalid, match="no job type"):
        recipe_type(context, urls)
