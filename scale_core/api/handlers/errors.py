"""Errors."""

from typing import cast

from scale_core.api.request import location, paged, urls
from scale_core.services.errors import ErrorService
from scale_generated import models, queries
from scale_generated.routes import Created


class Errors:
    """Operations on errors."""

    def __init__(self, errors: ErrorService) -> None:
        self._errors = errors

    def list_errors(self, query: queries.ListErrorsQuery) -> models.ErrorPage:
        """GET /errors/."""
        return cast("models.ErrorPage", paged(query, self._errors.list(query, urls())))

    def create_error(self, body: models.NewError) -> Created[models.Error]:
        """POST /errors/."""
        error = self._errors.create(body, urls())
        return Created(error, location(f"/errors/{error['id']}/"))

    def get_error(self, error_id: int) -> models.Error:
        """GET /errors/{id}/."""
        return self._errors.get(error_id, urls())

    def edit_error(self, error_id: int, body: models.ErrorEdit) -> models.Error:
        """PATCH /errors/{id}/."""
        return self._errors.edit(error_id, body, urls())
