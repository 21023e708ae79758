"""Clock rules: which are due, and what a clock processor may use (reference: Clock Triggers)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from scale_core.db.database import WriteSession
from scale_core.db.models import TriggerRule, Workspace
from scale_core.interfaces.broker import Broker, StorageUsage
from scale_core.interfaces.trigger import TriggerEvent, TriggerType
from scale_core.services.brokers import broker_for
from scale_core.services.context import Context
from scale_core.services.triggering import fire_rule

CLOCK_EVENT = "CLOCK"


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that fired: its name (that of its processor) and when."""

    rule_id: int
    name: str
    occurred: datetime


class ClockService:
    """The clock's door to the database."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._kinds: dict[str, TriggerType] = {
            name: kind for name, kind in context.registry.trigger_types.items() if CLOCK_EVENT in kind.event_types
        }

    def due(self, event: TriggerEvent) -> list[int]:
        """Ids of the active rules that ``event``, a tick of the clock, triggers."""
        with self._context.database.read() as session:
            rules = session.scalars(
                select(TriggerRule)
                .where(TriggerRule.type.in_(self._kinds), TriggerRule.is_active)
                .order_by(TriggerRule.id)
            )
            return [rule.id for rule in rules if self._matches(rule, event)]

    def fire(self, rule_id: int, event: TriggerEvent) -> FiredRule | None:
        """Fire a rule, with the jobs and recipes of the types linked to it, in one transaction.

        :return: None: the rule is not due (any more).
        """
        with self._context.database.write() as session:
            rule = session.get(TriggerRule, rule_id)
            if rule is None or not rule.is_active or not self._matches(rule, event):
                return None
            self._fire(session, rule, event)
            return FiredRule(rule.id, rule.name, event.occurred)

    def _fire(self, session: WriteSession, rule: TriggerRule, event: TriggerEvent) -> None:
        description = {"version": "1.0", "rule_name": rule.name}
        fire_rule(session, self._context, rule, self._kinds[rule.type], event, description)

    def _matches(self, rule: TriggerRule, event: TriggerEvent) -> bool:
        return self._kinds[rule.type].matches(rule.configuration, event, rule.last_fired or rule.created)


class ProcessorContext:
    """What a clock processor is given (:class:`scale_core.interfaces.clock.ClockContext`)."""

    def __init__(self, context: Context, occurred: datetime) -> None:
        self._context = context
        self._occurred = occurred

    @property
    def occurred(self) -> datetime:
        """When the rule fired (UTC)."""
        return self._occurred

    def workspaces(self) -> dict[str, Broker]:
        """Brokers of the active workspaces by workspace name."""
        with self._context.database.read() as session:
            rows = session.execute(
                select(Workspace.name, Workspace.json_config).where(Workspace.is_active).order_by(Workspace.name)
            ).all()
        return {row.name: broker_for(self._context, row.json_config) for row in rows}

    def record_usage(self, workspace_name: str, usage: StorageUsage) -> None:
        """Keep a workspace's used and total space, in bytes."""
        with self._context.database.write() as session:
            session.execute(
                update(Workspace)
                .where(Workspace.name == workspace_name)
                .values(used_size=usage.used, total_size=usage.total)
            )
