"""What documents and bodies of requests may look like here."""

from scale_core.services.document_schemas import DocumentSchemaService
from scale_generated import models


class Schemas:
    """Operations on schemas."""

    def __init__(self, schemas: DocumentSchemaService) -> None:
        self._schemas = schemas

    def get_schema(self, schema_name: str) -> models.JsonSchema:
        """GET /schemas/{name}/."""
        return self._schemas.get(schema_name)
