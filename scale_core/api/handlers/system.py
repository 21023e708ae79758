"""Nodes, the scheduler, status, version and plugins."""

from typing import cast

from scale_core.api.request import location, paged, urls
from scale_core.services.node_admin import NodeAdmin, SchedulerAdmin
from scale_core.services.plugins import PluginService
from scale_generated import models, queries
from scale_generated.routes import Created


class Nodes:
    """Operations on nodes."""

    def __init__(self, nodes: NodeAdmin) -> None:
        self._nodes = nodes

    def list_nodes(self, query: queries.ListNodesQuery) -> models.NodePage:
        """GET /nodes/."""
        return cast("models.NodePage", paged(query, self._nodes.list(query, urls())))

    def list_node_status(self, query: queries.ListNodeStatusQuery) -> models.NodeStatusPage:
        """GET /nodes/status/."""
        return cast("models.NodeStatusPage", paged(query, self._nodes.status(query, urls())))

    def get_node(self, node_id: int) -> models.NodeDetails:
        """GET /nodes/{id}/."""
        return self._nodes.get(node_id, urls())

    def replace_node(self, node_id: int, body: models.NodeReplacement) -> Created[models.NodeDetails]:
        """PUT /nodes/{id}/."""
        return Created(self._nodes.replace(node_id, body, urls()), location(f"/nodes/{node_id}/"))

    def edit_node(self, node_id: int, body: models.NodeEdit) -> Created[models.NodeDetails]:
        """PATCH /nodes/{id}/."""
        return Created(self._nodes.edit(node_id, body, urls()), location(f"/nodes/{node_id}/"))


class Scheduler:
    """Operations on the scheduler."""

    def __init__(self, scheduler: SchedulerAdmin) -> None:
        self._scheduler = scheduler

    def get_scheduler(self) -> models.Scheduler:
        """GET /scheduler/."""
        return self._scheduler.get()

    def edit_scheduler(self, body: models.SchedulerEdit) -> Created[models.Scheduler]:
        """PATCH /scheduler/."""
        return Created(self._scheduler.edit(body), location("/scheduler/"))


class Status:
    """Operations on the whole system."""

    def __init__(self, scheduler: SchedulerAdmin, plugins: PluginService) -> None:
        self._scheduler = scheduler
        self._plugins = plugins

    def get_status(self) -> models.SystemStatus:
        """GET /status/."""
        return self._scheduler.status(urls())

    def get_version(self) -> models.Version:
        """GET /version/."""
        return self._scheduler.version()

    def list_plugins(self, query: queries.ListPluginsQuery) -> models.PluginPage:
        """GET /plugins/."""
        return cast("models.PluginPage", paged(query, self._plugins.list(query)))
