"""Import and export."""

import logging
from typing import Any
from urllib.parse import unquote

from connexion.context import request

from scale_core.api.bodies import FILE_NAME_HEADER
from scale_core.services.configuration import WHOLE, ConfigurationService
from scale_core.services.exceptions import invalid
from scale_generated import models, queries
from scale_generated.routes import Attachment

log = logging.getLogger(__name__)


class Configuration:
    """Operations on the whole configuration."""

    def __init__(self, configuration: ConfigurationService) -> None:
        self._configuration = configuration

    def export_configuration(self, query: queries.ExportConfigurationQuery) -> models.ConfigurationExport:
        """GET /configuration/."""
        return self._configuration.export(query)

    def download_configuration(
        self, query: queries.DownloadConfigurationQuery
    ) -> Attachment[models.ConfigurationExport]:
        """GET /configuration/download/."""
        return Attachment(self._configuration.export(query), self._configuration.file_name())

    def import_configuration(self, body: models.ConfigurationImport) -> models.ValidationResult:
        """POST /configuration/."""
        return self._configuration.load(body["import"])

    def upload_configuration(self, body: dict[str, Any]) -> models.ValidationResult:
        """POST /configuration/upload/."""
        name = request.headers.get(FILE_NAME_HEADER)
        if name is None:
            raise invalid(FILE_NAME_HEADER, "A body that is the file itself needs its name in the header X-File-Name.")
        result = self._configuration.load(body, WHOLE)
        log.info("Imported the configuration in %r", unquote(name))
        return result

    def validate_configuration(self, body: models.ConfigurationImport) -> models.ValidationResult:
        """POST /configuration/validation/."""
        return self._configuration.validate(body["import"])
