"""The task that changes jobs which are too many for one request."""

import threading

from scale_core.services.bulk_changes import BulkChanges
from scale_core.services.context import Context
from scale_core.services.executions import SystemTask
from scale_core.services.system_types import CHANGE_INPUT


class ChangeTask:
    """Does what its job's input says."""

    def __init__(self, context: Context, task: SystemTask) -> None:
        self._changes = BulkChanges(context)
        self._task = task

    def run(self, stop: threading.Event) -> None:
        """Change the jobs, batch by batch, until all are changed or ``stop`` is set."""
        self._changes.carry_out(self._task.data[CHANGE_INPUT], self._task.job_id, stop)
