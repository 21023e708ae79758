"""An import inside a transaction: errors first, then the job types that map to them, then the recipe types that use
those (reference: Import/Export; endpoints: settled 22)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from scale_core.domain.naming import duplicate_problems
from scale_core.services.configuration_fields import ConfigurationFields, Fields
from scale_core.services.context import Context
from scale_core.services.errors import create_error, edit_error, error_by_name
from scale_core.services.exceptions import Invalid
from scale_core.services.findings import Findings
from scale_core.services.interfaces import Key, broken_recipe_types
from scale_core.services.job_type_edits import JobTypeEditor
from scale_core.services.recipe_type_edits import RecipeTypeEditor
from scale_core.services.request_bodies import validator_of
from scale_generated.specs.job_interface import JobInterface

Record = Mapping[str, Any]

READ_ONLY = "read_only"
RULE = "trigger_rule"


class ConfigurationImporter:
    """Loads a configuration that fulfils its specification.

    Every record is checked like the body of the request that would create or edit it. Kinds build on each other, so
    records of one kind are looked at only when those before have no problems; nobody is told of what only follows.
    """

    def __init__(self, context: Context, fields: ConfigurationFields) -> None:
        self._context = context
        self._fields = fields
        self._job_types = JobTypeEditor(context)
        self._recipe_types = RecipeTypeEditor(context)

    def load(self, session: Session, findings: Findings, document: Record, at: str) -> None:
        """Create and edit what the document says; the caller takes everything back if this raises.

        :param findings: gets the warnings.
        :param at: JSON pointer of the document.
        :raises Invalid: with all problems of the first kind of records that has any.
        """
        changed: dict[Key, JobInterface] = {}
        for index, record in _distinct(findings, document, "errors", at):
            self._load_error(session, findings, record, f"{at}/errors/{index}")
        findings.refuse()
        for index, record in _distinct(findings, document, "job_types", at):
            self._load_job_type(session, findings, record, changed, f"{at}/job_types/{index}")
        findings.refuse()
        for index, record in _distinct(findings, document, "recipe_types", at):
            self._load_recipe_type(session, findings, record, f"{at}/recipe_types/{index}")
        findings.refuse()
        # Only now: recipe types that are imported too may have been adapted to the new interfaces.
        if changed:
            findings.add(broken_recipe_types(session, changed, f"{at}/job_types"))
            findings.refuse()

    def _load_error(self, session: Session, findings: Findings, record: Record, at: str) -> None:
        body = self._writable(findings, record, self._fields.of_error, at)
        existing = error_by_name(session, record["name"])
        try:
            if existing is not None:
                del body["name"]
                edit_error(self._context, existing, body, at)
            elif _is_valid(findings, "NewError", _as_users_would(body), at):
                create_error(session, self._context, body)
        except Invalid as refused:
            findings.add(refused.problems)
        session.flush()

    def _load_job_type(
        self, session: Session, findings: Findings, record: Record, changed: dict[Key, JobInterface], at: str
    ) -> None:
        key = (record["name"], record["version"])
        existing = self._job_types.find(session, key)
        if existing is not None and existing.is_system:
            findings.problem(at, f"The job type {key[0]!r} is one of Scale's own and cannot be imported; leave it out.")
            return
        body = self._body(findings, record, self._fields.of_job_type, at)
        if body.get("timeout", 0) is None:
            # The specification allows null: as left out.
            del body["timeout"]
        mine = Findings()
        if existing is None:
            if _is_valid(mine, "NewJobType", body, at):
                checked = self._job_types.check(session, mine, body, at=at)
                if not mine.problems:
                    self._job_types.create(session, checked)
        elif _is_edit(mine, "JobTypeEdit", body, at):
            checked = self._job_types.check(session, mine, body, existing, at)
            if not mine.problems:
                if checked.interface not in (None, JobInterface.from_document(existing.interface)):
                    changed[key] = checked.interface
                self._job_types.edit(session, existing, checked)
        findings.add(mine.problems, mine.warnings)

    def _load_recipe_type(self, session: Session, findings: Findings, record: Record, at: str) -> None:
        body = self._body(findings, record, self._fields.of_recipe_type, at)
        existing = self._recipe_types.find(session, (record["name"], record["version"]))
        mine = Findings()
        if existing is None:
            if _is_valid(mine, "NewRecipeType", body, at):
                checked = self._recipe_types.check(session, mine, body, at=at)
                if not mine.problems:
                    self._recipe_types.create(session, checked)
        elif _is_edit(mine, "RecipeTypeEdit", body, at):
            checked = self._recipe_types.check(session, mine, body, existing, at)
            if not mine.problems:
                self._recipe_types.edit(session, existing, checked)
        findings.add(mine.problems, mine.warnings)

    def _body(self, findings: Findings, record: Record, fields: Fields, at: str) -> dict[str, Any]:
        """The record as the body of a request, its rule too."""
        body = self._writable(findings, record, fields, at)
        if body.get(RULE) is not None:
            rule = self._writable(findings, body[RULE], self._fields.of_trigger_rule, f"{at}/{RULE}")
            body[RULE] = {field: value for field, value in rule.items() if value is not None}
        return body

    def _writable(self, findings: Findings, record: Record, fields: Fields, at: str) -> dict[str, Any]:
        """The fields that are not read-only; a warning names those that are."""
        ignored = [field for field in record if field in fields.read_only]
        if ignored:
            findings.warning(READ_ONLY, f"{at}: read-only, and therefore ignored: {', '.join(ignored)}")
        return {field: value for field, value in record.items() if field not in fields.read_only}


def _distinct(findings: Findings, document: Record, kind: str, at: str) -> Sequence[tuple[int, Record]]:
    """The records of a kind, with their places; those that are there twice are a problem."""
    records = document.get(kind, [])
    labels = [" ".join(str(record[field]) for field in ("name", "version") if field in record) for record in records]
    places = [f"{at}/{kind}/{index}" for index in range(len(records))]
    findings.add(duplicate_problems(zip(places, labels, strict=True), kind.replace("_", " ")))
    return list(enumerate(records))


def _is_valid(findings: Findings, schema_name: str, body: Record, at: str) -> bool:
    return findings.valid(validator_of(schema_name), body, at)


def _is_edit(findings: Findings, schema_name: str, body: dict[str, Any], at: str) -> bool:
    """Whether a body, without the name and version that it was found by, is a change, and a valid one."""
    del body["name"], body["version"]
    return bool(body) and _is_valid(findings, schema_name, body, at)


def _as_users_would(error: Record) -> Record:
    """An error as a user could register it: what was exported may have been made an error of the system by an edit."""
    return {**error, "category": "DATA"} if error.get("category") == "SYSTEM" else error
