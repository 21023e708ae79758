"""Import and export of errors, job types and recipe types (reference: Import/Export)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, joinedload

from scale_core.db.models import Error, JobType, RecipeType, TriggerRule
from scale_core.services.configuration_fields import ConfigurationFields
from scale_core.services.configuration_import import ConfigurationImporter
from scale_core.services.context import Context
from scale_core.services.findings import Findings
from scale_core.services.jobs import wake_queue
from scale_generated import models
from scale_generated.queries import ExportConfigurationQuery

IN_REQUEST = "/import"
"""Where the configuration is in the body of a request."""


class ConfigurationService:
    """Exports configuration, and imports it whole or not at all."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._fields = ConfigurationFields(context.specs)
        self._importer = ConfigurationImporter(context, self._fields)

    def export(self, query: ExportConfigurationQuery) -> models.ConfigurationExport:
        """The fields that an import takes, of the records that the filters of their kind select; by name and version.

        Builtin errors and Scale's own job types are the same everywhere and left out.
        """
        wanted = query.include or ("errors", "job_types", "recipe_types")
        with self._context.database.read() as session:
            return {
                "version": self._context.specs.latest("configuration"),
                "recipe_types": self._recipe_types(session, query) if "recipe_types" in wanted else [],
                "job_types": self._job_types(session, query) if "job_types" in wanted else [],
                "errors": self._errors(session, query) if "errors" in wanted else [],
            }

    def load(self, document: Mapping[str, Any], at: str = IN_REQUEST) -> models.ValidationResult:
        """Import a configuration: what exists is edited, what does not is created; all of it, or nothing.

        :param at: JSON pointer of the document.
        :raises Invalid: something in it is wrong; all problems are told.
        """
        with self._context.database.write() as session:
            findings = self._load(session, document, at)
            wake_queue(session, self._context)
        return findings.result()

    def validate(self, document: Mapping[str, Any], at: str = IN_REQUEST) -> models.ValidationResult:
        """What :meth:`load` would say, without changing anything."""
        with self._context.database.rehearse() as session:
            findings = self._load(session, document, at)
        return findings.result()

    def _load(self, session: Session, document: Mapping[str, Any], at: str) -> Findings:
        checked = self._context.specs.check("configuration", document, at=at)
        findings = Findings()
        self._importer.load(session, findings, checked, at)
        return findings

    def _errors(self, session: Session, query: ExportConfigurationQuery) -> list[dict[str, Any]]:
        filters = _filters((Error.id, query.error_id), (Error.name, query.error_name))
        rows = session.scalars(select(Error).where(~Error.is_builtin, *filters).order_by(Error.name))
        return [{field: getattr(one, field) for field in self._fields.of_error.writable} for one in rows]

    def _job_types(self, session: Session, query: ExportConfigurationQuery) -> list[dict[str, Any]]:
        filters = _filters(
            (JobType.id, query.job_type_id),
            (JobType.name, query.job_type_name),
            (JobType.category, query.job_type_category),
        )
        rows = session.scalars(
            select(JobType)
            .where(~JobType.is_system, JobType.is_active, *filters)
            .order_by(JobType.name, JobType.version)
            .options(joinedload(JobType.trigger_rule))
        )
        return [self._exported(one, self._fields.of_job_type.writable) for one in rows]

    def _recipe_types(self, session: Session, query: ExportConfigurationQuery) -> list[dict[str, Any]]:
        filters = _filters((RecipeType.id, query.recipe_type_id), (RecipeType.name, query.recipe_type_name))
        rows = session.scalars(
            select(RecipeType)
            .where(RecipeType.is_active, *filters)
            .order_by(RecipeType.name, RecipeType.version)
            .options(joinedload(RecipeType.trigger_rule))
        )
        return [self._exported(one, self._fields.of_recipe_type.writable) for one in rows]

    def _exported(self, record: JobType | RecipeType, fields: Sequence[str]) -> dict[str, Any]:
        values = {field: getattr(record, field) for field in fields}
        return {**values, "trigger_rule": self._exported_rule(record.trigger_rule)}

    def _exported_rule(self, rule: TriggerRule | None) -> dict[str, Any] | None:
        if rule is None:
            return None
        return {field: getattr(rule, field) for field in self._fields.of_trigger_rule.writable}


def _filters(*given: tuple[Any, Sequence[Any]]) -> list[ColumnElement[bool]]:
    return [column.in_(values) for column, values in given if values]
