"""Scans."""

from typing import cast

from scale_core.api.request import location, paged, urls
from scale_core.services.scans import ScanService
from scale_generated import models, queries
from scale_generated.routes import Created


class Scans:
    """Operations on Scans."""

    def __init__(self, scans: ScanService) -> None:
        self._scans = scans

    def list_scans(self, query: queries.ListScansQuery) -> models.ScanPage:
        """GET /scans/."""
        return cast("models.ScanPage", paged(query, self._scans.list(query, urls())))

    def create_scan(self, body: models.NewScan) -> Created[models.ScanDetails]:
        """POST /scans/."""
        scan = self._scans.create(body, urls())
        return Created(scan, location(f"/scans/{scan['id']}/"))

    def validate_scan(self, body: models.NewScan) -> models.ValidationResult:
        """POST /scans/validation/."""
        return self._scans.validate(body)

    def get_scan(self, scan_id: int) -> models.ScanDetails:
        """GET /scans/{id}/."""
        return self._scans.get(scan_id, urls())

    def edit_scan(self, scan_id: int, body: models.ScanEdit) -> models.ScanDetails:
        """PATCH /scans/{id}/."""
        return self._scans.edit(scan_id, body, urls())

    def process_scan(self, scan_id: int, body: models.ScanProcess) -> models.ScanDetails:
        """POST /scans/{id}/process/."""
        return self._scans.process(scan_id, body, urls())

    def cancel_scan(self, scan_id: int) -> models.ScanDetails:
        """POST /scans/{id}/cancel/."""
        return self._scans.cancel(scan_id, urls())
