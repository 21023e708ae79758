"""Recipes as clients see them: lists and details."""

from sqlalchemy.orm import Session

from scale_core.db.conditions import Condition, equal, one_of
from scale_core.db.listing import Order, Shape
from scale_core.db.models import Recipe, RecipeJob
from scale_core.domain.recipe_data import referenced_file_ids
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound
from scale_core.services.job_reads import files_by_id
from scale_core.services.listing import Listing, ListPage
from scale_core.services.recipes import cancel_recipe
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated.queries import ListRecipesQuery
from scale_generated.specs.recipe_data import RecipeData

RECIPES: Listing[models.Recipe] = Listing(
    Shape(Recipe, serializers.RECIPE_COLUMNS), serializers.recipe, serializers.RECIPE_ORDER
)
DETAILS = Shape(Recipe, serializers.RECIPE_DETAILS_COLUMNS)
JOBS = Shape(RecipeJob, serializers.RECIPE_JOB_COLUMNS)


class RecipeService:
    """Lists and details of recipes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(self, query: ListRecipesQuery, urls: SerializerContext) -> ListPage[models.Recipe]:
        """One page of recipes."""

        where: list[Condition] = []
        if query.type_id:
            where.append(one_of("recipe_type.id", query.type_id))
        if query.type_name:
            where.append(one_of("recipe_type.name", query.type_name))

        with self._context.database.read() as session:
            return RECIPES.page(session, query, where, urls, self._context.now())

    def get(self, recipe_id: int, urls: SerializerContext) -> models.RecipeDetails:
        """A recipe with its definition, data, input files and jobs.

        :raises NotFound: there is no such recipe.
        """
        with self._context.database.read() as session:
            return recipe_details(session, recipe_id, urls)

    def cancel(self, recipe_id: int, urls: SerializerContext) -> models.RecipeDetails:
        """Cancel all jobs of a recipe that can be, in one transaction; what runs of them is ended.

        :raises NotFound: there is no such recipe.
        :raises Conflict: none of its jobs can be canceled.
        """
        with self._context.database.write() as session:
            cancel_recipe(session, self._context, recipe_id)
        return self.get(recipe_id, urls)


def recipe_details(session: Session, recipe_id: int, urls: SerializerContext) -> models.RecipeDetails:
    """A recipe with everything related to it, in a fixed number of queries.

    :raises NotFound: there is no such recipe.
    """
    row = DETAILS.row(session, recipe_id)
    if row is None:
        raise NotFound("recipe", recipe_id)
    data = RecipeData.from_document(row[serializers.RECIPE_DETAILS_COLUMNS.index("data")])
    jobs = JOBS.rows(session, [equal("recipe_id", recipe_id)], [Order("id")])
    return serializers.recipe_details(
        row,
        urls,
        input_files=list(files_by_id(session, referenced_file_ids(data), urls).values()),
        jobs=[serializers.recipe_job(job, urls) for job in jobs],
    )
