"""Recipe types: graphs of job types (reference: Recipe Type Services, Recipe Definition)."""

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from scale_core.db.conditions import equal, one_of
from scale_core.db.listing import Order, Shape
from scale_core.db.models import JobType, RecipeType, RecipeTypeRevision
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound
from scale_core.services.findings import Findings
from scale_core.services.impact import Impact, exists
from scale_core.services.interfaces import job_types_of
from scale_core.services.listing import Listing, ListPage
from scale_core.services.recipe_type_edits import RecipeTypeEditor
from scale_core.services.request_bodies import without_key
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated.queries import ListRecipeTypeRevisionsQuery, ListRecipeTypesQuery
from scale_generated.specs.recipe_definition import RecipeDefinition

RECIPE_TYPES: Listing[models.RecipeType] = Listing(
    Shape(RecipeType, serializers.RECIPE_TYPE_COLUMNS), serializers.recipe_type, serializers.RECIPE_TYPE_ORDER
)
REVISIONS: Listing[models.RecipeTypeRevisionDetails] = Listing(
    Shape(RecipeTypeRevision, serializers.RECIPE_TYPE_REVISION_DETAILS_COLUMNS),
    serializers.recipe_type_revision_details,
    serializers.RECIPE_TYPE_REVISION_DETAILS_ORDER,
)
DETAILS = Shape(RecipeType, serializers.RECIPE_TYPE_DETAILS_COLUMNS)
JOB_TYPES = Shape(JobType, serializers.JOB_TYPE_WITH_INTERFACE_COLUMNS)


class RecipeTypeService:
    """Lists, creates, edits and checks recipe types."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._editor = RecipeTypeEditor(context)

    def list(self, query: ListRecipeTypesQuery, urls: SerializerContext) -> ListPage[models.RecipeType]:
        """One page of recipe types."""
        with self._context.database.read() as session:
            return RECIPE_TYPES.page(session, query, (), urls, self._context.now())

    def get(self, recipe_type_id: int, urls: SerializerContext) -> models.RecipeTypeDetails:
        """A recipe type with its rule and the job types that it names.

        :raises NotFound: there is no such recipe type.
        """
        with self._context.database.read() as session:
            return _details(session, recipe_type_id, urls)

    def create(self, body: models.NewRecipeType, urls: SerializerContext) -> models.RecipeTypeDetails:
        """A new recipe type, with its trigger rule.

        :raises Conflict: there is one of that name and version.
        :raises Invalid: definition or trigger rule are wrong.
        """
        with self._context.database.write() as session:
            self._editor.require_free(session, (body["name"], body["version"]))
            findings = Findings()
            checked = self._editor.check(session, findings, body)
            findings.refuse()
            recipe_type = self._editor.create(session, checked)
            return _details(session, recipe_type.id, urls)

    def edit(
        self, recipe_type_id: int, body: models.RecipeTypeEdit, urls: SerializerContext
    ) -> models.RecipeTypeDetails:
        """Change the given fields. ``trigger_rule`` None removes the rule.

        :raises NotFound: there is no such recipe type.
        :raises Invalid: definition or trigger rule are wrong.
        """
        with self._context.database.write() as session:
            recipe_type = session.get(RecipeType, recipe_type_id)
            if recipe_type is None:
                raise NotFound("recipe type", recipe_type_id)
            findings = Findings()
            checked = self._editor.check(session, findings, body, recipe_type)
            findings.refuse()
            self._editor.edit(session, recipe_type, checked)
            return _details(session, recipe_type_id, urls)

    def revisions(
        self, recipe_type_id: int, query: ListRecipeTypeRevisionsQuery, urls: SerializerContext
    ) -> ListPage[models.RecipeTypeRevisionDetails]:
        """One page of the definitions that a recipe type has had.

        :raises NotFound: there is no such recipe type.
        """
        with self._context.database.read() as session:
            if session.get(RecipeType, recipe_type_id) is None:
                raise NotFound("recipe type", recipe_type_id)
            of_type = [equal("recipe_type_id", recipe_type_id)]
            return REVISIONS.page(session, query, of_type, urls, self._context.now(), "created")

    def validate(self, body: models.NewRecipeType) -> models.ValidationResult:
        """Check a new recipe type, or, where there is one of that name and version, a change of that one to the given
        fields; save nothing. The warnings say what the change would reach.

        :raises Invalid: what :meth:`create` or :meth:`edit` would refuse.
        """
        with self._context.database.read() as session:
            findings = Findings()
            existing = self._editor.find(session, (body["name"], body["version"]))
            if existing is None:
                self._editor.check(session, findings, body)
            else:
                findings.warning("exists", exists("recipe type", existing.name, existing.version))
                checked = self._editor.check(session, findings, without_key(body), existing)
                findings.refuse()
                Impact(recipe_types=[(existing, self._editor.plan(existing, checked))]).warn(session, findings)
        findings.refuse()
        return findings.result()


def _details(session: Session, recipe_type_id: int, urls: SerializerContext) -> models.RecipeTypeDetails:
    row = DETAILS.row(session, recipe_type_id)
    definition = session.scalar(select(RecipeType.definition).where(RecipeType.id == recipe_type_id))
    if row is None or definition is None:
        raise NotFound("recipe type", recipe_type_id)
    keys = job_types_of(RecipeDefinition.from_document(definition))
    ids = select(JobType.id).where(tuple_(JobType.name, JobType.version).in_(sorted(keys)))
    found = JOB_TYPES.rows(session, [one_of("id", ids)], [Order("name"), Order("version")]) if keys else []
    job_types = [serializers.job_type_with_interface(one, urls) for one in found]
    return serializers.recipe_type_details(row, urls, job_types=job_types)
