"""Checks and changes of recipe types inside a transaction; used by the service and by imports."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scale_core.db.base import Document
from scale_core.db.models import RecipeType, RecipeTypeRevision
from scale_core.domain.recipe_checks import definition_problems, definition_warnings
from scale_core.services.context import Context
from scale_core.services.exceptions import Conflict
from scale_core.services.findings import Findings
from scale_core.services.interfaces import Key, interfaces_of, job_types_of
from scale_core.services.records import change, differing, insert
from scale_core.services.trigger_rule_edits import RuleEditor, RuleTarget, rule_label
from scale_core.services.type_changes import TypeChange
from scale_core.specs import Problem
from scale_generated.defaults import NEW_RECIPE_TYPE
from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.recipe_definition import RecipeDefinition

RULE: Final = "trigger_rule"


@dataclass(frozen=True, slots=True)
class CheckedRecipeType:
    """What a body says, checked.

    :param values: columns to set; the definition is in its latest version.
    :param definition: the definition, where the body has one.
    :param has_rule: whether the body says something of the trigger rule; ``rule`` None then removes it.
    """

    values: Mapping[str, Any]
    definition: RecipeDefinition | None
    has_rule: bool
    rule: Document | None


class RecipeTypeEditor:
    """Checks bodies of recipe types and saves them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rules = RuleEditor(context)

    def find(self, session: Session, key: Key) -> RecipeType | None:
        """The recipe type of that name and version."""
        name, version = key
        return session.scalars(
            select(RecipeType).where(RecipeType.name == name, RecipeType.version == version)
        ).one_or_none()

    def require_free(self, session: Session, key: Key) -> None:
        """Raise Conflict if there is a recipe type of that name and version."""
        if self.find(session, key) is not None:
            raise Conflict(_taken(key))

    def check(
        self,
        session: Session,
        findings: Findings,
        body: Mapping[str, Any],
        existing: RecipeType | None = None,
        at: str = "",
    ) -> CheckedRecipeType:
        """Check the body of a new recipe type, or of a change to an existing one.

        :param findings: gets what is wrong; what this returns is only to be saved if that is nothing.
        :param at: JSON pointer of the body.
        """
        values = dict(body)
        definition = self._definition(session, findings, values, at)
        if existing is not None and not existing.is_active and values.get("is_active") and "definition" not in values:
            self._require_usable(session, findings, existing, f"{at}/is_active")
        has_rule, rule = RULE in values, values.pop(RULE, None)
        target = _target(session, values.get("name"), definition, existing)
        if rule is not None:
            rule = self._rules.check(session, findings, rule, target, f"{at}/{RULE}")
        elif not has_rule and definition and target and existing and existing.trigger_rule:
            self._rules.check_saved(session, findings, existing.trigger_rule, target, f"{at}/definition")
        return CheckedRecipeType(values, definition, has_rule, rule)

    def create(self, session: Session, checked: CheckedRecipeType) -> RecipeType:
        """Save a new recipe type with its first revision.

        :raises Conflict: there is one of that name and version.
        """
        now = self._context.now()
        values = {**NEW_RECIPE_TYPE, **checked.values}
        recipe_type = RecipeType(
            **values,
            trigger_rule=self._rules.save(session, checked.rule, None, values["name"]),
            is_active=True,
            revision_num=1,
            created=now,
            last_modified=now,
        )
        insert(session, recipe_type, _taken((recipe_type.name, recipe_type.version)))
        _add_revision(session, recipe_type)
        return recipe_type

    def plan(self, recipe_type: RecipeType, checked: CheckedRecipeType) -> TypeChange:
        """What :meth:`edit` would change. The revision rises if the definition means something else."""
        is_revised = checked.definition not in (None, RecipeDefinition.from_document(recipe_type.definition))
        return TypeChange(
            differing(recipe_type, checked.values),
            recipe_type.revision_num + 1 if is_revised else None,
            self._rules.effect(checked.rule, recipe_type.trigger_rule) if checked.has_rule else None,
            rule_label(recipe_type.trigger_rule),
        )

    def edit(self, session: Session, recipe_type: RecipeType, checked: CheckedRecipeType) -> TypeChange:
        """Save changes."""
        planned = self.plan(recipe_type, checked)
        now = self._context.now()
        values = dict(planned.values)
        if "is_active" in values:
            values["archived"] = None if values["is_active"] else now
        if planned.revision_num is not None:
            values["revision_num"] = planned.revision_num
        if checked.has_rule:
            rule = self._rules.save(session, checked.rule, recipe_type.trigger_rule, recipe_type.name)
            # A new rule gets its id by this.
            session.flush()
            values |= {"trigger_rule_id": None if rule is None else rule.id, "trigger_rule": rule}
        change(recipe_type, values, now)
        if planned.revision_num is not None:
            _add_revision(session, recipe_type)
        session.flush()
        return planned

    def _require_usable(self, session: Session, findings: Findings, archived: RecipeType, at: str) -> None:
        """Its job types may have been archived, or changed, since."""
        definition = RecipeDefinition.from_document(archived.definition)
        problems = definition_problems(definition, interfaces_of(session, job_types_of(definition)), "")
        findings.add(Problem(at, f"The definition does not work any more: {one}") for one in problems)

    def _definition(
        self, session: Session, findings: Findings, values: dict[str, Any], at: str
    ) -> RecipeDefinition | None:
        """Check the definition in ``values``, and put its latest version in its place."""
        if "definition" not in values:
            return None
        at = f"{at}/definition"
        document = findings.document(self._context.specs, "recipe-definition", values["definition"], at)
        if document is None:
            return None
        values["definition"] = document
        definition = RecipeDefinition.from_document(document)
        interfaces = interfaces_of(session, job_types_of(definition))
        problems = definition_problems(definition, interfaces, at)
        if problems:
            findings.add(problems)
            return None
        findings.add([], definition_warnings(definition, interfaces))
        return definition


def recipe_type_target(name: str, definition: RecipeDefinition, interfaces: Mapping[Key, JobInterface]) -> RuleTarget:
    """What the rule of a recipe type starts."""
    return RuleTarget(name, definition.input_data, any(each.output_data for each in interfaces.values()))


def _target(
    session: Session, name: str | None, definition: RecipeDefinition | None, existing: RecipeType | None
) -> RuleTarget | None:
    if definition is None and existing is not None:
        definition = RecipeDefinition.from_document(existing.definition)
    if definition is None:
        return None
    interfaces = interfaces_of(session, job_types_of(definition))
    return recipe_type_target(name or (existing.name if existing else ""), definition, interfaces)


def _add_revision(session: Session, recipe_type: RecipeType) -> None:
    session.add(
        RecipeTypeRevision(
            recipe_type_id=recipe_type.id,
            revision_num=recipe_type.revision_num,
            definition=recipe_type.definition,
            created=recipe_type.last_modified,
        )
    )
    session.flush()


def _taken(key: Key) -> str:
    name, version = key
    return f"There is a recipe type {name!r} version {version!r} already; edit that one, or choose another version."
