"""Registers the builtin metrics."""

from collections.abc import Sequence

from scale_core.interfaces.metric import Metric
from scale_core.plugin import hookimpl
from scale_metrics_builtin.error_types import ERROR_TYPES
from scale_metrics_builtin.ingests import INGESTS, SCANS
from scale_metrics_builtin.job_types import JOB_TYPES
from scale_metrics_builtin.workspaces import WORKSPACES


@hookimpl
def scale_register_metrics() -> Sequence[Metric]:
    """Jobs by type, failures by error, ingests by Strike process and by Scan, storage by workspace."""
    return [JOB_TYPES, ERROR_TYPES, INGESTS, SCANS, WORKSPACES]
