"""For how long what is finished is kept."""

from scale_core.services.retention_preview import RetentionPreviewService
from scale_generated import models


class Retention:
    """What retention would do."""

    def __init__(self, previews: RetentionPreviewService) -> None:
        self._previews = previews

    def preview_retention(self, body: models.RetentionConfiguration) -> models.RetentionPreview:
        """POST /retention/preview/."""
        return self._previews.preview(body)
