"""Workspaces: the places that store files (reference: Workspace Services, Workspaces)."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.base import Document
from scale_core.db.conditions import Condition, one_of
from scale_core.db.listing import Shape
from scale_core.db.models import Workspace
from scale_core.interfaces.broker import Broker, BrokerError, StorageUsage
from scale_core.services.brokers import broker_class, broker_for
from scale_core.services.context import Context
from scale_core.services.exceptions import Conflict, NotFound, invalid
from scale_core.services.findings import Findings
from scale_core.services.listing import Listing, ListPage
from scale_core.services.patience import within
from scale_core.services.records import change, insert
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated.defaults import NEW_WORKSPACE
from scale_generated.queries import ListWorkspacesQuery

WORKSPACES: Listing[models.Workspace] = Listing(
    Shape(Workspace, serializers.WORKSPACE_COLUMNS), serializers.workspace, serializers.WORKSPACE_ORDER
)
DETAILS = Shape(Workspace, serializers.WORKSPACE_DETAILS_COLUMNS)
T = TypeVar("T")
BROKER_AT = "/json_config/broker"


class WorkspaceService:
    """Lists, creates, edits and checks workspaces."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(self, query: ListWorkspacesQuery, urls: SerializerContext) -> ListPage[models.Workspace]:
        """One page of workspaces."""

        where: list[Condition] = []
        if query.name:
            where.append(one_of("name", query.name))

        with self._context.database.read() as session:
            return WORKSPACES.page(session, query, where, urls, self._context.now())

    def get(self, workspace_id: int, urls: SerializerContext) -> models.WorkspaceDetails:
        """A workspace with its configuration.

        :raises NotFound: there is no such workspace.
        """
        with self._context.database.read() as session:
            return _get(session, workspace_id, urls)

    def create(self, body: models.NewWorkspace, urls: SerializerContext) -> models.WorkspaceDetails:
        """A new workspace; its storage must be usable now, unless it is not active.

        :raises Conflict: there is one of that name.
        :raises Invalid: its configuration is wrong, or the storage cannot be used.
        """
        now = self._context.now()
        configuration = self._checked(body["json_config"])
        self._require_free_now(body["name"])  # before something is made in the storage
        values: dict[str, Any] = {**NEW_WORKSPACE, **body, "json_config": configuration}
        is_active = values["is_active"]
        if is_active:
            values |= self._measured(configuration)
        with self._context.database.write() as session:
            _require_free(session, body["name"])
            workspace = Workspace(**values, archived=None if is_active else now, created=now, last_modified=now)
            insert(session, workspace, _taken(body["name"]))
            return _get(session, workspace.id, urls)

    def edit(self, workspace_id: int, body: models.WorkspaceEdit, urls: SerializerContext) -> models.WorkspaceDetails:
        """Change the given fields. Setting ``is_active`` to false archives the workspace, to true brings it back.

        :raises NotFound: there is no such workspace.
        :raises Invalid: its configuration is wrong, or the storage cannot be used.
        """
        values = self._checked_edit(workspace_id, body)
        now = self._context.now()
        with self._context.database.write() as session:
            workspace = session.get(Workspace, workspace_id)
            if workspace is None:
                raise NotFound("workspace", workspace_id)
            if values.get("is_active", workspace.is_active) != workspace.is_active:
                values["archived"] = now if workspace.is_active else None
            change(workspace, values, now)
            session.flush()
            return _get(session, workspace_id, urls)

    def validate(self, body: models.NewWorkspace) -> models.ValidationResult:
        """Check a new workspace without creating it, or anything in its storage; that this cannot be used now is a
        warning.

        :raises Conflict: there is one of that name.
        :raises Invalid: its configuration is wrong.
        """
        configuration = self._checked(body["json_config"])
        self._require_free_now(body["name"])
        findings = Findings()
        try:
            self._asked(configuration, _probe)
        except BrokerError as error:
            findings.warning("broker", str(error))
        return findings.result()

    def _checked_edit(self, workspace_id: int, body: models.WorkspaceEdit) -> dict[str, Any]:
        """The values to set. The storage is asked here, outside of the transaction: it may be slow."""
        values: dict[str, Any] = dict(body)
        with self._context.database.read() as session:
            workspace = session.get(Workspace, workspace_id)
        if workspace is None:
            raise NotFound("workspace", workspace_id)
        if "json_config" in values:
            values["json_config"] = self._checked(values["json_config"])
        will_be_active = values.get("is_active", workspace.is_active)
        if will_be_active and ("json_config" in values or not workspace.is_active):
            configuration = values.get("json_config", workspace.json_config)
            values |= self._measured(configuration)
        return values

    def _checked(self, document: Mapping[str, Any]) -> Document:
        """A configuration that fulfils the specification and the schema of its broker."""
        checked = self._context.specs.check("workspace", document, at="/json_config")
        kind = broker_class(self._context, checked, "/json_config")
        findings = Findings()
        findings.against(kind.configuration_schema, checked["broker"], BROKER_AT)
        findings.refuse()
        return checked

    def _measured(self, configuration: Document) -> dict[str, int | None]:
        """The sizes of the storage, in bytes, which must be usable now; later a clock processor looks at them."""
        try:
            usage = self._asked(configuration, _checked_usage)
        except BrokerError as error:
            raise invalid(BROKER_AT, f"The storage cannot be used: {error}") from error
        return {"used_size": usage.used, "total_size": usage.total}

    def _asked(self, configuration: Document, question: Callable[[Broker], T]) -> T:
        """What the storage of a configuration answers.

        :raises BrokerError: it cannot be used, or does not answer.
        """
        broker = broker_for(self._context, configuration, "/json_config")

        def asked() -> T:
            try:
                return question(broker)
            finally:
                broker.close()

        return within(self._context.settings.content_seconds, asked)

    def _require_free_now(self, name: str) -> None:
        with self._context.database.read() as session:
            _require_free(session, name)


def _checked_usage(broker: Broker) -> StorageUsage:
    broker.check()
    return broker.usage()


def _probe(broker: Broker) -> None:
    broker.probe()


def _require_free(session: Session, name: str) -> None:
    if session.scalar(select(Workspace.id).where(Workspace.name == name)) is not None:
        raise Conflict(_taken(name))


def _get(session: Session, workspace_id: int, urls: SerializerContext) -> models.WorkspaceDetails:
    row = DETAILS.row(session, workspace_id)
    if row is None:
        raise NotFound("workspace", workspace_id)
    return serializers.workspace_details(row, urls)


def _taken(name: str) -> str:
    return f"There is a workspace {name!r} already; edit that one, or choose another name."
