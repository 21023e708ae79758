"""Import and export of errors, job types and recipe types (reference: Import/Export)."""

from collections.abc import Mapping
from typing import Any

from scale_core.db.base import Document
from scale_core.services.configuration_export import ConfigurationExporter, Query
from scale_core.services.configuration_fields import ConfigurationFields
from scale_core.services.configuration_import import ConfigurationImporter
from scale_core.services.context import Context
from scale_core.services.findings import Findings
from scale_core.services.jobs import wake_queue
from scale_generated import models

IN_REQUEST = "/import"
"""Where the configuration is in the body of a request."""
WHOLE = ""
"""Where it is in a file that holds nothing else."""


class ConfigurationService:
    """Exports configuration, and imports it whole or not at all."""

    def __init__(self, context: Context) -> None:
        self._context = context
        fields = ConfigurationFields(context.specs)
        self._exporter = ConfigurationExporter(fields, context.specs.latest("configuration"))
        self._importer = ConfigurationImporter(context, fields, self._exporter)

    def export(self, query: Query) -> models.ConfigurationExport:
        """What an import reads, of the records that the filters of their kind select; by name and version."""
        with self._context.database.read() as session:
            return self._exporter.export(session, query)

    def file_name(self) -> str:
        """What a file with an export of now is called."""
        return f"scale-configuration-{self._context.now():%Y%m%dT%H%M%SZ}.json"

    def load(self, document: Mapping[str, Any], at: str = IN_REQUEST) -> models.ValidationResult:
        """Import a configuration: what exists is edited, what does not is created; all of it, or nothing.

        :param at: JSON pointer of the document; empty where it is a file of its own.
        :return: warnings: what looks wrong, what was ignored, what the changes reach.
        :raises Invalid: something in it is wrong; all problems are told.
        """
        checked = self._checked(document, at)
        findings = Findings()
        with self._context.database.write() as session:
            self._importer.load(session, findings, checked, at)
            wake_queue(session, self._context)
        return findings.result()

    def validate(self, document: Mapping[str, Any], at: str = IN_REQUEST) -> models.ValidationResult:
        """What :meth:`load` would say, without changing anything."""
        checked = self._checked(document, at)
        findings = Findings()
        with self._context.database.rehearse() as session:
            self._importer.load(session, findings, checked, at)
        return findings.result()

    def _checked(self, document: Mapping[str, Any], at: str) -> Document:
        # Before there is a transaction: it takes as long as all that follows, and others may write meanwhile.
        return self._context.specs.check("configuration", document, at=at)
