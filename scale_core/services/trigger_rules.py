"""Trigger rules and the events that matched them: lists and details (reference: Triggers)."""

from collections.abc import Sequence

from scale_core.db.conditions import Condition, one_of
from scale_core.db.listing import Shape
from scale_core.db.models import TriggerEvent, TriggerRule
from scale_core.services.context import Context
from scale_core.services.exceptions import NotFound
from scale_core.services.listing import Listing, ListPage
from scale_core.services.serialization import SerializerContext
from scale_generated import models, serializers
from scale_generated.queries import ListTriggerEventsQuery, ListTriggerRulesQuery

RULES: Listing[models.TriggerRule] = Listing(
    Shape(TriggerRule, serializers.TRIGGER_RULE_COLUMNS), serializers.trigger_rule, serializers.TRIGGER_RULE_ORDER
)
RULE_DETAILS = Shape(TriggerRule, serializers.TRIGGER_RULE_DETAILS_COLUMNS)
EVENTS: Listing[models.TriggerEvent] = Listing(
    Shape(TriggerEvent, serializers.TRIGGER_EVENT_COLUMNS), serializers.trigger_event, serializers.TRIGGER_EVENT_ORDER
)
EVENT_DETAILS = Shape(TriggerEvent, serializers.TRIGGER_EVENT_DETAILS_COLUMNS)


class TriggerRuleService:
    """Lists and details of trigger rules and events."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list_rules(self, query: ListTriggerRulesQuery, urls: SerializerContext) -> ListPage[models.TriggerRule]:
        """One page of trigger rules."""
        with self._context.database.read() as session:
            return RULES.page(session, query, _of_types(query.type), urls, self._context.now())

    def get_rule(self, rule_id: int, urls: SerializerContext) -> models.TriggerRuleDetails:
        """A trigger rule with its configuration.

        :raises NotFound: there is no such rule.
        """
        with self._context.database.read() as session:
            row = RULE_DETAILS.row(session, rule_id)
        if row is None:
            raise NotFound("trigger rule", rule_id)
        return serializers.trigger_rule_details(row, urls)

    def list_events(self, query: ListTriggerEventsQuery, urls: SerializerContext) -> ListPage[models.TriggerEvent]:
        """One page of trigger events; the time range selects by when they occurred."""
        with self._context.database.read() as session:
            return EVENTS.page(session, query, _of_types(query.type), urls, self._context.now(), "occurred")

    def get_event(self, event_id: int, urls: SerializerContext) -> models.TriggerEventDetails:
        """A trigger event with its rule.

        :raises NotFound: there is no such event.
        """
        with self._context.database.read() as session:
            row = EVENT_DETAILS.row(session, event_id)
        if row is None:
            raise NotFound("trigger event", event_id)
        return serializers.trigger_event_details(row, urls)


def _of_types(types: Sequence[str]) -> list[Condition]:
    return [one_of("type", types)] if types else []
