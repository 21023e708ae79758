"""Workspaces."""

from typing import cast

from scale_core.api.request import location, paged, urls
from scale_core.services.workspaces import WorkspaceService
from scale_generated import models, queries
from scale_generated.routes import Created


class Workspaces:
    """Operations on workspaces."""

    def __init__(self, workspaces: WorkspaceService) -> None:
        self._workspaces = workspaces

    def list_workspaces(self, query: queries.ListWorkspacesQuery) -> models.WorkspacePage:
        """GET /workspaces/."""
        return cast("models.WorkspacePage", paged(query, self._workspaces.list(query, urls())))

    def create_workspace(self, body: models.NewWorkspace) -> Created[models.WorkspaceDetails]:
        """POST /workspaces/."""
        workspace = self._workspaces.create(body, urls())
        return Created(workspace, location(f"/workspaces/{workspace['id']}/"))

    def validate_workspace(self, body: models.NewWorkspace) -> models.ValidationResult:
        """POST /workspaces/validation/."""
        return self._workspaces.validate(body)

    def get_workspace(self, workspace_id: int) -> models.WorkspaceDetails:
        """GET /workspaces/{id}/."""
        return self._workspaces.get(workspace_id, urls())

    def edit_workspace(self, workspace_id: int, body: models.WorkspaceEdit) -> models.WorkspaceDetails:
        """PATCH /workspaces/{id}/."""
        return self._workspaces.edit(workspace_id, body, urls())
