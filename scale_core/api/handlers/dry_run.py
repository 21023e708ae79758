"""What would happen, without anything happening."""

from scale_core.services.dry_runs import DryRunService
from scale_generated import models


class DryRun:
    """Dry runs."""

    def __init__(self, dry_runs: DryRunService) -> None:
        self._dry_runs = dry_runs

    def dry_run_file(self, body: models.DryRunFile) -> models.DryRunFileResult:
        """POST /dry-run/file/."""
        return self._dry_runs.file(body)
