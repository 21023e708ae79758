"""An import inside a transaction: errors first, then the job types that map to them, then the recipe types that use
those (reference: Import/Export; endpoints: settled 22)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy.orm import Session

from scale_core.domain.naming import duplicate_problems
from scale_core.services.broken_recipe_types import NewInterface, check_recipe_types
from scale_core.services.configuration_export import ConfigurationExporter
from scale_core.services.configuration_fields import ConfigurationFields
from scale_core.services.configuration_types import TypeKind, TypeLoader, says_the_same
from scale_core.services.context import Context
from scale_core.services.errors import create_error, edit_error, error_by_name
from scale_core.services.exceptions import Invalid
from scale_core.services.findings import Findings
from scale_core.services.impact import Impact
from scale_core.services.interfaces import Key
from scale_core.services.job_type_edits import JobTypeEditor
from scale_core.services.recipe_type_edits import RecipeTypeEditor
from scale_core.services.request_bodies import validator_of
from scale_generated.specs.job_interface import JobInterface

Record = Mapping[str, Any]

NAMES: Final = ("name", "version")


class ConfigurationImporter:
    """Loads a configuration that fulfils its specification.

    Every record is checked like the body of the request that would create or edit it. Kinds build on each other, so
    records of one kind are looked at only when those before have no problems; nobody is told of what only follows.
    """

    def __init__(self, context: Context, fields: ConfigurationFields, exporter: ConfigurationExporter) -> None:
        self._context = context
        self._fields = fields
        self._exporter = exporter
        self._job_types = TypeLoader(
            TypeKind(JobTypeEditor(context), fields.of_job_type, "NewJobType", "JobTypeEdit", exporter.job_type),
            fields.of_trigger_rule,
        )
        self._recipe_types = TypeLoader(
            TypeKind(
                RecipeTypeEditor(context),
                fields.of_recipe_type,
                "NewRecipeType",
                "RecipeTypeEdit",
                exporter.recipe_type,
            ),
            fields.of_trigger_rule,
        )

    def load(self, session: Session, findings: Findings, document: Record, at: str) -> None:
        """Create and edit what the document says; the caller takes everything back if this raises.

        :param findings: gets the warnings.
        :param at: JSON pointer of the document.
        :raises Invalid: with all problems of the first kind of records that has any.
        """
        run = _Import(session, findings)
        for kind, load in (
            ("errors", self._load_error),
            ("job_types", self._load_job_type),
            ("recipe_types", self._load_recipe_type),
        ):
            for place, record in _distinct(findings, document.get(kind, []), f"{at}/{kind}", kind.replace("_", " ")):
                load(run, record, place)
            findings.refuse()
        if run.interfaces:
            # Only now: recipe types that are imported too may have been adapted to the new interfaces.
            check_recipe_types(session, self._context, findings, run.interfaces)
            findings.refuse()
        run.impact.warn(session, findings)

    def _load_error(self, run: "_Import", record: Record, at: str) -> None:
        body = self._fields.of_error.writable(record)
        saved = error_by_name(run.session, record["name"])
        try:
            if saved is None:
                if run.findings.valid(validator_of("NewError"), _as_users_would(body), at):
                    saved = create_error(run.session, self._context, body)
            elif not says_the_same(body, self._exporter.error(saved)):
                del body["name"]
                if run.findings.valid(validator_of("ErrorEdit"), body, at):
                    edit_error(self._context, saved, body, at)
        except Invalid as refused:
            run.findings.add(refused.problems)
        run.findings.read_only(self._fields.of_error.ignored(record, saved), at)
        run.session.flush()

    def _load_job_type(self, run: "_Import", record: Record, at: str) -> None:
        if record.get("timeout", 0) is None:
            # The specification allows null: as left out.
            record = {name: value for name, value in record.items() if name != "timeout"}
        edited = self._job_types.load(run.session, run.findings, record, at)
        if edited is not None:
            job_type, change = edited
            run.impact.job_types.append(edited)
            if change.revision_num is not None:
                interface = JobInterface.from_document(job_type.interface)
                run.interfaces[job_type.name, job_type.version] = NewInterface(interface, f"{at}/interface")

    def _load_recipe_type(self, run: "_Import", record: Record, at: str) -> None:
        edited = self._recipe_types.load(run.session, run.findings, record, at)
        if edited is not None:
            run.impact.recipe_types.append(edited)


@dataclass(frozen=True, slots=True)
class _Import:
    """One import.

    :param interfaces: the interfaces that it changes.
    """

    session: Session
    findings: Findings
    impact: Impact = field(default_factory=Impact)
    interfaces: dict[Key, NewInterface] = field(default_factory=dict)


def _distinct(findings: Findings, records: Sequence[Record], at: str, what: str) -> list[tuple[str, Record]]:
    """The records of a kind, with their places; those that are there twice are a problem."""
    labels = [" ".join(str(record[name]) for name in NAMES if name in record) for record in records]
    places = [f"{at}/{index}" for index in range(len(records))]
    findings.add(duplicate_problems(zip(places, labels, strict=True), what))
    return list(zip(places, records, strict=True))


def _as_users_would(error: Record) -> Record:
    """An error as a user could register it: what was exported may have been made an error of the system by an edit."""
    return {**error, "category": "DATA"} if error.get("category") == "SYSTEM" else error
