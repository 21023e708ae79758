"""What changes of job types and recipe types reach: recipe types, trigger rules and waiting jobs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.orm import Session

from scale_core.db.models import JobType, RecipeType
from scale_core.domain.reach import Reach, by_reach
from scale_core.services.findings import Findings
from scale_core.services.interfaces import active_recipe_types
from scale_core.services.trigger_rule_edits import RuleEffect, rule_label
from scale_core.services.type_changes import TypeChange
from scale_core.services.waiting_jobs import NONE, Waiting, waiting_in_recipes, waiting_of_types
from scale_generated.models import WarningId
from scale_generated.specs.recipe_definition import RecipeDefinition

RULE: Final = "reaches_trigger_rule"
KEPT: Final = "that they were made with, also when they are requeued"


@dataclass(frozen=True, slots=True)
class Impact:
    """Gathers changes, before or after they are saved, and tells what they reach as warnings.

    What it costs depends on how many types there are and how many jobs wait, not on how many are done.
    """

    job_types: list[tuple[JobType, TypeChange]] = field(default_factory=list)
    recipe_types: list[tuple[RecipeType, TypeChange]] = field(default_factory=list)

    def warn(self, session: Session, findings: Findings) -> None:
        """Add a warning for each thing that is reached."""
        reaching = [(one, change, settings) for one, change in self.job_types if (settings := _settings(change))]
        using = active_recipe_types(session) if reaching else []
        waiting = waiting_of_types(session, [one.id for one, _, _ in reaching])
        for job_type, change in self.job_types:
            _warn_of_own_rule(findings, _of_job_type(job_type), change, _settings(change))
        for job_type, change, settings in reaching:
            _warn_of_recipe_types(findings, job_type, using, _listed(settings, change))
            _warn_of_jobs(findings, job_type, waiting.get(job_type.id, NONE), settings)
        self._warn_of_recipes(session, findings)

    def _warn_of_recipes(self, session: Session, findings: Findings) -> None:
        revised = [one.id for one, change in self.recipe_types if change.revision_num is not None]
        waiting = waiting_in_recipes(session, revised)
        for recipe_type, change in self.recipe_types:
            settings = ["definition"] if change.revision_num is not None else []
            what = _of_recipe_type(recipe_type)
            _warn_of_own_rule(findings, what, change, settings)
            if recipe_type.id in waiting:
                detail = f"waiting jobs in recipes of {what} ({waiting[recipe_type.id]}) keep the definition {KEPT}."
                _warn(findings, "reaches_waiting_jobs", detail)


def exists(kind: str, name: str, version: str) -> str:
    """The details of a warning that what was checked as new is a change, for there is one of that name."""
    return f"There is a {kind} {name!r} {version}: this was checked as a change of it to the given fields."


def _settings(change: TypeChange) -> list[str]:
    """The settings that mean something else for jobs."""
    names = set(change.values) - {"interface"} | ({"interface"} if change.revision_num is not None else set())
    return [name for some in by_reach(names).values() for name in some]


def _warn_of_own_rule(findings: Findings, what: str, change: TypeChange, settings: Sequence[str]) -> None:
    if change.rule is RuleEffect.ADDED:
        _warn(findings, RULE, f"{what} gets a trigger rule, which it had none of.")
    elif change.rule is not None:
        _warn(findings, RULE, f"the trigger rule {change.rule_label} of {what} {change.rule.value}.")
    elif change.rule_label and settings:
        news = f"what it makes from now on gets the new {_listed(settings, change)}"
        _warn(findings, RULE, f"the trigger rule {change.rule_label} starts {what}: {news}.")


def _warn_of_recipe_types(findings: Findings, job_type: JobType, using: Iterable[RecipeType], news: str) -> None:
    key, used = (job_type.name, job_type.version), _of_job_type(job_type)
    for recipe_type in using:
        definition = RecipeDefinition.from_document(recipe_type.definition)
        places = [one.name for one in definition.jobs if (one.job_type.name, one.job_type.version) == key]
        if places:
            what = _of_recipe_type(recipe_type)
            detail = f"{what} uses {used} as {_and(places)}: recipes that are made from now on get the new {news}."
            _warn(findings, "reaches_recipe_type", detail)
            if rule := rule_label(recipe_type.trigger_rule):
                _warn(findings, RULE, f"the trigger rule {rule} starts {what}, which uses {used}.")


def _warn_of_jobs(findings: Findings, job_type: JobType, waiting: Waiting, settings: Iterable[str]) -> None:
    for reach, names in by_reach(settings).items():
        for some, how in _ways(reach, _and(names), waiting):
            if some.total:
                _warn(findings, "reaches_waiting_jobs", f"waiting jobs of {_of_job_type(job_type)} ({some}) {how}.")


def _ways(reach: Reach, names: str, waiting: Waiting) -> list[tuple[Waiting, str]]:
    """How settings reach which of the jobs that wait."""
    match reach:
        case Reach.MADE:
            return [(waiting, f"keep the {names} {KEPT}")]
        case Reach.QUEUED:
            return [
                (waiting.never_queued, f"get the new {names} when they are put on the queue"),
                (waiting.queued, f"keep the disk space ({names}) that they were put on the queue with"),
            ]
        case Reach.STARTED:
            return [(waiting, f"get the new {names} when they are started")]
        case Reach.ENDED:
            return [(waiting, f"get the new {names} when they end, like those that run")]


def _warn(findings: Findings, kind: WarningId, detail: str) -> None:
    findings.warning(kind, detail[0].upper() + detail[1:])


def _listed(settings: Sequence[str], change: TypeChange) -> str:
    number = f" (revision {change.revision_num})"
    return _and([f"{name}{number}" if name in ("interface", "definition") else name for name in settings])


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _of_job_type(job_type: JobType) -> str:
    return f"the job type {job_type.name!r} {job_type.version}"


def _of_recipe_type(recipe_type: RecipeType) -> str:
    return f"the recipe type {recipe_type.name!r} {recipe_type.version}"
