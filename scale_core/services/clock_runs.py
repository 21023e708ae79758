"""Clock processors: what they may use, and how far each run is (reference: Clock Triggers).

The event of a rule with a processor says in its description how far that is, so that a crash between firing and running
is found, and an interrupted run is not taken for one that never began.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import select

from scale_core.db.models import TriggerEvent, TriggerRule, Workspace, WorkspaceUsage
from scale_core.interfaces.broker import Broker, StorageUsage
from scale_core.services.brokers import broker_for
from scale_core.services.context import Context
from scale_core.services.daily_metrics import DailyMetrics
from scale_core.services.engines import make_engine
from scale_core.services.job_load import JobLoadService
from scale_core.services.retention import RetentionService
from scale_generated.specs.retention import NAME as RETENTION_SPEC
from scale_generated.specs.retention import Retention

log = logging.getLogger(__name__)

T = TypeVar("T")


class ProcessorState(StrEnum):
    """How far the processor of a fired rule is; ``processor`` in the event's description."""

    DUE = "due"
    STARTED = "started"
    STARTED_AGAIN = "started again"
    """Its first run was interrupted by the end of Scale. A second interruption is taken for its fault."""
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """The rule fired again before the processor had time for this."""


_NEXT_START: Mapping[object, ProcessorState] = {
    ProcessorState.DUE: ProcessorState.STARTED,
    ProcessorState.STARTED: ProcessorState.STARTED_AGAIN,
    ProcessorState.STARTED_AGAIN: ProcessorState.FAILED,
}


def is_unfinished(event: TriggerEvent) -> bool:
    """Whether the event's rule has a processor that has not ended its run for it."""
    return event.description.get("processor") in _NEXT_START


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that fired: the event that says so, its name (that of its processor) and when."""

    rule_id: int
    event_id: int
    name: str
    occurred: datetime


class ProcessorRuns:
    """Keeps the book of processors' runs."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def unfinished(self) -> list[FiredRule]:
        """The last firings of active rules whose processor has not ended."""
        names = list(self._context.registry.clock_processors)
        with self._context.database.read() as session:
            rows = session.execute(
                select(TriggerRule.id, TriggerRule.name, TriggerEvent)
                .join(
                    TriggerEvent,
                    (TriggerEvent.rule_id == TriggerRule.id) & (TriggerEvent.occurred == TriggerRule.last_fired),
                )
                .where(TriggerRule.name.in_(names), TriggerRule.is_active)
                .order_by(TriggerEvent.id)
            ).all()
        return [
            FiredRule(row.id, row.TriggerEvent.id, row.name, row.TriggerEvent.occurred)
            for row in rows
            if is_unfinished(row.TriggerEvent)
        ]

    def parameters(self, fired: FiredRule) -> dict[str, Any]:
        """What the rule says now that its processor is told."""
        with self._context.database.read() as session:
            rule = session.get(TriggerRule, fired.rule_id)
            return {} if rule is None else dict(rule.configuration.get("parameters", {}))

    def start(self, fired: FiredRule) -> bool:
        """Record that the processor begins; False: it must not, for it has ended or was interrupted twice."""
        with self._context.database.write() as session:
            event = session.get(TriggerEvent, fired.event_id)
            state = None if event is None else _NEXT_START.get(event.description.get("processor"))
            if event is None or state is None:
                return False
            event.description = {**event.description, "processor": state}
        if state == ProcessorState.FAILED:
            log.error(
                "Clock processor %r did not survive Scale twice; it is left out until it is due again", fired.name
            )
        return state != ProcessorState.FAILED

    def end(self, fired: FiredRule, state: ProcessorState) -> None:
        """Record that the processor is done with a firing: COMPLETED, FAILED or SKIPPED."""
        with self._context.database.write() as session:
            event = session.get(TriggerEvent, fired.event_id)
            if event is not None:
                event.description = {**event.description, "processor": state}


class ProcessorContext:
    """What a clock processor is given (:class:`scale_core.interfaces.clock.ClockContext`).

    :param is_stopping: whether Scale ends: long work breaks off where it can go on later.
    """

    def __init__(
        self,
        context: Context,
        occurred: datetime,
        parameters: Mapping[str, Any] | None = None,
        is_stopping: Callable[[], bool] = bool,
    ) -> None:
        self._context = context
        self._occurred = occurred
        self._parameters = {} if parameters is None else parameters
        self._is_stopping = is_stopping

    @property
    def occurred(self) -> datetime:
        """When the rule fired (UTC)."""
        return self._occurred

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters of the rule."""
        return self._parameters

    def workspaces(self) -> dict[str, Broker]:
        """Brokers of the active workspaces by workspace name."""
        with self._context.database.read() as session:
            rows = session.execute(
                select(Workspace.name, Workspace.json_config).where(Workspace.is_active).order_by(Workspace.name)
            ).all()
        return {row.name: broker_for(self._context, row.json_config) for row in rows}

    def ask(self, workspace_name: str, question: Callable[[Broker], T]) -> T:
        """What a workspace's storage answers, if it does so within ``content_seconds``.

        :raises BrokerError: it does not, or cannot be used.
        :raises KeyError: there is no such active workspace.
        """
        broker = self.workspaces()[workspace_name]
        seconds = self._context.settings.content_seconds
        return self._context.questions.ask(workspace_name, seconds, lambda: question(broker))

    def record_usage(self, workspace_name: str, usage: StorageUsage) -> None:
        """Keep a workspace's used and total space, in bytes, as that of now and of today."""
        today = self._context.now().astimezone(UTC).date()
        sizes = {"used_size": usage.used, "total_size": usage.total}
        with self._context.database.write() as session:
            workspace = session.scalars(select(Workspace).where(Workspace.name == workspace_name)).one_or_none()
            if workspace is not None:
                workspace.used_size, workspace.total_size = usage.used, usage.total
                session.merge(WorkspaceUsage(workspace_id=workspace.id, day=today, **sizes))

    def record_job_load(self) -> None:
        """Keep how many jobs wait and run now."""
        JobLoadService(self._context).record()

    def compute_metrics(self) -> None:
        """Bring the numbers of all metrics up to date."""
        DailyMetrics(self._context).compute()

    def archive(self, parameters: Mapping[str, Any]) -> None:
        """Archive what is older than the document ``retention`` in ``parameters`` says.

        :raises InvalidDocument: they are none.
        """
        rules = Retention.from_document(self._context.specs.check(RETENTION_SPEC, parameters))
        RetentionService(self._context, make_engine(self._context), self._is_stopping).run(rules)
