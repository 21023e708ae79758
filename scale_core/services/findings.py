"""What checks found: problems, which refuse a document, and warnings, which are only told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jsonschema.protocols import Validator
from referencing import Registry

from scale_core.db.base import Document
from scale_core.domain.facts import DefinitionWarning
from scale_core.services.exceptions import refuse
from scale_core.specs import Problem, SpecLibrary, explain
from scale_core.specs.validators import validator_for
from scale_generated import models


@dataclass(frozen=True, slots=True)
class Findings:
    """Collects what the checks of one request found, so that all of it is told at once."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[DefinitionWarning] = field(default_factory=list)

    def problem(self, pointer: str, detail: str) -> None:
        """Add a problem."""
        self.problems.append(Problem(pointer, detail))

    def warning(self, kind: models.WarningId, details: str) -> None:
        """Add a warning of this kind."""
        self.warnings.append(DefinitionWarning(kind, details))

    def document(self, specs: SpecLibrary, name: str, document: Mapping[str, Any], at: str) -> Document | None:
        """Check a document against the specification ``name``.

        :param at: JSON pointer of the document.
        :return: the document in the latest version; None: it has problems.
        """
        found = specs.problems(name, document)
        self.problems.extend(problem.under(at) for problem in found)
        return None if found else specs.upgrade(name, dict(document))

    def against(self, schema: Mapping[str, Any], document: object, at: str) -> bool:
        """Check a document against a plugin's JSON Schema; whether it has no problems."""
        return self.valid(validator_for(schema, Registry()), document, at)

    def valid(self, validator: Validator, document: Any, at: str) -> bool:
        """Check a document with a validator; whether it has no problems."""
        found = [explain(error).under(at) for error in validator.iter_errors(document)]
        self.problems.extend(dict.fromkeys(found))
        return not found

    def add(self, problems: Iterable[Problem], warnings: Iterable[DefinitionWarning] = ()) -> None:
        """Add what a check returned."""
        self.problems.extend(problems)
        self.warnings.extend(warnings)

    def read_only(self, fields: Iterable[str], at: str) -> None:
        """Add a warning that names fields that are ignored; at ``at`` is what has them."""
        if names := ", ".join(fields):
            self.warning("read_only", f"{at}: read-only, and therefore ignored: {names}")

    def tolerate(self) -> None:
        """Have the problems be warnings: what has them is there already, and stays as it is."""
        self.warnings.extend(
            DefinitionWarning("standing_problem", f"It stays as it is, but would not be accepted today: {one}")
            for one in self.problems
        )
        self.problems.clear()

    def refuse(self) -> None:
        """Raise :class:`~scale_core.services.exceptions.Invalid` if there is any problem."""
        refuse(self.problems)

    def result(self) -> models.ValidationResult:
        """The warnings, as the API tells them; each once."""
        distinct = dict.fromkeys(self.warnings)
        return {"warnings": [{"id": one.id, "details": one.details} for one in distinct]}
