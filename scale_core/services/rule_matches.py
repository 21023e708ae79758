"""What the plugins of trigger rules say, who may break: a rule that breaks does not match, and says why."""

import logging
from dataclasses import dataclass
from typing import Self

from scale_core.db.models import TriggerRule
from scale_core.interfaces.trigger import RuleNeeds, TriggerEvent, TriggerType

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that an event triggers, the type under which that is recorded, and what the rule asks for."""

    rule: TriggerRule
    event_type: str
    needs: RuleNeeds

    @classmethod
    def of(cls, rule: TriggerRule, kind: TriggerType, event: TriggerEvent) -> Self | None:
        """What becomes of a rule with an event; None: it does not match.

        :raises Exception: whatever the plugin raises.
        """
        if not kind.matches(rule.configuration, event, rule.last_fired or rule.created):
            return None
        return cls(rule, kind.recorded_event_type(rule.configuration, event), kind.needs(rule.configuration))


def match_guarded(rule: TriggerRule, kind: TriggerType, event: TriggerEvent) -> Match | None:
    """As :meth:`Match.of`; where the plugin breaks the rule does not match, and keeps the first trouble since it last
    worked: a row is not written for each of many events."""
    try:
        match = Match.of(rule, kind, event)
    except Exception as error:  # a plugin may raise anything; what happened has happened all the same
        about = {"rule_id": rule.id, **({} if event.file is None else {"file_id": event.file.id})}
        log.exception("The plugin of the trigger type %r broke; the rule does not match", kind.name, extra=about)
        if rule.trouble is None:
            rule.trouble, rule.trouble_since = trouble_of(kind, event, error), event.occurred
        return None
    if rule.trouble is not None:
        rule.trouble = rule.trouble_since = None
    return match


def trouble_of(kind: TriggerType, event: TriggerEvent, error: Exception) -> str:
    """What people are told of a plugin that broke."""
    file = "" if event.file is None else f" of {event.file.file_name!r}"
    return (
        f"The plugin of the type {kind.name!r} broke at an event {event.type}{file}, which the rule does not match "
        f"then: {type(error).__name__}: {error}. The log of Scale has more."
    )
