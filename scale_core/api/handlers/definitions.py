"""Job types, recipe types and the trigger rules that start them."""

from typing import cast

from scale_core.api.request import location, paged, urls
from scale_core.services.job_types import JobTypeService
from scale_core.services.recipe_types import RecipeTypeService
from scale_core.services.system_failures import SystemFailureService
from scale_core.services.trigger_rules import TriggerRuleService
from scale_generated import models, queries
from scale_generated.routes import Created


class JobTypes:
    """Operations on job types."""

    def __init__(self, job_types: JobTypeService, failures: SystemFailureService) -> None:
        self._job_types = job_types
        self._failures = failures

    def list_job_types(self, query: queries.ListJobTypesQuery) -> models.JobTypePage:
        """GET /job-types/."""
        return cast("models.JobTypePage", paged(query, self._job_types.list(query, urls())))

    def create_job_type(self, body: models.NewJobType) -> Created[models.JobTypeDetails]:
        """POST /job-types/."""
        job_type = self._job_types.create(body, urls())
        return Created(job_type, location(f"/job-types/{job_type['id']}/"))

    def validate_job_type(self, body: models.NewJobType) -> models.ValidationResult:
        """POST /job-types/validation/."""
        return self._job_types.validate(body)

    def get_job_type(self, job_type_id: int) -> models.JobTypeDetails:
        """GET /job-types/{id}/."""
        return self._job_types.get(job_type_id, urls())

    def edit_job_type(self, job_type_id: int, body: models.JobTypeEdit) -> models.JobTypeDetails:
        """PATCH /job-types/{id}/."""
        return self._job_types.edit(job_type_id, body, urls())

    def list_job_type_status(self, query: queries.ListJobTypeStatusQuery) -> models.JobTypeStatusPage:
        """GET /job-types/status/."""
        return cast("models.JobTypeStatusPage", paged(query, self._job_types.status(query, urls())))

    def list_running_job_types(self, query: queries.ListRunningJobTypesQuery) -> models.RunningJobTypePage:
        """GET /job-types/running/."""
        return cast("models.RunningJobTypePage", paged(query, self._job_types.running(query, urls())))

    def list_job_type_system_failures(
        self, query: queries.ListJobTypeSystemFailuresQuery
    ) -> models.JobTypeSystemFailurePage:
        """GET /job-types/system-failures/."""
        return cast("models.JobTypeSystemFailurePage", paged(query, self._failures.list(query, urls())))


class RecipeTypes:
    """Operations on recipe types."""

    def __init__(self, recipe_types: RecipeTypeService) -> None:
        self._recipe_types = recipe_types

    def list_recipe_types(self, query: queries.ListRecipeTypesQuery) -> models.RecipeTypePage:
        """GET /recipe-types/."""
        return cast("models.RecipeTypePage", paged(query, self._recipe_types.list(query, urls())))

    def create_recipe_type(self, body: models.NewRecipeType) -> Created[models.RecipeTypeDetails]:
        """POST /recipe-types/."""
        recipe_type = self._recipe_types.create(body, urls())
        return Created(recipe_type, location(f"/recipe-types/{recipe_type['id']}/"))

    def validate_recipe_type(self, body: models.NewRecipeType) -> models.ValidationResult:
        """POST /recipe-types/validation/."""
        return self._recipe_types.validate(body)

    def get_recipe_type(self, recipe_type_id: int) -> models.RecipeTypeDetails:
        """GET /recipe-types/{id}/."""
        return self._recipe_types.get(recipe_type_id, urls())

    def edit_recipe_type(self, recipe_type_id: int, body: models.RecipeTypeEdit) -> models.RecipeTypeDetails:
        """PATCH /recipe-types/{id}/."""
        return self._recipe_types.edit(recipe_type_id, body, urls())

    def list_recipe_type_revisions(
        self, recipe_type_id: int, query: queries.ListRecipeTypeRevisionsQuery
    ) -> models.RecipeTypeRevisionPage:
        """GET /recipe-types/{id}/revisions/."""
        page = paged(query, self._recipe_types.revisions(recipe_type_id, query, urls()))
        return cast("models.RecipeTypeRevisionPage", page)


class TriggerRules:
    """Operations on trigger rules and events."""

    def __init__(self, rules: TriggerRuleService) -> None:
        self._rules = rules

    def list_trigger_rules(self, query: queries.ListTriggerRulesQuery) -> models.TriggerRulePage:
        """GET /trigger-rules/."""
        return cast("models.TriggerRulePage", paged(query, self._rules.list_rules(query, urls())))

    def get_trigger_rule(self, trigger_rule_id: int) -> models.TriggerRuleDetails:
        """GET /trigger-rules/{id}/."""
        return self._rules.get_rule(trigger_rule_id, urls())

    def edit_trigger_rule(self, trigger_rule_id: int, body: models.TriggerRuleEdit) -> models.TriggerRuleDetails:
        """PATCH /trigger-rules/{id}/."""
        return self._rules.edit_rule(trigger_rule_id, body, urls())

    def list_trigger_events(self, query: queries.ListTriggerEventsQuery) -> models.TriggerEventPage:
        """GET /trigger-events/."""
        return cast("models.TriggerEventPage", paged(query, self._rules.list_events(query, urls())))

    def get_trigger_event(self, trigger_event_id: int) -> models.TriggerEventDetails:
        """GET /trigger-events/{id}/."""
        return self._rules.get_event(trigger_event_id, urls())
