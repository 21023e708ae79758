"""Trigger rules and the events that matched them: lists and details (reference: Triggers)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.base import Document
from scale_core.db.conditions import Condition, one_of
from scale_core.db.listing import Shape
from scale_core.db.models import JobType, RecipeType, TriggerEvent, TriggerRule
from scale_core.services.context import Context
from scale_core.services.exceptions import Conflict, NotFound
from scale_core.services.findings import Findings
from scale_core.services.listing import Listing, ListPage
from scale_core.services.records import change
from scale_core.services.serialization import SerializerContext
from scale_core.services.trigger_rule_edits import RuleEditor
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
            return _details(session, rule_id, urls)

    def edit_rule(
        self, rule_id: int, body: models.TriggerRuleEdit, urls: SerializerContext
    ) -> models.TriggerRuleDetails:
        """Change the given fields of a rule that starts no type.

        :raises NotFound: there is no such rule.
        :raises Conflict: it starts a type, is archived, or nothing here knows its type.
        :raises Invalid: its configuration is wrong.
        """
        with self._context.database.write() as session:
            rule = session.get(TriggerRule, rule_id)
            if rule is None:
                raise NotFound("trigger rule", rule_id)
            values: dict[str, Any] = dict(body)
            _require_own(session, rule)
            if "configuration" in values:
                values["configuration"] = self._checked(rule, values["configuration"])
            change(rule, values, self._context.now())
            session.flush()
            return _details(session, rule_id, urls)

    def _checked(self, rule: TriggerRule, configuration: Mapping[str, Any]) -> Document:
        kind = self._context.registry.trigger_types.get(rule.type)
        if kind is None:
            raise Conflict(f"No plugin is installed that knows rules of the type {rule.type!r}.")
        findings = Findings()
        editor = RuleEditor(self._context)
        checked = editor.checked_configuration(findings, kind, rule.name, configuration, "/configuration")
        findings.refuse()
        return checked or {}

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


def _details(session: Session, rule_id: int, urls: SerializerContext) -> models.TriggerRuleDetails:
    row = RULE_DETAILS.row(session, rule_id)
    if row is None:
        raise NotFound("trigger rule", rule_id)
    return serializers.trigger_rule_details(row, urls)


def _require_own(session: Session, rule: TriggerRule) -> None:
    """Raise Conflict if the rule is not there for itself."""
    if rule.archived is not None:
        raise Conflict(f"The trigger rule {rule.id} is archived: what it started has another rule, or none.")
    for model, kind, path in ((JobType, "job type", "job-types"), (RecipeType, "recipe type", "recipe-types")):
        owner = session.scalar(select(model.id).where(model.trigger_rule_id == rule.id).limit(1))
        if owner is not None:
            raise Conflict(f"The trigger rule {rule.id} is that of the {kind} {owner}: edit /{path}/{owner}/.")


def _of_types(types: Sequence[str]) -> list[Condition]:
    return [one_of("type", types)] if types else []
