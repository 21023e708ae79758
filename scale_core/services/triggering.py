"""Events become jobs and recipes (reference: Triggers)."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from scale_core.db.bulk import insert_columns, table_of
from scale_core.db.database import WriteSession
from scale_core.db.models import JobType, Recipe, RecipeType, TriggerEvent, TriggerRule
from scale_core.db.prepared import Kept
from scale_core.interfaces import trigger
from scale_core.interfaces.trigger import RuleNeeds, TriggerType
from scale_core.services.context import Context
from scale_core.services.exceptions import Invalid, invalid
from scale_core.services.facts import JobTypeFacts, workspace_by_name
from scale_core.services.jobs import check_job_data
from scale_core.services.new_jobs import NewJob, queue_new_jobs
from scale_core.services.recipes import check_recipe_data, create_recipe
from scale_core.services.rule_matches import Match, match_guarded
from scale_generated.specs.job_data import JobData
from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.recipe_data import RecipeData
from scale_generated.specs.recipe_definition import RecipeDefinition

log = logging.getLogger(__name__)


_rule = table_of(TriggerRule).c
_ACTIVE_TYPES = Kept(lambda _dialect: select(_rule.type).where(_rule.is_active).distinct())
"""Asked first: most events meet no rule of their type."""


@dataclass(slots=True)
class Fired:
    """A rule that matched an event, and what was made.

    :param record: of the event.
    :param job_ids: the jobs outside of recipes.
    :param refusals: the types of which nothing could be made, and why.
    """

    rule: TriggerRule
    record: TriggerEvent
    job_ids: list[int] = field(default_factory=list)
    recipes: list[Recipe] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


def fire(session: WriteSession, context: Context, event: trigger.TriggerEvent, description: Mapping[str, Any]) -> None:
    """Check an event against all active rules; record it, and make what the matching ones are linked to.

    Everything happens in the caller's transaction. An event that matches no rule is recorded without one.
    """
    fire_many(session, context, event.type, event.occurred, [description], [event.file])


def fire_many(
    session: WriteSession,
    context: Context,
    event_type: str,
    occurred: datetime,
    descriptions: Sequence[Mapping[str, Any]],
    files: Iterable[trigger.FileFacts | None],
) -> list[Fired]:
    """Do for events of one type that happen at once what :func:`fire` does; the rules are read once.

    :param descriptions: one for each event.
    :param files: the file of each; they are made only if there are rules that may ask.
    :return: the matches, in the order of the events, then of the rules.
    """
    active = set(_ACTIVE_TYPES.values(session))
    rules = [
        (rule, kind)
        for kind in context.registry.trigger_types.values()
        if kind.name in active and event_type in kind.event_types
        for rule in _active_rules(session, kind)
    ]
    if not rules:
        _record_unmatched(session, event_type, occurred, descriptions)
        return []
    unmatched, fired = [], []
    for description, file in zip(descriptions, files, strict=True):
        event = trigger.TriggerEvent(event_type, occurred, file)
        matched = [one for rule, kind in rules if (one := match_guarded(rule, kind, event)) is not None]
        fired += [fire_rule(session, context, match, event, description) for match in matched]
        if not matched:
            unmatched.append(description)
    _record_unmatched(session, event_type, occurred, unmatched)
    return fired


def _record_unmatched(
    session: WriteSession, event_type: str, occurred: datetime, descriptions: Sequence[Mapping[str, Any]]
) -> None:
    insert_columns(session, TriggerEvent, {"description": descriptions}, type=event_type, occurred=occurred)


def fire_rule(
    session: WriteSession,
    context: Context,
    match: Match,
    event: trigger.TriggerEvent,
    description: Mapping[str, Any],
) -> Fired:
    """Record that a rule matched ``event``, and make a job or recipe of each active type that is linked to it.

    A type that cannot take the file (for instance because it does not accept its media type) is left out; the event's
    description says why.
    """
    rule, needs = match.rule, match.needs
    record = TriggerEvent(
        type=match.event_type,
        rule=rule,
        occurred=event.occurred,
        description=dict(description),
    )
    rule.last_fired = event.occurred
    session.add(record)
    session.flush()
    fired = Fired(rule, record)
    for job_type in _linked(session, JobType, rule):
        with _refusing(job_type, fired):
            fired.job_ids += _make_job(session, context, job_type, record, needs, event)
    for recipe_type in _linked(session, RecipeType, rule):
        with _refusing(recipe_type, fired):
            fired.recipes.append(_make_recipe(session, context, recipe_type, record, needs, event))
    if fired.refusals:
        record.description = {**record.description, "refused": fired.refusals}
        session.after_commit.append(lambda: _tell_refused(fired, event))
    return fired


def _tell_refused(fired: Fired, event: trigger.TriggerEvent) -> None:
    for refusal in fired.refusals:
        log.warning("A trigger rule matched, but nothing is made of it: %s", refusal, extra=_about(fired.rule, event))


@contextmanager
def _refusing(made: JobType | RecipeType, fired: Fired) -> Iterator[None]:
    """Note a refusal instead of passing it on."""
    try:
        yield
    except Invalid as refused:
        fired.refusals.append(f"{made.name} {made.version}: {refused}")


def _about(rule: TriggerRule, event: trigger.TriggerEvent) -> dict[str, object]:
    file = {} if event.file is None else {"file_id": event.file.id, "file_name": event.file.file_name}
    return {"rule_id": rule.id, **file}


def _active_rules(session: WriteSession, kind: TriggerType) -> Sequence[TriggerRule]:
    return session.scalars(
        select(TriggerRule).where(TriggerRule.type == kind.name, TriggerRule.is_active).order_by(TriggerRule.id)
    ).all()


def _linked(session: WriteSession, model: Any, rule: TriggerRule) -> Sequence[Any]:
    linked: Sequence[Any] = session.scalars(
        select(model).where(model.trigger_rule_id == rule.id, model.is_active).order_by(model.id)
    ).all()
    return linked


def _make_job(
    session: WriteSession,
    context: Context,
    job_type: JobType,
    record: TriggerEvent,
    needs: RuleNeeds,
    event: trigger.TriggerEvent,
) -> list[int]:
    interface = JobInterface.from_document(job_type.interface)
    document: dict[str, Any] = {"input_data": _input_data(needs, event)}
    if interface.output_data:
        workspace_id = _workspace_id(session, needs)
        document["output_data"] = [{"name": one.name, "workspace_id": workspace_id} for one in interface.output_data]
    data = JobData.from_document(document)
    check_job_data(session, interface, data)
    return queue_new_jobs(session, context, JobTypeFacts.of(job_type), [NewJob(record.id, data)])


def _make_recipe(
    session: WriteSession,
    context: Context,
    recipe_type: RecipeType,
    record: TriggerEvent,
    needs: RuleNeeds,
    event: trigger.TriggerEvent,
) -> Recipe:
    document: dict[str, Any] = {"input_data": _input_data(needs, event)}
    if needs.workspace_name is not None:
        document["workspace_id"] = _workspace_id(session, needs)
    data = RecipeData.from_document(document)
    check_recipe_data(session, RecipeDefinition.from_document(recipe_type.definition), data)
    return create_recipe(session, context, recipe_type, record, data)


def _input_data(needs: RuleNeeds, event: trigger.TriggerEvent) -> list[dict[str, Any]]:
    if needs.input_name is None or event.file is None:
        return []
    return [{"name": needs.input_name, "file_id": event.file.id}]


def _workspace_id(session: WriteSession, needs: RuleNeeds) -> int:
    if needs.workspace_name is None:
        raise invalid("/data/workspace_name", "The rule names no workspace for the products.")
    workspace = workspace_by_name(session, needs.workspace_name)
    if workspace is None:
        raise invalid("/data/workspace_name", f"There is no workspace {needs.workspace_name!r} for the products.")
    return workspace.id
