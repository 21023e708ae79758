"""Import and export of configuration."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from fakes import documents
from fakes.world import SetClock
from scale_core.db.models import Error, JobType, RecipeType, TriggerRule
from scale_core.services.configuration import ConfigurationService
from scale_core.services.context import Context
from scale_core.services.exceptions import Invalid
from scale_core.services.job_types import JobTypeService
from scale_core.services.serialization import SerializerContext
from scale_core.services.workspaces import WorkspaceService
from scale_core.specs import InvalidDocument
from scale_generated.queries import ExportConfigurationQuery, ListJobTypesQuery

EVERYTHING = ExportConfigurationQuery()


@pytest.fixture
def service(context: Context, urls: SerializerContext, tmp_path: Path) -> ConfigurationService:
    """The service, of an installation with a workspace ``products``."""
    body: Any = documents.workspace("products", tmp_path / "products")
    WorkspaceService(context).create(body, urls)
    return ConfigurationService(context)


@pytest.fixture
def document() -> dict[str, Any]:
    """An error, a job type that maps to it, and a recipe type of that, both with rules."""
    mapping = {"version": "1.0", "exit_codes": {"1": "my-error"}}
    rule = {**documents.ingest_rule("products", media_type="text/plain"), "name": "mine", "is_active": False}
    return {
        "version": "1.0",
        "errors": [{"name": "my-error", "title": "My Error", "category": "DATA"}],
        "job_types": [documents.job_type(error_mapping=mapping, trigger_rule=rule)],
        "recipe_types": [documents.recipe_type(trigger_rule=documents.ingest_rule("products", "text"))],
    }


def state(context: Context) -> list[Any]:
    """How many records there are of each kind, and when the last one changed."""
    with context.database.read() as session:
        return [
            tuple(session.execute(select(func.count(), func.max(each.last_modified)).select_from(each)).one())
            for each in (Error, JobType, RecipeType, TriggerRule)
        ]


def refused_at(service: ConfigurationService, document: dict[str, Any]) -> list[str]:
    with pytest.raises(Invalid) as refused:
        service.load(document)
    return [problem.pointer for problem in refused.value.problems]


def test_an_import_of_an_export_changes_nothing(
    context: Context, service: ConfigurationService, document: dict[str, Any], clock: SetClock
) -> None:
    service.load(document)
    exported: Any = service.export(EVERYTHING)
    context.specs.check("configuration", exported)
    before = state(context)
    clock.forward(hours=1)
    assert service.load(exported) == {"warnings": []}
    assert state(context) == before
    assert service.export(EVERYTHING) == exported


def test_an_export_has_what_its_filters_select_and_nothing_of_scale_itself(
    service: ConfigurationService, document: dict[str, Any]
) -> None:
    service.load(document)
    exported = service.export(ExportConfigurationQuery(include=("job_types", "errors"), job_type_name=("nothing",)))
    assert (exported["job_types"], exported["recipe_types"]) == ([], [])
    assert [error["name"] for error in exported["errors"]] == ["my-error"]


def test_a_validation_says_what_an_import_would_and_changes_nothing(
    context: Context, service: ConfigurationService, document: dict[str, Any]
) -> None:
    before = state(context)
    validated = service.validate(document)
    assert state(context) == before
    assert not context.strikes_changed.wait(0)
    assert service.load(document) == validated


def test_a_problem_anywhere_takes_everything_back(
    context: Context, service: ConfigurationService, document: dict[str, Any]
) -> None:
    before = state(context)
    document["recipe_types"][0]["definition"]["jobs"][0]["job_type"]["version"] = "9"
    assert refused_at(service, document)[0] == "/import/recipe_types/0/definition/jobs/0/job_type"
    assert state(context) == before


def test_all_problems_of_a_kind_are_told_and_none_that_only_follow(
    service: ConfigurationService, document: dict[str, Any]
) -> None:
    other = documents.job_type(name="other", priority=-1)
    document["job_types"][0]["interface"]["command_arguments"] = "${nothing}"
    document["job_types"].append(other)
    assert refused_at(service, document) == [
        "/import/job_types/0/interface/command_arguments",
        "/import/job_types/1/priority",
    ]


@pytest.mark.parametrize(
    ("kind", "record", "place"),
    [
        ("errors", {"name": "a/b", "category": "DATA"}, "/import/errors/0/name"),
        ("errors", {"name": "new"}, "/import/errors/0"),
        ("errors", {"name": "unknown", "title": "Mine"}, "/import/errors/0"),
        ("job_types", {"name": "new", "version": "1"}, "/import/job_types/0"),
        ("job_types", {"name": "scale-ingest", "version": "1.0", "is_paused": True}, "/import/job_types/0"),
        ("job_types", documents.job_type(name="x" * 51), "/import/job_types/0/name"),
        ("job_types", documents.job_type(priority=2**40), "/import/job_types/0/priority"),
        ("recipe_types", {"name": "new", "version": "1"}, "/import/recipe_types/0"),
    ],
)
def test_a_record_that_no_request_could_make_is_refused(
    service: ConfigurationService, kind: str, record: dict[str, Any], place: str
) -> None:
    assert refused_at(service, {kind: [record]}) == [place]


def test_a_record_that_is_there_twice_is_refused(service: ConfigurationService) -> None:
    error = {"name": "bad", "category": "DATA"}
    assert refused_at(service, {"errors": [error, error]}) == ["/import/errors/1"]


def test_a_document_that_breaks_its_specification_is_refused(service: ConfigurationService) -> None:
    with pytest.raises(InvalidDocument):
        service.load({"job_type": []})


def test_read_only_fields_are_ignored_with_a_warning(
    context: Context, service: ConfigurationService, document: dict[str, Any], urls: SerializerContext
) -> None:
    service.load(document)
    types = JobTypeService(context)
    (listed,) = types.list(ListJobTypesQuery(name=("copier",)), urls).results
    details: Any = types.get(listed["id"], urls)
    del details["trigger_rule"]["title"], details["trigger_rule"]["description"]
    (of_rule, of_type) = sorted(warning["details"] for warning in service.load({"job_types": [details]})["warnings"])
    assert "revision_num" in of_rule + of_type
    assert "/import/job_types/0/trigger_rule" in of_rule + of_type


def test_an_edit_of_an_error_changes_only_what_is_given_and_is_checked(
    service: ConfigurationService, document: dict[str, Any]
) -> None:
    service.load(document)
    service.load({"errors": [{"name": "my-error", "description": "New."}]})
    expected = {"name": "my-error", "title": "My Error", "description": "New.", "category": "DATA"}
    assert service.export(EVERYTHING)["errors"] == [expected]
    assert refused_at(service, {"errors": [{"name": "my-error", "title": "x" * 251}]}) == ["/import/errors/0/title"]


def test_an_export_has_the_read_only_fields_of_the_reference_and_an_import_warns_where_they_are_wrong(
    service: ConfigurationService,
) -> None:
    service.load({"job_types": [documents.job_type(docker_image="scale/copier")]})
    (exported,) = service.export(EVERYTHING)["job_types"]
    assert (exported["is_system"], exported["uses_docker"]) == (False, True)
    assert service.load({"job_types": [exported]}) == {"warnings": []}
    (warning,) = service.load({"job_types": [{**exported, "uses_docker": False}]})["warnings"]
    assert (warning["id"], "uses_docker" in warning["details"]) == ("read_only", True)


def test_title_and_description_of_a_rule_are_exported_and_can_be_taken_away(
    service: ConfigurationService, document: dict[str, Any]
) -> None:
    document["job_types"][0]["trigger_rule"] |= {"title": "Mine", "description": "My rule."}
    service.load(document)
    (exported,) = service.export(EVERYTHING)["job_types"]
    assert (exported["trigger_rule"]["title"], exported["trigger_rule"]["description"]) == ("Mine", "My rule.")
    exported["trigger_rule"] |= {"title": None, "name": None}
    service.load({"job_types": [exported]})
    (again,) = service.export(EVERYTHING)["job_types"]
    assert again["trigger_rule"] == {**exported["trigger_rule"], "name": "mine"}


def test_a_number_that_becomes_another_kind_of_value_is_a_change(service: ConfigurationService) -> None:
    def shared(value: object) -> str:
        body = documents.job_type()
        body["interface"]["shared_resources"] = [{"name": "licenses", "most": value}]
        service.load({"job_types": [body]})
        return json.dumps(service.export(EVERYTHING)["job_types"][0]["interface"]["shared_resources"])

    for value in (1, True, 1.0):
        assert shared(value) == json.dumps([{"most": value, "name": "licenses"}])


def test_an_edit_changes_only_what_is_given(service: ConfigurationService, document: dict[str, Any]) -> None:
    service.load(document)
    before = service.export(EVERYTHING)["job_types"][0]
    service.load({"job_types": [{"name": "copier", "version": "1.0", "title": "New", "timeout": None}]})
    assert service.export(EVERYTHING)["job_types"][0] == {**before, "title": "New"}


def test_an_interface_may_change_with_the_recipe_types_that_use_it_and_not_without(
    service: ConfigurationService, document: dict[str, Any]
) -> None:
    service.load(document)
    changed = copy.deepcopy(document)
    changed["job_types"][0]["interface"]["output_data"][0]["name"] = "duplicate"
    alone = {"job_types": changed["job_types"]}
    assert set(refused_at(service, alone)) == {"/import/job_types/0/interface"}
    dependency = changed["recipe_types"][0]["definition"]["jobs"][1]["dependencies"][0]
    dependency["connections"][0]["output"] = "duplicate"
    service.load(changed)
    assert "duplicate" in str(service.export(EVERYTHING)["recipe_types"])
