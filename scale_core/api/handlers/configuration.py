"""Import and export."""

from scale_core.services.configuration import ConfigurationService
from scale_generated import models, queries


class Configuration:
    """Operations on the whole configuration."""

    def __init__(self, configuration: ConfigurationService) -> None:
        self._configuration = configuration

    def export_configuration(self, query: queries.ExportConfigurationQuery) -> models.ConfigurationExport:
        """GET /configuration/."""
        return self._configuration.export(query)

    def import_configuration(self, body: models.ConfigurationImport) -> models.ValidationResult:
        """POST /configuration/."""
        return self._configuration.load(body["import"])

    def validate_configuration(self, body: models.ConfigurationImport) -> models.ValidationResult:
        """POST /configuration/validation/."""
        return self._configuration.validate(body["import"])
