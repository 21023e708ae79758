"""How tasks of Scale's own say why they cannot go on."""

from scale_generated.specs.execution_report import ReportFailure


class TaskFailed(Exception):
    """What the task needs cannot be had; it is no fault of the task.

    :param failure: what kind of failure it is, and why, with what would be right.
    """

    def __init__(self, failure: ReportFailure) -> None:
        super().__init__(failure.message)
        self.failure = failure
