"""Clock rules: which are due, and firing them (reference: Clock Triggers)."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select

from scale_core.db.database import WriteSession
from scale_core.db.models import JobType, RecipeType, TriggerEvent, TriggerRule
from scale_core.interfaces import trigger
from scale_core.services.clock_runs import FiredRule, ProcessorState, is_unfinished
from scale_core.services.context import Context
from scale_core.services.rule_matches import Match, match_guarded, trouble_of
from scale_core.services.triggering import fire_rule

log = logging.getLogger(__name__)

CLOCK_EVENT = "CLOCK"

FARTHEST_AHEAD = timedelta(days=1)
"""No period is longer. A rule that fired farther in the future did so because the machine's clock was wrong; it would
rest until then."""


class ClockService:
    """The clock's door to the database."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._kinds: dict[str, trigger.TriggerType] = {
            name: kind for name, kind in context.registry.trigger_types.items() if CLOCK_EVENT in kind.event_types
        }

    def due(self, event: trigger.TriggerEvent) -> list[int]:
        """Ids of the active rules that ``event``, a tick of the clock, triggers."""
        with self._context.database.read() as session:
            rules = session.scalars(
                select(TriggerRule)
                .where(TriggerRule.type.in_(self._kinds), TriggerRule.is_active)
                .order_by(TriggerRule.id)
            ).all()
        for rule in rules:
            if _reference(rule) - event.occurred > FARTHEST_AHEAD:
                self._set_right(rule.id, event.occurred)
        return [rule.id for rule in rules if self._is_due(rule, event)]

    def fire(self, rule_id: int, event: trigger.TriggerEvent) -> FiredRule | None:
        """Fire a rule, with the jobs and recipes of the types linked to it, in one transaction.

        :return: None: the rule is not due (any more).
        """
        with self._context.database.write() as session:
            rule = session.get(TriggerRule, rule_id)
            if rule is None or not rule.is_active:
                return None
            match = match_guarded(rule, self._kinds[rule.type], event)
            return None if match is None else self._fire(session, match, event)

    def _fire(self, session: WriteSession, match: Match, event: trigger.TriggerEvent) -> FiredRule:
        rule = match.rule
        description = {"version": "1.0", "rule_name": rule.name}
        processor = self._context.registry.clock_processors.get(rule.name)
        if processor is not None:
            description["processor"] = ProcessorState.DUE
        record = None if processor is None or processor.keeps_events else _free_event(session, rule)
        if record is None:
            record = fire_rule(session, self._context, match, event, description).record
        else:
            record.type = match.event_type
            record.occurred = rule.last_fired = event.occurred
            record.description = description
        return FiredRule(rule.id, record.id, rule.name, event.occurred)

    def _is_due(self, rule: TriggerRule, event: trigger.TriggerEvent) -> bool:
        try:
            is_due = self._matches(rule, event)
        except Exception as error:  # a plugin's rule may raise anything; the other rules are due all the same
            log.exception("Clock rule %d cannot be looked at; the others go on", rule.id)
            if rule.trouble is None:
                self._note(rule.id, trouble_of(self._kinds[rule.type], event, error), event.occurred)
            return False
        if rule.trouble is not None:
            self._note(rule.id, None, None)
        return is_due

    def _matches(self, rule: TriggerRule, event: trigger.TriggerEvent) -> bool:
        return self._kinds[rule.type].matches(rule.configuration, event, _reference(rule))

    def _note(self, rule_id: int, trouble: str | None, since: datetime | None) -> None:
        """Keep what a rule breaks at and when it first did, or that it works again."""
        with self._context.database.write() as session:
            rule = session.get(TriggerRule, rule_id)
            if rule is not None:
                rule.trouble, rule.trouble_since = trouble, since

    def _set_right(self, rule_id: int, now: datetime) -> None:
        """Let a rule count from now on, as a new one does."""
        with self._context.database.write() as session:
            rule = session.get(TriggerRule, rule_id)
            if rule is not None and _reference(rule) - now > FARTHEST_AHEAD:
                log.warning(
                    "Clock rule %d fired at %s, which is yet to come; it counts from now", rule_id, rule.last_fired
                )
                rule.last_fired = now


def _free_event(session: WriteSession, rule: TriggerRule) -> TriggerEvent | None:
    """The rule's last event, if nothing needs it any more: its processor is done, and it makes no jobs or recipes."""
    for model in (JobType, RecipeType):
        if session.scalars(select(model.id).where(model.trigger_rule_id == rule.id).limit(1)).first() is not None:
            return None
    last = session.scalars(
        select(TriggerEvent)
        .where(TriggerEvent.rule_id == rule.id, TriggerEvent.occurred == rule.last_fired)
        .order_by(TriggerEvent.id.desc())
        .limit(1)
    ).first()
    return None if last is None or is_unfinished(last) else last


def _reference(rule: TriggerRule) -> datetime:
    """The moment after which a slot is the rule's next one."""
    return rule.last_fired or rule.created
