"""Recipe types that a change of interfaces would break (reference: Import/Export)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from scale_core.db.models import RecipeType
from scale_core.domain.recipe_checks import definition_problems
from scale_core.services.context import Context
from scale_core.services.findings import Findings
from scale_core.services.interfaces import Key, active_recipe_types, interfaces_of, job_types_of
from scale_core.services.recipe_type_edits import recipe_type_target
from scale_core.services.trigger_rule_edits import RuleEditor
from scale_core.specs import Problem
from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.recipe_definition import RecipeDefinition


@dataclass(frozen=True, slots=True)
class NewInterface:
    """An interface that a job type is to get; ``at`` is the JSON pointer of what says so."""

    interface: JobInterface
    at: str


def check_recipe_types(
    session: Session, context: Context, findings: Findings, changed: Mapping[Key, NewInterface]
) -> None:
    """Check that every active recipe type still works, and its rule still starts it, if job types get other interfaces.

    :param findings: gets a problem for each fault, with name and version of the recipe type, at the interface that is
        to blame: the first, where a recipe type uses several.
    """
    rules = RuleEditor(context)
    for recipe_type in active_recipe_types(session):
        definition = RecipeDefinition.from_document(recipe_type.definition)
        used = job_types_of(definition)
        blamed = {key: new for key, new in changed.items() if key in used}
        if blamed:
            interfaces = interfaces_of(session, used) | {key: new.interface for key, new in blamed.items()}
            faults = definition_problems(definition, interfaces, "") or list(
                _rule_problems(session, rules, recipe_type, definition, interfaces)
            )
            at = next(iter(blamed.values())).at
            label = f"{recipe_type.name!r} {recipe_type.version}"
            findings.add(Problem(at, f"The recipe type {label} would not work any more: {one}") for one in faults)


def check_unused(session: Session, findings: Findings, job_type: Key, at: str) -> None:
    """Check that no active recipe type uses a job type that is to be archived.

    :param findings: gets a problem at ``at`` for each recipe type that does.
    """
    using = [
        f"{one.name!r} {one.version}"
        for one in active_recipe_types(session)
        if job_type in job_types_of(RecipeDefinition.from_document(one.definition))
    ]
    findings.add(Problem(at, f"The recipe type {one} uses it: archive that first.") for one in using)


def _rule_problems(
    session: Session,
    rules: RuleEditor,
    recipe_type: RecipeType,
    definition: RecipeDefinition,
    interfaces: Mapping[Key, JobInterface],
) -> Iterator[Problem]:
    if recipe_type.trigger_rule is not None:
        found = Findings()
        target = recipe_type_target(recipe_type.name, definition, interfaces)
        rules.check_saved(session, found, recipe_type.trigger_rule, target, "/trigger_rule")
        yield from found.problems
