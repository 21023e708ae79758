"""Job types and recipe types that may not be used any more, and come back."""

from typing import Any

import pytest

from fakes.jobs import Installation
from scale_core.services.configuration import ConfigurationService
from scale_core.services.configuration_export import as_file
from scale_core.services.context import Context
from scale_core.services.exceptions import Invalid
from scale_core.services.job_types import JobTypeService
from scale_core.services.recipe_types import RecipeTypeService
from scale_core.services.serialization import SerializerContext
from scale_core.specs import loads
from scale_generated import models
from scale_generated.queries import ExportConfigurationQuery


@pytest.fixture
def made(context: Context, urls: SerializerContext) -> Installation:
    return Installation(context, urls)


def edit_job_type(made: Installation, name: str, **changes: Any) -> models.JobTypeDetails:
    body: Any = changes
    return JobTypeService(made.context).edit(made.types[name], body, made.urls)


def edit_recipe_type(made: Installation, **changes: Any) -> models.RecipeTypeDetails:
    body: Any = changes
    return RecipeTypeService(made.context).edit(made.recipe_type, body, made.urls)


def test_an_archived_job_type_makes_no_jobs_and_those_it_has_run_on(made: Installation) -> None:
    waiting = made.job("b")
    archived = edit_job_type(made, "b", is_active=False)
    assert (archived["is_active"], archived["archived"]) == (False, "2026-03-04T12:00:30.000Z")
    with pytest.raises(Invalid, match="is archived"):
        made.job("b")
    made.complete(waiting)
    assert made.status(waiting) == "COMPLETED"
    back = edit_job_type(made, "b", is_active=True)
    assert (back["is_active"], back["archived"]) == (True, None)
    made.job("b")


def test_a_job_type_that_a_recipe_type_uses_is_not_archived(made: Installation) -> None:
    with pytest.raises(Invalid, match="recipe type 'chain' 1 uses it") as refused:
        edit_job_type(made, "a", is_active=False)
    assert [problem.pointer for problem in refused.value.problems] == ["/is_active"]
    edit_recipe_type(made, is_active=False)
    edit_job_type(made, "a", is_active=False)


def test_an_archived_recipe_type_makes_no_recipes(made: Installation) -> None:
    assert edit_recipe_type(made, is_active=False)["archived"] == "2026-03-04T12:00:30.000Z"
    with pytest.raises(Invalid, match="is archived"):
        made.recipe()
    assert edit_recipe_type(made, is_active=True)["archived"] is None
    made.recipe()


def test_a_recipe_type_does_not_come_back_before_its_job_types(made: Installation) -> None:
    edit_recipe_type(made, is_active=False)
    edit_job_type(made, "a", is_active=False)
    with pytest.raises(Invalid, match="does not work any more"):
        edit_recipe_type(made, is_active=True)
    edit_job_type(made, "a", is_active=True)
    assert edit_recipe_type(made, is_active=True)["is_active"]


def test_an_export_leaves_archived_types_out_and_an_import_brings_them_back(made: Installation) -> None:
    configuration = ConfigurationService(made.context)
    everything = as_file(configuration.export(ExportConfigurationQuery()))
    edit_recipe_type(made, is_active=False)
    edit_job_type(made, "a", is_active=False)
    left = configuration.export(ExportConfigurationQuery())
    assert [[one["name"] for one in left[kind]] for kind in ("job_types", "recipe_types")] == [["b"], []]
    configuration.load(loads(everything), "")
    made.recipe()
    assert as_file(configuration.export(ExportConfigurationQuery())) == everything


def test_a_file_with_everything_goes_round_over_its_own_archived_state(made: Installation) -> None:
    edit_job_type(made, "b", is_active=False)
    archived = JobTypeService(made.context).get(made.types["b"], made.urls)["archived"]
    configuration = ConfigurationService(made.context)
    configuration.load(configuration.export(ExportConfigurationQuery()), "")
    assert JobTypeService(made.context).get(made.types["b"], made.urls)["archived"] == archived
