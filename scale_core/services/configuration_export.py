"""Errors, job types and recipe types as an export has them (reference: Import/Export)."""

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

import orjson
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, joinedload

from scale_core.db.base import Document, Record
from scale_core.db.models import Error, JobType, RecipeType
from scale_core.services.configuration_fields import ConfigurationFields, Fields
from scale_generated import models
from scale_generated.queries import DownloadConfigurationQuery, ExportConfigurationQuery

Query: TypeAlias = ExportConfigurationQuery | DownloadConfigurationQuery

KINDS = ("recipe_types", "job_types", "errors")


class ConfigurationExporter:
    """Writes records down as an import reads them.

    The same records give the same bytes on every database: they are sorted here, for databases have alphabetical
    orders of their own, and so are the keys of their documents, which PostgreSQL does not keep.
    """

    def __init__(self, fields: ConfigurationFields, version: str) -> None:
        self._fields = fields
        self._version = version

    def export(self, session: Session, query: Query) -> models.ConfigurationExport:
        """The records that the filters of their kind select, by name and version. Builtin errors and Scale's own job
        types are the same everywhere and left out."""
        wanted = query.include or KINDS
        return {
            "version": self._version,
            "recipe_types": self._recipe_types(session, query) if "recipe_types" in wanted else [],
            "job_types": self._job_types(session, query) if "job_types" in wanted else [],
            "errors": self._errors(session, query) if "errors" in wanted else [],
        }

    def error(self, error: Error) -> Document:
        """An error."""
        return _values(error, self._fields.of_error)

    def job_type(self, job_type: JobType) -> Document:
        """A job type with its rule."""
        return self._type(job_type, self._fields.of_job_type)

    def recipe_type(self, recipe_type: RecipeType) -> Document:
        """A recipe type with its rule."""
        return self._type(recipe_type, self._fields.of_recipe_type)

    def _type(self, record: JobType | RecipeType, fields: Fields) -> Document:
        rule = record.trigger_rule
        return _values(record, fields) | {
            "trigger_rule": None if rule is None else _values(rule, self._fields.of_trigger_rule)
        }

    def _errors(self, session: Session, query: Query) -> list[Document]:
        filters = _filters((Error.id, query.error_id), (Error.name, query.error_name))
        rows = session.scalars(select(Error).where(~Error.is_builtin, *filters))
        return [self.error(one) for one in sorted(rows, key=lambda one: one.name)]

    def _job_types(self, session: Session, query: Query) -> list[Document]:
        filters = _filters(
            (JobType.id, query.job_type_id),
            (JobType.name, query.job_type_name),
            (JobType.category, query.job_type_category),
        )
        statement = select(JobType).where(~JobType.is_system, JobType.is_active, *filters)
        rows = session.scalars(statement.options(joinedload(JobType.trigger_rule)))
        return [self.job_type(one) for one in sorted(rows, key=_name_and_version)]

    def _recipe_types(self, session: Session, query: Query) -> list[Document]:
        filters = _filters((RecipeType.id, query.recipe_type_id), (RecipeType.name, query.recipe_type_name))
        statement = select(RecipeType).where(RecipeType.is_active, *filters)
        rows = session.scalars(statement.options(joinedload(RecipeType.trigger_rule)))
        return [self.recipe_type(one) for one in sorted(rows, key=_name_and_version)]


def as_file(exported: models.ConfigurationExport) -> str:
    """An export as the text of a file that people read and compare."""
    return json.dumps(exported, indent=2, ensure_ascii=False) + "\n"


def _values(record: Record, fields: Fields) -> Document:
    values = {name: getattr(record, name) for name in fields.exported if name != "trigger_rule"}
    return {name: _sorted(value) if isinstance(value, dict) else value for name, value in values.items()}


def _sorted(document: Document) -> Document:
    loaded: Document = orjson.loads(orjson.dumps(document, option=orjson.OPT_SORT_KEYS))
    return loaded


def _name_and_version(record: JobType | RecipeType) -> tuple[str, str]:
    return record.name, record.version


def _filters(*given: tuple[Any, Sequence[Any]]) -> list[ColumnElement[bool]]:
    return [column.in_(values) for column, values in given if values]
