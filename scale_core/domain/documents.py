"""What is wrong with a document that its schema cannot say, as far as the document alone tells: no files, workspaces or
other types are asked for. `scale spec validate` checks this too; the services check it along with the rest."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from scale_core.domain.interfaces import interface_problems
from scale_core.domain.naming import duplicate_problems, pointers
from scale_core.domain.recipe_checks import structure_problems
from scale_core.domain.scan import scan_problems
from scale_core.domain.strike import rule_problems
from scale_core.specs import Problem
from scale_generated.specs.job_data import JobData
from scale_generated.specs.job_interface import JobInterface
from scale_generated.specs.recipe_data import RecipeData
from scale_generated.specs.recipe_definition import RecipeDefinition
from scale_generated.specs.scan import Scan
from scale_generated.specs.strike import Strike


def document_problems(name: str, document: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with a document that is valid against the latest version of its schema.

    :param name: of the specification; those without such rules have no problems.
    """
    check = _CHECKS.get(name)
    return [] if check is None else check(document)


def _interface(document: Mapping[str, Any]) -> list[Problem]:
    return interface_problems(JobInterface.from_document(document), "")


def _definition(document: Mapping[str, Any]) -> list[Problem]:
    return structure_problems(RecipeDefinition.from_document(document), "")


def _strike(document: Mapping[str, Any]) -> list[Problem]:
    return rule_problems(Strike.from_document(document).files_to_ingest, "")


def _scan(document: Mapping[str, Any]) -> list[Problem]:
    return scan_problems(Scan.from_document(document), "")


def _job_data(document: Mapping[str, Any]) -> list[Problem]:
    data = JobData.from_document(document)
    places = [*pointers("", "input_data", data.input_data), *pointers("", "output_data", data.output_data)]
    names = [*(each.name for each in data.input_data), *(each.name for each in data.output_data)]
    return duplicate_problems(zip(places, names, strict=True), "names in the data")


def _recipe_data(document: Mapping[str, Any]) -> list[Problem]:
    data = RecipeData.from_document(document)
    places = pointers("", "input_data", data.input_data)
    return duplicate_problems(zip(places, (each.name for each in data.input_data), strict=True), "names in the data")


_CHECKS: Final[Mapping[str, Callable[[Mapping[str, Any]], list[Problem]]]] = {
    "job-data": _job_data,
    "job-interface": _interface,
    "recipe-data": _recipe_data,
    "recipe-definition": _definition,
    "scan": _scan,
    "strike": _strike,
}
